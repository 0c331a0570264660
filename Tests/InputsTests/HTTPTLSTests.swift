import EventLoop
import Events
import Foundation
import Logging
import TLS
import TestSupport
import Testing

@testable import Inputs

/// Making RSA keys takes time: the tests share them.
private struct Identities {
    let authority: TLSIdentity
    let server: TLSIdentity
    let client: TLSIdentity
    let stranger: TLSIdentity

    static let shared = Result { try Identities() }

    init() throws {
        var options = GeneratedCertificate.Options(commonName: "authority")
        options.isAuthority = true
        authority = try GeneratedCertificate(options).identity
        server = try GeneratedCertificate(.init(commonName: "localhost"), signedBy: authority).identity
        client = try GeneratedCertificate(.init(commonName: "client"), signedBy: authority).identity
        stranger = try GeneratedCertificate(.init(commonName: "stranger")).identity
    }
}

@Suite("Requests over TLS", .timeLimit(.minutes(5)))
struct HTTPTLSTests {
    private final class Running: @unchecked Sendable {  // as RunningInput
        let collector = Collector()
        let log = LogRecorder()
        let port: UInt16
        let budget = ConnectionBudget(limit: 8, advice: "raise it")
        private let input: HTTPInput
        private let thread: LoopThread

        init(
            _ tls: (inout TLSServerOptions) -> Void = { _ in }, _ change: (inout HTTPInput.Settings) -> Void = { _ in }
        ) throws {
            let identities = try Identities.shared.get()
            var options = TLSServerOptions(identity: identities.server)
            options.clientAuthorities = .only([identities.authority.certificates])
            tls(&options)
            var settings = HTTPInput.Settings(host: "127.0.0.1", port: 0)
            settings.tls = try TLSContext(server: options)
            settings.budget = budget
            change(&settings)
            let loop = try Loop()
            input = HTTPInput(settings, on: loop, emitter: collector, log: Log(handler: log))
            try input.start()
            port = input.port
            thread = try LoopThread.start(loop, name: "test-https")
        }

        func perform(_ job: @escaping @Sendable (HTTPInput) -> Void) { thread.loop.submit { job(self.input) } }

        func waitForLog(_ words: String) -> Bool {
            let end = ContinuousClock.now + .seconds(10)
            while ContinuousClock.now < end {
                if log.lines.contains(where: { $0.contains(words) }) { return true }
                sleepMilliseconds(5)
            }
            return false
        }

        /// Whether all places are given back, soon.
        func waitForNobody() -> Bool {
            let end = ContinuousClock.now + .seconds(10)
            while budget.count > 0, ContinuousClock.now < end { sleepMilliseconds(5) }
            return budget.count == 0
        }

        func stop() -> [String] {
            perform { $0.close() }
            thread.loop.stop()
            return thread.join()
        }
    }

    private func client(_ running: Running, _ change: (inout TLSClientOptions) -> Void = { _ in }) throws -> Client {
        var options = TLSClientOptions()
        options.verification = .none
        change(&options)
        return try Client(port: running.port, tls: TLSContext(client: options))
    }

    private func post(_ number: Int, _ body: String) -> [UInt8] {
        let head =
            "POST /t?time=\(number) HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: "
        return Array("\(head)\(body.utf8.count)\r\n\r\n\(body)".utf8)
    }

    private static let good = Array("HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 0\r\n\r\n".utf8)

    /// The status line of the answer, or nothing.
    private func answer(_ client: Client) -> String {
        String(decoding: (try? client.read(16)) ?? [], as: UTF8.self).components(separatedBy: "\r\n")[0]
    }

