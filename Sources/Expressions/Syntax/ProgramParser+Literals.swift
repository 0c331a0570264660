internal import Events
internal import Grok

/// Numbers, strings, symbols, arrays, hashes and regular expressions.
extension ProgramParser {
    mutating func number() throws(ExpressionError) -> Node.Index {
        let start = position
        var digits: [UInt8] = []
        if current == 0x30, let base = base(of: peek(at: position + 1)) {
            position += 2
            while let byte = current, isName(byte) {
                if byte != UInt8(ascii: "_") { digits.append(byte) }
                position += 1
            }
            guard let value = Int64(String(decoding: digits, as: UTF8.self), radix: base) else {
                throw error(start, "no valid number", length: position - start)
            }
            return builder.add(.integer(value))
        }
        func digitsHere(_ parser: inout ProgramParser) {
            while let byte = parser.current, parser.isDigit(byte) || byte == UInt8(ascii: "_") {
                if byte != UInt8(ascii: "_") { digits.append(byte) }
                parser.position += 1
            }
        }
        digitsHere(&self)
        var isFloat = false
        if current == UInt8(ascii: "."), isDigit(peek(at: position + 1)) {
            isFloat = true
            digits.append(UInt8(ascii: "."))
            position += 1
            digitsHere(&self)
        }
        if current.map({ $0 | 0x20 }) == UInt8(ascii: "e") {
            let hasSign = peek(at: position + 1) == UInt8(ascii: "-") || peek(at: position + 1) == UInt8(ascii: "+")
            if isDigit(peek(at: position + (hasSign ? 2 : 1))) {
                isFloat = true
                digits += bytes[position..<(position + (hasSign ? 2 : 1))]
                position += hasSign ? 2 : 1
                digitsHere(&self)
            }
        }
        let text = String(decoding: digits, as: UTF8.self)
        if isName(current) { throw error(start, "no valid number", length: position + 1 - start) }
        if isFloat, let value = Double(text) { return builder.add(.float(value)) }
        if digits.count > 1, digits[0] == 0x30, let value = Int64(text, radix: 8) {
            return builder.add(.integer(value))
        }
        guard !isFloat, let value = Int64(text) else {
            throw error(
                start, "the number has more than 64 bits", length: position - start, hint: "write it as a float: 1e20")
        }
        return builder.add(.integer(value))
    }

    private func base(of letter: UInt8?) -> Int? {
        switch letter {
        case UInt8(ascii: "x"), UInt8(ascii: "X"): 16
        case UInt8(ascii: "b"), UInt8(ascii: "B"): 2
        case UInt8(ascii: "o"): 8
        default: nil
        }
    }

    // MARK: - Strings

    /// `"…"` or `'…'`, and what follows it directly: `"a" "b"`.
    mutating func strings() throws(ExpressionError) -> Node.Index {
        let start = position
        var parts: [Node.Index] = []
        while let quote = current, quote == UInt8(ascii: "\"") || quote == UInt8(ascii: "'") {
            position += 1
            parts +=
                quote == UInt8(ascii: "'")
                ? [try plainString(closing: quote, opening: nil, from: start)]
                : try interpolated(closing: quote, opening: nil, from: start)
            let end = position
            skipBlank()
            if current != UInt8(ascii: "\""), current != UInt8(ascii: "'") { position = end }
        }
        return try joined(parts, from: start)
    }

    /// One node of the parts of a string.
    mutating func joined(_ parts: [Node.Index], from start: Int) throws(ExpressionError) -> Node.Index {
        if parts.isEmpty { return builder.add(.string(builder.text([]))) }
        if parts.count == 1, case .string = builder[parts[0]] { return parts[0] }
        return try add(.interpolation(builder.list(parts)), parts, start)
    }

    /// A string in which only the quote and the backslash can be escaped.
    mutating func plainString(
        closing: UInt8, opening: UInt8?, from start: Int
    ) throws(ExpressionError) -> Node.Index {
        var text: [UInt8] = []
        var depth = 0
        while let byte = current {
            position += 1
            if byte == closing {
                if depth == 0 { return builder.add(.string(builder.text(text))) }
                depth -= 1
            } else if byte == opening {
                depth += 1
            } else if byte == UInt8(ascii: "\\"), let next = current,
                next == closing || next == UInt8(ascii: "\\") || next == opening
            {
                text.append(next)
                position += 1
                continue
            }
            text.append(byte)
        }
        throw unclosed(start, closing)
    }

