package import Events
package import Time

/// `@type elasticsearch_timestamp_check`: gives each record an `@timestamp` that Elasticsearch takes for a date
/// (github.com/ecwws/fluent-plugin-elasticsearch-timestamp-check, README).
///
/// The first of `@timestamp`, `timestamp`, `time` and `syslog_timestamp` that is a time becomes `@timestamp` and
/// `fluent_converted_timestamp`, as ISO 8601 in the zone that it names; whole numbers of ten digits are seconds since 1970,
/// of thirteen milliseconds. A record without any gets the time of now, and `fluent_added_timestamp` with the same.
package final class TimestampCheckFilter: Filter {
    private static let candidates = ["@timestamp", "timestamp", "time", "syslog_timestamp"].map { Array($0.utf8) }
    private static let converted = Array("fluent_converted_timestamp".utf8)
    private static let added = Array("fluent_added_timestamp".utf8)

    private let fractionDigits: Int
    private let zone: TimeZoneRule
    private let clock: @Sendable () -> EventTime
    private var text = ByteBuffer(capacity: 64)

    /// A time, and the zone to write it in; nil: the filter's.
    private struct Found {
        var time: EventTime
        var zoneOffset: Int?
    }

    /// - Parameters:
    ///   - fractionDigits: of a second, `subsecond_precision`; at most 9.
    ///   - zone: in which numbers and the time of now are written.
    package init(
        fractionDigits: Int = 3, zone: TimeZoneRule = .local, clock: @escaping @Sendable () -> EventTime = Clock.now
    ) {
        self.fractionDigits = fractionDigits
        self.zone = zone
        self.clock = clock
    }

    package func apply(_ batch: Batch, storage: inout ByteBuffer, rows: inout Rows) {
        for index in rows.records.indices {
            let record = rows.records[index]
            var time: Found?
            for key in Self.candidates {
                guard let field = rows.find(key, in: record, storage) else { continue }
                time = read(rows.fields[field].value, &storage)
                if time != nil { break }
            }
            let converted = rows.find(Self.converted, in: record, storage).map { rows.fields[$0].value }
            guard time != nil || !(converted?.isTrue ?? false) else { continue }
            let written = write(time ?? Found(time: clock()), &storage)
            let first = rows.copyFields(of: record)
            var seen = UInt64.max
            for key in [Self.candidates[0], time == nil ? Self.added : Self.converted] {
                let name = storage.append(copyOf: key)
                rows.set(name, .string(written), first: first, seen: &seen, storage)
            }
            rows.records[index] = Record(
                time: record.time, firstField: first, fieldCount: rows.fields.count - first, origin: record.origin)
        }
    }

    /// nil: it is no time.
    private func read(_ value: Value, _ storage: inout ByteBuffer) -> Found? {
        value.kind == .int
            ? Self.sinceEpoch(value.intValue).map { Found(time: $0) } : storage.withText(of: value) { read($0, $1) }
    }

    private func read(_ text: Slice, _ storage: borrowing ByteBuffer) -> Found? {
        let number = storage.text(text)
        if let whole = Int64(number) { return Self.sinceEpoch(whole).map { Found(time: $0) } }
        // DateTime.parse takes a time without a zone for UTC, and writes it so.
        guard let moment = TimeMoment.read(storage, text, .lenient, zone: .utc, clock: clock) else { return nil }
        return Found(time: moment.time, zoneOffset: Int(moment.zoneOffset ?? 0))
    }

    /// Seconds or milliseconds, by the number of digits.
    private static func sinceEpoch(_ number: Int64) -> EventTime? {
        switch number {
        case 1_000_000_000..<10_000_000_000: EventTime(seconds: number)
        case 1_000_000_000_000..<10_000_000_000_000:
            EventTime(seconds: number / 1000, nanoseconds: UInt32(number % 1000) * 1_000_000)
        default: nil
        }
    }

    /// `2019-12-17T17:55:04.123+0000`, as strftime's `%Y-%m-%dT%H:%M:%S.%L%z`.
    private func write(_ moment: Found, _ storage: inout ByteBuffer) -> Slice {
        let offset = moment.zoneOffset ?? zone.offset(at: moment.time.seconds)
        var writer = TimeWriter(.iso8601(fractionDigits: fractionDigits), offset: offset)
        text.clear()
        writer.write(moment.time, to: &text)
        var bytes = text.array()
        // The zone ends with `+00:00`.
        bytes.remove(at: bytes.count - 3)
        return storage.append(copyOf: bytes)
    }
}

extension Value {
    /// As Ruby has it: all but null and false.
    fileprivate var isTrue: Bool { kind != .null && kind != .false }
}
