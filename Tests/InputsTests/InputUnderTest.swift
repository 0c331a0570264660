import EventLoop
import Events
import Inputs
import Logging
import Synchronization
import TLS
import TestSupport
import Testing

/// The inputs that the contract is tried with. A new input adds a case and says how its clients speak.
enum InputKind: CaseIterable, Sendable {
    case forward, forwardUnix, forwardTLS, http, httpTLS

    var isHTTP: Bool { self == .http || self == .httpTLS }
    var hasTLS: Bool { self == .forwardTLS || self == .httpTLS }
}

/// An input on a loop thread of its own, as the contract sees it: what its clients write, and what they are answered.
///
/// `@unchecked Sendable`: the input is made before its thread starts and touched only by jobs on it afterwards.
final class InputUnderTest: @unchecked Sendable {
    let kind: InputKind
    let collector = Collector()
    private let input: any Input
    private let tls: TLSContext?
    private let endpoint: Endpoint
    /// Touched on the loop alone.
    private var successor: (any Input)?
    private let loop: Loop
    private let thread: LoopThread
    private let port: UInt16
    private let path: String
    private static let certificate = Result {
        try GeneratedCertificate(.init(commonName: "localhost"))
    }

    /// - Parameter other: takes the address of another input, so that `start` must throw.
    init(_ kind: InputKind, at other: InputUnderTest? = nil) throws {
        self.kind = kind
        path = other?.path ?? "/tmp/sluice-contract-\(UInt32.random(in: 0 ... .max)).sock"
        endpoint =
            kind == .forwardUnix ? .unix(path: path) : .tcp(host: "127.0.0.1", port: other?.port ?? 0)
        tls =
            kind.hasTLS
            ? try TLSContext(server: TLSServerOptions(identity: Self.certificate.get().identity)) : nil
        loop = try Loop()
        input = Self.make(kind, endpoint, tls, on: loop, collector, nil)
        do {
            try input.start()
        } catch {
            // A start that threw has left nothing open.
            loop.stop()
            #expect(loop.run() == [])
            throw error
        }
        port = (input as? ForwardInput)?.port ?? (input as? HTTPInput)?.port ?? 0
        thread = try LoopThread.start(loop, name: "contract")
    }

    private static func make(
        _ kind: InputKind, _ endpoint: Endpoint, _ tls: TLSContext?, on loop: Loop, _ emitter: any Emitter,
        _ inherited: InheritedSockets?
    ) -> any Input {
        switch (kind, endpoint) {
        case (.http, .tcp(let host, let port)), (.httpTLS, .tcp(let host, let port)):
            var settings = HTTPInput.Settings(host: host, port: port)
            settings.inherited = inherited
            settings.tls = tls
            return HTTPInput(settings, on: loop, emitter: emitter, log: .discarding)
        default:
            var settings = ForwardInput.Settings(endpoint: endpoint)
            settings.inherited = inherited
            return ForwardInput(settings, tls: tls, on: loop, emitter: emitter, log: .discarding)
        }
    }

    func client() throws -> Client {
        switch kind {
        case .forward, .http: return try Client(port: port)
        case .forwardUnix: return try Client(path: path)
        case .forwardTLS, .httpTLS:
            var options = TLSClientOptions()
            options.verification = .none
            return try Client(port: port, tls: try TLSContext(client: options))
        }
    }

    /// What a client writes to have event `number` taken and answered; all are of one length.
    func message(_ number: UInt8) -> [UInt8] {
        guard kind.isHTTP else { return hex("94 a1 74") + [number] + hex("81 a1 61 01 81 a5 6368756e6b a1 63") }
        let time = String(1000 + Int(number)).dropFirst()
        let head = "POST /t?time=\(time) HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 7"
        return Array((head + "\r\n\r\n{\"a\":1}").utf8)
    }

    /// What it is answered.
    var answer: [UInt8] {
        guard kind.isHTTP else { return hex("81 a3 61636b a1 63") }
        return Array("HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 0\r\n\r\n".utf8)
    }

    /// How the collector writes it down.
    func event(_ number: UInt8) -> String { #"t \#(number) {"a":1}"# }

    // MARK: - On the loop

    func perform(_ job: @escaping @Sendable (any Input) -> Void) { loop.submit { job(self.input) } }

    /// Lets the loop go round often enough to have read whatever lies in its sockets, if it reads at all.
    func settle() {
        for _ in 0..<5 {
            let done = Atomic(false)
            loop.submit { done.store(true, ordering: .releasing) }
            while !done.load(ordering: .acquiring) { sleepMilliseconds(1) }
        }
    }

    /// Holds the loop, does something on this thread, and only then runs the job: what was done lies in the kernel.
    func hold(while outside: () throws -> Void, then job: @escaping @Sendable (any Input) -> Void) rethrows {
        let isHeld = Atomic(false)
        let mayGo = Atomic(false)
        loop.submit {
            isHeld.store(true, ordering: .releasing)
            while !mayGo.load(ordering: .acquiring) { sleepMilliseconds(1) }
            job(self.input)
        }
        while !isHeld.load(ordering: .acquiring) { sleepMilliseconds(1) }
        defer { mayGo.store(true, ordering: .releasing) }
        try outside()
    }

    /// Lets another input go on with the sockets; what it takes goes to its collector.
    func replace() -> Collector {
        let other = Collector()
        perform { [self] input in
            do {
                let sockets = try #require(try input.share())
                let made = Self.make(kind, endpoint, tls, on: loop, other, sockets)
                try made.start()
                successor = made
                input.retire()
            } catch {
                Issue.record("the sockets cannot be inherited: \(error)")
            }
        }
        settle()
        return other
    }

    /// Ends the loop once everything on it has closed; answers handles that were left behind.
    func end() -> [String] {
        perform { [self] input in
            input.close()
            successor?.close()
        }
        loop.stop()
        return thread.join()
    }
}
