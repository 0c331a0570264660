internal import Events
internal import Grok

/// Regular expressions on strings, and what `$~` remembers.
extension ExpressionEvaluator {
    /// The first match at or behind an offset; nil: none.
    ///
    /// - Parameters:
    ///   - keeping: whether `$~` is what was found, or nil.
    ///   - kind: what `kind(of:)` said, for one search of many in the same text.
    mutating func match(
        _ number: Int, _ slice: Slice, from: Int, keeping: Bool, kind: SubjectText? = nil
    ) throws(ExpressionFailure) -> MatchValue? {
        try step()
        let regexp = program.regexps[number]
        switch search(regexp.regex, slice, from: from, kind ?? self.kind(of: slice)) {
        case .matched:
            var offsets: [Int] = []
            offsets.reserveCapacity(2 * regexp.regex.captureCount + 2)
            for group in 0...regexp.regex.captureCount {
                offsets.append(scratch.start(of: group))
                offsets.append(scratch.end(of: group))
            }
            let match = MatchValue(subject: slice, offsets: offsets, regexp: regexp)
            if keeping { lastMatch = match }
            return match
        case .noMatch:
            if keeping { lastMatch = nil }
            return nil
        case .gaveUp(.invalidUTF8): throw .argument("invalid byte sequence in UTF-8")
        case .gaveUp(let reason): throw ExpressionFailure("Regexp::TimeoutError", reason.description)
        }
    }

    func kind(of slice: Slice) -> SubjectText {
        SubjectText.classify(storage.span.extracting(Int(slice.offset)..<slice.end))
    }

    private func search(_ regex: Regex, _ slice: Slice, from: Int, _ kind: SubjectText) -> MatchOutcome {
        let span = storage.span.extracting(Int(slice.offset)..<slice.end)
        return regex.match(span, from: from, as: kind, scratch, continuing: true)
    }

    /// A group by number or name.
    mutating func group(
        _ key: ExpressionValue, of match: MatchValue
    ) throws(ExpressionFailure) -> ExpressionValue {
        switch key {
        case .string, .symbol:
            let name = try name(key)
            guard let slice = match.group(named: name) else {
                throw ExpressionFailure("IndexError", "undefined group name reference: \(name)")
            }
            return slice.map { .string($0) } ?? .null
        default: return match.group(try integer(key)).map { .string($0) } ?? .null
        }
    }

    mutating func patternMethod(
        _ slice: Slice, _ method: Method, _ arguments: Arguments
    ) throws(ExpressionFailure) -> ExpressionValue? {
        switch method {
        case .match_op:
            guard case .regexp(let number) = arguments[0] else {
                if case .string = arguments[0] { throw .type("type mismatch: String given") }
                return try call(arguments[0], .match_op, Arguments(.string(slice)))
            }
            guard let match = try match(number, slice, from: 0, keeping: true) else { return .null }
            return .integer(Int128(characters(before: match.offsets[0], in: slice)))
        case .match, .is_match:
            var start = 0
            if arguments.count > 1 { start = offset(ofCharacter: max(try integer(arguments[1]), 0), in: slice) }
            if case .string(let wanted) = arguments[0] {
                // A string is a pattern of its own here, and most of them are plain text.
                guard isPlain(wanted) else {
                    throw .type("a pattern must be a regular expression: write /…/")
                }
                return .bool(find(wanted, in: slice, from: start) != nil)
            }
            guard case .regexp(let number) = arguments[0] else {
                throw .type("wrong argument type \(described(arguments[0])) (expected Regexp)")
            }
            let match = try match(number, slice, from: start, keeping: method == .match)
            if method == .is_match { return .bool(match != nil) }
            guard let match else { return .null }
            if let block = arguments.block { return try yield(block, .match(match)) }
            return .match(match)
        case .scan: return try scanned(slice, arguments)
        case .sub, .gsub: return try substituted(slice, method, arguments)
        default: return nil
        }
    }

    private func isPlain(_ slice: Slice) -> Bool {
        (Int(slice.offset)..<slice.end).allSatisfy { !"\\^$.|?*+()[]{}".utf8.contains(storage[$0]) }
    }

    /// Calls `body` with each match from the left, until it answers false.
    private mutating func eachMatch(
        _ pattern: ExpressionValue, in slice: Slice,
        _ body: (inout Self, MatchValue?, Range<Int>) throws(ExpressionFailure) -> Bool
    ) throws(ExpressionFailure) {
        var start = 0
        var last: MatchValue?
        if case .regexp(let number) = pattern {
            let kind = kind(of: slice)
            while start <= Int(slice.length),
                let match = try match(number, slice, from: start, keeping: false, kind: kind)
            {
                last = match
                lastMatch = match
                let (from, to) = (match.offsets[0], match.offsets[1])
                guard try body(&self, match, from..<to) else { break }
                start = to > from ? to : to < Int(slice.length) ? next(slice, to) : Int(slice.length) + 1
            }
            lastMatch = last
            return
        }
        let wanted = try text(pattern)
        while start <= Int(slice.length), let place = find(wanted, in: slice, from: start) {
            try step()
            let end = place + Int(wanted.length)
            guard try body(&self, nil, place..<end) else { break }
            start = wanted.length > 0 ? end : end < Int(slice.length) ? next(slice, end) : Int(slice.length) + 1
        }
    }

