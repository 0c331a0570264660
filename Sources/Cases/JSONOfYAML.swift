internal import Events
internal import YAML

/// YAML as JSON: plain scalars by the core schema (YAML 1.2.2, 10.3.2) without octal and hexadecimal numbers.
enum JSONOfYAML {
    enum Scalar: Equatable {
        case null
        case truth(Bool)
        /// As it is written.
        case number(String)
        case text(String)
    }

    static func scalar(_ text: String, isPlain: Bool) -> Scalar {
        guard isPlain else { return .text(text) }
        switch text {
        case "", "~", "null", "Null", "NULL": return .null
        case "true", "True", "TRUE": return .truth(true)
        case "false", "False", "FALSE": return .truth(false)
        default: return isNumber(text) ? .number(text) : .text(text)
        }
    }

    /// A number as JSON has it (RFC 8259, 6).
    private static func isNumber(_ text: String) -> Bool {
        guard let first = text.utf8.first, first == 0x2D || (0x30...0x39).contains(first),
            text.utf8.allSatisfy({ (0x30...0x39).contains($0) || [0x2B, 0x2D, 0x2E, 0x45, 0x65].contains($0) })
        else { return false }
        var storage = ByteBuffer(capacity: text.utf8.count + 8)
        storage.append("{\"n\":" + text + "}")
        var rows = Rows(fieldCapacity: 16)
        return (try? rows.appendFields(json: Slice(offset: 0, length: storage.count), &storage)) != nil
    }

    static func bytes(_ node: YAMLNode) -> [UInt8] {
        var out = ByteBuffer(capacity: 128)
        write(node, to: &out)
        return out.array()
    }

    /// JSON with escapes for the characters that may stand in its strings and not in YAML, or that YAML takes for ends of
    /// lines (YAML 1.1 and 1.2, 5.1 and 5.4).
    static func printable(_ json: String) -> String {
        guard json.unicodeScalars.contains(where: isEscaped) else { return json }
        var result = ""
        for scalar in json.unicodeScalars {
            if isEscaped(scalar) {
                let digits = String(scalar.value, radix: 16)
                result += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
            } else {
                result.unicodeScalars.append(scalar)
            }
        }
        return result
    }

    private static func isEscaped(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.value {
        case 0x7F...0x9F, 0x2028, 0x2029, 0xFEFF, 0xFFFE, 0xFFFF: true
        default: false
        }
    }

    private static func write(_ node: YAMLNode, to out: inout ByteBuffer) {
        switch node.content {
        case .scalar(let text, let isPlain):
            switch scalar(text, isPlain: isPlain) {
            case .null: out.append("null")
            case .truth(let value): out.append(value ? "true" : "false")
            case .number(let text): out.append(text)
            case .text(let text): out.appendJSONString(text)
            }
        case .sequence(let items):
            out.append("[")
            for (index, item) in items.enumerated() {
                if index > 0 { out.append(",") }
                write(item, to: &out)
            }
            out.append("]")
        case .mapping(let entries):
            out.append("{")
            for (index, entry) in entries.enumerated() {
                if index > 0 { out.append(",") }
                out.appendJSONString(entry.key)
                out.append(":")
                write(entry.value, to: &out)
            }
            out.append("}")
        }
    }
}
