import Events
import TestSupport
import Testing

@Suite("Event times")
struct EventTimeTests {
    @Test(
        "nanoseconds of a second and more carry over, and what is out of range becomes its nearest end",
        arguments: [
            (1, 1_500_000_000, 2, 500_000_000), (-1, 4_000_000_000, 3, 0),
            (EventTime.lastSecond, 999_999_999, EventTime.lastSecond, 999_999_999),
            (EventTime.lastSecond, 1_000_000_000, EventTime.lastSecond, 0),
            (EventTime.lastSecond + 1, 5, EventTime.lastSecond, 0),
            (.max, 4_000_000_000, EventTime.lastSecond, 0), (.max, 0, EventTime.lastSecond, 0),
            (EventTime.firstSecond, 7, EventTime.firstSecond, 7),
            (EventTime.firstSecond - 1, 5, EventTime.firstSecond, 0),
            (EventTime.firstSecond - 1, 1_000_000_000, EventTime.firstSecond, 0), (.min, 0, EventTime.firstSecond, 0),
        ] as [(Int64, UInt32, Int64, UInt32)])
    func range(_ seconds: Int64, _ nanoseconds: UInt32, _ expected: Int64, _ fraction: UInt32) {
        let time = EventTime(seconds: seconds, nanoseconds: nanoseconds)
        #expect(time.seconds == expected && time.nanoseconds == fraction)
    }

    @Test(
        "a number of a record is seconds since 1970",
        arguments: [
            ("5", 5), ("-5", -5), ("1.0e3", 1000), ("18446744073709551615", EventTime.lastSecond),
            ("9223372036854775808", EventTime.lastSecond), ("-9223372036854775808", EventTime.firstSecond),
            ("1e300", EventTime.lastSecond), ("-1e300", EventTime.firstSecond), ("1e400", nil), ("\"5\"", nil),
            ("true", nil), ("null", nil), ("{}", nil),
        ] as [(String, Int64?)])
    func number(_ json: String, _ seconds: Int64?) throws {
        let batch = EventBatch()
        try batch.add("{\"n\":\(json)}")
        #expect(batch.storage.eventTime(number: batch.rows.fields[0].value)?.seconds == seconds)
    }

    @Test("so do numbers that came as MessagePack")
    func messagePack() throws {
        let batch = EventBatch()
        try batch.add(messagePack: [0x81, 0xA1, 0x6E, 0xCF] + [UInt8](repeating: 0xFF, count: 8))
        #expect(batch.storage.eventTime(number: batch.rows.fields[0].value)?.seconds == EventTime.lastSecond)
    }
}
