internal import Synchronization

/// The servers of one output: whose turn it is, which are dead, and what is known of each.
final class ServerPool: Sendable {
    struct Server: Sendable {
        var host: ElasticsearchHost
        var dialect: BulkDialect?
        /// Passed over until this moment, in seconds; 0 when it works.
        var deadUntil = 0.0
        /// How much it takes at a time.
        var sizer: RequestSizer
    }

    private struct State {
        var servers: [Server]
        var next = 0
    }

    private let state: Mutex<State>
    private let resurrectAfterSeconds: Double
    let count: Int

    init(
        _ hosts: [ElasticsearchHost], dialect: BulkDialect?, resurrectAfterSeconds: Double,
        sizes: RequestSizer.Settings
    ) {
        let hosts = hosts.isEmpty ? [ElasticsearchHost()] : hosts
        let sizer = RequestSizer(sizes)
        state = Mutex(State(servers: hosts.map { Server(host: $0, dialect: dialect, sizer: sizer) }))
        self.resurrectAfterSeconds = resurrectAfterSeconds
        count = hosts.count
    }

    /// The next server that is not dead; when all are, the one that has been so longest.
    func pick(at now: Double) -> (index: Int, server: Server) {
        state.withLock { state in
            for step in state.servers.indices {
                let index = (state.next + step) % state.servers.count
                if state.servers[index].deadUntil <= now {
                    state.next = index + 1
                    return (index, state.servers[index])
                }
            }
            let index = state.servers.indices.min { state.servers[$0].deadUntil < state.servers[$1].deadUntil } ?? 0
            return (index, state.servers[index])
        }
    }

    /// The most that the next request may hold, whichever server it goes to.
    func requestLimits(at now: Double) -> (bytes: Int, documents: Int) {
        state.withLock { state in
            let alive = state.servers.filter { $0.deadUntil <= now }
            let sizers = (alive.isEmpty ? state.servers : alive).map(\.sizer)
            return (sizers.map(\.limitBytes).min() ?? .max, sizers.map(\.limitDocuments).min() ?? .max)
        }
    }

    /// Tells a server's sizer what became of a request.
    func measure<Result>(_ index: Int, _ note: (inout RequestSizer) -> Result) -> Result {
        state.withLock { note(&$0.servers[index].sizer) }
    }

    func hasAlive(at now: Double) -> Bool { state.withLock { $0.servers.contains { $0.deadUntil <= now } } }

    /// Answers whether that is news.
    @discardableResult
    func know(_ index: Int, _ dialect: BulkDialect) -> Bool {
        state.withLock { state in
            let isNews = state.servers[index].dialect != dialect
            state.servers[index].dialect = dialect
            state.servers[index].deadUntil = 0
            return isNews
        }
    }

    func markAlive(_ index: Int) { state.withLock { $0.servers[index].deadUntil = 0 } }

    /// `forget`: ask again what it is, when it comes back it may be another version.
    func markDead(_ index: Int, at now: Double, forget: Bool) {
        state.withLock { state in
            state.servers[index].deadUntil = now + resurrectAfterSeconds
            if forget { state.servers[index].dialect = nil }
        }
    }
}
