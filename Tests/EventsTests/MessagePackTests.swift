import Events
import TestSupport
import Testing

/// MessagePack as its specification has it, format by format.
@Suite struct MessagePackTests {
    /// A map of one key `k` with the given item as its value, as JSON.
    private func json(_ item: [UInt8]) throws -> String {
        let batch = EventBatch()
        try batch.add(messagePack: hex("81 a1 6b") + item)
        return batch.lines[0]
    }

    private static let formats: [(String, String)] = [
        ("00", "0"), ("7f", "127"), ("ff", "-1"), ("e0", "-32"), ("c0", "null"), ("c2", "false"), ("c3", "true"),
        ("cc 80", "128"), ("cc ff", "255"), ("cd ff ff", "65535"), ("ce ff ff ff ff", "4294967295"),
        ("cf 7f ff ff ff ff ff ff ff", "9223372036854775807"), ("cf ff ff ff ff ff ff ff ff", "18446744073709551615"),
        ("cf 80 00 00 00 00 00 00 00", "9223372036854775808"), ("d0 80", "-128"), ("d1 80 00", "-32768"),
        ("d2 80 00 00 00", "-2147483648"), ("d3 80 00 00 00 00 00 00 00", "-9223372036854775808"),
        ("d3 00 00 00 00 00 00 00 05", "5"), ("ca 3f c0 00 00", "1.5"), ("cb 3f f8 00 00 00 00 00 00", "1.5"),
        ("cb 7f f8 00 00 00 00 00 00", "null"), ("ca 7f 80 00 00", "null"), ("cb ff f0 00 00 00 00 00 00", "null"),
        ("a0", #""""#), ("a3 61 62 63", #""abc""#), ("d9 03 61 62 63", #""abc""#), ("da 00 03 61 62 63", #""abc""#),
        ("db 00 00 00 03 61 62 63", #""abc""#), ("c4 03 61 62 63", #""abc""#), ("c5 00 03 61 62 63", #""abc""#),
        ("c6 00 00 00 03 61 62 63", #""abc""#), ("90", "[]"), ("92 01 a1 78", #"[1,"x"]"#), ("dc 00 01 c0", "[null]"),
        ("dd 00 00 00 01 c3", "[true]"), ("80", "{}"), ("81 a1 61 01", #"{"a":1}"#), ("de 00 01 a1 61 01", #"{"a":1}"#),
        ("df 00 00 00 01 a1 61 01", #"{"a":1}"#), ("d7 00 5d f9 16 78 07 5b cd 15", "1576605304"),
        ("c7 08 00 5d f9 16 78 07 5b cd 15", "1576605304"), ("d7 00 ff ff ff ff 00 00 00 00", "4294967295"),
        ("91 d7 00 5d f9 16 78 00 00 00 00", "[1576605304]"), ("91 cb 7f f8 00 00 00 00 00 00", "[null]"),
        ("81 01 02", #"{"1":2}"#), ("81 c0 02", #"{"null":2}"#), ("81 92 01 02 03", #"{"[1,2]":3}"#),
        ("91 cf ff ff ff ff ff ff ff ff", "[18446744073709551615]"), ("91 e0", "[-32]"), ("91 c2", "[false]"),
    ]

    @Test("each format is read, at the top and inside", arguments: formats)
    func format(bytes: String, expected: String) throws {
        #expect(try json(hex(bytes)) == #"{"k":\#(expected)}"#)
        #expect(try json([0x91] + hex(bytes)) == #"{"k":[\#(expected)]}"#)
        #expect(try json(hex("81 a1 6d") + hex(bytes)) == #"{"k":{"m":\#(expected)}}"#)
    }

    @Test("each format of ext is skipped, and is null as a value unless it is an EventTime")
    func extensions() throws {
        let items = ["d4 05 00", "d5 05 00 00", "d6 05 00 00 00 00", "d8 05" + String(repeating: " 00", count: 16)]
        let longer = [
            "c7 03 05 00 00 00", "c8 00 01 05 00", "c9 00 00 00 01 05 00", "c7 00 05", "d7 01 0000000000000000",
        ]
        for item in items + longer {
            let buffer = ByteBuffer(hex(item))
            #expect(try buffer.skipMessagePack(at: 0, end: buffer.count) == buffer.count, "\(item)")
            #expect(try json(hex(item)).contains("null"), "\(item)")
        }
        let negative = ByteBuffer(hex("d4 ff 00"))
        #expect(try negative.messagePackItem(at: 0, end: 3).extType == -1)
    }

    @Test("0xC1 is nothing") func unused() {
        let buffer = ByteBuffer(hex("92 01 c1"))
        #expect(throws: MessagePackError.malformed(offset: 2, byte: 0xC1)) {
            try buffer.skipMessagePack(at: 0, end: 3)
        }
    }

    @Test("what ends early says so at every byte, and never reads on") func truncation() throws {
        let item = hex(
            "8c a1 61 01 a1 62 d9 02 78 79 a1 63 cb 3ff8000000000000 a1 64 93 01 02 91 c0 a1 65 d7 00 0000000100000002"
                + "a1 66 81 a1 67 c4 01 00 a1 68 cd 0102 a1 69 ce 01020304 a1 6a cf 0102030405060708 a1 6b d1 0102"
                + "01 02 c4 02 6c 6c dc 0001 c3")
        let whole = ByteBuffer(item)
        #expect(try whole.skipMessagePack(at: 0, end: item.count) == item.count)
        for length in 0..<item.count {
            let part = ByteBuffer(Array(item[..<length]) + [0xFF, 0xFF])
            #expect(throws: MessagePackError.self, "\(length)") { try part.skipMessagePack(at: 0, end: length) }
            var rows = Rows()
            var storage = ByteBuffer(Array(item[..<length]))
            do {
                _ = try rows.appendFields(messagePack: 0, end: length, &storage)
                Issue.record("\(length) bytes are no whole record")
            } catch {
                guard case .truncated(let missing) = error else {
                    Issue.record("\(length): \(error)")
                    continue
                }
                #expect(missing >= 1 && missing <= item.count - length, "\(length): asks for \(missing)")
            }
        }
    }

    @Test("nesting is limited") func depth() throws {
        func nested(_ levels: Int) -> [UInt8] { Array(repeating: 0x91, count: levels - 1) + [0x90] }
        let limit = JSONLimits.depth
        let item = nested(limit + 1)
        let buffer = ByteBuffer(item)
        #expect(try buffer.skipMessagePack(at: 0, end: item.count) == item.count, "an empty container is no level")
        let deeper = ByteBuffer(nested(limit + 2))
        #expect(throws: MessagePackError.tooDeep(limit: limit)) { try deeper.skipMessagePack(at: 0, end: limit + 2) }
        let text = try json(item)
        #expect(text.utf8.count == 2 * (limit + 1) + 6)
        #expect(throws: MessagePackError.tooDeep(limit: limit)) { try json(nested(100_000)) }
    }

    @Test(
        "counts that lie are refused at once",
        arguments: [
            "dd ff ff ff ff", "df ff ff ff ff", "df ff ff ff ff a1 61 01", "81 a1 6b dd ff ff ff ff 01 02",
            "81 db ff ff ff ff 00", "81 a1 6b c6 ff ff ff ff", "81 a1 6b c9 ff ff ff ff 00", "81 a1 6b df 7f ff ff ff",
        ])
    func hostileCounts(_ text: String) {
        let bytes = hex(text)
        let elapsed = ThreadTime.seconds {
            let buffer = ByteBuffer(bytes)
            #expect(throws: MessagePackError.self) { try buffer.skipMessagePack(at: 0, end: bytes.count) }
            #expect(throws: MessagePackError.self) { try EventBatch().add(messagePack: bytes) }
        }
        #expect(elapsed < 1)
    }

    @Test("what is no map is no record", arguments: ["90", "01", "c0", "a1 61", "d7 00 0000000000000000"])
    func notAMap(_ text: String) {
        #expect(throws: MessagePackError.unexpected(offset: 0, byte: hex(text)[0])) {
            try EventBatch().add(messagePack: hex(text))
        }
    }

    @Test("the writer picks the shortest form, and the reader reads it back") func integers() throws {
        let edges: [Int64] = [
            0, 1, 127, 128, 255, 256, 65_535, 65_536, 4_294_967_295, 4_294_967_296, .max, -1, -32, -33, -128, -129,
            -32_768, -32_769, -2_147_483_648, -2_147_483_649, .min,
        ]
        let sizes = [1, 1, 1, 2, 2, 3, 3, 5, 5, 9, 9, 1, 1, 2, 2, 3, 3, 5, 5, 9, 9]
        for (value, size) in zip(edges, sizes) {
            var buffer = ByteBuffer()
            buffer.appendMessagePack(value)
            #expect(buffer.count == size, "\(value)")
            #expect(try buffer.messagePackItem(at: 0, end: buffer.count).intValue == value)
        }
    }

    @Test(
        "lengths at the edges of the formats are written and read",
        arguments: [0, 15, 16, 31, 32, 255, 256, 65_535, 65_536])
    func lengths(_ length: Int) throws {
        var buffer = ByteBuffer()
        buffer.appendMessagePackString(Array(repeating: 0x61, count: length))
        let binary = buffer.count
        buffer.appendMessagePackBinary(Array(repeating: 0x62, count: length))
        let array = buffer.count
        buffer.appendMessagePack(arrayCount: length)
        let map = buffer.count
        buffer.appendMessagePack(mapCount: length)
        for (offset, kind) in [
            (0, MessagePackItem.Kind.string), (binary, .binary), (array, .array), (map, .map),
        ] {
            let item = try buffer.messagePackItem(at: offset, end: buffer.count)
            #expect(item.kind == kind)
            #expect(item.length == length)
        }
    }

    @Test("an EventTime written is the EventTime read") func eventTime() throws {
        for time in [EventTime(seconds: 0), EventTime(seconds: 4_294_967_295, nanoseconds: 999_999_999)] {
            var buffer = ByteBuffer()
            buffer.appendMessagePack(time)
            #expect(buffer.count == 10)
            #expect(buffer.eventTime(try buffer.messagePackItem(at: 0, end: 10)) == time)
        }
    }

    @Test("seconds with a fraction become a time, whatever the number") func fromDouble() {
        #expect(EventTime(1.25) == EventTime(seconds: 1, nanoseconds: 250_000_000))
        #expect(EventTime(-0.25) == EventTime(seconds: -1, nanoseconds: 750_000_000))
        #expect(EventTime(0.9999999999) == EventTime(seconds: 1))
        for value in [Double.nan, .infinity, -.infinity, 1e300, -1e300, .greatestFiniteMagnitude] {
            #expect(EventTime(value).nanoseconds < 1_000_000_000)
        }
    }
}
