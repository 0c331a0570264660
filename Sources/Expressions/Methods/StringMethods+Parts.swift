internal import Events

/// Methods of Ruby's String that give a list of parts.
extension ExpressionEvaluator {
    mutating func partsMethod(
        _ slice: Slice, _ method: Method, _ arguments: Arguments
    ) throws(ExpressionFailure) -> ExpressionValue? {
        switch method {
        case .split: return try list(try split(slice, arguments))
        case .chars, .each_char:
            var parts: [ExpressionValue] = []
            var offset = 0
            while offset < Int(slice.length) {
                let end = next(slice, offset)
                try step()
                parts.append(.string(part(slice, offset, end)))
                offset = end
            }
            return try list(parts)
        case .bytes, .each_byte:
            try step(Int(slice.length))
            return try list((Int(slice.offset)..<slice.end).map { .integer(Int128(storage[$0])) })
        case .codepoints:
            try step(Int(slice.length))
            return try list(storage.text(slice).unicodeScalars.map { .integer(Int128($0.value)) })
        case .lines, .each_line:
            var parts: [ExpressionValue] = []
            var start = 0
            for offset in 0..<Int(slice.length) where storage[Int(slice.offset) + offset] == 0x0A {
                parts.append(.string(part(slice, start, offset + 1)))
                start = offset + 1
            }
            if start < Int(slice.length) { parts.append(.string(part(slice, start, Int(slice.length)))) }
            try step(parts.count)
            return try list(parts)
        case .sum:
            try step(Int(slice.length) / 8)
            return .integer(Int128((Int(slice.offset)..<slice.end).reduce(0) { ($0 + Int(storage[$1])) & 0xFFFF }))
        default: return nil
        }
    }

    /// `split`: without a separator (or `" "`) at white space; a positive limit bounds the parts, without one empty parts
    /// at the end are none.
    private mutating func split(
        _ slice: Slice, _ arguments: Arguments
    ) throws(ExpressionFailure) -> [ExpressionValue] {
        let limit = arguments.count > 1 ? try integer(arguments[1]) : 0
        if slice.length == 0 { return [] }
        if limit == 1 { return [.string(slice)] }
        var parts: [ExpressionValue] = []
        var start = 0
        let isAtSpace: Bool
        switch arguments[0] {
        case .null: isAtSpace = true
        case .string(let separator): isAtSpace = storage.equals(separator, [0x20])
        default: isAtSpace = false
        }
        if isAtSpace {
            start = try splitAtSpace(slice, limit, &parts)
        } else if case .regexp(let number) = arguments[0] {
            start = try split(slice, at: number, limit, &parts)
        } else {
            let separator = try text(arguments[0])
            if separator.length == 0 {
                while start < Int(slice.length), limit <= 0 || parts.count < limit - 1 {
                    let end = next(slice, start)
                    try step()
                    parts.append(.string(part(slice, start, end)))
                    start = end
                }
            } else {
                while limit <= 0 || parts.count < limit - 1, let place = find(separator, in: slice, from: start) {
                    try step()
                    parts.append(.string(part(slice, start, place)))
                    start = place + Int(separator.length)
                }
            }
            if separator.length == 0, start == Int(slice.length), limit == 0 { return parts }
        }
        if !(isAtSpace && start >= Int(slice.length) && limit == 0) {
            parts.append(.string(part(slice, min(start, Int(slice.length)), Int(slice.length))))
        }
        if limit == 0 {
            while let last = parts.last, case .string(let text) = last, text.length == 0 { parts.removeLast() }
        }
        return parts
    }

    /// As Ruby does it: an empty match cuts behind the next character. Answers where the rest begins.
    private mutating func split(
        _ slice: Slice, at number: Int, _ limit: Int, _ parts: inout [ExpressionValue]
    ) throws(ExpressionFailure) -> Int {
        let length = Int(slice.length)
        var begin = 0
        var search = 0
        var wasEmpty = false
        var cuts = 1
        let kind = kind(of: slice)
        while search <= length, let match = try match(number, slice, from: search, keeping: false, kind: kind) {
            let (from, to) = (match.offsets[0], match.offsets[1])
            if from == search, to == from {
                if !wasEmpty {
                    search = search < length ? next(slice, search) : length + 1
                    wasEmpty = true
                    continue
                }
                parts.append(.string(part(slice, begin, next(slice, begin))))
                begin = search
            } else {
                parts.append(.string(part(slice, begin, from)))
                begin = to
                search = to
            }
            wasEmpty = false
            appendGroups(of: match, to: &parts)
            cuts += 1
            if limit > 0, cuts >= limit { break }
        }
        return begin
    }

    private func appendGroups(of match: MatchValue, to parts: inout [ExpressionValue]) {
        for group in 1..<max(match.groupCount, 1) { if let text = match.group(group) { parts.append(.string(text)) } }
    }

    /// Answers where the rest begins.
    private mutating func splitAtSpace(
        _ slice: Slice, _ limit: Int, _ parts: inout [ExpressionValue]
    ) throws(ExpressionFailure) -> Int {
        let end = Int(slice.length)
        func isBlank(_ offset: Int) -> Bool {
            isSpace(storage[Int(slice.offset) + offset]) || storage[Int(slice.offset) + offset] == 0
        }
        var offset = 0
        while offset < end, isBlank(offset) { offset += 1 }
        while offset < end, limit <= 0 || parts.count < limit - 1 {
            let start = offset
            while offset < end, !isBlank(offset) { offset += 1 }
            if offset == end {
                return start
            }
            try step()
            parts.append(.string(part(slice, start, offset)))
            while offset < end, isBlank(offset) { offset += 1 }
        }
        return offset
    }
}
