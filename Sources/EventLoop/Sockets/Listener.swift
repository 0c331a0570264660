import CUV
import Glibc

/// Accepts connections on a TCP port or a unix socket.
///
/// Polls the descriptor and accepts itself, instead of `uv_listen`: when descriptors run out, libuv closes waiting
/// clients without a word; this listener reports it, waits 100 ms and leaves them in the kernel's queue.
@safe
package final class Listener: LoopHandle, @unchecked Sendable {
    /// Connections taken per turn before other sockets of the loop get theirs.
    package static let acceptsPerTurn = 64
    /// How long accepting rests after the kernel refused, or while the budget is used up, in milliseconds.
    package static let restMilliseconds: UInt64 = 100
    /// Of `backlog`: connections that wait in the kernel. It cuts the number at `net.core.somaxconn`.
    package static let defaultBacklog: Int32 = 1024

    /// Where it was asked to listen.
    package let endpoint: Endpoint
    /// The port in use, also if 0 was asked for; 0 for a unix socket.
    package let port: UInt16
    /// Told when accepting failed (descriptors or memory ran out), at most once per rest.
    package var onAcceptError: ((LoopError) -> Void)?
    /// Told when there is no place left in the budget, once until a client was accepted again.
    package var onFull: ((ConnectionBudget) -> Void)?
    /// Told when the listener has closed: its address is free again.
    package var onClosed: (() -> Void)?

    private let socket: ListeningSocket
    private let options: ConnectionOptions
    private let budget: ConnectionBudget?
    private var wasFull = false
    private var accepted: ((Connection) -> Void)?
    private var rest: LoopTimer?
    private var isPaused = false
    // Device and inode of our socket file, to remove that and not a successor's.
    private let file: (device: dev_t, inode: ino_t)?
    /// Somebody else listens on the same socket: its file stays when this listener closes.
    package var leavesFile = false

    /// Opens a listener.
    ///
    /// - Parameters:
    ///   - reusePort: lets several loops or processes listen on one TCP port, the kernel spreading the connections.
    ///   - budget: each connection takes a place in it; without one clients wait.
    ///   - mode: permissions of a unix socket's file.
    ///   - inherited: a socket that listens there already (`share`), the listener's from now on.
    ///   - accepted: gets each connection on the loop, and calls `start` on it, or it is closed.
    package init(
        _ endpoint: Endpoint, on loop: Loop, backlog: Int32 = Listener.defaultBacklog, reusePort: Bool = false,
        mode: UInt32 = 0o660, inherited: Int32? = nil, options: ConnectionOptions = ConnectionOptions(),
        budget: ConnectionBudget? = nil,
        accepted: @escaping (Connection) -> Void
    ) throws(LoopError) {
        self.endpoint = endpoint
        self.options = options
        self.budget = budget
        self.accepted = accepted
        switch endpoint {
        case .tcp(let host, let wanted):
            if let inherited {
                socket = ListeningSocket(descriptor: inherited)
            } else {
                socket = try ListeningSocket.bind(host: host, port: wanted, type: SOCK_STREAM, reusePort: reusePort)
            }
            port = socket.address?.port ?? wanted
            file = nil
        case .unix(let path):
            if let inherited {
                socket = ListeningSocket(descriptor: inherited)
            } else {
                socket = try ListeningSocket.bind(path: path, mode: mode)
            }
            port = 0
            var facts = stat()
            file = unsafe lstat(path, &facts) == 0 ? (facts.st_dev, facts.st_ino) : nil
        }
        super.init(on: loop, type: UV_POLL)
        if listen(socket.descriptor, backlog) < 0 {
            let code = errno
            release()
            throw LoopError("listen on", endpoint.description, errno: code)
        }
        let made = unsafe uv_poll_init(loop.pointer, pointer(as: uv_poll_t.self), socket.descriptor)
        if made < 0 {
            release()
            throw LoopError("poll", endpoint.description, status: made)
        }
        register()
        startPolling()
    }

    /// Throws where somebody listens on a TCP port already. Listeners that share one (`reusePort`) would not notice another
    /// process's.
    package static func checkFree(host: String, port: UInt16) throws(LoopError) {
        if port == 0 { return }
        try ListeningSocket.bind(host: host, port: port, type: SOCK_STREAM, reusePort: false).close()
    }

    /// The socket once more, for a listener that goes on where this one ends: nobody who wants to connect in between is
    /// refused. The descriptor is the caller's.
    package func share() throws(LoopError) -> Int32 { try socket.duplicate() }

    /// Stops accepting; clients wait in the kernel's queue.
    package func pause() {
        loop.assertOnLoop()
        isPaused = true
        if !isClosing { unsafe uv_poll_stop(pointer(as: uv_poll_t.self)) }
    }

    /// Accepts again after `pause()`.
    package func resume() {
        loop.assertOnLoop()
        isPaused = false
        startPolling()
    }

    override func willClose() {
        rest?.close()
        rest = nil
    }

    override func didClose() {
        release()
        // What the owner gave us may well hold the owner, and so us.
        accepted = nil
        onClosed?()
        onClosed = nil
        onAcceptError = nil
        onFull = nil
    }

    private func startPolling() {
        guard !isClosing, !isPaused, rest == nil else { return }
        // Fails only for a bad descriptor, and uv_poll_init has tried ours.
        unsafe uv_poll_start(pointer(as: uv_poll_t.self), Int32(UV_READABLE.rawValue)) { handle, status, _ in
            guard let listener = unsafe LoopHandle.owner(handle, as: Listener.self), !listener.isClosing else { return }
            if status < 0 {
                listener.takeRest()
                listener.onAcceptError?(LoopError("accept on", listener.endpoint.description, status: status))
            } else {
                listener.acceptWaiting()
            }
        }
    }

    private func acceptWaiting() {
        for _ in 0..<Listener.acceptsPerTurn where !isClosing && !isPaused {
            if let full = budget?.take() {
                takeRest()
                if !wasFull { onFull?(full) }
                wasFull = true
                return
            }
            var storage = sockaddr_storage()
            var length = socklen_t(MemoryLayout<sockaddr_storage>.size)
            // sockaddr_storage holds any peer address; the kernel writes no more than `length`.
            let (descriptor, peer) = unsafe withUnsafeMutablePointer(to: &storage) {
                unsafe $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
                    let descriptor = unsafe sluice_accept(socket.descriptor, address, &length)
                    return unsafe (descriptor, descriptor >= 0 ? SocketAddress(address) : nil)
                }
            }
            if descriptor < 0 {
                let code = errno
                budget?.giveBack()
                switch code {
                case EAGAIN: return
                // The client left before its turn, or a signal came: on to the next.
                case ECONNABORTED, EINTR, EPROTO: continue
                default:
                    takeRest()
                    onAcceptError?(LoopError("accept on", endpoint.description, errno: code))
                    return
                }
            }
            wasFull = false
            do throws(LoopError) {
                let connection = try Connection(
                    adopting: descriptor, isTCP: file == nil, on: loop, peer: peer,
                    peerName: peer?.description ?? endpoint.description, options: options,
                    budget: budget)
                accepted?(connection)
                if !connection.isStarted { connection.close() }
            } catch {
                _ = Glibc.close(descriptor)
                budget?.giveBack()
                onAcceptError?(error)
            }
        }
    }

    /// Level-triggered polling would spin on a descriptor that stays readable while nothing can be accepted.
    private func takeRest() {
        unsafe uv_poll_stop(pointer(as: uv_poll_t.self))
        let timer = LoopTimer(on: loop)
        rest = timer
        timer.start(afterMilliseconds: Listener.restMilliseconds) { [unowned self] in
            rest?.close()
            rest = nil
            startPolling()
        }
    }

    private func release() {
        socket.close()
        if case .unix(let path) = endpoint, let file, !leavesFile {
            var facts = stat()
            if unsafe lstat(path, &facts) == 0, facts.st_dev == file.device, facts.st_ino == file.inode {
                unsafe unlink(path)
            }
        }
    }
}
