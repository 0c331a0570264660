import EventLoop
import Testing

@Suite("Names and their addresses")
struct NameLookupTests {
    /// What one lookup answers.
    private func look(up host: String) throws -> Result<[SocketAddress], LoopError>? {
        let loop = try Loop()
        var outcome: Result<[SocketAddress], LoopError>?
        let lookup = NameLookup(of: host, port: 24224, on: loop) { outcome = $0 }
        #expect(outcome == nil, "never from inside of init")
        loop.stop()
        #expect(loop.run() == [])
        _ = lookup
        return outcome
    }

    @Test("addresses are their own names", arguments: ["127.0.0.1", "::1"])
    func numeric(_ host: String) throws {
        let expected = try #require(SocketAddress(host: host, port: 24224))
        #expect(try look(up: host)?.get().first == expected)
    }

    @Test("this machine has an address")
    func localhost() throws {
        let found = try #require(try look(up: "localhost")).get()
        #expect(found.contains { ["127.0.0.1", "::1"].contains($0.host) })
        #expect(found.allSatisfy { $0.port == 24224 })
    }

    @Test("a name that cannot be is an error that names it", arguments: ["no.such.name.invalid", "", "a b"])
    func invalid(_ host: String) throws {
        guard case .failure(let error)? = try look(up: host) else {
            Issue.record("'\(host)' has no address")
            return
        }
        #expect(error.description.contains("\(host):24224"))
    }

    @Test("nothing is told after it was cancelled")
    func cancelled() throws {
        let loop = try Loop()
        let lookup = NameLookup(of: "localhost", port: 1, on: loop) { _ in Issue.record("it was told") }
        lookup.cancel()
        loop.stop()
        #expect(loop.run() == [])
    }
}
