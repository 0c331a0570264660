import EventLoop
import Events
import ForwardProtocol
import Inputs
import Outputs
import Synchronization
import Testing

/// A forward receiver on loopback with a thread of its own, which behaves as a test asks, connection by connection.
final class ForwardTestServer: Sendable {
    enum Behaviour: Sendable {
        /// Reads, and acknowledges what asks for it.
        case takes
        /// Reads, and acknowledges only the first so many messages.
        case takesOnly(Int)
        /// Takes one message, and closes the connection when more bytes come.
        case takesOnce
        /// Acknowledges another chunk than it was sent.
        case acknowledgesWrongly
        /// Reads and says nothing, not even goodbye.
        case silent
        /// Reads nothing.
        case stuck
        /// Closes once bytes have come.
        case hangsUp
        /// Throws the connection away once bytes have come.
        case resets
        /// Speaks HTTP.
        case answersHTTP
        /// Says HELO first, as a source with `<security>`.
        case greets
    }

    struct State: Sendable {
        var lines: [String] = []
        /// The `chunk` options as acks, in the order of the messages.
        var acks: [[UInt8]] = []
        /// Connections on which bytes came.
        var carriers = 0
        var connections = 0
        var behaviour: [Behaviour]
    }

    let port: UInt16
    private let thread: LoopThread
    private let state: Mutex<State>

    /// - Parameter behaviour: of the first connection with bytes, the second …; the last one stays.
    init(_ behaviour: Behaviour..., port: UInt16 = 0) throws {
        let state = Mutex(State(behaviour: behaviour))
        self.state = state
        let loop = try Loop()
        let box = Box()
        var options = ConnectionOptions()
        if case .resets = behaviour[0] { options.lingerSeconds = 0 }
        let listener = try Listener(.tcp(host: "127.0.0.1", port: port), on: loop, options: options) { connection in
            connection.start(Peer(box.server))
        }
        self.port = listener.port
        thread = try LoopThread.start(loop, name: "receiver")
        box.server = self
    }

    func stop() {
        let loop = thread.loop
        loop.submit { _ = loop.closeEverything() }
        loop.stop()
        _ = thread.join()
    }

    var endpoint: Endpoint { .tcp(host: "127.0.0.1", port: port) }
    var lines: [String] { state.withLock { $0.lines } }
    var acks: [[UInt8]] { state.withLock { $0.acks } }
    var carriers: Int { state.withLock { $0.carriers } }
    var connections: Int { state.withLock { $0.connections } }

    fileprivate func change<Result>(_ body: (inout State) -> Result) -> Result { state.withLock { body(&$0) } }

    private final class Box: @unchecked Sendable { weak var server: ForwardTestServer? }
}

/// One connection.
private final class Peer: ConnectionHandler, ForwardSink {
    private let server: ForwardTestServer?
    private let decoder = ForwardDecoder(options: ForwardOptions(), batches: PendingBatches { Events.Tag($0) })
    private let collector = Collector()
    private var behaviour: ForwardTestServer.Behaviour?
    private var connection: Connection?
    private var messages = 0

    init(_ server: ForwardTestServer?) {
        self.server = server
        server?.change { $0.connections += 1 }
    }

    func received(_ bytes: UnsafeRawBufferPointer, on connection: Connection) {
        self.connection = connection
        let behaviour =
            self.behaviour
            ?? server?.change { state in
                state.carriers += 1
                return state.behaviour.count > 1 ? state.behaviour.removeFirst() : state.behaviour[0]
            } ?? .takes
        self.behaviour = behaviour
        switch behaviour {
        case .stuck: return connection.pauseReading()
        case .hangsUp: return connection.closeAfterWrites()
        case .takesOnce where messages > 0: return connection.closeAfterWrites()
        case .resets: return connection.close()
        case .answersHTTP:
            connection.write(Array("HTTP/1.1 400 Bad Request\r\n\r\n".utf8))
            return
        case .greets:
            var out = ByteBuffer()
            out.append([0x92, 0xA4] + Array("HELO".utf8) + [0x83, 0xA5] + Array("nonce".utf8) + [0xC4, 0x01, 0x41])
            out.append([0xA4] + Array("auth".utf8) + [0xC4, 0x00, 0xA9] + Array("keepalive".utf8) + [0xC3])
            return connection.write(out.array())
        case .takes, .takesOnly, .takesOnce, .acknowledgesWrongly, .silent: break
        }
        var scratch = ByteBuffer()
        try? decoder.receive(bytes, scratch: &scratch, sink: self)
    }

    func reachedEnd(of connection: Connection) {
        if case .silent = behaviour { return }
        connection.closeAfterWrites(because: .endOfStream)
    }

    func closed(_ connection: Connection, because reason: CloseReason) { self.connection = nil }

    func deliver(tag: Events.Tag, storage: inout ByteBuffer, rows: inout Rows) -> Acceptance {
        collector.lines = []
        _ = collector.emit(Events.Batch(tag), storage: &storage, rows: &rows)
        let lines = collector.lines
        server?.change { $0.lines += lines }
        return .accepted
    }

    func reply(_ bytes: borrowing ByteBuffer) {
        messages += 1
        let ack = bytes.array()
        server?.change { $0.acks.append(ack) }
        switch behaviour {
        case .takesOnly(let count) where messages > count: break
        case .acknowledgesWrongly:
            var other = ack
            other[other.count - 5] ^= 1
            connection?.write(other)
        case .silent: break
        default: connection?.write(ack)
        }
    }

    func pause() {}
    func continueLater() {}
    func note(_ error: ForwardError, count: Int) { Issue.record("the receiver says: \(error.message)") }
}
