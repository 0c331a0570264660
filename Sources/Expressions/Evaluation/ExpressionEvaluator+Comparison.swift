internal import Events

/// `==`, `<=>` and `===`.
extension ExpressionEvaluator {
    /// - Parameter strictly: as `eql?`: 1 is not 1.0.
    mutating func isEqual(
        _ left: ExpressionValue, _ right: ExpressionValue, strictly: Bool = false
    ) throws(ExpressionFailure) -> Bool {
        switch (left, right) {
        case (.null, .null): return true
        case (.bool(let a), .bool(let b)): return a == b
        case (.integer(let a), .integer(let b)): return a == b
        case (.float(let a), .float(let b)): return a == b
        case (.integer(let a), .float(let b)): return !strictly && Double(a) == b
        case (.float(let a), .integer(let b)): return !strictly && a == Double(b)
        case (.string(let a), .string(let b)), (.symbol(let a), .symbol(let b)): return storage.equal(a, b)
        case (.type(let a), .type(let b)): return a == b
        case (.time(let a), .time(let b)): return a.time == b.time
        case (.regexp(let a), .regexp(let b)):
            let (a, b) = (program.regexps[a], program.regexps[b])
            return a.source == b.source && a.options == b.options
        case (.environment, .environment): return true
        case (.range(let a), .range(let b)):
            guard a.isExclusive == b.isExclusive, try isEqual(a.from, b.from) else { return false }
            return try isEqual(a.to, b.to)
        case (.array, _), (.nested, _), (.hash, _), (.record, _):
            if let a = try arrayItems(of: left) {
                guard let b = try arrayItems(of: right), a.count == b.count else { return false }
                for index in a.indices where !(try isEqual(a[index], b[index], strictly: strictly)) { return false }
                return true
            }
            guard let a = try pairs(of: left), let b = try pairs(of: right), a.count == b.count else { return false }
            for pair in a {
                guard let other = try lookup(pair.key, in: right), try isEqual(pair.value, other) else { return false }
            }
            return true
        default: return false
        }
    }

    /// -1, 0, 1; nil: the two cannot be compared.
    mutating func compare(
        _ left: ExpressionValue, _ right: ExpressionValue
    ) throws(ExpressionFailure) -> Int? {
        try step()
        switch (left, right) {
        case (.integer(let a), .integer(let b)): return a < b ? -1 : a > b ? 1 : 0
        case (.float(let a), .float(let b)): return order(a, b)
        case (.integer(let a), .float(let b)): return order(Double(a), b)
        case (.float(let a), .integer(let b)): return order(a, Double(b))
        case (.string(let a), .string(let b)), (.symbol(let a), .symbol(let b)): return order(a, b)
        case (.time(let a), .time(let b)): return a.nanoseconds < b.nanoseconds ? -1 : a.time == b.time ? 0 : 1
        case (.null, .null): return 0
        case (.bool(let a), .bool(let b)): return a == b ? 0 : nil
        default:
            guard let a = try arrayItems(of: left), let b = try arrayItems(of: right) else { return nil }
            for index in 0..<min(a.count, b.count) {
                guard let result = try compare(a[index], b[index]) else { return nil }
                if result != 0 { return result }
            }
            return a.count < b.count ? -1 : a.count > b.count ? 1 : 0
        }
    }

    private func order(_ a: Double, _ b: Double) -> Int? { a < b ? -1 : a > b ? 1 : a == b ? 0 : nil }

    /// Byte by byte, as Ruby does for one encoding.
    private func order(_ a: Slice, _ b: Slice) -> Int {
        for index in 0..<min(Int(a.length), Int(b.length)) {
            let (x, y) = (storage[Int(a.offset) + index], storage[Int(b.offset) + index])
            if x != y { return x < y ? -1 : 1 }
        }
        return a.length < b.length ? -1 : a.length > b.length ? 1 : 0
    }

    /// The comparison that `<`, `sort` and the like need.
    mutating func order(
        _ left: ExpressionValue, _ right: ExpressionValue
    ) throws(ExpressionFailure) -> Int {
        guard let result = try compare(left, right) else {
            throw .argument("comparison of \(described(left)) with \(described(right)) failed")
        }
        return result
    }

    /// `pattern === value`
    mutating func isCase(
        _ pattern: ExpressionValue, _ value: ExpressionValue
    ) throws(ExpressionFailure) -> Bool {
        switch pattern {
        case .type: return try isInstance(value, pattern)
        case .regexp(let number):
            switch value {
            case .string(let slice), .symbol(let slice):
                return try match(number, slice, from: 0, keeping: true) != nil
            default: return false
            }
        case .range(let range): return try covers(range, value)
        default: return try isEqual(pattern, value)
        }
    }

    mutating func covers(_ range: RangeValue, _ value: ExpressionValue) throws(ExpressionFailure) -> Bool {
        if !range.from.isNull {
            guard let low = try compare(range.from, value), low <= 0 else { return false }
        }
        if range.to.isNull { return true }
        guard let high = try compare(value, range.to) else { return false }
        return range.isExclusive ? high < 0 : high <= 0
    }

    /// Sorted by a comparison that can fail.
    mutating func sorted<Item>(
        _ items: [Item], _ order: (inout Self, Item, Item) throws(ExpressionFailure) -> Int
    ) throws(ExpressionFailure) -> [Item] {
        guard items.count > 1 else { return items }
        // Merge sort: stable, and whatever the comparison answers it ends.
        var source = items
        var width = 1
        while width < source.count {
            var target: [Item] = []
            target.reserveCapacity(source.count)
            var start = 0
            while start < source.count {
                let middle = min(start + width, source.count)
                let end = min(start + 2 * width, source.count)
                var (left, right) = (start, middle)
                while left < middle, right < end {
                    if try order(&self, source[right], source[left]) < 0 {
                        target.append(source[right])
                        right += 1
                    } else {
                        target.append(source[left])
                        left += 1
                    }
                }
                target += source[left..<middle]
                target += source[right..<end]
                start = end
            }
            source = target
            width *= 2
        }
        return source
    }
}
