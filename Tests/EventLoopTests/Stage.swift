import EventLoop
import Glibc
import Testing

/// One loop for one test, run on the test's thread: fails instead of hanging, and when a handle is left behind.
final class Stage {
    let loop: Loop
    private var watchdog: LoopTimer?

    init() throws {
        loop = try Loop()
        watchdog = LoopTimer(on: loop)
    }

    /// Runs until every handle is closed and `finish()` was called.
    func run(limitMilliseconds: UInt64 = 20_000, sourceLocation: SourceLocation = #_sourceLocation) {
        watchdog?.start(afterMilliseconds: limitMilliseconds) { [self] in
            let open = loop.closeEverything()
            Issue.record("still open after \(limitMilliseconds) ms: \(open)", sourceLocation: sourceLocation)
        }
        loop.stop()
        let dangling = loop.run()
        #expect(dangling == [], sourceLocation: sourceLocation)
    }

    /// The story is over; only what is still closing keeps the loop.
    func finish() {
        watchdog?.close()
        watchdog = nil
    }
}

/// A handler whose behaviour a test writes down in closures, and which notes what it was told.
final class Script: ConnectionHandler {
    var bytes: [UInt8] = []
    var reads = 0
    var ends = 0
    var drains = 0
    var reasons: [CloseReason] = []
    var onReceived: ((Connection, Script) -> Void)?
    var onEnd: ((Connection) -> Void)?
    var onDrained: ((Connection) -> Void)?
    var onClosed: ((CloseReason) -> Void)?

    func received(_ bytes: UnsafeRawBufferPointer, on connection: Connection) {
        #expect(reasons.isEmpty, "bytes after closed")
        self.bytes.append(contentsOf: bytes)
        reads += 1
        onReceived?(connection, self)
    }
    func reachedEnd(of connection: Connection) {
        ends += 1
        if let onEnd { onEnd(connection) } else { connection.closeAfterWrites(because: .endOfStream) }
    }
    func drained(_ connection: Connection) {
        drains += 1
        onDrained?(connection)
    }
    func closed(_ connection: Connection, because reason: CloseReason) {
        reasons.append(reason)
        onClosed?(reason)
    }
    var text: String { String(decoding: bytes, as: UTF8.self) }
}

/// A path in /tmp that no other test uses.
func socketPath(_ name: String) -> String { "/tmp/sluice-test-\(UInt32.random(in: 0 ... .max))-\(name).sock" }

/// A blocking client socket of the plain kind, connected to a port of this machine.
func plainClient(port: UInt16) throws -> Int32 {
    let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = port.bigEndian
    address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
    let status = withUnsafePointer(to: &address) {
        $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
            connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
        }
    }
    try #require(status == 0)
    return descriptor
}
