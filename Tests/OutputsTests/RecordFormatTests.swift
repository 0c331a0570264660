import Events
import Foundation
import Outputs
import TestSupport
import Testing
import Time

@Suite("Formats")
struct RecordFormatTests {
    private static let record =
        #"{"s":"a \"q\",\tb","i":-1,"f":1.0,"big":1e+20,"n":null,"b":true,"o":{"x":[1,"a",null]}}"#

    private static func written(_ format: RecordFormat, _ json: String = record, tag: String = "t.a") throws -> String {
        var format = format
        let batch = EventBatch(tag: tag)
        try batch.add(json, at: EventTime(seconds: 1_715_000_000, nanoseconds: 123_456_789))
        var out = ByteBuffer()
        format.append(batch.rows.records[0], tag: batch.tag, batch.rows, batch.storage, to: &out)
        return out.text
    }

    private static func format(_ kind: RecordFormat.Kind, _ change: (inout RecordFormat) -> Void = { _ in })
        -> RecordFormat
    {
        var format = RecordFormat(kind)
        change(&format)
        return format
    }

    private static let all = ["s", "i", "f", "big", "n", "b", "o", "missing"].map { RecordAccessor(key: $0) }
    private static let json =
        #"{"s":"a \"q\",\tb","i":-1,"f":1.0,"big":1.0e+20,"n":null,"b":true,"o":{"x":[1,"a",null]}}"#

    static let cases: [(RecordFormat, String)] = [
        (format(.json), json + "\n"), (format(.json) { $0.newline = .crlf }, json + "\r\n"),
        (format(.json) { $0.addsNewline = false }, json),
        (format(.outFile) { $0.time = .float }, "1715000000.123456789\tt.a\t\(json)\n"),
        (format(.outFile) { ($0.writesTime, $0.delimiter) = (false, [0x20]) }, "t.a \(json)\n"),
        (format(.outFile) { ($0.writesTime, $0.writesTag) = (false, false) }, "\(json)\n"),
        (format(.outFile) { $0.time = .integer(.milliseconds) }, "1715000000123\tt.a\t\(json)\n"),
        (format(.stdout) { $0.time = .fluentd(offset: 0) }, "2024-05-06 12:53:20.123456789 +0000 t.a: \(json)\n"),
        (
            format(.stdout) { ($0.time, $0.body) = (.float, .ltsv) },
            "1715000000.123456789 t.a: s:a \"q\", b\ti:-1\tf:1.0\tbig:1.0e+20\tn:\tb:true\to:{\"x\"=>[1, \"a\", nil]}\n"
        ),
        (
            format(.ltsv) { ($0.delimiter, $0.labelDelimiter, $0.replacement) = (Array("||".utf8), [0x3D], [0x5F]) },
            "s=a \"q\",\tb||i=-1||f=1.0||big=1.0e+20||n=||b=true||o={\"x\"=>[1, \"a\", nil]}\n"
        ),
        (
            format(.csv) { $0.fields = all },
            "\"a \"\"q\"\",\tb\",\"-1\",\"1.0\",\"1.0e+20\",\"\",\"true\",\"{\"\"x\"\"=>[1, \"\"a\"\", nil]}\",\"\"\n"
        ),
        (
            format(.csv) { ($0.fields, $0.forcesQuotes) = (all, false) },
            "\"a \"\"q\"\",\tb\",-1,1.0,1.0e+20,,true,\"{\"\"x\"\"=>[1, \"\"a\"\", nil]}\",\n"
        ),
        (
            format(.tsv) { $0.fields = all },
            "a \"q\",\tb\t-1\t1.0\t1.0e+20\t\ttrue\t{\"x\"=>[1, \"a\", nil]}\t\n"
        ),
        (format(.singleValue), "\n"), (format(.singleValue) { $0.fields = [all[6]] }, "{\"x\"=>[1, \"a\", nil]}\n"),
        (
            format(.hash),
            #"{"s"=>"a \"q\",\tb", "i"=>-1, "f"=>1.0, "big"=>1.0e+20, "n"=>nil, "b"=>true, "o"=>{"x"=>[1, "a", nil]}}"#
                + "\n"
        ),
    ]

    @Test("a record as each format writes it", arguments: cases)
    func formats(_ format: RecordFormat, _ expected: String) throws {
        #expect(try Self.written(format) == expected)
    }

    @Test("msgpack is the record's map and nothing else") func messagePack() throws {
        var format = RecordFormat(.msgpack)
        let batch = EventBatch()
        try batch.add(messagePack: hex("82 a1 61 01 a1 62 c4 01 ff"))
        var out = ByteBuffer()
        format.append(batch.rows.records[0], tag: batch.tag, batch.rows, batch.storage, to: &out)
        #expect(out.array() == hex("82 a1 61 01 a1 62 a1 ff"))
    }

    @Test(
        "csv without forced quotes quotes what would not be read back",
        arguments: [
            ("a", "a"), ("", "\"\""), ("a,b", "\"a,b\""), ("a\"b", "\"a\"\"b\""), ("a\nb", "\"a\nb\""), (" a ", " a "),
            ("\"", "\"\"\"\""), ("a\rb", "\"a\rb\""),
        ])
    func quotes(_ value: String, _ expected: String) throws {
        let text = String(decoding: try JSONSerialization.data(withJSONObject: ["v": value]), as: UTF8.self)
        let format = Self.format(.csv) { ($0.fields, $0.forcesQuotes) = ([RecordAccessor(key: "v")], false) }
        #expect(try Self.written(format, text) == expected + "\n")
    }

