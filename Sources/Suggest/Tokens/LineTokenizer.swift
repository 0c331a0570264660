import Grok

/// Cuts a sample line into tokens: times, addresses, numbers, quoted and bracketed text, pairs, words, punctuation.
struct LineTokenizer {
    /// How far a closing quote or bracket is looked for.
    static let maximumGroupBytes = 2_048
    /// Tokens of a line; what follows belongs to the text at the end.
    static let maximumTokens = 80

    let line: [UInt8]
    let end: Int
    var position = 0
    /// A colour code ends where the next token begins.
    private var isBehindColour = false
    private var tokens: [SampleToken] = []

    /// The tokens of a line, or of a part of it; blanks at its end belong to none.
    static func tokens(of line: [UInt8], in range: Range<Int>? = nil) -> [SampleToken] {
        var tokenizer = LineTokenizer(line, range ?? 0..<line.count)
        tokenizer.run()
        return tokenizer.tokens
    }

    init(_ line: [UInt8], _ range: Range<Int>) {
        self.line = line
        var end = range.upperBound
        while end > range.lowerBound, line[end - 1].isBlank || line[end - 1] == 0x0D { end -= 1 }
        self.end = end
        position = range.lowerBound
    }

    func byte(_ index: Int) -> UInt8 { index < end ? line[index] : 0 }

    private mutating func run() {
        while tokens.count < Self.maximumTokens {
            var blanks = 0
            var tabbed = false
            var coloured = false
            isBehindColour = false
            while position < end {
                if line[position].isBlank {
                    isBehindColour = false
                    if line[position] == 0x09 { tabbed = true }
                    blanks += 1
                    position += 1
                } else if let stop = TerminalColour.end(in: line, at: position, limit: end) {
                    coloured = true
                    isBehindColour = true
                    position = stop
                } else {
                    break
                }
            }
            guard position < end else { return }
            let start = position
            var token = scan()
            token.blanks = blanks
            token.isTabbed = tabbed
            token.isColoured = coloured
            tokens.append(token)
            // Every token takes at least a byte, or the loop would not end.
            position = max(token.end, start + 1)
        }
    }

    private func scan() -> SampleToken {
        let first = line[position]
        if let found = TimestampScanner.find(in: line, at: position, isBehindColour: isBehindColour),
            found.end <= end
        {
            var token = SampleToken(.timestamp, position, found.end)
            token.shape = found.shape
            token.ambiguous = found.ambiguous
            return token
        }
        switch Unicode.Scalar(first) {
        case "\"":
            if let close = quote(from: position) { return quoted(close) }
        case "'":
            if let close = quote(from: position), !byte(close + 1).isWord { return quoted(close) }
        case "[", "(", "{", "<":
            if let close = closing(from: position) { return group(close) }
        default:
            if let tag = tag() { return tag }
            if let pair = pair() { return pair }
            let stop = runEnd(from: position)
            if stop > position { return run(to: stop) }
        }
        return SampleToken(.mark, position, position + 1)
    }

    private func quoted(_ close: Int) -> SampleToken {
        var token = SampleToken(.quoted, position, close + 1)
        token.inner = (position + 1)..<close
        return token
    }

    private func group(_ close: Int) -> SampleToken {
        // An address of version 6 in brackets, and its port.
        if line[position] == UInt8(ascii: "["), Self.kind(of: line[(position + 1)..<close]) == .ipv6,
            byte(close + 1) == UInt8(ascii: ":"), byte(close + 2).isDigit
        {
            return endpoint((position + 1)..<close, digitsAfter: close + 1)
        }
        var token = SampleToken(.group, position, close + 1)
        token.inner = (position + 1)..<close
        return token
    }

    private func endpoint(_ host: Range<Int>, digitsAfter colon: Int) -> SampleToken {
        var stop = colon + 1
        while byte(stop).isDigit { stop += 1 }
        var token = SampleToken(.endpoint, position, stop)
        token.inner = host
        token.other = (colon + 1)..<stop
        return token
    }

    // MARK: - What ends where

