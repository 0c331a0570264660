/// A recursive descent through one embedded expression that evaluates as it goes.
///
/// `isLive` is false in the branch that Ruby would not evaluate, so that `ENV['X'] || use_nil` keeps a set X.
struct ExpressionParser {
    let bytes: [UInt8]
    var position: Int
    let environment: ConfigEnvironment
    /// Variables that were asked for and are not set.
    var unset: [(name: String, start: Int, end: Int)] = []
    private var isLive = true
    private var depth = 0

    /// Parentheses and conditions inside one another.
    private static let maximumDepth = 16

    /// Why there is no value.
    enum Stop: Error {
        case useNil
        case useDefault
        case unset(name: String, start: Int, end: Int)
        case failure(start: Int, end: Int)
    }

    /// The values that the supported part of Ruby has.
    enum RubyValue: Equatable {
        case null
        case bool(Bool)
        case text(String)
        case number(Int)

        var isNil: Bool { self == .null }
        var isTrue: Bool { self != .null && self != .bool(false) }
        /// `to_s`
        var text: String {
            switch self {
            case .null: ""
            case .bool(let value): value ? "true" : "false"
            case .text(let text): text
            case .number(let number): String(number)
            }
        }
    }

    init(bytes: [UInt8], position: Int, environment: ConfigEnvironment) {
        self.bytes = bytes
        self.position = position
        self.environment = environment
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
        while takeSymbol("||") {
            let other = try branch(live: !value.isTrue) { (parser) throws(Stop) in try parser.conjunction() }
            if !value.isTrue { value = other }
        }
        return value
    }

    private mutating func conjunction() throws(Stop) -> RubyValue {
        var value = try comparison()
        while takeSymbol("&&") {
            let other = try branch(live: value.isTrue) { (parser) throws(Stop) in try parser.comparison() }
            if value.isTrue { value = other }
        }
        return value
    }

    private mutating func comparison() throws(Stop) -> RubyValue {
        let left = try primary()
        if takeSymbol("==") { return .bool(left == (try primary())) }
        if takeSymbol("!=") { return .bool(left != (try primary())) }
        return left
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
            return .text(value)
        }
        guard takeSymbol(".") else { throw Stop.failure(start: start, end: position) }
        let method = word()
        let isQuestion = takeSymbol("?")
        guard takeSymbol("(") else { throw Stop.failure(start: start, end: position) }
        skipSpace()
        let name = try string()
        let value = environment.variables[name]
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
            if let value { return .text(value) }
            if let other { return other }
            if isLive { throw Stop.unset(name: name, start: start, end: position) }
            return .null
        default: throw Stop.failure(start: start, end: position)
        }
    }

    private mutating func string() throws(Stop) -> String {
        let start = position
        guard let quote = current, quote == Byte.quote || quote == Byte.apostrophe else { throw fail() }
        position += 1
        var out: [UInt8] = []
        while let byte = current, byte != Byte.newline {
            position += 1
            if byte == quote { return String(decoding: out, as: UTF8.self) }
            // Code inside a string inside code is beyond the list.
            if quote == Byte.quote, byte == Byte.hash, current == Byte.openBrace { break }
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

    private mutating func word() -> String {
        let start = position
        while let byte = current, Byte.isName(byte) { position += 1 }
        return String(decoding: bytes[start..<position], as: UTF8.self)
    }

    private func fail() -> Stop {
        .failure(start: position, end: position + 1)
    }
}
