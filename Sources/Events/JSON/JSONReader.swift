internal import Glibc

extension Rows {
    /// Reads a JSON object as one record's fields: its top level is taken apart, everything below stays text.
    ///
    /// O(bytes). On an error the fields added so far are gone again.
    package mutating func appendFields(json text: Slice, _ storage: inout ByteBuffer) throws(JSONError) {
        precondition(text.end <= storage.count, "slice outside the buffer")
        let first = fields.count
        keyTable.first = -1  // another record may have stood here and been taken back
        do {
            try readObject(text, first, &storage)
        } catch {
            fields.truncate(to: first)
            throw error
        }
    }

    /// Adds a record that is a JSON object. On an error the text stays in the storage, and nothing else is added.
    package mutating func appendRecord(
        json text: [UInt8], _ time: EventTime, _ storage: inout ByteBuffer
    ) throws(JSONError) {
        let first = fields.count
        try appendFields(json: storage.append(copyOf: text), &storage)
        records.append(Record(time: time, firstField: first, fieldCount: fields.count - first))
    }

    private mutating func readObject(_ text: Slice, _ first: Int, _ storage: inout ByteBuffer) throws(JSONError) {
        let end = text.end
        var base = unsafe UnsafePointer(storage.base)
        var offset = unsafe try JSONScanner.skipSpace(base, Int(text.offset), end)
        guard offset < end, unsafe base[offset] == UInt8(ascii: "{") else {
            // Tell "no JSON" from "JSON, but no object".
            guard offset < end else { throw .syntax(offset: offset) }
            let byte = unsafe base[offset]
            let valueEnd =
                unsafe byte == UInt8(ascii: "[")
                ? try JSONScanner.containerEnd(base, offset, end) : try JSONScanner.scalarEnd(base, offset, end)
            guard unsafe try JSONScanner.skipSpace(base, valueEnd, end) == end else { throw .syntax(offset: valueEnd) }
            throw .notAnObject
        }
        var seen: UInt64 = 0
        offset = unsafe try JSONScanner.skipSpace(base, offset &+ 1, end)
        if offset < end, unsafe base[offset] == UInt8(ascii: "}") {
            offset &+= 1
        } else {
            while true {
                guard offset < end, unsafe base[offset] == 0x22 else { throw .syntax(offset: offset) }
                var escaped = false
                let keyStart = offset &+ 1
                let keyEnd = unsafe try JSONScanner.stringEnd(base, keyStart, end, &escaped)
                var key = Slice(offset: keyStart, length: keyEnd &- keyStart)
                if escaped {
                    key = storage.appendUnescaped(key)
                    unsafe base = UnsafePointer(storage.base)
                }
                offset = unsafe try JSONScanner.skipSpace(base, keyEnd &+ 1, end)
                guard offset < end, unsafe base[offset] == UInt8(ascii: ":") else { throw .syntax(offset: offset) }
                offset = unsafe try JSONScanner.skipSpace(base, offset &+ 1, end)
                let value = unsafe try JSONScanner.value(base, &offset, end)
                set(key, value, first: first, seen: &seen, storage)
                offset = unsafe try JSONScanner.skipSpace(base, offset, end)
                guard offset < end else { throw .syntax(offset: offset) }
                let next = unsafe base[offset]
                offset &+= 1
                if next == UInt8(ascii: "}") { break }
                guard next == UInt8(ascii: ",") else { throw .syntax(offset: offset &- 1) }
                offset = unsafe try JSONScanner.skipSpace(base, offset, end)
            }
        }
        offset = unsafe try JSONScanner.skipSpace(base, offset, end)
        guard offset == end else { throw .syntax(offset: offset) }
    }
}

extension ByteBuffer {
    /// Decodes the inside of a JSON string that was scanned before; answers where the text is now.
    /// A lone surrogate becomes U+FFFD.
    package mutating func appendUnescaped(_ text: Slice) -> Slice {
        precondition(text.end <= count, "slice outside the buffer")
        let start = count
        var offset = Int(text.offset)
        let end = text.end
        while offset < end {
            let plain = unsafe TextKernels.backslashOffset(base + offset, end &- offset)
            append(slice: Slice(offset: offset, length: plain))
            offset &+= plain
            if offset == end { break }
            let (scalar, next) = unsafe JSONEscape.decode(base, offset, end)
            appendUTF8(scalar)
            offset = next
        }
        return Slice(offset: start, length: count - start)
    }

