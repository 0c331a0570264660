extension ByteBuffer {
    /// Appends JSON that our own writer made, with a replacement for each dot in its keys. Answers whether there was one.
    ///
    /// Two keys of an object may be the same behind it; of them the writer keeps the first place and the last value.
    ///
    /// - Parameter replacement: as it is within a JSON string.
    package mutating func append(_ json: borrowing ByteBuffer, replacingDotsInKeysBy replacement: [UInt8]) -> Bool {
        var copied = 0
        var place = 0
        var isReplaced = false
        while place < json.count {
            guard json[place] == 0x22 else {
                place += 1
                continue
            }
            let start = place + 1
            place = json.jsonStringEnd(from: start, before: json.count) + 1
            guard place < json.count, json[place] == UInt8(ascii: ":") else { continue }
            for dot in start..<place - 1 where json[dot] == UInt8(ascii: ".") {
                append(Slice(offset: copied, length: dot - copied), of: json)
                append(replacement)
                copied = dot + 1
                isReplaced = true
            }
        }
        append(Slice(offset: copied, length: json.count - copied), of: json)
        return isReplaced
    }
}