    @Test("a body larger than any buffer on its way comes whole, and many requests on one connection in their order")
    func large() throws {
        let running = try Running()
        let client = try client(running)
        let text = String(repeating: "x", count: 1 << 20)
        try client.send(post(1, #"{"a":"\#(text)"}"#))
        #expect(try client.read(Self.good.count) == Self.good)
        #expect(running.collector.events.first?.utf8.count == text.utf8.count + 12)
        for number in 2...200 { try client.send(post(number, #"{"n":\#(number)}"#)) }
        #expect(try client.read(199 * Self.good.count).count == 199 * Self.good.count)
        #expect(running.collector.events.dropFirst() == (2...200).map { #"t \#($0) {"n":\#($0)}"# }[...])
        #expect(running.stop() == [])
    }

    @Test("without a client certificate, or with a stranger's, nobody is heard, and the log says why")
    func clientCertificates() throws {
        let running = try Running { $0.clientCertificates = .required }
        let identities = try Identities.shared.get()
        let known = try client(running) { $0.identity = identities.client }
        try known.send(post(1, "{}"))
        #expect(try known.read(Self.good.count) == Self.good)
        for identity in [nil, identities.stranger] {
            // With TLS 1.3 the client hears of it after its own part of the handshake.
            if let other = try? client(running, { $0.identity = identity }) {
                try? other.send(post(2, "{}"))
                #expect(answer(other) == "")
            }
        }
        #expect(running.waitForLog("the client sent no certificate"), "\(running.log.lines)")
        #expect(running.waitForLog("is not accepted"), "\(running.log.lines)")
        #expect(running.collector.events == ["t 1 {}"])
        #expect(running.stop() == [])
    }

    @Test("plain HTTP on the port is closed, and the log says what it was")
    func plain() throws {
        let running = try Running()
        let client = try Client(port: running.port)
        try client.send(post(1, "{}"))
        #expect(client.isClosed())
        #expect(running.waitForLog("HTTP without TLS"), "\(running.log.lines)")
        #expect(running.waitForNobody())
        #expect(running.stop() == [])
    }

    @Test("a client that does not end its handshake is hung up on; others are served meanwhile")
    func handshakeTime() throws {
        let running = try Running({ _ in }, { $0.handshakeTimeoutMilliseconds = 1500 })
        let silent = try Client(port: running.port)
        let half = try Client(port: running.port)
        try half.send([0x16, 0x03, 0x01, 0x02, 0x00, 0x01])
        let client = try client(running)
        try client.send(post(1, "{}"))
        #expect(try client.read(Self.good.count) == Self.good)
        #expect(silent.isClosed())
        #expect(half.isClosed())
        #expect(running.waitForLog("handshake_timeout"), "\(running.log.lines)")
        // The one that has shaken hands stays.
        try client.send(post(2, "{}"))
        #expect(try client.read(Self.good.count) == Self.good)
        #expect(running.stop() == [])
    }

    @Test("an older version than is allowed is refused, and said")
    func versions() throws {
        let running = try Running { $0.minimumVersion = .v1_3 }
        #expect(throws: (any Error).self) {
            let old = try client(running) { $0.maximumVersion = .v1_2 }
            try old.send(post(1, "{}"))
            try #require(answer(old) != "")
        }
        #expect(running.waitForLog("min_version"), "\(running.log.lines)")
        #expect(running.stop() == [])
    }

    @Test("places come back however a client ends")
    func places() throws {
        let running = try Running()
        for _ in 0..<3 {
            var clients: [Client] = []
            for number in 1...8 {
                let client = try client(running)
                try client.send(post(number, "{}"))
                #expect(try client.read(Self.good.count) == Self.good)
                clients.append(client)
            }
            #expect(running.budget.count == 8)
            clients[0].resetOnClose()
            clients.removeAll()
            #expect(running.waitForNobody(), "\(running.budget.count) places are taken")
        }
        #expect(running.stop() == [])
        #expect(running.budget.count == 0)
    }

    @Test("a client that does not read its answers, and one that says goodbye at once, cost nobody else anything")
    func slowReaders() throws {
        let running = try Running()
        let slow = try client(running)
        // Answers of thousands of requests, unread.
        var requests: [UInt8] = []
        for number in 1...20_000 { requests += post(number, "{}") }
        try slow.sendMeanwhile(requests)
        let other = try client(running)
        try other.send(post(99_999, #"{"a":1}"#))
        #expect(try other.read(Self.good.count) == Self.good)
        #expect(try slow.read(20_000 * Self.good.count).count == 20_000 * Self.good.count)
        let ending = try client(running)
        try ending.send(post(99_998, "{}"))
        ending.shutdownWriting()
        #expect(try ending.read(Self.good.count) == Self.good, "who has said his last word still hears the answer")
        #expect(running.stop() == [])
    }

    @Test("what was answered before a stop arrives, with close_notify behind it")
    func stop() throws {
        let running = try Running()
        let client = try client(running)
        try client.send(post(1, "{}"))
        _ = running.collector.wait(for: 1)
        #expect(running.stop() == [])
        #expect(try client.read(Self.good.count) == Self.good)
        #expect(client.hasEndedInOrder())
        #expect(running.budget.count == 0)
    }
}
