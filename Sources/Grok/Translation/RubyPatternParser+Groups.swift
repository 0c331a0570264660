/// Groups: everything that begins with a parenthesis.
extension RubyPatternParser {
    /// Reads `(?imx-imx)` as a whole and returns the changed options; nil (position unmoved) when the text is another
    /// kind of group, `(?i:…)` included.
    mutating func parseBareOptions(_ options: Options) throws(PatternError) -> Options? {
        let start = position
        position += 2
        guard let changed = try parseOptionLetters(options, start: start) else {
            position = start
            return nil
        }
        if skip(")") { return changed }
        position = start
        return nil
    }

    /// What `(?name>` was probably meant to be; nil when no word with a `>` stands there.
    private func misspeltName(from start: Int) -> String? {
        let word = source[min(start + 2, source.count)...].prefix {
            $0 == 0x5F || ($0 | 0x20) &- 0x61 < 26 || $0 &- 0x30 < 10
        }
        guard word.count > 1, word.endIndex < source.count, source[word.endIndex] == UInt8(ascii: ">") else {
            return nil
        }
        return "did you mean '(?<\(String(decoding: word, as: UTF8.self))>'?"
    }

    /// The letters of `(?imx-imx`; nil when the next byte begins another kind of group.
    private mutating func parseOptionLetters(_ options: Options, start: Int) throws(PatternError) -> Options? {
        var changed = options
        var on = true
        var seen = false
        while let byte = peek() {
            switch byte {
            case UInt8(ascii: ")"), UInt8(ascii: ":"):
                return seen || byte == UInt8(ascii: ":") ? changed : nil
            case UInt8(ascii: "-"): on = false
            case UInt8(ascii: "i"): changed.ignoringCase = on
            case UInt8(ascii: "m"): changed.dotMatchesNewline = on
            case UInt8(ascii: "x"): changed.extended = on
            case UInt8(ascii: "a") where on: changed.characters = .ascii
            case UInt8(ascii: "d") where on: changed.characters = .standard
            case UInt8(ascii: "u") where on: changed.characters = .unicode
            default:
                if !seen { return nil }
                throw failure(
                    "undefined group option", at: start, length: position + 1 - start,
                    hint: misspeltName(from: start)
                        ?? "the options are i, m, x, a, d and u; (?m) makes the dot match newlines")
            }
            seen = true
            position += 1
        }
        if seen { throw failure("end pattern in group", at: start, length: position - start) }
        return nil
    }

    mutating func parseGroup(_ options: Options, depth: Int) throws(PatternError) -> PatternNode {
        let start = position
        guard starts(with: "(?") else {
            position += 1
            plainGroupCount += 1
            let body = try parseBody(options, depth: depth, opened: start)
            return PatternNode(.capture(name: nil, number: 0, body), offset: start, length: position - start)
        }
        position += 2
        func node(_ kind: PatternNode.Kind) -> PatternNode {
            PatternNode(kind, offset: start, length: position - start)
        }
        switch peek() {
        case nil:
            throw failure("end pattern in group", at: start, length: 2)
        case UInt8(ascii: ":"):
            position += 1
            return node(.group(try parseBody(options, depth: depth, opened: start)))
        case UInt8(ascii: "="), UInt8(ascii: "!"):
            let negative = source[position] == UInt8(ascii: "!")
            position += 1
            return node(
                .look(ahead: true, negative: negative, try parseBody(options, depth: depth, opened: start)))
        case UInt8(ascii: ">"):
            position += 1
            return node(.atomic(try parseBody(options, depth: depth, opened: start)))
        case UInt8(ascii: "~"):
            position += 1
            if peek() == UInt8(ascii: "|") {
                throw failure(
                    "(?~|…) is not supported", at: start, length: 4, hint: "use (?~…) or a negative look-ahead")
            }
            return node(.absent(try parseBody(options, depth: depth, opened: start)))
        case UInt8(ascii: "<"):
            if peek(1) == UInt8(ascii: "=") || peek(1) == UInt8(ascii: "!") {
                let negative = source[position + 1] == UInt8(ascii: "!")
                position += 2
                return node(
                    .look(ahead: false, negative: negative, try parseBody(options, depth: depth, opened: start)))
            }
            return try parseNamedGroup(options, depth: depth, closing: ">", start: start)
        case UInt8(ascii: "'"):
            return try parseNamedGroup(options, depth: depth, closing: "'", start: start)
        case UInt8(ascii: "("):
            return try parseConditional(options, depth: depth, start: start)
        default:
            guard let changed = try parseOptionLetters(options, start: start), skip(":") else {
                let hint = starts(with: "P<") ? "Ruby writes a named group (?<name>…)" : misspeltName(from: start)
                throw failure("undefined group option", at: start, length: position + 1 - start, hint: hint)
            }
            let body = try parseBody(changed, depth: depth, opened: start)
            return node(.scoped(ignoringCase: changed.ignoringCase, body))
        }
    }

