import Outputs
import Testing

@Suite("Forward: heartbeats decide whether a server is up")
struct FailureDetectorTests {
    private func settings(_ change: (inout FailureDetector.Settings) -> Void = { _ in }) -> FailureDetector.Settings {
        var settings = FailureDetector.Settings()
        change(&settings)
        return settings
    }

    @Test("a server that answers stays up; one that is silent is lost after hard_timeout")
    func hardTimeout() {
        var detector = FailureDetector(settings { $0.phiThreshold = nil }, at: 100)
        for second in 101...200 {
            #expect(detector.heartbeat(at: Double(second)) == nil)
            #expect(detector.tick(at: Double(second)) == nil)
        }
        #expect(detector.tick(at: 260) == nil)
        #expect(detector.isUp)
        #expect(detector.tick(at: 260.5) == .lost(silentSeconds: 60.5))
        #expect(!detector.isUp)
        #expect(detector.tick(at: 261) == nil, "it is told once")
    }

    @Test("phi finds a silent server earlier: 16 is 36.8 intervals of a steady second")
    func phi() {
        var detector = FailureDetector(settings(), at: 0)
        for second in 1...100 { _ = detector.heartbeat(at: Double(second)) }
        #expect(detector.tick(at: 136.8) == nil)
        #expect(detector.tick(at: 136.9) != nil)
    }

    @Test("heartbeats that always came irregularly make phi patient")
    func irregular() {
        var detector = FailureDetector(settings(), at: 0)
        var now = 0.0
        for number in 1...200 {
            now += number.isMultiple(of: 2) ? 0.5 : 3.5
            _ = detector.heartbeat(at: now)
        }
        #expect(detector.tick(at: now + 45) == nil)
        #expect(detector.tick(at: now + 61) != nil, "hard_timeout is a limit all the same")
    }

    @Test("a lost server comes back when it has answered for recover_wait, and not before")
    func recovery() {
        var detector = FailureDetector(settings(), at: 0)
        #expect(detector.tick(at: 61) != nil)
        for second in 62...71 { #expect(detector.heartbeat(at: Double(second)) == nil) }
        #expect(!detector.isUp)
        #expect(detector.heartbeat(at: 72) == .recovered)
        #expect(detector.isUp)
    }

    @Test("answers with a long silence between them do not add up to a recovery")
    func brokenRecovery() {
        var detector = FailureDetector(settings(), at: 0)
        #expect(detector.tick(at: 61) != nil)
        for second in 62...70 { _ = detector.heartbeat(at: Double(second)) }
        #expect(detector.tick(at: 131) == nil)
        for second in 132...141 { #expect(detector.heartbeat(at: Double(second)) == nil) }
        #expect(detector.heartbeat(at: 142) == .recovered)
    }
}
