internal import Events

/// A value of `<record>`: text with placeholders, or a JSON object or array of such.
package indirect enum GeoIPTemplate: Sendable {
    case text(GeoIPText)
    case array([GeoIPTemplate])
    case object([(key: [UInt8], value: GeoIPTemplate)])
    /// A number, true, false or null of a JSON value, as it is written.
    case literal([UInt8])
}

/// Text and placeholders by turns; one placeholder alone keeps its type.
package struct GeoIPText: Sendable {
    package enum Part: Sendable, Equatable {
        case text([UInt8])
        /// Its number among the settings' placeholders.
        case placeholder(Int)
    }

    package let parts: [Part]

    /// - Parameter number: the number of a placeholder, as it is written.
    package init(_ text: String, number: (String) -> Int) {
        let bytes = Array(text.utf8)
        var parts: [Part] = []
        var end = 0
        for range in GeoIPPlaceholder.ranges(in: bytes) {
            if end < range.lowerBound { parts.append(.text(Array(bytes[end..<range.lowerBound]))) }
            parts.append(.placeholder(number(String(decoding: bytes[range], as: UTF8.self))))
            end = range.upperBound
        }
        if end < bytes.count || parts.isEmpty { parts.append(.text(Array(bytes[end...]))) }
        self.parts = parts
    }
}

extension GeoIPTemplate {
    /// The value with what the placeholders stand for.
    ///
    /// - Parameters:
    ///   - values: one for each placeholder; their texts are in `known`.
    ///   - storage: gets what the value has of text.
    func value(_ values: [Value], _ known: borrowing ByteBuffer, _ storage: inout ByteBuffer) -> Value {
        let start = storage.count
        if case .text(let text) = self {
            if text.parts.count == 1, case .placeholder(let number) = text.parts[0] {
                let value = values[number]
                guard value.isText || value.isNested else { return value }
                storage.append(value.slice, of: known)
                return Value(value.kind, Slice(offset: start, length: storage.count - start))
            }
            text.append(values, known, to: &storage)
            return .string(Slice(offset: start, length: storage.count - start))
        }
        write(values, known, to: &storage)
        return Value(.json, Slice(offset: start, length: storage.count - start))
    }

    private func write(_ values: [Value], _ known: borrowing ByteBuffer, to json: inout ByteBuffer) {
        switch self {
        case .literal(let text): json.append(text)
        case .text(let text):
            if text.parts.count == 1, case .placeholder(let number) = text.parts[0] {
                json.appendJSON(values[number], known)
            } else {
                var whole = ByteBuffer()
                text.append(values, known, to: &whole)
                json.appendJSONString(Slice(offset: 0, length: whole.count), whole)
            }
        case .array(let items):
            json.append(UInt8(ascii: "["))
            for (index, item) in items.enumerated() {
                if index > 0 { json.append(UInt8(ascii: ",")) }
                item.write(values, known, to: &json)
            }
            json.append(UInt8(ascii: "]"))
        case .object(let members):
            json.append(UInt8(ascii: "{"))
            for (index, member) in members.enumerated() {
                if index > 0 { json.append(UInt8(ascii: ",")) }
                json.appendJSONString(member.key)
                json.append(UInt8(ascii: ":"))
                member.value.write(values, known, to: &json)
            }
            json.append(UInt8(ascii: "}"))
        }
    }
}

extension GeoIPText {
    fileprivate func append(_ values: [Value], _ known: borrowing ByteBuffer, to out: inout ByteBuffer) {
        for part in parts {
            switch part {
            case .text(let bytes): out.append(bytes)
            case .placeholder(let number): out.appendRubyText(values[number], known)
            }
        }
    }
}