    package mutating func appendUTF8(_ scalar: UInt32) {
        switch scalar {
        case 0..<0x80: append(UInt8(scalar))
        case 0x80..<0x800:
            append(UInt8(0xC0 | scalar >> 6))
            append(UInt8(0x80 | scalar & 0x3F))
        case 0x800..<0x10000:
            append(UInt8(0xE0 | scalar >> 12))
            append(UInt8(0x80 | scalar >> 6 & 0x3F))
            append(UInt8(0x80 | scalar & 0x3F))
        default:
            append(UInt8(0xF0 | scalar >> 18))
            append(UInt8(0x80 | scalar >> 12 & 0x3F))
            append(UInt8(0x80 | scalar >> 6 & 0x3F))
            append(UInt8(0x80 | scalar & 0x3F))
        }
    }

    /// The value of a number's text as a double; infinite when it is out of range.
    package func double(number: Slice) -> Double {
        precondition(number.end <= count, "slice outside the buffer")
        // strtod needs an end: what follows a number in its own JSON text stops it, but the text may be all there is.
        return unsafe withUnsafeTemporaryAllocation(of: CChar.self, capacity: Int(number.length) + 1) { text in
            for index in 0..<Int(number.length) {
                unsafe text[index] = CChar(bitPattern: base[Int(number.offset) + index])
            }
            unsafe text[Int(number.length)] = 0
            return unsafe strtod(text.baseAddress!, nil)
        }
    }
}

enum JSONEscape {
    /// The scalar that the escape at `offset` stands for and the offset after it. The escape was validated by the scanner.
    static func decode(_ base: UnsafePointer<UInt8>, _ offset: Int, _ end: Int) -> (UInt32, Int) {
        switch unsafe base[offset + 1] {
        case UInt8(ascii: "b"): return (8, offset + 2)
        case UInt8(ascii: "f"): return (12, offset + 2)
        case UInt8(ascii: "n"): return (10, offset + 2)
        case UInt8(ascii: "r"): return (13, offset + 2)
        case UInt8(ascii: "t"): return (9, offset + 2)
        case UInt8(ascii: "u"):
            let unit = unsafe hex4(base, offset + 2)
            guard unit & 0xF800 == 0xD800 else { return (unit, offset + 6) }
            if unit < 0xDC00, offset + 12 <= end, unsafe base[offset + 6] == 0x5C && base[offset + 7] == 0x75 {
                let low = unsafe hex4(base, offset + 8)
                if low & 0xFC00 == 0xDC00 {
                    return (0x10000 + (unit & 0x3FF) << 10 + (low & 0x3FF), offset + 12)
                }
            }
            return (0xFFFD, offset + 6)
        default: return unsafe (UInt32(base[offset + 1]), offset + 2)
        }
    }

    private static func hex4(_ base: UnsafePointer<UInt8>, _ offset: Int) -> UInt32 {
        var value: UInt32 = 0
        for index in 0..<4 { value = value << 4 | (unsafe JSONScanner.hexValue(base[offset + index]) ?? 0) }
        return value
    }
}

extension JSONScanner {
    /// The value at `offset`, which moves to its end. Nested data is checked and left as text.
    @inline(__always)
    static func value(
        _ base: UnsafePointer<UInt8>, _ offset: inout Int, _ end: Int
    ) throws(JSONError) -> Value {
        guard offset < end else { throw .syntax(offset: offset) }
        let start = offset
        let byte = unsafe base[start]
        switch byte {
        case 0x22:
            var escaped = false
            let close = unsafe try stringEnd(base, start &+ 1, end, &escaped)
            offset = close &+ 1
            return Value(escaped ? .jsonString : .string, Slice(offset: start &+ 1, length: close &- start &- 1))
        case UInt8(ascii: "{"), UInt8(ascii: "["):
            offset = unsafe try containerEnd(base, start, end)
            return Value(.json, Slice(offset: start, length: offset &- start))
        case UInt8(ascii: "-"), 0x30...0x39:
            var isInteger = false
            offset = unsafe try numberEnd(base, start, end, &isInteger)
            if isInteger, let value = unsafe integer(base, start, offset) { return value }
            return Value(.number, Slice(offset: start, length: offset &- start))
        default:
            let (value, next) = unsafe try literal(base, start, end)
            offset = next
            return value
        }
    }
}
