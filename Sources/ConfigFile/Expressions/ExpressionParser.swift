/// A recursive descent through one embedded expression that evaluates as it goes.
///
/// `isLive` is false in the branch that Ruby would not evaluate, so that `ENV['X'] || use_nil` keeps a set X.
struct ExpressionParser {
    let bytes: [UInt8]
    var position: Int
    let environment: ConfigEnvironment
    let files: any FileSource
    /// Variables that were asked for and are not set.
    var unset: [(name: String, start: Int, end: Int)] = []
    /// Values of variables whose names say that they are secrets, and the contents of files.
    var secrets: [String] = []
    private var isLive = true
    private var depth = 0

    /// Parentheses and conditions inside one another.
    private static let maximumDepth = 16
    /// A secret, a certificate at most.
    private static let maximumFileBytes = 65_536

    /// Why there is no value.
    enum Stop: Error {
        case useNil
        case useDefault
        case unset(name: String, start: Int, end: Int)
        case unreadable(path: String, reason: String, start: Int, end: Int)
        case failure(start: Int, end: Int)
    }

    init(bytes: [UInt8], position: Int, environment: ConfigEnvironment, files: any FileSource) {
        self.bytes = bytes
        self.position = position
        self.environment = environment
        self.files = files
    }

    /// The whole expression up to and with the closing brace.
    mutating func whole() throws(Stop) -> RubyValue {
        let value = try condition()
        skipSpace()
        guard current == Byte.closeBrace else { throw fail() }
        position += 1
        return value
    }

    private mutating func condition() throws(Stop) -> RubyValue {
        depth += 1
        defer { depth -= 1 }
        if depth > Self.maximumDepth { throw fail() }
        let test = try alternatives()
        guard takeSymbol("?") else { return test }
        let yes = try branch(live: test.isTrue) { (parser) throws(Stop) in try parser.condition() }
        guard takeSymbol(":") else { throw fail() }
        let no = try branch(live: !test.isTrue) { (parser) throws(Stop) in try parser.condition() }
        return test.isTrue ? yes : no
    }

    private mutating func alternatives() throws(Stop) -> RubyValue {
        var value = try conjunction()
        while takeSymbol("||") || take(keyword: "or") {
            let other = try branch(live: !value.isTrue) { (parser) throws(Stop) in try parser.conjunction() }
            if !value.isTrue { value = other }
        }
        return value
    }

    private mutating func conjunction() throws(Stop) -> RubyValue {
        var value = try comparison()
        while takeSymbol("&&") || take(keyword: "and") {
            let other = try branch(live: value.isTrue) { (parser) throws(Stop) in try parser.comparison() }
            if value.isTrue { value = other }
        }
        return value
    }

    private mutating func comparison() throws(Stop) -> RubyValue {
        let left = try sum()
        if takeSymbol("==") { return .bool(left == (try sum())) }
        if takeSymbol("!=") { return .bool(left != (try sum())) }
        return left
    }

    private mutating func sum() throws(Stop) -> RubyValue {
        skipSpace()
        let start = position
        var value = try postfix()
        while takeSymbol("+") {
            let other = try postfix()
            guard isLive else { continue }
            guard let both = value + other else { throw mistake(from: start, value.isNil || other.isNil) }
            value = both
        }
        return value
    }

    /// A value and the methods called on it.
    private mutating func postfix() throws(Stop) -> RubyValue {
        depth += 1
        defer { depth -= 1 }
        if depth > 3 * Self.maximumDepth { throw fail() }
        if takeSymbol("!") { return .bool(!(try postfix()).isTrue) }
        skipSpace()
        let start = position
        var value = try primary()
        while true {
            var arguments: [RubyValue] = []
            var method = "[]"
            var isSafe = false
            if current == Byte.openBracket {
                position += 1
                arguments = [try condition()]
                guard takeSymbol("]") else { throw fail() }
            } else if takeSymbol("&.") || takeSymbol(".") {
                isSafe = bytes[position - 2] == UInt8(ascii: "&")
                method = word()
                if current == UInt8(ascii: "?") {
                    position += 1
                    method += "?"
                }
                if current == UInt8(ascii: "(") { arguments = try self.arguments() }
            } else {
                return value
            }
            if !isLive || isSafe && value.isNil { continue }
            guard let result = value.call(method, arguments) else { throw mistake(from: start, value.isNil) }
            value = result
        }
    }

