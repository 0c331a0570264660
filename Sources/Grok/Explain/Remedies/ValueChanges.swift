/// Changes of what takes a value: something beside it, or another pattern in its place.
struct ValueChanges {
    let forms: RemedyForms

    /// What log files write where there is no value.
    private static let noValue = [
        "-", "--", "(null)", "null", "nil", "<nil>", "none", "None", "NULL", "N/A", "n/a", "NaN", "undefined", "\"-\"",
        "\"\"", "''", "()", "[]", "*", "?",
    ]

    /// Changes that keep what is written and allow something beside it.
    func beside(_ written: String, _ text: [UInt8], _ found: String) -> [RemedyCandidate] {
        var result: [RemedyCandidate] = []
        func exact(_ replacement: String, _ advice: String) {
            result.append(RemedyCandidate(rank: .exact, advice: advice, replacement: replacement))
        }
        if Self.noValue.contains(found) {
            exact("(?:\(RemedyText.escaped(found))|\(written))", "allow '\(found)' where there is no value")
        }
        if found.lowercased() != found || found.uppercased() != found {
            exact("(?i:\(written))", "let upper and lower case count the same")
        }
        if text.count > 2, let quote = text.first, quote == text.last, "\"'`".utf8.contains(quote) {
            let mark = String(UnicodeScalar(quote))
            exact("\(mark)?\(written)\(mark)?", "allow quotes around it")
        }
        let tail = text.reversed().prefix { !LineTokens.isWord($0) && !LineTokens.isBlank($0) }
        if (1...2).contains(tail.count), tail.count < text.count {
            let mark = String(decoding: tail.reversed(), as: UTF8.self)
            exact("\(written)\(RemedyText.optional(mark))", "allow '\(mark)' behind it")
        }
        let head = text.prefix { !LineTokens.isWord($0) && !LineTokens.isBlank($0) }
        if (1...2).contains(head.count), head.count < text.count, head != [UInt8(ascii: "-")] {
            let mark = String(decoding: head, as: UTF8.self)
            exact("\(RemedyText.optional(mark))\(written)", "allow '\(mark)' before it")
        }

        if found.trimmingBlanks != found { exact("\\s*\(written)\\s*", "allow white space around it") }
        return result
    }

    /// Other patterns in the place of a reference.
    func ofReference(_ written: String, _ text: [UInt8]) -> [RemedyCandidate] {
        guard let reference = GrokReference.first(in: Array(written.utf8), from: 0) else { return [] }
        let family = SisterPattern.family(of: reference.name)
        var result: [RemedyCandidate] = []
        if family == .number, let unit = unit(written, reference, text) { result.append(unit) }
        // Words are no time, number or address, whatever takes them.
        let isForeign =
            [.time, .number, .network].contains(family) && text.contains(where: LineTokens.isBlank)
            && !text.contains(where: LineTokens.isDigit)
        for form in forms.forms(of: text, insteadOf: reference.name) where form.rank != .general || !isForeign {
            let type = Self.type(reference.type, for: text)
            let field = reference.field.map { Self.groupName($0) }
            switch form.source {
            case .pattern(let name):
                let note = Self.note(reference.type, type)
                let replacement =
                    "%{\(name)" + (reference.field.map { ":\($0)" } ?? "") + (type.map { ":\($0)" } ?? "") + "}"
                result.append(
                    RemedyCandidate(
                        rank: form.rank, advice: "use \(name) instead of \(reference.name)\(note)",
                        replacement: replacement,
                        extent: reference.field == nil && form.rank != .general ? .within : .whole))
            case .expression(let expression):
                let advice = "write what is there instead of \(reference.name)" + Self.note(reference.type, nil)
                result.append(
                    RemedyCandidate(
                        rank: form.rank, advice: advice,
                        replacement: field.map { "(?<\($0)>\(expression))" } ?? "(?:\(expression))",
                        extent: reference.field == nil ? .within : .whole))
            }
        }
        return result
    }

    /// `12ms` for a number: the unit in a field of its own.
    private func unit(_ written: String, _ reference: GrokReference, _ text: [UInt8]) -> RemedyCandidate? {
        let unit = text.reversed().prefix { LineTokens.isLetter($0) || $0 == UInt8(ascii: "%") }.reversed()
        guard !unit.isEmpty, unit.count <= 8, unit.count < text.count,
            LineTokens.isDigit(text[text.count - unit.count - 1]),
            forms.takes("%{\(reference.name)}", Array(text.dropLast(unit.count)))
        else { return nil }
        let name = reference.field.map { Self.groupName($0) + "_unit" }
        return RemedyCandidate(
            rank: .exact, advice: "allow a unit behind the number",
            replacement: name.map { "\(written)(?<\($0)>[A-Za-z%]+)?" } ?? "\(written)[A-Za-z%]*")
    }

    /// Another body for a group, another class for a class.
    func ofExpression(_ element: ExplainElement, _ written: String, _ text: [UInt8]) -> [RemedyCandidate] {
        var (before, after) = ("", "")
        if written.hasPrefix("(?<"), let end = written.firstIndex(of: ">"), written.hasSuffix(")"),
            RemedyText.isGroup(written)
        {
            (before, after) = (String(written[...end]), ")")
        } else if written.contains("(?<") || written.contains("%{") {
            // Fields inside stay: the text becomes one more alternative.
            guard RemedyText.isGroup(written), written.hasPrefix("(?:") else { return [] }
            (before, after) = (written.dropLast() + "|", ")")
        }
        return forms.forms(of: text, insteadOf: nil).map { form in
            let body: String
            switch form.source {
            case .pattern("NOTSPACE"): body = "\\S+"
            case .pattern("DATA"): body = ".*?"
            case .pattern(let name): body = "%{\(name)}"
            case .expression(let expression): body = expression
            }
            return RemedyCandidate(
                rank: form.rank == .exact ? .shaped : form.rank, advice: "let \(body) stand there",
                replacement: before + body + after, extent: before.hasPrefix("(?<") ? .whole : .any)
        }
    }

    // MARK: - Types

    /// The type that a text can be converted to without loss: an integer becomes a float where there is a fraction.
    private static func type(_ old: String?, for text: [UInt8]) -> String? {
        guard let old, let type = FieldType(old) else { return nil }
        let digits = text.first.map { "+-".utf8.contains($0) } == true ? text.dropFirst() : text[...]
        let isWhole = !digits.isEmpty && digits.allSatisfy(LineTokens.isDigit)
        let parts = digits.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
        let isDecimal = parts.count == 2 && parts.allSatisfy { !$0.isEmpty && $0.allSatisfy(LineTokens.isDigit) }
        switch type {
        case .integer: return isWhole ? old : isDecimal ? "float" : nil
        case .float: return isWhole || isDecimal ? old : nil
        case .time: return nil
        case .string, .bool, .array: return old
        }
    }

    private static func note(_ old: String?, _ new: String?) -> String {
        guard let old, old != new else { return "" }
        return new.map { ", as \($0)" } ?? ", as text: it is no \(old.prefix { $0 != ":" }) any more"
    }

    /// `[a][b]` as the name of a group.
    private static func groupName(_ field: String) -> String {
        guard field.hasPrefix("["), field.hasSuffix("]") else { return field }
        return field.split(whereSeparator: { $0 == "[" || $0 == "]" }).joined(separator: ".")
    }
}
