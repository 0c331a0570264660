internal import Events

/// A value and the methods called on it.
extension ProgramParser {
    mutating func postfix() throws(ExpressionError) -> Node.Index {
        skipSpace()
        let start = position
        return try postfix(of: try primary(), from: start)
    }

    /// The same for a value that was read already.
    mutating func postfix(of value: Node.Index, from start: Int) throws(ExpressionError) -> Node.Index {
        var node = value
        while true {
            if current == UInt8(ascii: "[") {
                position += 1
                node = try index(node, from: start)
                continue
            }
            let end = position
            skipBlankBeforeOperator()
            if starts(with: "&.") {
                position += 2
                node = try method(of: node, isSafe: true, from: start)
            } else if current == UInt8(ascii: "."), peek(at: position + 1) != UInt8(ascii: ".") {
                position += 1
                node = try method(of: node, isSafe: false, from: start)
            } else if starts(with: "::") {
                position += 2
                node = try method(of: node, isSafe: false, from: start)
            } else {
                position = end
                return node
            }
        }
    }

    /// What stands in `[…]`, behind the bracket.
    private mutating func index(_ receiver: Node.Index, from start: Int) throws(ExpressionError) -> Node.Index {
        let arguments = try self.arguments(closing: "]")
        guard !arguments.isEmpty else { throw error(position - 1, "a key or a number is missing here") }
        if arguments.count == 1, let key = builder.constantText(arguments[0]) {
            if case .subject(.record) = builder[receiver] { return builder.add(.field(builder.key(key))) }
            return try add(.member(receiver, builder.key(key)), [receiver], start)
        }
        if case .constant(let type) = builder[receiver] {
            throw error(start, "'\(type.rawValue)[…]' is not covered", length: position - start)
        }
        return try call(receiver, .at_index, arguments, at: start)
    }

    // MARK: - Methods

    private mutating func method(
        of receiver: Node.Index, isSafe: Bool, from start: Int
    ) throws(ExpressionError) -> Node.Index {
        skipSpace()
        let place = position
        var name = word()
        guard !name.isEmpty else {
            if current == UInt8(ascii: "(") { throw lambda(position) }
            throw error(position, "a method's name is missing here")
        }
        if let mark = current, mark == UInt8(ascii: "?") || mark == UInt8(ascii: "!"),
            peek(at: position + 1) != UInt8(ascii: "=") || peek(at: position + 2) == UInt8(ascii: "=")
        {
            name += String(UnicodeScalar(mark))
            position += 1
        }
        let type: RubyClass? = if case .constant(let type) = builder[receiver] { type } else { nil }
        let method = try resolve(name, of: receiver, type, at: place)
        if method.changesReceiver { try refuseChange(of: receiver, method, at: place) }
        var call = Node.Call(receiver: receiver, method: method, isSafe: isSafe, arguments: builder.list([]))
        var children = [receiver]
        try finish(&call, &children)
        return try add(.call(call), children, start)
    }

    private func resolve(
        _ name: String, of receiver: Node.Index, _ type: RubyClass?, at place: Int
    ) throws(ExpressionError) -> Method {
        if let type, !Method.ofEveryObject.contains(where: { $0.rawValue == name }) {
            if let method = type.methods.first(where: { $0.rawValue == name }) { return method }
            let names = type.methods.map { "\(type.rawValue).\($0.rawValue)" }
            throw error(
                place, "'\(type.rawValue).\(name)' is not covered", length: name.utf8.count,
                hint: names.isEmpty ? nil : "there are \(names.joined(separator: ", "))")
        }
        if let method = Method(rawValue: name), !Method.functions.contains(method),
            scope == .configuration || !Method.ofFiles.contains(method)
        {
            return method
        }
        let (message, hint) = UncoveredMethod.explanation(of: name)
        throw error(place, message, length: name.utf8.count, hint: hint)
    }

