internal import Words

/// What may be changed where an element is to blame.
struct RemedyChanges {
    let forms: RemedyForms
    let line: [UInt8]

    /// The changes for a verdict; `written` gives an element as it is written and where.
    func candidates(
        for verdict: ExplainVerdict, written: (ExplainElement) -> (text: String, range: Range<Int>)
    ) -> [RemedyCandidate] {
        let element = verdict.element
        let place = verdict.text ?? 0..<0
        if let dropped = verdict.dropped { return dropping(verdict.elements[dropped], at: place, written) }
        let own = written(element)
        let text = Array(line[place])
        let found = String(decoding: text, as: UTF8.self)
        switch element.kind {
        case .space: return spaceChanges(own.text, found, place)
        case .literal: return literalChanges(element, own.text, found, place)
        case .reference:
            guard !text.isEmpty else { return absent(own.text) + withNeighbour(verdict, written) }
            return valueChanges(own.text, text, found) + referenceChanges(own.text, text)
        case .expression:
            if case .anchor(let anchor)? = element.nodes.first?.kind, element.nodes.count == 1 {
                return anchorChanges(anchor, own.text, place)
            }
            guard !text.isEmpty else { return absent(own.text) + withNeighbour(verdict, written) }
            return valueChanges(own.text, text, found) + expressionChanges(element, own.text, text)
        }
    }

    // MARK: - Parts that are missing

    private func dropping(
        _ elements: ArraySlice<ExplainElement>, at place: Range<Int>,
        _ written: (ExplainElement) -> (text: String, range: Range<Int>)
    ) -> [RemedyCandidate] {
        guard let first = elements.first, let last = elements.last else { return [] }
        let (start, end) = (written(first).range.lowerBound, written(last).range.upperBound)
        guard elements.allSatisfy({ $0.owner == first.owner }), start < end else { return [] }
        if first.kind == .literal, isThereInPart(first.literal, at: place.lowerBound) { return [] }
        let range = start..<end
        let text = elements.reduce(into: ("", range.lowerBound)) { result, element in
            let own = written(element)
            // What groups that were opened have between their parts cannot be written anew here.
            if own.range.lowerBound == result.1 { result = (result.0 + own.text, own.range.upperBound) }
        }
        guard text.1 == range.upperBound else { return [] }
        return [
            RemedyCandidate(
                rank: .exact, advice: "make '\(text.0)' optional: the line has no such part",
                replacement: "(?:\(text.0))?", range: range)
        ]
    }

    private func absent(_ written: String) -> [RemedyCandidate] {
        [
            RemedyCandidate(
                rank: .exact, advice: "make \(written) optional: the line has nothing there",
                replacement: Self.isGroup(written) ? "\(written)?" : "(?:\(written))?")
        ]
    }

    /// The element with the blank before or behind it.
    private func withNeighbour(
        _ verdict: ExplainVerdict, _ written: (ExplainElement) -> (text: String, range: Range<Int>)
    ) -> [RemedyCandidate] {
        let elements = verdict.elements
        var result: [RemedyCandidate] = []
        for range in [verdict.index..<(verdict.index + 2), (verdict.index - 1)..<(verdict.index + 1)]
        where range.lowerBound >= 0 && range.upperBound <= elements.count {
            guard elements[range].contains(where: { $0.kind == .space }) else { continue }
            result += dropping(elements[range], at: verdict.text ?? 0..<0, written)
        }
        return result
    }

    private static func isGroup(_ text: String) -> Bool {
        guard text.hasPrefix("("), text.hasSuffix(")") else { return false }
        var depth = 0
        for (index, byte) in text.utf8.enumerated() {
            if byte == UInt8(ascii: "(") { depth += 1 }
            if byte == UInt8(ascii: ")") { depth -= 1 }
            if depth == 0 { return index + 1 == text.utf8.count }
        }
        return false
    }

    // MARK: - Blanks

