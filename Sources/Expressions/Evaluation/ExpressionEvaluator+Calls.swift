internal import Events

/// Which method of which class a call means.
extension ExpressionEvaluator {
    mutating func call(
        _ receiver: ExpressionValue, _ method: Method, _ arguments: Arguments
    ) throws(ExpressionFailure) -> ExpressionValue {
        if let value = try ownMethod(receiver, method, arguments) { return value }
        if let value = try objectMethod(receiver, method, arguments) { return value }
        throw noMethod(method, receiver)
    }

    /// What the class of the receiver defines; nil: it does not.
    private mutating func ownMethod(
        _ receiver: ExpressionValue, _ method: Method, _ arguments: Arguments
    ) throws(ExpressionFailure) -> ExpressionValue? {
        switch receiver {
        case .string(let slice): return try stringMethod(slice, method, arguments)
        case .integer, .float: return try numberMethod(receiver, method, arguments)
        case .null: return try nullMethod(method, arguments)
        case .bool(let value): return try boolMethod(value, method, arguments)
        case .symbol(let slice): return try symbolMethod(slice, method, arguments)
        case .array: return try arrayMethod(receiver, method, arguments)
        case .nested(let nested):
            return isList(nested)
                ? try arrayMethod(receiver, method, arguments)
                : isMap(nested) ? try hashMethod(receiver, method, arguments) : nil
        case .hash, .record, .environment: return try hashMethod(receiver, method, arguments)
        case .time(let value): return try timeMethod(value, method, arguments)
        case .range(let range): return try rangeMethod(range, method, arguments)
        case .match(let match): return try matchMethod(match, method, arguments)
        case .regexp(let number): return try regexpMethod(program.regexps[number], number, method, arguments)
        case .type(let type): return try classMethod(type, method, arguments)
        case .file(let path): return try fileMethod(path, method)
        }
    }

    /// What every object has.
    private mutating func objectMethod(
        _ receiver: ExpressionValue, _ method: Method, _ arguments: Arguments
    ) throws(ExpressionFailure) -> ExpressionValue? {
        switch method {
        case .equal, .is_eql, .is_equal:
            return .bool(try isEqual(receiver, arguments[0], strictly: method != .equal))
        case .not_equal: return .bool(!(try isEqual(receiver, arguments[0])))
        case .case_equal: return .bool(try isCase(receiver, arguments[0]))
        case .match_op: return .null
        case .not_match: return .bool(!(try call(receiver, .match_op, arguments)).isTrue)
        case .compare: return try isEqual(receiver, arguments[0]) ? .integer(0) : .null
        case .class: return .type(type(of: receiver))
        case .is_a, .kind_of: return .bool(try isInstance(receiver, arguments[0]))
        case .instance_of:
            guard case .type(let wanted) = arguments[0] else { throw .type("class or module required") }
            return .bool(type(of: receiver) == wanted)
        case .respond_to: return .bool(try responds(receiver, try name(arguments[0])))
        case .is_nil: return .bool(receiver.isNull)
        case .to_s: return .string(try text(of: receiver))
        case .inspect:
            var text = ByteBuffer()
            try inspect(receiver, to: &text)
            return .string(try string(text))
        case .to_json:
            var text = ByteBuffer()
            try writeJSON(receiver, to: &text)
            return .string(try string(text))
        case .dup, .clone, .freeze, .itself: return receiver
        case .is_frozen: return .bool(true)
        case .then, .yield_self: return try yield(try block(arguments, method), receiver)
        case .tap:
            _ = try yield(try block(arguments, method), receiver)
            return receiver
        case .hash: throw ExpressionFailure("NotImplementedError", "hash differs from process to process")
        default: return nil
        }
    }

    func noMethod(_ method: Method, _ receiver: ExpressionValue) -> ExpressionFailure {
        let name = receiver.isNull ? "nil:NilClass" : "an instance of \(type(of: receiver).rawValue)"
        return ExpressionFailure("NoMethodError", "undefined method `\(method.rawValue)' for \(name)")
    }

