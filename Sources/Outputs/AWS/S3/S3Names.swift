internal import Synchronization

/// Which names of objects are being written to by this process, and where the free ones begin: two workers never take one.
final class S3Names: Sendable {
    private struct State {
        var isBucketKnown = false
        /// Whether the service understands `If-None-Match`.
        var isConditional = true
        var free: [S3Key: Int] = [:]
        var taken: [S3Key: Set<Int>] = [:]
    }

    private let state = Mutex(State())
    /// Names are made of strangers' words and times: they are not remembered for ever.
    private static let remembered = 10_000

    var isBucketKnown: Bool {
        get { state.withLock { $0.isBucketKnown } }
        set { state.withLock { $0.isBucketKnown = newValue } }
    }

    var isConditional: Bool {
        get { state.withLock { $0.isConditional } }
        set { state.withLock { $0.isConditional = newValue } }
    }

    /// The lowest number that is not known to be used, from `least` on, taken.
    func take(_ key: S3Key, from least: Int = 0) -> Int {
        state.withLock { state in
            var index = max(state.free[key] ?? 0, least)
            while state.taken[key]?.contains(index) == true { index += 1 }
            state.taken[key, default: []].insert(index)
            return index
        }
    }

    /// - Parameter isUsed: there is an object of that number, whoever wrote it.
    func giveBack(_ index: Int, of key: S3Key, isUsed: Bool) {
        state.withLock { state in
            state.taken[key]?.remove(index)
            if state.taken[key]?.isEmpty == true { state.taken[key] = nil }
            guard isUsed else { return }
            if state.free.count >= Self.remembered { state.free.removeAll() }
            if index == state.free[key] ?? 0 { state.free[key] = index + 1 }
        }
    }
}
