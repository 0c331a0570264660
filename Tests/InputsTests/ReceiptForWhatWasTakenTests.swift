import Compression
import Events
import ForwardProtocol
import Inputs
import TestSupport
import Testing

/// An ack proves that the message was taken; what was not is named, with a code that says what it costs.
@Suite struct ReceiptForWhatWasTakenTests {
    private static let entry = "92 01 81 a1 61 01"
    private static let chunk = "a5 6368756e6b a1 63"

    private static func message(_ payload: [UInt8], _ option: String) -> [UInt8] {
        packed {
            $0.appendMessagePack(arrayCount: 3)
            $0.appendMessagePackString("t")
            $0.appendMessagePackBinary(payload)
        } + hex(option)
    }
    private static func word(_ text: String) -> String {
        "aa 636f6d70726573736564 " + hex(packed { $0.appendMessagePackString(text) })
    }
    private static func compressed(_ kind: String) throws -> [UInt8] {
        let source = ByteBuffer(hex(entry))
        var out = ByteBuffer()
        if kind == "gzip" {
            try Gzip.compress(source.all, of: source, into: &out)
        } else {
            try Zstandard.compress(source.all, of: source, into: &out)
        }
        return out.array()
    }

    @Test(
        "a compression that nobody knows is not acknowledged",
        arguments: ["lz4", "GZIP", "gzip ", "Zstd", "snappy", "deflate"], Feeding.allCases)
    func unknown(_ name: String, feeding: Feeding) {
        for payload in [hex("00 01"), hex(Self.entry)] {
            let recorder = Recorder()
            let failure = recorder.fed(Self.message(payload, "82 \(Self.word(name)) \(Self.chunk)"), feeding)
            #expect(failure == nil && recorder.replies.isEmpty && recorder.events.isEmpty)
            #expect(recorder.notes.map(\.code) == [.compression] && recorder.notes[0].costs == .message)
            #expect(recorder.warnings[0].hasPrefix("compressed=\(name) is not supported: gzip and zstd are"))
        }
    }

    @Test("nor is one that is no text", arguments: ["01", "c3", "91 a4 677a6970", "80", "d4 05 00"])
    func noText(_ value: String) {
        let recorder = Recorder()
        recorder.fed(Self.message(hex(Self.entry), "82 aa 636f6d70726573736564 \(value) \(Self.chunk)"))
        #expect(recorder.replies.isEmpty && recorder.events.isEmpty)
        #expect(recorder.notes.map(\.code) == [.compression])
    }

    @Test("the words for no compression are taken", arguments: ["text", ""]) func plain(_ name: String) {
        let recorder = Recorder()
        recorder.fed(Self.message(hex(Self.entry), "82 \(Self.word(name)) \(Self.chunk)"))
        #expect(recorder.events == [#"t 1.0 {"a":1}"#] && !recorder.replies.isEmpty && recorder.notes.isEmpty)
    }

    @Test("compressed events that the message does not call so", arguments: ["gzip", "zstd"], Feeding.allCases)
    func unmarked(_ kind: String, feeding: Feeding) throws {
        let recorder = Recorder()
        let bytes = Self.message(try Self.compressed(kind), "81 \(Self.chunk)")
        #expect(recorder.fed(bytes, feeding) == nil)
        #expect(recorder.replies.isEmpty && recorder.events.isEmpty)
        #expect(recorder.warnings.first?.hasPrefix("packed events are \(kind), but the message does not say") == true)
    }

    @Test("bytes that are no entries", arguments: ["00 01", "c0", "81 a1 61 01", "ff"]) func noEntries(
        _ payload: String
    ) {
        let recorder = Recorder()
        #expect(recorder.fed(Self.message(hex(payload), "81 \(Self.chunk)")) == nil)
        #expect(recorder.replies.isEmpty && recorder.events.isEmpty)
        #expect(recorder.notes.map(\.code) == [.event] && recorder.notes[0].costs == .message)
    }

