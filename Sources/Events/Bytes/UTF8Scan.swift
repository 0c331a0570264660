/// Where UTF-8 is right and where it is not. Source: RFC 3629 §4, and Unicode §3.9 "maximal subpart" left aside:
/// Fluentd's users expect one U+FFFD for each invalid byte, so a bad byte costs one replacement and one step.
enum UTF8Scan {
    /// The length of the valid sequence at `offset` (1 to 4), or 0 when the byte there begins none.
    @inline(__always)
    static func sequenceLength(_ base: UnsafePointer<UInt8>, _ offset: Int, _ end: Int) -> Int {
        let first = unsafe base[offset]
        if first < 0x80 { return 1 }
        if first < 0xC2 || first > 0xF4 { return 0 }
        let left = end &- offset
        if left < 2 { return 0 }
        let second = unsafe base[offset &+ 1]
        if second & 0xC0 != 0x80 { return 0 }
        if first < 0xE0 { return 2 }
        if left < 3 { return 0 }
        let third = unsafe base[offset &+ 2]
        if third & 0xC0 != 0x80 { return 0 }
        if first < 0xF0 {
            if first == 0xE0 && second < 0xA0 { return 0 }  // overlong
            if first == 0xED && second > 0x9F { return 0 }  // surrogates
            return 3
        }
        if unsafe left < 4 || base[offset &+ 3] & 0xC0 != 0x80 { return 0 }
        if first == 0xF0 && second < 0x90 { return 0 }  // overlong
        if first == 0xF4 && second > 0x8F { return 0 }  // above U+10FFFF
        return 4
    }

    /// The first offset from `start` whose byte is not ASCII, or `end`. Eight bytes a step.
    @inline(__always)
    static func firstNonASCII(_ base: UnsafePointer<UInt8>, _ start: Int, _ end: Int) -> Int {
        var offset = start
        while offset &+ 32 <= end {
            let bytes = unsafe UnsafeRawPointer(base + offset)
            let a = unsafe bytes.loadUnaligned(as: UInt64.self)
            let b = unsafe bytes.loadUnaligned(fromByteOffset: 8, as: UInt64.self)
            let c = unsafe bytes.loadUnaligned(fromByteOffset: 16, as: UInt64.self)
            let d = unsafe bytes.loadUnaligned(fromByteOffset: 24, as: UInt64.self)
            if (a | b | c | d) & 0x8080_8080_8080_8080 != 0 { break }
            offset &+= 32
        }
        while offset &+ 8 <= end {
            let word = unsafe UnsafeRawPointer(base + offset).loadUnaligned(as: UInt64.self)
            if word & 0x8080_8080_8080_8080 != 0 { break }
            offset &+= 8
        }
        while offset < end, unsafe base[offset] < 0x80 { offset &+= 1 }
        return offset
    }
}

/// What a text is made of; decides which regular expression program may run on it.
package enum TextKind: Sendable {
    case ascii, utf8, invalid
}

extension ByteBuffer {
    /// One pass over the bytes, eight at a time while they are ASCII.
    package func kind(of slice: Slice) -> TextKind {
        precondition(slice.end <= count, "slice outside the buffer")
        let end = slice.end
        var offset = unsafe UTF8Scan.firstNonASCII(base, Int(slice.offset), end)
        if offset == end { return .ascii }
        while offset < end {
            let length = unsafe UTF8Scan.sequenceLength(base, offset, end)
            if length == 0 { return .invalid }
            offset &+= length
            if length == 1 { offset = unsafe UTF8Scan.firstNonASCII(base, offset, end) }
        }
        return .utf8
    }

    /// Appends a copy of a slice in which each invalid byte is replaced.
    package mutating func appendRepaired(_ slice: Slice, replacement: StaticString = "\u{FFFD}") -> Slice {
        let start = count
        var offset = Int(slice.offset)
        let end = slice.end
        while offset < end {
            let length = unsafe UTF8Scan.sequenceLength(base, offset, end)
            if length == 0 {
                append(replacement)
                offset += 1
            } else {
                append(slice: Slice(offset: offset, length: length))
                offset += length
            }
        }
        return Slice(offset: start, length: count - start)
    }
}
