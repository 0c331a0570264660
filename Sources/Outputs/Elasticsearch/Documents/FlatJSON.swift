internal import Events

/// `flatten_hashes`: `"a":{"b":{"c":1}}` as `"a_b_c":1`. Arrays stay as they are, empty objects vanish.
enum FlatJSON {
    /// Appends the members of a nested field, whose value is JSON that our own writer made. When it has none and something
    /// was written before it, the comma that stands in front of it is taken back.
    static func append(
        _ fieldKey: Slice, _ text: consuming ByteBuffer, separator: String, _ storage: borrowing ByteBuffer,
        isFirst: Bool, to out: inout ByteBuffer
    ) {
        var key = ByteBuffer(capacity: 64)
        key.appendJSONString(fieldKey, storage)
        var writer = Writer(text: text, separator: Array(separator.utf8))
        let start = out.count
        var place = 0
        writer.value(&place, Array(key.array().dropFirst().dropLast()), to: &out)
        if out.count == start && !isFirst { out.truncate(to: start - 1) }
    }

    /// Walks over JSON that our own writer made: no white space, always valid.
    private struct Writer: ~Copyable {
        let text: ByteBuffer
        let separator: [UInt8]
        private var isFirst = true

        init(text: consuming ByteBuffer, separator: [UInt8]) {
            self.text = text
            self.separator = separator
        }

        /// `key`: the inside of a JSON string.
        mutating func value(_ place: inout Int, _ key: [UInt8], to out: inout ByteBuffer) {
            guard text[place] == UInt8(ascii: "{") else {
                let start = place
                skip(&place)
                if !isFirst { out.append(UInt8(ascii: ",")) }
                isFirst = false
                out.append(0x22)
                out.append(key)
                out.append("\":")
                out.append(Slice(offset: start, length: place - start), of: text)
                return
            }
            place += 1
            while place < text.count, text[place] != UInt8(ascii: "}") {
                if text[place] == UInt8(ascii: ",") { place += 1 }
                let start = place + 1
                skip(&place)
                let member = text.array(Slice(offset: start, length: place - 1 - start))
                place += 1  // the colon
                value(&place, key + separator + member, to: &out)
            }
            place += 1
        }

        /// Past one value.
        private func skip(_ place: inout Int) {
            var depth = 0
            var isInString = false
            while place < text.count {
                let byte = text[place]
                if isInString {
                    if byte == 0x5C { place += 1 } else if byte == 0x22 { isInString = false }
                } else if byte == 0x22 {
                    isInString = true
                } else if byte == UInt8(ascii: "{") || byte == UInt8(ascii: "[") {
                    depth += 1
                } else if byte == UInt8(ascii: "}") || byte == UInt8(ascii: "]") {
                    if depth == 0 { return }
                    depth -= 1
                } else if depth == 0 && (byte == UInt8(ascii: ",") || byte == UInt8(ascii: ":")) {
                    return
                }
                place += 1
                if depth == 0 && !isInString && (byte == 0x22 || byte == UInt8(ascii: "}") || byte == UInt8(ascii: "]"))
                {
                    return
                }
            }
        }
    }
}
