import Testing

@testable import Buffering

@Suite("Inputs wait a moment for a destination that keeps up")
struct PaceTests {
    /// A pace whose answers can be expected where they are asked for.
    private final class Inputs {
        private(set) var pace = Pace(limitBytes: 1000)
        func mustPause(queued bytes: Int, isInTrouble: Bool = false, at now: Double) -> Bool {
            pace.mustPause(queuedBytes: bytes, isInTrouble: isInTrouble, at: now)
        }
        func isOver(queued bytes: Int) -> Bool { pace.isOver(queuedBytes: bytes) }
        func look(isInTrouble: Bool = false, at now: Double) -> Double? {
            pace.look(isInTrouble: isInTrouble, at: now)
        }
    }

    private let inputs = Inputs()

    @Test("nobody waits below the limit")
    func below() {
        #expect(!inputs.mustPause(queued: 999, at: 0))
        #expect(inputs.look(at: 0) == nil)
        #expect(inputs.isOver(queued: 999))
    }

    @Test("a pause ends when a fifth of the queue is delivered")
    func ends() {
        #expect(inputs.mustPause(queued: 1000, at: 5))
        #expect(!inputs.isOver(queued: 801))
        #expect(inputs.isOver(queued: 800))
        #expect(inputs.pace.pausedSince == nil)
        #expect(inputs.mustPause(queued: 1000, at: 6))
    }

    @Test("a destination that takes a second may have the whole buffer, until its queue is half the limit")
    func slow() {
        #expect(inputs.mustPause(queued: 1000, at: 5))
        #expect(inputs.mustPause(queued: 1100, at: 5.9))
        #expect(inputs.look(at: 5.75) == 0.25)
        #expect(inputs.look(at: 6) == nil)
        #expect(inputs.isOver(queued: 5000))
        #expect(!inputs.mustPause(queued: 9000, at: 7))
        #expect(!inputs.mustPause(queued: 501, at: 8))
        #expect(!inputs.mustPause(queued: 500, at: 9))
        #expect(inputs.mustPause(queued: 1000, at: 10))
    }

    @Test("a destination in trouble is not waited for", arguments: [true, false])
    func outage(isPaused: Bool) {
        if isPaused {
            #expect(inputs.mustPause(queued: 1000, at: 5))
            #expect(inputs.look(isInTrouble: true, at: 5.1) == nil)
            #expect(inputs.isOver(queued: 1000))
        }
        #expect(!inputs.mustPause(queued: 5000, isInTrouble: true, at: 5.2))
    }
}
