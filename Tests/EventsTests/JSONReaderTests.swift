import Events
import TestSupport
import Testing

@Suite struct JSONReaderTests {
    private static let accepted: [(String, String)] = [
        ("{}", "{}"), (" \t\r\n{ } \n", "{}"), (#"{"a":1}"#, #"{"a":1}"#),
        (#"{ "a" : 1 , "b" : [ ] }"#, #"{"a":1,"b":[]}"#),
        (#"{"a":-0,"b":0,"c":-1}"#, #"{"a":0,"b":0,"c":-1}"#),
        (#"{"a":0.0,"b":-0.0,"c":0e0}"#, #"{"a":0.0,"b":0.0,"c":0.0}"#),
        (#"{"a":1E5,"b":1e-5,"c":1.0e+2}"#, #"{"a":100000.0,"b":1.0e-05,"c":100.0}"#),
        (#"{"a":1.10,"b":100.00,"c":0.00001}"#, #"{"a":1.1,"b":100.0,"c":1.0e-05}"#),
        (#"{"a":1e400,"b":-1e400,"c":1e-400}"#, #"{"a":null,"b":null,"c":0.0}"#),
        (
            #"{"a":9223372036854775807,"b":-9223372036854775808}"#,
            #"{"a":9223372036854775807,"b":-9223372036854775808}"#
        ),
        (
            #"{"a":18446744073709551615,"b":18446744073709551616}"#,
            #"{"a":18446744073709551615,"b":18446744073709551616}"#
        ),
        (
            #"{"a":-9223372036854775809,"b":[123456789012345678901234567890]}"#,
            #"{"a":-9223372036854775809,"b":[123456789012345678901234567890]}"#
        ),
        (#"{"a":[1,2,{"b":null}],"c":{"d":[[]]}}"#, #"{"a":[1,2,{"b":null}],"c":{"d":[[]]}}"#),
        (#"{"a":[ 1 , 2 , { "b" : null } ]}"#, #"{"a":[1,2,{"b":null}]}"#),
        (#"{"a":true,"b":false,"c":null}"#, #"{"a":true,"b":false,"c":null}"#),
        (#"{"a":"\"\\\/\b\f\n\r\t\u0041\u00e9"}"#, "{\"a\":\"\\\"\\\\/\\b\\f\\n\\r\\tA\u{e9}\"}"),
        (#"{"a":"\u0000\u001f\u007f"}"#, "{\"a\":\"\\u0000\\u001f\u{7f}\"}"),
        (#"{"a":"\ud83d\ude00"}"#, "{\"a\":\"\u{1F600}\"}"), (#"{"a":"\ud83d x"}"#, "{\"a\":\"\u{FFFD} x\"}"),
        (#"{"a":"\ude00\ud83d"}"#, "{\"a\":\"\u{FFFD}\u{FFFD}\"}"),
        (#"{"a":"\ud83d\ud83d\ude00"}"#, "{\"a\":\"\u{FFFD}\u{1F600}\"}"),
        (#"{"a":["\ud83d\ude00\ud83d","\n"]}"#, "{\"a\":[\"\u{1F600}\u{FFFD}\",\"\\n\"]}"),
        ("{\"a\":\"raw\ttab\n\"}", #"{"a":"raw\ttab\n"}"#), ("{\"a\":[\"raw\ttab\"]}", #"{"a":["raw\ttab"]}"#),
        (#"{"\u0061\n":1}"#, #"{"a\n":1}"#), (#"{"":1}"#, #"{"":1}"#),
        ("/* c */{/**/\"a\"/* : */:// x\n1/*}*/,\"b\":[/*,*/2//]\n]}// end", #"{"a":1,"b":[2]}"#),
        (#"{"a":1,"b":2,"a":3}"#, #"{"a":3,"b":2}"#), (#"{"a":1,"\u0061":2}"#, #"{"a":2}"#),
        (#"{"o":{"a":1,"b":2,"a":3}}"#, #"{"o":{"a":3,"b":2}}"#), (#"{"o":{"a":1,"\u0061":[2]}}"#, #"{"o":{"a":[2]}}"#),
        (#"{"o":[{"a":{"b":1,"b":{"c":1,"c":2}},"a2":1}]}"#, #"{"o":[{"a":{"b":{"c":2}},"a2":1}]}"#),
    ]

    @Test("JSON is read and written in our form", arguments: accepted) func accepts(text: String, expected: String)
        throws
    {
        let batch = EventBatch()
        try batch.add(text)
        #expect(batch.lines == [expected])
        // As part of something larger the reader must stop at the end it was given.
        let second = EventBatch()
        let place = second.storage.append(copyOf: Array((text + "5,\"}").utf8))
        try second.rows.appendFields(json: Slice(offset: 0, length: Int(place.length) - 4), &second.storage)
        #expect(second.rows.fields.count == Int(batch.rows.records[0].fieldCount))
    }

    private static let refused = [
        "", " ", "{", "}", #"{"a"}"#, #"{"a":}"#, #"{"a":1,}"#, #"{,"a":1}"#, #"{"a":1 "b":2}"#, #"{"a":1}}"#,
        #"{"a":1} x"#,
        #"{'a':1}"#, #"{a:1}"#, #"{"a":01}"#, #"{"a":-}"#, #"{"a":1.}"#, #"{"a":.5}"#, #"{"a":+1}"#, #"{"a":1e}"#,
        #"{"a":1e+}"#,
        #"{"a":NaN}"#, #"{"a":Infinity}"#, #"{"a":-Infinity}"#, #"{"a":nul}"#, #"{"a":nullx}"#, #"{"a":True}"#,
        #"{"a":tru"#,
        #"{"a":"x}"#, #"{"a":"\x"}"#, #"{"a":"\u12"}"#, #"{"a":"\u12g4"}"#, #"{"a":"\"#, #"{"a":"\u"#, #"{"a":[1,]}"#,
        #"{"a":[,1]}"#, #"{"a":[1 2]}"#, #"{"a":[1}"#, #"{"a":{"b"]}"#, #"{"a":{"b":1]}"#, #"{"a":{"b":}}"#,
        #"{"a":{b:1}}"#,
        #"{"a":[01]}"#, #"{"a":["\q"]}"#, #"{"a":1/"#, #"{"a":1/*"#, #"{"a":1}/*"#, #"{"a":1}/"#, #"{"a":1}/x"#,
        #"{"a":0x10}"#,
        #"{"a":1_000}"#, "{\"a\":\u{FEFF}1}", "\u{FEFF}{}", "nope", "nul", "[1", "[1,]", #"["a" "b"]"#, "-", "\"x",
        "[] x",
    ]

    @Test("what is no JSON is refused and leaves nothing behind", arguments: refused) func refuses(_ text: String) {
        let batch = EventBatch()
        do {
            try batch.add(text)
            Issue.record("accepted \(text) as \(batch.lines)")
        } catch let error as JSONError {
            guard case .syntax(let offset) = error else {
                Issue.record("\(error)")
                return
            }
            #expect(offset >= 0 && offset <= text.utf8.count)
        } catch { Issue.record("\(error)") }
        #expect(batch.rows.fields.count == 0)
    }

    @Test(
        "JSON that is no object is told apart",
        arguments: ["[]", " [1,{}] ", "1", "-1.5e3", #""x""#, "null", "true", "false"])
    func notAnObject(_ text: String) {
        #expect(throws: JSONError.notAnObject) { try EventBatch().add(text) }
    }

    @Test("every part of valid JSON is refused") func truncation() throws {
        let text = Array(#"{"a":[1,{"b":"\u00e9\n"},-1.5e+10],"c":{"d":null,"e":true} /* c */,"f":"x"}"#.utf8)
        try EventBatch().add(json: text)
        for length in 0..<text.count {
            #expect(throws: JSONError.self, "\(length)") { try EventBatch().add(json: Array(text[..<length])) }
        }
    }

    @Test("nesting is limited, without stack") func depth() throws {
        func nested(_ levels: Int) -> String {
            #"{"a":"# + String(repeating: "[", count: levels) + String(repeating: "]", count: levels) + "}"
        }
        let batch = EventBatch()
        try batch.add(nested(JSONLimits.depth))
        #expect(batch.lines == [nested(JSONLimits.depth)])
        #expect(throws: JSONError.tooDeep(limit: JSONLimits.depth)) {
            try EventBatch().add(nested(JSONLimits.depth + 1))
        }
        #expect(throws: JSONError.tooDeep(limit: JSONLimits.depth)) { try EventBatch().add(nested(100_000)) }
    }

    @Test("any bytes in a string come out as valid UTF-8", arguments: 0..<50) func noise(seed: Int) throws {
        var generator = SeededGenerator(seed: UInt64(seed))
        var inside = (0..<64).map { _ in UInt8.random(in: 0...255, using: &generator) }
        inside = inside.map { $0 == 0x22 || $0 == 0x5C ? 0x41 : $0 }
        let batch = EventBatch()
        try batch.add(json: Array("{\"k\":\"".utf8) + inside + Array("\",\"n\":[\"".utf8) + inside + Array("\"]}".utf8))
        let out = batch.bytes(of: batch.rows.records[0])
        let text = try #require(String(validating: out, as: UTF8.self))
        let again = EventBatch()
        try again.add(text)
        #expect(again.lines == [text])
    }

    @Test("the kinds of values") func kinds() throws {
        let batch = EventBatch()
        try batch.add(
            #"{"a":"x","b":"\n","c":1,"d":1.5,"e":18446744073709551615,"f":1e1,"g":[],"h":null,"i":true,"j":false}"#)
        let kinds = batch.rows.records[0].fieldRange.map { batch.rows.fields[$0].value.kind }
        #expect(kinds == [.string, .jsonString, .int, .number, .uint, .number, .json, .null, .true, .false])
    }
}
