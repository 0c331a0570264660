import EventLoop
import Events
import Foundation
import HTTPServer
import Logging
import Testing
import Time

@testable import Inputs

@Suite("Requests with events", .timeLimit(.minutes(5)))
struct HTTPInputTests {
    private final class Running: @unchecked Sendable {  // as RunningInput
        let collector = Collector()
        let log = LogRecorder()
        let port: UInt16
        private let input: HTTPInput
        private let thread: LoopThread

        init(gates: OutputGates? = nil, _ change: (inout HTTPInput.Settings) -> Void = { _ in }) throws {
            var settings = HTTPInput.Settings(host: "127.0.0.1", port: 0)
            change(&settings)
            let loop = try Loop()
            let pressure = gates.map { Pressure(gates: $0) }
            collector.pressure = pressure
            input = HTTPInput(settings, on: loop, emitter: collector, log: Log(handler: log), pressure: pressure)
            try input.start()
            port = input.port
            thread = try LoopThread.start(loop, name: "test-http")
        }

        func perform(_ job: @escaping @Sendable (HTTPInput) -> Void) { thread.loop.submit { job(self.input) } }

        func stop() -> [String] {
            perform { $0.close() }
            thread.loop.stop()
            return thread.join()
        }
    }

    private func post(_ path: String, _ body: String, type: String = "application/json", _ more: String = "") -> [UInt8]
    {
        let head = "POST \(path) HTTP/1.1\r\nHost: x\r\nContent-Type: \(type)\r\nContent-Length: \(body.utf8.count)\r\n"
        return Array("\(head)\(more)\r\n\(body)".utf8)
    }

    /// The first line of the one answer that comes, which is read to its end.
    private func status(_ client: Client) throws -> String {
        var text = ""
        while true {
            if let head = text.range(of: "\r\n\r\n") {
                let length = text.components(separatedBy: "Content-Length: ").last.flatMap {
                    Int($0.prefix { $0.isNumber })
                }
                if text[head.upperBound...].utf8.count >= length ?? 0 { break }
            }
            let more = try client.read(1)
            if more.isEmpty { return text.isEmpty ? "closed" : text }
            text += String(decoding: more, as: UTF8.self)
        }
        return String(text.prefix { !$0.isNewline })
    }

