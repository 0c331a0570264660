/// JSON text (RFC 8259), read where it lies. Also accepted, as Fluentd's parser does: `/* */` and `//` comments, and raw
/// control characters inside strings. Not accepted: NaN, Infinity, leading zeros, anything after the value.
package enum JSONError: Error, Equatable, Sendable {
    /// Not JSON at this offset (counted in the storage).
    case syntax(offset: Int)
    /// JSON, but no object.
    case notAnObject
    case tooDeep(limit: Int)
}

package enum JSONLimits {
    /// How deep data may be nested, in MessagePack and JSON alike.
    package static let depth = 512
}

/// The steps of the grammar over raw bytes, which must lie in a `ByteBuffer`: every function takes the end, and what lies
/// behind it decides nothing, but whole words are loaded there, and the buffer's slack makes that safe.
enum JSONScanner {
    @inline(__always)
    static func isSpace(_ byte: UInt8) -> Bool { byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09 }

    /// The offset of the next byte that is neither white space nor in a comment.
    @inline(__always)
    static func skipSpace(_ base: UnsafePointer<UInt8>, _ start: Int, _ end: Int) throws(JSONError) -> Int {
        var offset = start
        while offset < end {
            let byte = unsafe base[offset]
            if byte > 0x20 && byte != UInt8(ascii: "/") { return offset }  // nearly always
            if isSpace(byte) {
                offset &+= 1
            } else if byte == UInt8(ascii: "/") {
                offset = unsafe try skipComment(base, offset, end)
            } else {
                break
            }
        }
        return offset
    }

    private static func skipComment(_ base: UnsafePointer<UInt8>, _ start: Int, _ end: Int) throws(JSONError) -> Int {
        guard start + 1 < end else { throw .syntax(offset: start) }
        var offset = start + 2
        if unsafe base[start + 1] == UInt8(ascii: "/") {
            while offset < end, unsafe base[offset] != 0x0A { offset += 1 }
            return offset
        }
        guard unsafe base[start + 1] == UInt8(ascii: "*") else { throw .syntax(offset: start) }
        while offset + 1 < end {
            if unsafe base[offset] == UInt8(ascii: "*") && base[offset + 1] == UInt8(ascii: "/") { return offset + 2 }
            offset += 1
        }
        throw .syntax(offset: start)
    }

    /// From the byte after the opening quote to the closing quote's offset. `escaped` becomes true at a backslash.
    @inline(__always)
    static func stringEnd(
        _ base: UnsafePointer<UInt8>, _ start: Int, _ end: Int, _ escaped: inout Bool
    ) throws(JSONError) -> Int {
        var offset = start
        while true {
            if offset < end { unsafe offset &+= TextKernels.quoteOffset(base + offset, end &- offset) }
            if offset >= end { throw .syntax(offset: start) }
            if unsafe base[offset] == 0x22 { return offset }
            escaped = true
            offset = unsafe try skipEscape(base, offset, end)
        }
    }

    private static func skipEscape(_ base: UnsafePointer<UInt8>, _ start: Int, _ end: Int) throws(JSONError) -> Int {
        guard start + 1 < end else { throw .syntax(offset: start) }
        switch unsafe base[start + 1] {
        case 0x22, 0x5C, 0x2F, 0x62, 0x66, 0x6E, 0x72, 0x74: return start + 2
        case UInt8(ascii: "u"):
            guard start + 5 < end else { throw .syntax(offset: start) }
            for index in 2..<6 {
                guard unsafe hexValue(base[start + index]) != nil else { throw .syntax(offset: start) }
            }
            return start + 6
        default: throw .syntax(offset: start)
        }
    }

    static func hexValue(_ byte: UInt8) -> UInt32? {
        switch byte {
        case 0x30...0x39: UInt32(byte - 0x30)
        case 0x41...0x46: UInt32(byte - 0x37)
        case 0x61...0x66: UInt32(byte - 0x57)
        default: nil
        }
    }

    /// The end of the number at `start`; whether it is an integer.
    @inline(__always)
    static func numberEnd(
        _ base: UnsafePointer<UInt8>, _ start: Int, _ end: Int, _ isInteger: inout Bool
    ) throws(JSONError) -> Int {
        var offset = start
        if offset < end, unsafe base[offset] == UInt8(ascii: "-") { offset &+= 1 }
        let digits = offset
        while offset < end, unsafe base[offset] &- 0x30 < 10 { offset &+= 1 }
        if unsafe offset == digits || offset &- digits > 1 && base[digits] == 0x30 { throw .syntax(offset: start) }
        isInteger = true
        if offset < end, unsafe base[offset] == UInt8(ascii: ".") {
            isInteger = false
            let fraction = offset &+ 1
            offset = fraction
            while offset < end, unsafe base[offset] &- 0x30 < 10 { offset &+= 1 }
            if offset == fraction { throw .syntax(offset: start) }
        }
        if offset < end, unsafe base[offset] | 0x20 == UInt8(ascii: "e") {
            isInteger = false
            offset &+= 1
            if offset < end, unsafe base[offset] == UInt8(ascii: "+") || base[offset] == UInt8(ascii: "-") {
                offset &+= 1
            }
            let exponent = offset
            while offset < end, unsafe base[offset] &- 0x30 < 10 { offset &+= 1 }
            if offset == exponent { throw .syntax(offset: start) }
        }
        return offset
    }

