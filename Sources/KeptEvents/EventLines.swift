package import Events
internal import Time

/// Writes whole events as lines (NDJSON, https://github.com/ndjson/ndjson-spec): all that is needed to send one again, and
/// why it is here. What is not known is left out.
///
/// ```
/// {"tag":"service.post","time":"2019-12-17T17:55:04.123456789+00:00","record":{"event":"find_all_posts"},
///  "output":"es","index":"logs-2019.12.17","status":400,"type":"mapper_parsing_exception",
///  "reason":"failed to parse field [took] of type [long]","attempts":1,"at":"2019-12-17T17:55:06.001+00:00"}
/// ```
/// (one line in the file). A record that cannot be read back is `{"unreadable":"BYTES"}`. `time` is the event's own, `at` the moment when it was written down, both in UTC.
package struct EventLines: ~Copyable {
    package private(set) var bytes = ByteBuffer(capacity: 64 * 1024)
    private var storage = ByteBuffer(capacity: 4096)
    private var rows = Rows(fieldCapacity: 64)
    private var times = TimeWriter(.iso8601(fractionDigits: 9), offset: 0)
    private var moments = TimeWriter(.iso8601(fractionDigits: 3), offset: 0)
    private let reader: any ItemReader
    private let now: EventTime

    /// `now`: when the events are written down.
    package init(_ reader: any ItemReader, now: EventTime = Time.Clock.now()) {
        self.reader = reader
        self.now = now
    }

    /// A line for an item of a chunk.
    package mutating func append(_ item: Int, of chunk: LoadedChunk, _ cause: KeptCause) {
        storage.clear()
        rows.clear()
        let entry = chunk.item(item)
        bytes.append("{\"tag\":")
        bytes.appendJSONString(chunk.tag(of: item).bytes)
        bytes.append(",\"time\":\"")
        times.write(entry.time, to: &bytes)
        bytes.append("\",\"record\":")
        if reader.read(item, of: chunk, into: &storage, rows: &rows), let record = rows.records.last {
            bytes.appendJSONObject(record, rows, storage)
        } else {
            // Better the output's own bytes than nothing.
            bytes.append("{\"unreadable\":")
            bytes.appendJSONString(chunk.body.bytes.array(entry.source))
            bytes.append("}")
        }
        append(cause)
        bytes.append(",\"at\":\"")
        moments.write(now, to: &bytes)
        bytes.append("\"}\n")
    }

    /// The lines are written.
    package mutating func clear() { bytes.clear() }

    /// What was appended since is not wanted.
    package mutating func takeBack(to byteCount: Int) { bytes.truncate(to: byteCount) }

    private mutating func append(_ cause: KeptCause) {
        text("output", cause.output)
        if !cause.index.isEmpty { text("index", cause.index) }
        if cause.status != 0 { number("status", cause.status) }
        text("type", cause.type)
        text("reason", cause.reason)
        if cause.attempts != 0 { number("attempts", cause.attempts) }
    }

    private mutating func text(_ name: StaticString, _ value: String) {
        key(name)
        bytes.appendJSONString(Array(value.utf8))
    }

    private mutating func number(_ name: StaticString, _ value: Int) {
        key(name)
        bytes.append(String(value))
    }

    private mutating func key(_ name: StaticString) {
        bytes.append(",\"")
        bytes.append(name)
        bytes.append("\":")
    }
}
