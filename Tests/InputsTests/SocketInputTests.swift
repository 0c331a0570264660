import EventLoop
import Events
import Foundation
import Logging
import Parsing
import TestSupport
import Testing

@testable import Inputs

@Suite("Messages cut from a stream")
struct MessageFramerTests {
    /// What comes of pieces, each message as text.
    private func frames(_ pieces: [[UInt8]], _ framing: SocketFraming, limit: Int = 1000) -> [String] {
        var framer = MessageFramer(framing, limitBytes: limit)
        var result: [String] = []
        for piece in pieces {
            piece.withUnsafeBytes { framer.receive($0) }
            while let frame = framer.next() {
                switch frame {
                case .message(let slice): result.append(framer.bytes.text(slice))
                case .tooLong: result.append("too long")
                case .broken: result.append("broken")
                }
            }
        }
        return result
    }

    @Test(
        "the same messages, however the stream is cut", arguments: Feeding.allCases,
        [
            (SocketFraming.delimiter([0x0A]), "one\n\ntwo\nthr", ["one", "", "two"]),
            (.delimiter(Array("||".utf8)), "one||t|wo||||x", ["one", "t|wo", ""]),
            (.delimiter([0]), "a\nb\0c\0", ["a\nb", "c"]),
            (.octetCount, "3 one0 5 tw\no 4 thr", ["one", "", "tw\no "]),
            (.octetCount, "3 onex", ["one", "broken"]), (.octetCount, " 3 one", ["broken"]),
            (.octetCount, "1234567890 x", ["broken"]),
        ])
    func cuts(_ feeding: Feeding, _ one: (framing: SocketFraming, stream: String, expected: [String])) {
        #expect(frames(feeding.pieces(of: Array(one.stream.utf8)), one.framing) == one.expected)
    }

    @Test("a message beyond the limit is left out, and the next one comes", arguments: Feeding.allCases)
    func limits(_ feeding: Feeding) {
        let long = String(repeating: "x", count: 5000)
        #expect(
            frames(feeding.pieces(of: Array("a\n\(long)\nb\n".utf8)), .delimiter([0x0A]), limit: 10) == [
                "a", "too long", "b",
            ])
        #expect(
            frames(feeding.pieces(of: Array("a||\(long)||b||".utf8)), .delimiter(Array("||".utf8)), limit: 10) == [
                "a", "too long", "b",
            ])
        #expect(
            frames(feeding.pieces(of: Array("1 a5000 \(long)1 b".utf8)), .octetCount, limit: 10) == [
                "a", "too long", "b",
            ])
        #expect(frames(feeding.pieces(of: Array("0123456789\n".utf8)), .delimiter([0x0A]), limit: 10) == ["0123456789"])
    }

    @Test("what is kept of a message that is too long is no more than the limit")
    func memory() {
        var framer = MessageFramer(.delimiter([0x0A]), limitBytes: 100)
        for _ in 0..<1000 {
            [UInt8](repeating: 0x78, count: 1000).withUnsafeBytes { framer.receive($0) }
            #expect(framer.next() == nil)
            #expect(framer.keptBytes <= 101)
        }
    }

    @Test(
        "a priority is a number up to 191 between angle brackets",
        arguments: [
            ("<13>x", "user.notice x"), ("<0>", "kern.emerg "), ("<191>a", "local7.debug a"), ("<192>a", nil),
            ("<>a", nil),
            ("13>a", nil), ("<13", nil), ("<1234>a", nil), ("", nil), ("<a>", nil),
        ] as [(String, String?)])
    func priorities(_ message: String, _ expected: String?) {
        var bytes = ByteBuffer()
        let slice = bytes.append(copyOf: Array(message.utf8))
        let read = SyslogPriority.read(slice, bytes).map { priority, rest in
            "\(SyslogPriority.facility(priority)).\(SyslogPriority.severity(priority)) \(bytes.text(rest))"
        }
        #expect(read == expected)
    }
}

@Suite("Messages over sockets", .timeLimit(.minutes(5)))
struct SocketInputTests {
    private final class Running: @unchecked Sendable {  // as RunningInput
        let collector = Collector()
        let log = LogRecorder()
        let port: UInt16
        private let input: SocketInput
        private let thread: LoopThread

