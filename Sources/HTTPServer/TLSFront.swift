internal import EventLoop
internal import TLS

/// What stands before an HTTP server that speaks TLS: accepts clients, and lets the server see what they say once they
/// have shaken hands.
///
/// The server's library would bring a second TLS implementation along, with other names of ciphers, other keys it can
/// read and nothing to say about a failed handshake. So each client's bytes go through the one that all other sources
/// have, and over a pair of sockets to the library.
final class TLSFront {
    /// For new clients; those who are connected keep theirs.
    var context: TLSContext
    let handshakeMilliseconds: UInt64
    /// Where decrypted bytes and answers are put on their way, one after the other.
    let passage = PlaintextBuffer()
    /// Gives an end of a pair of sockets to the library, and says whether that took it.
    let join: (_ descriptor: Int32, HTTPClient) -> Bool
    weak var handler: (any HTTPHandler)?
    private let limit: Int
    private let loop: Loop
    private var listener: Listener?
    private var clients: [ObjectIdentifier: TLSClient] = [:]

    /// - Parameter listener: a bound socket, the front's from now on, also when this throws.
    init(
        _ listener: Int32, _ context: TLSContext, _ settings: HTTPServer.Settings, on loop: Loop,
        handler: any HTTPHandler, join: @escaping (Int32, HTTPClient) -> Bool
    ) throws(LoopError) {
        self.context = context
        handshakeMilliseconds = settings.handshakeMilliseconds
        limit = settings.connectionLimit
        self.loop = loop
        self.handler = handler
        self.join = join
        self.listener = try Listener(
            // The socket is bound already: the place is for messages.
            .tcp(host: "", port: 0), on: loop, backlog: settings.backlog, inherited: listener
        ) { [unowned self] connection in accept(connection) }
        self.listener?.onAcceptError = { [weak self] error in
            self?.handler?.failed("cannot accept a connection: \(error)", nil)
        }
    }

    var clientCount: Int { clients.count }

    func stopAccepting() {
        listener?.close()
        listener = nil
    }

    /// Hangs up on everybody, after what the library has answered already. Their places are free at once.
    func close() {
        stopAccepting()
        for client in Array(clients.values) {
            forget(client)
            client.end(waits: false)
        }
    }

    private func accept(_ connection: Connection) {
        guard handler?.admits() ?? false else { return connection.close() }
        let client = HTTPClient(peer: connection.peerAddress)
        do {
            let speaking = try TLSClient(connection, client, self, loop)
            clients[ObjectIdentifier(speaking)] = speaking
            connection.start(speaking)
            if clients.count >= limit { listener?.pause() }
        } catch {
            handler?.failed("cannot begin TLS: \(error)", client)
            handler?.left(client)
            connection.close()
        }
    }

    func forget(_ client: TLSClient) {
        guard clients.removeValue(forKey: ObjectIdentifier(client)) != nil else { return }
        handler?.left(client.client)
        if clients.count == limit - 1 { listener?.resume() }
    }
}
