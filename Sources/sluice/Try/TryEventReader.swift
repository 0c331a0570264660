import CommandLine
import Events
import KeptEvents
import Time

/// An event that is tried.
struct TryEvent {
    let tag: [UInt8]
    let time: EventTime
    /// A JSON object.
    let record: [UInt8]
}

/// A line of input.
enum TryInput {
    case event(TryEvent)
    /// For the source that its reader was told of.
    case text([UInt8])
}

/// From a line of input to an event: `{"tag":…,"time":…,"record":{…}}` as dead letters have it, a JSON object as the record,
/// or any other text for a source, or as one field of a record.
struct TryEventReader {
    struct Failure: Error, CustomStringConvertible {
        let description: String
    }

    /// Of lines that bring none.
    private let tag: [UInt8]?
    private let texts: EventTarget.Texts
    /// Whether JSON objects are texts, too.
    private let takesLines: Bool
    private var reader = TimeReader(.lenient, zone: .utc)
    private let now = Clock.now()

    init(_ parsed: ParsedCommand, _ texts: EventTarget.Texts) {
        tag = parsed.value(TryOptions.tag).map { Array($0.utf8) }
        self.texts = texts
        takesLines = if case .source(_, all: true) = texts { true } else { parsed.has(TryOptions.lines) }
    }

    mutating func read(_ line: [UInt8]) throws(Failure) -> TryInput {
        var text = ByteBuffer(capacity: line.count)
        text.append(line)
        if !takesLines, Self.isObject(text) {
            if let kept = try? KeptEvent(text, &reader) {
                return .event(TryEvent(tag: kept.tag, time: kept.time, record: kept.record))
            }
            return .event(TryEvent(tag: try known(), time: now, record: line))
        }
        switch texts {
        case .source: return .text(line)
        case .unknown(let reason): throw Failure(description: reason)
        case .field(let key):
            // A line of a file ends before its carriage return, if it has one.
            let own = line.last == 0x0D ? line.dropLast() : line[...]
            let record = Self.record(Array(own), key: Array(key.utf8))
            return .event(TryEvent(tag: try known(), time: now, record: record))
        }
    }

    /// A text as the only field of a record.
    static func record(_ text: [UInt8], key: [UInt8]) -> [UInt8] {
        var record = ByteBuffer(capacity: text.count + 32)
        record.append("{")
        record.appendJSONString(key)
        record.append(":")
        record.appendJSONString(text)
        record.append("}")
        return record.array()
    }

    private func known() throws(Failure) -> [UInt8] {
        guard let tag else { throw Failure(description: "an event without a tag; name one with --tag") }
        return tag
    }

    private static func isObject(_ text: borrowing ByteBuffer) -> Bool {
        var copy = ByteBuffer(capacity: text.count)
        copy.append(text)
        var rows = Rows(fieldCapacity: 16)
        return text.count > 1 && (try? rows.appendFields(json: Slice(offset: 0, length: text.count), &copy)) != nil
    }
}
