internal import Synchronization

/// The servers of one output: whose turn it is, which are dead, and what is known of each.
final class ServerPool: Sendable {
    struct Server: Sendable {
        var host: ElasticsearchHost
        var dialect: BulkDialect?
        /// Passed over until this moment, in seconds; 0 when it works.
        var deadUntil = 0.0
    }

    private struct State {
        var servers: [Server]
        var next = 0
    }

    private let state: Mutex<State>
    private let resurrectAfterSeconds: Double
    let count: Int

    init(_ hosts: [ElasticsearchHost], dialect: BulkDialect?, resurrectAfterSeconds: Double) {
        let hosts = hosts.isEmpty ? [ElasticsearchHost()] : hosts
        state = Mutex(State(servers: hosts.map { Server(host: $0, dialect: dialect) }))
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
