import CUV
import Glibc

/// One TCP or unix stream, accepted or connected.
///
/// Reads land in the loop's buffer and are handled within the callback. A write is tried at once; what the kernel does
/// not take is copied, counted and sent when it can be. `close` and failures end in one `closed` call.
@safe
package final class Connection: LoopHandle, @unchecked Sendable {
    /// Reads that fill the loop's buffer, one after the other, before other sockets get their turn. libuv itself would
    /// allow 32, which are 8 MiB to decode while everybody else waits.
    package static let readsPerTurn = 4

    /// The other end as text: `10.0.0.1:40312`, or the unix socket's path.
    package let peerName: String
    /// The other end's address; nil for a unix socket.
    package let peerAddress: SocketAddress?
    /// Whether `start` was called.
    package var isStarted: Bool { handler != nil }

    private var handler: (any ConnectionHandler)?
    let options: ConnectionOptions
    // The requests libuv works on, one of each at a time. They go with the object, and libuv calls a handle's close
    // callback after those of its requests.
    private let writeRequest: UnsafeMutablePointer<uv_write_t>
    private let shutdownRequest: UnsafeMutablePointer<uv_shutdown_t>
    let connectRequest: UnsafeMutablePointer<uv_connect_t>
    // The bytes libuv is writing, and those that wait behind them: two buffers instead of a request per small write.
    private var inFlight: UnsafeMutableRawBufferPointer?
    private var waiting: [UInt8] = []

    private var holds: ReadingHolds = .notStarted
    private var isReading = false
    // Full reads since the loop last looked at its other sockets.
    private var readsInTurn = 0
    // Of `loop.queuedWriteBytes`.
    private var countedWriteBytes = 0
    private var budget: ConnectionBudget?
    private var reason = CloseReason.local
    private var ending = Ending.none
    // How an attempt to connect ends; see ConnectionSocket.swift.
    var connected: ((LoopError?) -> Void)?
    private var finishTimer: LoopTimer?

    /// How far a connection is that closes in order.
    private enum Ending {
        case none
        /// What is queued is sent, then it closes.
        case sending
        /// What is queued is sent, then the peer's end is awaited.
        case sendingThenAwaiting
        /// Everything is sent, and the peer has been told so.
        case awaitingPeer
    }

    /// A handle without a socket yet.
    init(
        isTCP: Bool, on loop: Loop, peer: SocketAddress?, peerName: String, options: ConnectionOptions
    ) throws(LoopError) {
        self.peerAddress = peer
        self.peerName = peerName
        self.options = options
        unsafe writeRequest = .allocate(capacity: 1)
        unsafe shutdownRequest = .allocate(capacity: 1)
        unsafe connectRequest = .allocate(capacity: 1)
        super.init(on: loop, type: isTCP ? UV_TCP : UV_NAMED_PIPE)
        let made =
            if isTCP {
                unsafe uv_tcp_init(loop.pointer, pointer(as: uv_tcp_t.self))
            } else {
                unsafe uv_pipe_init(loop.pointer, pointer(as: uv_pipe_t.self), 0)
            }
        if made < 0 { throw LoopError("make a connection to", peerName, status: made) }
        register()
    }

    /// Takes over a connected, non-blocking descriptor and its place in a budget; if this throws, both are still the
    /// caller's.
    convenience init(
        adopting descriptor: Int32, isTCP: Bool, on loop: Loop, peer: SocketAddress?, peerName: String,
        options: ConnectionOptions, budget: ConnectionBudget?
    ) throws(LoopError) {
        try self.init(isTCP: isTCP, on: loop, peer: peer, peerName: peerName, options: options)
        let opened =
            if isTCP {
                unsafe uv_tcp_open(pointer(as: uv_tcp_t.self), descriptor)
            } else {
                unsafe uv_pipe_open(pointer(as: uv_pipe_t.self), descriptor)
            }
        if opened < 0 {
            close()
            throw LoopError("take over the connection of", peerName, status: opened)
        }
        self.budget = budget
        applyOptions(isTCP: isTCP)
    }

    deinit {
        unsafe writeRequest.deallocate()
        unsafe shutdownRequest.deallocate()
        unsafe connectRequest.deallocate()
        if let inFlight = unsafe inFlight { unsafe inFlight.deallocate() }
    }

    /// Begins reading. Once per connection.
    ///
    /// - Parameter handler: kept until after its `closed` call.
    package func start(_ handler: any ConnectionHandler) {
        loop.assertOnLoop()
        precondition(self.handler == nil, "a connection was started twice")
        guard !isClosing else { return }
        self.handler = handler
        unhold(.notStarted)
    }

    // MARK: - Reading

    /// Stops reading: the kernel's window fills and the peer has to wait. Back-pressure.
    package func pauseReading() {
        loop.assertOnLoop()
        hold(.owner)
    }

    /// Reads again after `pauseReading()`.
    package func resumeReading() {
        loop.assertOnLoop()
        unhold(.owner)
    }

    private func hold(_ reason: ReadingHolds) {
        holds.insert(reason)
        guard isReading else { return }
        isReading = false
        readsInTurn = 0
        unsafe uv_read_stop(stream)
    }

    private func unhold(_ reason: ReadingHolds) {
        holds.remove(reason)
        guard holds.isEmpty, !isReading else { return }
        isReading = true
        let status = unsafe uv_read_start(
            stream,
            { handle, _, buffer in
                guard let connection = unsafe LoopHandle.owner(handle, as: Connection.self) else { return }
                // An empty buffer makes libuv end this turn's reads with ENOBUFS; the socket stays readable.
                unsafe buffer?.pointee =
                    connection.readsInTurn < Connection.readsPerTurn
                    ? connection.loop.receiveBuffer.lend() : uv_buf_t(base: nil, len: 0)
            },
            { handle, count, buffer in
                guard let connection = unsafe LoopHandle.owner(handle, as: Connection.self) else { return }
                unsafe connection.didRead(count, buffer?.pointee.base)
                connection.loop.receiveBuffer.giveBack()
            })
        if status < 0 { fail("read from", status) }
    }

    /// The base is the loop's buffer, of which the first `count` bytes are this read's.
    private func didRead(_ count: Int, _ base: UnsafeMutablePointer<CChar>?) {
        // Only a full read is followed by another one in the same turn.
        readsInTurn = count == loop.receiveBuffer.sizeBytes ? readsInTurn + 1 : 0
        guard !isClosing, count != 0, count != Int(UV_ENOBUFS.rawValue) else { return }
        if count > 0 {
            unsafe handler?.received(UnsafeRawBufferPointer(start: base, count: count), on: self)
        } else if count == Int(UV_EOF.rawValue) {
            // libuv has stopped reading by itself.
            isReading = false
            holds.insert(.ended)
            switch ending {
            case .none, .sending: handler?.reachedEnd(of: self)
            case .sendingThenAwaiting: break
            case .awaitingPeer: closeAfterItsEnd()
            }
        } else {
            fail("read from", Int32(count))
        }
    }

    // MARK: - Writing

    /// Bytes accepted by `write` that the kernel has not taken yet.
    package var queuedWriteBytes: Int {
        loop.assertOnLoop()
        return unsafe waiting.count + (inFlight == nil ? 0 : uv_stream_get_write_queue_size(stream))
    }

    /// Sends bytes, or queues what the kernel does not take at once. Does nothing once the connection closes.
    ///
    /// The memory is not kept. Failures are told by `closed`, later.
    package func write(_ bytes: UnsafeRawBufferPointer) {
        loop.assertOnLoop()
        guard !isClosing, ending == .none, unsafe !bytes.isEmpty else { return }
        var rest = unsafe bytes
        if unsafe inFlight == nil {
            // uv_try_write only reads from the buffer, and does not keep it.
            var buffer = unsafe uv_buf_t(
                base: UnsafeMutableRawPointer(mutating: bytes.baseAddress)?.assumingMemoryBound(to: CChar.self),
                len: bytes.count)
            let written = unsafe uv_try_write(stream, &buffer, 1)
            if written >= 0 {
                if Int(written) == bytes.count { return }
                unsafe rest = UnsafeRawBufferPointer(rebasing: bytes[Int(written)...])
            } else if written != UV_EAGAIN.rawValue {
                fail("write to", written)
                return
            }
            unsafe startWriting(rest)
        } else {
            let queued = queuedWriteBytes
            if queued + bytes.count > options.maximumQueuedWriteBytes {
                close(
                    because: .failed(
                        LoopError(
                            "write to", peerName, name: "ENOBUFS",
                            explanation: "the peer does not read: \(queued) bytes are queued",
                            advice: "see why it hangs, or raise maximumQueuedWriteBytes")))
                return
            }
            unsafe waiting.append(contentsOf: rest)
        }
        countQueuedBytes()
        if queuedWriteBytes > options.pauseReadingAboveQueuedBytes { hold(.unreadAnswers) }
        if loop.queuedWriteBytes > options.maximumQueuedWriteBytesOfLoop { loop.largestWriteQueue()?.giveUpQueue() }
    }

    /// All peers together have more to fetch than is allowed, and this one has the most.
    private func giveUpQueue() {
        close(
            because: .failed(
                LoopError(
                    "write to", peerName, name: "ENOBUFS",
                    explanation:
                        "the peer does not read: \(countedWriteBytes) of \(loop.queuedWriteBytes) bytes queued for"
                        + " all peers are its own",
                    advice: "see why it hangs; \(options.maximumQueuedWriteBytesOfLoop) bytes are kept for all of them")
            ))
    }

    /// Bytes in this connection's own memory, as the loop counts them.
    var writeQueueBytes: Int { countedWriteBytes }

    private func countQueuedBytes() {
        let now = isClosing ? 0 : unsafe waiting.count + (inFlight?.count ?? 0)
        loop.queuedWriteBytes += now - countedWriteBytes
        countedWriteBytes = now
    }

    /// Sends bytes, or queues what the kernel does not take at once.
    package func write(_ bytes: [UInt8]) {
        unsafe bytes.withUnsafeBytes { unsafe write($0) }
    }

    /// Sends bytes, or queues what the kernel does not take at once.
    package func write(_ bytes: Span<UInt8>) {
        unsafe bytes.withUnsafeBytes { unsafe write($0) }
    }

    private func startWriting(_ bytes: UnsafeRawBufferPointer) {
        // libuv reads from this copy until the callback, which frees it; deinit does if the callback never comes.
        let copy = UnsafeMutableRawBufferPointer.allocate(byteCount: bytes.count, alignment: 1)
        unsafe copy.copyMemory(from: bytes)
        unsafe inFlight = copy
        var buffer = unsafe uv_buf_t(
            base: copy.baseAddress?.assumingMemoryBound(to: CChar.self), len: copy.count)
        let status = unsafe uv_write(writeRequest, stream, &buffer, 1) { request, status in
            guard let connection = unsafe LoopHandle.owner(request?.pointee.handle, as: Connection.self) else { return }
            connection.didWrite(status)
        }
        if status < 0 { fail("write to", status) }
    }

    private func didWrite(_ status: Int32) {
        if let done = unsafe inFlight { unsafe done.deallocate() }
        unsafe inFlight = nil
        guard !isClosing else { return }
        defer { countQueuedBytes() }
        if status < 0 {
            fail("write to", status)
        } else if !waiting.isEmpty {
            let next = waiting
            waiting.removeAll(keepingCapacity: next.count <= options.pauseReadingAboveQueuedBytes)
            unsafe next.withUnsafeBytes { unsafe startWriting($0) }
        } else if ending != .none {
            shutDown()
        } else {
            unhold(.unreadAnswers)
            handler?.drained(self)
        }
    }

    // MARK: - Ending

    /// Stops reading, sends what is queued, then closes in order; gives up after a time.
    ///
    /// - Parameter milliseconds: how long; nil for `finishTimeoutMilliseconds`.
    ///
    /// If bytes of the peer lie unread, its kernel is told by a reset after the last byte: they were not accepted.
    package func closeAfterWrites(because reason: CloseReason = .local, withinMilliseconds milliseconds: UInt64? = nil)
    {
        end(.sending, because: reason, withinMilliseconds: milliseconds)
    }

    /// Sends what is queued and the end of the stream, reads on until the peer ends too, then closes.
    ///
    /// This is how the side that has sent data ends: a socket that is closed while something of the peer's is unread, or
    /// still comes, is reset by its kernel, and what the kernel had not sent yet is lost (RFC 1122, 4.2.2.13).
    package func closeAfterPeer(withinMilliseconds milliseconds: UInt64) {
        end(.sendingThenAwaiting, because: .local, withinMilliseconds: milliseconds)
    }

    private func end(_ ending: Ending, because reason: CloseReason, withinMilliseconds milliseconds: UInt64?) {
        loop.assertOnLoop()
        guard !isClosing, self.ending == .none else { return }
        self.reason = reason
        self.ending = ending
        if ending == .sending { hold(.finishing) }
        let isSent = unsafe inFlight == nil
        if isSent {
            shutDown()
            if ending == .sending || isClosing { return }
        }
        let timer = LoopTimer(on: loop)
        finishTimer = timer
        let limit = milliseconds ?? options.finishTimeoutMilliseconds
        timer.start(afterMilliseconds: limit) { [self] in
            let what =
                self.ending == .awaitingPeer
                ? "see the end of" : "send the last \(queuedWriteBytes) bytes to"
            close(
                because: .failed(
                    LoopError(
                        what, peerName, status: UV_ETIMEDOUT.rawValue,
                        advice: "the peer did not read for \(limit) ms: see why it hangs")))
        }
    }

    /// Closes now; queued bytes are lost.
    package override func close() { close(because: .local) }

    /// Closes now, and says why to the handler's `closed`.
    package func close(because reason: CloseReason) {
        loop.assertOnLoop()
        if !isClosing, ending == .none || reason != .local { self.reason = reason }
        super.close()
    }

    private func shutDown() {
        let status = unsafe uv_shutdown(shutdownRequest, stream) { request, _ in
            guard let connection = unsafe LoopHandle.owner(request?.pointee.handle, as: Connection.self),
                !connection.isClosing
            else { return }
            connection.didShutDown()
        }
        // ENOTCONN: the peer was faster.
        if status < 0 { close(because: reason) }
    }

    private func didShutDown() {
        guard ending == .sendingThenAwaiting else { return close(because: reason) }
        if holds.contains(.ended) { closeAfterItsEnd() } else { ending = .awaitingPeer }
    }

    /// The peer has ended its side; whether that means that it has read all shows by what is not acknowledged.
    private func closeAfterItsEnd() { close(because: hasPeerTakenAll ? reason : .reset) }

    private func fail(_ call: String, _ status: Int32) {
        let isReset = status == UV_ECONNRESET.rawValue || status == UV_EPIPE.rawValue
        close(because: isReset ? .reset : .failed(LoopError(call, peerName, status: status)))
    }

    override func willClose() {
        holds.insert(.closing)
        isReading = false
        countQueuedBytes()
        finishTimer?.close()
        finishTimer = nil
    }

    override func didClose() {
        budget?.giveBack()
        budget = nil
        let last = handler
        handler = nil
        connected = nil
        last?.closed(self, because: reason)
    }
}
