/// A JSON document as the golden files hold it; numbers keep their text, since integers have no size limit there.
indirect enum JSONValue: Equatable {
    case null
    case bool(Bool)
    case number(String)
    case string(String)
    case array([JSONValue])
    case object([String: JSONValue])

    init?(_ text: some Sequence<UInt8>) {
        var reader = JSONReader(bytes: Array(text))
        guard let value = reader.value() else { return nil }
        self = value
    }

    subscript(key: String) -> JSONValue? {
        if case .object(let members) = self { return members[key] }
        return nil
    }

    var string: String? { if case .string(let text) = self { text } else { nil } }
    var array: [JSONValue]? { if case .array(let items) = self { items } else { nil } }
    var number: String? { if case .number(let text) = self { text } else { nil } }
}

private struct JSONReader {
    let bytes: [UInt8]
    var position = 0

    mutating func space() {
        while position < bytes.count, [0x20, 9, 10, 13].contains(bytes[position]) { position += 1 }
    }

    mutating func skip(_ text: String) -> Bool {
        guard bytes[position...].starts(with: text.utf8) else { return false }
        position += text.utf8.count
        return true
    }

    mutating func value() -> JSONValue? {
        space()
        if skip("null") { return .null }
        if skip("true") { return .bool(true) }
        if skip("false") { return .bool(false) }
        guard position < bytes.count else { return nil }
        switch bytes[position] {
        case UInt8(ascii: "\""): return string().map { .string($0) }
        case UInt8(ascii: "["):
            position += 1
            var items: [JSONValue] = []
            space()
            if skip("]") { return .array([]) }
            while let item = value() {
                items.append(item)
                space()
                if skip("]") { return .array(items) }
                guard skip(",") else { return nil }
            }
            return nil
        case UInt8(ascii: "{"):
            position += 1
            var members: [String: JSONValue] = [:]
            space()
            if skip("}") { return .object([:]) }
            while true {
                space()
                guard let key = string() else { return nil }
                space()
                guard skip(":"), let item = value() else { return nil }
                members[key] = item
                space()
                if skip("}") { return .object(members) }
                guard skip(",") else { return nil }
            }
        default:
            let start = position
            while position < bytes.count, "+-.0123456789eE".utf8.contains(bytes[position]) { position += 1 }
            return start == position ? nil : .number(String(decoding: bytes[start..<position], as: UTF8.self))
        }
    }

    mutating func string() -> String? {
        guard skip("\"") else { return nil }
        var units: [UInt16] = []
        var out: [UInt8] = []
        func flush() {
            out += Array(String(decoding: units, as: UTF16.self).utf8)
            units = []
        }
        while position < bytes.count {
            let byte = bytes[position]
            position += 1
            if byte == UInt8(ascii: "\"") {
                flush()
                return String(decoding: out, as: UTF8.self)
            }
            guard byte == UInt8(ascii: "\\"), position < bytes.count else {
                flush()
                out.append(byte)
                continue
            }
            let letter = bytes[position]
            position += 1
            if letter == UInt8(ascii: "u") {
                guard position + 4 <= bytes.count,
                    let unit = UInt16(String(decoding: bytes[position..<(position + 4)], as: UTF8.self), radix: 16)
                else { return nil }
                units.append(unit)
                position += 4
                continue
            }
            flush()
            switch letter {
            case UInt8(ascii: "n"): out.append(10)
            case UInt8(ascii: "t"): out.append(9)
            case UInt8(ascii: "r"): out.append(13)
            case UInt8(ascii: "b"): out.append(8)
            case UInt8(ascii: "f"): out.append(12)
            default: out.append(letter)
            }
        }
        return nil
    }
}
