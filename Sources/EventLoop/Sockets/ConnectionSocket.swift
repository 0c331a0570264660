import CUV
import Glibc

/// The socket under a connection: connecting it, its options, its own address.
extension Connection {
    /// Starts connecting to an address; the outcome is told later, on the loop, unless the connection is closed first.
    func connect(to address: SocketAddress, _ connected: @escaping (LoopError?) -> Void) {
        self.connected = connected
        let status = unsafe address.withSockaddr { address, _ in
            unsafe uv_tcp_connect(connectRequest, pointer(as: uv_tcp_t.self), address, Connection.didConnect)
        }
        // No callback comes for an address that libuv refuses at once.
        if status < 0 { finishConnecting(status) }
    }

    /// The same for a unix socket, whose path was checked for its length.
    func connect(toPath path: String, _ connected: @escaping (LoopError?) -> Void) {
        self.connected = connected
        unsafe uv_pipe_connect(connectRequest, pointer(as: uv_pipe_t.self), path, Connection.didConnect)
    }

    private static let didConnect: uv_connect_cb = { request, status in
        guard let connection = unsafe LoopHandle.owner(request?.pointee.handle, as: Connection.self),
            !connection.isClosing
        else { return }
        connection.finishConnecting(status)
    }

    private func finishConnecting(_ status: Int32) {
        let tell = connected
        connected = nil
        if status >= 0, isItsOwnPeer {
            // Without a trace: else the port would stay taken for the server that is to listen there.
            setLinger(seconds: 0)
            tell?(
                LoopError(
                    "connect to", peerName, status: UV_ECONNREFUSED.rawValue,
                    advice: "nothing listens there, so the kernel connected the socket to itself: start the server or "
                        + "correct the port"))
            return
        }
        if status >= 0 { applyOptions(isTCP: peerAddress != nil) }
        tell?(status < 0 ? LoopError("connect to", peerName, status: status) : nil)
    }

    /// Whether the kernel gave the connection to a closed port of this machine that very port for its own end, from
    /// net.ipv4.ip_local_port_range. TCP lets the two meet (RFC 9293, 3.5, "simultaneous open"): nobody is there, and all that
    /// is sent is acknowledged and comes back.
    private var isItsOwnPeer: Bool {
        guard peerAddress != nil, let descriptor, let own = unsafe SocketAddress(of: descriptor, getsockname) else {
            return false
        }
        return unsafe own == SocketAddress(of: descriptor, getpeername)
    }

    // MARK: - The socket

    var stream: UnsafeMutablePointer<uv_stream_t> { unsafe pointer(as: uv_stream_t.self) }

    var descriptor: Int32? {
        var descriptor: Int32 = -1
        return unsafe uv_fileno(pointer(as: uv_handle_t.self), &descriptor) == 0 ? descriptor : nil
    }

    /// Whether the peer's kernel has acknowledged all that was written here and has not broken off since: a peer that ends its
    /// side before that has not read everything. The end of this side may still be on its way, which counts as one byte
    /// (tcp(7), SIOCOUTQ).
    var hasPeerTakenAll: Bool {
        guard let descriptor, queuedWriteBytes == 0 else { return false }
        var unacknowledged: Int32 = 0
        var error: Int32 = 0
        var size = socklen_t(MemoryLayout<Int32>.size)
        // SIOCOUTQ is TIOCOUTQ; both calls write one int.
        let isCounted = unsafe ioctl(descriptor, UInt(TIOCOUTQ), &unacknowledged) == 0
        let isAsked = unsafe getsockopt(descriptor, SOL_SOCKET, SO_ERROR, &error, &size) == 0
        return isCounted && isAsked && unacknowledged <= 1 && error == 0
    }

    /// A refusal here (an option the kernel lacks) does not make the connection worse than without it.
    func applyOptions(isTCP: Bool) {
        guard isTCP else { return }
        if options.noDelay { unsafe uv_tcp_nodelay(pointer(as: uv_tcp_t.self), 1) }
        if let seconds = options.keepAliveSeconds { unsafe uv_tcp_keepalive(pointer(as: uv_tcp_t.self), 1, seconds) }
        if let seconds = options.lingerSeconds { setLinger(seconds: seconds) }
    }

    private func setLinger(seconds: Int32) {
        guard let descriptor else { return }
        var value = linger(l_onoff: 1, l_linger: seconds)
        unsafe setsockopt(descriptor, SOL_SOCKET, SO_LINGER, &value, socklen_t(MemoryLayout<linger>.size))
    }
}
