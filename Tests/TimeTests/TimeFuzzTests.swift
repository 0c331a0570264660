import Events
import TestSupport
import Testing

@testable import Time

/// Deterministic random input: what was written is read again, and no bytes make the readers trap.
@Suite("Times, random")
struct TimeFuzzTests {
    @Test(
        "what strftime writes, strptime reads",
        arguments: [
            "%Y-%m-%dT%H:%M:%S.%N%z", "%d/%b/%Y:%H:%M:%S.%N %z", "%s.%N", "%a, %d %B %Y %I:%M:%S.%N %p %:z",
            "%Y%m%d%H%M%S%N%z", "%Y-%j %T.%N %z", "%c .%N %z", "%D %r .%N %z", "%F %k:%M:%S.%9N %z",
        ], ["UTC", "Europe/Berlin", "America/St_Johns", "-03:30"])
    func roundTrip(_ format: String, _ zoneName: String) throws {
        let zone = zoneName == "UTC" ? TimeZoneRule.utc : try TimeZoneRule(zoneName)
        var formatter = try TimeFormatter(format, zone: zone)
        let source = try TimeSource(format: format)
        let reader = TimeReader(source, zone: .utc)
        var random = SeededGenerator(seed: 1)
        for _ in 0..<500 {
            // 1970 to 2068, so that two digits of the year are enough.
            let time = EventTime(
                seconds: .random(in: 0..<3_092_601_600, using: &random),
                nanoseconds: .random(in: 0..<1_000_000_000, using: &random))
            var storage = ByteBuffer()
            formatter.write(time, to: &storage)
            let reading = reader.read(Slice(offset: 0, length: storage.count), storage)
            #expect(reading == .time(time), "\(storage.text(Slice(offset: 0, length: storage.count)))")
        }
    }

    @Test("no text makes a reader trap, and the same text always gives the same time")
    func noise() throws {
        let sources: [TimeSource] = [
            .lenient, .iso8601, .unixtime, .float, try TimeSource(format: "%Y-%m-%d %H:%M:%S.%N %z"),
            try TimeSource(format: "%b %d %C%y %I %p %j %s%Q%L"), .mixed([.unixtime, .iso8601, .float]),
        ]
        let readers = sources.map { TimeReader($0, zone: .utc) }
        let pieces = [
            "2019", "12", "17", "-", ":", "/", ".", " ", "T", "Z", "+09:00", "-0330", "Dec", "january", "Tue", "pm",
            "EST",
            "9999999999999999999999", "0", "é", "\u{0}", "99", "366", "th", ",", "%",
        ]
        var random = SeededGenerator(seed: 2)
        for _ in 0..<20_000 {
            var storage = ByteBuffer()
            for _ in 0..<Int.random(in: 0..<10, using: &random) {
                storage.append(pieces[Int.random(in: 0..<pieces.count, using: &random)])
            }
            if storage.count > 0, Bool.random(using: &random) {
                storage[Int.random(in: 0..<storage.count, using: &random)] = .random(in: 0...255, using: &random)
            }
            let whole = Slice(offset: 0, length: storage.count)
            for reader in readers {
                let first = reader.read(whole, storage)
                let again = reader.read(whole, storage)
                if case .time(let time) = first {
                    #expect(time.nanoseconds < 1_000_000_000)
                    #expect(again == first)
                }
            }
        }
    }

    @Test("damaged zone files are refused or read, and never trap")
    func zoneFiles() throws {
        let path = "/usr/share/zoneinfo/America/New_York"
        let bytes = try #require(ZoneFile.read(path))
        let good = try #require(ZoneFile(bytes))
        #expect(good.footer != nil)
        #expect(good.offset(at: 1_562_000_000) == -14_400)
        var random = SeededGenerator(seed: 3)
        for _ in 0..<5_000 {
            var damaged = bytes
            for _ in 0..<Int.random(in: 1...4, using: &random) {
                let place =
                    Bool.random(using: &random)
                    ? Int.random(in: 0..<100, using: &random) : .random(in: 0..<bytes.count, using: &random)
                damaged[place] = .random(in: 0...255, using: &random)
            }
            if Bool.random(using: &random) { damaged.removeLast(.random(in: 0..<bytes.count, using: &random)) }
            guard let zone = ZoneFile(damaged) else { continue }
            for seconds: Int64 in [.min / 4, -1, 0, 1_562_000_000, 4_000_000_000, .max / 4] {
                _ = zone.offset(at: seconds)
            }
        }
    }

    @Test("POSIX rules")
    func posixRules() throws {
        func rule(_ text: String) -> PosixZoneRule? { PosixZoneRule(Array(text.utf8)) }
        let newYork = try #require(rule("EST5EDT,M3.2.0,M11.1.0"))
        #expect(newYork.type(at: 2_540_000_000).offset == -14_400)  // June 2050
        #expect(newYork.type(at: 2_525_000_000).offset == -18_000)  // January 2050
        #expect(try #require(rule("<+0330>-3:30")).type(at: 0).offset == 12_600)
        // The southern summer runs over the new year.
        let sydney = try #require(rule("AEST-10AEDT,M10.1.0,M4.1.0/3"))
        #expect(sydney.type(at: 2_525_000_000).isDaylight)
        #expect(!sydney.type(at: 2_540_000_000).isDaylight)
        #expect(try #require(rule("XXX3YYY,J60/0,300/24")).type(at: 2_540_000_000).isDaylight)
        for text in [
            "", "E5", "EST", "EST5EDT", "EST5EDT,M13.1.0,M1.1.0", "EST5EDT,M3.2.0", "EST5EDT,M3.2.0,M11.1.0x", "<+03-3",
        ] {
            #expect(rule(text) == nil, "\(text)")
        }
    }
}
