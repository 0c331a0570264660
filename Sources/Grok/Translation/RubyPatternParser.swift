/// Reads Ruby's regular expression syntax (Onigmo with Ruby's settings) into nodes.
///
/// Acceptance and refusal follow Ruby 3.1; the messages keep its wording where an operator may search for it.
struct RubyPatternParser {
    /// What `(?imx-imx)`, `(?a)`, `(?d)` and `(?u)` set, from where they stand to the end of their group.
    struct Options: Sendable, Hashable {
        enum Characters: Sendable { case standard, ascii, unicode }
        var ignoringCase = false
        var dotMatchesNewline = false
        var extended = false
        var characters = Characters.standard
    }

    /// Groups inside groups; a bound for the stack of whoever compiles.
    static let maximumDepth = 250
    /// PCRE2's bound for a counted repetition.
    static let maximumRepetitions = 65_535

    let source: [UInt8]
    var position = 0
    /// Plain `(…)` opened so far, for relative references.
    var plainGroupCount = 0
    /// Names opened so far: a back reference must stand behind its group.
    var openedNames: [String] = []
    /// Whether something was read that depends on the groups before it.
    var dependsOnGroupsBefore = false
    /// Where definitions stand that need not be read again.
    var definitions: DefinitionPlaces?

    init(_ source: [UInt8], definitions: DefinitionPlaces? = nil) {
        self.source = source
        self.definitions = definitions
    }

    mutating func parse(_ options: Options) throws(PatternError) -> PatternNode {
        let node = try parseAlternation(options, depth: 0)
        if position < source.count { throw failure("unmatched close parenthesis", at: position, length: 1) }
        return node
    }

    // MARK: - Reading

    var atEnd: Bool { position >= source.count }

    func peek(_ ahead: Int = 0) -> UInt8? {
        position + ahead < source.count ? source[position + ahead] : nil
    }

    func starts(with text: StaticString) -> Bool {
        let count = text.utf8CodeUnitCount
        guard position + count <= source.count else { return false }
        return (0..<count).allSatisfy { unsafe text.utf8Start[$0] == source[position + $0] }
    }

    static func isSpace(_ byte: UInt8) -> Bool { byte == 0x20 || (0x09...0x0D).contains(byte) }

    /// - Parameter byte: of ASCII.
    mutating func skip(_ byte: Unicode.Scalar) -> Bool {
        guard peek() == UInt8(ascii: byte) else { return false }
        position += 1
        return true
    }

    /// The scalar at the position, which is moved behind it. The source was checked to be UTF-8.
    mutating func nextScalar() -> UInt32 {
        let first = source[position]
        let count = first < 0x80 ? 1 : first < 0xE0 ? 2 : first < 0xF0 ? 3 : 4
        var value = count == 1 ? UInt32(first) : UInt32(first) & (0xFF >> UInt32(count + 1))
        for index in 1..<max(count, 1) where position + index < source.count {
            value = value << 6 | UInt32(source[position + index] & 0x3F)
        }
        position = min(position + count, source.count)
        return value
    }

    func failure(_ message: String, at offset: Int, length: Int, hint: String? = nil) -> PatternError {
        PatternError(
            offset: min(offset, source.count), length: max(0, min(length, source.count - offset)), message: message,
            hint: hint)
    }

    // MARK: - Alternatives, branches, atoms

    mutating func parseAlternation(_ options: Options, depth: Int) throws(PatternError) -> PatternNode {
        let start = position
        if depth > Self.maximumDepth {
            throw failure(
                "groups nested more than \(Self.maximumDepth) deep", at: start, length: 1, hint: "use fewer parentheses"
            )
        }
        var branches: [PatternNode] = []
        while true {
            branches.append(try parseBranch(options, depth: depth))
            guard skip("|") else { break }
        }
        if branches.count == 1 { return branches[0] }
        return PatternNode(.alternation(branches), offset: start, length: position - start)
    }

    private mutating func parseBranch(_ options: Options, depth: Int) throws(PatternError) -> PatternNode {
        let start = position
        var items: [PatternNode] = []
        while let byte = peek(), byte != UInt8(ascii: "|"), byte != UInt8(ascii: ")") {
            if options.extended {
                if Self.isSpace(byte) {
                    position += 1
                    continue
                }
                if byte == UInt8(ascii: "#") {
                    while let next = peek(), next != 0x0A { _ = next; position += 1 }
                    continue
                }
            }
            if starts(with: "(?#") {
                try skipComment()
                continue
            }
            if starts(with: "(?"), let changed = try parseBareOptions(options) {
                // `a(?i)b|c` means `a(?i:b|c)`: the rest of the group, its alternatives included, is one scope.
                let scopeStart = position
                if let byte = peek(), quantifierStarts(byte) {
                    throw failure("target of repeat operator is not specified", at: position, length: 1)
                }
                let rest = try parseAlternation(changed, depth: depth + 1)
                items.append(
                    PatternNode(
                        .scoped(ignoringCase: changed.ignoringCase, rest), offset: scopeStart,
                        length: position - scopeStart))
                break
            }
            let atom = try parseAtom(options, depth: depth)
            items.append(try parseQuantifiers(after: atom, options, depth: depth))
        }
        if items.count == 1 { return items[0] }
        return PatternNode(items.isEmpty ? .empty : .sequence(items), offset: start, length: position - start)
    }

    private func quantifierStarts(_ byte: UInt8) -> Bool {
        byte == UInt8(ascii: "*") || byte == UInt8(ascii: "+") || byte == UInt8(ascii: "?")
    }

    private mutating func skipComment() throws(PatternError) {
        let start = position
        position += 3
        while let byte = peek() {
            position += byte == UInt8(ascii: "\\") ? 2 : 1
            if byte == UInt8(ascii: ")") { return }
        }
        position = min(position, source.count)
        throw failure("end pattern in group: the comment is not closed", at: start, length: 3)
    }

    private mutating func parseAtom(_ options: Options, depth: Int) throws(PatternError) -> PatternNode {
        let start = position
        let byte = source[position]
        switch byte {
        case UInt8(ascii: "("):
            return try parseGroup(options, depth: depth)
        case UInt8(ascii: "["):
            let expression = try parseClass(options)
            return PatternNode(
                .oneOf(expression, ignoringCase: options.ignoringCase), offset: start, length: position - start)
        case UInt8(ascii: "\\"):
            return try parseEscape(options)
        case UInt8(ascii: "."):
            position += 1
            return PatternNode(.any(newline: options.dotMatchesNewline), offset: start, length: 1)
        case UInt8(ascii: "^"):
            position += 1
            return PatternNode(.anchor(.lineStart), offset: start, length: 1)
        case UInt8(ascii: "$"):
            position += 1
            return PatternNode(.anchor(.lineEnd), offset: start, length: 1)
        case UInt8(ascii: "*"), UInt8(ascii: "+"), UInt8(ascii: "?"):
            throw failure(
                "target of repeat operator is not specified", at: start, length: 1,
                hint: "put something before it, or write \\\(Character(Unicode.Scalar(byte))) for the character itself")
        case UInt8(ascii: "{"):
            if parseInterval() != nil {
                throw failure("target of repeat operator is not specified", at: start, length: position - start)
            }
            position += 1
            return PatternNode(.literal(UInt32(byte), ignoringCase: options.ignoringCase), offset: start, length: 1)
        default:
            let scalar = nextScalar()
            return PatternNode(
                .literal(scalar, ignoringCase: options.ignoringCase), offset: start, length: position - start)
        }
    }
}
