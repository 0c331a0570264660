import Compression
import Events
import ForwardProtocol
import Inputs
import TestSupport
import Testing

/// Limits, options, back-pressure and acks of the decoder.
@Suite struct ForwardDecoderTests {
    private static func message(
        _ tag: String, _ time: Int64 = 1, _ record: String = "81 a1 61 01", chunk: String? = nil
    ) -> [UInt8] {
        var out = ByteBuffer()
        out.appendMessagePack(arrayCount: chunk == nil ? 3 : 4)
        out.appendMessagePackString(tag)
        out.appendMessagePack(time)
        out.append(hex(record))
        if let chunk {
            out.appendMessagePack(mapCount: 1)
            out.appendMessagePackString("chunk")
            out.appendMessagePackString(chunk)
        }
        return out.array()
    }

    private static func packed(_ entries: [UInt8], compressed: String? = nil, chunk: String? = "c") -> [UInt8] {
        var out = ByteBuffer()
        out.appendMessagePack(arrayCount: 3)
        out.appendMessagePackString("t")
        out.appendMessagePackBinary(entries)
        out.appendMessagePack(mapCount: (compressed == nil ? 0 : 1) + (chunk == nil ? 0 : 1))
        if let compressed {
            out.appendMessagePackString("compressed")
            out.appendMessagePackString(compressed)
        }
        if let chunk {
            out.appendMessagePackString("chunk")
            out.appendMessagePackString(chunk)
        }
        return out.array()
    }

    private func ack(_ chunk: String) -> [UInt8] {
        var out = ByteBuffer()
        out.appendMessagePack(mapCount: 1)
        out.appendMessagePackString("ack")
        out.appendMessagePackString(chunk)
        return out.array()
    }

    // MARK: - Limits

    @Test("a message over chunk_size_limit closes the connection, however it arrives", arguments: Feeding.allCases)
    func messageLimit(feeding: Feeding) {
        var options = ForwardOptions()
        options.limits.messageBytes = 100
        let recorder = Recorder(options)
        let good = Self.message("t", chunk: "good")
        let large = Self.message("t", 1, "81 a1 61 da 00 c8" + String(repeating: "61", count: 200), chunk: "large")
        let failure = recorder.fed(good + large + good, feeding)
        #expect(failure?.contains("chunk_size_limit") == true)
        #expect(recorder.events == [#"t 1.0 {"a":1}"#])
        #expect(recorder.replies == ack("good"))
    }

    @Test(
        "a length that lies is refused before its bytes arrive",
        arguments: [
            "db ff ff ff ff", "93 a1 74 01 81 a1 61 c6 ff ff ff ff", "92 a1 74 dd ff ff ff ff",
            "92 a1 74 db ff ff ff f0",
        ])
    func hostileLength(_ text: String) {
        #expect(Recorder().fed(hex(text))?.contains("chunk_size_limit") == true)
    }

    @Test("a large message warns") func warnLimit() {
        var options = ForwardOptions()
        options.limits.messageWarnBytes = 10
        let recorder = Recorder(options)
        recorder.fed(Self.message("t") + Self.message("a.long.tag"))
        #expect(recorder.warnings.count == 1)
        #expect(recorder.warnings.first?.contains("chunk_size_warn_limit") == true)
    }

    @Test("a decompressed payload over its limit closes the connection", arguments: ["gzip", "zstd"])
    func decompressionLimit(_ kind: String) throws {
        var options = ForwardOptions()
        options.limits.decompressedBytes = 1000
        let entries = Array(repeating: hex("92 01 81 a1 61 01"), count: 500).flatMap { $0 }
        let recorder = Recorder(options)
        let failure = recorder.fed(Self.packed(try compress(entries, kind), compressed: kind))
        #expect(failure?.contains("decompression_size_limit") == true)
        #expect(recorder.events.isEmpty && recorder.replies.isEmpty)
        let roomy = Recorder()
        #expect(roomy.fed(Self.packed(try compress(entries, kind), compressed: kind)) == nil)
        #expect(roomy.events.count == 500)
        #expect(roomy.replies == ack("c"))
    }

