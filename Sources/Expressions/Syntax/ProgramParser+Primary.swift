internal import Events
internal import Words

/// Values: literals, names, and what stands in brackets or between keywords.
extension ProgramParser {
    mutating func primary() throws(ExpressionError) -> Node.Index {
        let start = position
        guard let byte = current else { throw error(start, "an expression is missing here") }
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "'"): return try strings()
        case UInt8(ascii: "("): return try parentheses()
        case UInt8(ascii: "["):
            position += 1
            let items = try arguments(closing: "]")
            return try add(.array(builder.list(items)), items, start)
        case UInt8(ascii: "{"): return try hash()
        case UInt8(ascii: "/"):
            position += 1
            return try regexp(closing: byte, opening: nil, from: start)
        case UInt8(ascii: "%"):
            if let literal = try percentLiteral() { return literal }
            throw unexpected()
        case UInt8(ascii: ":"): return try symbol()
        case UInt8(ascii: "$"): return try variable()
        case UInt8(ascii: "`"):
            throw error(start, Self.noCommands, hint: Self.variableHint)
        case UInt8(ascii: "@"): throw error(start, "instance variables are not there")
        case UInt8(ascii: "<") where starts(with: "<<"):
            throw error(start, "here-documents are not covered", length: 2, hint: "write a string with \\n")
        case _ where isDigit(byte): return try number()
        case _ where isName(byte): return try named()
        default: throw unexpected()
        }
    }

    private mutating func parentheses() throws(ExpressionError) -> Node.Index {
        let start = position
        position += 1
        let conditions = openConditions
        openConditions = 0
        defer { openConditions = conditions }
        skipSeparators()
        if take(")") { return builder.add(.null) }
        let inner = try statements()
        skipSpace()
        guard take(")") else { throw isAtEnd ? error(start, "')' that ends this is missing") : unexpected() }
        return inner
    }

    private mutating func hash() throws(ExpressionError) -> Node.Index {
        let start = position
        position += 1
        let conditions = openConditions
        openConditions = 0
        defer { openConditions = conditions }
        var items: [Node.Index] = []
        while true {
            skipSpace()
            if take("}") { break }
            if starts(with: "**") {
                throw error(position, "'**' in a hash is not covered", length: 2, hint: "write a.merge(b)")
            }
            if let label = label() {
                items.append(label)
            } else {
                items.append(try expression())
                skipSpace()
                guard take("=>") else { throw isAtEnd ? error(start, "'}' that ends this is missing") : unexpected() }
            }
            items.append(try expression())
            skipSpace()
            if take(",") { continue }
            guard take("}") else { throw isAtEnd ? error(start, "'}' that ends this is missing") : unexpected() }
            break
        }
        return try add(.hash(builder.list(items)), items, start)
    }

    private mutating func symbol() throws(ExpressionError) -> Node.Index {
        let start = position
        position += 1
        if current == UInt8(ascii: "\"") || current == UInt8(ascii: "'") {
            guard case .string(let slice) = builder[try strings()] else {
                throw error(start, "'#{…}' in a symbol is not covered", hint: "write \"…\".to_sym")
            }
            return builder.add(.symbol(slice))
        }
        var name = word()
        if !name.isEmpty, let mark = current, mark == UInt8(ascii: "?") || mark == UInt8(ascii: "!") {
            name += String(UnicodeScalar(mark))
            position += 1
        }
        if name.isEmpty {
            while let byte = current, "+-*/%<>=&|^[]~!".utf8.contains(byte) {
                name += String(UnicodeScalar(byte))
                position += 1
            }
        }
        guard !name.isEmpty else { throw error(start, "a symbol's name is missing here") }
        return builder.add(.symbol(builder.text(Array(name.utf8))))
    }

    /// `$1`, `$&`, `$~`
    private mutating func variable() throws(ExpressionError) -> Node.Index {
        let start = position
        position += 1
        if isDigit(current) {
            var number: Int32 = 0
            while let byte = current, isDigit(byte), number < 1000 {
                number = number * 10 + Int32(byte - 0x30)
                position += 1
            }
            return builder.add(.matchGroup(number))
        }
        guard let byte = current else { throw unexpected() }
        position += 1
        switch byte {
        case UInt8(ascii: "&"): return builder.add(.matchGroup(0))
        case UInt8(ascii: "~"): return builder.add(.lastMatch)
        case UInt8(ascii: "`"): return builder.add(.preMatch)
        case UInt8(ascii: "'"): return builder.add(.postMatch)
        default:
            throw error(start, "global variables are not covered", length: 2, hint: "there are $1, $2 … and $&, $~")
        }
    }

    // MARK: - Keywords

    /// `if a then b elsif c then d else e end`
    mutating func conditional() throws(ExpressionError) -> Node.Index {
        let start = position
        try deeper()
        defer { nesting -= 1 }
        let isUnless = word() == "unless"
        let test = try statement()
        skipThen()
        let yes = try body()
        skipSeparators()
        let no: Node.Index
        switch peekWord() {
        case "elsif": no = try conditional()
        case "else":
            position += 4
            no = try body()
            try end(of: start)
        default:
            no = builder.add(.null)
            try end(of: start)
        }
        return try add(.conditional(test, isUnless ? no : yes, isUnless ? yes : no), [test, yes, no], start)
    }

    /// What stands between two keywords.
    private mutating func body() throws(ExpressionError) -> Node.Index {
        skipSeparators()
        if isClauseKeyword { return builder.add(.null) }
        let conditions = openConditions
        openConditions = 0
        defer { openConditions = conditions }
        return try statements()
    }

    private mutating func skipThen() {
        skipSeparators()
        if peekWord() == "then" { position += 4 }
    }

    private mutating func end(of start: Int) throws(ExpressionError) {
        skipSeparators()
        guard peekWord() == "end" else {
            throw isAtEnd || current == UInt8(ascii: "}")
                ? error(start, "'end' is missing", length: peekWordLength(start)) : unexpected()
        }
        position += 3
    }

    private func peekWordLength(_ start: Int) -> Int {
        var end = start
        while isName(peek(at: end)) { end += 1 }
        return end - start
    }

    /// `case x when a, b then c else d end`
    mutating func choice() throws(ExpressionError) -> Node.Index {
        let start = position
        position += 4
        skipSpace()
        var subject: Node.Index?
        if peekWord() != "when", current != UInt8(ascii: ";") { subject = try statement() }
        skipSeparators()
        var clauses: [Node.Index] = []
        var children: [Node.Index] = subject.map { [$0] } ?? []
        guard peekWord() == "when" else {
            throw error(position, "'when' is expected here", hint: "write case VALUE when A then B else C end")
        }
        while peekWord() == "when" {
            position += 4
            var patterns: [Node.Index] = []
            repeat { patterns.append(try expression()) } while takeComma()
            skipThen()
            let result = try body()
            children += patterns + [result]
            clauses.append(Node.Index(patterns.count))
            clauses += patterns + [result]
            skipSeparators()
        }
        var otherwise = builder.add(.null)
        if peekWord() == "else" {
            position += 4
            otherwise = try body()
        }
        try end(of: start)
        return try add(.choice(subject, builder.list(clauses), otherwise: otherwise), children + [otherwise], start)
    }

    private mutating func takeComma() -> Bool {
        skipBlank()
        return take(",")
    }

    /// `begin a rescue b end`
    mutating func begin() throws(ExpressionError) -> Node.Index {
        let start = position
        position += 5
        var node = try body()
        skipSeparators()
        if peekWord() == "rescue" {
            position += 6
            skipBlank()
            // The classes of errors: there is one kind here.
            while let byte = current,
                byte &- 0x41 < 26 || byte == UInt8(ascii: ",") || byte == 0x20 || byte == UInt8(ascii: ":")
            {
                if byte &- 0x41 < 26 { _ = word() } else { position += 1 }
            }
            if starts(with: "=>") {
                throw error(position, "the error itself is not there", length: 2, hint: "write rescue without '=> e'")
            }
            skipThen()
            let other = try body()
            node = try add(.rescue(node, other), [node, other], start)
        }
        try end(of: start)
        return node
    }
}
