internal import Events

/// Ruby's Array and, by its items, what Enumerable gives arrays, hashes and ranges.
extension ExpressionEvaluator {
    mutating func arrayMethod(
        _ receiver: ExpressionValue, _ method: Method, _ arguments: Arguments
    ) throws(ExpressionFailure) -> ExpressionValue? {
        switch method {
        case .equal, .not_equal, .is_eql, .case_equal, .is_a, .kind_of, .class, .is_nil, .to_s, .inspect, .to_json:
            return nil
        case .to_a, .to_ary, .entries: return receiver
        default: break
        }
        if let value = try accessMethod(receiver, method, arguments) { return value }
        let items = try arrayItems(of: receiver) ?? []
        if let value = try wholeMethod(items, method, arguments) { return value }
        return try enumerated(items, receiver, method, arguments)
    }

    /// What looks at some items only.
    private mutating func accessMethod(
        _ receiver: ExpressionValue, _ method: Method, _ arguments: Arguments
    ) throws(ExpressionFailure) -> ExpressionValue? {
        switch method {
        case .at_index, .slice, .at:
            if arguments.count == 1, case .nested(let nested) = receiver, case .integer(let number) = arguments[0],
                number >= 0, let index = Int(exactly: number)
            {
                try step()
                guard let child = storage.child(of: nested, .index(index)) else { return .null }
                return try value(child)
            }
            let items = try arrayItems(of: receiver) ?? []
            if arguments.count > 1 {
                let from = try integer(arguments[0])
                let start = from < 0 ? items.count + from : from
                let count = try integer(arguments[1])
                guard start >= 0, start <= items.count, count >= 0 else { return .null }
                return try list(Array(items[start..<(start + min(count, items.count - start))]))
            }
            if case .range(let range) = arguments[0] {
                guard let bounds = try bounds(range, count: items.count) else { return .null }
                return try list(Array(items[bounds]))
            }
            return item(items, try integer(arguments[0]))
        case .dig:
            let first = try arrayMethod(receiver, .at, Arguments(arguments[0])) ?? .null
            return arguments.count == 1 || first.isNull ? first : try call(first, .dig, arguments.dropFirst())
        case .fetch:
            let items = try arrayItems(of: receiver) ?? []
            let number = try integer(arguments[0])
            if (number < 0 ? items.count + number : number) >= 0, number < items.count { return item(items, number) }
            if let block = arguments.block { return try yield(block, arguments[0]) }
            if arguments.count > 1 { return arguments[1] }
            throw ExpressionFailure("IndexError", "index \(number) outside of array bounds")
        default: return nil
        }
    }

    func item(_ items: [ExpressionValue], _ number: Int) -> ExpressionValue {
        let index = number < 0 ? items.count + number : number
        return items.indices.contains(index) ? items[index] : .null
    }

