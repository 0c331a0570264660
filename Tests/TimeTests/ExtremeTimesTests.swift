import Events
import Synchronization
import TestSupport
import Testing

@testable import Time

/// Times come from strangers. Each way in brings them into the years 1 to 9999, and then no way out can trap.
@Suite("Times, extreme") struct ExtremeTimesTests {
    @Test(
        "a time is the nearest of the years 1 to 9999",
        arguments: [
            (0, 0, 0, 0), (-1, 999_999_999, -1, 999_999_999), (5, 1_000_000_000, 6, 0),
            (5, 4_294_967_295, 9, 294_967_295),
            (-62_135_596_800, 0, -62_135_596_800, 0), (-62_135_596_801, 7, -62_135_596_800, 0),
            (-62_135_596_801, 1_000_000_007, -62_135_596_800, 7), (.min, 4_294_967_295, -62_135_596_800, 0),
            (253_402_300_799, 999_999_999, 253_402_300_799, 999_999_999), (253_402_300_800, 5, 253_402_300_799, 0),
            (253_402_300_799, 1_000_000_000, 253_402_300_799, 0), (.max, 4_294_967_295, 253_402_300_799, 0),
        ] as [(Int64, UInt32, Int64, UInt32)])
    func range(_ seconds: Int64, _ nanoseconds: UInt32, _ expected: Int64, _ rest: UInt32) {
        let time = EventTime(seconds: seconds, nanoseconds: nanoseconds)
        #expect(time.seconds == expected)
        #expect(time.nanoseconds == rest)
    }

