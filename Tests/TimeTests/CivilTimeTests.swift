import Events
import Foundation
import TestSupport
import Testing
import Time

@Suite struct CivilTimeTests {
    private static var calendar: Calendar {
        // Foundation's `.iso8601` is proleptic Gregorian.
        var calendar = Calendar(identifier: .iso8601)
        calendar.timeZone = TimeZone(secondsFromGMT: 0)!
        return calendar
    }

    private static let known: [(Int64, String)] = [
        (0, "1970-01-01T00:00:00+00:00"), (951_782_399, "2000-02-28T23:59:59+00:00"),
        (951_782_400, "2000-02-29T00:00:00+00:00"), (951_868_800, "2000-03-01T00:00:00+00:00"),
        (-1, "1969-12-31T23:59:59+00:00"), (1_576_605_304, "2019-12-17T17:55:04+00:00"),
        (4_294_967_295, "2106-02-07T06:28:15+00:00"), (-2_208_988_800, "1900-01-01T00:00:00+00:00"),
        (4_107_542_400, "2100-03-01T00:00:00+00:00"), (-62_135_596_800, "0001-01-01T00:00:00+00:00"),
        (253_402_300_799, "9999-12-31T23:59:59+00:00"),
    ]

    @Test("known moments", arguments: known) func moments(seconds: Int64, text: String) {
        var writer = TimeWriter(.iso8601(fractionDigits: 0), offset: 0)
        var out = ByteBuffer()
        writer.write(EventTime(seconds: seconds), to: &out)
        #expect(out.text == text)
        #expect(CivilTime(seconds: seconds).seconds == seconds)
    }

    @Test("every day of eight centuries counts on from the day before") func days() {
        var expected = CivilTime(year: 1600, month: 1, day: 1)
        var seconds = expected.seconds
        var weekday = expected.weekday
        #expect(weekday == 6, "1 January 1600 was a Saturday")
        let lengths = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]
        while expected.year < 2400 {
            let civil = CivilTime(seconds: seconds)
            guard civil == expected, civil.seconds == seconds, civil.weekday == weekday else {
                Issue.record("\(civil) instead of \(expected)")
                return
            }
            let isLeap = expected.year % 4 == 0 && (expected.year % 100 != 0 || expected.year % 400 == 0)
            let length = expected.month == 2 && isLeap ? 29 : lengths[expected.month - 1]
            expected.day += 1
            if expected.day > length { (expected.day, expected.month) = (1, expected.month + 1) }
            if expected.month > 12 { (expected.month, expected.year) = (1, expected.year + 1) }
            seconds += 86_400
            weekday = (weekday + 1) % 7
        }
    }

    @Test("random moments are those of another calendar", arguments: 0..<200) func random(seed: Int) {
        var generator = SeededGenerator(seed: UInt64(seed))
        let seconds = Int64.random(in: -12_000_000_000...40_000_000_000, using: &generator)
        let offset = Int.random(in: -14 * 60...14 * 60, using: &generator) * 60
        let civil = CivilTime(seconds: seconds, offset: offset)
        let parts = Self.calendar.dateComponents(
            [.year, .month, .day, .hour, .minute, .second, .dayOfYear],
            from: Date(timeIntervalSince1970: Double(seconds + Int64(offset))))
        #expect([civil.year, civil.month, civil.day] == [parts.year, parts.month, parts.day])
        #expect([civil.hour, civil.minute, civil.second] == [parts.hour, parts.minute, parts.second])
        #expect(civil.dayOfYear == parts.dayOfYear)
    }

    @Test(
        "calendars go beyond the years of times, as zones do at their ends",
        arguments: [
            (253_402_300_800, 10_000, 1, 1), (253_402_387_199, 10_000, 1, 1), (-62_135_596_801, 0, 12, 31),
            (-62_167_219_201, -1, 12, 31),
        ] as [(Int64, Int, Int, Int)])
    func beyond(seconds: Int64, year: Int, month: Int, day: Int) {
        let civil = CivilTime(seconds: seconds)
        #expect(civil.year == year && civil.month == month && civil.day == day)
        #expect(civil.seconds == seconds)
    }

    @Test("no time a client can send is too large", arguments: [Int64.max, .min, .max - 1, 1 << 40, -(1 << 40)])
    func hostile(_ seconds: Int64) {
        for offset in [0, 3600, -3600] {
            var writer = TimeWriter(.fluentd, offset: offset)
            var out = ByteBuffer()
            writer.write(EventTime(seconds: seconds, nanoseconds: .max), to: &out)
            #expect(out.count > 20)
        }
        var local = TimeWriter(.iso8601(fractionDigits: 9))
        var out = ByteBuffer()
        local.write(EventTime(seconds: seconds), to: &out)
        #expect(out.count > 20)
        _ = LocalZone.offset(at: seconds)
    }

    @Test("fractions and zones in both forms") func forms() {
        let time = EventTime(seconds: 1_576_605_304, nanoseconds: 123_456_789)
        for (form, offset, text) in [
            (TimeWriter.Form.iso8601(fractionDigits: 9), 0, "2019-12-17T17:55:04.123456789+00:00"),
            (.iso8601(fractionDigits: 3), 32_400, "2019-12-18T02:55:04.123+09:00"),
            (.iso8601(fractionDigits: 0), -12_600, "2019-12-17T14:25:04-03:30"),
            (.iso8601(fractionDigits: 20), 0, "2019-12-17T17:55:04.123456789+00:00"),
            (.fluentd, 0, "2019-12-17 17:55:04.123456789 +0000"),
            (.fluentd, -1800, "2019-12-17 17:25:04.123456789 -0030"),
        ] {
            var writer = TimeWriter(form, offset: offset)
            var out = ByteBuffer()
            writer.write(time, to: &out)
            #expect(out.text == text)
            // The second time of the same second takes the short way.
            out.clear()
            writer.write(EventTime(seconds: time.seconds, nanoseconds: 5), to: &out)
            writer.write(time, to: &out)
            #expect(out.text.hasSuffix(text))
        }
    }

    @Test("a writer writes times in any order") func anyOrder() {
        var writer = TimeWriter(.iso8601(fractionDigits: 0), offset: 0)
        for (seconds, text) in Self.known + Self.known.reversed() {
            var out = ByteBuffer()
            writer.write(EventTime(seconds: seconds), to: &out)
            #expect(out.text == text)
        }
    }
}
