import Events
import TestSupport
import Testing

/// Random values through every form: MessagePack → rows → JSON → rows → JSON, and JSON → MessagePack → rows → JSON.
@Suite struct RoundTripTests {
    @Test("nothing is lost or changed on the way", arguments: 0..<300) func roundTrip(seed: Int) throws {
        var generator = SeededGenerator(seed: UInt64(seed))
        let value = RandomValue.map(&generator, depth: seed % 5)
        let packed = EventBatch()
        try packed.add(messagePack: value.messagePack)
        let json = packed.lines[0]

        let read = EventBatch()
        try read.add(json)
        #expect(read.lines == [json])

        let source = ByteBuffer(json)
        var transcoded = ByteBuffer()
        _ = try JSONTranscoder.transcode(source, at: 0, to: &transcoded)
        let again = EventBatch()
        try again.add(messagePack: transcoded.array())
        #expect(again.lines == [json])
        if case .map(let members) = value { #expect(Int(packed.rows.records[0].fieldCount) == members.count) }
    }

    @Test("noise never harms the readers", arguments: 0..<300) func noise(seed: Int) throws {
        var generator = SeededGenerator(seed: UInt64(seed))
        var bytes = RandomValue.map(&generator, depth: 3).messagePack
        for _ in 0..<Int.random(in: 1...8, using: &generator) where !bytes.isEmpty {
            bytes[Int.random(in: 0..<bytes.count, using: &generator)] = UInt8.random(in: 0...255, using: &generator)
        }
        let batch = EventBatch()
        if (try? batch.add(messagePack: bytes)) != nil {
            let text = batch.lines[0]
            let again = EventBatch()
            try again.add(text)
            #expect(again.lines == [text])
        }
    }

    @Test("inputs that once failed do no harm", arguments: ["MessagePack", "JSON"]) func replay(target: String) throws {
        for (name, bytes) in GoldenData.failCases(target) {
            let elapsed = ThreadTime.seconds {
                let batch = EventBatch()
                try? target == "JSON" ? batch.add(json: bytes) : batch.add(messagePack: bytes)
                _ = batch.lines
            }
            #expect(elapsed < 2, "\(name)")
        }
    }
}