    private func spaceChanges(_ written: String, _ found: String, _ place: Range<Int>) -> [RemedyCandidate] {
        func exact(_ replacement: String, _ advice: String) -> RemedyCandidate {
            RemedyCandidate(rank: .exact, advice: advice, replacement: replacement)
        }
        if found.isEmpty {
            let marks = line[place.lowerBound...].prefix { !LineTokens.isBlank($0) && !LineTokens.isWord($0) }
            if (1...2).contains(marks.count), place.lowerBound + marks.count < line.count,
                LineTokens.isBlank(line[place.lowerBound + marks.count])
            {
                let mark = String(decoding: marks, as: UTF8.self)
                return [exact("\(Self.optional(mark))\(written)", "allow '\(mark)' before the space")]
            }
            let isOne = written == " "
            return [exact(isOne ? " ?" : " *", isOne ? "make the space optional" : "make the spaces optional")]
        }
        if found.allSatisfy({ $0 == " " }) { return [exact(" +", "allow one or several spaces")] }
        if found.allSatisfy({ $0 == " " || $0 == "\t" }) { return [exact("\\s+", "allow any white space")] }
        let core = found.drop { $0 == " " }.reversed().drop { $0 == " " }.reversed()
        let mark = String(core)
        if mark.utf8.allSatisfy({ !LineTokens.isWord($0) && !LineTokens.isBlank($0) }), mark.count <= 2 {
            if found == mark, let scalar = mark.unicodeScalars.first, mark.unicodeScalars.count == 1 {
                return [exact(RemedyText.either(" ", scalar), "allow '\(mark)' in the place of the space")]
            }
            let behind = found.hasSuffix(" ") ? " +" : " *"
            let before = found.hasPrefix(" ") ? " *" : ""
            return [exact("\(before)\(Self.optional(mark))\(behind)", "allow '\(mark)' beside the space")]
        }
        guard found.hasPrefix(" "), found.hasSuffix(" ") else { return [] }
        return [
            RemedyCandidate(
                rank: .general, advice: "allow more words there", replacement: " (?:.*? )?")
        ]
    }

    /// A mark that may be there.
    private static func optional(_ mark: String) -> String {
        mark.unicodeScalars.count == 1 ? RemedyText.escaped(mark) + "?" : "(?:\(RemedyText.escaped(mark)))?"
    }

    // MARK: - Texts

    private func literalChanges(
        _ element: ExplainElement, _ written: String, _ found: String, _ place: Range<Int>
    ) -> [RemedyCandidate] {
        let literal = element.literal
        func exact(_ replacement: String, _ advice: String) -> RemedyCandidate {
            RemedyCandidate(rank: .exact, advice: advice, replacement: replacement)
        }
        guard !found.isEmpty else {
            // The rest of it would go to what follows, or to what stands before.
            if isThereInPart(literal, at: place.lowerBound) { return [] }
            let replacement = element.nodes.count == 1 ? written + "?" : "(?:\(written))?"
            return [exact(replacement, "make '\(literal)' optional")]
        }
        if found.lowercased() == literal.lowercased() {
            return [exact("(?i:\(written))", "let upper and lower case count the same")]
        }
        var result: [RemedyCandidate] = []
        let bare = found.trimmingBlanks
        if bare == literal { result.append(exact("\\s*\(written)\\s*", "allow white space around '\(literal)'")) }
        if let one = literal.unicodeScalars.first, literal.unicodeScalars.count == 1,
            let other = found.unicodeScalars.first, found.unicodeScalars.count == 1, !Self.isWord(one),
            !Self.isWord(other)
        {
            result.append(
                exact(RemedyText.either(one, other), "allow '\(found)' in the place of '\(literal)'"))
        }
        let isMark = !literal.utf8.contains { LineTokens.isLetter($0) || LineTokens.isDigit($0) }
        if isMark {
            guard !found.utf8.contains(where: { LineTokens.isLetter($0) || LineTokens.isDigit($0) }) else {
                return result
            }
        } else {
            // Another word than the literal may be a value: only a slip is taken for one.
            let limit = max(1, literal.utf8.count / 3)
            guard EditDistance.between(literal, found, limit: limit) != nil, !found.contains(where: \.isNumber) else {
                return result
            }
        }
        if found.utf8.count <= 32, found == bare {
            result.append(
                exact("(?:\(written)|\(RemedyText.escaped(found)))", "allow '\(found)' in the place of '\(literal)'"))
        }
        return result
    }

    /// Whether half of a text or more stands at a place: its beginning behind the place, or its end before it.
    private func isThereInPart(_ literal: String, at place: Int) -> Bool {
        let wanted = Array(literal.utf8)
        let behind = zip(wanted, line[place...]).prefix { $0 == $1 }.count
        let before = zip(wanted.reversed(), line[..<place].reversed()).prefix { $0 == $1 }.count
        return wanted.count > 1 && 2 * max(behind, before) >= wanted.count
    }

    private static func isWord(_ scalar: Unicode.Scalar) -> Bool {
        scalar.value > 0x7F || LineTokens.isWord(UInt8(scalar.value)) || scalar == " "
    }

