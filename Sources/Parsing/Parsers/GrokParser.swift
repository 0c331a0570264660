package import Events
package import Grok

/// The parameters of a grok parser.
package struct GrokOptions: Sendable {
    /// One pattern of the list.
    package struct Section: Sendable {
        package var expression: String
        package var name: String?
        /// The section's own time options and types; nil takes the parser's.
        package var options: ParserOptions?
        /// The expression compiled with the library and `isMultiline` of the parser, by who reports its errors; nil: not yet.
        package var pattern: GrokPattern?

        package init(_ expression: String, name: String? = nil, options: ParserOptions? = nil) {
            self.expression = expression
            self.name = name
            self.options = options
        }
    }

    package var sections: [Section]
    /// The definitions behind `%{NAME}`: a series, with custom patterns added.
    package var library: PatternLibrary
    /// The dot matches newlines: `multiline_grok`.
    package var isMultiline = false
    /// `multiline_start_regexp`: a text that holds several records is cut at the lines it matches. nil: never cut.
    package var firstLine: String?
    /// The field that gets the name of the section that matched, or its index. nil: none.
    package var nameKey: String?
    /// The field that says that no pattern matched. nil: none.
    package var failureKey: String?
    /// The field that holds the whole text when no pattern matched.
    package var messageKey = "message"
    package var options = ParserOptions()

    package init(_ sections: [Section], library: PatternLibrary) {
        self.sections = sections
        self.library = library
    }
}

/// Grok expressions, tried in order; the first hit wins. A text that none matches passes as `{"message": text}`.
package final class GrokParser: TextParser {
    /// What is compiled: immutable, shared by all threads.
    struct Program: Sendable {
        var set: GrokSet
        var rules: [FieldRules]
        var types: [[ValueType?]]
        var nameKey: [UInt8]?
        var failureKey: [UInt8]?
        var messageKey: [UInt8]
        var limits = MatchLimits()
    }

    /// Where the fields of the last hit are, and counters per pattern.
    package let matcher: GrokMatcher
    /// The member of `matcher.set` that matched the last text; nil when none did, and the text passed as it is.
    package var lastHit: Int? { hit }
    /// Private, so that the compiler sees all accesses and needs no check for them.
    private var hit: Int?
    private let columns: [Columns]
    /// What a record gets under the name key, per member: the text of its name, or its index.
    private let memberNames: [[UInt8]?]
    private let memberIndexes: [Int]
    private let constants: ConstantText

    init(_ program: Program, _ faults: ConversionFaults) {
        matcher = GrokMatcher(program.set, scratch: MatchScratch(limits: program.limits))
        columns = program.set.members.indices.map { index in
            let names = program.set.members[index].pattern.fields.map { Array($0.name.utf8) }
            return Columns(names, types: program.types[index], program.rules[index], faults)
        }
        memberNames = program.set.members.map { $0.name.map { Array($0.utf8) } }
        memberIndexes = program.set.members.map(\.index)
        constants = ConstantText(
            [program.messageKey, program.failureKey, Array("No grok pattern matched".utf8), program.nameKey]
                + memberNames)
    }

    private enum Constant { static let message = 0, failure = 1, failureText = 2, name = 3, members = 4 }

    package func beginBatch(storage: inout ByteBuffer) {
        constants.write(&storage)
        for columns in columns { columns.beginBatch(&storage) }
    }

    /// Hits, misses and matches that were given up, per section, since the parser was made.
    package var counters: [PatternCounters] { memberIndexes.indices.map(matcher.counters) }

    package var patternNames: [String] {
        memberIndexes.indices.map { member in
            memberNames[member].map { String(decoding: $0, as: UTF8.self) } ?? "\(memberIndexes[member])"
        }
    }

    package func write(counters: inout [PatternCounters], from place: Int) {
        for member in memberIndexes.indices { counters[place + member] = matcher.counters(of: member) }
    }

    package func parse(_ text: Slice, storage: inout ByteBuffer, rows: inout Rows) -> ParseResult {
        var subject = text
        var kind = storage.kind(of: text)
        if kind == .invalid {
            subject = storage.appendRepaired(text)
            kind = .utf8
        }
        hit = nil
        switch search(subject, kind, storage) {
        case .hit(let member):
            hit = member
            return collect(member, subject, &storage, &rows)
        case .noMatch: return passWhole(text, &storage, &rows)
        case .gaveUp(let member, let reason):
            let name =
                memberNames[member].map { "'\(String(decoding: $0, as: UTF8.self))'" } ?? "\(memberIndexes[member])"
            return .gaveUp(reason: "grok pattern \(name) gave up: \(reason)")
        }
    }

    private func search(_ text: Slice, _ kind: TextKind, _ storage: borrowing ByteBuffer) -> GrokMatcher.Result {
        matcher.match(storage.span.extracting(Int(text.offset)..<text.end), as: SubjectText(kind))
    }

    private func collect(
        _ member: Int, _ text: Slice, _ storage: inout ByteBuffer, _ rows: inout Rows
    ) -> ParseResult {
        let first = rows.fields.count
        let columns = columns[member]
        columns.beginRecord(&storage)
        if !columns.addCaptures(of: matcher, in: text, &storage, &rows) {
            return columns.refuse(first, &rows)
        }
        if let key = constants.slice(Constant.name, &storage) {
            let name = constants.slice(Constant.members + member, &storage)
            rows.put(key, name.map(Value.string) ?? .int(Int64(memberIndexes[member])), first: first, storage)
        }
        return .matched(time: columns.time)
    }

    private func passWhole(_ text: Slice, _ storage: inout ByteBuffer, _ rows: inout Rows) -> ParseResult {
        let first = rows.fields.count
        if let key = constants.slice(Constant.message, &storage) { rows.put(key, .string(text), first: first, storage) }
        if let key = constants.slice(Constant.failure, &storage),
            let reason = constants.slice(Constant.failureText, &storage)
        {
            rows.put(key, .string(reason), first: first, storage)
        }
        return .matched(time: nil)
    }
}
