import Events
import Foundation
import Logging
import Outputs
import Synchronization
import TestSupport
import Testing
import Time

@Suite("stdout")
struct StdoutTests {
    private let writer: WriterThread

    init() throws { writer = try WriterThread() }

    @Test("every line of the golden file comes out as it went in")
    func golden() throws {
        let text = try String(decoding: GoldenData.bytes("exact-stdout.txt"), as: UTF8.self)
        let lines = text.split(separator: "\n")
        #expect(lines.count == 120)
        let pipe = try PipeEnd()
        let emitter = StdoutEmitter(
            sink: TextSink(descriptor: pipe.input, writer: writer), format: .stdout(offset: 0))
        for line in lines {
            let event = try #require(GoldenLine(line))
            var batch = SampleBatch(event.tag)
            try batch.add(event.json, event.time)
            #expect(batch.emit(to: emitter) == .accepted)
            #expect(pipe.read() == line + "\n")
        }
    }

    @Test(
        "formats",
        arguments: [
            (RecordFormat.Kind.json, #"{"a":1,"b":"x\ty","c":{"d":null},"e":null}"# + "\n"),
            (.ltsv, "a:1\tb:x y\tc:{\"d\"=>nil}\te:\n"),
            (.hash, #"{"a"=>1, "b"=>"x\ty", "c"=>{"d"=>nil}, "e"=>nil}"# + "\n"),
            (.stdout, #"2019-12-17 18:55:04.123456789 +0100 t: {"a":1,"b":"x\ty","c":{"d":null},"e":null}"# + "\n"),
        ])
    func formats(kind: RecordFormat.Kind, expected: String) throws {
        let pipe = try PipeEnd()
        let emitter = StdoutEmitter(
            sink: TextSink(descriptor: pipe.input, writer: writer),
            format: kind == .stdout ? .stdout(offset: 3600) : RecordFormat(kind))
        var batch = SampleBatch("t")
        try batch.add(#"{"a":1,"b":"x\ty","c":{"d":null},"e":null}"#)
        _ = batch.emit(to: emitter)
        #expect(pipe.read() == expected)
    }

    @Test(
        "an event is one line whatever a client put into it, and no byte of it is obeyed by a terminal",
        arguments: RecordFormat.Kind.allCases.filter { $0 != .msgpack })
    func strangers(kind: RecordFormat.Kind) throws {
        let evil = "x\u{1b}]0;t\u{7}\n2026 forged\r\t\u{9b}31m\u{7f}\u{202e}\u{2028}ü"
        let pipe = try PipeEnd()
        var format = kind == .stdout ? .stdout(offset: 0) : RecordFormat(kind)
        if [.csv, .tsv, .singleValue].contains(kind) { format.fields = [RecordAccessor(key: "k" + evil)] }
        let emitter = StdoutEmitter(sink: TextSink(descriptor: pipe.input, writer: writer), format: format)
        let json = try String(
            decoding: JSONSerialization.data(withJSONObject: ["k" + evil: evil, "n": [evil: [evil]]]), as: UTF8.self)
        var batch = SampleBatch("t." + evil)
        try batch.add(json)
        _ = batch.emit(to: emitter)
        let line = pipe.read()
        #expect(line.hasSuffix("\n"))
        let dangerous = line.dropLast().unicodeScalars.filter {
            $0.value < 0x20 || (0x7f...0x9f).contains($0.value) || [0x202e, 0x2028].contains($0.value)
        }
        #expect(dangerous.allSatisfy { $0 == "\t" })
        #expect(line.contains("ü"))
        switch kind {
        case .ltsv: #expect(dangerous.count == 1, "one tab between two fields")
        case .outFile: #expect(dangerous.count == 2, "tabs behind time and tag")
        case .csv, .tsv, .singleValue: #expect(dangerous.count == 1, "the value's own tab")
        default: #expect(dangerous.isEmpty)
        }
        if [.json, .outFile, .stdout].contains(kind) {
            let start = try #require(line.firstIndex(of: "{"))
            let object = try JSONSerialization.jsonObject(with: Data(line[start...].utf8)) as? [String: Any]
            #expect(object?["k" + evil] as? String == evil)
        }
        if kind == .stdout { #expect(line.contains(" t.x\\u001b]0;t\\u0007\\n2026 forged\\r\\t\\u009b31m\\u007f")) }
    }

    @Test("a tag that is not UTF-8 is repaired, one in another script stays as it is")
    func tags() throws {
        let pipe = try PipeEnd()
        let emitter = StdoutEmitter(
            sink: TextSink(descriptor: pipe.input, writer: writer), format: .stdout(offset: 0))
        for (tag, shown) in [([0x61, 0x9B, 0x62], "a\u{FFFD}b"), (Array("größe.дом".utf8), "größe.дом")]
            as [([UInt8], String)]
        {
            var batch = SampleBatch(Events.Tag(tag))
            try batch.add("{}")
            _ = batch.emit(to: emitter)
            #expect(pipe.read().hasSuffix(" \(shown): {}\n"))
        }
    }

    @Test("a closed standard output is said once, kills nobody, and its events are counted as lost")
    func closed() throws {
        signal(SIGPIPE, SIG_IGN)
        let pipe = try PipeEnd()
        pipe.closeOutput()
        let recorder = LogRecorder()
        let sink = TextSink(descriptor: pipe.input, writer: writer, log: Log(handler: recorder))
        let emitter = StdoutEmitter(sink: sink, format: RecordFormat(.json))
        for _ in 0..<3 {
            var batch = SampleBatch()
            try batch.add(#"{"a":1}"#)
            #expect(batch.emit(to: emitter) == .accepted)
            writer.drain(withinSeconds: 30)
        }
        #expect(recorder.entries.count == 1)
        #expect(sink.giveUp() == 3)
        #expect(sink.giveUp() == 0)
    }

    @Test("nobody reads: events wait, then their inputs, then they are refused; read, they come out whole")
    func backPressure() throws {
        let pipe = try PipeEnd()
        let recorder = LogRecorder()
        let sink = TextSink(descriptor: pipe.input, limitBytes: 50_000, writer: writer, log: Log(handler: recorder))
        let emitter = StdoutEmitter(sink: sink, format: RecordFormat(.json))
        let rooms = Mutex(0)
        sink.whenRoom { rooms.withLock { $0 += 1 } }
        var batch = SampleBatch()
        for number in 0..<1000 { try batch.add(#"{"n":\#(number + 100_000)}"#) }
        var answers: [Acceptance] = []
        repeat { answers.append(batch.emit(to: emitter)) } while answers.count < 100 && answers.last?.isRefused == false
        #expect(answers.count < 100 && answers.contains(.acceptedFull))
        #expect(recorder.lines.contains { $0.contains("standard output is not read fast enough") })
        let taken = (answers.count - 1) * 1000
        var text = ""
        while text.utf8.count < taken * 13 { text += pipe.read() }
        #expect(
            text == String(repeating: (100_000..<101_000).map { "{\"n\":\($0)}\n" }.joined(), count: answers.count - 1))
        #expect(writer.drain(withinSeconds: 30))
        #expect(sink.giveUp() == 0)
        // Twice when the writer had filled the pipe before the last of them came.
        let fulls = answers.count { $0 == .acceptedFull }
        #expect((1...fulls).contains(rooms.withLock { $0 }))
    }

    @Test("what nobody has read at the end is given up, and its events are counted")
    func stop() throws {
        let pipe = try PipeEnd()
        let sink = TextSink(descriptor: pipe.input, writer: writer)
        let emitter = StdoutEmitter(sink: sink, format: RecordFormat(.json))
        var batch = SampleBatch()
        for number in 0..<10_000 { try batch.add(#"{"n":\#(number + 100_000)}"#) }
        #expect(batch.emit(to: emitter) == .accepted)
        #expect(!writer.drain(withinSeconds: 0.05), "a pipe holds 64 KiB, and these are 130,000 bytes")
        let lost = sink.giveUp()
        let read = pipe.read()
        #expect(lost >= 10_000 - read.split(separator: "\n").count && lost < 10_000)
        #expect(sink.giveUp() == 0)
    }

    @Test("copies of the stdout filter are dropped and counted, and never hold up or refuse an event")
    func copies() throws {
        let pipe = try PipeEnd()
        let recorder = LogRecorder()
        let sink = TextSink(descriptor: pipe.input, limitBytes: 50_000, writer: writer, log: Log(handler: recorder))
        let emitter = StdoutEmitter(sink: sink, format: RecordFormat(.json), purpose: .view)
        var batch = SampleBatch()
        for number in 0..<1000 { try batch.add(#"{"n":\#(number + 100_000)}"#) }
        for _ in 0..<40 { #expect(batch.emit(to: emitter) == .accepted) }
        while recorder.entries.isEmpty { _ = pipe.read() }
        #expect(recorder.lines.count == 1)
        #expect(
            recorder.lines[0].hasPrefix("[warn]: copies of stdout filters were dropped: nobody reads standard output"))
    }
}

extension RecordFormat {
    /// The stdout format, so many seconds ahead of UTC.
    fileprivate static func stdout(offset: Int) -> RecordFormat {
        var format = RecordFormat(.stdout)
        format.time = .fluentd(offset: offset)
        return format
    }
}

extension Acceptance {
    fileprivate var isRefused: Bool { if case .refused = self { true } else { false } }
}

/// `2019-12-17 17:55:04.123456789 +0000 tag: {json}`, taken apart.
struct GoldenLine {
    let time: EventTime
    let tag: String
    let json: String

    init?(_ line: some StringProtocol) {
        let parts = line.split(separator: " ", maxSplits: 4)
        guard parts.count == 5 else { return nil }
        let date = parts[0].split(separator: "-").compactMap { Int($0) }
        let clock = parts[1].split(whereSeparator: { $0 == ":" || $0 == "." }).compactMap { Int($0) }
        guard date.count == 3, clock.count == 4 else { return nil }
        let civil = CivilTime(
            year: date[0], month: date[1], day: date[2], hour: clock[0], minute: clock[1], second: clock[2])
        time = EventTime(seconds: civil.seconds, nanoseconds: UInt32(clock[3]))
        tag = String(parts[3].dropLast())
        json = String(parts[4])
    }
}

/// A pipe whose writing end is given to the code under test.
final class PipeEnd {
    let input: Int32
    private var output: Int32

    init(nonBlocking: Bool = false) throws {
        var ends: [Int32] = [0, 0]
        guard pipe(&ends) == 0 else { throw POSIXError(.EMFILE) }
        if nonBlocking { _ = fcntl(ends[1], F_SETFL, O_NONBLOCK) }
        (output, input) = (ends[0], ends[1])
    }

    deinit {
        close(input)
        closeOutput()
    }

    func closeOutput() {
        if output >= 0 { close(output) }
        output = -1
    }

    /// What is there now.
    func read() -> String {
        var bytes = [UInt8](repeating: 0, count: 1 << 20)
        let count = Glibc.read(output, &bytes, bytes.count)
        return String(decoding: bytes.prefix(max(count, 0)), as: UTF8.self)
    }
}
