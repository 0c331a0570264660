internal import CMicroHTTPD
package import EventLoop
internal import Events
internal import Glibc
package import TLS

/// HTTP/1.1 (RFC 9112) over libmicrohttpd, driven by a loop: no thread of its own, and every call of its handler comes
/// on that loop.
///
/// The library keeps what belongs to the protocol: keep-alive, pipelining in order, chunked bodies, `Expect`, limits of
/// a head. What no HTTP is gets the connection closed. TLS stands before it: see `TLSFront`.
@safe
package final class HTTPServer: @unchecked Sendable {  // touched on its loop alone; its callbacks come from `turn`
    package struct Settings: Sendable {
        /// Connections at one time; others wait in the kernel.
        package var connectionLimit = 1024
        /// A connection on which nothing happens for so long is closed.
        package var idleSeconds = 10
        /// What a request line and its headers may take.
        package var headBytes = 64 * 1024
        /// nil for plain HTTP.
        package var tls: TLSContext?
        /// A client that has not shaken hands after so long is hung up on.
        package var handshakeMilliseconds: UInt64 = 10_000
        /// Clients of TLS that wait in the kernel; those of plain HTTP have what their listener was made with.
        package var backlog = Listener.defaultBacklog

        package init() {}
    }

    /// What a client costs of the process' descriptors.
    package static func descriptorsOfClient(withTLS: Bool) -> Int { withTLS ? 3 : 1 }

    private static let yes = sluice_http_result(1)
    private static let no = sluice_http_result(0)

    private let loop: Loop
    private weak var handler: (any HTTPHandler)?
    // Made by `start`, given back by `close`; the library calls back with this object's address until then.
    private var daemon: OpaquePointer?
    private var watch: DescriptorWatch?
    private var timer: LoopTimer?
    private var listener: Int32
    private var isInTurn = false
    private var wantsTurn = false
    private var isClosing = false
    private var suspended: [ObjectIdentifier: HTTPExchange] = [:]
    private var front: TLSFront?
    /// Clients of the front that are on their way to the library, by their descriptors.
    private var joining: [Int32: HTTPClient] = [:]
    private var plainClients = 0
    /// Clients that are connected.
    package var clientCount: Int { front?.clientCount ?? plainClients }

    /// - Parameter listener: a socket that is bound and listens; the server's from now on, also when this throws.
    package init(_ listener: Int32, _ settings: Settings, on loop: Loop, handler: any HTTPHandler) throws(LoopError) {
        self.loop = loop
        self.handler = handler
        self.listener = listener
        // The library answers with this object as its context, which `close` outlives: it stops the library first.
        let context = unsafe Unmanaged.passUnretained(self).toOpaque()
        unsafe daemon = sluice_http_start(
            settings.tls == nil ? listener : -1, UInt32(clamping: settings.connectionLimit),
            UInt32(clamping: settings.idleSeconds),
            settings.headBytes,
            { context, _, _ in unsafe HTTPServer.of(context).admits() ? HTTPServer.yes : HTTPServer.no },
            { context, target, connection in unsafe HTTPServer.of(context).begin(target, connection) },
            { context, connection, _, method, _, data, size, exchange in
                unsafe HTTPServer.of(context).handle(connection, method, data, size, exchange)
            },
            { context, _, exchange, _ in unsafe HTTPServer.of(context).end(exchange) },
            { context, connection, client, code in unsafe HTTPServer.of(context).note(connection, client, code) },
            context)
        guard unsafe daemon != nil else {
            let code = errno
            Glibc.close(listener)
            self.listener = -1
            throw LoopError("serve HTTP on", "a socket", errno: code)
        }
        do throws(LoopError) {
            let copy = fcntl(unsafe sluice_http_epoll(daemon), F_DUPFD_CLOEXEC, 0)
            if copy < 0 { throw LoopError("watch", "the sockets of an HTTP server", errno: errno) }
            watch = try DescriptorWatch(copy, on: loop) { [unowned self] in turn() }
            if let context = settings.tls {
                self.listener = -1
                front = try TLSFront(listener, context, settings, on: loop, handler: handler) {
                    [unowned self] descriptor, client in join(descriptor, client)
                }
            }
        } catch {
            watch?.close()
            unsafe MHD_stop_daemon(daemon)
            unsafe daemon = nil
            throw error
        }
        timer = LoopTimer(on: loop)
    }

    /// Clients of the front have been asked for already.
    private func admits() -> Bool { front != nil || handler?.admits() ?? false }

    private func join(_ descriptor: Int32, _ client: HTTPClient) -> Bool {
        guard let daemon = unsafe daemon, !isClosing else {
            Glibc.close(descriptor)
            return false
        }
        joining[descriptor] = client
        let isTaken = unsafe sluice_http_join(daemon, descriptor) != 0
        if !isTaken { joining[descriptor] = nil }
        wake()
        return isTaken
    }

    @unsafe private static func of(_ context: UnsafeMutableRawPointer?) -> HTTPServer {
        guard let context = unsafe context else { preconditionFailure("libmicrohttpd lost its context") }
        return unsafe Unmanaged<HTTPServer>.fromOpaque(context).takeUnretainedValue()
    }

    // MARK: - Life

    /// Whether clients shake hands before their requests; a server does for all of its life, or never.
    package var speaksTLS: Bool { front != nil }

    /// Shakes hands with new clients by another certificate from now on. Only for a server that speaks TLS.
    package func renew(_ context: TLSContext) { front?.context = context }

    /// Accepts nobody more. Who is connected stays.
    package func stopAccepting() {
        front?.stopAccepting()
        guard listener >= 0, let daemon = unsafe daemon else { return }
        unsafe MHD_quiesce_daemon(daemon)
        Glibc.close(listener)
        listener = -1
    }

    /// Hangs up on everybody and closes. Requests that wait get no answer.
    package func close() {
        guard !isClosing, let daemon = unsafe daemon else { return }
        isClosing = true
        stopAccepting()
        // The library wants nothing suspended at its end; what is resumed is hung up on.
        for exchange in suspended.values {
            unsafe MHD_resume_connection(exchange.connection)
        }
        suspended.removeAll()
        unsafe MHD_run(daemon)
        unsafe MHD_stop_daemon(daemon)
        unsafe self.daemon = nil
        front?.close()
        watch?.close()
        timer?.close()
        watch = nil
        timer = nil
    }

    /// Lets the library do what its sockets are ready for, and asks to be called when its next time limit is due.
    private func turn() {
        guard !isInTurn, let daemon = unsafe daemon, !isClosing else {
            wantsTurn = true
            return
        }
        isInTurn = true
        wantsTurn = false
        unsafe MHD_run(daemon)
        isInTurn = false
        var milliseconds: UInt64 = 0
        let hasLimit = unsafe MHD_get_timeout(daemon, &milliseconds) == Self.yes
        if wantsTurn || hasLimit {
            timer?.start(afterMilliseconds: wantsTurn ? 0 : milliseconds) { [unowned self] in turn() }
        } else {
            timer?.stop()
        }
    }

    func resume(_ exchange: HTTPExchange) {
        guard suspended.removeValue(forKey: ObjectIdentifier(exchange)) != nil else { return }
        unsafe MHD_resume_connection(exchange.connection)
        wake()
    }

    /// Asks for a turn: not from within a handler of another exchange, for this one would be handled inside of that.
    private func wake() {
        if isInTurn { wantsTurn = true } else { timer?.start(afterMilliseconds: 0) { [unowned self] in turn() } }
    }

    private func suspend(_ exchange: HTTPExchange) -> MHD_Result {
        suspended[ObjectIdentifier(exchange)] = exchange
        unsafe MHD_suspend_connection(exchange.connection)
        return Self.yes
    }

    // MARK: - From the library

    @unsafe private func note(
        _ connection: OpaquePointer?, _ place: UnsafeMutablePointer<UnsafeMutableRawPointer?>?,
        _ code: MHD_ConnectionNotificationCode
    ) {
        guard let connection = unsafe connection, let place = unsafe place else { return }
        if sluice_http_has_started(code) != 0 {
            let client: HTTPClient
            if let known = joining.removeValue(forKey: unsafe sluice_http_descriptor(connection)) {
                client = known
            } else {
                client = HTTPClient(
                    peer: unsafe sluice_http_peer(connection).flatMap { unsafe SocketAddress(sockaddr: $0) })
                plainClients += 1
            }
            // Given back below, when the connection has closed.
            unsafe place.pointee = Unmanaged.passRetained(client).toOpaque()
        } else if let pointer = unsafe place.pointee {
            unsafe place.pointee = nil
            let client = unsafe Unmanaged<HTTPClient>.fromOpaque(pointer).takeRetainedValue()
            // The front says when a client of its own has left.
            if front != nil { return }
            plainClients -= 1
            handler?.left(client)
        }
    }

    @unsafe private func begin(_ target: UnsafePointer<CChar>?, _ connection: OpaquePointer?)
        -> UnsafeMutableRawPointer?
    {
        guard let target = unsafe target, let connection = unsafe connection,
            let client = unsafe sluice_http_client(connection)
        else { return nil }
        let exchange = unsafe HTTPExchange(
            target: String(cString: target), client: Unmanaged<HTTPClient>.fromOpaque(client).takeUnretainedValue(),
            connection: connection, server: self)
        // Given back by `end`, which the library calls once for each.
        return unsafe Unmanaged.passRetained(exchange).toOpaque()
    }

    @unsafe private func end(_ place: UnsafeMutablePointer<UnsafeMutableRawPointer?>?) {
        guard let place = unsafe place, let pointer = unsafe place.pointee else { return }
        let exchange = unsafe Unmanaged<HTTPExchange>.fromOpaque(pointer).takeRetainedValue()
        unsafe place.pointee = nil
        let wasHeard = exchange.phase != .new
        exchange.phase = .over
        suspended[ObjectIdentifier(exchange)] = nil
        if wasHeard { handler?.finished(exchange) }
    }

    @unsafe private func handle(
        _ connection: OpaquePointer?, _ method: UnsafePointer<CChar>?, _ data: UnsafePointer<CChar>?,
        _ size: UnsafeMutablePointer<Int>?, _ place: UnsafeMutablePointer<UnsafeMutableRawPointer?>?
    ) -> MHD_Result {
        guard !isClosing, let pointer = unsafe place?.pointee, let size = unsafe size, let handler else {
            return Self.no
        }
        let exchange = unsafe Unmanaged<HTTPExchange>.fromOpaque(pointer).takeUnretainedValue()
        switch exchange.phase {
        case .new:
            exchange.method = unsafe method.map { unsafe String(cString: $0) } ?? ""
            unsafe readHeaders(of: exchange)
            exchange.phase = .head
            handler.began(exchange)
            return headEnded(exchange)
        case .head: return headEnded(exchange)
        case .body:
            if unsafe size.pointee > 0, let data = unsafe data {
                let bytes = unsafe UnsafeRawBufferPointer(start: data, count: size.pointee)
                switch handler.takes(bytes.count, of: exchange) {
                case .take: unsafe exchange.body.append(copying: bytes)
                case .drop: break
                case .wait:
                    exchange.isWaiting = true
                    return suspend(exchange)
                case .hangUp: return Self.no
                }
                unsafe size.pointee = 0
                return Self.yes
            }
            exchange.phase = .whole
            handler.ended(exchange)
            return answered(exchange)
        case .whole:
            // Resumed: for its answer, or because its handler may take it now.
            if exchange.answer == nil { handler.ended(exchange) }
            return answered(exchange)
        case .over: return Self.yes
        }
    }

    private func headEnded(_ exchange: HTTPExchange) -> MHD_Result {
        if exchange.answer != nil { return answered(exchange) }
        if exchange.isWaiting { return suspend(exchange) }
        exchange.phase = .body
        return Self.yes
    }

    /// Sends the answer, or waits for one.
    private func answered(_ exchange: HTTPExchange) -> MHD_Result {
        guard let answer = exchange.answer else { return suspend(exchange) }
        let made = unsafe answer.body.withUnsafeBytes { bytes in
            // Copied by the library before the call returns.
            unsafe sluice_http_response(bytes.baseAddress, bytes.count)
        }
        guard let response = unsafe made else { return Self.no }
        defer { unsafe MHD_destroy_response(response) }
        if exchange.closesAfterAnswer { unsafe MHD_add_response_header(response, "Connection", "close") }
        for header in answer.headers { unsafe MHD_add_response_header(response, header.name, header.value) }
        return unsafe MHD_queue_response(exchange.connection, UInt32(answer.status), response)
    }

    @unsafe private func readHeaders(of exchange: HTTPExchange) {
        // The context is the exchange, alive for the call.
        let context = unsafe Unmanaged.passUnretained(exchange).toOpaque()
        unsafe sluice_http_headers(
            exchange.connection,
            { context, _, name, value in
                guard let context = unsafe context, let name = unsafe name else { return HTTPServer.yes }
                let exchange = unsafe Unmanaged<HTTPExchange>.fromOpaque(context).takeUnretainedValue()
                exchange.headers.append(
                    (unsafe String(cString: name), unsafe value.map { unsafe String(cString: $0) } ?? ""))
                return HTTPServer.yes
            }, context)
    }
}
