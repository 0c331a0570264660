import Events
import Testing

@testable import Outputs

@Suite("The servers of one output")
struct ServerPoolTests {
    private let pool: ServerPool

    init() {
        let hosts = ["a", "b", "c"].map { name in
            var host = ElasticsearchHost()
            host.host = name
            return host
        }
        pool = ServerPool(hosts, dialect: nil, resurrectAfterSeconds: 60, sizes: RequestSizer.Settings())
    }

    private func picks(_ count: Int, at now: Double) -> String {
        (0..<count).map { _ in pool.pick(at: now).server.host.host }.joined()
    }

    @Test("they take turns, and the dead ones are passed over until their time") func turns() {
        #expect(picks(4, at: 0) == "abca")
        pool.markDead(1, at: 0, forget: false)
        #expect(picks(4, at: 59) == "caca")
        #expect(picks(3, at: 60).contains("b"))
    }

    @Test("when all are dead, the one that has been so longest is asked") func allDead() {
        pool.markDead(0, at: 2, forget: false)
        pool.markDead(1, at: 1, forget: false)
        pool.markDead(2, at: 3, forget: false)
        #expect(picks(2, at: 4) == "bb" && !pool.hasAlive(at: 4))
        pool.markAlive(2)
        #expect(picks(2, at: 4) == "cc" && pool.hasAlive(at: 4))
    }

    @Test("the most careful of the living servers decides how large requests are") func limits() {
        let usual = pool.requestLimits(at: 0)
        pool.measure(0) { $0.timedOut(bytes: usual.bytes, documents: usual.documents) }
        #expect(pool.requestLimits(at: 0).documents == usual.documents / 2)
        pool.markDead(0, at: 0, forget: false)
        #expect(pool.requestLimits(at: 1) == usual)
        pool.markDead(1, at: 0, forget: false)
        pool.markDead(2, at: 0, forget: false)
        #expect(pool.requestLimits(at: 1).documents == usual.documents / 2, "of all, when all are dead")
    }

    @Test("a server that was away is asked again what it is, one that was slow is not") func dialects() {
        let dialect = BulkDialect(type: "_doc")
        #expect(pool.know(0, dialect) && !pool.know(0, dialect))
        pool.markDead(0, at: 0, forget: false)
        #expect(pool.pick(at: 60).server.dialect == dialect)
        pool.markDead(0, at: 0, forget: true)
        for _ in 0..<3 { #expect(pool.pick(at: 60).server.dialect == nil) }
    }
}
