import Compression
import Events
import ForwardProtocol
import Outputs
import TestSupport
import Testing

/// Hexadecimal messages are what Fluentd 1.16.11 sent for the same events.
@Suite("Forward: chunks as messages")
struct ForwardChunkMessagesTests {
    private static let id = "66156d1b46c21f0c2402af3812df0ad1"

    /// `{"a":1,"s":"é"}` with a fraction of a second, `{"a":2}` without one.
    private func sample() throws -> LoadedChunk {
        let batch = EventBatch(tag: "t.a")
        try batch.add(
            messagePack: hex("82a16101a173a2c3a9"), at: EventTime(seconds: 1_715_000_000, nanoseconds: 123_456_789))
        try batch.add(messagePack: hex("81a16102"), at: EventTime(seconds: 1_715_000_001))
        return Self.chunk([batch])
    }

    static func chunk(_ batches: [EventBatch], id: String = id) -> LoadedChunk {
        let formatter = ForwardFormatter()
        var body = ChunkBody()
        for batch in batches {
            for record in batch.rows.records {
                formatter.format(record, tag: batch.tag, storage: &batch.storage, rows: &batch.rows, into: &body)
            }
        }
        return LoadedChunk(body, id: id)
    }

    private func messages(
        _ chunk: LoadedChunk, _ items: ItemSet? = nil, _ change: (inout ForwardOutputSettings) -> Void = { _ in }
    ) throws -> [ForwardOutgoing] {
        var settings = ForwardOutputSettings()
        change(&settings)
        let messages = ForwardChunkMessages(chunk, items: items ?? chunk.allItems, settings)
        return try messages.parts.map { try messages.message($0) }
    }

    /// What a forward source makes of messages.
    private func received(_ messages: [ForwardOutgoing]) throws -> [String] {
        let receiver = Receiver()
        for message in messages { try receiver.decode(message.bytes) }
        return receiver.collector.lines
    }

