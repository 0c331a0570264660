import Compression
import Events
import ForwardProtocol
import Inputs
import TestSupport
import Testing

/// Messages with more entries than a batch takes are read in slices, in several turns, and wait where there is no room.
@Suite struct SlicedMessageTests {
    enum Form: CaseIterable { case forward, packed, gzip, zstd, json }

    /// A message of `count` events with the numbers 0, 1, …, in each form.
    static func message(_ form: Form, count: Int, chunk: String? = "c", tag: String = "t") throws -> [UInt8] {
        if form == .json {
            let entries = (0..<count).map { "[1,{\"n\":\($0)}]" }.joined(separator: ",")
            return Array("[\"\(tag)\",[\(entries)]\(chunk.map { ",{\"chunk\":\"\($0)\"}" } ?? "")]".utf8)
        }
        let entries = packed { out in
            for number in 0..<count {
                out.append(hex("92 01 81 a1 6e"))
                out.appendMessagePack(Int64(number))
            }
        }
        let source = ByteBuffer(entries)
        var payload = ByteBuffer()
        switch form {
        case .gzip: try Gzip.compress(source.all, of: source, into: &payload)
        case .zstd: try Zstandard.compress(source.all, of: source, into: &payload)
        default: payload.append(entries)
        }
        let content = payload.array()
        let word = form == .gzip ? "gzip" : form == .zstd ? "zstd" : nil
        return packed { out in
            out.appendMessagePack(arrayCount: 3)
            out.appendMessagePackString(tag)
            if form == .forward {
                out.appendMessagePack(arrayCount: count)
                out.append(content)
            } else {
                out.appendMessagePackBinary(content)
            }
            out.appendMessagePack(mapCount: (chunk == nil ? 0 : 1) + (word == nil ? 0 : 1))
            for (key, value) in [("chunk", chunk), ("compressed", word)] {
                guard let value else { continue }
                out.appendMessagePackString(key)
                out.appendMessagePackString(value)
            }
        }
    }

    static func events(_ count: Int) -> [String] { (0..<count).map { "t 1.0 {\"n\":\($0)}" } }

    static func options(batch: Int, turn: Int = .max) -> ForwardOptions {
        var options = ForwardOptions()
        options.limits.batchRecords = batch
        options.limits.turnRecords = turn
        return options
    }

    @Test("each event knows its place in its message, whole or in slices", arguments: Form.allCases, [3, 100])
    func places(form: Form, batch: Int) throws {
        let recorder = Recorder(Self.options(batch: batch))
        #expect(recorder.fed(try Self.message(form, count: 10)) == nil)
        #expect(recorder.fed(try Self.message(form, count: 2, chunk: "d")) == nil)
        #expect(recorder.fed(try Self.message(form, count: 2, chunk: nil)) == nil)
        #expect(recorder.places == (0..<10).map { "c \($0)" } + (0..<2).map { "d \($0)" } + ["none", "none"])
    }

    static func ack(_ form: Form, _ chunk: String = "c") -> [UInt8] {
        if form == .json { return Array("{\"ack\":\"\(chunk)\"}".utf8) }
        return packed {
            $0.appendMessagePack(mapCount: 1)
            $0.appendMessagePackString("ack")
            $0.appendMessagePackString(chunk)
        }
    }

    @Test("every size around a slice gives the same events and one ack", arguments: Form.allCases, Feeding.allCases)
    func sizes(form: Form, feeding: Feeding) throws {
        for count in [1, 9, 10, 11, 19, 20, 21, 95] {
            for turn in [Int.max, 25, 1] {
                let recorder = Recorder(Self.options(batch: 10, turn: turn))
                let bytes = try Self.message(form, count: count)
                #expect(recorder.fed(bytes + bytes, feeding) == nil)
                #expect(recorder.events == Self.events(count) + Self.events(count), "\(count) events, turns of \(turn)")
                #expect(recorder.replies == Self.ack(form) + Self.ack(form))
                #expect(recorder.decoder.unfinishedBytes == 0 && recorder.notes.isEmpty)
                if feeding == .whole, turn == 25, count == 95 { #expect(recorder.turns >= 4) }
            }
        }
    }

    @Test("a full buffer stops it in the middle, and the ack waits for the end", arguments: Form.allCases)
    func backPressure(form: Form) throws {
        let recorder = Recorder(Self.options(batch: 10))
        recorder.answer = { _ in .acceptedFull }
        try recorder.receive(try Self.message(form, count: 35))
        #expect(recorder.decoder.isSuspended)
        #expect(recorder.events == Self.events(10) && recorder.pauses == 1 && recorder.replies.isEmpty)
        // What comes meanwhile is kept.
        try recorder.receive(try Self.message(form, count: 1, chunk: "d"))
        #expect(recorder.events.count == 10)
        var seen = [10]
        while recorder.decoder.isSuspended {
            try recorder.decoder.proceed(recorder)
            seen.append(recorder.events.count)
        }
        #expect(Array(seen.prefix(4)) == [10, 20, 30, 35])
        #expect(recorder.events == Self.events(35) + Self.events(1))
        #expect(recorder.replies == Self.ack(form) + Self.ack(form, "d"))
        #expect(recorder.pauses >= 4)
    }

    @Test(
        "a refused slice is not acknowledged, and the client's copy is waited for", arguments: Form.allCases, [0, 1, 3])
    func refused(form: Form, slice: Int) throws {
        let recorder = Recorder(Self.options(batch: 10))
        recorder.answer = { _ in recorder.batches == slice + 1 ? .refused(Refusal(.full, "full")) : .accepted }
        #expect(recorder.fed(try Self.message(form, count: 35) + (try Self.message(form, count: 2, chunk: "d"))) == nil)
        #expect(recorder.replies == Self.ack(form, "d"))
        #expect(recorder.events.count == min((slice + 1) * 10, 35) + 2)
    }

    @Test("without an ack the rest of it is still wanted", arguments: Form.allCases) func refusedWithoutAck(form: Form)
        throws
    {
        let recorder = Recorder(Self.options(batch: 10))
        recorder.answer = { _ in recorder.batches == 1 ? .refused(Refusal(.full, "full")) : .accepted }
        #expect(recorder.fed(try Self.message(form, count: 35, chunk: nil)) == nil)
        #expect(recorder.events == Self.events(35) && recorder.replies.isEmpty)
    }

    @Test("drained, all of it is handed on whatever room there is", arguments: Form.allCases) func drain(form: Form)
        throws
    {
        let recorder = Recorder(Self.options(batch: 10, turn: 10))
        recorder.answer = { _ in .acceptedFull }
        try recorder.receive(try Self.message(form, count: 35))
        #expect(recorder.events.count == 10)
        try recorder.decoder.drain(recorder)
        #expect(recorder.events == Self.events(35) && recorder.replies == Self.ack(form))
        #expect(!recorder.decoder.isSuspended)
    }

    @Test("many small messages stop and go on in the same way", arguments: [1, 3, 100]) func small(turn: Int) throws {
        let recorder = Recorder(Self.options(batch: 3, turn: turn))
        recorder.answer = { _ in .acceptedFull }
        let bytes = try (0..<20).flatMap { try Self.message(.forward, count: 1, chunk: "\($0)") }
        try recorder.receive(bytes)
        #expect(recorder.events.count == 3 && recorder.pauses == 1)
        while recorder.decoder.isSuspended { try recorder.decoder.proceed(recorder) }
        #expect(recorder.events == Array(repeating: "t 1.0 {\"n\":0}", count: 20))
        #expect(recorder.replies == (0..<20).flatMap { Self.ack(.forward, "\($0)") })
    }

    @Test(
        "an entry larger than a piece is read once there is all of it", arguments: [Form.gzip, .zstd], Feeding.allCases)
    func largeEntry(form: Form, feeding: Feeding) throws {
        // Its text is 1 MiB, of which 128 KiB are unpacked at once.
        let size = 1 << 20
        let source = ByteBuffer(
            hex("92 01 81 a1 61 01") + hex("92 02 81 a1 61 db 00 10 00 00") + [UInt8](repeating: 0x78, count: size)
                + hex("92 03 81 a1 61 03"))
        var payload = ByteBuffer()
        if form == .gzip {
            try Gzip.compress(source.all, of: source, into: &payload)
        } else {
            try Zstandard.compress(source.all, of: source, into: &payload)
        }
        let content = payload.array()
        let recorder = Recorder()
        let bytes = packed {
            $0.appendMessagePack(arrayCount: 3)
            $0.appendMessagePackString("t")
            $0.appendMessagePackBinary(content)
            $0.appendMessagePack(mapCount: 1)
            $0.appendMessagePackString("compressed")
            $0.appendMessagePackString(form == .gzip ? "gzip" : "zstd")
        }
        #expect(recorder.fed(bytes, feeding) == nil)
        #expect(recorder.events.map { $0.prefix(12) } == ["t 1.0 {\"a\":1", "t 2.0 {\"a\":\"", "t 3.0 {\"a\":3"])
        #expect(recorder.events[1].utf8.count == size + 14)
    }

    @Test(
        "a broken entry behind the first slice closes the connection without an ack", arguments: [Form.packed, .gzip])
    func broken(form: Form) throws {
        var entries = (0..<25).flatMap { _ in hex("92 01 81 a1 6e 00") }
        entries += [0xC1]
        let source = ByteBuffer(entries)
        var payload = ByteBuffer()
        if form == .gzip { try Gzip.compress(source.all, of: source, into: &payload) } else { payload.append(entries) }
        let content = payload.array()
        let recorder = Recorder(Self.options(batch: 10))
        let failure = recorder.fed(
            packed {
                $0.appendMessagePack(arrayCount: 3)
                $0.appendMessagePackString("t")
                $0.appendMessagePackBinary(content)
                $0.appendMessagePack(mapCount: 2)
                $0.appendMessagePackString("chunk")
                $0.appendMessagePackString("c")
                $0.appendMessagePackString("compressed")
                $0.appendMessagePackString(form == .gzip ? "gzip" : "text")
            })
        #expect(failure?.hasPrefix("not MessagePack: byte 0xC1") == true)
        #expect(recorder.events.count == 20 && recorder.replies.isEmpty)
    }

    @Test("a broken event in a later slice costs the rest with skip_invalid_event false") func strict() {
        var options = Self.options(batch: 10)
        options.skipsInvalidEvents = false
        let recorder = Recorder(options)
        let bytes = packed {
            $0.appendMessagePack(arrayCount: 3)
            $0.appendMessagePackString("t")
            $0.appendMessagePack(arrayCount: 40)
            for index in 0..<40 { $0.append(index == 15 ? hex("92 a1 78 80") : hex("92 01 80")) }
            $0.appendMessagePack(mapCount: 1)
            $0.appendMessagePackString("chunk")
            $0.appendMessagePackString("c")
        }
        #expect(recorder.fed(bytes) == nil)
        #expect(recorder.events.count == 10 && recorder.replies.isEmpty)
        #expect(recorder.notes.map(\.costs) == [.message])
    }

    @Test("source fields are in the events of every slice", arguments: Form.allCases) func sourceFields(form: Form)
        throws
    {
        let recorder = Recorder(Self.options(batch: 10))
        recorder.decoder.sourceFields = [(Array("h".utf8), Array("x".utf8))]
        #expect(recorder.fed(try Self.message(form, count: 35)) == nil)
        #expect(recorder.events == (0..<35).map { "t 1.0 {\"n\":\($0),\"h\":\"x\"}" })
    }

    @Test("memory is given back and bounded while millions of tiny events are unpacked") func tinyEvents() throws {
        // A megabyte of entries of three bytes; the limit of the batch shows how many records were held at once.
        let count = 350_000
        let source = ByteBuffer(Array(repeating: hex("92 00 80"), count: count).flatMap { $0 })
        var payload = ByteBuffer()
        try Gzip.compress(source.all, of: source, into: &payload)
        let content = payload.array()
        let recorder = Counter()
        let bytes = packed {
            $0.appendMessagePack(arrayCount: 3)
            $0.appendMessagePackString("t")
            $0.appendMessagePackBinary(content)
            $0.appendMessagePack(mapCount: 1)
            $0.appendMessagePackString("compressed")
            $0.appendMessagePackString("gzip")
        }
        let turns = try recorder.feed(bytes)
        #expect(recorder.count == count)
        #expect(recorder.largestBatch <= ForwardLimits().batchRecords)
        #expect(recorder.largestStorageBytes < 1 << 20)
        #expect(turns >= count / (ForwardLimits().turnRecords + ForwardLimits().batchRecords))
    }

    @Test("a message that arrives byte by byte costs in proportion to its size", .timeLimit(.minutes(10)))
    func linear() throws {
        func seconds(_ count: Int) throws -> Double {
            let bytes = try Self.message(.forward, count: count)
            let recorder = Recorder()
            return ThreadTime.seconds { recorder.fed(bytes, .dripped) } / Double(bytes.count)
        }
        _ = try seconds(500)
        let (small, large) = (try seconds(2_000), try seconds(16_000))
        #expect(large < small * 4 + 2e-6, "\(small) s and \(large) s a byte")
    }
}

/// Counts what a decoder hands on.
private final class Counter: ForwardSink {
    var count = 0
    var largestBatch = 0
    var largestStorageBytes = 0
    private let decoder = ForwardDecoder(options: ForwardOptions(), batches: PendingBatches { Events.Tag($0) })
    private var scratch = ByteBuffer()

    func feed(_ bytes: [UInt8]) throws -> Int {
        try bytes.withUnsafeBytes { try decoder.receive($0, scratch: &scratch, sink: self) }
        var turns = 1
        while decoder.isSuspended {
            try decoder.proceed(self)
            turns += 1
        }
        return turns
    }

    func deliver(tag: Events.Tag, storage: inout ByteBuffer, rows: inout Rows) -> Acceptance {
        count += rows.records.count
        largestBatch = max(largestBatch, rows.records.count)
        largestStorageBytes = max(largestStorageBytes, storage.count)
        return .accepted
    }
    func reply(_ bytes: borrowing ByteBuffer) {}
    func pause() {}
    func continueLater() {}
    func note(_ error: ForwardError, count: Int) {}
}
