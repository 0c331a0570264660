import Outputs
import Testing

@Suite("Forward: which server gets the next message")
struct ServerRingTests {
    private func ring(_ servers: [ServerRing.Server], seed: UInt64 = 7) -> ServerRing {
        ServerRing(servers, recoverSeconds: 10, seed: seed)
    }

    private func picks(_ ring: inout ServerRing, _ count: Int, at now: Double = 0) -> [Int] {
        (0..<count).compactMap { _ in ring.pick(at: now) }
    }

    @Test("messages are shared in proportion to the weights, in an order that repeats and is not sorted")
    func weights() {
        var ring = ring([.init(weight: 20), .init(weight: 60)])
        let first = picks(&ring, 12)
        #expect(first.count { $0 == 0 } == 3)
        #expect(first.count { $0 == 1 } == 9)
        #expect(picks(&ring, 12) == first)
        #expect(first != first.sorted())
        var other = self.ring([.init(weight: 20), .init(weight: 60)], seed: 9)
        #expect(picks(&other, 12) != first, "another seed, another order")
    }

    @Test("60 messages to two equal servers are 30 for each")
    func equal() {
        var ring = ring([.init(weight: 60), .init(weight: 60)])
        #expect(picks(&ring, 60).count { $0 == 0 } == 30)
    }

    @Test("weight 0 gets nothing, even when the others have failed")
    func zero() {
        var ring = ring([.init(weight: 0), .init(weight: 1)])
        #expect(Set(picks(&ring, 20)) == [1])
        #expect(ring.pick(at: 0, excluding: [1]) == nil)
        ring.failed(1, at: 0)
        #expect(ring.pick(at: 0) == 1)
    }

    @Test("a standby gets something only while another is away")
    func standby() {
        var ring = ring([.init(weight: 60), .init(weight: 60, isStandby: true)])
        #expect(Set(picks(&ring, 20)) == [0])
        ring.failed(0, at: 0)
        #expect(Set(picks(&ring, 20, at: 9)) == [1])
        #expect(ring.standbys(at: 9) == [1])
        #expect(Set(picks(&ring, 20, at: 10)) == [0], "it is over when the other is back")
        #expect(ring.standbys(at: 10) == [])
    }

    @Test("as many standbys take part as weight is lost")
    func standbys() {
        var ring = ring([
            .init(weight: 60), .init(weight: 60), .init(weight: 60, isStandby: true),
            .init(weight: 60, isStandby: true),
        ])
        ring.failed(0, at: 0)
        #expect(Set(picks(&ring, 60, at: 1)) == [1, 2])
        ring.failed(1, at: 1)
        #expect(Set(picks(&ring, 60, at: 2)) == [2, 3])
    }

    @Test("a server that failed is passed over for recover_wait, and at once when it works again")
    func recovers() {
        var ring = ring([.init(weight: 1), .init(weight: 1)])
        let news = (ring.failed(0, at: 5), ring.failed(0, at: 5))
        #expect(news == (true, false), "a second failure is none")
        #expect(Set(picks(&ring, 20, at: 14.9)) == [1])
        #expect(Set(picks(&ring, 20, at: 15)) == [0, 1])
        ring.failed(0, at: 20)
        ring.worked(0)
        #expect(Set(picks(&ring, 20, at: 21)) == [0, 1])
    }

    @Test("when all have failed they are asked again, the one that failed first before the others, each once")
    func allFailed() {
        var ring = ring([.init(weight: 1), .init(weight: 1)])
        ring.failed(1, at: 0)
        ring.failed(0, at: 1)
        #expect(ring.pick(at: 2) == 1)
        #expect(ring.pick(at: 2, excluding: [1]) == 0)
        #expect(ring.pick(at: 2, excluding: [0, 1]) == nil)
    }

    @Test("a server that does not answer heartbeats gets nothing until it does")
    func heartbeats() {
        var settings = FailureDetector.Settings()
        settings.recoverSeconds = 2
        let detector = FailureDetector(settings, at: 0)
        var ring = ring([.init(weight: 1, detector: detector), .init(weight: 1, detector: detector)])
        for second in 1...100 { _ = ring.heartbeat(1, at: Double(second)) }
        #expect(ring.tick(0, at: 100) == .lost(silentSeconds: 100))
        #expect(ring.tick(1, at: 100) == nil)
        #expect(Set(picks(&ring, 20, at: 100)) == [1])
        #expect(ring.pick(at: 100, excluding: [1]) == nil, "not even as the last one left")
        for second in 101...103 { _ = ring.heartbeat(0, at: Double(second)) }
        #expect(Set(picks(&ring, 20, at: 103)) == [0, 1])
    }
}
