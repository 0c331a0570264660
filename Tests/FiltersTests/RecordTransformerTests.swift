import Events
import Filters
import TestSupport
import Testing

/// What Fluentd 1.16 makes of the same templates.
@Suite struct RecordTransformerTests {
    private func transformed(
        _ record: String, tag: String = "app.web.01", _ change: (inout RecordTransformerFilter.Settings) -> Void
    ) throws -> (text: String, time: EventTime) {
        var settings = RecordTransformerFilter.Settings()
        settings.context.hostname = Array("box".utf8)
        change(&settings)
        let batch = EventBatch(tag: tag)
        try batch.add(record)
        RecordTransformerFilter(settings).apply(Events.Batch(batch.tag), storage: &batch.storage, rows: &batch.rows)
        return (batch.lines[0], batch.rows.records[0].time)
    }

    private func value(
        _ template: String, of record: String = #"{"s":"text","n":5,"o":{"a":[1]},"f":1.50,"z":null,"e":"q\"\n"}"#,
        typecast: Bool = true, tag: String = "app.web.01"
    ) throws -> String {
        let text = try transformed(record, tag: tag) {
            $0.fields = [(TextTemplate("v"), .text(TextTemplate(template)))]
            $0.renewsRecord = true
            $0.typecasts = typecast
        }.text
        return String(text.dropFirst(5).dropLast())
    }

