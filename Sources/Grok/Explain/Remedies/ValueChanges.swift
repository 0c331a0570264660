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
        func exact(_ replacement: String, _ advice: String, before: Int = 0, behind: Int = 0) {
            result.append(
                RemedyCandidate(
                    rank: .exact, advice: advice, replacement: replacement,
                    extent: .besideMarks(before: before, behind: behind)))
        }
        if Self.noValue.contains(found) {
            exact("(?:\(RemedyText.escaped(found))|\(written))", "allow '\(found)' where there is no value")
        }
        if found.lowercased() != found || found.uppercased() != found {
            exact("(?i:\(written))", "let upper and lower case count the same")
        }
        if text.count > 2, let quote = text.first, quote == text.last, "\"'`".utf8.contains(quote) {
            let mark = String(UnicodeScalar(quote))
            exact("\(mark)?\(written)\(mark)?", "allow quotes around it", before: 1, behind: 1)
        }
        let tail = text.reversed().prefix { !LineTokens.isWord($0) && !LineTokens.isBlank($0) }
        if (1...2).contains(tail.count), tail.count < text.count {
            let mark = String(decoding: tail.reversed(), as: UTF8.self)
            exact("\(written)\(RemedyText.optional(mark))", "allow '\(mark)' behind it", behind: tail.count)
        }
        let head = text.prefix { !LineTokens.isWord($0) && !LineTokens.isBlank($0) }
        if (1...2).contains(head.count), head.count < text.count, head != [UInt8(ascii: "-")] {
            let mark = String(decoding: head, as: UTF8.self)
            exact("\(RemedyText.optional(mark))\(written)", "allow '\(mark)' before it", before: head.count)
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
        let isField = written.hasPrefix("(?<") && written.hasSuffix(")") && RemedyText.isGroup(written)
        let fields = Set(element.nodes.flatMap(\.captureNames))
        if !isField, !fields.isEmpty || written.contains("%{") {
            // What is inside stays: the text becomes one more alternative.
            guard RemedyText.isGroup(written), written.hasPrefix("(?:") else { return [] }
            return alternatives(written, fields.count, text)
        }
        let (before, after) =
            isField ? (written[...(written.firstIndex(of: ">") ?? written.startIndex)], ")") : ("", "")
        return forms.forms(of: text, insteadOf: nil).map { form in
            let (body, rank) = Self.body(form)
            return RemedyCandidate(
                rank: rank, advice: "let \(body) stand there", replacement: before + body + after,
                extent: isField ? .whole : .any)
        }
    }

    /// One more alternative of a group. When the group fills one field, it fills that; when it fills several, nobody can say
    /// which of them the text is.
    private func alternatives(_ written: String, _ fields: Int, _ text: [UInt8]) -> [RemedyCandidate] {
        guard fields <= 1 else { return [] }
        let reference = fields == 0 ? nil : Self.references(in: written).first { $0.field != nil }
        guard fields == 0 || reference?.field != nil else { return [] }
        let type = Self.type(reference?.type, for: text)
        return forms.forms(of: text, insteadOf: nil).compactMap { form in
            if type != nil, case .pattern(let name) = form.source, SisterPattern.family(of: name) != .number {
                return nil
            }
            let (body, rank) = Self.body(form)
            let alternative =
                if let field = reference?.field {
                    body.hasPrefix("%{") && body.hasSuffix("}") && !body.dropFirst().contains("%{")
                        ? "\(body.dropLast()):\(field)\(type.map { ":\($0)" } ?? "")}"
                        : "(?<\(Self.groupName(field))>\(body))"
                } else {
                    body
                }
            return RemedyCandidate(
                rank: rank, advice: "let \(body) stand there" + Self.note(reference?.type, type),
                replacement: written.dropLast() + "|" + alternative + ")", extent: reference == nil ? .any : .whole)
        }
    }

    private static func references(in written: String) -> [GrokReference] {
        let text = Array(written.utf8)
        var result: [GrokReference] = []
        while let next = GrokReference.first(in: text, from: result.last?.range.upperBound ?? 0) { result.append(next) }
        return result
    }

    /// What takes a text, as a piece of expression.
    private static func body(_ form: RemedyForms.Form) -> (text: String, rank: RemedyCandidate.Rank) {
        let body =
            switch form.source {
            case .pattern("NOTSPACE"): "\\S+"
            case .pattern("DATA"): ".*?"
            case .pattern(let name): "%{\(name)}"
            case .expression(let expression): expression
            }
        return (body, form.rank == .exact ? .shaped : form.rank)
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