    @Test("a durable buffer's word comes before the answer; what is lost is answered 503")
    func receipts() throws {
        let running = try Running()
        running.collector.state.withLock { $0.keepsReceipts = true }
        running.perform { $0.routesChanged(hasDurableBuffer: true) }
        let (first, second) = (try Client(port: running.port), try Client(port: running.port))
        try first.send(post("/a?time=1", #"{"n":1}"#))
        _ = running.collector.wait(for: 1)
        try second.send(post("/a?time=2", #"{"n":2}"#))
        #expect(running.collector.wait(for: 2) == [#"a 1 {"n":1}"#, #"a 2 {"n":2}"#])
        running.collector.settle(.safe)
        #expect(try status(first) == "HTTP/1.1 200 OK")
        running.collector.settle(.lost)
        #expect(try status(second) == "HTTP/1.1 503 Service Unavailable")
        // The connection goes on.
        try first.send(post("/a?time=3", #"{"n":3}"#))
        _ = running.collector.wait(for: 3)
        running.collector.settle(.delivered)
        #expect(try status(first) == "HTTP/1.1 200 OK")
        // A client that has gone before its answer.
        try second.send(post("/a?time=4", #"{"n":4}"#))
        _ = running.collector.wait(for: 4)
        do { _ = consume second }
        sleepMilliseconds(50)
        running.collector.settle(.safe)
        #expect(running.stop() == [])
    }

    @Test("a batch that is refused is answered 503, and said")
    func refused() throws {
        let running = try Running()
        running.collector.state.withLock { $0.answer = .refused(Refusal(.storage, "the disk is full")) }
        let client = try Client(port: running.port)
        try client.send(post("/a", "{}"))
        #expect(try status(client) == "HTTP/1.1 503 Service Unavailable")
        #expect(running.log.lines.contains { $0.contains("the disk is full") }, "\(running.log.lines)")
        #expect(running.stop() == [])
    }

    @Test("a source without a parser takes times from the field and in the form that it names")
    func recordTime() throws {
        for isKept in [false, true] {
            let running = try Running {
                ($0.options.time.key, $0.options.time.isKept) = ("date", isKept)
                $0.options.time.source = try? TimeSource(format: "%Y-%m-%dT%H:%M:%S%:z")
            }
            let client = try Client(port: running.port)
            try client.send(post("/t", #"{"date":"1970-01-01T01:00:05+01:00","time":9}"#))
            #expect(try status(client) == "HTTP/1.1 200 OK")
            try client.send(post("/t", #"{"date":"yesterday"}"#))
            #expect(try status(client) == "HTTP/1.1 400 Bad Request")
            let date = #""date":"1970-01-01T01:00:05+01:00","#
            #expect(running.collector.events == ["t 5 {\(isKept ? date : "")\"time\":9}"])
            #expect(running.stop() == [])
        }
    }

    @Test("one tag's full output holds its own clients, and others go on")
    func gates() throws {
        let gates = OutputGates()
        let gate = gates.makeGate()
        let running = try Running(gates: gates)
        gate.close()
        running.collector.state.withLock { $0.full["full"] = gate }
        let (held, free) = (try Client(port: running.port), try Client(port: running.port))
        try held.send(post("/full?time=1", "{}"))
        #expect(try status(held) == "HTTP/1.1 200 OK")
        try held.send(post("/full?time=2", "{}"))
        for number in 3...5 {
            try free.send(post("/other?time=\(number)", "{}"))
            #expect(try status(free) == "HTTP/1.1 200 OK")
        }
        running.perform { $0.resumeReading() }
        #expect(running.collector.events == ["full 1 {}", "other 3 {}", "other 4 {}", "other 5 {}"])
        gate.open()
        running.perform { $0.resumeReading() }
        #expect(try status(held) == "HTTP/1.1 200 OK")
        #expect(running.stop() == [])
    }

    @Test("bodies beyond the limit wait for their turn, and one at a time goes on")
    func unfinished() throws {
        let running = try Running { $0.unfinishedBytes = 100 }
        let clients = try (0..<5).map { _ in try Client(port: running.port) }
        let body = #"{"a":""# + String(repeating: "x", count: 200) + #""}"#
        for (number, client) in clients.enumerated() {
            try client.send(Array(post("/t?time=\(number + 1)", body).dropLast(100)))
        }
        sleepMilliseconds(50)
        #expect(running.collector.events == [])
        for client in clients { try client.send(Array(body.utf8.suffix(100))) }
        for client in clients { #expect(try status(client) == "HTTP/1.1 200 OK") }
        #expect(Set(running.collector.events.map { $0.prefix(3) }) == ["t 1", "t 2", "t 3", "t 4", "t 5"])
        #expect(running.stop() == [])
    }

    @Test("many parameters for each of many records are refused before they fill the memory")
    func manyParameters() throws {
        let running = try Running {
            $0.options.addsQuery = true
            $0.options.addedFields = 1000
        }
        let client = try Client(port: running.port)
        let query = (1...100).map { "&p\($0)=1" }.joined()
        func batch(_ count: Int) -> String { "[" + (0..<count).map { _ in "{}" }.joined(separator: ",") + "]" }
        try client.send(post("/t?time=1\(query)", batch(10)))
        // The time is a parameter, too.
        #expect(try status(client).hasPrefix("HTTP/1.1 413 "))
        #expect(running.log.lines.contains { $0.contains("added_field_limit") }, "\(running.log.lines)")
        try client.send(post("/t?time=1\(query)", batch(9)))
        #expect(try status(client) == "HTTP/1.1 200 OK")
        #expect(running.collector.events.count == 9)
        #expect(running.stop() == [])
    }

    @Test("a body that lies about its size, or is cut off, is not taken")
    func cutOff() throws {
        let running = try Running()
        do {
            let client = try Client(port: running.port)
            try client.send(Array(post("/t", #"{"a":1}"#).dropLast(2)))
        }
        let other = try Client(port: running.port)
        try other.send(post("/t?time=7", #"{"a":1}"#))
        #expect(try status(other) == "HTTP/1.1 200 OK")
        #expect(running.collector.events == [#"t 7 {"a":1}"#])
        #expect(running.stop() == [])
    }

    @Test("gzip that unpacks beyond the limit is refused with 413, and the client goes on")
    func bomb() throws {
        let running = try Running { $0.options.decompressedBytes = 10 }
        let client = try Client(port: running.port)
        // {"a":"xxxxxxxxxxxxxxxxxxxx"} with zlib
        let packed: [UInt8] = [
            0x78, 0x9C, 0xAB, 0x56, 0x4A, 0x54, 0xB2, 0x52, 0xAA, 0xC0, 0x05, 0x94, 0x6A, 0x01, 0x8F, 0xB0, 0x0B, 0x7A,
        ]
        let head = "POST /t HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Encoding: deflate\r\n"
        try client.send(Array("\(head)Content-Length: \(packed.count)\r\n\r\n".utf8) + packed)
        let answer = try status(client)
        #expect(answer.contains("413") || answer.contains("400"), "\(answer)")
        try client.send(post("/t?time=7", #"{"a":1}"#))
        #expect(try status(client) == "HTTP/1.1 200 OK")
        #expect(running.stop() == [])
    }
}

@Suite("Targets and forms of requests")
struct HTTPTargetTests {
    @Test(
        "the path is the tag",
        arguments: [
            ("/app.log", "app.log"), ("/a/b/c", "a.b.c"), ("/", ""), ("", ""), ("//a//b/", ".b"), ("/a/", "a"),
            ("/a//b", "a..b"), ("/a%20b", "a%20b"), ("http://host:80/x/y?z=1", "x.y"), ("/a?b/c", "a"), ("*", ""),
            ("/a?u=http://x/", "a"),
        ])
    func tags(_ target: String, _ tag: String) { #expect(HTTPTarget(target).tag == Array(tag.utf8)) }

    @Test(
        "the query is taken apart",
        arguments: [
            ("/a?x=1&y=a%20b&z", ["x=1", "y=a b", "z="]), ("/a?a+b=c+d", ["a b=c d"]), ("/a?=1&&x=%zz%4", ["x=%zz%4"]),
            ("/a?json={\"a\":1}", ["json={\"a\":1}"]), ("/a?", []),
        ])
    func queries(_ target: String, _ pairs: [String]) {
        let found = HTTPTarget(target).query.map { "\($0.name)=\(String(decoding: $0.value, as: UTF8.self))" }
        #expect(found == pairs)
    }

    @Test("a form is read, and what is broken is none")
    func forms() {
        let body =
            "--B\r\nContent-Disposition: form-data; name=\"json\"\r\n\r\n{\"a\":\r\n1}\r\n--B\r\ncontent-disposition:form-data; filename=x; name=time\r\nX: y\r\n\r\n5\r\n--B--\r\n"
        func shown(_ type: String, _ body: String) -> [String]? {
            HTTPForm.fields(type, Array(body.utf8))?.map { "\($0.name)=\(String(decoding: $0.value, as: UTF8.self))" }
        }
        #expect(shown("multipart/form-data; boundary=B", body) == ["json={\"a\":\r\n1}", "time=5"])
        #expect(shown("Multipart/Form-Data; charset=x; boundary=\"B\"", body) == ["json={\"a\":\r\n1}", "time=5"])
        for cut in 0..<(body.utf8.count - 4) {
            #expect(HTTPForm.fields("multipart/form-data; boundary=B", Array(body.utf8.prefix(cut))) == nil)
        }
        #expect(shown("multipart/form-data", body) == nil)
        #expect(shown("application/x-www-form-urlencoded; charset=utf-8", "a=1&b=%C3%A4") == ["a=1", "b=ä"])
        #expect(shown("text/plain", "a=1") == nil)
    }

    @Test(
        "an origin is allowed by name, by one star, or as all are",
        arguments: [
            (["https://a.b"], "https://a.b", "https://a.b"), (["https://a.b"], "https://a.bc", nil),
            (["https://*.b"], "https://x.b", "https://x.b"), (["https://*.b"], "https://.b", nil),
            (["*"], "https://q", "*"),
            (["*"], nil, "*"), (["https://a.b"], nil, nil),
        ] as [([String], String?, String?)])
    func origins(_ allowed: [String], _ origin: String?, _ answer: String?) {
        #expect(CORSPolicy(origins: allowed).answer(to: origin) == answer)
    }
}