    @Test("entries cut short: those before count, and the rest is named", arguments: Feeding.allCases)
    func cutShort(feeding: Feeding) {
        for length in 7..<12 {
            let recorder = Recorder()
            let payload = Array(hex(Self.entry + Self.entry).prefix(length))
            #expect(recorder.fed(Self.message(payload, "81 \(Self.chunk)"), feeding) == nil)
            #expect(recorder.events == [#"t 1.0 {"a":1}"#])
            #expect(recorder.notes.map(\.code) == [.cutShort] && recorder.notes[0].costs == .event)
        }
    }

    /// Elements that the protocol does not have: the message, whether it may be acknowledged, what is said.
    static let strangeElements: [(String, Bool, String)] = [
        ("94 a1 74 91 \(entry) 81 \(chunk) 91 \(entry)", false, "4 elements, 3 are read"),
        ("94 a1 74 91 \(entry) 81 \(chunk) c4 06 \(entry)", false, "4 elements, 3 are read"),
        ("95 a1 74 01 81 a1 61 01 81 \(chunk) 81 a1 62 02", false, "5 elements, 4 are read"),
        ("95 a1 74 01 81 a1 61 01 81 \(chunk) a5 6578747261", true, "5 elements, 4 are read"),
        ("95 a1 74 01 81 a1 61 01 81 \(chunk) c0", true, "5 elements, 4 are read"),
        ("94 a1 74 91 \(entry) 81 \(chunk) 90", true, "4 elements, 3 are read"),
        ("94 a1 74 91 \(entry) 91 \(entry) 81 \(chunk)", false, "4 elements, 2 are read"),
        ("93 a1 74 91 \(entry) 05", false, "3 elements, 2 are read"),
    ]

    @Test("elements that the protocol does not have", arguments: strangeElements, Feeding.allCases)
    func strange(one: (String, Bool, String), feeding: Feeding) {
        let recorder = Recorder()
        #expect(recorder.fed(hex(one.0) + hex("93 a1 7a 09 80"), feeding) == nil)
        #expect(recorder.events == [#"t 1.0 {"a":1}"#, "z 9.0 {}"])
        #expect(recorder.replies.isEmpty == !one.1)
        #expect(recorder.notes.map(\.code) == [.extra])
        #expect(recorder.warnings[0].contains(one.2))
    }

    @Test("idle elements are named once for a client") func once() {
        let recorder = Recorder()
        for _ in 0..<5 { recorder.fed(hex("95 a1 74 01 80 80 01")) }
        #expect(recorder.notes.count == 1 && recorder.notes[0].costs == .nothing && recorder.events.count == 5)
    }

    @Test("a nil option is none") func nilOption() {
        let recorder = Recorder()
        recorder.fed(hex("94 a1 74 01 80 c0 93 a1 74 91 92 02 80 c0"))
        #expect(recorder.events.count == 2 && recorder.notes.isEmpty)
    }

    @Test("a time as text is shown", arguments: Feeding.allCases) func textTime(feeding: Feeding) {
        let recorder = Recorder()
        let date = "aa 323032362d30332d3034"
        #expect(
            recorder.fed(
                hex("93 a1 74 \(date) 81 a1 69 01 92 a1 74 91 92 \(date) 80 94 a1 74 \(date) 80 81 \(Self.chunk)"),
                feeding) == nil)
        #expect(recorder.events.isEmpty)
        #expect(recorder.notes.map(\.code) == [.time, .time, .time])
        #expect(
            recorder.warnings.allSatisfy {
                $0.hasPrefix("the time is the text '2026-03-04'; a number or an EventTime is expected (1 in")
            })
    }

    @Test("each kind of fault is counted by itself") func kinds() {
        let recorder = Recorder()
        recorder.fed(hex("92 a1 74 97 01 92 c3 80 92 c3 80 92 a1 78 80 92 d4 05 00 80 92 01 05 92 07 80"))
        #expect(recorder.events == ["t 7.0 {}"])
        #expect(Set(recorder.notes.map(\.code)) == [.event, .time])
        #expect(recorder.notes.count == 5)
        #expect(recorder.warnings.contains { $0.contains("neither a number nor an EventTime (2 in one message") })
    }
}
