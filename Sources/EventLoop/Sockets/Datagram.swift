import CUV
import Glibc

/// A bound UDP socket: receives datagrams, several per system call where the kernel can (`recvmmsg`), and answers.
@safe
package final class Datagram: LoopHandle, @unchecked Sendable {
    /// The port in use, also if 0 was asked for.
    package let port: UInt16
    /// Told when the kernel refused to receive (it goes on trying).
    package var onError: ((LoopError) -> Void)?

    private let subject: String
    /// libuv's, which closes it.
    private let socket: ListeningSocket
    private var received: ((UnsafeRawBufferPointer, SocketAddress, Bool) -> Void)?
    private var isReceiving = false
    private var holdsBuffer = false

    /// Binds and starts receiving.
    ///
    /// - Parameters:
    ///   - reusePort: lets several loops bind one port.
    ///   - inherited: a socket that is bound there already (`share`), this one's from now on.
    ///   - receiveQueueBytes: SO_RCVBUF, what the kernel holds for us; nil for its default.
    ///   - received: gets each datagram (valid during the call), its sender, and whether its end was cut off because
    ///     it is larger than 64 KiB.
    package init(
        host: String, port: UInt16, on loop: Loop, reusePort: Bool = false, inherited: Int32? = nil,
        receiveQueueBytes: Int32? = nil,
        received: @escaping (_ bytes: UnsafeRawBufferPointer, _ sender: SocketAddress, _ isTruncated: Bool) -> Void
    ) throws(LoopError) {
        if let inherited {
            socket = ListeningSocket(descriptor: inherited)
        } else {
            socket = try ListeningSocket.bind(host: host, port: port, type: SOCK_DGRAM, reusePort: reusePort)
        }
        if let receiveQueueBytes { socket.set(SOL_SOCKET, SO_RCVBUF, receiveQueueBytes) }
        self.port = socket.address?.port ?? port
        self.subject = "udp \(host):\(self.port)"
        unsafe self.received = received
        super.init(on: loop, type: UV_UDP)
        let made = unsafe uv_udp_init_ex(loop.pointer, pointer(as: uv_udp_t.self), UInt32(UV_UDP_RECVMMSG.rawValue))
        if made < 0 {
            socket.close()
            throw LoopError("make", subject, status: made)
        }
        register()
        let opened = unsafe uv_udp_open(pointer(as: uv_udp_t.self), socket.descriptor)
        if opened < 0 {
            socket.close()
            close()
            throw LoopError("take over", subject, status: opened)
        }
        resumeReading()
    }

    /// The socket once more, for one that goes on where this one ends. The descriptor is the caller's.
    package func share() throws(LoopError) -> Int32 { try socket.duplicate() }

    /// Stops receiving; what does not fit the kernel's queue is lost, as UDP has it.
    package func pauseReading() {
        loop.assertOnLoop()
        guard isReceiving else { return }
        isReceiving = false
        unsafe uv_udp_recv_stop(pointer(as: uv_udp_t.self))
        giveBackBuffer()
    }

    /// Receives again after `pauseReading()`.
    package func resumeReading() {
        loop.assertOnLoop()
        guard !isClosing, !isReceiving else { return }
        isReceiving = true
        // Fails only when receiving already.
        unsafe uv_udp_recv_start(
            pointer(as: uv_udp_t.self),
            { handle, _, buffer in
                guard let datagram = unsafe LoopHandle.owner(handle, as: Datagram.self) else { return }
                datagram.holdsBuffer = true
                unsafe buffer?.pointee = datagram.loop.receiveBuffer.lendWhole()
            },
            { handle, count, buffer, sender, flags in
                guard let datagram = unsafe LoopHandle.owner(handle, as: Datagram.self) else { return }
                unsafe datagram.didReceive(count, buffer?.pointee.base, sender, flags)
            })
    }

    /// Sends at once; never queued.
    ///
    /// - Returns: false if the kernel did not take it. UDP gives no guarantee anyway.
    @discardableResult
    package func send(_ bytes: UnsafeRawBufferPointer, to receiver: SocketAddress) -> Bool {
        loop.assertOnLoop()
        guard !isClosing else { return false }
        // Only read from, and not kept.
        var buffer = unsafe uv_buf_t(
            base: UnsafeMutableRawPointer(mutating: bytes.baseAddress)?.assumingMemoryBound(to: CChar.self),
            len: bytes.count)
        return unsafe receiver.withSockaddr { address, _ in
            unsafe uv_udp_try_send(pointer(as: uv_udp_t.self), &buffer, 1, address) >= 0
        }
    }

    /// Sends at once; never queued.
    @discardableResult
    package func send(_ bytes: [UInt8], to receiver: SocketAddress) -> Bool {
        unsafe bytes.withUnsafeBytes { unsafe send($0, to: receiver) }
    }

    override func willClose() {
        isReceiving = false
        giveBackBuffer()
    }

    override func didClose() {
        unsafe received = nil
        onError = nil
    }

    /// One datagram, or the end of a batch, or an error; `base` points to the datagram inside the loop's buffer.
    private func didReceive(
        _ count: Int, _ base: UnsafeMutablePointer<CChar>?, _ sender: UnsafePointer<sockaddr>?, _ flags: UInt32
    ) {
        if count < 0 {
            onError?(LoopError("receive on", subject, status: Int32(count)))
        } else if let sender = unsafe sender, let address = unsafe SocketAddress(sender), !isClosing {
            unsafe received?(
                UnsafeRawBufferPointer(start: base, count: count), address, flags & UInt32(UV_UDP_PARTIAL.rawValue) != 0
            )
        }
        // Within a batch the buffer stays lent: the call that ends it carries UV_UDP_MMSG_FREE. If the handler stopped
        // or closed us meanwhile, that call never comes, and they have given the buffer back.
        if flags & UInt32(UV_UDP_MMSG_CHUNK.rawValue) == 0 { giveBackBuffer() }
    }

    private func giveBackBuffer() {
        guard holdsBuffer else { return }
        holdsBuffer = false
        loop.receiveBuffer.giveBack()
    }
}
