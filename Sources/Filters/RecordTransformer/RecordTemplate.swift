/// A value of `<record>` with its placeholders: `"${hostname}: ${record["level"]}"`, or a JSON object or array of such.
///
/// Placeholders (compatibility.md D3): `${tag}`, `${tag_parts[n]}` (n may be negative, or a range `a..b`),
/// `${tag_prefix[n]}`, `${tag_suffix[n]}`, `${hostname}`, `${time}`, `${record["key"]}`; unknown ones are empty.
package indirect enum RecordTemplate: Sendable {
    case text(TextTemplate)
    case array([RecordTemplate])
    case object([(key: TextTemplate, value: RecordTemplate)])
    /// A number, true, false or null of a JSON value, as it is written.
    case literal([UInt8])
}

package struct TextTemplate: Sendable {
    package enum Part: Sendable {
        case text([UInt8])
        case tag
        /// Negative numbers count from the end.
        case tagParts(from: Int, to: Int)
        /// The first n + 1 parts.
        case tagPrefix(Int)
        /// The parts from n on.
        case tagSuffix(Int)
        case hostname
        case time
        case field([UInt8])
        /// Not known: empty, and null when alone.
        case unknown(String)
    }

    package let parts: [Part]

    package init(_ text: String) {
        var parts: [Part] = []
        let bytes = Array(text.utf8)
        var literal: [UInt8] = []
        var index = 0
        while index < bytes.count {
            if bytes[index] == UInt8(ascii: "$"), index + 1 < bytes.count, bytes[index + 1] == UInt8(ascii: "{"),
                let close = bytes[index...].firstIndex(of: UInt8(ascii: "}"))
            {
                if !literal.isEmpty { parts.append(.text(literal)) }
                literal = []
                parts.append(Self.placeholder(String(decoding: bytes[(index + 2)..<close], as: UTF8.self)))
                index = close + 1
            } else {
                literal.append(bytes[index])
                index += 1
            }
        }
        if !literal.isEmpty || parts.isEmpty { parts.append(.text(literal)) }
        self.parts = parts
    }

    /// The names that are not known, for a warning when the configuration is read.
    package var unknownNames: [String] {
        parts.compactMap { if case .unknown(let name) = $0 { name } else { nil } }
    }

    private static func placeholder(_ name: String) -> Part {
        switch name {
        case "tag": return .tag
        case "hostname": return .hostname
        case "time": return .time
        default: break
        }
        if let inside = inside(name, "record") {
            let text = Array(inside.utf8)
            if text.count >= 2, let quote = text.first, quote == UInt8(ascii: "\"") || quote == UInt8(ascii: "'"),
                text.last == quote
            {
                return .field(Array(text.dropFirst().dropLast()))
            }
        }
        if let inside = inside(name, "tag_parts") {
            if let number = Int(inside) { return .tagParts(from: number, to: number) }
            if let (from, to) = split(inside) { return .tagParts(from: from, to: to) }
        }
        if let inside = inside(name, "tag_prefix"), let number = Int(inside) { return .tagPrefix(number) }
        if let inside = inside(name, "tag_suffix"), let number = Int(inside) { return .tagSuffix(number) }
        return .unknown(name)
    }

    private static func inside(_ name: String, _ function: String) -> String? {
        guard name.hasPrefix(function + "["), name.hasSuffix("]") else { return nil }
        return String(name.dropFirst(function.count + 1).dropLast())
    }

    private static func split(_ text: String) -> (Int, Int)? {
        let bytes = Array(text.utf8)
        guard let dot = bytes.firstIndex(of: UInt8(ascii: ".")), dot + 1 < bytes.count,
            bytes[dot + 1] == UInt8(ascii: "."),
            let from = Int(String(decoding: bytes[..<dot], as: UTF8.self)),
            let to = Int(String(decoding: bytes[(dot + 2)...], as: UTF8.self))
        else { return nil }
        return (from, to)
    }
}

extension RecordTemplate {
    package var unknownNames: [String] {
        switch self {
        case .text(let text): text.unknownNames
        case .array(let items): items.flatMap(\.unknownNames)
        case .object(let members): members.flatMap { $0.key.unknownNames + $0.value.unknownNames }
        case .literal: []
        }
    }
}
