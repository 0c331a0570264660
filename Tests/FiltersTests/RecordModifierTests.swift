import Events
import Filters
import Grok
import TestSupport
import Testing

@Suite struct RecordModifierTests {
    private func modified(
        _ record: String, goOn: Bool = true, _ change: (inout RecordModifierFilter.Settings) throws -> Void
    ) throws -> (lines: [String], kinds: [String]) {
        var settings = RecordModifierFilter.Settings()
        try change(&settings)
        let filter = RecordModifierFilter(settings)
        let batch = EventBatch(tag: "a.b")
        try batch.add(record)
        var given = Events.Batch(batch.tag)
        given.raisedRecordsGoOn = goOn
        filter.apply(given, storage: &batch.storage, rows: &batch.rows)
        return (batch.lines, batch.rows.rejections.map(\.kind))
    }

    private static func field(_ key: String, _ value: String) -> (key: TextTemplate, value: RecordTemplate) {
        (TextTemplate(key), .text(try! TextTemplate(expressions: value)))
    }

    @Test("fields are set one after the other, with the types of what they stand for") func fields() throws {
        let result = try modified(#"{"n":5,"h":{"a":1}}"#) { settings in
            settings.fields = [
                Self.field("n2", #"${record["n"]}"#), Self.field("n3", #"${record["n2"]}!"#),
                Self.field("a", #"${record["h"]["a"]}"#), Self.field("none", #"${record["x"]}"#),
                Self.field("t", "${tag}"),
            ]
        }
        #expect(result.lines == [#"{"n":5,"h":{"a":1},"n2":5,"n3":"5!","a":1,"none":null,"t":"a.b"}"#])
    }

    @Test("keys are removed, or only some are kept beside those that were set") func keys() throws {
        #expect(
            try modified(#"{"a":1,"b":2,"c":3}"#) { $0.removesKeys = [Array("b".utf8)] }.lines == [#"{"a":1,"c":3}"#])
        let kept = try modified(#"{"a":1,"b":2,"c":3}"#) { settings in
            settings.keepsKeys = [Array("c".utf8)]
            settings.fields = [Self.field("d", "x")]
        }
        #expect(kept.lines == [#"{"c":3,"d":"x"}"#])
    }

    @Test(
        "every match is replaced",
        arguments: [
            ("password=x y password=z", #"password=(\S+)"#, #"p[\1]"#, "p[x] y p[z]"), ("aaa", "^a", "b", "baa"),
            ("a b", #"\b"#, "|", "|a| |b|"), ("aé", "", "-", "-a-é-"),
            ("abc", "(?<x>b)", #"<\k<x>\0\&\\\q>"#, #"a<bbb\\q>c"#),
            ("ab", "(?<=a)b", "c", "ac"), ("none", "x", "y", "none"), ("one\ntwo", "^", "> ", "> one\n> two"),
            ("a", "(b)?a", #"[\1\9]"#, "[]"),
        ])
    func replaced(_ text: String, _ expression: String, _ replacement: String, _ expected: String) throws {
        var given = ByteBuffer()
        var wanted = ByteBuffer()
        given.appendJSONString(text)
        wanted.appendJSONString(expected)
        let result = try modified(#"{"m":\#(given.text),"n":1}"#) { settings in
            settings.replacements = [
                (Array("m".utf8), TextReplacement(try Regex(expression), by: replacement)),
                (Array("missing".utf8), TextReplacement(try Regex("."), by: "")),
            ]
        }
        #expect(result.lines == [#"{"m":\#(wanted.text),"n":1}"#])
    }

    @Test("what is no text raises an error, and goes on as it was where it may", arguments: [true, false])
    func raised(_ goesOn: Bool) throws {
        let result = try modified(#"{"m":5}"#, goOn: goesOn) { settings in
            settings.fields = [Self.field("new", "x")]
            settings.replacements = [(Array("m".utf8), TextReplacement(try Regex("5"), by: ""))]
        }
        #expect(result.kinds == ["NoMethodError"])
        #expect(result.lines == (goesOn ? [#"{"m":5}"#] : []))
    }
}
