import CUV
import Glibc

/// Resolves a name to its addresses, in the order of the resolver (`getaddrinfo`, on a thread of libuv's).
///
/// Keeps itself alive until the outcome is told, once, on the loop and after `init` has returned, unless `cancel` was
/// called.
@safe
package final class NameLookup: @unchecked Sendable {
    // `@unchecked Sendable`: all members assert the loop's thread, as `LoopHandle`'s do.

    private let loop: Loop
    private let subject: String
    private var outcome: ((Result<[SocketAddress], LoopError>) -> Void)?
    private var request: UnsafeMutablePointer<uv_getaddrinfo_t>?
    private var failing: LoopTimer?

    /// Starts.
    ///
    /// - Parameter outcome: gets at least one address, or the error.
    package init(
        of host: String, port: UInt16, on loop: Loop, _ outcome: @escaping (Result<[SocketAddress], LoopError>) -> Void
    ) {
        self.loop = loop
        self.outcome = outcome
        subject = Endpoint.tcp(host: host, port: port).description
        loop.assertOnLoop()
        // The request and one reference to us belong to libuv until its callback, which always comes.
        let request = UnsafeMutablePointer<uv_getaddrinfo_t>.allocate(capacity: 1)
        unsafe request.pointee.data = Unmanaged.passRetained(self).toOpaque()
        var hints = unsafe addrinfo()
        unsafe hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        unsafe hints.ai_flags = AI_NUMERICSERV
        let status = unsafe uv_getaddrinfo(
            loop.pointer, request,
            { request, status, list in
                guard let request = unsafe request, let data = unsafe request.pointee.data else { return }
                let lookup = unsafe Unmanaged<NameLookup>.fromOpaque(data).takeRetainedValue()
                unsafe request.deallocate()
                unsafe lookup.request = nil
                unsafe lookup.didResolve(status, list)
                unsafe uv_freeaddrinfo(list)
            }, host, String(port), &hints)
        if status < 0 {
            unsafe Unmanaged.passUnretained(self).release()
            unsafe request.deallocate()
            let timer = LoopTimer(on: loop)
            failing = timer
            // The timer's action holds the lookup, until the timer is closed.
            timer.start(afterMilliseconds: 0) { [self] in finish(.failure(error(status))) }
        } else {
            unsafe self.request = request
        }
    }

    /// Gives up; the outcome is not told any more.
    package func cancel() {
        loop.assertOnLoop()
        outcome = nil
        failing?.close()
        failing = nil
        // The resolver's thread may be past cancelling; its callback finds no outcome wanted then.
        guard let request = unsafe request else { return }
        unsafe request.withMemoryRebound(to: uv_req_t.self, capacity: 1) { _ = unsafe uv_cancel($0) }
    }

    private func didResolve(_ status: Int32, _ list: UnsafeMutablePointer<addrinfo>?) {
        if status < 0 { return finish(.failure(error(status))) }
        // The list is valid until uv_freeaddrinfo, which the caller calls after us.
        var found: [SocketAddress] = []
        var entry = unsafe list
        while let one = unsafe entry {
            if let address = unsafe one.pointee.ai_addr, let address = unsafe SocketAddress(address) {
                found.append(address)
            }
            unsafe entry = one.pointee.ai_next
        }
        finish(found.isEmpty ? .failure(error(UV_EAI_NONAME.rawValue)) : .success(found))
    }

    private func error(_ status: Int32) -> LoopError { LoopError("resolve", subject, status: status) }

    private func finish(_ result: Result<[SocketAddress], LoopError>) {
        let tell = outcome
        outcome = nil
        failing?.close()
        failing = nil
        tell?(result)
    }
}
