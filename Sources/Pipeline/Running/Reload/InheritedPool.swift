internal import EventLoop
internal import Glibc
internal import Inputs
internal import Synchronization

/// The listening sockets of a daemon that this one takes over from, by place. Any thread.
package final class InheritedPool: Sendable {
    private let sockets: Mutex<[String: [InheritedSockets]]>

    init(_ sockets: [String: [InheritedSockets]]) { self.sockets = Mutex(sockets) }

    /// For the loop of this number. One that has none of its own shares the first one's.
    func take(_ place: ListenPlace?, loop: Int) -> InheritedSockets? {
        guard let place else { return nil }
        return sockets.withLock { sockets in
            guard let all = sockets[place.description], !all.isEmpty else { return nil }
            let own = loop < all.count ? all[loop] : all[0]
            let stream = fcntl(own.stream, F_DUPFD_CLOEXEC, 0)
            guard stream >= 0 else { return nil }
            let datagram = loop < all.count ? own.datagram.map { fcntl($0, F_DUPFD_CLOEXEC, 0) } : nil
            return InheritedSockets(stream: stream, datagram: datagram.flatMap { $0 >= 0 ? $0 : nil })
        }
    }

    func has(_ place: ListenPlace) -> Bool { sockets.withLock { $0[place.description] != nil } }

    /// All that want one have theirs.
    func close() {
        sockets.withLock { sockets in
            for one in sockets.values.joined() {
                Glibc.close(one.stream)
                if let datagram = one.datagram { Glibc.close(datagram) }
            }
            sockets = [:]
        }
    }

    package var places: [String] { sockets.withLock { $0.keys.sorted() } }
}
