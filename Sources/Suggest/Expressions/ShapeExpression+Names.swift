import Grok

/// What fields are called: by the word before them, by what they are, by where they stand.
extension ShapeExpression {
    mutating func name(_ summary: ValueSummary, _ index: Int, _ columns: [ShapeColumn]) -> String {
        let kinds = summary.kinds.subtracting(TokenKinds.missing)
        defer { note(summary, kinds) }
        if let name = nameByKind(summary, kinds) { return name }
        if kinds == TokenKinds(.word), Self.isLevelLetter(summary), isLevelPlace(index, columns, summary) {
            return "level"
        }
        let isNumber = TokenKinds([.integer, .decimal, .quantity]).isSuperset(of: kinds)
        if let word = context.lastWord {
            context.lastWord = nil
            if let name = ColumnNames.name(after: word, isNumber: isNumber) { return name }
        }
        return nameByPlace(summary, kinds, index, columns)
    }

    private mutating func note(_ summary: ValueSummary, _ kinds: TokenKinds) {
        context.wasStatus = context.hasMethod && summary.isStatus && kinds == TokenKinds(.integer)
        if kinds.contains(.method) { context.hasMethod = true }
        if !kinds.isEmpty, TokenKinds([.ipv4, .ipv6, .endpoint]).isSuperset(of: kinds) { context.hasAddress = true }
    }

    /// A name for what cannot be anything else.
    private func nameByKind(_ summary: ValueSummary, _ kinds: TokenKinds) -> String? {
        if kinds == TokenKinds(.level) || kinds.contains(.level) && summary.isUppercase { return "level" }
        if kinds == TokenKinds(.method) { return "method" }
        if TokenKinds.numbers.isSuperset(of: kinds), !kinds.isEmpty, time == nil,
            summary.isEpochSeconds || summary.isEpochMilliseconds, !context.isSentence
        {
            return "timestamp"
        }
        if kinds == TokenKinds(.integer), summary.isStatus, hasRequest, !context.wasStatus { return "status" }
        return nil
    }

    /// `D`, `I`, `W`, `E` before a message.
    private static func isLevelLetter(_ summary: ValueSummary) -> Bool {
        let letters: Set<UInt8> = Set("VDIWEFTNC".utf8)
        return !summary.distinct.isEmpty && summary.distinct.allSatisfy { $0.count == 1 && letters.contains($0[0]) }
    }

    /// Whether a letter may be a level: behind the time, before a text. Behind a number it is rather a unit.
    private func isLevelPlace(_ index: Int, _ columns: [ShapeColumn], _ summary: ValueSummary) -> Bool {
        if index + 1 == columns.count, case .none = shape.tail { return false }
        guard index > 0, columns[..<index].contains(where: { $0.weight == 3 }) else { return index == 0 }
        let before = columns[index - 1].summary.kinds
        if !before.intersection(TokenKinds([.decimal, .quantity])).isEmpty { return false }
        // Degrees, and not a process number before them.
        let isUnit = summary.distinct.isSubset(of: [[UInt8(ascii: "C")], [UInt8(ascii: "F")]])
        return !isUnit || before.intersection(TokenKinds.numbers).isEmpty
    }

    /// A request stands somewhere in the line, or a path does.
    private var hasRequest: Bool {
        context.hasMethod
            || shape.columns.contains { $0.summary.kinds.contains(.method) }
    }

    private func isMark(_ columns: [ShapeColumn], _ index: Int, _ scalar: Unicode.Scalar) -> Bool {
        columns.indices.contains(index) && columns[index].mark == UInt8(ascii: scalar)
    }

