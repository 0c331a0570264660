import Events
import Testing
import Time

/// What Ruby 3.1 answers for the same texts and formats in UTC (`Time.parse`, `Time.strptime`, `strftime`).
@Suite("Times")
struct TimeTests {
    static let lenient: [(String, Int64?, UInt32)] = [
        ("2019-12-17 18:15:04.146453", 1576606504, 146453000),
        ("2019-12-17", 1576540800, 0),
        ("20191217T181504Z", 1576606504, 0),
        ("20191217181504", 1576606504, 0),
        ("20191217", 1576540800, 0),
        ("soonish", nil, 0),
        ("2019/12/17 18:15:04", 1576606504, 0),
        ("17.12.2019 18:15:04", 1576606504, 0),
        ("Tue, 17 Dec 2019 18:15:04 GMT", 1576606504, 0),
        ("Tue, 17 Dec 2019 18:15:04 EST", 1576624504, 0),
        ("Tue Dec 17 18:15:04 2019", 1576606504, 0),
        ("Tue Dec 17 18:15:04 UTC 2019", 1576606504, 0),
        ("17-Dec-2019 18:15:04", 1576606504, 0),
        ("1576605304", nil, 0),
        ("2019-12-17T18:15:04,146", 1576606504, 146000000),
        ("2019-12-17 18:15:04 +09:00", 1576574104, 0),
        ("2019-12-17 18:15:04 +0900", 1576574104, 0),
        ("Dec 17, 2019 6:15:04 PM", 1576606504, 0),
        ("2019-350", 1576454400, 0),
        ("", nil, 0),
        ("-", nil, 0),
        ("99/99/9999", nil, 0),
        ("2019-13-45 10:00:00", nil, 0),
        ("2019-02-30", 1551484800, 0),
        ("2019-12-17T25:00:00", nil, 0),
        ("2019-12-17T18:15:04.146453Z garbage", 1576606504, 146453000),
        ("Saturday", nil, 0),
        ("17 Dec 2019", 1576540800, 0),
        ("Dec 2019", 1575158400, 0),
        ("17/Dec/2019", 1576540800, 0),
        ("19-12-17", 1576540800, 0),
        ("2019-12-17T18:15", 1576606500, 0),
        ("2019-12-17 18", 1576605600, 0),
        ("2019-12-17T24:00:00", 1576627200, 0),
        ("2019-12-17_18:15:04", 1576606504, 0),
        ("[2019-12-17T18:15:04.146453 #1]", 1576606504, 146453000),
        ("2019-12-17T18:15:04.1464531234567+02", 1576599304, 146453123),
        ("2019-12-17 18:15:04 -03", 1576617304, 0),
        ("2019-12-17 18:15:04.146453 UTC", 1576606504, 146453000),
        ("INFO", nil, 0),
        ("12345", 1355097600, 0),
        ("Sun Jan  5 03:04:05 PST 2020", 1578222245, 0),
        ("5 Jan 2020 03:04:05 -0800", 1578222245, 0),
        ("January 5, 2020", 1578182400, 0),
        ("2020-01-05T03:04:05-0330", 1578206045, 0),
        ("2020-01-05T03:04:05.5-03:30", 1578206045, 500000000),
        ("Oct 11 14:32:52 2000", 971274772, 0),
        ("Oct 11 14:32:52.123456 2000", 971274772, 123456000),
        ("2020-01-05t03:04:05z", 1578193445, 0),
        // Beyond Ruby, which takes the year for an hour:
        ("10/Oct/2000:13:55:36 -0700", 971_211_336, 0),
    ]

