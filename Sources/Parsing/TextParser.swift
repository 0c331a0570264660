package import Events
package import Grok

/// Takes one text apart into fields. One instance for each loop thread: it keeps scratch and caches between calls; what
/// is compiled (expressions, time formats, zones) is immutable and shared.
///
/// Rules every parser keeps (checked by `ParserRules` in the tests):
/// - Fields are appended at the end of `rows.fields`; earlier ones are never touched. Each key appears once.
/// - The storage only grows. Text of values lies in the input text wherever possible, so nothing is copied.
/// - Unless the answer is a match, `rows.fields` is as it was before.
package protocol TextParser: AnyObject {
    /// Appends what all records of a batch share (the keys of expressions and columns) to the storage.
    /// Call it once for each batch, before the first `parse` of that batch.
    func beginBatch(storage: inout ByteBuffer)

    /// `text` is a place in the storage; its bytes are taken as they are (a JSON string's escapes must be decoded first).
    func parse(_ text: Slice, storage: inout ByteBuffer, rows: inout Rows) -> ParseResult

    /// What a value that is no text is to this parser: numbers, true, nested values. Never called with null.
    func parse(other value: Value, storage: inout ByteBuffer, rows: inout Rows) -> ParseResult

    /// What its grok patterns are called, by name or index; none for a parser that has none.
    var patternNames: [String] { get }

    /// Writes what each of `patternNames` has done since the parser was made, from a place on.
    func write(counters: inout [PatternCounters], from place: Int)
}

extension TextParser {
    package var patternNames: [String] { [] }
    package func write(counters: inout [PatternCounters], from place: Int) {}

    package func beginBatch(storage: inout ByteBuffer) {}

    /// Ruby has no such method for what is no string, which is an error and not a text that does not match.
    package func parse(other value: Value, storage: inout ByteBuffer, rows: inout Rows) -> ParseResult {
        .malformed(reason: "the value is no text")
    }

    /// Parses a value of a record: strings with escapes are decoded first. nil when the value is no text.
    package func parse(_ value: Value, storage: inout ByteBuffer, rows: inout Rows) -> ParseResult? {
        switch value.kind {
        case .string: parse(value.slice, storage: &storage, rows: &rows)
        case .jsonString: parse(storage.appendUnescaped(value.slice), storage: &storage, rows: &rows)
        default: nil
        }
    }
}

/// What became of one text.
package enum ParseResult: Sendable {
    /// One record: the fields that were appended. No time: the text held no time field.
    case matched(time: EventTime?)
    /// Several records, in order; together they are all the fields that were appended.
    case matchedMany([ParsedRecord])
    /// The text was cut into several, and this became of each, in order. Never parts of parts.
    case parts([ParsedPart])
    case noMatch
    /// The text matched, but its time field does not hold a time. The reason is worded as Fluentd words it.
    case invalidTime(reason: String)
    /// The text (or the value) is broken in a way that Fluentd's parser raises an error about, instead of answering that
    /// it does not match. The reason quotes nothing of it.
    case malformed(reason: String)
    /// A limit was reached before the text could be judged.
    case gaveUp(reason: String)
}

/// One piece of a text that was cut, and what became of it.
package struct ParsedPart: Sendable {
    package var text: Slice
    /// Indexes into `rows.fields` when it matched.
    package var fields: Range<Int>
    package var result: ParseResult

    package init(text: Slice, fields: Range<Int>, result: ParseResult) {
        self.text = text
        self.fields = fields
        self.result = result
    }
}

/// One of several records of one text.
package struct ParsedRecord: Sendable, Equatable {
    /// Indexes into `rows.fields`.
    package var fields: Range<Int>
    package var time: EventTime?

    package init(fields: Range<Int>, time: EventTime?) {
        self.fields = fields
        self.time = time
    }
}
