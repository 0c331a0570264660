/// Bracket classes: ranges, POSIX brackets, nesting, `&&`.
extension RubyPatternParser {
    /// Reads from `[` to its `]`.
    mutating func parseClass(_ options: Options, nesting: Int = 0) throws(PatternError) -> ClassExpression {
        let start = position
        if nesting > 50 {
            throw failure("bracket classes nested more than 50 deep", at: start, length: 1)
        }
        position += 1
        let negated = skip("^")
        var operands: [ClassExpression] = []
        var members: [ClassExpression] = []
        var ranges: [ClosedRange<UInt32>] = []
        func closeOperand() {
            var parts = members
            if !ranges.isEmpty || parts.isEmpty { parts.append(.scalars(ScalarSet(ranges))) }
            // A union of one keeps a negation inside apart from the class's own: `(?i)` folds between them.
            if parts.count == 1, case .scalars = parts[0] {
                operands.append(parts[0])
            } else {
                operands.append(.union(parts))
            }
            members = []
            ranges = []
        }
        var first = true
        while true {
            guard let byte = peek() else {
                throw failure(
                    "premature end of char-class", at: start, length: 1,
                    hint: "close it with ], or write \\[ for the character itself")
            }
            if byte == UInt8(ascii: "]") {
                if first {
                    guard source[(position + 1)...].contains(UInt8(ascii: "]")) else {
                        throw failure("empty char-class", at: start, length: position + 1 - start)
                    }
                } else {
                    position += 1
                    break
                }
            }
            first = false
            if starts(with: "&&") {
                position += 2
                closeOperand()
                continue
            }
            if byte == UInt8(ascii: "[") {
                if let posix = try parsePOSIXBracket(options) {
                    try refuseRange(after: "char-class")
                    members.append(posix)
                } else {
                    members.append(try parseClass(options, nesting: nesting + 1))
                }
                continue
            }
            if byte == UInt8(ascii: "\\"), let shorthand = try parseShorthand(options) {
                try refuseRange(after: "char-class")
                members.append(shorthand)
                continue
            }
            let lowStart = position
            let low: UInt32
            if byte == UInt8(ascii: "\\") {
                let lows = try parseClassCharacter()
                for scalar in lows.dropLast() { ranges.append(scalar...scalar) }
                guard let last = lows.last else { continue }
                low = last
            } else {
                low = nextScalar()
            }
            guard peek() == UInt8(ascii: "-"), let after = peek(1), after != UInt8(ascii: "]"),
                after != UInt8(ascii: "["), !(after == UInt8(ascii: "&") && peek(2) == UInt8(ascii: "&"))
            else {
                ranges.append(low...low)
                continue
            }
            position += 1
            if after == UInt8(ascii: "\\"), try parseShorthand(options) != nil {
                throw failure(
                    "char-class value at end of range", at: lowStart, length: position - lowStart,
                    hint: "put the - at the end of the class or write \\-")
            }
            let highs = try parseClassCharacter()
            guard let high = highs.first, high >= low else {
                throw failure(
                    "empty range in char class", at: lowStart, length: position - lowStart,
                    hint: "write the lower end first, or \\- for the character itself")
            }
            ranges.append(low...high)
            for scalar in highs.dropFirst() { ranges.append(scalar...scalar) }
        }
        closeOperand()
        let whole: ClassExpression = operands.count == 1 ? operands[0] : .intersection(operands)
        return negated ? .complement(whole) : whole
    }

    /// `[\w-x]` is refused as Ruby does; a `-` before the closing bracket is itself.
    private func refuseRange(after what: String) throws(PatternError) {
        if peek() == UInt8(ascii: "-"), let after = peek(1), after != UInt8(ascii: "]"), after != UInt8(ascii: "["),
            !(after == UInt8(ascii: "&") && peek(2) == UInt8(ascii: "&"))
        {
            throw failure(
                "unmatched range specifier in \(what)", at: position, length: 1,
                hint: "put the - at the end of the class or write \\-")
        }
    }

    private mutating func parseClassCharacter() throws(PatternError) -> [UInt32] {
        guard !atEnd else { return [] }
        if peek() != UInt8(ascii: "\\") { return [nextScalar()] }
        if peek(1) == UInt8(ascii: "b") {
            position += 2
            return [0x08]
        }
        return try parseCharacterEscape()
    }

    /// `[:alpha:]` or `[:^alpha:]`; nil (position unmoved) when the bracket opens a nested class.
    private mutating func parsePOSIXBracket(_ options: Options) throws(PatternError) -> ClassExpression? {
        guard starts(with: "[:") else { return nil }
        let start = position
        position += 2
        let negated = skip("^")
        let nameStart = position
        while let byte = peek(), (0x61...0x7A).contains(byte) { position += 1 }
        let name = String(decoding: source[nameStart..<position], as: UTF8.self)
        guard starts(with: ":]") else {
            position = start
            return nil
        }
        position += 2
        guard let expression = UnicodeClasses.posix(name, asciiOnly: options.characters == .ascii) else {
            throw failure(
                "invalid POSIX bracket type", at: start, length: position - start,
                hint:
                    "the types are alnum alpha ascii blank cntrl digit graph lower print punct space upper word xdigit")
        }
        return negated ? .complement(expression) : expression
    }
}