    @Test(
        "text inside of maps and arrays is shown as Ruby shows it",
        arguments: [
            (#""a\u0000\u0007\b\u000b\f\u001b""#, #""a\u0000\a\b\v\f\e""#),
            (##""#{x} #$y #@z # #""##, ##""\#{x} \#$y \#@z # #""##),
            (#""é 😀 \u200b\u007f""#, #""é 😀 \u200B\x7F""#), ("{}", "{}"), ("[]", "[]"),
            ("[[],{\"a\":{}}]", "[[], {\"a\"=>{}}]"),
            ("[18446744073709551615,-0.5]", "[18446744073709551615, -0.5]"),
        ])
    func inspection(_ json: String, _ shown: String) throws {
        #expect(try Self.written(RecordFormat(.hash), "{\"k\":\(json)}") == "{\"k\"=>\(shown)}\n")
        let isText = json.hasPrefix("\"")
        if !isText {
            #expect(
                try Self.written(
                    Self.format(.singleValue) { $0.fields = [RecordAccessor(key: "k")] }, "{\"k\":\(json)}") == shown
                    + "\n")
        }
    }

    @Test("not a number and infinities have their names in Ruby's text") func infinities() throws {
        let batch = EventBatch()
        try batch.add(
            messagePack: hex("83 a1 61 cb 7ff8000000000000 a1 62 cb fff0000000000000 a1 63 92 cb 7ff0000000000000 ff"))
        var out = ByteBuffer()
        for kind in [RecordFormat.Kind.ltsv, .hash, .json] {
            var format = RecordFormat(kind)
            format.append(batch.rows.records[0], tag: batch.tag, batch.rows, batch.storage, to: &out)
        }
        #expect(
            out.text == "a:NaN\tb:-Infinity\tc:[Infinity, -1]\n{\"a\"=>NaN, \"b\"=>-Infinity, \"c\"=>[Infinity, -1]}\n"
                + "{\"a\":null,\"b\":null,\"c\":[null,-1]}\n")
    }

    @Test("a tag cannot forge a line") func forgedTag() throws {
        let line = try Self.written(Self.format(.outFile) { $0.writesTime = false }, "{}", tag: "a\n2024\tb\u{1b}[m")
        #expect(line == "a\\n2024\\tb\\u001b[m\t{}\n")
    }

    @Test(
        "times: ISO 8601 with Z only for utc true, formats and zones",
        arguments: [
            (nil, "utc", "2024-05-06T12:53:20Z"), (nil, "+00:00", "2024-05-06T12:53:20+00:00"),
            (nil, "+09:00", "2024-05-06T21:53:20+09:00"),
            ("%d/%b/%Y %H:%M:%S.%3N %z", "+09:00", "06/May/2024 21:53:20.123 +0900"),
            ("%s", "utc", "1715000000"), (nil, "Asia/Tokyo", "2024-05-06T21:53:20+09:00"),
        ])
    func times(_ format: String?, _ zone: String, _ expected: String) throws {
        var text = try TimeText(format: format, zone: zone == "utc" ? nil : TimeZoneRule(zone))
        var out = ByteBuffer()
        for _ in 0..<2 { text.write(EventTime(seconds: 1_715_000_000, nanoseconds: 123_456_789), to: &out) }
        #expect(out.text == expected + expected)
    }

    @Test("what is injected stands behind the record's own, or in its place, and the record stays as it was")
    func injection() throws {
        var injection: Injection? = Injection()
        injection?.hostname = (Array("host".utf8), Array("h1".utf8))
        injection?.workerID = (Array("worker".utf8), 0)
        injection?.tagKey = Array("a".utf8)
        injection?.timeKey = Array("time".utf8)
        let batch = EventBatch(tag: "t.a")
        try batch.add(#"{"a":1,"b":2}"#, at: EventTime(seconds: 1_715_000_000, nanoseconds: 123_456_789))
        let before = (batch.storage.count, batch.rows.fields.count)
        var out = ByteBuffer()
        var format = RecordFormat(.json)
        let times: [(Injection.Time, String)] = [
            (.float, "1715000000.123456"), (.integer(.seconds), "1715000000"),
            (.integer(.microseconds), "1715000000123456"),
            (.integer(.nanoseconds), "1715000000123456789"),
            (.text(try TimeText(format: "%Y", zone: nil)), "\"2024\""),
        ]
        for (time, shown) in times {
            injection?.time = time
            out.clear()
            format.appendShown(
                batch.rows.records[0], tag: batch.tag, &injection, &batch.rows, &batch.storage, to: &out)
            #expect(out.text == #"{"a":"t.a","b":2,"host":"h1","worker":0,"time":"# + shown + "}\n")
        }
        #expect(before == (batch.storage.count, batch.rows.fields.count))
        #expect(batch.text(of: batch.rows.records[0]) == #"{"a":1,"b":2}"#)
    }
}
