internal import Events

/// Reads one expression in Ruby's syntax into a program, by recursive descent.
///
/// The grammar is that of "Expressions", "Operators" and "Literals" in Ruby's documentation, without statements that change
/// something: assignments, definitions, loops, more than one statement in a row.
struct ProgramParser: ~Copyable {
    let bytes: [UInt8]
    /// Where the text that may be read ends.
    let end: Int
    let scope: CodeScope
    var position = 0
    var builder = ProgramBuilder()
    /// The names of the parameters of the blocks around, the innermost last.
    var scopes: [[(name: String, slot: Int)]] = []
    /// Expressions inside one another, as they are being read.
    var nesting = 0
    /// How many conditions `a ? b : c` are open before their colon.
    var openConditions = 0

    private static let maximumNesting = 60

    init(_ bytes: [UInt8], position: Int = 0, end: Int? = nil, scope: CodeScope = .event) {
        self.bytes = bytes
        self.end = min(end ?? bytes.count, bytes.count)
        self.scope = scope
        self.position = position
    }

    /// An expression that reaches to the end of the text.
    mutating func whole() throws(ExpressionError) -> Node.Index {
        skipSpace()
        if isAtEnd { return builder.add(.null) }
        let root = try statements()
        guard isAtEnd else { throw unexpected() }
        return root
    }

    /// The code of `#{…}` up to and with the brace that ends it.
    mutating func code() throws(ExpressionError) -> Node.Index {
        skipSpace()
        if take("}") { return builder.add(.null) }
        let root = try statements()
        guard take("}") else {
            throw isAtEnd ? error(position, "'}' is missing here") : unexpected()
        }
        return root
    }

    // MARK: - Statements

    /// One statement; separators around it mean nothing, a second one is refused.
    mutating func statements() throws(ExpressionError) -> Node.Index {
        skipSeparators()
        let start = position
        var all = [try statement()]
        while true {
            skipBlank()
            guard current == UInt8(ascii: ";") || current == 0x0A else { break }
            skipSeparators()
            if isAtEnd || current == UInt8(ascii: "}") || current == UInt8(ascii: ")") || isClauseKeyword { break }
            all.append(try statement())
        }
        return all.count == 1 ? all[0] : try add(.sequence(builder.list(all)), all, start)
    }

    /// An expression with `if`, `unless` and `rescue` behind it.
    mutating func statement() throws(ExpressionError) -> Node.Index {
        try deeper()
        defer { nesting -= 1 }
        var node = try words()
        while true {
            skipBlank()
            let start = position
            switch peekWord() {
            case "if":
                position += 2
                let test = try words()
                node = try add(.conditional(test, node, builder.add(.null)), [test, node], start)
            case "unless":
                position += 6
                let test = try words()
                node = try add(.conditional(test, builder.add(.null), node), [test, node], start)
            case "rescue":
                position += 6
                let other = try words()
                node = try add(.rescue(node, other), [node, other], start)
            case "while", "until", "for", "loop": throw loop(start)
            default: return node
            }
        }
    }

    /// `and`, `or`, `not`
    private mutating func words() throws(ExpressionError) -> Node.Index {
        var left = try negation()
        while true {
            skipBlank()
            let start = position
            switch peekWord() {
            case "and":
                position += 3
                let right = try negation()
                left = try add(.and(left, right), [left, right], start)
            case "or":
                position += 2
                let right = try negation()
                left = try add(.or(left, right), [left, right], start)
            default: return left
            }
        }
    }

    private mutating func negation() throws(ExpressionError) -> Node.Index {
        skipSpace()
        let start = position
        guard peekWord() == "not" else { return try expression() }
        try deeper()
        defer { nesting -= 1 }
        position += 3
        let inner = try negation()
        return try add(.not(inner), [inner], start)
    }

    // MARK: - Operators

    /// `a ? b : c` and all that binds tighter.
    mutating func expression() throws(ExpressionError) -> Node.Index {
        try deeper()
        defer { nesting -= 1 }
        skipSpace()
        let start = position
        let test = try range()
        skipBlankBeforeOperator()
        guard current == UInt8(ascii: "?") else {
            try refuseAssignment(test, from: start)
            return test
        }
        position += 1
        openConditions += 1
        let yes = try expression()
        openConditions -= 1
        skipSpace()
        guard take(":") else {
            throw error(position, "':' of the condition is missing here", hint: "write CONDITION ? YES : NO")
        }
        let no = try expression()
        return try add(.conditional(test, yes, no), [test, yes, no], start)
    }