    private func nameByPlace(
        _ summary: ValueSummary, _ kinds: TokenKinds, _ index: Int, _ columns: [ShapeColumn]
    ) -> String {
        func within(_ allowed: [SampleToken.Kind]) -> Bool {
            !kinds.isEmpty && TokenKinds(allowed).isSuperset(of: kinds)
        }
        if within([.ipv4, .ipv6])
            || kinds == TokenKinds(.endpoint) && TokenKinds.addresses.isSuperset(of: summary.hostKinds)
            || kinds != TokenKinds(.endpoint) && within([.ipv4, .ipv6, .endpoint])
        {
            return context.hasAddress ? "ip" : "clientip"
        }
        if within([.ipv4, .ipv6, .name, .word]), !kinds.intersection(TokenKinds.addresses).isEmpty {
            return context.hasAddress ? "host" : "client"
        }
        if kinds == TokenKinds(.endpoint) { return summary.isSourceFile ? "file" : "host" }
        if within([.integer]) {
            if context.wasStatus { return "bytes" }
            let before = index > 0 ? columns[index - 1] : nil
            if isMark(columns, index - 1, "#") { return "pid" }
            if let before, before.summary.isTime, summary.isPlainNumber, !columns[index...].isEmpty { return "pid" }
            if let before, before.summary.kinds == TokenKinds(.integer), before.maximumBlanks > 0, index >= 2,
                columns[index - 2].summary.isTime
            {
                return "tid"
            }
            return "number"
        }
        if within([.quantity, .integer, .decimal]), kinds.contains(.quantity) {
            return summary.unit.map { ColumnNames.sizeUnits.contains($0) } == true ? "size" : "duration"
        }
        if within([.integer, .decimal]) { return "number" }
        if within([.pair]) { return context.hasMethod ? "query" : "value" }
        if within([.uuid]) { return "uuid" }
        if within([.mac]) { return "mac" }
        if within([.hex]) || within([.hex, .integer]) { return "id" }
        if within([.path]) { return summary.hasQuery ? "request" : "path" }
        if within([.uri]) { return "url" }
        if within([.email]) { return "email" }
        if summary.isClass, within([.name]) { return "class" }
        let isAfterTime = index > 0 && columns[index - 1].summary.isTime
        if isAfterTime, index == 1, within([.name, .word]), summary.isHostName { return "host" }
        let before = index > 0 ? columns[index - 1].summary.kinds.subtracting(TokenKinds.missing) : TokenKinds()
        if within([.word, .name, .email]), summary.kinds.contains(.dash), !before.isEmpty,
            TokenKinds.addresses.isSuperset(of: before)
        {
            return "user"
        }
        if within([.word]), !before.isEmpty, TokenKinds.numbers.isSuperset(of: before),
            summary.distinct.allSatisfy({ $0.count <= 2 })
        {
            return "unit"
        }
        if summary.isUppercase, within([.word]) { return "component" }
        if within([.word]) { return "word" }
        return within([.name, .word]) ? "name" : "value"
    }

    mutating func name(
        inBrackets summary: ValueSummary, _ open: UInt8, _ column: ShapeColumn, _ index: Int, _ columns: [ShapeColumn]
    ) -> String {
        let kinds = summary.kinds.subtracting(TokenKinds.missing)
        defer { note(summary, kinds) }
        if summary.isTime { return Self.timeName(summary) }
        if let name = nameByKind(summary, kinds) { return name }
        if kinds == TokenKinds(.integer) {
            if open == UInt8(ascii: "<") { return index == 0 ? "priority" : "number" }
            return context.isSentence ? "number" : "pid"
        }
        let name = nameByPlace(summary, kinds, -1, columns)
        return ["word", "name", "value"].contains(name) ? textName(open, index, columns) : name
    }

    private static func timeName(_ summary: ValueSummary) -> String {
        let base = summary.shapes.first?.base
        return base?.isWhole == true ? "timestamp" : base?.hasDate == true ? "date" : "timeofday"
    }

    func textName(_ open: UInt8, _ index: Int, _ columns: [ShapeColumn]) -> String {
        open == UInt8(ascii: "[") || open == UInt8(ascii: "(") ? (context.isSentence ? "text" : "thread") : "text"
    }

    func name(quoted column: ShapeColumn) -> String {
        let texts = column.summary.distinct
        if texts.contains(where: { Self.contains($0, "Mozilla/") || Self.contains($0, "curl/") }) { return "agent" }
        let isReferrer = texts.allSatisfy { $0.dropFirst().starts(with: "http".utf8) || $0.count == 3 && $0[1] == 0x2D }
        if isReferrer, context.hasMethod { return "referrer" }
        return "text"
    }

    private static func contains(_ text: [UInt8], _ part: StaticString) -> Bool {
        let wanted = Array("\(part)".utf8)
        guard text.count >= wanted.count else { return false }
        return (0...(text.count - wanted.count)).contains { text[$0..<($0 + wanted.count)].elementsEqual(wanted) }
    }

    mutating func name(inCell summary: ValueSummary, _ index: Int) -> String {
        let kinds = summary.kinds.subtracting(TokenKinds.missing)
        defer { note(summary, kinds) }
        if summary.isTime { return Self.timeName(summary) }
        if let name = nameByKind(summary, kinds) { return name }
        return nameByPlace(summary, kinds, -1, [])
    }
}
