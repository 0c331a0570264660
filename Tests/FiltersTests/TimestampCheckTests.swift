import Events
import Filters
import TestSupport
import Testing
import Time

@Suite struct TimestampCheckTests {
    private static func filter(_ digits: Int = 3, zone: TimeZoneRule = .utc) -> TimestampCheckFilter {
        TimestampCheckFilter(
            fractionDigits: digits, zone: zone, clock: { EventTime(seconds: 1_700_000_000, nanoseconds: 250_000_000) })
    }

    private func checked(
        _ record: String, _ filter: TimestampCheckFilter = TimestampCheckTests.filter()
    ) throws -> String {
        let batch = EventBatch()
        try batch.add(record)
        filter.apply(Events.Batch(batch.tag), storage: &batch.storage, rows: &batch.rows)
        #expect(batch.lines.count == 1)
        return batch.lines.first ?? ""
    }

    @Test(
        "the first field that is a time is the time, in its own zone",
        arguments: [
            (#""timestamp":"2019-12-17 18:55:04.5 +0100""#, "2019-12-17T18:55:04.500+0100"),
            (#""time":"2019-12-17T18:55:04Z""#, "2019-12-17T18:55:04.000+0000"),
            (#""syslog_timestamp":"2019-12-17 18:55:04""#, "2019-12-17T18:55:04.000+0000"),
            (#""timestamp":"1576605304""#, "2019-12-17T17:55:04.000+0000"),
            (#""timestamp":"1576605304123""#, "2019-12-17T17:55:04.123+0000"),
            (#""timestamp":1576605304123"#, "2019-12-17T17:55:04.123+0000"),
            (#""timestamp":"none","time":"2019-12-17T18:55:04Z""#, "2019-12-17T18:55:04.000+0000"),
            (#""timestamp":"157660530","time":1576605304"#, "2019-12-17T17:55:04.000+0000"),
            (#""timestamp":null,"time":"2019-12-17T18:55:04-08:00""#, "2019-12-17T18:55:04.000-0800"),
        ])
    func converted(_ fields: String, _ time: String) throws {
        #expect(
            try checked("{\(fields)}")
                == #"{\#(fields),"@timestamp":"\#(time)","fluent_converted_timestamp":"\#(time)"}"#)
    }

    @Test("an @timestamp of its own comes first, and is written as Elasticsearch takes it")
    func own() throws {
        #expect(
            try checked(#"{"@timestamp":"17/Dec/2019:18:55:04 +0100","time":1}"#)
                == #"{"@timestamp":"2019-12-17T18:55:04.000+0100","time":1,"fluent_converted_timestamp":"2019-12-17T18:55:04.000+0100"}"#
        )
    }

    @Test("a record without a time gets that of now, in the zone of the machine")
    func added() throws {
        let now = #""2023-11-15T07:13:20.25+0900""#
        #expect(
            try checked(#"{"a":1,"time":"soon"}"#, Self.filter(2, zone: .fixed(seconds: 9 * 3600)))
                == #"{"a":1,"time":"soon","@timestamp":\#(now),"fluent_added_timestamp":\#(now)}"#)
        // One that another node has converted is left.
        let converted = #"{"fluent_converted_timestamp":"x"}"#
        #expect(try checked(converted) == converted)
    }

    @Test("it keeps the rules of all filters")
    func rules() throws {
        try FilterRules.check(
            [#"{"timestamp":"2019-12-17 18:55:04"}"#, #"{"@timestamp":12}"#, #"{"time":"x"}"#, "{}"]
        ) { Self.filter() }
    }
}