    // MARK: - Values

    /// What log files write where there is no value.
    private static let noValue = [
        "-", "--", "(null)", "null", "nil", "<nil>", "none", "None", "NULL", "N/A", "n/a", "NaN", "undefined", "\"-\"",
        "\"\"", "''", "()", "[]", "*", "?",
    ]

    /// Changes that keep what is written and allow something beside it.
    private func valueChanges(_ written: String, _ text: [UInt8], _ found: String) -> [RemedyCandidate] {
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
            exact("\(written)\(Self.optional(mark))", "allow '\(mark)' behind it")
        }
        let head = text.prefix { !LineTokens.isWord($0) && !LineTokens.isBlank($0) }
        if (1...2).contains(head.count), head.count < text.count, head != [UInt8(ascii: "-")] {
            let mark = String(decoding: head, as: UTF8.self)
            exact("\(Self.optional(mark))\(written)", "allow '\(mark)' before it")
        }
        if found.trimmingBlanks != found { exact("\\s*\(written)\\s*", "allow white space around it") }
        return result
    }

    /// Other patterns in the place of a reference.
    private func referenceChanges(_ written: String, _ text: [UInt8]) -> [RemedyCandidate] {
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
                        replacement: replacement, takesWholeText: true))
            case .expression(let expression):
                let advice = "write what is there instead of \(reference.name)" + Self.note(reference.type, nil)
                result.append(
                    RemedyCandidate(
                        rank: form.rank, advice: advice,
                        replacement: field.map { "(?<\($0)>\(expression))" } ?? "(?:\(expression))",
                        takesWholeText: true))
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
    private func expressionChanges(_ element: ExplainElement, _ written: String, _ text: [UInt8]) -> [RemedyCandidate] {
        var (before, after) = ("", "")
        if written.hasPrefix("(?<"), let end = written.firstIndex(of: ">"), written.hasSuffix(")"),
            Self.isGroup(written)
        {
            (before, after) = (String(written[...end]), ")")
        } else if written.contains("(?<") || written.contains("%{") {
            // Fields inside stay: the text becomes one more alternative.
            guard Self.isGroup(written), written.hasPrefix("(?:") else { return [] }
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
                replacement: before + body + after, takesWholeText: before.hasPrefix("(?<"))
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

    // MARK: - The ends of a line

    private func anchorChanges(_ anchor: Anchor, _ written: String, _ place: Range<Int>) -> [RemedyCandidate] {
        func candidate(_ rank: RemedyCandidate.Rank, _ replacement: String, _ advice: String) -> RemedyCandidate {
            RemedyCandidate(rank: rank, advice: advice, replacement: replacement)
        }
        switch anchor {
        case .lineEnd, .subjectEnd, .subjectEndOrLastNewline:
            let rest = line[place.lowerBound...]
            if rest.allSatisfy(LineTokens.isBlank) {
                return [candidate(.exact, "\\s*\(written)", "allow white space at the end")]
            }
            return [
                candidate(.exact, "%{GREEDYDATA:rest}\(written)", "keep what follows in a field of its own"),
                candidate(.general, "", "leave \(written) out: what follows is then not looked at"),
            ]
        case .lineStart, .subjectStart:
            let head = line[..<place.upperBound]
            if head.allSatisfy(LineTokens.isBlank) {
                return [candidate(.exact, "\(written)\\s*", "allow white space at the beginning")]
            }
            var result: [RemedyCandidate] = []
            if head.first == UInt8(ascii: "<"), head.last == UInt8(ascii: ">"), head.count <= 5,
                head.dropFirst().dropLast().allSatisfy(LineTokens.isDigit)
            {
                result.append(
                    candidate(
                        .exact, "\(written)(?:<%{NONNEGINT:priority}>)?", "allow the priority of syslog before it"))
            }
            return result + [
                candidate(.exact, "\(written)%{DATA:prefix}", "keep what comes before in a field of its own"),
                candidate(.general, "", "leave \(written) out: what comes before is then not looked at"),
            ]
        default: return [candidate(.general, "", "leave \(written) out")]
        }
    }
}

extension String {
    /// Without blanks at its ends.
    fileprivate var trimmingBlanks: String {
        var bytes = Array(utf8)[...]
        while let first = bytes.first, LineTokens.isBlank(first) { bytes.removeFirst() }
        while let last = bytes.last, LineTokens.isBlank(last) { bytes.removeLast() }
        return String(decoding: bytes, as: UTF8.self)
    }
}