    private func compress(_ bytes: [UInt8], _ kind: String) throws -> [UInt8] {
        let source = ByteBuffer(bytes)
        var out = ByteBuffer()
        if kind == "gzip" {
            try Gzip.compress(source.all, of: source, into: &out)
        } else {
            try Zstandard.compress(source.all, of: source, into: &out)
        }
        return out.array()
    }

    @Test("nesting beyond the limit closes the connection and harms nothing before it", arguments: Feeding.allCases)
    func depth(feeding: Feeding) {
        let deep = "81 a1 61 " + String(repeating: "91", count: 2000) + "c0"
        let recorder = Recorder()
        #expect(recorder.fed(Self.message("t") + Self.message("t", 2, deep), feeding)?.contains("nested") == true)
        #expect(recorder.events == [#"t 1.0 {"a":1}"#])
    }

    @Test("more records than a batch holds come in several, and every ack is sent once") func batchLimit() {
        var options = ForwardOptions()
        options.limits.batchRecords = 10
        let recorder = Recorder(options)
        let bytes = (0..<95).flatMap { Self.message("t", $0 + 1, chunk: "c\($0)") }
        #expect(recorder.fed(bytes) == nil)
        #expect(recorder.batches == 10)
        #expect(recorder.events == (0..<95).map { "t \($0 + 1).0 {\"a\":1}" })
        #expect(recorder.replies == (0..<95).flatMap { ack("c\($0)") })
    }

