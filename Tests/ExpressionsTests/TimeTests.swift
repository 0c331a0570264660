import Expressions
import Testing

/// Times. The event's is 2024-05-06 12:53:20.123456789 UTC, and it is 2023-11-14 22:13:20.005 now.
@Suite struct TimeTests {
    @Test(
        "times in UTC",
        arguments: [
            ("time.to_i", "1715000000"), ("time.to_f", "1715000000.1234567"),
            ("time.utc.to_s", #""2024-05-06 12:53:20 UTC""#),
            ("time.utc.iso8601", #""2024-05-06T12:53:20Z""#), ("time.utc.iso8601(3)", #""2024-05-06T12:53:20.123Z""#),
            ("time.utc.xmlschema(6)", #""2024-05-06T12:53:20.123456Z""#),
            ("time.utc.strftime('%Y-%m-%dT%H:%M:%S.%NZ')", #""2024-05-06T12:53:20.123456789Z""#),
            ("time.strftime('%s%L')", #""1715000000123""#),
            ("time.utc.strftime('%-d/%b %I%p %A %j')", #""6/May 12PM Monday 127""#),
            ("time.utc.strftime('%z %:z %Z')", #""+0000 +00:00 UTC""#),
            ("time.utc.year", "2024"),
            ("[time.utc.month, time.utc.day, time.utc.hour, time.utc.min, time.utc.sec]", "[5,6,12,53,20]"),
            ("time.usec", "123456"), ("time.nsec", "123456789"),
            ("time.utc.wday", "1"), ("time.utc.zone", #""UTC""#),
            ("time.localtime('+09:00').strftime('%FT%T%:z')", #""2024-05-06T21:53:20+09:00""#),
            ("time.getlocal('-03:00').hour", "9"),
            ("(time + 3600).to_i", "1715003600"), ("(time - 0.5).utc.iso8601(3)", #""2024-05-06T12:53:19.623Z""#),
            ("time - Time.at(1715000000)", "0.123456789"), ("time > Time.at(0)", "true"),
            ("Time.now.to_i", "1700000000"), ("Time.now.utc.iso8601(3)", #""2023-11-14T22:13:20.005Z""#),
            ("Time.at(0).utc.to_s", #""1970-01-01 00:00:00 UTC""#),
            (#"Time.at(record["epoch"]).utc.strftime("%FT%TZ")"#, #""2024-05-06T12:53:20Z""#),
            (#"Time.at(record["epochms"] / 1000.0).utc.strftime("%FT%T.%3NZ")"#, #""2024-05-06T12:53:20.123Z""#),
            ("Time.at(1, 500, :millisecond).utc.iso8601(3)", #""1970-01-01T00:00:01.500Z""#),
            ("Time.at(0, in: '+09:00').iso8601", #""1970-01-01T09:00:00+09:00""#), ("Time.at('x')", "!TypeError"),
            (#"Time.parse(record["time"]).to_i"#, "1714979289"),
            (#"Time.parse(record["time"]).to_s"#, #""2024-05-06 07:08:09 UTC""#),
            ("Time.parse('2024-05-06T07:08:09+02:00').iso8601", #""2024-05-06T07:08:09+02:00""#),
            ("Time.parse('nonsense')", "!ArgumentError"), ("Time.parse(nil)", "!TypeError"),
            (#"Time.strptime(record["time"], "%Y-%m-%dT%H:%M:%S.%N%z").to_i"#, "1714979289"),
            ("Time.strptime('x', '%Y')", "!ArgumentError"),
            ("DateTime.parse('2024-05-06T07:08:09Z').strftime('%Q')", #""1714979289000""#),
            ("time.to_datetime().strftime('%Q')", #""1715000000123""#),
            ("DateTime.parse('2024-05-06T07:08:09Z').to_s", #""2024-05-06T07:08:09+00:00""#),
            ("Date.parse('2024-05-06').to_s", #""2024-05-06""#), ("Time.utc(2024, 5, 6, 7, 8, 9).to_i", "1714979289"),
            ("Time.iso8601('2024-05-06T07:08:09Z').to_i", "1714979289"), ("time.class", #""Time""#),
            ("Time.now.class", #""Time""#), ("time.is_a?(Time)", "true"),
            ("time.utc.inspect", #""2024-05-06 12:53:20.123456789 UTC""#),
            ("time.utc.round(3).iso8601(6)", #""2024-05-06T12:53:20.123000Z""#),
            ("time.utc.httpdate", #""Mon, 06 May 2024 12:53:20 GMT""#), ("time.utc.to_date.to_s", #""2024-05-06""#),
            ("Time.at(time).to_i", "1715000000"),
            ("(Time.now - time).to_i", "-15000000"), ("time.utc?", "false"), ("Time.at(10 ** 30)", "!RangeError"),
            ("Time.at(0.0 / 0)", "!FloatDomainError"), ("time.strftime('%\u{1}')", "!ArgumentError"),
        ]) func times(_ source: String, _ expected: String) throws
    { #expect(try Evaluation().json(source) == expected) }
}
