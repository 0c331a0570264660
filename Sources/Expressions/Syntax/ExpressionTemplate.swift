/// A text with code in it: `${record["a"]} and #{1 + 1}`.
///
/// It is the inside of one of Ruby's double-quoted strings: `${…}` and `#{…}` are code, and a backslash escapes. What is one
/// `${…}` and nothing else is the expression itself, so that it can keep the type of its value.
package struct ExpressionTemplate: Sendable {
    package enum Part: Sendable {
        case text([UInt8])
        case expression(Expression)
    }

    package let parts: [Part]

    package init(_ text: String) throws(ExpressionError) {
        let bytes = Array(text.utf8)
        var parts: [Part] = []
        var literal: [UInt8] = []
        var parser = ProgramParser(bytes)
        while let byte = parser.current {
            if byte == UInt8(ascii: "\\") {
                parser.position += 1
                try parser.escape(into: &literal)
            } else if Self.beginsCode(byte, parser) {
                if !literal.isEmpty { parts.append(.text(literal)) }
                literal = []
                let start = parser.position + 2
                var code = ProgramParser(bytes, position: start)
                let root = try code.code()
                parser.position = code.position
                let source = String(decoding: bytes[start..<(code.position - 1)], as: UTF8.self)
                parts.append(.expression(Expression(source: source, root: root, code.builder)))
            } else {
                literal.append(byte)
                parser.position += 1
            }
        }
        if !literal.isEmpty || parts.isEmpty { parts.append(.text(literal)) }
        self.parts = parts
    }

    /// Whether `#{` stands here, or `${` if a brace follows that could close it.
    private static func beginsCode(_ byte: UInt8, _ parser: borrowing ProgramParser) -> Bool {
        guard parser.peek(at: parser.position + 1) == UInt8(ascii: "{") else { return false }
        if byte == UInt8(ascii: "#") { return true }
        return byte == UInt8(ascii: "$") && parser.bytes[(parser.position + 2)...].contains(UInt8(ascii: "}"))
    }

    package var expressions: [Expression] {
        parts.compactMap { if case .expression(let expression) = $0 { expression } else { nil } }
    }
}