    private mutating func range() throws(ExpressionError) -> Node.Index {
        skipSpace()
        let start = position
        var from: Node.Index?
        if !starts(with: "..") { from = try binary(1) }
        skipBlankBeforeOperator()
        guard starts(with: "..") else { return from ?? builder.add(.null) }
        let isExclusive = starts(with: "...")
        position += isExclusive ? 3 : 2
        skipBlank()
        let isOpen = isAtEnd || ")],;}".utf8.contains(current ?? 0) || current == 0x0A || peekWord() == "then"
        let to = isOpen ? builder.add(.null) : try binary(1)
        let first = from ?? builder.add(.null)
        return try add(.range(first, to, isExclusive: isExclusive), [first, to], start)
    }

    /// Operators with two operands, by how tightly they bind.
    private func binaryOperator() -> (text: String, precedence: Int, method: Method?)? {
        guard let byte = current else { return nil }
        let table: [(String, Int, Method?)]
        switch byte {
        case UInt8(ascii: "|"): table = [("||", 1, nil), ("|", 5, .bit_or)]
        case UInt8(ascii: "&"): table = [("&&", 2, nil), ("&", 6, .bit_and)]
        case UInt8(ascii: "="): table = [("===", 3, .case_equal), ("==", 3, .equal), ("=~", 3, .match_op)]
        case UInt8(ascii: "!"): table = [("!=", 3, .not_equal), ("!~", 3, .not_match)]
        case UInt8(ascii: "<"):
            table = [("<=>", 3, .compare), ("<<", 7, .shift_left), ("<=", 4, .less_equal), ("<", 4, .less)]
        case UInt8(ascii: ">"): table = [(">>", 7, .shift_right), (">=", 4, .greater_equal), (">", 4, .greater)]
        case UInt8(ascii: "^"): table = [("^", 5, .bit_xor)]
        case UInt8(ascii: "+"): table = [("+", 8, .plus)]
        case UInt8(ascii: "-"): table = [("-", 8, .minus)]
        case UInt8(ascii: "*"): table = [("**", 11, .power), ("*", 9, .times_op)]
        case UInt8(ascii: "/"): table = [("/", 9, .divide)]
        case UInt8(ascii: "%"): table = [("%", 9, .modulo_op)]
        default: return nil
        }
        guard let found = table.first(where: { starts(with: $0.0) }) else { return nil }
        // `a += 1`, `a ||= b`: an assignment, which whoever comes after us refuses.
        let after = position + found.0.utf8.count
        let assigns = found.2 == nil || (found.1 >= 5 && found.0 != "=>")
        if assigns, peek(at: after) == UInt8(ascii: "="), peek(at: after + 1) != UInt8(ascii: "="),
            peek(at: after + 1) != UInt8(ascii: "~")
        {
            return nil
        }
        if found.0 == "&", peek(at: after) == UInt8(ascii: ".") { return nil }
        return (found.0, found.1, found.2)
    }

    private mutating func binary(_ least: Int) throws(ExpressionError) -> Node.Index {
        skipSpace()
        let start = position
        var left = try unary()
        while true {
            skipBlankBeforeOperator()
            guard let found = binaryOperator(), found.precedence >= least else { return left }
            let place = position
            position += found.text.utf8.count
            skipSpace()
            if isAtEnd { throw error(place, "nothing follows '\(found.text)'", length: found.text.utf8.count) }
            // A power binds to the right.
            let right = try binary(found.text == "**" ? found.precedence : found.precedence + 1)
            switch (found.text, found.method) {
            case ("||", _): left = try add(.or(left, right), [left, right], start)
            case ("&&", _): left = try add(.and(left, right), [left, right], start)
            case (_, let method?):
                if method == .shift_left { try refuseChange(of: left, method, at: place) }
                left = try call(left, method, [right], at: start)
            default: break
            }
        }
    }