    @Test("hundreds of tags in one read") func manyTags() {
        let recorder = Recorder()
        for _ in 0..<3 {
            let bytes = (0..<600).flatMap { Self.message("tag\($0 % 300)", Int64($0 + 1), chunk: "c\($0)") }
            #expect(recorder.fed(bytes) == nil)
        }
        #expect(recorder.batches == 900)
        #expect(
            recorder.events.filter { $0.hasPrefix("tag7 ") }
                == Array(repeating: ["tag7 8.0 {\"a\":1}", "tag7 308.0 {\"a\":1}"], count: 3).flatMap { $0 })
        #expect(recorder.replies == Array(repeating: (0..<600).flatMap { ack("c\($0)") }, count: 3).flatMap { $0 })
    }

    // MARK: - Options

    @Test("tag and add_tag_prefix") func tags() {
        var fixed = ForwardOptions()
        fixed.tag = "fixed"
        let first = Recorder(fixed)
        first.fed(Self.message("a") + Self.message("b"))
        #expect(Set(first.events.map { $0.split(separator: " ")[0] }) == ["fixed"])
        var prefixed = ForwardOptions()
        prefixed.tagPrefix = "pre.fix"
        let second = Recorder(prefixed)
        second.fed(Self.message("a") + Self.message("b"))
        #expect(second.events.map { $0.split(separator: " ")[0] }.sorted() == ["pre.fix.a", "pre.fix.b"])
    }

    @Test(
        "source fields are set in every record, also over a client's own, also in wide ones",
        arguments: Feeding.allCases)
    func sourceFields(feeding: Feeding) {
        let recorder = Recorder()
        recorder.decoder.sourceFields = [
            (Array("host".utf8), Array("10.0.0.1".utf8)), (Array("name".utf8), Array("h".utf8)),
        ]
        func wide(_ count: Int, _ letter: String) -> String {
            "de " + hex([UInt8(count >> 8), UInt8(count & 255)])
                + (0..<count).map { hex([0xA3] + Array("\(letter)\($0 + 10)".utf8) + [UInt8($0)]) }.joined()
        }
        let bytes =
            Self.message("t", 1, "82 a4 686f7374 a1 78 a1 61 01") + Self.message("t", 2, wide(40, "a"))
            + Self.message("t", 3, wide(85, "b")) + Self.message("t", 4, wide(40, "c"))
        #expect(recorder.fed(bytes, feeding) == nil)
        #expect(recorder.events.count == 4)
        #expect(recorder.events.first == #"t 1.0 {"host":"10.0.0.1","a":1,"name":"h"}"#)
        for event in recorder.events.dropFirst() { #expect(event.hasSuffix(#","host":"10.0.0.1","name":"h"}"#)) }
    }

    @Test("an invalid event costs itself, or its message with skip_invalid_event false") func invalidEvents() {
        let entries = "92 a1 74 93 92 01 81 a1 61 01 92 a1 78 81 a1 61 02 92 03 81 a1 61 03"
        let lenient = Recorder()
        #expect(lenient.fed(hex(entries) + Self.message("t", 9)) == nil)
        #expect(lenient.events == [#"t 1.0 {"a":1}"#, #"t 3.0 {"a":3}"#, #"t 9.0 {"a":1}"#])
        #expect(lenient.warnings.count == 1)
        var options = ForwardOptions()
        options.skipsInvalidEvents = false
        let strict = Recorder(options)
        #expect(strict.fed(hex(entries) + Self.message("t", 9)) == nil)
        #expect(strict.events == [#"t 9.0 {"a":1}"#])
    }

    @Test(
        "times of every kind",
        arguments: [
            ("00", "1700000000.5"), ("c0", "1700000000.5"), ("ce 5df91678", "1576605304.0"),
            ("d7 00 5df91678 00000007", "1576605304.7"),
            ("c7 08 00 5df91678 00000007", "1576605304.7"), ("d7 00 ffffffff 3b9ac9ff", "4294967295.999999999"),
            ("ff", "-1.0"),
            ("cb 41d77e459e100000", "1576605304.250000000"), ("d7 00 00000000 00000000", "1700000000.5"),
            ("cf 7fffffffffffffff", "253402300799.0"),
            ("cf ffffffffffffffff", "253402300799.0"), ("d3 8000000000000000", "-62135596800.0"),
            ("cb 7fe1ccf385ebc8a0", "253402300799.0"), ("d7 00 00000001 3b9aca00", "2.0"),
            ("d7 00 ffffffff ffffffff", "4294967299.294967295"), ("d6 ff 5df91678", "1576605304.0"),
            ("d7 ff 0000001c5df91678", "1576605304.7"), ("c7 0c ff 00000007 000000005df91678", "1576605304.7"),
            ("c7 0c ff 3b9aca00 0000000000000001", "2.0"), ("c7 0c ff 00000000 7fffffffffffffff", "253402300799.0"),
            ("d6 ff 00000000", "1700000000.5"), ("cb 0000000000000000", "1700000000.5"),
        ]) func times(bytes: String, expected: String)
    {
        for entry in [hex("93 a1 74 \(bytes) 81 a1 61 01"), hex("92 a1 74 91 92 \(bytes) 81 a1 61 01")] {
            let recorder = Recorder()
            #expect(recorder.fed(entry) == nil)
            #expect(recorder.events == ["t \(expected) {\"a\":1}"])
        }
        let withMetadata = Recorder()
        withMetadata.fed(hex("92 a1 74 91 92 92 \(bytes) 80 81 a1 61 01"))
        #expect(withMetadata.events == ["t \(expected) {\"a\":1}"])
    }

    @Test(
        "what is no time skips the event",
        arguments: ["a1 31", "c3", "cb 7ff8000000000000", "cb 7ff0000000000000", "81 a1 61 01", "91 91 01", "d4 0c 00"])
    func noTime(_ bytes: String) {
        let recorder = Recorder()
        #expect(recorder.fed(hex("92 a1 74 92 92 \(bytes) 81 a1 61 01 92 05 81 a1 61 02")) == nil)
        #expect(recorder.events == [#"t 5.0 {"a":2}"#])
        #expect(recorder.warnings.count == 1)
    }

    // MARK: - Order

    @Test("tags leave in the order of their first events, each in one batch") func orderOfTags() {
        let bytes = ["c", "a", "b", "c", "d", "a"].enumerated().flatMap { Self.message($1, Int64($0 + 1)) }
        let recorder = Recorder()
        recorder.fed(bytes)
        #expect(recorder.events.map { $0.prefix(3) } == ["c 1", "c 4", "a 2", "a 6", "b 3", "d 5"])
        #expect(recorder.batches == 4)
    }

    @Test("where somebody sees it, all events leave as they came", arguments: Feeding.allCases)
    func exactOrder(feeding: Feeding) {
        let tags = ["a", "b", "a", "a", "c", "b", "b", "a"]
        let bytes = tags.enumerated().flatMap { Self.message($1, Int64($0 + 1), chunk: "\($0)") }
        let recorder = Recorder(keepsOrder: true)
        #expect(recorder.fed(bytes, feeding) == nil)
        #expect(recorder.events.map { String($0.prefix(3)) } == tags.enumerated().map { "\($1) \($0 + 1)" })
        #expect(recorder.replies == tags.indices.flatMap { ack("\($0)") })
        if feeding == .whole { #expect(recorder.batches == 6, "one batch a run of a tag") }
    }

    @Test("an ack knows which run of its tag was refused") func refusedRun() {
        let recorder = Recorder(keepsOrder: true)
        recorder.answer = { _ in recorder.batches == 3 ? .refused(Refusal(.full, "full")) : .accepted }
        recorder.fed(["a", "b", "a", "b", "a"].enumerated().flatMap { Self.message($1, chunk: "\($0)") })
        #expect(recorder.replies == [0, 1, 3, 4].flatMap { ack("\($0)") })
    }

    @Test("a tag is one object as long as it is in use, also among thousands") func identity() throws {
        final class Sink: ForwardSink {
            var tags: [String: Set<Int>] = [:]
            func deliver(tag: Events.Tag, storage: inout ByteBuffer, rows: inout Rows) -> Acceptance {
                tags[tag.text, default: []].insert(tag.id)
                return .accepted
            }
            func reply(_ bytes: borrowing ByteBuffer) {}
            func pause() {}
            func continueLater() {}
            func note(_ error: ForwardError, count: Int) {}
        }
        let sink = Sink()
        let decoder = ForwardDecoder(options: ForwardOptions(), batches: PendingBatches { Events.Tag($0) })
        var scratch = ByteBuffer()
        for _ in 0..<5 {
            let bytes = (0..<2000).flatMap { Self.message("container.\($0).log") }
            try bytes.withUnsafeBytes { try decoder.receive($0, scratch: &scratch, sink: sink) }
        }
        #expect(sink.tags.count == 2000 && sink.tags.values.allSatisfy { $0.count == 1 })
    }

    // MARK: - Handshakes and strangers

    @Test("a stranger may hold a few kilobytes", arguments: Feeding.allCases) func handshakeLimit(feeding: Feeding) {
        let security = HandshakeTests.security()
        func recorder() -> Recorder {
            Recorder(handshake: ServerHandshake(security, address: [127, 0, 0, 1], peerName: "p"))
        }
        // Announced, sent as many small items, sent as one that is all there.
        let limit = ForwardLimits().handshakeBytes
        let announced = hex("96 a4 50494e47 c6 03938700 00")
        let items = hex("dc ffff") + [UInt8](repeating: 0xC0, count: limit + 1)
        let whole = hex("96 a4 50494e47 da 3000") + [UInt8](repeating: 0x61, count: 0x3000) + hex("a0 a0 a0 a0")
        for bytes in [announced, items, whole] {
            let recorder = recorder()
            let failure = recorder.fed(bytes, feeding)
            #expect(failure?.hasPrefix("a handshake of at least") == true, "\(failure ?? "open")")
            #expect(recorder.decoder.unfinishedBytes <= limit + 40)
        }
    }

    @Test(
        "another protocol is recognised, however it arrives",
        arguments: [
            ("GET / HTTP/1.1\r\n\r\n", "HTTP"), ("SSH-2.0-client\r\n", "SSH"), ("<34>1 2026-01-01", "syslog"),
            ("\u{16}\u{03}\u{01}\u{02}\u{00}\u{01}\u{00}\u{01}", "TLS"), ("*1\r\n$4\r\nPING", "Redis"),
        ], Feeding.allCases)
    func foreign(one: (String, String), feeding: Feeding) {
        for handshake in [nil, ServerHandshake(HandshakeTests.security(), address: [], peerName: "p")] {
            let recorder = Recorder(handshake: handshake)
            let failure = recorder.fed(Array(one.0.utf8), feeding)
            #expect(failure?.hasPrefix("this looks like \(one.1)") == true, "\(failure ?? "open")")
            #expect(recorder.replies.isEmpty)
        }
    }

    // MARK: - Acks and back-pressure

    @Test("a refused batch gets no ack, others do") func refused() {
        let recorder = Recorder()
        recorder.answer = { $0.text == "bad" ? .refused(Refusal(.full, "full")) : .accepted }
        #expect(
            recorder.fed(
                Self.message("good", chunk: "1") + Self.message("bad", chunk: "2") + Self.message("good", chunk: "3"))
                == nil)
        #expect(recorder.replies == ack("1") + ack("3"))
        #expect(recorder.pauses == 0)
        // A message without records has nothing that could be refused, whatever became of the one before.
        recorder.replies = []
        recorder.fed(hex("93 a3 626164 90 81 a5 6368756e6b a1 34"))
        #expect(recorder.replies == ack("4"))
        recorder.answer = { _ in .accepted }
        recorder.fed(Self.message("bad", chunk: "5"))
        #expect(recorder.replies == ack("4") + ack("5"))
    }

    @Test("a full buffer acks and pauses, once a read") func full() {
        let recorder = Recorder()
        recorder.answer = { _ in .acceptedFull }
        recorder.fed(Self.message("a", chunk: "1") + Self.message("b", chunk: "2"))
        #expect(recorder.replies == ack("1") + ack("2"))
        #expect(recorder.pauses == 1)
    }

    @Test("acks in the JSON form are JSON, for reads of any kind", arguments: Feeding.allCases) func jsonAcks(
        feeding: Feeding
    ) {
        let recorder = Recorder()
        let text =
            #" ["t",1,{"a":"]\""},{"chunk":"x\n"}]"# + "\n" + #"["t",[[2,{"a":2}],[3,{"a":[]}]],{"chunk":7}]"# + "\r\n"
        #expect(recorder.fed(Array(text.dropFirst().utf8), feeding) == nil)
        #expect(recorder.events == [#"t 1.0 {"a":"]\""}"#, #"t 2.0 {"a":2}"#, #"t 3.0 {"a":[]}"#])
        #expect(String(decoding: recorder.replies, as: UTF8.self) == #"{"ack":"x\n"}{"ack":7}"#)
        #expect(recorder.decoder.unfinishedBytes == 0)
    }

    @Test(
        "JSON that is none of the protocol closes the connection",
        arguments: ["[1,2]", "{}", "[nope]", "[\"t\",1,{}}", "[]x", "[\"t\",1,{\"a\":1,}]"])
    func badJSON(_ text: String) {
        #expect(Recorder().fed(Array(text.utf8)) != nil)
    }

    // MARK: - Noise

    @Test("noise closes the connection or is ignored, and never more", arguments: 0..<400) func noise(seed: Int) {
        var generator = SeededGenerator(seed: UInt64(seed))
        let sources = WireTests.cases.map(\.sent).filter { !$0.isEmpty }
        var bytes = sources[Int.random(in: 0..<sources.count, using: &generator)]
        for _ in 0..<Int.random(in: 1...6, using: &generator) {
            bytes[Int.random(in: 0..<bytes.count, using: &generator)] = UInt8.random(in: 0...255, using: &generator)
        }
        let whole = Recorder()
        let failure = whole.fed(bytes)
        let dripped = Recorder()
        let other = dripped.fed(bytes, .dripped)
        // In one read a broken message may be found out before its end, byte by byte when it is complete.
        if dripped.decoder.unfinishedBytes == 0 || failure == nil {
            #expect((failure == nil) == (other == nil), "\(hex(bytes)): \(failure ?? "-"), \(other ?? "-")")
        }
        #expect(whole.events.sorted() == dripped.events.sorted(), "\(hex(bytes))")
        #expect(whole.replies == dripped.replies, "\(hex(bytes))")
    }

    @Test("inputs that once failed do no harm") func replay() {
        for (name, bytes) in GoldenData.failCases("Forward") {
            // The first byte is the fuzzer's choice of pieces.
            let elapsed = ThreadTime.seconds {
                for feeding in Feeding.allCases { Recorder().fed(Array(bytes.dropFirst()), feeding) }
            }
            #expect(elapsed < 2, "\(name)")
        }
    }
}