    // MARK: - scan

    private mutating func scanned(
        _ slice: Slice, _ arguments: Arguments
    ) throws(ExpressionFailure) -> ExpressionValue {
        var found: [ExpressionValue] = []
        try eachMatch(arguments[0], in: slice) { (evaluator, match, range) throws(ExpressionFailure) in
            let item: ExpressionValue
            if let match, match.groupCount > 1 {
                item = try evaluator.list(
                    (1..<match.groupCount).map { match.group($0).map { .string($0) } ?? .null })
            } else {
                item = .string(evaluator.part(slice, range.lowerBound, range.upperBound))
            }
            if let block = arguments.block { _ = try evaluator.yield(block, item) }
            found.append(item)
            return true
        }
        return arguments.block == nil ? try list(found) : .string(slice)
    }

    // MARK: - sub, gsub

    private mutating func substituted(
        _ slice: Slice, _ method: Method, _ arguments: Arguments
    ) throws(ExpressionFailure) -> ExpressionValue {
        var replacement: Slice?
        let isHash = arguments.count > 1 && (type(of: arguments[1]) == .hash)
        if arguments.count > 1, !isHash { replacement = try text(arguments[1]) }
        if replacement == nil, !isHash { _ = try block(arguments, method) }
        let hasReferences =
            replacement.map { find(storage.append(copyOf: [UInt8(ascii: "\\")]), in: $0, from: 0) != nil } ?? false
        var pieces: [Slice] = []
        var end = 0
        var length = 0
        try eachMatch(arguments[0], in: slice) { (evaluator, match, range) throws(ExpressionFailure) in
            pieces.append(evaluator.part(slice, end, range.lowerBound))
            let found = evaluator.part(slice, range.lowerBound, range.upperBound)
            if let replacement {
                if hasReferences {
                    evaluator.expand(replacement, slice, match, range, to: &pieces)
                } else {
                    pieces.append(replacement)
                }
            } else if isHash {
                let value = try evaluator.lookup(.string(found), in: arguments[1]) ?? .null
                pieces.append(try evaluator.text(of: value))
            } else if let block = arguments.block {
                let value = try evaluator.yield(block, .string(found))
                pieces.append(try evaluator.text(of: value))
            }
            length += Int(pieces[pieces.count - 1].length)
            try evaluator.checkRoom(length)
            end = range.upperBound
            return method == .gsub
        }
        if pieces.isEmpty { return .string(slice) }
        pieces.append(part(slice, end, Int(slice.length)))
        return .string(try joined(pieces))
    }

    /// A replacement with `\1`, `\0`, `\&`, `\k<name>`, `` \` ``, `\'` and `\\`.
    private func expand(
        _ replacement: Slice, _ subject: Slice, _ match: MatchValue?, _ range: Range<Int>, to pieces: inout [Slice]
    ) {
        var start = Int(replacement.offset)
        var place = start
        func flush(_ pieces: inout [Slice]) {
            if place > start { pieces.append(Slice(offset: start, length: place - start)) }
        }
        while place < replacement.end {
            guard storage[place] == UInt8(ascii: "\\"), place + 1 < replacement.end else {
                place += 1
                continue
            }
            flush(&pieces)
            let byte = storage[place + 1]
            let found = part(subject, range.lowerBound, range.upperBound)
            var next = place + 2
            switch byte {
            case UInt8(ascii: "0"), UInt8(ascii: "&"): pieces.append(found)
            case UInt8(ascii: "1")...UInt8(ascii: "9"):
                if let group = match?.group(Int(byte - 0x30)) { pieces.append(group) }
            case UInt8(ascii: "`"): pieces.append(part(subject, 0, range.lowerBound))
            case UInt8(ascii: "'"): pieces.append(part(subject, range.upperBound, Int(subject.length)))
            case UInt8(ascii: "\\"): pieces.append(Slice(offset: place, length: 1))
            case UInt8(ascii: "k"):
                var close = next
                while close < replacement.end, storage[close] != UInt8(ascii: ">") { close += 1 }
                if next < replacement.end, storage[next] == UInt8(ascii: "<"), close < replacement.end {
                    let name = storage.text(Slice(offset: next + 1, length: close - next - 1))
                    if let group = match?.group(named: name) ?? nil { pieces.append(group) }
                    next = close + 1
                } else {
                    pieces.append(Slice(offset: place, length: 2))
                }
            default: pieces.append(Slice(offset: place, length: 2))
            }
            place = next
            start = next
        }
        flush(&pieces)
    }
}
