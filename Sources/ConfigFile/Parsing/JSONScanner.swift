/// Reads a JSON value from the bytes of a file: RFC 8259, with `#` comments between items.
///
/// Fluentd takes values that begin with `[` or `{` this way, over as many lines as they need.
struct JSONScanner {
    let file: SourceFile
    var position: Int
    /// Evaluates `#{…}` inside strings; nil where embedded code has no meaning (text in memory).
    let embedded: EmbeddedCode?
    let diagnostics: Diagnostics?

    /// Arrays and objects inside one another. Far above any configuration, and far below the stack.
    static let maximumDepth = 64

    /// What is not JSON, and where.
    struct Failure: Error {
        let start: Int
        let end: Int
        let message: String
        /// What to write, where that is known.
        var hint: String?
    }

    private var bytes: [UInt8] { file.bytes }
    private var current: UInt8? { position < file.bytes.count ? file.bytes[position] : nil }

    init(file: SourceFile, position: Int, embedded: EmbeddedCode?, diagnostics: Diagnostics?) {
        self.file = file
        self.position = position
        self.embedded = embedded
        self.diagnostics = diagnostics
    }

    /// A whole text as JSON, nothing but space behind it; nil when it is not.
    static func parse(_ text: String) -> JSONValue? {
        var scanner = JSONScanner(
            file: SourceFile(path: "", text: text), position: 0, embedded: nil, diagnostics: nil)
        do throws(Failure) {
            scanner.skipSpace()
            let value = try scanner.value(depth: 0)
            scanner.skipSpace()
            return scanner.current == nil ? value : nil
        } catch {
            return nil
        }
    }

    mutating func value(depth: Int) throws(Failure) -> JSONValue {
        if depth > Self.maximumDepth {
            throw fail("more than \(Self.maximumDepth) arrays and objects inside one another")
        }
        switch current {
        case Byte.openBracket: return try array(depth: depth)
        case Byte.openBrace: return try object(depth: depth)
        case Byte.quote: return .string(try string())
        case UInt8(ascii: "t") where take("true"): return .bool(true)
        case UInt8(ascii: "f") where take("false"): return .bool(false)
        case UInt8(ascii: "n") where take("null"): return .null
        case let byte? where Byte.isDigit(byte) || byte == UInt8(ascii: "-"): return try number()
        case Byte.hash where position + 1 < bytes.count && bytes[position + 1] == Byte.openBrace && embedded != nil:
            return try code()
        case nil: throw fail("the file ends inside a JSON value")
        case Byte.apostrophe:
            throw fail("JSON has no single quotes", hint: "write \"…\", or a list without brackets: a,b")
        default:
            if let odd = Lookalike.first(
                [.quote, .blank, .invisible, .wide], in: file, position..<min(position + 3, bytes.count))
            {
                throw fail(
                    "\(Lookalike.name(odd.scalar)), means nothing in JSON",
                    hint: "write \(Lookalike.meant(odd.scalar) ?? "a blank")")
            }
            throw fail("expected a JSON value")
        }
    }

    private mutating func array(depth: Int) throws(Failure) -> JSONValue {
        position += 1
        var items: [JSONValue] = []
        skipSpace()
        if current == Byte.closeBracket {
            position += 1
            return .array([])
        }
        while true {
            skipSpace()
            if current == Byte.closeBracket { throw trailingComma("]") }
            items.append(try value(depth: depth + 1))
            skipSpace()
            switch current {
            case UInt8(ascii: ","): position += 1
            case Byte.closeBracket:
                position += 1
                return .array(items)
            default: throw fail("expected ',' or ']'")
            }
        }
    }

    private mutating func object(depth: Int) throws(Failure) -> JSONValue {
        position += 1
        var members: [JSONValue.Member] = []
        skipSpace()
        if current == Byte.closeBrace {
            position += 1
            return .object([])
        }
        while true {
            skipSpace()
            if current == Byte.closeBrace { throw trailingComma("}") }
            if current == Byte.apostrophe { throw fail("JSON has no single quotes", hint: "write \"…\": …") }
            guard current == Byte.quote else { throw fail("expected a key in double quotes") }
            let key = try string()
            skipSpace()
            guard current == UInt8(ascii: ":") else { throw fail("expected ':' after the key") }
            position += 1
            skipSpace(untilCode: embedded != nil)
            members.append(.init(key: key, value: try value(depth: depth + 1)))
            skipSpace()
            switch current {
            case UInt8(ascii: ","): position += 1
            case Byte.closeBrace:
                position += 1
                return .object(members)
            default: throw fail("expected ',' or '}'")
            }
        }
    }

    /// `#{…}` outside of a string: its text is read as JSON.
    private mutating func code() throws(Failure) -> JSONValue {
        let start = position
        guard let embedded, let diagnostics else { throw fail("expected a JSON value") }
        let result = embedded.evaluate(file, from: position, diagnostics)
        position = result.end
        guard case .text(let text) = result.value else { return .null }
        guard let value = Self.parse(text) else {
            throw Failure(
                start: start, end: position, message: "what the code gives is no JSON",
                hint: "put it in quotes: \"\(file.text(start..<position))\"")
        }
        return value
    }