    /// What Ruby would raise: because of a variable that is not set, or because the code is beyond what is supported.
    private func mistake(from start: Int, _ isNil: Bool) -> Stop {
        if isNil, let missing = unset.last {
            return .unset(name: missing.name, start: missing.start, end: missing.end)
        }
        return .failure(start: start, end: position)
    }

    /// `(a, b)`
    private mutating func arguments() throws(Stop) -> [RubyValue] {
        guard takeSymbol("(") else { throw fail() }
        if takeSymbol(")") { return [] }
        var arguments = [try condition()]
        while takeSymbol(",") { arguments.append(try condition()) }
        guard takeSymbol(")") else { throw fail() }
        return arguments
    }

    /// `File.read(path)`, `File.open(path).read`, `File.exist?(path)`, `File.join(a, b)`.
    private mutating func file(from start: Int) throws(Stop) -> RubyValue {
        guard takeSymbol(".") else { throw Stop.failure(start: start, end: position) }
        let method = word()
        if current == UInt8(ascii: "?") { position += 1 }
        let values = try arguments()
        let texts = values.compactMap { if case .text(let text) = $0 { text } else { nil as String? } }
        guard !isLive || texts.count == values.count, !values.isEmpty else {
            throw mistake(from: start, values.contains(where: \.isNil))
        }
        switch method {
        case "read" where values.count == 1: return try contents(of: texts, from: start)
        case "open" where values.count <= 2:
            guard takeSymbol("."), word() == "read" else { throw Stop.failure(start: start, end: position) }
            if current == UInt8(ascii: "(") { _ = try arguments() }
            return try contents(of: texts, from: start)
        case "exist", "exists", "file", "readable": return .bool(isLive && files.exists(texts[0]))
        case "join":
            // One slash between two parts, however many they bring.
            return .text(
                texts.dropFirst().reduce(texts.first ?? "") { path, part in
                    let slashes = path.reversed().prefix { $0 == "/" }.count
                    return String(path.dropLast(slashes)) + "/" + part.drop { $0 == "/" }
                })
        default: throw Stop.failure(start: start, end: position)
        }
    }

    private mutating func contents(of paths: [String], from start: Int) throws(Stop) -> RubyValue {
        guard isLive, let path = paths.first else { return .null }
        do throws(FileFailure) {
            let text = String(decoding: try files.read(path, maximumBytes: Self.maximumFileBytes), as: UTF8.self)
            secrets.append(text)
            if case .text(let stripped)? = RubyValue.text(text).call("strip", []) { secrets.append(stripped) }
            return .text(text)
        } catch {
            throw Stop.unreadable(path: path, reason: error.reason, start: start, end: position)
        }
    }

    private mutating func branch(
        live: Bool, _ body: (inout ExpressionParser) throws(Stop) -> RubyValue
    ) throws(Stop) -> RubyValue {
        let before = isLive
        let known = unset.count
        isLive = before && live
        defer {
            isLive = before
            if !live { unset.removeSubrange(known...) }
        }
        return try body(&self)
    }

    private mutating func primary() throws(Stop) -> RubyValue {
        skipSpace()
        let start = position
        guard let byte = current else { throw fail() }
        if byte == Byte.quote || byte == Byte.apostrophe { return .text(try string()) }
        if byte == UInt8(ascii: "(") {
            position += 1
            let value = try condition()
            guard takeSymbol(")") else { throw fail() }
            return value
        }
        if Byte.isDigit(byte) {
            let digits = word()
            guard let number = Int(digits) else { throw Stop.failure(start: start, end: position) }
            return .number(number)
        }
        switch word() {
        case "nil": return .null
        case "true": return .bool(true)
        case "false": return .bool(false)
        case "hostname": return .text(environment.hostname)
        case "worker_id": return .number(environment.workerID)
        case "Socket":
            guard takeSymbol("."), word() == "gethostname" else { throw Stop.failure(start: start, end: position) }
            return .text(environment.hostname)
        case "use_nil":
            if isLive { throw Stop.useNil }
            return .null
        case "use_default":
            if isLive { throw Stop.useDefault }
            return .null
        case "ENV": return try variable(from: start)
        case "File", "IO": return try file(from: start)
        case "Dir":
            guard takeSymbol("."), word() == "pwd" else { throw Stop.failure(start: start, end: position) }
            return .text(environment.workingDirectory)
        default: throw Stop.failure(start: start, end: max(position, start + 1))
        }
    }

