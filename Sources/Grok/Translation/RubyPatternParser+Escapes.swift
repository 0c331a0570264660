/// What follows a backslash outside a bracket class, and the character escapes of both places.
extension RubyPatternParser {
    mutating func parseEscape(_ options: Options) throws(PatternError) -> PatternNode {
        let start = position
        guard let letter = peek(1) else {
            throw failure(
                "too short escape sequence", at: start, length: 1, hint: "write \\\\ for a backslash at the end")
        }
        func node(_ kind: PatternNode.Kind) -> PatternNode {
            PatternNode(kind, offset: start, length: position - start)
        }
        if let expression = try parseShorthand(options) {
            return node(.oneOf(expression, ignoringCase: options.ignoringCase))
        }
        let unicodeBoundary = options.characters != .ascii
        let simple: PatternNode.Kind?
        switch letter {
        case UInt8(ascii: "A"): simple = .anchor(.subjectStart)
        case UInt8(ascii: "z"): simple = .anchor(.subjectEnd)
        case UInt8(ascii: "Z"): simple = .anchor(.subjectEndOrLastNewline)
        case UInt8(ascii: "G"): simple = .anchor(.searchStart)
        case UInt8(ascii: "b"): simple = .anchor(.wordBoundary(unicode: unicodeBoundary))
        case UInt8(ascii: "B"): simple = .anchor(.notWordBoundary(unicode: unicodeBoundary))
        case UInt8(ascii: "K"): simple = .anchor(.keep)
        case UInt8(ascii: "R"): simple = .lineBreak
        case UInt8(ascii: "X"): simple = .grapheme
        default: simple = nil
        }
        if let simple {
            position += 2
            return node(simple)
        }
        if letter == UInt8(ascii: "k") || letter == UInt8(ascii: "g"), let next = peek(2),
            next == UInt8(ascii: "<") || next == UInt8(ascii: "'")
        {
            position += 3
            let nameStart = position
            let name = try parseName(closing: next == UInt8(ascii: "<") ? ">" : "'")
            if letter == UInt8(ascii: "k"), name.dropFirst().contains(where: { $0 == "+" || $0 == "-" }),
                name.last?.isNumber == true, name.split(whereSeparator: { $0 == "+" || $0 == "-" }).count == 2,
                name.split(whereSeparator: { $0 == "+" || $0 == "-" }).last.flatMap({ Int($0) }) != nil,
                !knowsGroup(name)
            {
                throw failure(
                    "a back reference with a recursion level is not supported", at: nameStart,
                    length: position - 1 - nameStart)
            }
            let reference = try groupReference(named: name, from: start)
            if letter == UInt8(ascii: "k") { try requireOpened(reference, from: start) }
            return node(letter == UInt8(ascii: "k") ? .backreference(reference) : .call(reference, number: 0))
        }
        if (0x31...0x39).contains(letter) {
            position += 1
            let digits = position
            let number = parseNumber() ?? 0
            dependsOnGroupsBefore = true
            if number <= 9 || number <= plainGroupCount { return node(.backreference(.number(number))) }
            position = digits
            if letter < 0x38 {
                let value = parseOctal(maximumDigits: 3)
                return node(.literal(try checked(octal: value, from: start), ignoringCase: options.ignoringCase))
            }
            throw failure("invalid backref number/name", at: start, length: 2)
        }
        let scalars = try parseCharacterEscape()
        if scalars.count == 1 { return node(.literal(scalars[0], ignoringCase: options.ignoringCase)) }
        let items = scalars.map { node(.literal($0, ignoringCase: options.ignoringCase)) }
        return node(.sequence(items))
    }

    /// True when a group of exactly this name stands in the source: names may hold signs and digits.
    private func knowsGroup(_ name: String) -> Bool {
        let opening = Array("(?<\(name)>".utf8)
        guard source.count >= opening.count else { return false }
        return (0...(source.count - opening.count)).contains {
            source[$0..<($0 + opening.count)].elementsEqual(opening)
        }
    }

    /// `\w \d \s \h`, their complements and `\p{…}`; nil when the escape is another.
    mutating func parseShorthand(_ options: Options) throws(PatternError) -> ClassExpression? {
        let start = position
        guard let letter = peek(1) else { return nil }
        let unicode = options.characters == .unicode
        let base: ClassExpression
        switch letter | 0x20 {
        case UInt8(ascii: "w"): base = unicode ? UnicodeClasses.word : .scalars(.word)
        case UInt8(ascii: "d"): base = unicode ? .property("Nd") : .scalars(.digits)
        case UInt8(ascii: "s"): base = unicode ? .property("White_Space") : .scalars(.space)
        case UInt8(ascii: "h"): base = .scalars(.hexDigits)
        case UInt8(ascii: "p"):
            position += 2
            var negated = letter == UInt8(ascii: "P")
            var name: String
            if skip("{") {
                if skip("^") { negated.toggle() }
                let nameStart = position
                while let byte = peek(), byte != UInt8(ascii: "}"), byte != UInt8(ascii: "{") { position += 1 }
                name = String(decoding: source[nameStart..<position], as: UTF8.self)
                guard skip("}") else {
                    throw failure("invalid character property name {\(name)}", at: start, length: position - start)
                }
            } else {
                guard !atEnd else {
                    throw failure("invalid character property name {p}", at: start, length: 2)
                }
                name = String(decoding: [source[position]], as: UTF8.self)
                _ = nextScalar()
            }
            guard let expression = UnicodeClasses.property(name) else {
                throw failure(
                    "invalid character property name {\(name)}", at: start, length: position - start,
                    hint: "examples are \\p{Alpha}, \\p{Lu} and \\p{Greek}")
            }
            return negated ? .complement(expression) : expression
        default: return nil
        }
        position += 2
        return letter & 0x20 == 0 ? .complement(base) : base
    }