        init(
            _ transport: SocketSettings.Transport, gates: OutputGates? = nil,
            _ change: (inout SocketSettings) -> Void = { _ in }
        )
            throws
        {
            var settings = SocketSettings(
                transport, host: "127.0.0.1", port: 0, tag: "t", parser: .none(), messageBytes: 100)
            change(&settings)
            let loop = try Loop()
            let pressure = gates.map { Pressure(gates: $0) }
            collector.pressure = pressure
            input = SocketInput(
                settings, tls: nil, on: loop, emitter: collector, log: Log(handler: log), pressure: pressure)
            try input.start()
            port = input.port
            thread = try LoopThread.start(loop, name: "test-socket")
        }

        func perform(_ job: @escaping @Sendable (SocketInput) -> Void) { thread.loop.submit { job(self.input) } }

        /// What stands in the first field.
        var messages: [String] { collector.events.map { String($0.split(separator: "\"").dropLast().last ?? "") } }

        func wait(_ count: Int) -> [String] {
            _ = collector.wait(for: count)
            return messages
        }

        func stop() -> [String] {
            perform { $0.close() }
            thread.loop.stop()
            return thread.join()
        }
    }

    @Test("while a buffer is full a client is not read, and nothing that was read is lost")
    func full() throws {
        let running = try Running(.tcp)
        let client = try Client(port: running.port)
        running.collector.state.withLock { $0.answer = .acceptedFull }
        let lines = (1...20_000).map { "line \($0)" }
        let text = Array(lines.map { $0 + "\n" }.joined().utf8)
        try client.send(Array(text.prefix(1000)))
        _ = running.collector.wait(for: 1)
        nonisolated(unsafe) let sender = client
        DispatchQueue.global().async { try? sender.send(Array(text.dropFirst(1000))) }
        sleepMilliseconds(200)
        let taken = running.messages.count
        #expect(taken < 20_000)
        running.collector.state.withLock { $0.answer = .accepted }
        running.perform { $0.resumeReading() }
        #expect(running.wait(20_000) == lines)
        #expect(running.stop() == [])
    }

    @Test("one tag's full output holds its own clients, and others go on") func gates() throws {
        let gates = OutputGates()
        let gate = gates.makeGate()
        let running = try Running(.tcp, gates: gates) {
            $0.syslog = .init(parserTakesPriority: false)
        }
        gate.close()
        running.collector.state.withLock { $0.full["t.user.notice"] = gate }
        let (held, free) = (try Client(port: running.port), try Client(port: running.port))
        try held.send(Array("<13>one\n".utf8))
        #expect(running.wait(1) == ["one"])
        try held.send(Array("<13>two\n".utf8))
        try free.send(Array("<14>three\n".utf8))
        #expect(running.wait(2) == ["one", "three"])
        gate.open()
        running.perform { $0.resumeReading() }
        #expect(running.wait(3) == ["one", "three", "two"])
        #expect(running.stop() == [])
    }

    @Test("nothing is read while it rests or after a stop", arguments: [SocketSettings.Transport.tcp, .udp])
    func rests(_ transport: SocketSettings.Transport) throws {
        let running = try Running(transport)
        let send = try sender(transport, running.port)
        try send("one\n")
        #expect(running.wait(1) == ["one"])
        running.perform { $0.rest() }
        sleepMilliseconds(50)
        try send("two\n")
        sleepMilliseconds(100)
        #expect(running.messages == ["one"])
        running.perform { $0.goOn() }
        #expect(running.wait(2) == ["one", "two"])
        running.perform { $0.stopReading() }
        sleepMilliseconds(50)
        _ = try? send("three\n")
        sleepMilliseconds(100)
        #expect(running.messages == ["one", "two"])
        #expect(running.stop() == [])
    }

    private func sender(_ transport: SocketSettings.Transport, _ port: UInt16) throws -> (String) throws -> Void {
        if transport == .tcp {
            let client = try Client(port: port)
            return { try client.send(Array($0.utf8)) }
        }
        return { text in
            let descriptor = socket(AF_INET, Int32(SOCK_DGRAM.rawValue), 0)
            defer { close(descriptor) }
            var address = sockaddr_in()
            address.sin_family = sa_family_t(AF_INET)
            address.sin_port = port.bigEndian
            address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
            let bytes = Array(text.utf8)
            withUnsafePointer(to: &address) {
                $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                    _ = sendto(descriptor, bytes, bytes.count, 0, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
                }
            }
        }
    }