    static let formats: [(String, String, Int64?, UInt32)] = [
        ("12 3 2019", "%d %m %Y", 1552348800, 0),
        ("3/Oct/2000:13:55:36 -0700", "%d/%b/%Y:%H:%M:%S %z", 970606536, 0),
        ("20191217", "%Y%m%d", 1576540800, 0),
        ("1576605304.5", "%s", 1576605304, 0),
        ("1576605304123", "%Q", 1576605304, 123000000),
        ("2019-12-17T18:15:04.146", "%Y-%m-%dT%H:%M:%S.%N", 1576606504, 146000000),
        ("2019-12-17T18:15:04.146", "%Y-%m-%dT%H:%M:%S.%L", 1576606504, 146000000),
        ("2019-12-17 18:15:04 EST", "%Y-%m-%d %H:%M:%S %Z", 1576624504, 0),
        ("2019-12-17 18:15:04 XYZ", "%Y-%m-%d %H:%M:%S %Z", 1576606504, 0),
        ("2019-350", "%Y-%j", 1576454400, 0),
        ("99", "%y", 915148800, 0),
        ("2019 12 PM", "%Y %I %p", 1546344000, 0),
        ("2019 1 12 a.m.", "%Y %m %I %P", 1546300800, 0),
        ("x", "%Y", nil, 0),
        ("2019-02-30", "%Y-%m-%d", 1551484800, 0),
        ("2019-12-17 24:00", "%Y-%m-%d %H:%M", 1576627200, 0),
        ("2019-12-17  18:15", "%Y-%m-%d %H:%M", 1576606500, 0),
        ("2019-12-17 18:15:04", "%Y-%m-%d%H:%M:%S", nil, 0),
        ("2019-12-17 +09:30", "%F %:z", 1576506600, 0),
        ("2019-12-17 +09", "%F %z", 1576508400, 0),
        ("2019-12-17 Z", "%F %z", 1576540800, 0),
        ("Monday 2019", "%A %Y", 1546300800, 0),
        ("1576605304.25", "%s.%N", 1576605304, 250000000),
        ("2019-12-17 18:15:60", "%F %T", 1576606560, 0),
        ("2019-12-17 18:15:04 +0900", "%Y-%m-%d %H:%M:%S", 1576606504, 0),
        ("2019-12-17 25:00", "%F %R", nil, 0),
        ("2019-13-01", "%F", nil, 0),
        ("Tue Dec 17 18:15:04 2019", "%c", 1576606504, 0),
        ("12/17/19 06:15:04 pm", "%D %r", 1576606504, 0),
        ("17-Dec-2019", "%v", 1576540800, 0),
        ("2019-1-2 3:4:5", "%Y-%m-%d %H:%M:%S", 1546398245, 0),
        ("20191217181504123", "%Y%m%d%H%M%S%L", 1576606504, 123000000),
        ("december 5 2019", "%B %d %Y", 1575504000, 0),
        ("DECEMBER 5 2019", "%b %d %Y", 1575504000, 0),
        ("2019-12-17", "%Y-%m-%d %H", nil, 0),
        ("2019%", "%Y%%", 1546300800, 0),
        ("2019\t12", "%Y %m", 1575158400, 0),
        ("201912", "%Y %m", nil, 0),
        ("-1", "%s", -1, 0),
        ("2019-12-17 A", "%F %Z", 1576537200, 0),
        ("2019-12-17 J", "%F %Z", 1576540800, 0),
        ("2019-12-17 18.15", "%F %H.%M", 1576606500, 0),
        ("2019 366", "%Y %j", nil, 0),
        ("20 19", "%C %y", 1546300800, 0),
        ("2019-12-17T18:15:04+0900", "%Y-%m-%dT%H:%M:%S%z", 1576574104, 0),
        // Beyond Ruby: widths and flags.
        ("2019-12-17 18:15:04.146453", "%Y-%m-%d %H:%M:%S.%3N", 1_576_606_504, 146_000_000),
        ("2019-12-17 18:15:04.146453Z", "%Y-%-m-%d %_H:%M:%S.%6N%Z", 1_576_606_504, 146_453_000),
    ]