    /// The value of an integer's text, or nil when it needs more than 64 bits.
    @inline(__always)
    static func integer(_ base: UnsafePointer<UInt8>, _ start: Int, _ end: Int) -> Value? {
        var offset = start
        let negative = unsafe base[offset] == UInt8(ascii: "-")
        if negative { offset &+= 1 }
        if end &- offset > 20 { return nil }
        var magnitude: UInt64 = 0
        while offset < end {
            let (product, overflow) = magnitude.multipliedReportingOverflow(by: 10)
            let (sum, carry) = unsafe product.addingReportingOverflow(UInt64(base[offset] &- 0x30))
            if overflow || carry { return nil }
            magnitude = sum
            offset &+= 1
        }
        if !negative { return .uint(magnitude) }
        return magnitude > UInt64(1) << 63 ? nil : .int(Int64(truncatingIfNeeded: 0 &- magnitude))
    }

    /// The literal at `start`, if it is one.
    @inline(__always)
    static func literal(_ base: UnsafePointer<UInt8>, _ start: Int, _ end: Int) throws(JSONError) -> (Value, Int) {
        let left = end &- start
        if left >= 4 {
            let word = unsafe UnsafeRawPointer(base + start).loadUnaligned(as: UInt32.self).littleEndian
            if word == 0x6C6C_756E { return (.null, start &+ 4) }  // "null"
            if word == 0x6575_7274 { return (.bool(true), start &+ 4) }  // "true"
            if word == 0x736C_6166, left >= 5, unsafe base[start &+ 4] == UInt8(ascii: "e") {
                return (.bool(false), start &+ 5)
            }
        }
        throw .syntax(offset: start)
    }

    /// The end of the object or array at `start`, checked against the grammar. Iterative; one bit per level.
    static func containerEnd(_ base: UnsafePointer<UInt8>, _ start: Int, _ end: Int) throws(JSONError) -> Int {
        var nesting = Nesting()
        var offset = start
        var expectsValue = true
        while true {
            if expectsValue {
                offset = unsafe try skipSpace(base, offset, end)
                guard offset < end else { throw .syntax(offset: offset) }
                let byte = unsafe base[offset]
                if byte == UInt8(ascii: "{") || byte == UInt8(ascii: "[") {
                    if nesting.depth >= JSONLimits.depth { throw .tooDeep(limit: JSONLimits.depth) }
                    let object = byte == UInt8(ascii: "{")
                    nesting.enter(isObject: object)
                    offset = unsafe try skipSpace(base, offset &+ 1, end)
                    guard offset < end else { throw .syntax(offset: offset) }
                    if unsafe base[offset] != (object ? UInt8(ascii: "}") : UInt8(ascii: "]")) {
                        if object { offset = unsafe try memberKey(base, offset, end) }
                        continue
                    }
                } else {
                    offset = unsafe try scalarEnd(base, offset, end)
                }
                expectsValue = false
                if nesting.depth == 0 { return offset }
            }
            offset = unsafe try skipSpace(base, offset, end)
            guard offset < end else { throw .syntax(offset: offset) }
            let object = nesting.isInObject
            switch unsafe base[offset] {
            case UInt8(ascii: ","):
                offset &+= 1
                if object {
                    offset = unsafe try memberKey(base, skipSpace(base, offset, end), end)
                }
                expectsValue = true
            case object ? UInt8(ascii: "}") : UInt8(ascii: "]"):
                offset &+= 1
                nesting.depth &-= 1
                if nesting.depth == 0 { return offset }
            default: throw .syntax(offset: offset)
            }
        }
    }

    /// Past `"key" :`.
    private static func memberKey(_ base: UnsafePointer<UInt8>, _ start: Int, _ end: Int) throws(JSONError) -> Int {
        guard start < end, unsafe base[start] == 0x22 else { throw .syntax(offset: start) }
        var escaped = false
        let close = unsafe try stringEnd(base, start &+ 1, end, &escaped)
        let colon = unsafe try skipSpace(base, close &+ 1, end)
        guard colon < end, unsafe base[colon] == UInt8(ascii: ":") else { throw .syntax(offset: colon) }
        return colon &+ 1
    }

    static func scalarEnd(_ base: UnsafePointer<UInt8>, _ start: Int, _ end: Int) throws(JSONError) -> Int {
        let byte = unsafe base[start]
        if byte == 0x22 {
            var escaped = false
            return unsafe try stringEnd(base, start &+ 1, end, &escaped) &+ 1
        }
        if byte == UInt8(ascii: "-") || byte &- 0x30 < 10 {
            var isInteger = false
            return unsafe try numberEnd(base, start, end, &isInteger)
        }
        return unsafe try literal(base, start, end).1
    }
}

/// In what a value stands: objects and arrays, a bit each, so that nothing is allocated for a record.
private struct Nesting {
    private var bits = InlineArray<8, UInt64>(repeating: 0)
    var depth = 0

    /// Not beyond `JSONLimits.depth`.
    mutating func enter(isObject: Bool) {
        let bit = UInt64(1) << UInt64(depth & 63)
        if isObject { bits[depth >> 6] |= bit } else { bits[depth >> 6] &= ~bit }
        depth &+= 1
    }

    var isInObject: Bool { bits[(depth &- 1) >> 6] & UInt64(1) << UInt64((depth &- 1) & 63) != 0 }
}