    /// What arrays have and other collections have not.
    private mutating func wholeMethod(
        _ items: [ExpressionValue], _ method: Method, _ arguments: Arguments
    ) throws(ExpressionFailure) -> ExpressionValue? {
        switch method {
        case .length, .size: return .integer(Int128(items.count))
        case .is_empty: return .bool(items.isEmpty)
        case .last:
            if arguments.count == 0 { return items.last ?? .null }
            return try list(Array(items.suffix(max(try integer(arguments[0]), 0))))
        case .pop: return items.last ?? .null
        case .shift: return items.first ?? .null
        case .join: return .string(try joined(items, separator: arguments[0], level: 0))
        case .plus, .concat, .union, .bit_or:
            var all = items
            for other in arguments.all {
                guard let more = try arrayItems(of: other) else {
                    throw .type("no implicit conversion of \(described(other)) into Array")
                }
                all += more
            }
            return try list(method == .union || method == .bit_or ? try unique(all) { $1 } : all)
        case .push, .append: return try list(items + arguments.all)
        case .shift_left: return try list(items + [arguments[0]])
        case .unshift, .prepend: return try list(arguments.all + items)
        case .insert:
            let number = try integer(arguments[0])
            let place = number < 0 ? items.count + number + 1 : number
            guard place >= 0, place <= items.count else {
                throw ExpressionFailure("IndexError", "index \(number) out of array")
            }
            return try list(Array(items[..<place]) + arguments.dropFirst().all + Array(items[place...]))
        case .minus, .difference, .bit_and, .intersection, .is_intersect:
            guard let others = try arrayItems(of: arguments[0]) else {
                throw .type("no implicit conversion of \(described(arguments[0])) into Array")
            }
            var known: Set<[UInt8]> = []
            for other in others { known.insert(try canonical(other)) }
            let keepsKnown = method != .minus && method != .difference
            var kept: [ExpressionValue] = []
            for item in items where known.contains(try canonical(item)) == keepsKnown { kept.append(item) }
            if method == .is_intersect { return .bool(!kept.isEmpty) }
            return try list(keepsKnown ? try unique(kept) { $1 } : kept)
        case .times_op:
            if case .string = arguments[0] { return .string(try joined(items, separator: arguments[0], level: 0)) }
            let count = try integer(arguments[0])
            guard count >= 0 else { throw .argument("argument must be non-negative") }
            let (total, overflow) = items.count.multipliedReportingOverflow(by: count)
            try step(overflow ? limits.steps + 1 : total)
            return try list(Array(Array(repeating: items, count: count).joined()))
        case .compare: return try compare(try list(items), arguments[0]).map { .integer(Int128($0)) } ?? .null
        case .compact: return try list(items.filter { !$0.isNull })
        case .flatten:
            let depth = arguments.count > 0 && !arguments[0].isNull ? try integer(arguments[0]) : Int.max
            return try list(try flattened(items, depth < 0 ? .max : depth))
        case .reverse: return try list(items.reversed())
        case .rotate:
            guard !items.isEmpty else { return try list([]) }
            let places = arguments.count > 0 ? try integer(arguments[0]) : 1
            let start = ((places % items.count) + items.count) % items.count
            return try list(Array(items[start...] + items[..<start]))
        case .values_at:
            var values: [ExpressionValue] = []
            for number in arguments.all { values.append(item(items, try integer(number))) }
            return try list(values)
        case .index, .find_index:
            for (place, item) in items.enumerated() {
                let fits =
                    if let block = arguments.block { try yield(block, item).isTrue } else {
                        try isEqual(item, arguments[0])
                    }
                if fits { return .integer(Int128(place)) }
            }
            return .null
        case .rindex:
            for (place, item) in items.enumerated().reversed() {
                let fits =
                    if let block = arguments.block { try yield(block, item).isTrue } else {
                        try isEqual(item, arguments[0])
                    }
                if fits { return .integer(Int128(place)) }
            }
            return .null
        case .delete:
            for item in items where try isEqual(item, arguments[0]) { return item }
            return .null
        case .transpose:
            var rows: [[ExpressionValue]] = []
            for item in items { rows.append(try arrayItems(of: item) ?? []) }
            guard rows.allSatisfy({ $0.count == rows.first?.count }) else {
                throw ExpressionFailure("IndexError", "element size differs")
            }
            var columns: [ExpressionValue] = []
            for index in 0..<(rows.first?.count ?? 0) { columns.append(try list(rows.map { $0[index] })) }
            return try list(columns)
        case .assoc:
            for item in items {
                if let pair = try arrayItems(of: item), let key = pair.first, try isEqual(key, arguments[0]) {
                    return item
                }
            }
            return .null
        default: return nil
        }
    }

    /// `join`: items as text, arrays inside joined as well.
    mutating func joined(
        _ items: [ExpressionValue], separator: ExpressionValue, level: Int
    ) throws(ExpressionFailure) -> Slice {
        let between = separator.isNull ? Slice.empty : try text(separator)
        var slices: [Slice] = []
        for (index, item) in items.enumerated() {
            if index > 0, between.length > 0 { slices.append(between) }
            if let inner = try arrayItems(of: item) {
                if level >= ExpressionLimits.depth { throw .argument("the array is nested too deeply") }
                slices.append(try joined(inner, separator: separator, level: level + 1))
            } else {
                slices.append(try text(of: item))
            }
        }
        return try joined(slices)
    }

    private mutating func flattened(
        _ items: [ExpressionValue], _ depth: Int
    ) throws(ExpressionFailure) -> [ExpressionValue] {
        var flat: [ExpressionValue] = []
        for item in items {
            if depth > 0, let inner = try arrayItems(of: item) {
                flat += try flattened(inner, depth - 1)
            } else {
                flat.append(item)
            }
        }
        return flat
    }

    /// The first of those that have an equal key.
    mutating func unique(
        _ items: [ExpressionValue],
        _ key: (inout Self, ExpressionValue) throws(ExpressionFailure) -> ExpressionValue
    ) throws(ExpressionFailure) -> [ExpressionValue] {
        var seen: Set<[UInt8]> = []
        var kept: [ExpressionValue] = []
        for item in items {
            let key = try key(&self, item)
            if seen.insert(try canonical(key)).inserted { kept.append(item) }
        }
        return kept
    }
}