    /// The comma before a closing bracket.
    private func trailingComma(_ bracket: String) -> Failure {
        let comma = bytes[..<position].lastIndex(of: UInt8(ascii: ",")) ?? position
        return Failure(
            start: comma, end: comma + 1, message: "a comma before '\(bracket)'", hint: "remove the comma")
    }

    private mutating func number() throws(Failure) -> JSONValue {
        let start = position
        while let byte = current, Byte.isDigit(byte) || Byte.isLetter(byte) || "+-.".utf8.contains(byte) {
            position += 1
        }
        let text = file.text(start..<position)
        let digits = text.hasPrefix("-") ? text.dropFirst() : text[...]
        let leadingZero =
            digits.utf8.count > 1 && digits.hasPrefix("0") && digits.utf8.dropFirst().first.map(Byte.isDigit) == true
        let ends = digits.utf8.first.map(Byte.isDigit) == true && digits.utf8.last.map(Byte.isDigit) == true
        let plain = digits.utf8.allSatisfy { Byte.isDigit($0) || "+-.eE".utf8.contains($0) }
        guard ends, plain, !leadingZero, !digits.contains(".e"), !digits.contains(".E"), Double(text) != nil else {
            throw Failure(start: start, end: position, message: "'\(text)' is not a JSON number")
        }
        return .number(text)
    }

    private mutating func string() throws(Failure) -> String {
        let start = position
        position += 1
        var out: [UInt8] = []
        while let byte = current {
            switch byte {
            case Byte.quote:
                position += 1
                return String(decoding: out, as: UTF8.self)
            case Byte.newline:
                throw Failure(start: start, end: position, message: "a string without its closing quote")
            case Byte.backslash:
                try escape(into: &out)
            case Byte.hash where position + 1 < bytes.count && bytes[position + 1] == Byte.openBrace:
                guard let embedded, let diagnostics else {
                    out.append(byte)
                    position += 1
                    continue
                }
                let result = embedded.evaluate(file, from: position, diagnostics)
                position = result.end
                if case .text(let text) = result.value { out += Array(text.utf8) }
            default:
                out.append(byte)
                position += 1
            }
        }
        throw Failure(start: start, end: position, message: "a string without its closing quote")
    }

    private mutating func escape(into out: inout [UInt8]) throws(Failure) {
        let start = position
        position += 1
        guard let byte = current else { throw fail("the file ends inside a JSON value") }
        position += 1
        switch byte {
        case Byte.quote, Byte.backslash, Byte.slash: out.append(byte)
        case UInt8(ascii: "n"): out.append(0x0A)
        case UInt8(ascii: "r"): out.append(0x0D)
        case UInt8(ascii: "t"): out.append(0x09)
        case UInt8(ascii: "b"): out.append(0x08)
        case UInt8(ascii: "f"): out.append(0x0C)
        case UInt8(ascii: "u"):
            guard var code = hexadecimal() else {
                throw Failure(start: start, end: position, message: "'\\u' needs four hexadecimal digits")
            }
            if (0xD800..<0xDC00).contains(code), take("\\u") {
                let low = hexadecimal() ?? 0
                code = (0xDC00..<0xE000).contains(low) ? 0x10000 + (code - 0xD800) << 10 + (low - 0xDC00) : 0xFFFD
            }
            out += Array(String(Unicode.Scalar(code) ?? "\u{FFFD}").utf8)
        default:
            // Fluentd's reader takes the character, a longer one byte by byte.
            out.append(byte)
            diagnostics?.warning(
                Place(file, start, position), "this backslash means nothing in a JSON string and is left out",
                hint: "write '\\\\' for a backslash")
        }
    }

    private mutating func hexadecimal() -> UInt32? {
        guard position + 4 <= bytes.count else { return nil }
        let digits = bytes[position..<position + 4]
        guard digits.allSatisfy({ Byte.isDigit($0) || (0x61...0x66).contains($0 | 0x20) }) else { return nil }
        position += 4
        return UInt32(String(decoding: digits, as: UTF8.self), radix: 16)
    }

    private mutating func take(_ word: String) -> Bool {
        guard bytes[position...].starts(with: word.utf8) else { return false }
        position += word.utf8.count
        return true
    }

    /// - Parameter untilCode: `#{` begins no comment. In Fluentd it is code only where no bracket could close what is
    ///   there, which is behind a colon.
    private mutating func skipSpace(untilCode: Bool = false) {
        while let byte = current {
            if Byte.isSpace(byte) {
                position += 1
            } else if byte == Byte.hash, untilCode, position + 1 < bytes.count, bytes[position + 1] == Byte.openBrace {
                return
            } else if byte == Byte.hash {
                while let next = current, next != Byte.newline { position += 1 }
            } else {
                return
            }
        }
    }

    private func fail(_ message: String, hint: String? = nil) -> Failure {
        Failure(start: position, end: position + 1, message: message, hint: hint)
    }
}
