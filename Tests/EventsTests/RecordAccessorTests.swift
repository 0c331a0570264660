import Events
import TestSupport
import Testing

@Suite struct RecordAccessorTests {
    private static func key(_ text: String) -> RecordAccessor.Step { .key(Array(text.utf8)) }

    private static let good: [(String, [RecordAccessor.Step])] = [
        ("key", [key("key")]), ("a.b", [key("a.b")]), ("$", [key("$")]), ("$a", [key("$a")]), ("", [key("")]),
        ("$.a", [key("a")]), ("$.a.b", [key("a"), key("b")]), ("$['a']", [key("a")]), ("$[\"a\"]", [key("a")]),
        ("$['a.b']['c']", [key("a.b"), key("c")]), ("$.a[0]", [key("a"), .index(0)]),
        ("$.a[12].b", [key("a"), .index(12), key("b")]),
        ("$['a'][1][2]", [key("a"), .index(1), .index(2)]), ("$['']", [key("")]),
        ("$.a['b c']", [key("a"), key("b c")]),
    ]

    @Test("places are read", arguments: good) func syntax(text: String, steps: [RecordAccessor.Step]) throws {
        let accessor = try RecordAccessor(text)
        #expect(accessor.steps == steps)
        #expect(accessor.text == text)
        #expect((accessor.topLevelKey != nil) == (steps.count == 1))
    }

    @Test(
        "what is no place is refused at its place",
        arguments: [
            ("$.", 1), ("$..a", 1), ("$.a.", 3), ("$.a..b", 3), ("$[", 1), ("$['a", 1), ("$['a'", 1), ("$[a]", 2),
            ("$.a[", 3),
            ("$.a[-1]", 4), ("$.a[1", 4), ("$.a[]", 4), ("$[0]", 1), ("$['a']b", 6), ("$.a[99999999999999999999]", 4),
        ]) func errors(text: String, offset: Int)
    {
        do {
            let accessor = try RecordAccessor(text)
            Issue.record("\(accessor.steps)")
        } catch { #expect(error.offset == offset, "\(error.message)") }
    }

    private static let json =
        #"{"a":{"b":[10,{"c":"x\ny","k\u0065y":7,"c":"last"},null],"e.f":1.5},"t":"text","o":{},"n":[[],[1,2]]}"#

    @Test(
        "values are found in JSON and in MessagePack alike",
        arguments: [
            ("t", #""text""#), ("$.t", #""text""#), ("$.a.b[0]", "10"), ("$.a.b[1].c", #""last""#),
            ("$['a']['e.f']", "1.5"),
            ("$.a.b[1].key", "7"), ("$.a.b[2]", "null"), ("$.n[1][1]", "2"), ("$.n[1]", "[1,2]"), ("$.o", "{}"),
            ("$.n[0]", "[]"),
            ("$.a.b[3]", "-"), ("$.a.x", "-"), ("$.t.x", "-"), ("$.o.x", "-"), ("$.a[0]", "-"), ("$.n.b", "-"),
            ("zz", "-"),
            ("$.n[0][0]", "-"), ("a.b", "-"),
        ]) func lookups(text: String, expected: String) throws
    {
        let fromJSON = EventBatch()
        try fromJSON.add(Self.json)
        var packed = ByteBuffer()
        _ = try JSONTranscoder.transcode(ByteBuffer(Self.json), at: 0, to: &packed)
        let fromMessagePack = EventBatch()
        try fromMessagePack.add(messagePack: packed.array())
        for batch in [fromJSON, fromMessagePack] {
            var out = ByteBuffer()
            let accessor = try RecordAccessor(text)
            if let value = batch.rows.value(at: accessor, in: batch.rows.records[0], batch.storage) {
                out.appendJSON(value, batch.storage)
            } else {
                out.append("-")
            }
            #expect(out.text == expected)
        }
    }

    @Test("each kind of MessagePack item can be looked up") func kinds() throws {
        let batch = EventBatch()
        try batch.add(
            messagePack: hex(
                "81 a1 61 99 c0 c2 c3 ff cf ffffffffffffffff cb 3ff8000000000000 c4 01 78 d7 00 0000000500000000 d4 05 00"
            ))
        let texts = (0..<9).map { index in
            var out = ByteBuffer()
            guard let accessor = try? RecordAccessor("$.a[\(index)]"),
                let value = batch.rows.value(at: accessor, in: batch.rows.records[0], batch.storage)
            else { return "-" }
            out.appendJSON(value, batch.storage)
            return out.text
        }
        #expect(texts == ["null", "false", "true", "-1", "18446744073709551615", "1.5", #""x""#, "5", "null"])
    }
}