    static let written: [(Int64, String)] = [
        (
            0,
            "1970|19|70|01|January|Jan|JAN|Jan|01| 1|1|001|00| 0|12|12|am|AM|00|00|123|123456789|123|123456|+0000|+00:00|+00:00:00|Thursday|Thu|4|4|1970|01|00|00|0|\n|\t|%|Thu Jan  1 00:00:00 1970|01/01/70|1970-01-01|00:00:00|00:00|12:00:00 AM|01/01/70|00:00:00| 1-JAN-1970|0000001970| 1|0|UTC"
        ),
        (
            1576605304,
            "2019|20|19|12|December|Dec|DEC|Dec|17|17|17|351|17|17|05| 5|pm|PM|55|04|123|123456789|123|123456|+0000|+00:00|+00:00:00|Tuesday|Tue|2|2|2019|51|50|50|1576605304|\n|\t|%|Tue Dec 17 17:55:04 2019|12/17/19|2019-12-17|17:55:04|17:55|05:55:04 PM|12/17/19|17:55:04|17-DEC-2019|0000002019|12|17|UTC"
        ),
        (
            1577836799,
            "2019|20|19|12|December|Dec|DEC|Dec|31|31|31|365|23|23|11|11|pm|PM|59|59|123|123456789|123|123456|+0000|+00:00|+00:00:00|Tuesday|Tue|2|2|2020|01|52|52|1577836799|\n|\t|%|Tue Dec 31 23:59:59 2019|12/31/19|2019-12-31|23:59:59|23:59|11:59:59 PM|12/31/19|23:59:59|31-DEC-2019|0000002019|12|23|UTC"
        ),
        (
            1609459199,
            "2020|20|20|12|December|Dec|DEC|Dec|31|31|31|366|23|23|11|11|pm|PM|59|59|123|123456789|123|123456|+0000|+00:00|+00:00:00|Thursday|Thu|4|4|2020|53|52|52|1609459199|\n|\t|%|Thu Dec 31 23:59:59 2020|12/31/20|2020-12-31|23:59:59|23:59|11:59:59 PM|12/31/20|23:59:59|31-DEC-2020|0000002020|12|23|UTC"
        ),
        (
            951782400,
            "2000|20|00|02|February|Feb|FEB|Feb|29|29|29|060|00| 0|12|12|am|AM|00|00|123|123456789|123|123456|+0000|+00:00|+00:00:00|Tuesday|Tue|2|2|2000|09|09|09|951782400|\n|\t|%|Tue Feb 29 00:00:00 2000|02/29/00|2000-02-29|00:00:00|00:00|12:00:00 AM|02/29/00|00:00:00|29-FEB-2000|0000002000| 2|0|UTC"
        ),
        (
            -1,
            "1969|19|69|12|December|Dec|DEC|Dec|31|31|31|365|23|23|11|11|pm|PM|59|59|123|123456789|123|123456|+0000|+00:00|+00:00:00|Wednesday|Wed|3|3|1970|01|52|52|-1|\n|\t|%|Wed Dec 31 23:59:59 1969|12/31/69|1969-12-31|23:59:59|23:59|11:59:59 PM|12/31/69|23:59:59|31-DEC-1969|0000001969|12|23|UTC"
        ),
    ]
    static let writtenFormat =
        "%Y|%C|%y|%m|%B|%b|%^b|%h|%d|%e|%-d|%j|%H|%k|%I|%l|%P|%p|%M|%S|%L|%N|%3N|%6N|%z|%:z|%::z|%A|%a|%u|%w|%G|%V|%U|%W|%s|%n|%t|%%|%c|%D|%F|%T|%R|%r|%x|%X|%v|%10Y|%_m|%-H|%Z"

