import Events
import TestSupport
import Testing

/// Nested data with repeated keys, and that none of it takes longer than it is long.
@Suite struct NestedJSONTests {
    private func json(_ item: [UInt8]) throws -> String {
        let batch = EventBatch()
        try batch.add(messagePack: hex("81 a1 6b") + item)
        return batch.lines[0]
    }

    @Test(
        "a repeated key in a nested map keeps its first place and takes the last value",
        arguments: [
            ("83 a1 61 01 a1 62 02 a1 61 03", #"{"a":3,"b":2}"#), ("82 a1 61 01 c4 01 61 02", #"{"a":2}"#),
            ("82 a1 31 01 01 02", #"{"1":2}"#), ("82 a1 61 82 a1 62 01 a1 62 02 a1 61 91 c0", #"{"a":[null]}"#),
            ("82 a1 61 01 a1 62 82 a1 63 01 a1 63 02", #"{"a":1,"b":{"c":2}}"#),
            ("91 82 a1 61 01 a1 61 02", #"[{"a":2}]"#), ("82 a2 0a 22 01 a2 0a 22 02", #"{"\n\"":2}"#),
        ]) func duplicates(bytes: String, expected: String) throws
    {
        #expect(try json(hex(bytes)) == #"{"k":\#(expected)}"#)
    }

    @Test("many keys, some of them repeated") func many() throws {
        let names = (0..<3000).map { "name.\($0 % 1700)" }
        var item = ByteBuffer()
        item.appendMessagePack(mapCount: names.count)
        var text = ""
        for (index, name) in names.enumerated() {
            item.appendMessagePackString(name)
            item.appendMessagePack(Int64(index))
            text += (index == 0 ? "" : ", ") + "\"\(name)\": \(index)"
        }
        let expected = (0..<1700).map { "\"name.\($0)\":\($0 + 1700 < 3000 ? $0 + 1700 : $0)" }.joined(separator: ",")
        #expect(try json(item.array()) == "{\"k\":{\(expected)}}")
        let batch = EventBatch()
        try batch.add("{\"k\":{\(text)}}")
        #expect(batch.lines == ["{\"k\":{\(expected)}}"])
    }

    @Test("repeated keys on every level do not double the work on every level") func doubling() throws {
        // {"a": {"a": …, "a": 1}, "a": 1}: written again on each level it would take 2^60 steps.
        // (With 30 levels a failure takes seconds instead of for ever.)
        let levels = 30
        var bytes: [UInt8] = [0x01]
        var text = "1"
        for _ in 0..<levels {
            bytes = hex("82 a1 61") + bytes + hex("a1 61 01")
            text = #"{"a":\#(text),"a":1}"#
        }
        // The other way round the nested value is the last, which is the one that stays.
        var last: [UInt8] = [0x01]
        var expected = "1"
        for _ in 0..<levels {
            last = hex("82 a1 61 01 a1 61") + last
            expected = #"{"a":\#(expected)}"#
        }
        let start = ThreadTime.seconds
        #expect(try json(bytes) == #"{"k":{"a":1}}"#)
        #expect(try json(last) == #"{"k":\#(expected)}"#)
        let batch = EventBatch()
        try batch.add("{\"k\":\(text)}")
        #expect(batch.lines == [#"{"k":{"a":1}}"#])
        #expect(ThreadTime.seconds - start < 1)
    }

    @Test("keys that are maps whose keys are maps do not grow with every level") func keysOfKeys() throws {
        #expect(try json(hex("81 81 a1 22 01 02")) == #"{"k":{"{\"\\\"\":1}":2}}"#)
        #expect(try json(hex("81 81 81 01 02 03 04")) == #"{"k":{"{\"{…}\":3}":4}}"#)
        #expect(try json(hex("81 91 81 91 01 03 04")) == #"{"k":{"[{\"[…]\":3}]":4}}"#)
        var item: [UInt8] = hex("81 a1 22 01")
        for _ in 0..<60 { item = [0x81] + item + [0x01] }
        let asValue = try json(item)
        #expect(asValue.utf8.count < 100)
        let batch = EventBatch()
        try batch.add(messagePack: item)
        #expect(batch.lines[0].utf8.count < 100)
    }

    @Test("JSON is written into the buffer that holds it") func sameBuffer() throws {
        var buffer = ByteBuffer(hex("82 a1 61 01 a1 62 91 c0"))
        let end = buffer.count
        var out = ByteBuffer()
        out.appendJSON(messagePackAt: 0, buffer)
        buffer.append(out)
        #expect(buffer.text(Slice(offset: end, length: buffer.count - end)) == #"{"a":1,"b":[null]}"#)
    }
}