    @Test(
        "placeholders",
        arguments: [
            ("plain", #""plain""#), ("", #""""#), ("${tag}", #""app.web.01""#), ("${tag_parts[0]}", #""app""#),
            ("${tag_parts[-1]}", #""01""#),
            ("${tag_parts[9]}", "null"), ("${tag_parts[-9]}", "null"), ("${tag_parts[3]}", "null"),
            ("<${tag_parts[9]}>", #""<>""#), ("<${tag_prefix[3]}${tag_suffix[3]}>", #""<>""#),
            ("${tag_prefix[3]}", "null"), ("${tag_prefix[-4]}", "null"), ("${tag_suffix[-4]}", "null"),
            ("${tag_parts[9223372036854775807]}", "null"), ("${tag_parts[-9223372036854775808]}", "null"),
            ("${tag_parts[0..9223372036854775807]}", #""app.web.01""#), ("${tag_parts[3..4]}", "null"),
            ("${tag_parts[0..1]}", #""app.web""#),
            ("${tag_parts[1..-1]}", #""web.01""#),
            ("${tag_prefix[0]}", #""app""#), ("${tag_prefix[1]}", #""app.web""#),
            ("${tag_prefix[-1]}", #""app.web.01""#),
            ("${tag_suffix[0]}", #""app.web.01""#), ("${tag_suffix[2]}", #""01""#), ("${tag_suffix[-1]}", #""01""#),
            ("${tag_suffix[9]}", "null"),
            ("${hostname}", #""box""#), ("a ${tag_parts[1]} b ${hostname}.", #""a web b box.""#),
            (#"${record["s"]}"#, #""text""#),
            (#"${record['s']}"#, "null"), (#"${record["o"]["a"]}"#, "null"), (#"<${record["n"]}>"#, #""<5>""#),
            (#"${record["s"]}${record["s"]}"#, #""texttext""#),
            (#"x${record["missing"]}"#, #""x""#), ("x${unknown}", #""x""#), ("${", #""${""#), ("$x {y}", #""$x {y}""#),
            ("${}", "null"),
            (#"<${record["o"]}>"#, #""<{\"a\":[1]}>""#), (#"<${record["e"]}>"#, #""<q\"\n>""#),
            (#"<${record["f"]}>"#, #""<1.5>""#), (#"<${record["z"]}>"#, #""<>""#),
        ]) func placeholders(template: String, expected: String) throws
    {
        #expect(try value(template) == expected)
    }

    @Test(
        "a value that is one placeholder keeps its type, unless auto_typecast is false",
        arguments: [
            (#"${record["n"]}"#, "5", #""5""#), (#"${record["o"]}"#, #"{"a":[1]}"#, #""{\"a\":[1]}""#),
            (#"${record["f"]}"#, "1.5", #""1.5""#),
            (#"${record["z"]}"#, "null", #""""#), (#"${record["e"]}"#, #""q\"\n""#, #""q\"\n""#),
            (#"${record["missing"]}"#, "null", #""""#), ("${nope}", "null", #""""#),
        ]) func typecast(template: String, typed: String, text: String) throws
    {
        #expect(try value(template) == typed)
        #expect(try value(template, typecast: false) == text)
    }

    @Test("tags with empty parts at their end, as Ruby splits them", arguments: ["a.b", "a.b.", "a.b..", ".", ""])
    func emptyParts(_ tag: String) throws {
        let isShort = tag.utf8.count < 2
        #expect(try value("${tag_parts[1]}", tag: tag) == (isShort ? "null" : #""b""#))
        #expect(try value("${tag_parts[2]}", tag: tag) == "null")
        #expect(try value("${tag_suffix[0]}", tag: tag) == (isShort ? "null" : #""a.b""#))
        #expect(try value("[${tag_prefix[-1]}]", tag: tag) == (isShort ? #""[]""# : #""[a.b]""#))
    }

    @Test(
        "with enable_ruby, values are expressions that keep the type of their value",
        arguments: [
            (#"${record["o"]["a"]}"#, "[1]"), (#"${record["o"]['a'][0]}"#, "1"), (#"${record['s']}"#, #""text""#),
            (#"<${record["o"]["a"][0]}>"#, #""<1>""#), (#"${record.dig("o", "no", "a")}"#, "null"),
            (#"<${record["o"]}|${record['f']}|${record["z"]}>"#, #""<{\"a\"=>[1]}|1.5|>""#),
            ("${tag_parts[-1]}", #""01""#),
            ("${tag_parts[0..1]}", #"["app","web"]"#), ("<${tag_prefix[1]}>", #""<app.web>""#),
            ("${hostname.upcase}", #""BOX""#),
            (#"a\tb"#, #""a\tb""#), (#"${record.delete("s")}"#, #""text""#), (#"${record.merge("q" => 1)["q"]}"#, "1"),
        ])
    func expressions(template: String, expected: String) throws {
        let value = RecordTemplate.text(try TextTemplate(expressions: template))
        let text = try transformed(#"{"s":"text","o":{"a":[1]},"f":1.50,"z":null}"#) {
            $0.fields = [(TextTemplate("v"), value)]
            $0.renewsRecord = true
        }.text
        #expect(text == "{\"v\":\(expected)}")
    }

    @Test("an event for which an expression fails is refused, and those around it go on")
    func refused() throws {
        var settings = RecordTransformerFilter.Settings()
        settings.fields = [
            (TextTemplate("a"), .text(try TextTemplate(expressions: #"${record.delete("s")}"#))),
            (TextTemplate("b"), .text(try TextTemplate(expressions: #"<${record["s"]}>"#))),
            (TextTemplate("c"), .text(try TextTemplate(expressions: #"x${record["n"].upcase}"#))),
        ]
        let batch = EventBatch(tag: "t")
        for record in [#"{"s":"1","n":"a"}"#, #"{"s":"2"}"#, #"{"s":"3","n":"c"}"#] { try batch.add(record) }
        RecordTransformerFilter(settings).apply(Events.Batch(batch.tag), storage: &batch.storage, rows: &batch.rows)
        // What was deleted is gone for the lines that follow, and stays in what is written.
        #expect(
            batch.lines == [
                #"{"s":"1","n":"a","a":"1","b":"<>","c":"xA"}"#, #"{"s":"3","n":"c","a":"3","b":"<>","c":"xC"}"#,
            ])
        #expect(batch.rows.rejections.count == 1)
        #expect(batch.rows.rejections.first?.kind == "RuntimeError")
        #expect(
            batch.rows.rejections.first?.reason
                == #"failed to expand `record["n"].upcase` : error = undefined method `upcase' for nil:NilClass"#)
        #expect(batch.rows.rejections.first.map { batch.bytes(of: $0.record) } == Array(#"{"s":"2"}"#.utf8))
    }

    @Test(
        "without enable_ruby, Ruby is an unknown placeholder",
        arguments: [
            #"record["x"] + "-" + record["y"]"#, #"record["a"]["b"]"#, #"record["name"].sub("/","")"#,
            #"record["a\n"]"#,
            "record[0]", "record", "record[]", #"record["a"][-1]"#, #"record["a"] "#, "tag.upcase", "record['a']",
        ])
    func ruby(_ code: String) {
        #expect(TextTemplate("${\(code)}").unknownNames == [code])
    }

    @Test("the time as Ruby prints it") func time() throws {
        let text = try value("${time}")
        #expect(text.hasPrefix("\"2019-12-1") && text.utf8.count == 27, "\(text)")
    }

    @Test("unknown names are told") func unknown() {
        let template = RecordTemplate.object([
            (TextTemplate("${a}"), .array([.text(TextTemplate("x${b}${tag}")), .literal([0x31])]))
        ])
        #expect(template.unknownNames == ["a", "b"])
    }

    @Test("fields are added, replaced in their place, renewed, kept and removed") func fields() throws {
        let record = #"{"a":1,"b":2,"c":3}"#
        let text = RecordTemplate.text(TextTemplate(#"${record["a"]}!"#))
        #expect(
            try transformed(record) { $0.fields = [(TextTemplate("b"), text), (TextTemplate("d"), text)] }.text
                == #"{"a":1,"b":"1!","c":3,"d":"1!"}"#)
        #expect(
            try transformed(record) {
                $0.fields = [(TextTemplate("d"), text)]; $0.renewsRecord = true
            }.text == #"{"d":"1!"}"#)
        #expect(
            try transformed(record) {
                $0.fields = [(TextTemplate("d"), text)]
                $0.renewsRecord = true
                $0.keepsKeys = [Array("c".utf8), Array("a".utf8), Array("zz".utf8)]
            }.text == #"{"a":1,"c":3,"d":"1!"}"#)
        #expect(
            try transformed(record) {
                $0.fields = [(TextTemplate("d"), text)]
                $0.removesKeys = [Array("a".utf8), Array("d".utf8), Array("zz".utf8)]
            }.text == #"{"b":2,"c":3}"#)
        #expect(
            try transformed(record) { $0.fields = [(TextTemplate("${tag_parts[0]}_x"), text)] }.text
                == #"{"a":1,"b":2,"c":3,"app_x":"1!"}"#)
        #expect(try transformed(record) { _ in }.text == record)
        #expect(try transformed("{}") { $0.fields = [(TextTemplate("d"), text)] }.text == #"{"d":"!"}"#)
    }

    @Test(
        "what is nested is removed at its place, and nothing else",
        arguments: [
            ("$.o.b", #"{"o":{"a":1},"b":2}"#), ("$.o.a", #"{"o":{"b":[1,{"c":"}\\\"]"},3]},"b":2}"#),
            ("$.o.b[0]", #"{"o":{"a":1,"b":[{"c":"}\\\"]"},3]},"b":2}"#),
            ("$.o.b[2]", #"{"o":{"a":1,"b":[1,{"c":"}\\\"]"}]},"b":2}"#),
            ("$.o.b[1].c", #"{"o":{"a":1,"b":[1,{},3]},"b":2}"#), ("$['o']['b'][1]", #"{"o":{"a":1,"b":[1,3]},"b":2}"#),
            ("$.o.x", nil), ("$.b.o", nil), ("$.x.a", nil), ("$.o.b.c", nil), ("$.o[0]", nil), ("$.o.b[7]", nil),
        ] as [(String, String?)])
    func nestedRemoval(_ place: String, _ expected: String?) throws {
        let record = #"{"o":{"a":1,"b":[1,{"c":"}\\\"]"},3]},"b":2}"#
        let accessor = try RecordAccessor(place)
        #expect(try transformed(record) { $0.removesNested = [accessor] }.text == expected ?? record)
    }

    @Test("every template sees the original record") func original() throws {
        let swap = try transformed(#"{"a":1,"b":2}"#) {
            $0.fields = [
                (TextTemplate("a"), .text(TextTemplate(#"${record["b"]}"#))),
                (TextTemplate("b"), .text(TextTemplate(#"${record["a"]}"#))),
            ]
        }
        #expect(swap.text == #"{"a":2,"b":1}"#)
    }

    @Test("JSON templates, nested, with placeholders in keys and values") func nested() throws {
        let template = RecordTemplate.object([
            (TextTemplate("t"), .text(TextTemplate("${tag}"))),
            (
                TextTemplate("${hostname}"),
                .array([
                    .literal(Array("1".utf8)), .text(TextTemplate(#"${record["n"]}"#)), .literal(Array("null".utf8)),
                ])
            ),
            (TextTemplate("o"), .object([(TextTemplate("q\""), .text(TextTemplate(#"-${record["s"]}"#)))])),
            (TextTemplate("empty"), .array([])), (TextTemplate("t"), .literal(Array("true".utf8))),
        ])
        let text = try transformed(#"{"n":{"x":1.50},"s":"a\"b"}"#) {
            $0.fields = [(TextTemplate("v"), template)]; $0.renewsRecord = true
        }.text
        #expect(text == #"{"v":{"t":true,"box":[1,{"x":1.5},null],"o":{"q\"":"-a\"b"},"empty":[]}}"#)
    }

    @Test("literals keep their types", arguments: ["true", "false", "null", "1", "-2.5", "123456789012345678901"])
    func literals(_ literal: String) throws {
        let text = try transformed("{}") { $0.fields = [(TextTemplate("v"), .literal(Array(literal.utf8)))] }.text
        #expect(text == "{\"v\":\(literal)}")
    }

    @Test(
        "renew_time_key",
        arguments: [
            ("5", 5, 0), ("1.25", 1, 250_000_000), (#""7.5""#, 7, 500_000_000), ("-1", -1, 0), ("1e2", 100, 0),
        ]) func renewTime(value: String, seconds: Int64, nanoseconds: UInt32) throws
    {
        let result = try transformed("{\"t\":\(value)}") { $0.renewsTimeKey = Array("t".utf8) }
        #expect(result.time == EventTime(seconds: seconds, nanoseconds: nanoseconds))
    }

    @Test(
        "no value of a time key stops the daemon",
        arguments: [#""nan""#, #""inf""#, "1e999", "-1e999", #""x""#, "[]", "null", "9223372036854775807"])
    func hostileTime(_ value: String) throws {
        let result = try transformed("{\"t\":\(value)}") { $0.renewsTimeKey = Array("t".utf8) }
        #expect(result.time.nanoseconds < 1_000_000_000)
    }

    @Test("no number of a time key leaves the range of times, and each can be written") func extremeTimes() throws {
        for number in ExtremeNumbers.numbers {
            for value in [number, "\"\(number)\""] {
                let result = try transformed("{\"t\":\(value)}") {
                    $0.renewsTimeKey = Array("t".utf8)
                    $0.fields = [(TextTemplate("at"), .text(TextTemplate("${time}")))]
                }
                #expect((EventTime.firstSecond...EventTime.lastSecond).contains(result.time.seconds), "\(value)")
                _ = try timeText(of: result.time)
            }
        }
    }

    /// `${time}` of an event at a time.
    private func timeText(of time: EventTime) throws -> String {
        var settings = RecordTransformerFilter.Settings()
        settings.fields = [(TextTemplate("at"), .text(TextTemplate("${time}")))]
        let batch = EventBatch()
        try batch.add("{}", at: time)
        RecordTransformerFilter(settings).apply(Events.Batch(batch.tag), storage: &batch.storage, rows: &batch.rows)
        return batch.lines[0]
    }

    @Test("the time key may be removed after it was used") func removedTime() throws {
        let result = try transformed(#"{"t":5,"a":1}"#) {
            $0.renewsTimeKey = Array("t".utf8)
            $0.removesKeys = [Array("t".utf8)]
        }
        #expect(result.text == #"{"a":1}"#)
        #expect(result.time == EventTime(seconds: 5))
    }

    @Test("keeps the rules of filters", arguments: 0..<4) func rules(variant: Int) throws {
        try FilterRules.check(FilterRules.shapes) {
            var settings = RecordTransformerFilter.Settings()
            settings.fields = [
                (TextTemplate("log"), .text(TextTemplate(#"<${record["log"]}>"#))),
                (TextTemplate("copy"), .text(TextTemplate(#"${record["log"]}"#))),
                (
                    TextTemplate("${tag}"),
                    .array([.text(TextTemplate(#"${record["a"]}"#)), .text(TextTemplate("${tag_parts[0]}"))])
                ),
                (TextTemplate("k5"), .literal(Array("9".utf8))),
            ]
            settings.renewsRecord = variant == 1
            if variant == 1 { settings.keepsKeys = [Array("log".utf8), Array("k39".utf8)] }
            if variant == 2 { settings.removesKeys = [Array("x".utf8), Array("k0".utf8)] }
            if variant == 3 { settings.fields = [] }
            return RecordTransformerFilter(settings)
        }
    }
}
