internal import Events

/// What Ruby's Enumerable gives every collection; a hash's items are its pairs.
///
/// Without a block, `map`, `each_with_index` and their like give the items themselves, as an enumerator would.
extension ExpressionEvaluator {
    mutating func enumerated(
        _ items: [ExpressionValue], _ receiver: ExpressionValue, _ method: Method, _ arguments: Arguments
    ) throws(ExpressionFailure) -> ExpressionValue? {
        let block = arguments.block
        switch method {
        case .map, .collect, .flat_map, .collect_concat, .filter_map:
            guard let block else { return try list(items) }
            var made: [ExpressionValue] = []
            made.reserveCapacity(items.count)
            for item in items {
                let value = try yield(block, item)
                if method == .filter_map, !value.isTrue { continue }
                if method == .flat_map || method == .collect_concat, let inner = try arrayItems(of: value) {
                    made += inner
                } else {
                    made.append(value)
                }
            }
            return try list(made)
        case .each, .each_entry, .each_pair:
            guard let block else { return try list(items) }
            for item in items { _ = try yield(block, item) }
            return receiver
        case .each_with_index, .with_index:
            let first =
                method == .with_index && arguments.count > 0 && !arguments[0].isNull ? try integer(arguments[0]) : 0
            var made: [ExpressionValue] = []
            for (index, item) in items.enumerated() {
                let number = ExpressionValue.integer(Int128(first + index))
                if let block {
                    made.append(try yield(block, item, number))
                } else {
                    made.append(try list([item, number]))
                }
            }
            return block != nil && method == .each_with_index ? receiver : try list(made)
        case .each_index: return try list(items.indices.map { .integer(Int128($0)) })
        case .select, .filter, .find_all, .reject, .keep_if, .delete_if:
            return try list(
                try kept(items, try self.block(arguments, method), !(method == .reject || method == .delete_if)))
        case .partition:
            let block = try self.block(arguments, method)
            return try list([try list(try kept(items, block, true)), try list(try kept(items, block, false))])
        case .find, .detect:
            let block = try self.block(arguments, method)
            for item in items where try yield(block, item).isTrue { return item }
            return .null
        case .grep, .grep_v:
            var made: [ExpressionValue] = []
            for item in items where try isCase(arguments[0], item) == (method == .grep) {
                let value = if let block { try yield(block, item) } else { item }
                made.append(value)
            }
            return try list(made)
        case .is_any, .is_all, .is_none, .is_one:
            var count = 0
            for item in items {
                let holds =
                    if arguments.count > 0 {
                        try isCase(arguments[0], item)
                    } else if let block {
                        try yield(block, item).isTrue
                    } else {
                        item.isTrue
                    }
                if holds { count += 1 }
                if method == .is_any, holds { return .bool(true) }
                if method == .is_all, !holds { return .bool(false) }
            }
            return .bool(method == .is_all || method == .is_none && count == 0 || method == .is_one && count == 1)
        case .count:
            guard arguments.count > 0 || block != nil else { return .integer(Int128(items.count)) }
            var count = 0
            for item in items {
                let holds = if let block { try yield(block, item).isTrue } else { try isEqual(item, arguments[0]) }
                if holds { count += 1 }
            }
            return .integer(Int128(count))
        case .include, .member:
            for item in items where try isEqual(item, arguments[0]) { return .bool(true) }
            return .bool(false)
        case .first:
            if arguments.count == 0 { return items.first ?? .null }
            return try list(Array(items.prefix(max(try integer(arguments[0]), 0))))
        case .take: return try list(Array(items.prefix(max(try integer(arguments[0]), 0))))
        case .drop: return try list(Array(items.dropFirst(max(try integer(arguments[0]), 0))))
        case .take_while, .drop_while:
            let block = try self.block(arguments, method)
            var end = 0
            while end < items.count, try yield(block, items[end]).isTrue { end += 1 }
            return try list(Array(method == .take_while ? items[..<end] : items[end...]))
        case .uniq:
            return try list(
                try unique(items) { (evaluator, item) throws(ExpressionFailure) in
                    if let block { try evaluator.yield(block, item) } else { item }
                })
        case .to_a, .entries, .to_set: return try list(items)
        case .to_h: return try hash(items, block)
        case .zip:
            var others: [[ExpressionValue]] = []
            for other in arguments.all { others.append(try self.items(of: other) ?? []) }
            var made: [ExpressionValue] = []
            for (index, item) in items.enumerated() {
                made.append(try list([item] + others.map { index < $0.count ? $0[index] : .null }))
            }
            return try list(made)
        case .each_slice, .each_cons:
            let count = try integer(arguments[0])
            guard count > 0 else { throw .argument("invalid size") }
            var made: [ExpressionValue] = []
            var start = 0
            while method == .each_slice ? start < items.count : start + count <= items.count {
                try step(count)
                made.append(try list(Array(items[start..<min(start + count, items.count)])))
                start += method == .each_slice ? count : 1
            }
            return block == nil ? try list(made) : try enumerated(made, receiver, .each, arguments)
        case .group_by, .tally:
            var groups = HashBuilder()
            for item in items {
                let key = method == .tally ? item : try yield(try self.block(arguments, method), item)
                let known = try groups.value(of: key, &self)
                if method == .tally {
                    let count: Int128 = if case .integer(let count)? = known { count } else { 0 }
                    try groups.set(key, .integer(count + 1), &self)
                } else {
                    let list: ExpressionValue = known ?? .null
                    try groups.set(key, try self.list((try arrayItems(of: list) ?? []) + [item]), &self)
                }
            }
            return .hash(try groups.finished(self))
        default: return try folded(items, method, arguments)
        }
    }