    /// Offsets for the local times in `localTimes`, which include hours that come twice and hours that are left out.
    static let zones: [(String, [Int])] = [
        ("America/New_York", [-18000, -18000, -14400, -14400, -14400, -18000, -14400, -18000, -14400, -14400, -14400]),
        ("Europe/Berlin", [3600, 3600, 3600, 3600, 7200, 3600, 7200, 3600, 3600, 7200, 7200]),
        ("Asia/Tokyo", [32400, 32400, 32400, 32400, 32400, 32400, 32400, 32400, 36000, 32400, 32400]),
        ("Australia/Lord_Howe", [39600, 39600, 39600, 39600, 37800, 39600, 37800, 39600, 36000, 37800, 37800]),
        ("Asia/Kathmandu", [20700, 20700, 20700, 20700, 20700, 20700, 20700, 20700, 19800, 20700, 20700]),
        ("America/St_Johns", [-12600, -12600, -9000, -9000, -9000, -12600, -9000, -12600, -9000, -9000, -9000]),
    ]
    static let localTimes = [
        CivilTime(year: 2019, month: 3, day: 10, hour: 2, minute: 30),
        CivilTime(year: 2019, month: 11, day: 3, hour: 1, minute: 30),
        CivilTime(year: 2019, month: 3, day: 31, hour: 2, minute: 30),
        CivilTime(year: 2019, month: 10, day: 27, hour: 2, minute: 30),
        CivilTime(year: 2019, month: 7, day: 1, hour: 12), CivilTime(year: 2019, month: 1, day: 1, hour: 12),
        CivilTime(year: 2050, month: 7, day: 1, hour: 12), CivilTime(year: 2050, month: 1, day: 1, hour: 12),
        CivilTime(year: 1950, month: 7, day: 1, hour: 12),
        CivilTime(year: 2019, month: 4, day: 7, hour: 1, minute: 45),
        CivilTime(year: 2019, month: 10, day: 6, hour: 2, minute: 15),
    ]

    static func read(_ source: TimeSource, _ text: String, zone: TimeZoneRule = .utc) -> EventTime? {
        read(TimeReader(source, zone: zone), text)
    }

    static func read(_ reader: TimeReader, _ text: String) -> EventTime? {
        var storage = ByteBuffer()
        storage.append("##")
        storage.append(text)
        storage.append("00:00")
        let reading = reader.read(Slice(offset: 2, length: text.utf8.count), storage)
        if case .time(let time) = reading { return time }
        return nil
    }

    @Test("without a format, times are read as Ruby reads them", arguments: lenient)
    func lenientTimes(_ text: String, _ seconds: Int64?, _ nanoseconds: UInt32) {
        let expected = seconds.map { EventTime(seconds: $0, nanoseconds: nanoseconds) }
        #expect(Self.read(.lenient, text) == expected)
    }

    @Test("formats read what strptime reads", arguments: formats)
    func strptime(_ text: String, _ format: String, _ seconds: Int64?, _ nanoseconds: UInt32) throws {
        let expected = seconds.map { EventTime(seconds: $0, nanoseconds: nanoseconds) }
        #expect(Self.read(try TimeSource(format: format), text) == expected)
    }

    @Test("formats write what strftime writes", arguments: written)
    func strftime(_ seconds: Int64, _ text: String) throws {
        var formatter = try TimeFormatter(Self.writtenFormat, zone: .utc)
        var out = ByteBuffer()
        formatter.write(EventTime(seconds: seconds, nanoseconds: 123_456_789), to: &out)
        #expect(out.text(Slice(offset: 0, length: out.count)) == text)
    }

