import Grok

/// Pairs, names with a colon behind them, and the columns of tables.
extension LineTokenizer {
    /// The equals sign of `name=` at a place.
    func keyEnd(at start: Int) -> Int? {
        guard start < end, line[start].isLetter || line[start] == 0x5F || line[start] == UInt8(ascii: "@") else {
            return nil
        }
        var index = start + 1
        while index < end, line[index].isWord || line[index] == UInt8(ascii: ".") || line[index] == UInt8(ascii: "-") {
            index += 1
        }
        guard index < end, index - start <= 64, line[index] == UInt8(ascii: "="), byte(index + 1) != line[index] else {
            return nil
        }
        return index
    }

    func pair() -> SampleToken? {
        if let equals = keyEnd(at: position) {
            let begin = equals + 1
            var token = SampleToken(.pair, position, begin)
            token.other = position..<equals
            token.inner = begin..<begin
            let first = byte(begin)
            if first == UInt8(ascii: "\"") || first == UInt8(ascii: "'"), let close = quote(from: begin) {
                token.inner = (begin + 1)..<close
                token.valueKind = .quoted
                token.end = close + 1
                return token
            }
            if let found = TimestampScanner.find(in: line, at: begin), found.end <= end,
                byte(found.end) == 0 || !isValue(found.end)
            {
                token.inner = begin..<found.end
                token.shape = found.shape
                token.ambiguous = found.ambiguous
                token.valueKind = .timestamp
                token.end = found.end
                return token
            }
            token.end = valueEnd(begin)
            token.inner = begin..<token.end
            token.valueKind = Self.kind(of: line[token.inner])
            return token
        }
        // `cid:5`
        guard line[position].isLetter else { return nil }
        var colon = position
        while byte(colon).isLetter || byte(colon) == 0x5F { colon += 1 }
        guard byte(colon) == UInt8(ascii: ":"), byte(colon + 1).isDigit, colon - position >= 2 else { return nil }
        var stop = colon + 1
        while byte(stop).isDigit { stop += 1 }
        guard !isValue(stop), !Self.isLevel(line[position..<colon]) else { return nil }
        var token = SampleToken(.pair, position, stop)
        token.other = position..<colon
        token.inner = (colon + 1)..<stop
        token.valueKind = .integer
        return token
    }

    /// Whether the byte at a place still belongs to a value.
    func isValue(_ index: Int) -> Bool {
        let byte = byte(index)
        return !(byte == 0 || byte.isBlank || byte == 0x1B || [0x2C, 0x3B, 0x5D, 0x29, 0x7D, 0x7C].contains(byte))
    }

    private func valueEnd(_ start: Int) -> Int {
        var index = start
        var depth = 0
        while index < end, !line[index].isBlank, line[index] != 0x1B {
            switch Unicode.Scalar(line[index]) {
            case "(", "[", "{": depth += 1
            case ")", "]", "}":
                depth -= 1
                if depth < 0 { return index }
            case "|": if depth <= 0 { return index }
            case ",", ";":
                if depth <= 0, index + 1 >= end || line[index + 1].isBlank || keyEnd(at: index + 1) != nil {
                    return index
                }
            default: break
            }
            index += 1
        }
        return index
    }

    /// `name:`, `name[12]:`, `name(part)[12]:` before a blank.
    func tag() -> SampleToken? {
        let isPath = line[position] == UInt8(ascii: "/")
        guard line[position].isLetter || line[position] == 0x5F || isPath else { return nil }
        var index = position
        while index < end, index - position < 128 {
            let byte = line[index]
            guard byte.isWord || [0x2E, 0x2D, 0x2F, 0x24, 0x40, 0x23, 0x2A].contains(byte) else { break }
            index += 1
        }
        guard index > position, !Self.isLevel(line[position..<index]) else { return nil }
        if byte(index) == UInt8(ascii: "("), let close = closing(from: index), close - index < 64,
            !line[index..<close].contains(where: { $0.isBlank }), close > index + 1
        {
            index = close + 1
        }
        let name = position..<index
        var number = index..<index
        if byte(index) == UInt8(ascii: "[") {
            var stop = index + 1
            while byte(stop).isDigit { stop += 1 }
            guard stop > index + 1, byte(stop) == UInt8(ascii: "]") else { return nil }
            number = (index + 1)..<stop
            index = stop + 1
        }
        // A path without a process number is part of a sentence.
        guard !isPath || !number.isEmpty else { return nil }
        guard byte(index) == UInt8(ascii: ":"), index + 1 >= end || line[index + 1].isBlank || line[index + 1] == 0x1B
        else { return nil }
        var token = SampleToken(.tag, position, index + 1)
        token.inner = name
        token.other = number
        return token
    }

    /// The pair with an equals sign at a place.
    static func pair(in line: [UInt8], at start: Int, limit: Int) -> SampleToken? {
        let tokenizer = LineTokenizer(line, start..<limit)
        guard tokenizer.keyEnd(at: start) != nil else { return nil }
        return tokenizer.pair()
    }

    /// The columns of a table whose header names them: what stands between blanks, a date and its time together.
    static func columns(of line: [UInt8]) -> [SampleToken] {
        var tokens: [SampleToken] = []
        var index = 0
        while tokens.count < maximumTokens {
            var blanks = 0
            let before = index
            while index < line.count, line[index].isBlank { index += 1 }
            blanks = index - before
            guard index < line.count else { return tokens }
            let start = index
            while index < line.count, !line[index].isBlank { index += 1 }
            var token = SampleToken(kind(of: line[start..<index]), start, index)
            if let found = TimestampScanner.find(in: line, at: start),
                found.end == line.count || line[found.end].isBlank
            {
                token = SampleToken(.timestamp, start, found.end)
                token.shape = found.shape
                token.ambiguous = found.ambiguous
                index = found.end
            }
            token.blanks = blanks
            token.isTabbed = line[before..<start].contains(0x09)
            tokens.append(token)
        }
        return tokens
    }
}