    @Test(
        "a GELF message's own fields lose their underscore and stand behind the others, or in the place of their name",
        arguments: [(true, #"{"host":"h","a":4,"_":1,"b":3}"#), (false, #"{"host":"h","a":2,"_":1,"_b":3,"_a":4}"#)])
    func gelf(_ strips: Bool, _ expected: String) throws {
        var options = ParserOptions()
        (options.timeKey, options.timeType) = ("timestamp", .float)
        let recipe = try ParserRecipe.json(options)
        let running = try Running(.udp) {
            $0.parser = recipe
            $0.messageBytes = 1000
            $0.gelf = .init()
            $0.gelf?.stripsUnderscores = strips
        }
        let send = try sender(.udp, running.port)
        try send(#"{"host":"h","a":2,"_":1,"timestamp":1715000000.5,"_b":3,"_a":4}"#)
        _ = running.collector.wait(for: 1)
        let event = running.collector.events.first ?? ""
        #expect(event.contains(expected), "\(event)")
        #expect(running.stop() == [])
    }

    @Test("a client that <security> does not name is turned away, and said") func security() throws {
        let running = try Running(.tcp) { $0.networks = [.init(octets: [10, 0, 0, 0], prefixBits: 8)] }
        let client = try Client(port: running.port)
        try client.send(Array("one\n".utf8))
        #expect(client.isClosed())
        #expect(running.collector.events == [])
        #expect(running.log.lines.contains { $0.contains("<security>") }, "\(running.log.lines)")
        #expect(running.stop() == [])
    }

    @Test("half a message at the end is left out, and said; a broken count closes the connection")
    func broken() throws {
        let running = try Running(.tcp) { $0.framing = .octetCount }
        do {
            let client = try Client(port: running.port)
            try client.send(Array("3 one9 tw".utf8))
            #expect(running.wait(1) == ["one"])
        }
        let other = try Client(port: running.port)
        try other.send(Array("x".utf8))
        #expect(other.isClosed())
        #expect(running.log.lines.contains { $0.contains("in the middle of a message") }, "\(running.log.lines)")
        #expect(running.log.lines.contains { $0.contains("octet_count") }, "\(running.log.lines)")
        #expect(running.stop() == [])
    }

    @Test("<extract> takes the tag of a record, and its time where the parser gives none")
    func extraction() throws {
        let running = try Running(.tcp) {
            $0.parser = try! .json(ParserOptions())
            $0.extraction = Extraction()
            $0.extraction?.tagKey = "app"
            $0.extraction?.time = .init(key: "at", source: .iso8601, zone: .utc)
            $0.parserGivesTime = false
        }
        let client = try Client(port: running.port)
        let long = String(repeating: "x", count: 5000)
        let lines = [
            #"{"app":"a","at":"1970-01-01T00:00:07Z"}"#, #"{"app":7,"at":"1970-01-01T00:00:08Z"}"#,
            #"{"at":"1970-01-01T00:00:09Z"}"#, #"{"app":"lost","at":"never"}"#,
            #"{"app":"b","at":"1970-01-01T00:00:10Z"}"#,
        ]
        try client.send(Array((lines.joined(separator: "\n") + "\n").utf8))
        _ = running.wait(4)
        #expect(
            running.collector.events == [
                "a 7 \(lines[0])", "7 8 \(lines[1])", "t 9 \(lines[2])", "b 10 \(lines[4])",
            ])
        #expect(running.log.lines.contains { $0.contains("a message is dropped") }, "\(running.log.lines)")
        #expect(running.stop() == [])
        var storage = ByteBuffer()
        var rows = Rows()
        rows.fields.append(
            Field(
                key: storage.append(copyOf: Array("app".utf8)),
                value: .string(storage.append(copyOf: Array(long.utf8)))))
        var extraction = Extraction()
        extraction.tagKey = "app"
        let record = Record(time: EventTime(seconds: 0), firstField: 0, fieldCount: 1)
        #expect(Extractor(extraction).tag(of: record, rows, storage)?.text.utf8.count == Extractor.maximumTagBytes)
    }

    @Test("a sample is as many events a second as it says, and no more after a full buffer") func sample() throws {
        let collector = Collector()
        let loop = try Loop()
        var settings = SampleInput.Settings(tag: "s", records: [#"{"a":1}"#, #"{"b":2}"#].map { Array($0.utf8) })
        settings.rate = 100
        settings.incrementedKey = "id"
        let input = SampleInput(settings, on: loop, emitter: collector)
        try input.start()
        let thread = try LoopThread.start(loop, name: "test-sample")
        _ = collector.wait(for: 20)
        nonisolated(unsafe) let made = input
        loop.submit { made.close() }
        loop.stop()
        #expect(thread.join() == [])
        let events = collector.events.map { $0.drop { $0 != "{" } }
        #expect(events.prefix(3) == [#"{"a":1,"id":0}"#, #"{"b":2,"id":1}"#, #"{"a":1,"id":2}"#])
        #expect(events.count < 200)
    }
}