    private mutating func unary() throws(ExpressionError) -> Node.Index {
        skipSpace()
        let start = position
        guard let byte = current else { throw error(position, "an expression is missing here") }
        try deeper()
        defer { nesting -= 1 }
        switch byte {
        case UInt8(ascii: "!"):
            position += 1
            let inner = try unary()
            return try add(.not(inner), [inner], start)
        case UInt8(ascii: "-") where !isDigit(peek(at: position + 1)):
            if peek(at: position + 1) == UInt8(ascii: ">") { throw lambda(start) }
            position += 1
            return try call(try binary(10), .negate, [], at: start)
        case UInt8(ascii: "+") where !isDigit(peek(at: position + 1)):
            position += 1
            return try call(try binary(10), .identity, [], at: start)
        case UInt8(ascii: "~"):
            position += 1
            return try call(try unary(), .invert_bits, [], at: start)
        case UInt8(ascii: "*"), UInt8(ascii: "&"):
            throw error(
                start, "'\(String(UnicodeScalar(byte)))' in front of a value is not covered",
                hint: "join arrays with '+', and pass '&:method' to a method")
        default: break
        }
        if byte == UInt8(ascii: "-") {
            // `-2 ** 2` is `-(2 ** 2)`.
            position += 1
            let number = try number()
            skipBlank()
            if starts(with: "**") { return try call(try power(number, from: start), .negate, [], at: start) }
            return try power(try postfix(of: negated(number), from: start), from: start)
        }
        return try power(try postfix(), from: start)
    }

    private mutating func power(_ base: Node.Index, from start: Int) throws(ExpressionError) -> Node.Index {
        skipBlank()
        guard starts(with: "**"), peek(at: position + 2) != UInt8(ascii: "=") else { return base }
        position += 2
        let exponent = try unary()
        return try call(base, .power, [exponent], at: start)
    }

    /// A number with a minus before it.
    private mutating func negated(_ node: Node.Index) -> Node.Index {
        switch builder[node] {
        case .integer(let value): builder.add(.integer(-value))
        case .float(let value): builder.add(.float(-value))
        default: node
        }
    }

    // MARK: - Building

    mutating func add(_ node: Node, _ children: [Node.Index], _ start: Int) throws(ExpressionError) -> Node.Index {
        let index = builder.add(node, over: children)
        builder.places[Int(index)] = NodePlace(start: start, end: position)
        if builder.depth(of: index) > ProgramBuilder.maximumDepth { throw tooDeep(start) }
        return index
    }

    mutating func call(
        _ receiver: Node.Index, _ method: Method, _ arguments: [Node.Index], at start: Int
    ) throws(ExpressionError) -> Node.Index {
        let list = builder.list(arguments)
        return try add(
            .call(Node.Call(receiver: receiver, method: method, arguments: list)), [receiver] + arguments, start)
    }

    mutating func deeper() throws(ExpressionError) {
        nesting += 1
        if nesting > Self.maximumNesting { throw tooDeep(position) }
    }

    private func tooDeep(_ place: Int) -> ExpressionError {
        error(place, "the expression is too deeply nested", hint: "split it over several fields or filters")
    }

    // MARK: - What is refused

    private func refuseAssignment(_ target: Node.Index, from start: Int) throws(ExpressionError) {
        for assignment in ["=", "+=", "-=", "*=", "/=", "||=", "&&=", "<<=", "%=", "|=", "**="]
        where starts(with: assignment) {
            let after = peek(at: position + assignment.utf8.count)
            if assignment == "=", after == UInt8(ascii: ">") || after == UInt8(ascii: "=") { return }
            let isField = builder.isPartOfRecord(target)
            throw ExpressionError(
                offset: position, length: assignment.utf8.count, message: "assignments are not covered",
                hint: isField
                    ? "give the field a line of its own in <record>: KEY ${…}"
                    : "write the value where it is used; a field can be made by one filter and used by the next")
        }
    }

    func refuseChange(of receiver: Node.Index, _ method: Method, at place: Int) throws(ExpressionError) {
        guard builder.isPartOfRecord(receiver) else { return }
        throw ExpressionError(
            offset: place, length: method.rawValue.utf8.count, message: "'\(method.rawValue)' would change the record",
            hint: "make a new value: record[\"a\"] + [\"b\"]; fields are removed by remove_keys")
    }

    func loop(_ start: Int) -> ExpressionError {
        error(
            start, "loops are not covered", length: max(peekWord().utf8.count, 1),
            hint: "use a method with a block of one expression: map { |x| … }, select, any?, inject")
    }

    func lambda(_ start: Int) -> ExpressionError {
        error(start, "lambdas are not covered", length: 2, hint: "use a block of one expression: map { |x| … }")
    }
}
