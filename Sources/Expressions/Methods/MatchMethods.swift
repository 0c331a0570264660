internal import Events
internal import Grok

/// Ruby's MatchData, Regexp and Range.
extension ExpressionEvaluator {
    mutating func matchMethod(
        _ match: MatchValue, _ method: Method, _ arguments: Arguments
    ) throws(ExpressionFailure) -> ExpressionValue? {
        func value(_ slice: Slice?) -> ExpressionValue { slice.map { .string($0) } ?? .null }
        switch method {
        case .at_index:
            if arguments.count == 1, !isRange(arguments[0]) { return try group(arguments[0], of: match) }
            let all = try list((0..<match.groupCount).map { value(match.group($0)) })
            return try call(all, .at_index, arguments)
        case .captures: return try list((1..<match.groupCount).map { value(match.group($0)) })
        case .to_a: return try list((0..<match.groupCount).map { value(match.group($0)) })
        case .named_captures:
            var builder = HashBuilder()
            for group in match.regexp.regex.groups {
                try builder.set(try string(group.name), value(match.group(named: group.name) ?? nil), &self)
            }
            return .hash(try builder.finished(self))
        case .names:
            var names: [ExpressionValue] = []
            for group in match.regexp.regex.groups { names.append(try string(group.name)) }
            return try list(names)
        case .values_at:
            var values: [ExpressionValue] = []
            for key in arguments.all { values.append(try group(key, of: match)) }
            return try list(values)
        case .pre_match: return .string(part(match.subject, 0, match.offsets[0]))
        case .post_match: return .string(part(match.subject, match.offsets[1], Int(match.subject.length)))
        case .begin, .end, .offset:
            let number = try integer(arguments[0])
            guard number >= 0, number < match.groupCount else {
                throw ExpressionFailure("IndexError", "index \(number) out of matches")
            }
            let bounds = [match.offsets[2 * number], match.offsets[2 * number + 1]].map { offset in
                offset < 0 ? ExpressionValue.null : .integer(Int128(characters(before: offset, in: match.subject)))
            }
            return method == .offset ? try list(bounds) : bounds[method == .begin ? 0 : 1]
        case .size, .length: return .integer(Int128(match.groupCount))
        default: return nil
        }
    }

    private func isRange(_ value: ExpressionValue) -> Bool { if case .range = value { true } else { false } }

    mutating func regexpMethod(
        _ regexp: RegexpLiteral, _ number: Int, _ method: Method, _ arguments: Arguments
    ) throws(ExpressionFailure) -> ExpressionValue? {
        switch method {
        case .match, .is_match, .match_op:
            switch arguments[0] {
            case .string(let slice), .symbol(let slice):
                var rest = Arguments(.regexp(number))
                if arguments.count > 1 { rest.append(arguments[1]) }
                rest.block = arguments.block
                return try patternMethod(slice, method, rest)
            case .null:
                if method != .is_match { lastMatch = nil }
                return method == .is_match ? .bool(false) : .null
            default: throw .type("no implicit conversion of \(described(arguments[0])) into String")
            }
        case .source: return try string(regexp.source)
        case .names:
            var names: [ExpressionValue] = []
            for group in regexp.regex.groups { names.append(try string(group.name)) }
            return try list(names)
        default: return nil
        }
    }

    // MARK: - Ranges

    mutating func rangeMethod(
        _ range: RangeValue, _ method: Method, _ arguments: Arguments
    ) throws(ExpressionFailure) -> ExpressionValue? {
        switch method {
        case .equal, .not_equal, .is_eql, .case_equal, .is_a, .kind_of, .class, .is_nil, .to_s, .inspect, .to_json:
            return nil
        case .cover, .include, .member: return .bool(try covers(range, arguments[0]))
        case .begin: return range.from
        case .end: return range.to
        case .first where arguments.count == 0: return range.from
        case .last where arguments.count == 0: return range.to
        case .min where arguments.block == nil && arguments.count == 0:
            return try items(of: range).first ?? .null
        default: break
        }
        let items = try items(of: range)
        switch method {
        case .size, .length: return .integer(Int128(items.count))
        case .last: return try list(Array(items.suffix(max(try integer(arguments[0]), 0))))
        case .step:
            let width = try integer(arguments[0])
            guard width > 0 else { throw .argument("step can't be 0 or negative") }
            return try list(items.enumerated().filter { $0.offset % width == 0 }.map(\.element))
        case .reverse, .join, .is_empty: return nil
        default: return try enumerated(items, .range(range), method, arguments)
        }
    }

    /// All values of a range of integers or of one-letter strings.
    mutating func items(of range: RangeValue) throws(ExpressionFailure) -> [ExpressionValue] {
        switch (range.from, range.to) {
        case (.integer(let from), .integer(let to)):
            return try items(from: from, through: range.isExclusive ? to - 1 : to)
        case (.integer, .null):
            throw ExpressionFailure("RangeError", "cannot convert endless range to an array")
        case (.string(let from), .string(let to)):
            var items: [ExpressionValue] = []
            var current = from
            while current.length <= to.length {
                try step()
                let isLast = storage.equal(current, to)
                if isLast, range.isExclusive { break }
                items.append(.string(current))
                if isLast { break }
                guard case .string(let next)? = try madeString(current, .succ, Arguments()) else { break }
                current = next
            }
            return items
        default: throw .type("can't iterate from \(described(range.from))")
        }
    }
}
