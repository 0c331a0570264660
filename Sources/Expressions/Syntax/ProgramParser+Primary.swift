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
            throw error(start, "commands are not run", hint: "set a variable before the start and read ENV['NAME']")
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

    // MARK: - Names

    private mutating func named() throws(ExpressionError) -> Node.Index {
        let start = position
        let name = peekWord()
        switch name {
        case "if", "unless": return try conditional()
        case "case": return try choice()
        case "begin": return try begin()
        case "while", "until", "for", "loop": throw loop(start)
        case "lambda", "proc": throw lambda(start)
        case "def", "class", "module", "return", "yield", "super", "alias", "undef", "break", "next", "redo", "retry",
            "BEGIN", "END", "defined?", "defined":
            throw error(start, "'\(name)' is not covered", length: name.utf8.count)
        case "then", "do", "end", "else", "elsif", "when", "in", "rescue", "ensure", "and", "or":
            throw unexpected()
        default: break
        }
        position += name.utf8.count
        for scope in scopes.reversed() {
            if let known = scope.last(where: { $0.name == name }) { return builder.add(.local(Int32(known.slot))) }
        }
        switch name {
        case "nil": return builder.add(.null)
        case "true": return builder.add(.bool(true))
        case "false": return builder.add(.bool(false))
        case "record": return builder.add(.subject(.record))
        case "tag": return builder.add(.subject(.tag))
        case "tag_parts": return builder.add(.subject(.tagParts))
        case "tag_prefix": return builder.add(.subject(.tagPrefix))
        case "tag_suffix": return builder.add(.subject(.tagSuffix))
        case "time": return builder.add(.subject(.time))
        case "hostname": return builder.add(.subject(.hostname))
        case "ENV": return builder.add(.subject(.environment))
        default: break
        }
        if let call = try function(name, at: start) { return call }
        if let refusal = Self.refusal(of: name) {
            throw error(start, refusal.message, length: name.utf8.count, hint: refusal.hint)
        }
        if let first = name.unicodeScalars.first, ("A"..."Z").contains(first) { return try constant(name, at: start) }
        skipBlank()
        if current == UInt8(ascii: "="), peek(at: position + 1) != UInt8(ascii: "="),
            peek(at: position + 1) != UInt8(ascii: "~")
        {
            throw error(
                position, "assignments are not covered",
                hint: "write the value where it is used; a field can be made by one filter and used by the next")
        }
        position = start + name.utf8.count
        if current == UInt8(ascii: "(") {
            let (message, hint) = UncoveredMethod.explanation(of: name)
            throw error(start, message, length: name.utf8.count, hint: hint)
        }
        builder.unknownNames.append(Expression.UnknownName(name: name, offset: start))
        return builder.add(.unknownName(builder.text(Array(name.utf8))))
    }

    private mutating func constant(_ name: String, at start: Int) throws(ExpressionError) -> Node.Index {
        var path = name
        while starts(with: "::"), let first = peek(at: position + 2), first &- 0x41 < 26 {
            position += 2
            path += "::" + word()
        }
        if let type = RubyClass(rawValue: path) { return builder.add(.constant(type)) }
        switch path {
        case "RUBY_VERSION": return builder.add(.string(builder.text(Array("3.2.0".utf8))))
        case "Float::INFINITY": return builder.add(.float(.infinity))
        case "Float::NAN": return builder.add(.float(.nan))
        case "Encoding::UTF_8": return builder.add(.string(builder.text(Array("UTF-8".utf8))))
        case "Encoding::ASCII_8BIT", "Encoding::BINARY":
            return builder.add(.string(builder.text(Array("ASCII-8BIT".utf8))))
        case "File", "IO", "Dir", "Pathname", "FileUtils":
            throw error(
                start, "files are not read for each event", length: path.utf8.count,
                hint: "read it once, when the configuration is read: \"#{File.read('path').strip}\" in double quotes")
        case _
        where path.hasPrefix("Net") || path.contains("HTTP") || path.hasSuffix("Socket") || path == "Resolv"
            || path == "OpenURI":
            throw error(start, "the network is not asked for each event", length: path.utf8.count)
        default:
            let names = RubyClass.allCases.map(\.rawValue) + ["ENV"]
            throw error(
                start, "'\(path)' is not covered", length: path.utf8.count,
                hint: EditDistance.nearest(to: path, in: names).map { "did you mean '\($0)'?" })
        }
    }

    private static func refusal(of name: String) -> (message: String, hint: String?)? {
        switch name {
        case "require", "require_relative", "load":
            ("'\(name)' is not covered: there is no Ruby to load it", "what an expression can use is always there")
        case "system", "exec", "spawn", "fork", "open":
            ("commands are not run", "set a variable before the start and read ENV['NAME']")
        case "eval", "instance_eval", "binding", "send":
            ("code made at run time is not run", nil)
        case "puts", "print", "p", "pp", "warn", "log":
            ("an expression writes nothing", "give the value a field, or look at it with a stdout filter")
        case "sleep": ("an expression must not wait", nil)
        case "rand", "srand": ("values must not depend on chance", "SecureRandom.hex gives a random id")
        case "self": ("'self' is not covered", nil)
        default: nil
        }
    }

    // MARK: - Keywords

    /// `if a then b elsif c then d else e end`
    private mutating func conditional() throws(ExpressionError) -> Node.Index {
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
    private mutating func choice() throws(ExpressionError) -> Node.Index {
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
    private mutating func begin() throws(ExpressionError) -> Node.Index {
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
