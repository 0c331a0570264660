/// Quantifiers: `* + ?`, intervals, and what Ruby makes of several in a row.
extension RubyPatternParser {
    mutating func parseQuantifiers(
        after atom: PatternNode, _ options: Options, depth: Int
    ) throws(PatternError) -> PatternNode {
        var node = atom
        // Stacked quantifiers nest the tree as parentheses do, and are bounded alike.
        var stacked = 0
        while true {
            // In extended mode white space does not part a quantifier from what it repeats.
            if options.extended { while let space = peek(), Self.isSpace(space) { position += 1 } }
            guard let byte = peek() else { return node }
            let start = position
            if depth + stacked > Self.maximumDepth {
                throw failure("more than \(Self.maximumDepth) quantifiers in a row", at: start, length: 1)
            }
            var repetition: Repetition
            switch byte {
            case UInt8(ascii: "*"):
                position += 1
                repetition = Repetition(minimum: 0, maximum: nil, mode: .greedy)
            case UInt8(ascii: "+"):
                position += 1
                repetition = Repetition(minimum: 1, maximum: nil, mode: .greedy)
            case UInt8(ascii: "?"):
                position += 1
                repetition = Repetition(minimum: 0, maximum: 1, mode: .greedy)
            case UInt8(ascii: "{"):
                guard let interval = parseInterval() else { return node }
                try check(interval, at: start)
                repetition = interval
                node = repeated(node, repetition, from: atom.offset)
                // `{n}?` is an optional interval; `{n,m}?` is lazy; `{n,m}+` repeats the interval.
                if peek() == UInt8(ascii: "?") {
                    position += 1
                    if interval.maximum == interval.minimum, source[position - 2] == UInt8(ascii: "}"),
                        !source[start..<position].contains(UInt8(ascii: ","))
                    {
                        node = repeated(node, Repetition(minimum: 0, maximum: 1, mode: .greedy), from: atom.offset)
                    } else {
                        repetition.mode = .lazy
                        if case .repetition(_, let inner) = node.kind {
                            node = PatternNode(
                                .repetition(repetition, inner), offset: atom.offset, length: position - atom.offset)
                        }
                    }
                }
                stacked += 1
                continue
            default:
                return node
            }
            if peek() == UInt8(ascii: "?") {
                position += 1
                repetition.mode = .lazy
            } else if peek() == UInt8(ascii: "+") {
                position += 1
                repetition.mode = .possessive
            }
            node = repeated(node, repetition, from: atom.offset)
            stacked += 1
        }
    }

    private func check(_ interval: Repetition, at start: Int) throws(PatternError) {
        if let maximum = interval.maximum, maximum < interval.minimum {
            throw failure(
                "upper is smaller than lower in repeat range", at: start, length: position - start,
                hint: "write the smaller number first")
        }
        if max(interval.minimum, interval.maximum ?? 0) > Self.maximumRepetitions {
            throw failure(
                "too big number for repeat range", at: start, length: position - start,
                hint: "the highest is \(Self.maximumRepetitions)")
        }
    }

    /// `{n}`, `{n,}`, `{,m}` or `{n,m}`; anything else leaves the brace as a character and returns nil.
    mutating func parseInterval() -> Repetition? {
        let start = position
        position += 1
        let minimum = parseNumber()
        var maximum = minimum
        var bounded = true
        if skip(",") {
            maximum = parseNumber()
            bounded = maximum != nil
        }
        guard minimum != nil || (maximum != nil && bounded), skip("}") else {
            position = start
            return nil
        }
        return Repetition(minimum: minimum ?? 0, maximum: bounded ? maximum : nil, mode: .greedy)
    }

    mutating func parseNumber() -> Int? {
        var value: Int?
        while let byte = peek(), (0x30...0x39).contains(byte) {
            // Saturates: everything beyond the bound is refused alike.
            value = min((value ?? 0) * 10 + Int(byte - 0x30), 10_000_000)
            position += 1
        }
        return value
    }

    /// Applies a quantifier. Repeating a repetition (`(a+)+`) is reduced to one as Onigmo does: without this PCRE2
    /// needs exponential time where Ruby needs none.
    private func repeated(_ target: PatternNode, _ outer: Repetition, from offset: Int) -> PatternNode {
        var inner = target
        while case .group(let body) = inner.kind { inner = body }
        if outer.mode == .greedy, case .repetition(let repetition, let body) = inner.kind,
            repetition.mode == .greedy, let merged = Self.reduced(repetition, outer)
        {
            return PatternNode(.repetition(merged, body), offset: offset, length: position - offset)
        }
        return PatternNode(.repetition(outer, target), offset: offset, length: position - offset)
    }

    /// `(x inner) outer` for the greedy `?`, `*` and `+`, as one quantifier; nil for counted ones.
    private static func reduced(_ inner: Repetition, _ outer: Repetition) -> Repetition? {
        func isSimple(_ repetition: Repetition) -> Bool {
            repetition.minimum <= 1
                && (repetition.maximum == nil || (repetition.maximum == 1 && repetition.minimum == 0))
        }
        guard isSimple(inner), isSimple(outer) else { return nil }
        let bounded = inner.maximum != nil && outer.maximum != nil
        return Repetition(
            minimum: min(inner.minimum, outer.minimum), maximum: bounded ? 1 : nil, mode: .greedy)
    }
}
