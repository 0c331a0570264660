/// One `%{NAME:field:type}` of an expression, as text.
struct GrokReference {
    /// Its bytes in the text it stands in.
    let range: Range<Int>
    let name: String
    /// The field as written, its type taken off; may hold colons, which are an error to report.
    let field: String?
    let type: String?

    /// The first reference at or after `start`. Text that does not fit the syntax is passed over silently, as Fluentd does.
    static func first(in text: [UInt8], from start: Int) -> GrokReference? {
        var index = start
        while index + 1 < text.count {
            if text[index] == UInt8(ascii: "%"), text[index + 1] == UInt8(ascii: "{"),
                let reference = parse(text, at: index)
            {
                return reference
            }
            index += 1
        }
        return nil
    }

    private static func isNameByte(_ byte: UInt8) -> Bool {
        (0x41...0x7A).contains(byte) || (0x30...0x39).contains(byte)
    }

    private static func isFieldByte(_ byte: UInt8) -> Bool {
        switch byte {
        case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, UInt8(ascii: "@"), UInt8(ascii: "["), UInt8(ascii: "]"),
            UInt8(ascii: "_"), UInt8(ascii: ":"), UInt8(ascii: "."), UInt8(ascii: "-"):
            true
        default: false
        }
    }

    private static func parse(_ text: [UInt8], at start: Int) -> GrokReference? {
        var index = start + 2
        let nameStart = index
        while index < text.count, isNameByte(text[index]) { index += 1 }
        guard index > nameStart, index < text.count else { return nil }
        let name = String(decoding: text[nameStart..<index], as: UTF8.self)
        if text[index] == UInt8(ascii: "}") {
            return GrokReference(range: start..<(index + 1), name: name, field: nil, type: nil)
        }
        guard text[index] == UInt8(ascii: ":") else { return nil }
        let fieldStart = index + 1
        // The shortest field that leaves a type or the closing brace behind it.
        index = fieldStart
        while index < text.count, isFieldByte(text[index]) {
            index += 1
            guard index < text.count else { return nil }
            var end = index + 1
            var type: String?
            if text[index] == UInt8(ascii: ":"), let typed = parseType(text, at: end) {
                (type, end) = typed
            } else if text[index] != UInt8(ascii: "}") {
                continue
            }
            let field = String(decoding: text[fieldStart..<index], as: UTF8.self)
            return GrokReference(range: start..<end, name: name, field: field, type: type)
        }
        return nil
    }

    /// A type name, with an argument for `time` and `array`, up to and with the brace.
    private static func parseType(_ text: [UInt8], at start: Int) -> (type: String, end: Int)? {
        guard let end = text[min(start, text.count)...].firstIndex(of: UInt8(ascii: "}")) else { return nil }
        let type = String(decoding: text[start..<end], as: UTF8.self)
        return FieldType(type) == nil ? nil : (type, end + 1)
    }
}
