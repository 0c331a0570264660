package import Events
internal import Grok
internal import Time

/// The parameters of the syslog parser.
package struct SyslogOptions: Sendable {
    package enum MessageFormat: String, Sendable, CaseIterable {
        case rfc3164, rfc5424
        /// Each message for itself: RFC 5424 when a version number follows the priority.
        case auto
    }

    package var messageFormat = MessageFormat.rfc3164
    /// Whether messages begin with `<PRI>`.
    package var withPriority = false
    package var rfc5424TimeFormat = "%Y-%m-%dT%H:%M:%S.%L%z"
    /// `time_format` is that of RFC 3164 messages; default `%b %d %H:%M:%S`.
    package var options = ParserOptions()

    package init() {}
}

/// Syslog messages. Sources: RFC 3164 §4.1, RFC 5424 §6; fields and expressions as Fluentd has them.
package final class SyslogParser: TextParser {
    struct Program: Sendable {
        var rfc3164: Regex
        var rfc5424: Regex
        var rules3164: FieldRules
        var rules5424: FieldRules
        var format: SyslogOptions.MessageFormat
        /// What stands before the time, when something must.
        var priority: Regex?
        var priority5424: Regex?
        /// How many words the time of an RFC 3164 message has.
        var timeWords: Int
        var limits: MatchLimits
    }

    /// - Parameter timeWords: of the time format; 3 for `%b %d %H:%M:%S`, whose day may stand behind two blanks.
    static func rfc3164(timeWords: Int) -> String {
        let time =
            timeWords == 3
            ? #"[^ ]*\s*[^ ]* [^ ]*"# : #"[^ ]+"# + String(repeating: " +[^ ]+", count: max(timeWords, 1) - 1)
        return "(?<time>" + time + ")" + rfc3164Rest
    }

    private static let rfc3164Rest =
        #" (?<host>[^ ]*) (?<ident>[^ :\[]*)(?:\[(?<pid>[0-9]+)\])?(?:[^\:]*\:)? *(?<message>.*)$"#
    static let rfc5424 =
        #"(?<time>[^ ]+) (?<host>[!-~]{1,255}) (?<ident>[!-~]{1,48}) (?<pid>[!-~]{1,128}) (?<msgid>[!-~]{1,32}) "#
        + #"(?<extradata>(?:\-|(?:\[.*?(?<!\\)\])+))(?: (?<message>.+))?\z"#
    static let priority = #"\<(?<pri>[0-9]{1,3})\>"#

    private let parser3164: SyslogLine
    private let parser5424: SyslogLine
    private let format: SyslogOptions.MessageFormat

    init(_ program: Program, _ faults: ConversionFaults) {
        parser3164 = SyslogLine(
            program.rfc3164, program.rules3164, faults, priority: program.priority, timeWords: program.timeWords,
            limits: program.limits)
        parser5424 = SyslogLine(
            program.rfc5424, program.rules5424, faults, priority: program.priority5424, timeWords: 1,
            limits: program.limits)
        format = program.format
    }

    package func beginBatch(storage: inout ByteBuffer) {
        if format != .rfc5424 { parser3164.columns.beginBatch(&storage) }
        if format != .rfc3164 { parser5424.columns.beginBatch(&storage) }
    }

    package func parse(_ text: Slice, storage: inout ByteBuffer, rows: inout Rows) -> ParseResult {
        let is5424 =
            switch format {
            case .rfc3164: false
            case .rfc5424: true
            case .auto: Self.looksLike5424(text, storage)
            }
        return (is5424 ? parser5424 : parser3164).parse(text, &storage, &rows)
    }

    /// `<165>1 …`
    private static func looksLike5424(_ text: Slice, _ storage: borrowing ByteBuffer) -> Bool {
        let span = storage.span
        var cursor = TextCursor(Int(text.offset), text.end)
        guard cursor.take(span, UInt8(ascii: "<")), cursor.digits(span, most: 3) != nil,
            cursor.take(span, UInt8(ascii: ">")), let version = cursor.peek(span)
        else { return false }
        return version >= UInt8(ascii: "1") && version <= UInt8(ascii: "9")
    }
}

/// One of the two forms.
private final class SyslogLine {
    let matcher: PatternMatcher
    let columns: Columns
    private let timeGroup: Int
    private let priority: PatternMatcher?
    private let timeWords: Int
    private let reader: TimeReader

    init(
        _ regex: Regex, _ rules: FieldRules, _ faults: ConversionFaults, priority: Regex?, timeWords: Int,
        limits: MatchLimits
    ) {
        self.priority = priority.map { PatternMatcher($0, limits: limits) }
        self.timeWords = timeWords
        reader = TimeReader(rules.timeSource, zone: rules.zone)
        matcher = PatternMatcher(regex, limits: limits)
        columns = Columns(
            matcher.names, types: regex.groups.map { $0.name == "pri" ? ValueType.integer : nil }, rules, faults)
        timeGroup = regex.groups.firstIndex { $0.name == "time" } ?? -1
    }

    func parse(_ text: Slice, _ storage: inout ByteBuffer, _ rows: inout Rows) -> ParseResult {
        var subject = text
        if let failure = matcher.begin(&subject, columns, &storage) {
            if case .noMatch = failure { return whyNot(text, &storage) }
            return failure
        }
        let first = rows.fields.count
        for index in 0..<columns.count {
            guard let group = matcher.group(index, in: subject) else { continue }
            // RFC 5424 §6.2.3: a dash says that the sender knows no time.
            if index == timeGroup, group.length == 1, storage[Int(group.offset)] == UInt8(ascii: "-") { continue }
            if !columns.add(index, group, &storage, &rows) {
                // The expression gives the time fewer words when the line has too few for the rest.
                _ = columns.refuse(first, &rows)
                return whyNot(text, &storage)
            }
        }
        return .matched(time: columns.time)
    }

    /// Fluentd's parser reads the priority and the time before it matches the rest: too few words for a time, and words
    /// that are no time, are errors there, and only then a text does not match (`parse_rfc3164_regex` in
    /// `lib/fluent/plugin/parser_syslog.rb`).
    private func whyNot(_ text: Slice, _ storage: inout ByteBuffer) -> ParseResult {
        var start = Int(text.offset)
        if let priority {
            var subject = text
            guard priority.match(&subject, &storage) == .matched else { return .noMatch }
            start = Int(text.offset) + priority.length
            guard start <= text.end else { return .noMatch }  // a repaired copy may be longer
        }
        var place = start
        for _ in 0..<max(timeWords, 1) {
            while place < text.end, storage[place] == 0x20 { place += 1 }
            while place < text.end, storage[place] != 0x20 { place += 1 }
            guard place < text.end else {
                return .malformed(reason: "the line has fewer than \(max(timeWords, 1)) blanks, so that it has no time")
            }
        }
        let time = Slice(offset: start, length: place - start)
        let isDash = time.length == 1 && storage[start] == UInt8(ascii: "-")
        if !isDash, case .invalid(let reason) = reader.read(time, storage) { return .invalidTime(reason: reason) }
        return .noMatch
    }
}
