internal import Events
internal import Words

/// Names: keywords, what the code is about, classes, functions.
extension ProgramParser {
    mutating func named() throws(ExpressionError) -> Node.Index {
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
        if let assigned = try assignment(to: name, from: start) { return assigned }
        for scope in scopes.reversed() {
            if let known = scope.last(where: { $0.name == name }) { return builder.add(.local(Int32(known.slot))) }
        }
        switch name {
        case "nil": return builder.add(.null)
        case "true": return builder.add(.bool(true))
        case "false": return builder.add(.bool(false))
        default: break
        }
        if let subject = subject(name) { return builder.add(.subject(subject)) }
        if let call = try function(name, at: start) { return call }
        if let refusal = Self.refusal(of: name) {
            throw error(start, refusal.message, length: name.utf8.count, hint: refusal.hint)
        }
        if let first = name.unicodeScalars.first, ("A"..."Z").contains(first) { return try constant(name, at: start) }
        position = start + name.utf8.count
        if current == UInt8(ascii: "(") {
            let (message, hint) = UncoveredMethod.explanation(of: name)
            throw error(start, message, length: name.utf8.count, hint: hint)
        }
        if scope == .configuration {
            let names = ["ENV", "hostname", "worker_id", "use_nil", "use_default", "File", "Socket"]
            let isOfEvent = ["record", "tag", "tag_parts", "tag_prefix", "tag_suffix", "time"].contains(name)
            throw error(
                start,
                isOfEvent
                    ? "there is no '\(name)' while the configuration is read"
                    : "nothing is known by the name '\(name)'",
                length: name.utf8.count,
                hint: isOfEvent
                    ? "what is evaluated for each event stands in ${…}"
                    : EditDistance.nearest(to: name, in: names).map { "did you mean '\($0)'?" })
        }
        builder.unknownNames.append(Expression.UnknownName(name: name, offset: start))
        return builder.add(.unknownName(builder.text(Array(name.utf8))))
    }

    /// `name = value` for a name of the expression's own; nil: something else stands there.
    private mutating func assignment(to name: String, from start: Int) throws(ExpressionError) -> Node.Index? {
        guard let first = name.utf8.first, first == UInt8(ascii: "_") || (0x61...0x7A).contains(first) else {
            return nil
        }
        let end = position
        skipBlank()
        guard current == UInt8(ascii: "="), !"=~>".utf8.contains(peek(at: position + 1) ?? 0) else {
            position = end
            return nil
        }
        if subject(name) != nil {
            throw error(
                position, "'\(name)' cannot be assigned anew", hint: "take a name of your own: x = \(name)")
        }
        position += 1
        let value = try expression()
        if scopes.isEmpty { scopes.append([]) }
        var slot = scopes.reversed().lazy.compactMap { $0.last { $0.name == name } }.first?.slot
        if slot == nil {
            slot = builder.newLocal()
            scopes[scopes.count - 1].append((name, slot ?? 0))
        }
        builder.assigns = true
        return try add(.assign(Int32(slot ?? 0), value), [value], start)
    }

    /// What a name stands for, which depends on what the code is about.
    private func subject(_ name: String) -> Node.Subject? {
        switch (name, scope) {
        case ("hostname", _): .hostname
        case ("ENV", _): .environment
        case ("record", .event): .record
        case ("tag", .event): .tag
        case ("tag_parts", .event): .tagParts
        case ("tag_prefix", .event): .tagPrefix
        case ("tag_suffix", .event): .tagSuffix
        case ("time", .event): .time
        case ("worker_id", .configuration): .workerID
        case ("use_nil", .configuration): .useNil
        case ("use_default", .configuration): .useDefault
        default: nil
        }
    }

    private mutating func constant(_ name: String, at start: Int) throws(ExpressionError) -> Node.Index {
        var path = name
        while starts(with: "::"), let first = peek(at: position + 2), first &- 0x41 < 26 {
            position += 2
            path += "::" + word()
        }
        if let type = RubyClass(rawValue: path) {
            let isCovered = scope == .configuration || !RubyClass.ofFiles.contains(type)
            if isCovered || type == .file && isPathMethodNext { return builder.add(.constant(type)) }
        }
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

    /// `.basename` and its like stand here: they look at the text of a path, and at no file.
    private var isPathMethodNext: Bool {
        Method.ofPaths.contains { method in
            guard starts(with: "." + method.rawValue) else { return false }
            let next = peek(at: position + 1 + method.rawValue.utf8.count) ?? 0
            return !(0x61...0x7A).contains(next) && next != UInt8(ascii: "_")
        }
    }

    static let noCommands = "commands are not run"
    static let variableHint = "set a variable before the start and read ENV['NAME']"

    private static func refusal(of name: String) -> (message: String, hint: String?)? {
        switch name {
        case "require", "require_relative", "load":
            ("'\(name)' is not covered: there is no Ruby to load it", "what an expression can use is always there")
        case "system", "exec", "spawn", "fork", "open":
            (noCommands, variableHint)
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
}