    @Test("a message has the bytes that Fluentd sends")
    func golden() throws {
        let bytes = try messages(sample()).map { hex($0.bytes) }
        #expect(
            bytes == [
                "93a3742e61db0000001e92d7006638d2c0075bcd1582a16101a173a2c3a992ce6638d2c181a1610282a473697a6502aa636f"
                    + "6d70726573736564a474657874"
            ])
    }

    @Test("time_as_integer leaves the fractions out")
    func integerTime() throws {
        let bytes = try messages(sample()) { $0.usesIntegerTime = true }.map { hex($0.bytes) }
        #expect(
            bytes == [
                "93a3742e61db0000001992ce6638d2c082a16101a173a2c3a992ce6638d2c181a1610282a473697a6502aa636f6d70726573"
                    + "736564a474657874"
            ])
    }

    @Test("a message that asks for a receipt has the chunk's name in base64, with a newline")
    func receipt() throws {
        let message = try #require(try messages(sample()) { $0.asksForReceipts = true }.first)
        #expect(message.chunk == Array("ZhVtG0bCHwwkAq84Et8K0Q==\n".utf8))
        let expected =
            "93a3742e61db0000001e92d7006638d2c0075bcd1582a16101a173a2c3a992ce6638d2c181a1610283a473697a6502aa63"
            + "6f6d70726573736564a474657874a56368756e6bb95a685674473062434877776b417138344574384b30513d3d0a"
        #expect(hex(message.bytes) == expected)
    }

    @Test("only the items asked for are sent")
    func items() throws {
        let sent = try messages(sample(), [1])
        #expect(try received(sent) == [#"t.a 1715000001.0 {"a":2}"#])
        #expect(sent.map(\.eventCount) == [1])
    }

    @Test("each tag has a message, each message a name of its own, and the names are the same at every attempt")
    func tags() throws {
        let (first, second) = (EventBatch(tag: "a"), EventBatch(tag: "b"))
        for number in 0..<3 {
            try first.add(#"{"n":\#(number)}"#)
            try second.add(#"{"n":\#(number)}"#)
        }
        let chunk = Self.chunk([first, second, first])
        let sent = try messages(chunk) { $0.asksForReceipts = true }
        #expect(sent.map(\.eventCount) == [6, 3])
        #expect(Set(sent.map(\.chunk)).count == 2)
        let again = try messages(chunk) { $0.asksForReceipts = true }
        #expect(again == sent)
        // What is left of the chunk when the first message was delivered.
        let rest = try messages(chunk, [3, 4, 5]) { $0.asksForReceipts = true }
        #expect(rest == [sent[1]])
        let other = try messages(Self.chunk([first, second], id: "other")) { $0.asksForReceipts = true }
        #expect(Set(other.map(\.chunk)).isDisjoint(with: sent.map(\.chunk)))
        #expect(other.allSatisfy { $0.chunk?.count == 25 })
    }

    @Test("a chunk beyond the limit is several messages, in order; a record beyond it is one")
    func limit() throws {
        let batch = EventBatch(tag: "a")
        for number in 0..<10 { try batch.add(#"{"n":\#(number),"m":"\#(String(repeating: "x", count: 100))"}"#) }
        try batch.add(#"{"n":10,"m":"\#(String(repeating: "x", count: 1000))"}"#)
        let chunk = Self.chunk([batch])
        let sent = try messages(chunk) {
            $0.messageLimitBytes = 400
            $0.asksForReceipts = true
        }
        #expect(sent.map(\.eventCount) == [3, 3, 3, 1, 1])
        #expect(Set(sent.map(\.chunk)).count == 5)
        #expect(try received(sent) == received(try messages(chunk)))
    }

    @Test("compressed messages say so and hold the same", arguments: [ForwardOutputSettings.Compression.gzip, .zstd])
    func compressed(_ compression: ForwardOutputSettings.Compression) throws {
        let sent = try messages(sample()) { $0.compression = compression }
        #expect(try received(sent) == received(try messages(sample())))
        let name = Array("compressed".utf8) + [0xA4] + Array(compression.rawValue.utf8)
        #expect(sent[0].bytes.suffix(name.count) == name[...])
    }

    @Test("MessagePack goes out as it came, nested data, doubles and invalid UTF-8 included")
    func bytes() throws {
        let record = hex(
            "85 a161cb3ff8000000000000 a16282a17893010203a179c403ffc328 a163a2c328 a164c0 a165cfffffffffffffffff"
        )
        let batch = EventBatch(tag: "t")
        try batch.add(messagePack: record)
        let bytes = try messages(Self.chunk([batch]))[0].bytes
        #expect(hex(bytes).contains(hex(record)), "\(hex(bytes))")
    }

    @Test("JSON text is translated: nested data, escapes, fractions, numbers beyond 64 bits")
    func text() throws {
        let batch = EventBatch(tag: "t")
        try batch.add(#"{"o":{"a":[1,{"b":"\u00e9\n"}]},"s":"\u00e9\"","f":1.5,"big":18446744073709551616,"l":[]}"#)
        let bytes = hex(try messages(Self.chunk([batch]))[0].bytes)
        let record =
            "85a16f81a161920181a162a3c3a90aa173a3c3a922a166cb3ff8000000000000a3626967cb43f0000000000000a16c90"
        #expect(bytes.contains(record), "\(bytes)")
    }

    @Test("records of every kind are read back as they came")
    func readback() throws {
        for seed: UInt64 in [3, 5, 11] {
            try OutputCompatTest.readbackRules(ForwardItemReader(), seed: seed) { ForwardFormatter() }
        }
    }

    @Test("records of every kind are one item each, which is a record in the message")
    func formatter() throws {
        try OutputCompatTest.formatterRules({ ForwardFormatter() }) { chunk, number in
            let receiver = Receiver()
            let messages = ForwardChunkMessages(chunk, items: [number], ForwardOutputSettings())
            for part in messages.parts {
                guard let message = try? messages.message(part) else { continue }
                try? receiver.decode(message.bytes)
            }
            let line = receiver.collector.lines.first ?? ""
            return Array((line.firstIndex(of: "{").map { line[$0...] } ?? "").utf8) + [0x0A]
        }
    }
}