    /// The parts of a string with escapes and `#{…}`, up to and with the closing quote.
    mutating func interpolated(
        closing: UInt8, opening: UInt8?, from start: Int
    ) throws(ExpressionError) -> [Node.Index] {
        var parts: [Node.Index] = []
        var text: [UInt8] = []
        var depth = 0
        func flush(_ parser: inout ProgramParser) {
            if !text.isEmpty { parts.append(parser.builder.add(.string(parser.builder.text(text)))) }
            text = []
        }
        while let byte = current {
            if byte == UInt8(ascii: "\\") {
                position += 1
                try escape(into: &text)
                continue
            }
            if byte == UInt8(ascii: "#"), peek(at: position + 1) == UInt8(ascii: "{") {
                flush(&self)
                position += 2
                let conditions = openConditions
                openConditions = 0
                parts.append(try code())
                openConditions = conditions
                continue
            }
            position += 1
            if byte == closing {
                if depth == 0 {
                    flush(&self)
                    return parts
                }
                depth -= 1
            } else if byte == opening {
                depth += 1
            }
            text.append(byte)
        }
        throw unclosed(start, closing)
    }

    func unclosed(_ start: Int, _ closing: UInt8) -> ExpressionError {
        error(start, "'\(String(UnicodeScalar(closing)))' that ends this is missing")
    }

    /// What a backslash begins in double quotes; the place is behind the backslash.
    mutating func escape(into text: inout [UInt8]) throws(ExpressionError) {
        guard let byte = current else {
            text.append(UInt8(ascii: "\\"))
            return
        }
        let start = position
        position += 1
        switch byte {
        case UInt8(ascii: "n"): text.append(0x0A)
        case UInt8(ascii: "t"): text.append(0x09)
        case UInt8(ascii: "r"): text.append(0x0D)
        case UInt8(ascii: "s"): text.append(0x20)
        case UInt8(ascii: "e"): text.append(0x1B)
        case UInt8(ascii: "a"): text.append(0x07)
        case UInt8(ascii: "b"): text.append(0x08)
        case UInt8(ascii: "f"): text.append(0x0C)
        case UInt8(ascii: "v"): text.append(0x0B)
        case 0x0A: break
        case UInt8(ascii: "0")...UInt8(ascii: "7"):
            position = start
            text.append(UInt8(truncatingIfNeeded: takeNumber(radix: 8, most: 3) ?? 0))
        case UInt8(ascii: "x"):
            guard let value = takeNumber(radix: 16, most: 2) else {
                throw error(start - 1, "no valid escape", length: 2)
            }
            text.append(UInt8(truncatingIfNeeded: value))
        case UInt8(ascii: "u"):
            var scalars: [UInt32] = []
            if take("{") {
                while !take("}") {
                    skipBlank()
                    guard let value = takeNumber(radix: 16, most: 6) else { break }
                    scalars.append(value)
                    skipBlank()
                }
            } else if let value = takeNumber(radix: 16, most: 4) {
                scalars.append(value)
            }
            let characters = scalars.compactMap(UnicodeScalar.init)
            guard !characters.isEmpty, characters.count == scalars.count else {
                throw error(start - 1, "no valid escape", length: 2)
            }
            for character in characters { text += Array(String(character).utf8) }
        default: text.append(byte)
        }
    }

    private mutating func takeNumber(radix: UInt32, most: Int) -> UInt32? {
        var value: UInt32 = 0
        var count = 0
        while count < most, let byte = current, let digit = Character(UnicodeScalar(byte)).hexDigitValue,
            digit < radix, byte < 0x80
        {
            value = value * radix + UInt32(digit)
            position += 1
            count += 1
        }
        return count > 0 ? value : nil
    }

    // MARK: - Per cent forms

