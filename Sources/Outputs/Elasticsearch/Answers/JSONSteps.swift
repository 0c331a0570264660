internal import Events
internal import Glibc

/// Walks over JSON on its bytes, strictly: `place` is always at or before the end, and every loop moves it on.
struct JSONSteps {
    var place = 0
    let end: Int
    /// In the container that is read now, a member has been read: a comma must come before the next.
    private var needsComma = false

    init(end: Int) { self.end = end }

    func peek(_ body: borrowing ByteBuffer) -> UInt8 { place < end ? body[place] : 0 }

    private mutating func skipSpace(_ body: borrowing ByteBuffer) {
        while place < end {
            let byte = body[place]
            guard byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09 else { return }
            place += 1
        }
    }

    /// Into an object or an array.
    mutating func open(_ body: borrowing ByteBuffer, _ byte: UInt8) throws(BulkResponseError) {
        skipSpace(body)
        guard peek(body) == byte else { throw .malformed(offset: place) }
        place += 1
        needsComma = false
    }

    /// The inside of the next member's key, with `place` at its value; nil at the end of the object.
    mutating func nextKey(_ body: borrowing ByteBuffer) throws(BulkResponseError) -> Slice? {
        guard try step(body, closing: UInt8(ascii: "}")) else { return nil }
        let key = try string(body)
        skipSpace(body)
        guard peek(body) == UInt8(ascii: ":") else { throw .malformed(offset: place) }
        place += 1
        skipSpace(body)
        return key
    }

    /// Whether there is one more element, with `place` at it.
    mutating func nextElement(_ body: borrowing ByteBuffer) throws(BulkResponseError) -> Bool {
        try step(body, closing: UInt8(ascii: "]"))
    }

    /// Past the comma to the next member, or past the end of the container. What is read next, and the end of it, leaves
    /// a member behind in either container.
    private mutating func step(_ body: borrowing ByteBuffer, closing: UInt8) throws(BulkResponseError) -> Bool {
        skipSpace(body)
        if peek(body) == closing {
            place += 1
            needsComma = true
            return false
        }
        if needsComma {
            guard peek(body) == UInt8(ascii: ",") else { throw .malformed(offset: place) }
            place += 1
            skipSpace(body)
        }
        guard place < end else { throw .malformed(offset: place) }
        needsComma = true
        return true
    }

    /// Past a string; answers its inside.
    mutating func string(_ body: borrowing ByteBuffer) throws(BulkResponseError) -> Slice {
        guard peek(body) == 0x22 else { throw .malformed(offset: place) }
        let start = place + 1
        var close = start
        while close < end, body[close] != 0x22 { close += body[close] == 0x5C ? 2 : 1 }
        guard close < end else { throw .malformed(offset: place) }
        place = close + 1
        return Slice(offset: start, length: close - start)
    }

    /// Past any value; the number when it is one that a status can be, else nil.
    mutating func status(_ body: borrowing ByteBuffer) throws(BulkResponseError) -> Int? {
        let start = place
        try skip(body)
        guard place - start == 3 else { return nil }
        var value = 0
        for offset in start..<place {
            guard body[offset] &- 0x30 < 10 else { return nil }
            value = value * 10 + Int(body[offset] - 0x30)
        }
        return value >= 100 && value < 600 ? value : nil
    }

    /// Past any value.
    mutating func skip(_ body: borrowing ByteBuffer) throws(BulkResponseError) {
        do {
            guard let after = try JSONTranscoder.valueEnd(body, from: place), after > place else {
                throw BulkResponseError.malformed(offset: place)
            }
            place = after
        } catch {
            throw .malformed(offset: place)
        }
    }

    /// Nothing but white space may follow.
    mutating func finish(_ body: borrowing ByteBuffer) throws(BulkResponseError) {
        skipSpace(body)
        guard place == end else { throw .malformed(offset: place) }
    }
}

extension Slice {
    var isEmpty: Bool { length == 0 }
}

extension ByteBuffer {
    func holds(_ name: StaticString, at slice: Slice) -> Bool {
        guard Int(slice.length) == name.utf8CodeUnitCount else { return false }
        return name.withUTF8Buffer { bytes in
            for index in 0..<bytes.count {
                if unsafe bytes[index] != self[Int(slice.offset) + index] { return false }
            }
            return true
        }
    }

    /// Whether the bytes of `slice` stand once more at `place`.
    func repeats(_ slice: Slice, at place: Int) -> Bool {
        let length = Int(slice.length)
        guard place + length <= count else { return false }
        return unsafe withUnsafeBytes(slice) { first, length in
            unsafe withUnsafeBytes(Slice(offset: place, length: length)) { second, length in
                unsafe memcmp(first, second, length) == 0
            }
        }
    }

    /// Whether this byte stands there.
    func holds(_ byte: UInt8, at place: Int) -> Bool { place < count && self[place] == byte }

    /// Text from the inside of a JSON string, decoded; escapes that are none stay as they are.
    func decoded(_ inside: Slice) -> String {
        var object = ByteBuffer(capacity: Int(inside.length) + 16)
        object.append("{\"t\":\"")
        object.append(inside, of: self)
        object.append("\"}")
        var rows = Rows(fieldCapacity: 1)
        guard (try? rows.appendFields(json: Slice(offset: 0, length: object.count), &object)) != nil else {
            return text(inside)
        }
        var out = ByteBuffer(capacity: Int(inside.length))
        out.appendText(rows.fields[0].value, object)
        return out.text(Slice(offset: 0, length: out.count))
    }
}
