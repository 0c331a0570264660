internal import Events

/// Ruby's Hash: computed ones, those of the record, the record itself and `ENV`.
extension ExpressionEvaluator {
    mutating func hashMethod(
        _ receiver: ExpressionValue, _ method: Method, _ arguments: Arguments
    ) throws(ExpressionFailure) -> ExpressionValue? {
        switch method {
        case .equal, .not_equal, .is_eql, .case_equal, .is_a, .kind_of, .class, .is_nil, .to_s, .inspect, .to_json:
            return nil
        case .to_h where arguments.block == nil, .to_hash: return receiver
        case .at_index: return try lookup(arguments[0], in: receiver) ?? .null
        case .dig:
            let first = try lookup(arguments[0], in: receiver) ?? .null
            return arguments.count == 1 || first.isNull ? first : try call(first, .dig, arguments.dropFirst())
        case .fetch:
            if let value = try lookup(arguments[0], in: receiver) { return value }
            if let block = arguments.block { return try yield(block, arguments[0]) }
            if arguments.count > 1 { return arguments[1] }
            throw ExpressionFailure("KeyError", "key not found")
        case .key, .has_key, .include, .member:
            return .bool(try lookup(arguments[0], in: receiver) != nil)
        case .delete:
            guard case .record = receiver else {
                throw ExpressionFailure(
                    "NotImplementedError", "a hash inside the record stays as it is: remove_keys $.a.b removes from it")
            }
            guard let value = try lookup(arguments[0], in: receiver) else {
                return if let block = arguments.block { try yield(block, arguments[0]) } else { .null }
            }
            if case .string(let slice) = arguments[0] { deletedKeys.append(storage.array(slice)) }
            return value
        case .values_at, .fetch_values:
            var values: [ExpressionValue] = []
            for key in arguments.all {
                guard let value = try lookup(key, in: receiver) else {
                    if method == .fetch_values { throw ExpressionFailure("KeyError", "key not found") }
                    values.append(.null)
                    continue
                }
                values.append(value)
            }
            return try list(values)
        default: break
        }
        let pairs = try pairs(of: receiver) ?? []
        if let value = try pairMethod(pairs, receiver, method, arguments) { return value }
        var items: [ExpressionValue] = []
        items.reserveCapacity(pairs.count)
        for pair in pairs { items.append(try list([pair.key, pair.value])) }
        return try enumerated(items, receiver, method, arguments)
    }

    private mutating func pairMethod(
        _ pairs: [HashValue.Pair], _ receiver: ExpressionValue, _ method: Method, _ arguments: Arguments
    ) throws(ExpressionFailure) -> ExpressionValue? {
        switch method {
        case .keys, .each_key: return try list(pairs.map(\.key))
        case .values, .each_value: return try list(pairs.map(\.value))
        case .length, .size: return .integer(Int128(pairs.count))
        case .is_empty: return .bool(pairs.isEmpty)
        case .value, .has_value:
            for pair in pairs where try isEqual(pair.value, arguments[0]) { return .bool(true) }
            return .bool(false)
        case .key_of:
            for pair in pairs where try isEqual(pair.value, arguments[0]) { return pair.key }
            return .null
        case .merge:
            var builder = HashBuilder()
            for pair in pairs { try builder.set(pair.key, pair.value, &self) }
            for other in arguments.all {
                guard let more = try self.pairs(of: other) else {
                    throw .type("no implicit conversion of \(described(other)) into Hash")
                }
                for pair in more {
                    var value = pair.value
                    if let block = arguments.block, let old = try builder.value(of: pair.key, &self) {
                        value = try yield(block, try list([pair.key, old, value]))
                    }
                    try builder.set(pair.key, value, &self)
                }
            }
            return .hash(try builder.finished(self))
        case .select, .filter, .keep_if, .reject, .delete_if:
            let block = try self.block(arguments, method)
            let wanted = method != .reject && method != .delete_if
            return try filtered(pairs) { (evaluator, pair) throws(ExpressionFailure) in
                try evaluator.yield(block, pair.key, pair.value).isTrue == wanted
            }
        case .compact:
            return try filtered(pairs) { (_, pair) throws(ExpressionFailure) in !pair.value.isNull }
        case .slice, .except:
            var wanted: Set<[UInt8]> = []
            for key in arguments.all { wanted.insert(try canonical(key)) }
            return try filtered(pairs) { (evaluator, pair) throws(ExpressionFailure) in
                wanted.contains(try evaluator.canonical(pair.key)) == (method == .slice)
            }
        case .transform_values, .transform_keys:
            var builder = HashBuilder()
            for pair in pairs {
                if method == .transform_values {
                    try builder.set(pair.key, try yield(try block(arguments, method), pair.value), &self)
                    continue
                }
                var key = pair.key
                if arguments.count > 0 {
                    key = try lookup(pair.key, in: arguments[0]) ?? pair.key
                } else {
                    key = try yield(try block(arguments, method), pair.key)
                }
                try builder.set(key, pair.value, &self)
            }
            return .hash(try builder.finished(self))
        case .invert:
            var builder = HashBuilder()
            for pair in pairs { try builder.set(pair.value, pair.key, &self) }
            return .hash(try builder.finished(self))
        default: return nil
        }
    }

    private mutating func filtered(
        _ pairs: [HashValue.Pair],
        _ isKept: (inout Self, HashValue.Pair) throws(ExpressionFailure) -> Bool
    ) throws(ExpressionFailure) -> ExpressionValue {
        var builder = HashBuilder()
        for pair in pairs where try isKept(&self, pair) { try builder.set(pair.key, pair.value, &self) }
        return .hash(try builder.finished(self))
    }
}
