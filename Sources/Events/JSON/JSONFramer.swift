/// Finds where a JSON object or array ends in a stream that arrives in pieces, looking at each byte once.
///
/// It knows strings, comments and brackets, not the grammar: what it finds is then read by the scanner, which refuses
/// what is no JSON. A byte that begins no object or array is an end of its own, so that the scanner sees it at once.
package struct JSONFramer: Sendable {
    private enum State { case plain, string, escape, slash, lineComment, blockComment, star }

    /// Where the next byte is expected.
    package private(set) var offset: Int
    private var depth = 0
    private var state = State.plain

    package init(at offset: Int) { self.offset = offset }

    /// Whether nothing but white space (and finished comments) has been seen.
    package var isBlank: Bool { depth == 0 && state == .plain }

    /// Goes on with what lies before `end`. Answers the end of the value, or nil when more bytes are needed.
    package mutating func advance(_ storage: borrowing ByteBuffer, end: Int) -> Int? {
        precondition(end <= storage.count, "range outside the buffer")
        while offset < end {
            let byte = storage[offset]
            offset += 1
            switch state {
            case .plain: if isEnd(byte) { return offset }
            case .string:
                if byte == 0x22 { state = .plain } else if byte == 0x5C { state = .escape }
            case .escape: state = .string
            case .slash:
                if byte == UInt8(ascii: "*") {
                    state = .blockComment
                } else if byte == UInt8(ascii: "/") {
                    state = .lineComment
                } else {
                    return offset
                }
            case .lineComment: if byte == 0x0A { state = .plain }
            case .blockComment: if byte == UInt8(ascii: "*") { state = .star }
            case .star:
                if byte == UInt8(ascii: "/") {
                    state = .plain
                } else if byte != UInt8(ascii: "*") {
                    state = .blockComment
                }
            }
        }
        return nil
    }

    /// Outside of strings and comments: whether the value ends with this byte.
    private mutating func isEnd(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "{"), UInt8(ascii: "["): depth += 1
        case UInt8(ascii: "}"), UInt8(ascii: "]"):
            depth -= 1
            return depth <= 0
        case UInt8(ascii: "/"): state = .slash
        case 0x22 where depth > 0: state = .string
        default: return depth == 0 && !JSONScanner.isSpace(byte)
        }
        return false
    }

    /// After bytes were removed from the front of the buffer.
    package mutating func rebase(by removed: Int) { offset -= removed }
}