    private mutating func kept(
        _ items: [ExpressionValue], _ block: Int, _ wanted: Bool
    ) throws(ExpressionFailure) -> [ExpressionValue] {
        var kept: [ExpressionValue] = []
        for item in items where try yield(block, item).isTrue == wanted { kept.append(item) }
        return kept
    }

    /// A hash of pairs.
    mutating func hash(_ items: [ExpressionValue], _ block: Int?) throws(ExpressionFailure) -> ExpressionValue {
        var builder = HashBuilder()
        for item in items {
            let value = if let block { try yield(block, item) } else { item }
            guard let pair = try arrayItems(of: value), pair.count == 2 else {
                throw .type("wrong element type \(described(value)) (expected array of two)")
            }
            try builder.set(pair[0], pair[1], &self)
        }
        return .hash(try builder.finished(self))
    }

    /// What makes one value of all items, and what puts them in order.
    private mutating func folded(
        _ items: [ExpressionValue], _ method: Method, _ arguments: Arguments
    ) throws(ExpressionFailure) -> ExpressionValue? {
        let block = arguments.block
        switch method {
        case .inject, .reduce:
            var operation: Method?
            var rest = items[...]
            var sum: ExpressionValue?
            if arguments.count > 0, block == nil {
                let name = try name(arguments[arguments.count - 1])
                operation = Method(rawValue: name)
                guard operation != nil else { throw ExpressionFailure("NoMethodError", "undefined method for inject") }
            }
            if arguments.count == 2 || arguments.count == 1 && block != nil { sum = arguments[0] }
            if sum == nil { sum = rest.popFirst() }
            guard var sum else { return .null }
            for item in rest {
                if let block {
                    sum = try yield(block, sum, item)
                } else if let operation {
                    sum = try call(sum, operation, Arguments(item))
                }
            }
            return sum
        case .sum:
            var sum = arguments.count > 0 ? arguments[0] : .integer(0)
            for item in items {
                let value = if let block { try yield(block, item) } else { item }
                sum = try call(sum, .plus, Arguments(value))
            }
            return sum
        case .min, .max:
            let best = try ordered(items, block, by: false)
            let sorted = method == .min ? best : best.reversed()
            if arguments.count > 0 { return try list(Array(sorted.prefix(max(try integer(arguments[0]), 0)))) }
            return sorted.first ?? .null
        case .minmax:
            let sorted = try ordered(items, block, by: false)
            return try list([sorted.first ?? .null, sorted.last ?? .null])
        case .sort: return try list(try ordered(items, block, by: false))
        case .sort_by: return try list(try ordered(items, try self.block(arguments, method), by: true))
        case .min_by: return try ordered(items, try self.block(arguments, method), by: true).first ?? .null
        case .max_by:
            let block = try self.block(arguments, method)
            var best: (item: ExpressionValue, key: ExpressionValue)?
            for item in items {
                let key = try yield(block, item)
                if let known = best, try order(key, known.key) <= 0 { continue }
                best = (item, key)
            }
            return best?.item ?? .null
        default: return nil
        }
    }

    /// - Parameter by: the block gives a key for each item; else it compares two of them.
    private mutating func ordered(
        _ items: [ExpressionValue], _ block: Int?, by: Bool
    ) throws(ExpressionFailure) -> [ExpressionValue] {
        if by, let block {
            var keyed: [(key: ExpressionValue, item: ExpressionValue)] = []
            for item in items { keyed.append((try yield(block, item), item)) }
            return try sorted(keyed) { (evaluator, a, b) throws(ExpressionFailure) in
                try evaluator.order(a.key, b.key)
            }.map(\.item)
        }
        return try sorted(items) { (evaluator, a, b) throws(ExpressionFailure) in
            guard let block else { return try evaluator.order(a, b) }
            guard case .integer(let result) = try evaluator.yield(block, a, b) else {
                throw .argument("the block of a comparison must give a number")
            }
            return result < 0 ? -1 : result > 0 ? 1 : 0
        }
    }
}
