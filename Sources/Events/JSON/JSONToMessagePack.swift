/// JSON text as MessagePack, for the JSON form of the forward protocol and for `sluice send`: one decoder serves both.
///
/// Integers beyond 64 bits become floats, because MessagePack has none.
package enum JSONTranscoder {
    /// Where the JSON value that begins at `offset` ends, or nil when it is not all there yet.
    ///
    /// A scalar at the top level ends where something else follows it.
    package static func valueEnd(_ storage: borrowing ByteBuffer, from offset: Int) throws(JSONError) -> Int? {
        let end = storage.count
        do {
            let start = unsafe try JSONScanner.skipSpace(storage.base, offset, end)
            guard start < end else { return nil }
            let byte = storage[start]
            return unsafe byte == UInt8(ascii: "{") || byte == UInt8(ascii: "[")
                ? try JSONScanner.containerEnd(storage.base, start, end)
                : try JSONScanner.scalarEnd(storage.base, start, end)
        } catch .syntax(let place) where isCutShort(storage, from: offset, place) {
            return nil
        }
    }

    /// Whether nothing but white space is left.
    package static func isBlank(_ storage: borrowing ByteBuffer, from offset: Int) -> Bool {
        for index in offset..<storage.count where !JSONScanner.isSpace(storage[index]) { return false }
        return true
    }

    /// Whether an error at `place` may come from text that has not all arrived: no container that was opened has been
    /// closed wrongly before it, so the only sign is that the scanner ran out of input.
    private static func isCutShort(_ storage: borrowing ByteBuffer, from offset: Int, _ place: Int) -> Bool {
        var depth = 0
        var inString = false
        var isEscaped = false
        for index in offset..<storage.count {
            let byte = storage[index]
            if inString {
                if isEscaped {
                    isEscaped = false
                } else if byte == 0x5C {
                    isEscaped = true
                } else if byte == 0x22 {
                    inString = false
                }
            } else if byte == 0x22 {
                inString = true
            } else if byte == UInt8(ascii: "{") || byte == UInt8(ascii: "[") {
                depth += 1
            } else if byte == UInt8(ascii: "}") || byte == UInt8(ascii: "]") {
                depth -= 1
                if depth <= 0 { return false }
            }
        }
        return place >= storage.count || inString || depth > 0
    }

    /// Appends the value at `offset` of `text` to `out`; answers the offset after it.
    package static func transcode(
        _ text: borrowing ByteBuffer, at offset: Int, to out: inout ByteBuffer
    ) throws(JSONError) -> Int {
        let end = text.count
        let start = unsafe try JSONScanner.skipSpace(text.base, offset, end)
        guard start < end else { throw .syntax(offset: start) }
        let byte = text[start]
        let isContainer = byte == UInt8(ascii: "{") || byte == UInt8(ascii: "[")
        let after = isContainer ? unsafe try JSONScanner.containerEnd(text.base, start, end) : end
        return try value(text, at: start, after, to: &out)
    }

    /// The grammar and the depth were checked for the whole value.
    private static func value(
        _ text: borrowing ByteBuffer, at start: Int, _ end: Int, to out: inout ByteBuffer
    ) throws(JSONError) -> Int {
        switch text[start] {
        case UInt8(ascii: "{"), UInt8(ascii: "["):
            var place = start
            try container(text, &place, end, to: &out)
            return place
        case 0x22:
            var place = start
            try string(text, &place, end, to: &out)
            return place
        default:
            let after = unsafe try JSONScanner.scalarEnd(text.base, start, end)
            try scalar(text, start, after, to: &out)
            return after
        }
    }

    private static func container(
        _ text: borrowing ByteBuffer, _ place: inout Int, _ end: Int, to out: inout ByteBuffer
    ) throws(JSONError) {
        let isObject = text[place] == UInt8(ascii: "{")
        let close = isObject ? UInt8(ascii: "}") : UInt8(ascii: "]")
        var body = ByteBuffer()
        var count = 0
        place = unsafe try JSONScanner.skipSpace(text.base, place + 1, end)
        while text[place] != close {
            if text[place] == UInt8(ascii: ",") { place = unsafe try JSONScanner.skipSpace(text.base, place + 1, end) }
            if isObject {
                try string(text, &place, end, to: &body)
                place = unsafe try JSONScanner.skipSpace(text.base, place, end) + 1  // the colon
            }
            place = unsafe try JSONScanner.skipSpace(text.base, place, end)
            place = try value(text, at: place, end, to: &body)
            place = unsafe try JSONScanner.skipSpace(text.base, place, end)
            count += 1
        }
        place += 1
        if isObject { out.appendMessagePack(mapCount: count) } else { out.appendMessagePack(arrayCount: count) }
        out.append(body)
    }

    private static func string(
        _ text: borrowing ByteBuffer, _ place: inout Int, _ end: Int, to out: inout ByteBuffer
    ) throws(JSONError) {
        var escaped = false
        let start = place + 1
        let close = unsafe try JSONScanner.stringEnd(text.base, start, end, &escaped)
        var content = ByteBuffer(capacity: close - start)
        content.append(Slice(offset: start, length: close - start), of: text)
        let slice = Slice(offset: 0, length: content.count)
        let decoded = escaped ? content.appendUnescaped(slice) : slice
        out.appendMessagePack(stringHeader: Int(decoded.length))
        out.append(decoded, of: content)
        place = close + 1
    }

    private static func scalar(
        _ text: borrowing ByteBuffer, _ start: Int, _ end: Int, to out: inout ByteBuffer
    ) throws(JSONError) {
        let byte = text[start]
        if byte == UInt8(ascii: "-") || byte &- 0x30 < 10 {
            var isInteger = false
            let after = unsafe try JSONScanner.numberEnd(text.base, start, end, &isInteger)
            if isInteger, let value = unsafe JSONScanner.integer(text.base, start, after) {
                if value.kind == .uint {
                    out.appendMessagePack(value.payload)
                } else {
                    out.appendMessagePack(value.intValue)
                }
            } else {
                out.appendMessagePack(text.double(number: Slice(offset: start, length: after - start)))
            }
            return
        }
        switch unsafe try JSONScanner.literal(text.base, start, end).0.kind {
        case .true: out.appendMessagePack(true)
        case .false: out.appendMessagePack(false)
        default: out.appendMessagePackNil()
        }
    }
}
