internal import Events

/// Walking the tree of a program.
extension ExpressionEvaluator {
    mutating func evaluate(_ index: Node.Index) throws(ExpressionFailure) -> ExpressionValue {
        try step()
        switch program.nodes[Int(index)] {
        case .null: return .null
        case .bool(let value): return .bool(value)
        case .integer(let value): return .integer(Int128(value))
        case .float(let value): return .float(value)
        case .string(let slice): return .string(constant(slice))
        case .symbol(let slice): return .symbol(constant(slice))
        case .interpolation(let parts): return try interpolation(parts)
        case .array(let list): return try self.list(try items(list))
        case .hash(let list): return try hashLiteral(list)
        case .range(let from, let to, let isExclusive):
            let first = try evaluate(from)
            return .range(RangeValue(from: first, to: try evaluate(to), isExclusive: isExclusive))
        case .regexp(let number): return .regexp(Int(number))
        case .local(let slot): return locals[Int(slot)]
        case .assign(let slot, let value):
            locals[Int(slot)] = try evaluate(value)
            return locals[Int(slot)]
        case .sequence(let list):
            var value = ExpressionValue.null
            for place in list.range { value = try evaluate(program.operands[place]) }
            return value
        case .subject(let subject): return try value(of: subject)
        case .constant(let type): return .type(type)
        case .field(let key): return try field(program.keys[Int(key)])
        case .member(let receiver, let key):
            let receiver = try evaluate(receiver)
            current = index
            return try member(of: receiver, program.keys[Int(key)])
        case .lastMatch: return lastMatch.map { .match($0) } ?? .null
        case .matchGroup(let number): return lastMatch?.group(Int(number)).map { .string($0) } ?? .null
        case .preMatch: return lastMatch.map { .string(part($0.subject, 0, $0.offsets[0])) } ?? .null
        case .postMatch:
            return lastMatch.map { .string(part($0.subject, $0.offsets[1], Int($0.subject.length))) } ?? .null
        case .unknownName(let name):
            throw ExpressionFailure(
                "NameError", "undefined local variable or method `\(storage.text(constant(name)))'")
        case .not(let inner): return .bool(!(try evaluate(inner)).isTrue)
        case .and(let left, let right):
            let value = try evaluate(left)
            return value.isTrue ? try evaluate(right) : value
        case .or(let left, let right):
            let value = try evaluate(left)
            return value.isTrue ? value : try evaluate(right)
        case .conditional(let test, let yes, let no):
            return try evaluate(try evaluate(test).isTrue ? yes : no)
        case .rescue(let body, let other): return try rescue(body, other)
        case .choice(let subject, let clauses, let otherwise): return try choice(subject, clauses, otherwise)
        case .call(let call): return try evaluate(call, at: index)
        }
    }

    private mutating func rescue(_ body: Node.Index, _ other: Node.Index) throws(ExpressionFailure) -> ExpressionValue {
        do throws(ExpressionFailure) {
            return try evaluate(body)
        } catch {
            guard error.isRescued else { throw error }
            return try evaluate(other)
        }
    }

    private mutating func items(_ list: Node.List) throws(ExpressionFailure) -> [ExpressionValue] {
        var items: [ExpressionValue] = []
        items.reserveCapacity(Int(list.count))
        for place in list.range { items.append(try evaluate(program.operands[place])) }
        return items
    }

    private mutating func interpolation(_ parts: Node.List) throws(ExpressionFailure) -> ExpressionValue {
        var slices: [Slice] = []
        slices.reserveCapacity(Int(parts.count))
        for place in parts.range { slices.append(try text(of: try evaluate(program.operands[place]))) }
        return .string(try joined(slices))
    }

    func joinedLength(_ slices: [Slice]) -> Int { slices.reduce(0) { $0 + Int($1.length) } }

    /// The slices one after another.
    mutating func joined(_ slices: [Slice]) throws(ExpressionFailure) -> Slice {
        try checkRoom(joinedLength(slices))
        let start = storage.count
        for slice in slices { storage.append(slice: slice) }
        return try made(from: start)
    }

