internal import Glibc
internal import Synchronization

/// How many connections of clients may be open at one time, counted over all loops: those of one source, or those of
/// the process, whose descriptors they take.
///
/// A listener takes a place before it accepts; the connection gives it back once its descriptor is closed. When there is
/// none, clients wait in the kernel's queue until somebody leaves.
package final class ConnectionBudget: Sendable {
    /// The most connections.
    package let limit: Int
    /// What to change for more, for the log.
    package let advice: String
    private let taken = Atomic(0)

    /// The process's: its limit of descriptors at the first use, less those that outputs, files and the resolver need.
    package static let process: ConnectionBudget = {
        var found = rlimit()
        let isKnown = unsafe getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &found) == 0
        let descriptors = isKnown ? Int(clamping: found.rlim_cur) : 1024
        return ConnectionBudget(
            limit: connections(ofDescriptors: descriptors),
            advice: "\(descriptors) file descriptors are allowed: raise LimitNOFILE (ulimit -n) for more")
    }()

    /// A source's own; its connections count for the process as well.
    package init(limit: Int, advice: String) {
        self.limit = limit
        self.advice = advice
    }

    /// An eighth of the descriptors is not for clients, but at least 32 (the daemon's own are about 20) and at most 256.
    package static func connections(ofDescriptors descriptors: Int) -> Int {
        max(descriptors - min(max(descriptors / 8, 32), 256), 1)
    }

    /// How many places are taken.
    package var count: Int { taken.load(ordering: .relaxed) }

    /// Takes a place.
    ///
    /// - Parameter descriptors: what the connection costs of the process'. A source's own budget counts connections.
    /// - Returns: nil when it was taken, else the budget that has none left.
    package func take(descriptors: Int = 1) -> ConnectionBudget? {
        if self !== Self.process, let full = Self.process.take(descriptors: descriptors) { return full }
        if taken.add(places(descriptors), ordering: .relaxed).newValue <= limit { return nil }
        giveBack(descriptors: descriptors)
        return self
    }

    /// Gives a place back that was taken for so many descriptors.
    package func giveBack(descriptors: Int = 1) {
        taken.subtract(places(descriptors), ordering: .relaxed)
        if self !== Self.process { Self.process.giveBack(descriptors: descriptors) }
    }

    private func places(_ descriptors: Int) -> Int { self === Self.process ? descriptors : 1 }
}