    /// `%w[a b]`, `%i[a b]`, `%q(…)`, `%Q(…)`, `%(…)`, `%r{…}`; nil when it is none.
    mutating func percentLiteral() throws(ExpressionError) -> Node.Index? {
        let start = position
        var kind = peek(at: position + 1) ?? 0
        var opener = kind
        var length = 2
        if kind == UInt8(ascii: "x"), let next = peek(at: position + 2), !isName(next), next > 0x20 {
            throw error(start, Self.noCommands, length: 2, hint: Self.variableHint)
        }
        if "wWiIqQr".utf8.contains(kind) {
            opener = peek(at: position + 2) ?? 0
            length = 3
        } else {
            kind = UInt8(ascii: "Q")
        }
        let pairs: [UInt8: UInt8] = [
            UInt8(ascii: "("): UInt8(ascii: ")"), UInt8(ascii: "["): UInt8(ascii: "]"),
            UInt8(ascii: "{"): UInt8(ascii: "}"), UInt8(ascii: "<"): UInt8(ascii: ">"),
        ]
        let closer = pairs[opener] ?? opener
        guard opener > 0x20, opener < 0x7F, !isName(opener) else { return nil }
        position += length
        let nested = closer == opener ? nil : opener
        switch kind {
        case UInt8(ascii: "q"): return try plainString(closing: closer, opening: nested, from: start)
        case UInt8(ascii: "Q"):
            return try joined(try interpolated(closing: closer, opening: nested, from: start), from: start)
        case UInt8(ascii: "r"): return try regexp(closing: closer, opening: nested, from: start)
        default:
            guard case .string(let slice) = builder[try plainString(closing: closer, opening: nested, from: start)]
            else {
                return nil
            }
            let text = builder.constants[Int(slice.offset)..<slice.end]
            var items: [Node.Index] = []
            for word in text.split(whereSeparator: { $0 == 0x20 || $0 &- 9 < 5 }) {
                let slice = builder.text(Array(word))
                items.append(builder.add(kind | 0x20 == UInt8(ascii: "i") ? .symbol(slice) : .string(slice)))
            }
            return try add(.array(builder.list(items)), items, start)
        }
    }

    // MARK: - Regular expressions

    /// From behind the opening delimiter on.
    mutating func regexp(closing: UInt8, opening: UInt8?, from start: Int) throws(ExpressionError) -> Node.Index {
        var source: [UInt8] = []
        /// Where each byte of the source stands.
        var places: [Int] = []
        var depth = 0
        while true {
            guard let byte = current else { throw unclosed(start, closing) }
            if byte == UInt8(ascii: "\\"), let next = peek(at: position + 1) {
                if next != UInt8(ascii: "/") {
                    source.append(byte)
                    places.append(position)
                }
                source.append(next)
                places.append(position + 1)
                position += 2
                continue
            }
            if byte == UInt8(ascii: "#"), peek(at: position + 1) == UInt8(ascii: "{") {
                throw error(
                    position, "'#{…}' in a regular expression is not covered", length: 2,
                    hint: "compare texts: include?, start_with?, gsub(\"text\", …) take any expression")
            }
            if byte == closing {
                if depth == 0 { break }
                depth -= 1
            } else if byte == opening {
                depth += 1
            }
            source.append(byte)
            places.append(position)
            position += 1
        }
        position += 1
        var options: RubyPattern.Options = []
        while let byte = current, isName(byte) {
            switch byte {
            case UInt8(ascii: "i"): options.insert(.ignoringCase)
            case UInt8(ascii: "m"): options.insert(.dotMatchesNewline)
            case UInt8(ascii: "x"): options.insert(.extended)
            case UInt8(ascii: "u"), UInt8(ascii: "o"), UInt8(ascii: "n"): break
            default: throw error(position, "no option of a regular expression", hint: "there are i, m and x")
            }
            position += 1
        }
        let text = String(decoding: source, as: UTF8.self)
        do throws(PatternError) {
            let regex = try Regex(text, options: options)
            builder.regexps.append(RegexpLiteral(regex: regex, source: text, options: options))
        } catch {
            let place = error.offset < places.count ? places[error.offset] : position - 1
            throw ExpressionError(
                offset: place, length: max(error.length, 1), message: error.message, hint: error.hint)
        }
        return builder.add(.regexp(Int32(builder.regexps.count - 1)))
    }
}