    private mutating func hashLiteral(_ list: Node.List) throws(ExpressionFailure) -> ExpressionValue {
        var builder = HashBuilder()
        var place = list.range.lowerBound
        while place < list.range.upperBound {
            let key = try evaluate(program.operands[place])
            try builder.set(key, try evaluate(program.operands[place + 1]), &self)
            place += 2
        }
        return .hash(try builder.finished(self))
    }

    /// `case`: the first clause with a pattern that is `===` to the subject, or true when there is none.
    private mutating func choice(
        _ subject: Node.Index?, _ clauses: Node.List, _ otherwise: Node.Index
    ) throws(ExpressionFailure) -> ExpressionValue {
        let value: ExpressionValue? = if let subject { try evaluate(subject) } else { nil }
        var place = clauses.range.lowerBound
        while place < clauses.range.upperBound {
            let count = Int(program.operands[place])
            let result = program.operands[place + count + 1]
            for index in 1...count {
                let pattern = try evaluate(program.operands[place + index])
                let fits = if let value { try isCase(pattern, value) } else { pattern.isTrue }
                if fits { return try evaluate(result) }
            }
            place += count + 2
        }
        return try evaluate(otherwise)
    }

    private mutating func evaluate(
        _ call: Node.Call, at index: Node.Index
    ) throws(ExpressionFailure) -> ExpressionValue {
        let receiver: ExpressionValue? = if let node = call.receiver { try evaluate(node) } else { nil }
        if call.isSafe, let receiver, receiver.isNull { return .null }
        var arguments = Arguments(block: call.block.map { Int($0) })
        for place in call.arguments.range { arguments.append(try evaluate(program.operands[place])) }
        current = index
        guard let receiver else { return try function(call.method, arguments) }
        return try self.call(receiver, call.method, arguments)
    }

    // MARK: - Blocks

    /// What a block gives for a value.
    mutating func yield(_ block: Int, _ value: ExpressionValue) throws(ExpressionFailure) -> ExpressionValue {
        try step()
        let block = program.blocks[block]
        guard case .node(let body) = block.body else {
            guard case .method(let method) = block.body else { return .null }
            return try call(value, method, Arguments())
        }
        if block.parameters.count == 1, case .one(let slot) = block.parameters[0] {
            locals[slot] = value
        } else {
            try bind(block.parameters, try items(of: value) ?? [value])
        }
        return try evaluate(body)
    }

    /// What a block gives for two values, such as the sum so far and the next item.
    mutating func yield(
        _ block: Int, _ first: ExpressionValue, _ second: ExpressionValue
    ) throws(ExpressionFailure) -> ExpressionValue {
        try step()
        let block = program.blocks[block]
        switch block.body {
        case .method(let method): return try call(first, method, Arguments(second))
        case .node(let body):
            try bind(block.parameters, [first, second])
            return try evaluate(body)
        }
    }

    private mutating func bind(
        _ parameters: [Block.Parameter], _ values: [ExpressionValue]
    ) throws(ExpressionFailure) {
        for (place, parameter) in parameters.enumerated() {
            let value = place < values.count ? values[place] : .null
            switch parameter {
            case .one(let slot): locals[slot] = value
            case .several(let slots):
                let inner = try items(of: value) ?? [value]
                for (index, slot) in slots.enumerated() { locals[slot] = index < inner.count ? inner[index] : .null }
            }
        }
    }
}

/// What a method is called with.
struct Arguments {
    private(set) var count = 0
    var block: Int?
    private var first = ExpressionValue.null
    private var second = ExpressionValue.null
    private var third = ExpressionValue.null
    private var others: [ExpressionValue] = []

    init(block: Int? = nil) { self.block = block }

    init(_ values: ExpressionValue...) {
        for value in values { append(value) }
    }

    mutating func append(_ value: ExpressionValue) {
        switch count {
        case 0: first = value
        case 1: second = value
        case 2: third = value
        default: others.append(value)
        }
        count += 1
    }

    /// nil beyond the last.
    subscript(_ index: Int) -> ExpressionValue {
        switch index {
        case 0: first
        case 1: second
        case 2: third
        default: index - 3 < others.count ? others[index - 3] : .null
        }
    }

    var all: [ExpressionValue] { (0..<count).map { self[$0] } }

    /// The arguments from one on.
    func dropFirst() -> Arguments {
        var rest = Arguments(block: block)
        for index in 1..<max(count, 1) { rest.append(self[index]) }
        return rest
    }
}