    /// What follows `ENV`: `['X']`, `.fetch('X', …)`, `.key?('X')`.
    private mutating func variable(from start: Int) throws(Stop) -> RubyValue {
        if current == Byte.openBracket {
            position += 1
            skipSpace()
            let name = try string()
            guard takeSymbol("]") else { throw fail() }
            guard let value = environment.variables[name] else {
                if isLive { unset.append((name, start, position)) }
                return .null
            }
            note(secret: value, of: name)
            return .text(value)
        }
        guard takeSymbol(".") else { throw Stop.failure(start: start, end: position) }
        let method = word()
        let isQuestion = takeSymbol("?")
        guard takeSymbol("(") else { throw Stop.failure(start: start, end: position) }
        skipSpace()
        let name = try string()
        let value = environment.variables[name]
        if let value { note(secret: value, of: name) }
        switch (method, isQuestion) {
        case ("key", true), ("has_key", true), ("include", true):
            guard takeSymbol(")") else { throw fail() }
            return .bool(value != nil)
        case ("fetch", false):
            var other: RubyValue?
            if takeSymbol(",") {
                other = try branch(live: value == nil) { (parser) throws(Stop) in try parser.condition() }
            }
            guard takeSymbol(")") else { throw fail() }
            if takeSymbol("{") {
                other = try branch(live: value == nil) { (parser) throws(Stop) in try parser.condition() }
                guard takeSymbol("}") else { throw fail() }
            }
            if let value { return .text(value) }
            if let other { return other }
            if isLive { throw Stop.unset(name: name, start: start, end: position) }
            return .null
        default: throw Stop.failure(start: start, end: position)
        }
    }

    private mutating func note(secret value: String, of name: String) {
        if SecretNames.isSecret(name) { secrets.append(value) }
    }

    private mutating func string() throws(Stop) -> String {
        let start = position
        guard let quote = current, quote == Byte.quote || quote == Byte.apostrophe else { throw fail() }
        position += 1
        var out: [UInt8] = []
        while let byte = current, byte != Byte.newline {
            position += 1
            if byte == quote { return String(decoding: out, as: UTF8.self) }
            if quote == Byte.quote, byte == Byte.hash, current == Byte.openBrace {
                position += 1
                out += Array(try condition().text.utf8)
                guard takeSymbol("}") else { throw fail() }
                continue
            }
            if byte == Byte.backslash, let next = current, next != Byte.newline {
                position += 1
                switch (quote, next) {
                case (_, Byte.backslash), (_, quote): out.append(next)
                case (Byte.quote, UInt8(ascii: "n")): out.append(Byte.newline)
                case (Byte.quote, UInt8(ascii: "t")): out.append(Byte.tab)
                default: out += [byte, next]
                }
            } else {
                out.append(byte)
            }
        }
        throw Stop.failure(start: start, end: position)
    }

    private var current: UInt8? { position < bytes.count ? bytes[position] : nil }

    private mutating func skipSpace() {
        while let byte = current, Byte.isBlank(byte) { position += 1 }
    }

    private mutating func takeSymbol(_ symbol: String) -> Bool {
        skipSpace()
        guard bytes[position...].starts(with: symbol.utf8) else { return false }
        position += symbol.utf8.count
        return true
    }

    /// `or` and `and` as words of their own.
    private mutating func take(keyword: String) -> Bool {
        skipSpace()
        let start = position
        if word() == keyword { return true }
        position = start
        return false
    }

    private mutating func word() -> String {
        let start = position
        while let byte = current, Byte.isName(byte) { position += 1 }
        return String(decoding: bytes[start..<position], as: UTF8.self)
    }

    private func fail() -> Stop {
        .failure(start: position, end: position + 1)
    }
}