    /// The arguments and the block of a call, behind its name.
    private mutating func finish(_ call: inout Node.Call, _ children: inout [Node.Index]) throws(ExpressionError) {
        var arguments: [Node.Index] = []
        if current == UInt8(ascii: "(") {
            position += 1
            arguments = try self.arguments(closing: ")", block: &call.block)
        } else if beginsArgument(of: call.method) {
            skipBlank()
            arguments = try openArguments()
        }
        let end = position
        skipBlank()
        if current == UInt8(ascii: "{"), call.block == nil {
            position += 1
            let block = try self.block(closing: "}")
            children.append(block.body)
            call.block = block.number
        } else if peekWord() == "do", call.block == nil {
            position += 2
            let block = try self.block(closing: "end")
            children.append(block.body)
            call.block = block.number
        } else {
            position = end
        }
        call.arguments = builder.list(arguments)
        children += arguments
    }

    /// Whether an argument without parentheses follows: a blank, and then what can only begin a value.
    private func beginsArgument(of method: Method) -> Bool {
        guard let blank = current, blank == 0x20 || blank == 0x09 else { return false }
        var ahead = position
        while let byte = peek(at: ahead), byte == 0x20 || byte == 0x09 { ahead += 1 }
        guard let byte = peek(at: ahead) else { return false }
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "'"): return true
        case UInt8(ascii: ":"): return openConditions == 0 && isName(peek(at: ahead + 1))
        case UInt8(ascii: "/"): return method.takesPattern && peek(at: ahead + 1) != 0x20
        default:
            guard isName(byte), method.takesArguments else { return isDigit(byte) && method.takesArguments }
            var end = ahead
            while isName(peek(at: end)) { end += 1 }
            return !Self.operatorWords.contains(String(decoding: bytes[ahead..<end], as: UTF8.self))
        }
    }

    private static let operatorWords: Set<String> = [
        "if", "unless", "rescue", "and", "or", "then", "do", "end", "else", "elsif", "when", "while", "until", "in",
        "ensure",
    ]

    /// Arguments without parentheses.
    private mutating func openArguments() throws(ExpressionError) -> [Node.Index] {
        var arguments = [try expression()]
        while true {
            let end = position
            skipBlank()
            guard take(",") else {
                position = end
                return arguments
            }
            arguments.append(try expression())
        }
    }

    // MARK: - Arguments

    mutating func arguments(closing: String) throws(ExpressionError) -> [Node.Index] {
        var none: Int32?
        return try arguments(closing: closing, block: &none)
    }

    /// Up to and with the closing bracket. Pairs without braces become one hash at the end, `&:method` becomes the block.
    private mutating func arguments(closing: String, block: inout Int32?) throws(ExpressionError) -> [Node.Index] {
        let conditions = openConditions
        openConditions = 0
        defer { openConditions = conditions }
        var arguments: [Node.Index] = []
        var pairs: [Node.Index] = []
        let start = position
        while true {
            skipSpace()
            if take(closing) { break }
            if starts(with: "&:") {
                block = try methodBlock()
            } else if let label = label() {
                pairs += [label, try expression()]
            } else {
                let value = try expression()
                skipSpace()
                if take("=>") { pairs += [value, try expression()] } else { arguments.append(value) }
            }
            skipSpace()
            if take(",") { continue }
            guard take(closing) else {
                throw isAtEnd ? error(position, "'\(closing)' is missing here") : unexpected()
            }
            break
        }
        if !pairs.isEmpty { arguments.append(try add(.hash(builder.list(pairs)), pairs, start)) }
        return arguments
    }

    /// `name:` or `"name":` of a pair.
    mutating func label() -> Node.Index? {
        let start = position
        if current == UInt8(ascii: "\"") || current == UInt8(ascii: "'") {
            // A label only if the closing quote has a colon behind it.
            let quote = bytes[position]
            var end = position + 1
            while let byte = peek(at: end), byte != quote, byte != UInt8(ascii: "\\"), byte != UInt8(ascii: "#") {
                end += 1
            }
            guard peek(at: end) == quote, peek(at: end + 1) == UInt8(ascii: ":"),
                peek(at: end + 2) != UInt8(ascii: ":")
            else { return nil }
            position = end + 2
            return builder.add(.symbol(builder.text(Array(bytes[(start + 1)..<end]))))
        }
        let name = word()
        guard !name.isEmpty, current == UInt8(ascii: ":"), peek(at: position + 1) != UInt8(ascii: ":") else {
            position = start
            return nil
        }
        position += 1
        return builder.add(.symbol(builder.text(Array(name.utf8))))
    }

    // MARK: - Blocks

    /// `&:upcase`
    private mutating func methodBlock() throws(ExpressionError) -> Int32 {
        position += 2
        let place = position
        var name = word()
        if let mark = current, mark == UInt8(ascii: "?") || mark == UInt8(ascii: "!") {
            name += String(UnicodeScalar(mark))
            position += 1
        }
        if name.isEmpty {
            while let byte = current, "+-*/%<>=&|^[]~!".utf8.contains(byte) {
                name += String(UnicodeScalar(byte))
                position += 1
            }
        }
        guard let method = Method(rawValue: name) else {
            let (message, hint) = UncoveredMethod.explanation(of: name)
            throw error(place, message, length: name.utf8.count, hint: hint)
        }
        return builder.add(Block(parameters: [], body: .method(method)))
    }

    /// `|a, (b, c)| expression` up to and with what closes it.
    private mutating func block(closing: String) throws(ExpressionError) -> (number: Int32, body: Node.Index) {
        var parameters: [Block.Parameter] = []
        var scope: [(name: String, slot: Int)] = []
        let conditions = openConditions
        openConditions = 0
        defer { openConditions = conditions }
        skipSpace()
        if take("|") {
            while true {
                skipSpace()
                if take("|") { break }
                if take("(") {
                    var slots: [Int] = []
                    repeat {
                        skipSpace()
                        slots.append(try parameter(&scope))
                        skipSpace()
                    } while take(",")
                    guard take(")") else { throw unexpected() }
                    parameters.append(.several(slots))
                } else {
                    parameters.append(.one(try parameter(&scope)))
                }
                skipSpace()
                if !take(","), current != UInt8(ascii: "|") { throw unexpected() }
            }
        } else {
            // `_1` and `it` name the parameter of a block that names none.
            let slot = builder.newLocal()
            scope = [("_1", slot), ("it", slot)]
            parameters = [.one(slot)]
        }
        scopes.append(scope)
        let body = try statements()
        scopes.removeLast()
        skipSeparators()
        let isClosed = closing == "}" ? take("}") : peekWord() == "end"
        guard isClosed else { throw isAtEnd ? error(position, "'\(closing)' is missing here") : unexpected() }
        if closing == "end" { position += 3 }
        return (builder.add(Block(parameters: parameters, body: .node(body))), body)
    }

    private mutating func parameter(_ scope: inout [(name: String, slot: Int)]) throws(ExpressionError) -> Int {
        let place = position
        let name = word()
        guard !name.isEmpty else {
            throw error(place, "a parameter's name is expected here", hint: "write |x| or |k, v|")
        }
        let slot = builder.newLocal()
        scope.append((name, slot))
        return slot
    }

    // MARK: - Functions

    /// A call on nothing: `format("%d", 1)`; nil when the word is no function.
    mutating func function(_ name: String, at start: Int) throws(ExpressionError) -> Node.Index? {
        guard let method = Method.functions.first(where: { $0.rawValue == name }) else { return nil }
        guard current == UInt8(ascii: "(") || beginsArgument(of: method) || method == .raise else { return nil }
        var call = Node.Call(receiver: nil, method: method, arguments: builder.list([]))
        var children: [Node.Index] = []
        try finish(&call, &children)
        return try add(.call(call), children, start)
    }
}
