import Events
import TestSupport
import Testing

@Suite struct JSONTranscoderTests {
    private static let values = [
        #"["tag",1576605304,{"a":1}]"#, #"{"a":"]\"}","b":[1,{"c":"\\"}]}"#, "[/* \" ] */ 1, // \"[\n 2]", #"[]"#,
        #"{"":{}}"#, #"["\ud83d\ude00\u00e9",-1.5e3,18446744073709551615,123456789012345678901,null,true,false]"#,
    ]

    @Test("a value in pieces is complete with its last byte and not before", arguments: values)
    func valueEnd(_ text: String) throws {
        let bytes = Array(text.utf8)
        for length in 0..<bytes.count {
            let part = ByteBuffer(Array(bytes[..<length]))
            #expect(try JSONTranscoder.valueEnd(part, from: 0) == nil, "\(length) of \(text)")
        }
        for behind in ["", " ", text, "x"] {
            let whole = ByteBuffer(text + behind)
            #expect(try JSONTranscoder.valueEnd(whole, from: 0) == bytes.count)
        }
        let after = ByteBuffer("  " + text)
        #expect(try JSONTranscoder.valueEnd(after, from: 0) == bytes.count + 2)
    }

    @Test("what cannot become JSON is refused", arguments: ["[1,]", "{]", "[1 2]", "]", "[nope]", #"{"a" 1}"#])
    func broken(_ text: String) {
        let buffer = ByteBuffer(text)
        #expect(throws: JSONError.self) { try JSONTranscoder.valueEnd(buffer, from: 0) }
    }

    @Test("MessagePack made of JSON holds the same", arguments: values) func transcodes(_ text: String) throws {
        let source = ByteBuffer("{\"k\":\(text)}")
        var out = ByteBuffer()
        #expect(try JSONTranscoder.transcode(source, at: 0, to: &out) == source.count)
        let fromMessagePack = EventBatch()
        try fromMessagePack.add(messagePack: out.array())
        let fromJSON = EventBatch()
        try fromJSON.add("{\"k\":\(text)}")
        let expected = fromJSON.lines[0].replacing("123456789012345678901", with: "1.2345678901234568e+20")
        #expect(fromMessagePack.lines == [expected])
    }

    @Test("nesting is limited") func depth() {
        let text = String(repeating: "[", count: 600) + String(repeating: "]", count: 600)
        let source = ByteBuffer(text)
        #expect(throws: JSONError.tooDeep(limit: JSONLimits.depth)) { try JSONTranscoder.valueEnd(source, from: 0) }
        var out = ByteBuffer()
        #expect(throws: JSONError.tooDeep(limit: JSONLimits.depth)) {
            try JSONTranscoder.transcode(source, at: 0, to: &out)
        }
    }

    @Test("blank is blank") func blank() {
        #expect(JSONTranscoder.isBlank(ByteBuffer("[] \r\n\t"), from: 2) == true)
        #expect(JSONTranscoder.isBlank(ByteBuffer("[] x"), from: 2) == false)
        #expect(JSONTranscoder.isBlank(ByteBuffer(""), from: 0) == true)
    }
}