    @Test(
        "so is a time from a double; what is no number is 1970",
        arguments: [
            (1e308, 253_402_300_799), (-1e308, -62_135_596_800), (9.3e18, 253_402_300_799), (.nan, 0), (.infinity, 0),
            (-.infinity, 0), (.leastNonzeroMagnitude, 0), (-.leastNonzeroMagnitude, 0), (1.5e9, 1_500_000_000),
        ] as [(Double, Int64)])
    func double(_ value: Double, _ seconds: Int64) { #expect(EventTime(value).seconds == seconds) }

    @Test("the ends of the range are days that people know") func ends() {
        #expect(EventTime.firstSecond == CivilTime(year: 1, month: 1, day: 1).seconds)
        #expect(EventTime.lastSecond == CivilTime(year: 10_000, month: 1, day: 1).seconds - 1)
    }

    static func sources() throws -> [TimeSource] {
        let formats = [
            "%Y-%m-%dT%H:%M:%S.%N%z", "%Y", "%Y-%m-%d", "%s", "%s.%N", "%Q", "%s%L", "%C%y", "%d/%b/%Y:%H:%M:%S %z",
            "%j", "%Y-%j", "%H:%M:%S", "%y%m%d", "%G-%V-%u", "%Y%m%d%H%M%S", "%I %p", "%z", "%iso8601", "unixtime",
            "float",
        ]
        return [.lenient, .iso8601, .unixtime, .float, .mixed([.unixtime, .iso8601, .float])]
            + (try formats.map { try TimeSource(format: $0) })
    }

    static func zones() throws -> [TimeZoneRule] {
        [.utc, .local, .fixed(seconds: 93_599), .fixed(seconds: -93_599)]
            + (try ["+99:59", "-9959", "Asia/Tokyo", "America/New_York", "Pacific/Apia"].map { try TimeZoneRule($0) })
    }

    /// Every value of the dictionary, in every kind a record can have it.
    static func values(_ storage: inout ByteBuffer) -> [Value] {
        var values: [Value] = []
        for text in ExtremeNumbers.numbers + ExtremeNumbers.times {
            let start = storage.count
            storage.append(text)
            let slice = Slice(offset: start, length: storage.count - start)
            values.append(.string(slice))
            if ExtremeNumbers.numbers.contains(text) {
                values.append(Value(.number, slice))
                values.append(.double(storage.double(number: slice)))
                if let whole = Int64(text) { values.append(.int(whole)) }
                if let whole = UInt64(text) { values.append(.uint(whole)) }
            }
        }
        return values + [.null, .bool(true), .double(.nan), .double(-.infinity), .double(.greatestFiniteMagnitude)]
    }

    static func check(_ time: EventTime, _ from: String) {
        #expect((EventTime.firstSecond...EventTime.lastSecond).contains(time.seconds), "\(from)")
        #expect(time.nanoseconds < 1_000_000_000, "\(from)")
    }

    @Test("no value of a time field traps, and each gives a time of the range or a reason") func entries() throws {
        var storage = ByteBuffer()
        let values = Self.values(&storage)
        let now = EventTime(seconds: EventTime.lastSecond)
        for zone in try Self.zones() {
            for source in try Self.sources() {
                let reader = TimeReader(source, zone: zone) { now }
                for value in values {
                    switch reader.read(value, &storage) {
                    case .time(let time): Self.check(time, "\(source) \(value)")
                    case .invalid(let reason): #expect(!reason.isEmpty)
                    }
                }
            }
        }
        for value in values { if let time = storage.eventTime(number: value) { Self.check(time, "\(value)") } }
    }

    @Test("a whole number of any length is read whole") func longNumbers() {
        func seconds(_ text: String) -> Int64? {
            let storage = ByteBuffer(text)
            guard case .time(let time) = TimeReader(.unixtime).read(storage.all, storage) else { return nil }
            return time.seconds
        }
        #expect(seconds("000000000000000000001500000000") == 1_500_000_000)
        #expect(seconds("9223372036854775808") == EventTime.lastSecond)
        #expect(seconds("-9223372036854775809") == EventTime.firstSecond)
        #expect(seconds("99999999999999999999999999999999") == EventTime.lastSecond)
        #expect(seconds("253402300799") == 253_402_300_799)
    }

    static let outputTimes: [EventTime] = [
        EventTime(seconds: .min), EventTime(seconds: .max), EventTime(seconds: EventTime.firstSecond + 86_400),
        EventTime(seconds: EventTime.lastSecond, nanoseconds: 999_999_999), EventTime(1e308), EventTime(-1e308),
        EventTime(seconds: -1, nanoseconds: 999_999_999), EventTime(seconds: 0), EventTime(seconds: 1 << 31),
        EventTime(seconds: 1 << 32), EventTime(seconds: -62_167_219_200), EventTime(seconds: 1_500_000_000),
    ]

    @Test("every time can be written in every form and zone") func outputs() throws {
        let directives = "YCymBbhdejHkIlMSLNzZAaupsQGgVUWwTFDRrcvXx+".map { "%\($0)" }
        for zone in try Self.zones() {
            for format in directives + ["%Y.%m.%d", "%3N%64N%64L%_9Y%^B%::z", "%-d%-m%-H"] {
                var formatter = try TimeFormatter(format, zone: zone)
                for time in Self.outputTimes {
                    var out = ByteBuffer()
                    formatter.write(time, to: &out)
                    #expect(!out.isEmpty || format == "%Z", "\(format)")
                }
            }
            for time in Self.outputTimes {
                _ = zone.offset(local: time.seconds)
                _ = zone.abbreviation(at: time.seconds)
                for form in [TimeWriter.Form.fluentd, .iso8601(fractionDigits: 9)] {
                    var writer = TimeWriter(form, offset: zone.offset(at: time.seconds))
                    var out = ByteBuffer()
                    writer.write(time, to: &out)
                    #expect(out.count >= 25 && out.count <= 36, "\(out.text)")
                }
            }
        }
    }

    @Test("MessagePack has every time: with nanoseconds from 1970 to 2106, as whole seconds beyond") func messagePack()
        throws
    {
        for time in Self.outputTimes {
            var out = ByteBuffer()
            out.appendMessagePack(time)
            let item = try out.messagePackItem(at: 0, end: out.count)
            if UInt32(exactly: time.seconds) != nil {
                #expect(out.eventTime(item) == time)
            } else {
                #expect(item.kind == .int && item.intValue == time.seconds)
            }
        }
    }

    @Test("what the present fills in is asked anew, so that a day ends at midnight") func midnight() throws {
        let evening = CivilTime(year: 2019, month: 12, day: 31, hour: 23, minute: 59).seconds
        let clock = SteppedClock(evening)
        let cases: [(TimeSource, String)] = [
            (.format(try TimeFormat("%H:%M:%S")), "18:15:04"), (.lenient, "18:15:04"),
            (.mixed([.format(try TimeFormat("%H:%M:%S"))]), "18:15:04"),
        ]
        for (source, text) in cases {
            let reader = TimeReader(source, zone: .utc) { clock.now }
            let storage = ByteBuffer(text)
            for day in 0..<3 {
                clock.now = EventTime(seconds: evening + Int64(day) * 86_400)
                let midnight = CivilTime(year: 2019, month: 12, day: 31).seconds + Int64(day) * 86_400
                let expected = EventTime(seconds: midnight + 18 * 3600 + 15 * 60 + 4)
                #expect(reader.read(storage.all, storage) == .time(expected), "day \(day)")
                #expect(reader.read(storage.all, storage) == .time(expected), "day \(day) again")
            }
        }
        // The year of `Dec 17` too.
        let reader = TimeReader(.format(try TimeFormat("%b %d")), zone: .utc) { clock.now }
        let storage = ByteBuffer("Dec 17")
        clock.now = EventTime(seconds: evening)
        #expect(
            reader.read(storage.all, storage)
                == .time(EventTime(seconds: CivilTime(year: 2019, month: 12, day: 17).seconds)))
        clock.now = EventTime(seconds: evening + 86_400)
        #expect(
            reader.read(storage.all, storage)
                == .time(EventTime(seconds: CivilTime(year: 2020, month: 12, day: 17).seconds)))
    }
}

/// A clock that tests set.
private final class SteppedClock: Sendable {
    private let seconds: Mutex<EventTime>

    init(_ start: Int64) { seconds = Mutex(EventTime(seconds: start)) }

    var now: EventTime {
        get { seconds.withLock { $0 } }
        set { seconds.withLock { $0 = newValue } }
    }
}
