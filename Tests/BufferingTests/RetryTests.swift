import Buffering
import Testing

@Suite("Retry schedule")
struct RetryTests {
    @Test("waits double from retry_wait up to retry_max_interval")
    func exponential() {
        var settings = RetrySettings()
        #expect((1...5).map { settings.interval(failures: $0) } == [1, 2, 4, 8, 16])
        #expect(settings.interval(failures: 4000).isFinite)
        settings.maxIntervalSeconds = 5
        #expect((1...5).map { settings.interval(failures: $0) } == [1, 2, 4, 5, 5])
        settings.exponentialBase = 3
        settings.waitSeconds = 0.1
        #expect(abs(settings.interval(failures: 3) - 0.9) < 1e-9)
    }

    @Test("periodic waits stay the same")
    func periodic() {
        var settings = RetrySettings()
        settings.kind = .periodic
        settings.waitSeconds = 7
        #expect((1...3).map { settings.interval(failures: $0) } == [7, 7, 7])
    }

    @Test(
        "the jitter is an eighth, both ways, and can be switched off", arguments: [(-1.0, 0.875), (0, 1), (1, 1.125)])
    func jitter(random: Double, expected: Double) {
        var settings = RetrySettings()
        var state = RetryState(startedAt: 10)
        state.fail(at: 10, settings, random: random)
        #expect(state.nextAttemptAt == 10 + expected)
        settings.randomize = false
        state = RetryState(startedAt: 10)
        state.fail(at: 10, settings, random: random)
        #expect(state.nextAttemptAt == 11)
    }

    @Test("what the server asks for lengthens a wait and never shortens it")
    func serverWait() {
        var state = RetryState(startedAt: 0)
        state.fail(at: 0, RetrySettings(), random: 0, serverWait: 30)
        #expect(state.nextAttemptAt == 30)
        state.fail(at: 30, RetrySettings(), random: 0, serverWait: 0.5)
        #expect(state.nextAttemptAt == 32)
    }

    @Test("what the server asks for is bounded by retry_max_interval, and by a minute where none is set")
    func longServerWait() {
        var settings = RetrySettings()
        settings.randomize = false
        for (bound, expected) in [(nil, 60), (5, 5), (300, 300)] as [(Double?, Double)] {
            settings.maxIntervalSeconds = bound
            var state = RetryState(startedAt: 0)
            state.fail(at: 0, settings, random: 0, serverWait: 86_400)
            #expect(state.nextAttemptAt == expected)
        }
    }

    @Test("it ends after 72 hours, after retry_max_times retries, or never")
    func limits() {
        var settings = RetrySettings()
        settings.randomize = false
        var state = RetryState(startedAt: 0)
        var now = 0.0
        while !state.isExhausted {
            state.fail(at: now, settings, random: 0)
            now = state.nextAttemptAt
        }
        // 2^17 s are 36 h: the next wait would end beyond 72 h.
        #expect(state.failures == 18)

        settings.maxTimes = 3
        state = RetryState(startedAt: 0)
        for _ in 0..<3 { state.fail(at: 0, settings, random: 0) }
        #expect(!state.isExhausted)
        state.fail(at: 0, settings, random: 0)
        #expect(state.isExhausted)

        settings.forever = true
        state = RetryState(startedAt: 0)
        for _ in 0..<100 { state.fail(at: 1e9, settings, random: 0) }
        #expect(!state.isExhausted)
        #expect(!state.isPastThreshold(at: 1e9, settings))
    }

    @Test("the secondary takes over after 80 % of the limit")
    func threshold() {
        var settings = RetrySettings()
        settings.timeoutSeconds = 100
        var state = RetryState(startedAt: 0)
        #expect(!state.isPastThreshold(at: 79.9, settings))
        #expect(state.isPastThreshold(at: 80, settings))
        settings.maxTimes = 5
        for _ in 0..<3 { state.fail(at: 0, settings, random: 0) }
        #expect(!state.isPastThreshold(at: 1, settings))
        state.fail(at: 0, settings, random: 0)
        #expect(state.isPastThreshold(at: 1, settings))
    }
}
