import Grok

/// An expression cut into what an operator would call its elements, each with the text it takes of a line.
struct NearMissUnits {
    enum Kind {
        case reference, group, characterClass, escape, literal, blank, anchor
    }

    struct Unit {
        let kind: Kind
        /// Bytes of the expression.
        let range: Range<Int>
        /// Bytes of the line; nil when the element took no part.
        var text: Range<Int>?
    }

    let expression: [UInt8]
    let line: [UInt8]
    private(set) var units: [Unit] = []

    /// nil when the expression has alternatives of its own, or does not match the line as a whole.
    init?(_ expression: String, _ line: String, _ compiler: GrokCompiler) {
        self.expression = Array(expression.utf8)
        self.line = Array(line.utf8)
        var index = 0
        while index < self.expression.count {
            guard let unit = Self.unit(self.expression, at: index) else { return nil }
            units.append(unit)
            index = unit.range.upperBound
        }
        guard place(compiler) else { return nil }
    }

    /// The bytes of the line that an element took, as text.
    func text(_ unit: Unit) -> String { unit.text.map { String(decoding: line[$0], as: UTF8.self) } ?? "" }

    func source(_ unit: Unit) -> String { String(decoding: expression[unit.range], as: UTF8.self) }

    /// The name of the field that a reference or a group fills.
    func fields(_ unit: Unit) -> [String] {
        let source = source(unit)
        if unit.kind == .reference {
            let parts = source.dropFirst(2).dropLast().split(separator: ":")
            return parts.count > 1 ? [String(parts[1])] : []
        }
        return source.split(separator: "(?<").dropFirst().map { String($0.prefix { $0 != ">" }) }
    }

    private static func unit(_ text: [UInt8], at start: Int) -> Unit? {
        func isWord(_ byte: UInt8) -> Bool {
            byte == 0x5F || byte > 0x7F || (0x30...0x39).contains(byte) || isLetter(byte)
        }
        func isLetter(_ byte: UInt8) -> Bool { (0x61...0x7A).contains(byte | 0x20) }
        /// With the quantifier behind it.
        func quantified(_ kind: Kind, _ end: Int) -> Unit {
            var end = end
            if end < text.count, text[end] == UInt8(ascii: "{"),
                let close = text[end...].firstIndex(of: UInt8(ascii: "}"))
            {
                end = close + 1
            }
            var isQuantified = false
            while end < text.count, "?*+".utf8.contains(text[end]) {
                end += 1
                isQuantified = true
            }
            return Unit(kind: isQuantified && kind == .reference ? .group : kind, range: start..<end, text: nil)
        }
        func closing(_ open: UInt8, _ close: UInt8, from: Int) -> Int? {
            var depth = 0
            var index = from
            while index < text.count {
                if text[index] == UInt8(ascii: "\\") {
                    index += 2
                    continue
                }
                if text[index] == open { depth += 1 }
                if text[index] == close {
                    depth -= 1
                    if depth == 0 { return index + 1 }
                }
                index += 1
            }
            return nil
        }
        switch text[start] {
        case UInt8(ascii: "%") where start + 1 < text.count && text[start + 1] == UInt8(ascii: "{"):
            guard let end = text[start...].firstIndex(of: UInt8(ascii: "}")) else { return nil }
            return quantified(.reference, end + 1)
        case UInt8(ascii: "("):
            return closing(UInt8(ascii: "("), UInt8(ascii: ")"), from: start).map { quantified(.group, $0) }
        case UInt8(ascii: "["):
            return closing(UInt8(ascii: "["), UInt8(ascii: "]"), from: start).map { quantified(.characterClass, $0) }
        case UInt8(ascii: "^"), UInt8(ascii: "$"):
            return Unit(kind: .anchor, range: start..<(start + 1), text: nil)
        case UInt8(ascii: "\\"):
            guard start + 1 < text.count else { return nil }
            let isText = !isWord(text[start + 1])
            let unit = quantified(isText ? .literal : .escape, start + 2)
            return Unit(kind: unit.range.count > 2 ? .escape : unit.kind, range: unit.range, text: nil)
        case UInt8(ascii: "|"): return nil
        default:
            let first = text[start]
            var end = start + 1
            if first == UInt8(ascii: " ") {
                while end < text.count, text[end] == first { end += 1 }
                let unit = quantified(.blank, end)
                return Unit(kind: unit.range.upperBound > end ? .escape : .blank, range: unit.range, text: nil)
            }
            if isWord(first) {
                while end < text.count, isWord(text[end]) { end += 1 }
            }
            if end < text.count, "?*+{".utf8.contains(text[end]) {
                if end - start > 1 { return Unit(kind: .literal, range: start..<(end - 1), text: nil) }
                return quantified(.escape, end)
            }
            return Unit(kind: .literal, range: start..<end, text: nil)
        }
    }

    /// Finds what each element takes, with a name around each.
    private mutating func place(_ compiler: GrokCompiler) -> Bool {
        var marked = ""
        for (index, unit) in units.enumerated() {
            let source = source(unit)
            marked += unit.kind == .anchor ? source : "(?<unit\(index)>\(source))"
        }
        guard let found = NearMissFields.of(marked, line: line, compiler), !found.isEmpty else { return false }
        for index in units.indices { units[index].text = found["unit\(index)"] }
        return true
    }
}

/// What an expression captures of a line.
enum NearMissFields {
    /// The ranges by field; nil when it does not match.
    static func of(
        _ expression: String, line: [UInt8], _ compiler: GrokCompiler
    ) -> [String: Range<Int>]? {
        guard let set = try? GrokSet([.init(expression)], compiler: compiler) else { return nil }
        let matcher = GrokMatcher(set)
        guard case .hit = matcher.match(line.span, as: SubjectText.classify(line.span)) else { return nil }
        var result: [String: Range<Int>] = [:]
        for (index, field) in set.members[0].pattern.fields.enumerated() {
            let range = matcher.range(of: index)
            if range.isSet { result[field.name] = Int(range.start)..<Int(range.end) }
        }
        return result
    }
}