    func block(_ arguments: Arguments, _ method: Method) throws(ExpressionFailure) -> Int {
        guard let block = arguments.block else {
            throw ExpressionFailure("LocalJumpError", "`\(method.rawValue)' needs a block")
        }
        return block
    }

    // MARK: - Classes

    func type(of value: ExpressionValue) -> RubyClass {
        switch value {
        case .null: .nilClass
        case .bool(let value): value ? .trueClass : .falseClass
        case .integer: .integer
        case .float: .float
        case .string: .string
        case .symbol: .symbol
        case .array: .array
        case .nested(let nested): isList(nested) ? .array : isMap(nested) ? .hash : .object
        case .hash, .record: .hash
        case .environment: .object
        case .time(let value): value.kind == .time ? .time : value.kind == .date ? .date : .dateTime
        case .range: .range
        case .match: .matchData
        case .regexp: .regexp
        case .type: .class
        case .file: .file
        }
    }

    func isInstance(_ value: ExpressionValue, _ wanted: ExpressionValue) throws(ExpressionFailure) -> Bool {
        guard case .type(let wanted) = wanted else { throw .type("class or module required") }
        let own = type(of: value)
        switch wanted {
        case .object: return true
        case .numeric: return own == .integer || own == .float
        case .comparable: return [.integer, .float, .string, .time, .dateTime, .date].contains(own)
        case .enumerable: return [.array, .hash, .range].contains(own)
        case .date: return own == .date || own == .dateTime
        default: return own == wanted
        }
    }

    /// Tried on a value with no arguments, since what is defined is what the methods say: only the answer "there is no such
    /// method" means that there is none.
    mutating func responds(_ value: ExpressionValue, _ name: String) throws(ExpressionFailure) -> Bool {
        guard let method = Method(rawValue: name) else { return false }
        if Method.ofEveryObject.contains(method) { return method != .name }
        let mark = storage.count
        defer { storage.truncate(to: mark) }
        do throws(ExpressionFailure) {
            return try ownMethod(value, method, Arguments()) != nil
        } catch {
            guard error.isRescued else { throw error }
            return error.kind != "NoMethodError"
        }
    }

    // MARK: - Arguments

    func text(_ value: ExpressionValue) throws(ExpressionFailure) -> Slice {
        guard case .string(let slice) = value else {
            throw .type("no implicit conversion of \(described(value)) into String")
        }
        return slice
    }

    /// A string or a symbol.
    func name(_ value: ExpressionValue) throws(ExpressionFailure) -> String {
        switch value {
        case .string(let slice), .symbol(let slice): return storage.text(slice)
        default: throw .type("\(described(value)) is not a symbol nor a string")
        }
    }

    func integer(_ value: ExpressionValue) throws(ExpressionFailure) -> Int {
        switch value {
        case .integer(let number):
            guard let number = Int(exactly: number) else {
                throw ExpressionFailure("RangeError", "bignum too big to convert into `long'")
            }
            return number
        case .float(let number):
            guard let number = Int(exactly: number.rounded(.towardZero)) else {
                throw ExpressionFailure("FloatDomainError", "the float is no integer")
            }
            return number
        default: throw .type("no implicit conversion of \(described(value)) into Integer")
        }
    }

    func described(_ value: ExpressionValue) -> String {
        switch value {
        case .null: "nil"
        case .bool(let value): value ? "true" : "false"
        default: type(of: value).rawValue
        }
    }

    /// An option given as `name: value`.
    mutating func option(_ name: String, _ arguments: Arguments) throws(ExpressionFailure) -> ExpressionValue? {
        guard arguments.count > 0, case .hash(let hash) = arguments[arguments.count - 1] else { return nil }
        for pair in hash.pairs {
            if case .symbol(let slice) = pair.key, storage.equals(slice, Array(name.utf8)) { return pair.value }
        }
        return nil
    }
}
