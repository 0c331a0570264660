package import EventLoop
package import Events

/// A client's connection, as far as the requests on it have something in common.
package final class HTTPClient {
    package let peer: SocketAddress?
    /// Whoever handles its requests keeps here what it knows of the client.
    package var note: AnyObject?

    init(peer: SocketAddress?) { self.peer = peer }
}

/// A request, and its answer. Touched on the server's loop alone.
@safe
package final class HTTPExchange {
    enum Phase { case new, head, body, whole, over }

    /// What stands in the request line, percent signs and all: `/a%20b?x=1`.
    package let target: String
    package internal(set) var method = ""
    package internal(set) var headers: [(name: String, value: String)] = []
    package internal(set) var client: HTTPClient
    /// What has come so far.
    package internal(set) var body = ByteBuffer(capacity: 0)
    /// Bytes of the body that were heard and not kept; the handler's to count.
    package var droppedBytes = 0
    /// The answer asks the client to connect anew for more.
    package var closesAfterAnswer = false
    var phase = Phase.new
    /// Nothing more of it is read, or it waits for its answer.
    var isWaiting = false
    var answer: Answer?
    /// The server's own handle of the connection, valid until the exchange is over.
    let connection: OpaquePointer
    private unowned let server: HTTPServer

    struct Answer {
        let status: Int
        let headers: [(name: String, value: String)]
        let body: [UInt8]
    }

    init(target: String, client: HTTPClient, connection: OpaquePointer, server: HTTPServer) {
        (self.target, self.client, self.server) = (target, client, server)
        unsafe self.connection = connection
    }

    /// The first header of a name, in any case.
    package func header(_ name: String) -> String? {
        let wanted = name.lowercased()
        return headers.first { $0.name.lowercased() == wanted }?.value
    }

    /// Everything before the body has been heard; nothing more of it is read until `proceed`.
    package func wait() { isWaiting = true }

    /// Goes on after `wait`; a request that has come whole is told to have ended once more. Does nothing when the client
    /// has gone.
    package func proceed() {
        guard phase != .over else { return }
        isWaiting = false
        server.resume(self)
    }

    /// Answers. Where the body was not read to its end, the connection closes behind the answer. Does nothing when the
    /// client has gone.
    package func respond(_ status: Int, _ headers: [(name: String, value: String)] = [], _ body: [UInt8] = []) {
        guard phase != .over, answer == nil else { return }
        answer = Answer(status: status, headers: headers, body: body)
        isWaiting = false
        server.resume(self)
    }
}

/// Who answers requests. Every call comes on the server's loop.
package protocol HTTPHandler: AnyObject {
    /// A client connects. false: it is turned away.
    func admits() -> Bool
    /// A client could not be served, or was hung up on before anything was asked: its TLS, or a lack of descriptors.
    func failed(_ reason: String, _ client: HTTPClient?)
    /// A client that was admitted has gone.
    func left(_ client: HTTPClient)
    /// The head of a request has come. May answer it at once, or let it wait; else its body is read.
    func began(_ exchange: HTTPExchange)
    /// A piece of the body has come. false: it is not read until `proceed`.
    func takes(_ bytes: Int, of exchange: HTTPExchange) -> BodyDecision
    /// All of a request has come: it wants an answer, now or later.
    func ended(_ exchange: HTTPExchange)
    /// The client has its answer, or has gone.
    func finished(_ exchange: HTTPExchange)
}

/// What becomes of a piece of a body.
package enum BodyDecision { case take, drop, wait, hangUp }