    /// Where the quoted text that begins at `start` has its closing quote.
    func quote(from start: Int) -> Int? {
        let limit = min(end, start + Self.maximumGroupBytes)
        var index = start + 1
        while index < limit {
            // Two quotes are one (RFC 4180).
            if line[index] == line[start] {
                guard byte(index + 1) == line[start], index + 1 < limit, index > start + 1 else { return index }
                index += 1
            }
            index += line[index] == UInt8(ascii: "\\") ? 2 : 1
        }
        return nil
    }

    /// The bracket that closes the one at `start`.
    func closing(from start: Int) -> Int? {
        let open = line[start]
        let close = Self.closer(of: open)
        let limit = min(end, start + (open == UInt8(ascii: "<") ? 80 : Self.maximumGroupBytes))
        var depth = 0
        var index = start
        while index < limit {
            if line[index] == open { depth += 1 }
            if line[index] == close {
                depth -= 1
                if depth == 0 { return index > start + 1 || open != UInt8(ascii: "<") ? index : nil }
            }
            if open == UInt8(ascii: "<"), line[index].isBlank { return nil }
            index += 1
        }
        return nil
    }

    static func closer(of byte: UInt8) -> UInt8 {
        switch Unicode.Scalar(byte) {
        case "[": UInt8(ascii: "]")
        case "(": UInt8(ascii: ")")
        case "{": UInt8(ascii: "}")
        default: UInt8(ascii: ">")
        }
    }

    /// Where a run of bytes without blanks, bars, brackets and quotes ends.
    private func runEnd(from start: Int) -> Int {
        var index = start
        let isMarks = !line[start].isWord && line[start] < 0x80
        while index < end {
            let byte = line[index]
            if byte.isBlank || byte == 0x1B || byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "|") { break }
            switch Unicode.Scalar(byte) {
            case "[", "{", "(":
                // `call()` is one thing; `name[12]` is two.
                if byte == UInt8(ascii: "("), self.byte(index + 1) == UInt8(ascii: ")") {
                    index += 1
                } else {
                    return index
                }
            case "]", ")", "}": return index
            case ",", ";":
                let next = self.byte(index + 1)
                if next == 0 || next.isBlank || keyEnd(at: index + 1) != nil { return index }
            case "=":
                if !isMarks, index > start, !hasScheme(start, index) { return index }
            case "<":
                if index > start, !isMarks { return index }
            default: break
            }
            index += 1
        }
        return index
    }

    /// Whether the text is an address with a query, in which an equals sign is one byte like another.
    private func hasScheme(_ start: Int, _ stop: Int) -> Bool {
        line[start] == UInt8(ascii: "/") || line[start..<stop].contains(UInt8(ascii: "?"))
            || Self.isURI(line[start..<stop])
    }

    /// A run; punctuation at its end, and a number behind a colon, are told apart.
    private func run(to stop: Int) -> SampleToken {
        var stop = stop
        let whole = Self.kind(of: line[position..<stop])
        if whole != .opaque, whole != .path { return SampleToken(whole, position, stop) }
        // `GET /`
        if stop == position + 1, whole == .path, tokens.last?.kind == .method {
            return SampleToken(.path, position, stop)
        }
        if line[position..<stop].allSatisfy({ !$0.isWord && $0 < 0x80 }) {
            return SampleToken(.mark, position, stop)
        }
        let ends: [UInt8] = [0x3A, 0x2E, 0x21, 0x3F, 0x2C, 0x3B]  // : . ! ? , ;
        while stop - 1 > position, ends.contains(line[stop - 1]) { stop -= 1 }
        let kind = Self.kind(of: line[position..<stop])
        if kind == .opaque, let colon = line[position..<stop].lastIndex(of: UInt8(ascii: ":")), colon > position,
            colon + 1 < stop, stop - colon <= 7, line[(colon + 1)..<stop].allSatisfy({ $0.isDigit })
        {
            let host = Self.kind(of: line[position..<colon])
            if [.ipv4, .ipv6, .name, .word, .path].contains(host) {
                return endpoint(position..<colon, digitsAfter: colon)
            }
        }
        return SampleToken(kind, position, stop)
    }
}
