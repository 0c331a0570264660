internal import CUV
internal import Glibc

/// What the peer of a connection has done while nobody reads from it.
package enum PeerPresence: Sendable, Equatable {
    /// Nothing that would end it.
    case connected
    /// It has sent its last byte: it waits for answers, or has left in order. What it sent before can still be read.
    case ended
    /// It or its kernel has thrown the connection away: nothing can be sent, and what was sent is lost or cut.
    case reset
}

extension Connection {
    /// How the peers of paused connections are. A loop watches a connection only while it reads or writes, so that one
    /// that is held back would keep a peer that left long ago.
    ///
    /// One system call for all, whatever their number. Cheap enough for every second, not for every read.
    package static func presence(ofPeers connections: [Connection]) -> [PeerPresence] {
        var entries = connections.map { connection in
            // A negative descriptor is skipped by poll(2).
            pollfd(fd: connection.isClosing ? -1 : connection.descriptor ?? -1, events: peerHasEnded, revents: 0)
        }
        // poll writes `revents` of the entries and keeps nothing. A failure (ENOMEM, EINTR) leaves them zero.
        _ = unsafe entries.withUnsafeMutableBufferPointer { entries in
            unsafe poll(entries.baseAddress, nfds_t(entries.count), 0)
        }
        return zip(entries, connections).map { entry, connection in
            let events = Int32(entry.revents)
            // A unix socket whose peer is gone hangs up without an error; of TCP only a dead connection does.
            if events & POLLERR != 0 || (events & POLLHUP != 0 && connection.peerAddress != nil) { return .reset }
            return events & (POLLHUP | Int32(peerHasEnded)) != 0 ? .ended : .connected
        }
    }

    /// POLLRDHUP of Linux, which glibc declares only under `_GNU_SOURCE`.
    private static var peerHasEnded: Int16 { 0x2000 }
}