    /// One character escape (`\n`, `\x41`, `\u{61 62}`, `\/` …). Only `\u{…}` may give several scalars.
    mutating func parseCharacterEscape() throws(PatternError) -> [UInt32] {
        let start = position
        position += 1
        guard let letter = peek() else {
            throw failure("too short escape sequence", at: start, length: 1)
        }
        let control: UInt32?
        switch letter {
        case UInt8(ascii: "n"): control = 0x0A
        case UInt8(ascii: "t"): control = 0x09
        case UInt8(ascii: "r"): control = 0x0D
        case UInt8(ascii: "f"): control = 0x0C
        case UInt8(ascii: "v"): control = 0x0B
        case UInt8(ascii: "a"): control = 0x07
        case UInt8(ascii: "e"): control = 0x1B
        default: control = nil
        }
        if let control {
            position += 1
            return [control]
        }
        switch letter {
        case UInt8(ascii: "x"):
            return [try parseHexadecimalBytes(from: start)]
        case UInt8(ascii: "u"):
            return try parseUnicodeEscape(from: start)
        case UInt8(ascii: "c"), UInt8(ascii: "C"):
            position += 1
            if letter == UInt8(ascii: "C"), !skip("-") {
                throw failure("invalid control-code syntax", at: start, length: 2)
            }
            guard let target = peek(), target < 0x80 else {
                throw failure("too short control escape", at: start, length: position - start)
            }
            position += 1
            return [target == UInt8(ascii: "?") ? 0x7F : UInt32(target & 0x1F)]
        case UInt8(ascii: "M"):
            throw failure("\\M-… is not supported: it gives no UTF-8", at: start, length: 2)
        case 0x30...0x37:
            let value = parseOctal(maximumDigits: 3)
            return [try checked(octal: value, from: start)]
        default:
            return [nextScalar()]
        }
    }

    mutating func parseOctal(maximumDigits: Int) -> UInt32 {
        var value: UInt32 = 0
        var digits = 0
        while digits < maximumDigits, let byte = peek(), (0x30...0x37).contains(byte) {
            value = value * 8 + UInt32(byte - 0x30)
            position += 1
            digits += 1
        }
        return value
    }

    func checked(octal value: UInt32, from start: Int) throws(PatternError) -> UInt32 {
        if value > 0x7F {
            throw failure(
                "invalid escape code", at: start, length: position - start,
                hint: "octal escapes end at \\177, write \\u00e9 for other characters")
        }
        return value
    }

    private mutating func parseHexadecimal(maximumDigits: Int) -> UInt32? {
        var value: UInt32?
        var digits = 0
        while digits < maximumDigits, let byte = peek(), let digit = Character(Unicode.Scalar(byte)).hexDigitValue {
            value = (value ?? 0) * 16 + UInt32(digit)
            position += 1
            digits += 1
        }
        return value
    }

    /// `\x41`; from 0x80 on, several in a row that together are one UTF-8 character.
    private mutating func parseHexadecimalBytes(from start: Int) throws(PatternError) -> UInt32 {
        position += 1
        guard let first = parseHexadecimal(maximumDigits: 2) else {
            throw failure(
                "invalid hex escape", at: start, length: 2, hint: "write two digits as in \\x41, or \\u{1F600}")
        }
        if first < 0x80 { return first }
        var bytes = [UInt8(first)]
        let count = first >= 0xF0 ? 4 : first >= 0xE0 ? 3 : first >= 0xC2 ? 2 : 0
        while bytes.count < count, starts(with: "\\x") {
            position += 2
            guard let next = parseHexadecimal(maximumDigits: 2) else { break }
            bytes.append(UInt8(next))
        }
        guard bytes.count == count, let text = String(validating: bytes, as: UTF8.self),
            let scalar = text.unicodeScalars.first
        else {
            throw failure(
                "too short escaped multibyte character", at: start, length: position - start,
                hint: "bytes from \\x80 on must form a UTF-8 character, or write \\u00e9")
        }
        return scalar.value
    }

    private mutating func parseUnicodeEscape(from start: Int) throws(PatternError) -> [UInt32] {
        position += 1
        var scalars: [UInt32] = []
        if skip("{") {
            while true {
                while skip(" ") || skip("\t") {}
                if skip("}") { break }
                guard let value = parseHexadecimal(maximumDigits: 6) else {
                    throw failure("invalid Unicode escape", at: start, length: position - start)
                }
                scalars.append(value)
            }
        } else {
            let digits = position
            guard let value = parseHexadecimal(maximumDigits: 4), position - digits == 4 else {
                throw failure(
                    "invalid Unicode escape", at: start, length: position - start,
                    hint: "write four digits as in \\u00e9")
            }
            scalars.append(value)
        }
        guard !scalars.isEmpty, scalars.allSatisfy({ Unicode.Scalar($0) != nil }) else {
            throw failure("invalid Unicode range", at: start, length: position - start)
        }
        return scalars
    }
}