    /// The alternatives up to the closing parenthesis, which is consumed.
    private mutating func parseBody(
        _ options: Options, depth: Int, opened: Int
    ) throws(PatternError) -> PatternNode {
        guard let definition = definitions?.place(at: position), let read = definitions?.read else {
            return try parseAlternatives(options, depth: depth, opened: opened)
        }
        let end = definition.range.upperBound + 1
        if let known = read.body(of: definition.name, options, depth: depth) {
            position = end
            plainGroupCount += known.plainGroupCount
            openedNames += known.names
            return known.node
        }
        let (plainGroups, names, dependsBefore) = (plainGroupCount, openedNames.count, dependsOnGroupsBefore)
        dependsOnGroupsBefore = false
        let body = try parseAlternatives(options, depth: depth, opened: opened)
        // A definition that closes a parenthesis it has not opened is no group of its own.
        if position == end, !dependsOnGroupsBefore {
            read.remember(
                ReadDefinitions.Body(
                    node: body, plainGroupCount: plainGroupCount - plainGroups,
                    names: Array(openedNames[names...]), depth: depth), of: definition.name, options)
        }
        dependsOnGroupsBefore = dependsOnGroupsBefore || dependsBefore
        return body
    }

    private mutating func parseAlternatives(
        _ options: Options, depth: Int, opened: Int
    ) throws(PatternError) -> PatternNode {
        let body = try parseAlternation(options, depth: depth + 1)
        guard skip(")") else {
            throw failure(
                "end pattern with unmatched parenthesis", at: opened, length: 1,
                hint: "close it with ), or write \\( for the character itself")
        }
        return body
    }

    private mutating func parseNamedGroup(
        _ options: Options, depth: Int, closing: Character, start: Int
    ) throws(PatternError) -> PatternNode {
        position += 1
        let nameStart = position
        let name = try parseName(closing: closing)
        if let first = name.utf8.first,
            (0x30...0x39).contains(first) || first == UInt8(ascii: "-") || first == UInt8(ascii: "+")
        {
            throw failure(
                "invalid group name <\(name)>", at: nameStart, length: position - 1 - nameStart,
                hint: "a name does not begin with a digit or a sign")
        }
        openedNames.append(name)
        let body = try parseBody(options, depth: depth, opened: start)
        return PatternNode(.capture(name: name, number: 0, body), offset: start, length: position - start)
    }

    /// A group name up to its closing character, which is consumed.
    mutating func parseName(closing: Character) throws(PatternError) -> String {
        let start = position
        guard let end = closing.asciiValue else { return "" }
        while let byte = peek(), byte != end, byte != UInt8(ascii: ")") { position += 1 }
        let name = String(decoding: source[start..<position], as: UTF8.self)
        guard peek() == end else {
            throw failure("invalid group name <\(name)>", at: start, length: position - start)
        }
        position += 1
        if name.isEmpty { throw failure("group name is empty", at: start, length: 1) }
        return name
    }

    private mutating func parseConditional(
        _ options: Options, depth: Int, start: Int
    ) throws(PatternError) -> PatternNode {
        position += 1
        let reference: GroupReference
        if skip("<") {
            reference = try groupReference(named: try parseName(closing: ">"), from: start)
        } else if skip("'") {
            reference = try groupReference(named: try parseName(closing: "'"), from: start)
        } else if let number = parseNumber() {
            reference = .number(number)
        } else {
            throw failure(
                "invalid conditional pattern", at: start, length: position - start,
                hint: "a condition is (?(<name>)yes|no)")
        }
        guard skip(")") else {
            throw failure("invalid conditional pattern", at: start, length: position - start)
        }
        try requireOpened(reference, from: start)
        let body = try parseBody(options, depth: depth, opened: start)
        var yes = body
        var no: PatternNode?
        if case .alternation(let branches) = body.kind {
            guard branches.count == 2 else {
                throw failure(
                    "invalid conditional pattern", at: start, length: position - start,
                    hint: "it takes two alternatives, put more into a group")
            }
            yes = branches[0]
            no = branches[1]
        }
        return PatternNode(
            .conditional(reference, yes: yes, no: no), offset: start, length: position - start)
    }

    /// Ruby resolves back references and conditions while it reads.
    mutating func requireOpened(_ reference: GroupReference, from start: Int) throws(PatternError) {
        dependsOnGroupsBefore = true
        if case .name(let name) = reference, !openedNames.contains(name) {
            throw failure(
                "undefined name <\(name)> reference", at: start, length: position - start,
                hint: "a reference stands behind the group it means")
        }
    }

    /// A name between angle brackets, which may be a number or relative to the groups so far.
    mutating func groupReference(named name: String, from start: Int) throws(PatternError) -> GroupReference {
        dependsOnGroupsBefore = true
        if let number = Int(name) {
            let absolute = name.hasPrefix("-") ? plainGroupCount + 1 + number : number
            guard absolute >= 0 else {
                throw failure("invalid backref number/name", at: start, length: position - start)
            }
            return .number(absolute)
        }
        return .name(name)
    }
}
