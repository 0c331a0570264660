import Events
import Foundation
import Logging
import Outputs
import TestSupport
import Testing
import Time

@Suite("stdout")
struct StdoutTests {
    @Test("every line of the golden file comes out as it went in")
    func golden() throws {
        let text = try String(decoding: GoldenData.bytes("exact-stdout.txt"), as: UTF8.self)
        let lines = text.split(separator: "\n")
        #expect(lines.count == 120)
        let pipe = try PipeEnd()
        let emitter = StdoutEmitter(sink: TextSink(descriptor: pipe.input), format: LineFormat(.stdout, offset: 0))
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
            (LineFormat.Kind.json, #"{"a":1,"b":"x\ty","c":{"d":null},"e":null}"# + "\n"),
            (.ltsv, "a:1\tb:x y\tc:{\"d\":null}\te:\n"),
            (.stdout, #"2019-12-17 18:55:04.123456789 +0100 t: {"a":1,"b":"x\ty","c":{"d":null},"e":null}"# + "\n"),
        ])
    func formats(kind: LineFormat.Kind, expected: String) throws {
        let pipe = try PipeEnd()
        let emitter = StdoutEmitter(sink: TextSink(descriptor: pipe.input), format: LineFormat(kind, offset: 3600))
        var batch = SampleBatch("t")
        try batch.add(#"{"a":1,"b":"x\ty","c":{"d":null},"e":null}"#)
        _ = batch.emit(to: emitter)
        #expect(pipe.read() == expected)
    }

    @Test("a closed standard output is said once, and kills nobody")
    func closed() throws {
        signal(SIGPIPE, SIG_IGN)
        let pipe = try PipeEnd()
        pipe.closeOutput()
        let recorder = LogRecorder()
        let sink = TextSink(descriptor: pipe.input, log: Log(handler: recorder))
        let emitter = StdoutEmitter(sink: sink, format: LineFormat(.json))
        for _ in 0..<3 {
            var batch = SampleBatch()
            try batch.add(#"{"a":1}"#)
            #expect(batch.emit(to: emitter) == .accepted)
        }
        #expect(recorder.entries.count == 1)
        #expect(sink.droppedBytes == 24)
    }

    @Test("a full pipe that nobody reads costs the rest of the batch, and lines stay lines")
    func full() throws {
        let pipe = try PipeEnd(nonBlocking: true)
        let sink = TextSink(descriptor: pipe.input, patienceMilliseconds: 1)
        let emitter = StdoutEmitter(sink: sink, format: LineFormat(.json))
        var batch = SampleBatch()
        for number in 0..<20_000 { try batch.add(#"{"n":\#(number + 100_000)}"#) }
        _ = batch.emit(to: emitter)
        #expect(sink.droppedBytes > 0)
        _ = pipe.read()
        _ = batch.emit(to: emitter)
        let rest = pipe.read()
        #expect(rest.hasPrefix("\n"), "what was cut is ended first")
        #expect(rest.dropFirst().hasPrefix(#"{"n":100000}"#))
    }
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