    @Test("a formatter without fractions keeps the second's text, and no longer")
    func formatterCache() throws {
        var formatter = try TimeFormatter("%Y.%m.%d %H:%M:%S", zone: TimeZoneRule("+09:00"))
        var out = ByteBuffer()
        for seconds: Int64 in [1_576_605_304, 1_576_605_304, 1_576_605_305] {
            formatter.write(EventTime(seconds: seconds, nanoseconds: 5), to: &out)
            out.append("|")
        }
        #expect(
            out.text(Slice(offset: 0, length: out.count))
                == "2019.12.18 02:55:04|2019.12.18 02:55:04|2019.12.18 02:55:05|")
        let error = #expect(throws: SettingError.self) { try TimeFormatter("%Y-%E!") }
        #expect(error?.offset == 3)
    }

    @Test("zones by name have the offset of each moment", arguments: zones)
    func namedZones(_ name: String, _ offsets: [Int]) throws {
        let zone = try TimeZoneRule(name)
        for (civil, offset) in zip(Self.localTimes, offsets) {
            #expect(zone.offset(local: civil.seconds) == offset, "\(civil)")
        }
    }

    @Test("a reader with a zone follows summer time from one line to the next")
    func readerZone() throws {
        let reader = TimeReader(try TimeSource(format: "%F %T"), zone: try TimeZoneRule("Europe/Berlin"))
        #expect(Self.read(reader, "2019-03-31 01:59:59") == EventTime(seconds: 1_553_993_999))
        #expect(Self.read(reader, "2019-03-31 03:00:00") == EventTime(seconds: 1_553_994_000))
        #expect(Self.read(reader, "2019-03-31 03:00:00") == EventTime(seconds: 1_553_994_000))
        #expect(Self.read(reader, "2019-03-31 03:00:01") == EventTime(seconds: 1_553_994_001))
        #expect(Self.read(reader, "2019-03-31 xx:00:01") == nil)
        #expect(Self.read(reader, "2019-03-31 03:00:01") == EventTime(seconds: 1_553_994_001))
    }

    @Test(
        "zone parameters are offsets or region names",
        arguments: ["+09:00", "-0330", "+09", "Etc/UTC", "America/Argentina/Ushuaia"])
    func goodZones(_ text: String) throws { _ = try TimeZoneRule(text) }

    @Test(
        "other zone parameters are refused",
        arguments: [
            "UTC", "JST", "PST", "", "+9", "+09:0", "+0960", "09:00", "Asia/Nowhere", "../../etc/passwd", "a/../b",
            "Asia/", "/etc/passwd",
        ])
    func badZones(_ text: String) {
        let error = #expect(throws: SettingError.self) { try TimeZoneRule(text) }
        #expect(error?.parameter == "timezone")
    }

    @Test("parts that the text leaves out come from the present")
    func relative() throws {
        let now = CivilTime(seconds: Clock.now().seconds)
        let year = now.year
        #expect(
            Self.read(try TimeSource(format: "%b %d %H:%M:%S"), "Mar  7 18:15:04")
                == EventTime(seconds: CivilTime(year: year, month: 3, day: 7, hour: 18, minute: 15, second: 4).seconds))
        #expect(
            Self.read(.lenient, "Mar 7 18:15:04")
                == EventTime(seconds: CivilTime(year: year, month: 3, day: 7, hour: 18, minute: 15, second: 4).seconds))
        let today = CivilTime(year: now.year, month: now.month, day: now.day, hour: 18, minute: 15)
        #expect(Self.read(.lenient, "18:15") == EventTime(seconds: today.seconds))
        #expect(Self.read(.lenient, "6:15 pm") == EventTime(seconds: today.seconds))
    }

    @Test("ISO 8601 is taken whole or not at all")
    func iso() {
        func seconds(_ text: String) -> Int64? { Self.read(.iso8601, text)?.seconds }
        #expect(seconds("2019-12-17T04:50:50Z") == 1_576_558_250)
        #expect(seconds(" 2019-12-17t04:50:50+0900 ") == 1_576_525_850)
        #expect(seconds("2019-12-17T04:50:50-09") == 1_576_590_650)
        #expect(seconds("2019-12-17T04:50:50") == 1_576_558_250)
        for text in [
            "2019-12-17", "2019-12-17T04:50Z", "2019-12-17T04:50:50Zx", "2019-12-17T04:50:50.Z", "",
            "2019-12-17T04:50:50+09:",
        ] {
            #expect(seconds(text) == nil, "\(text)")
        }
    }

    @Test("an unknown directive is pointed at")
    func unknownDirective() {
        let error = #expect(throws: SettingError.self) { try TimeFormat("%Y-%m %f") }
        #expect(error?.offset == 6)
        #expect(error?.hint == "write %N for fractions of a second")
    }
}
