/// When a failed delivery is tried again, and when no more. Names and defaults are those of Fluentd's buffer section
/// (`lib/fluent/plugin/output.rb`).
package struct RetrySettings: Sendable, Equatable {
    package enum Kind: String, Sendable, CaseIterable {
        case exponentialBackoff = "exponential_backoff"
        case periodic
    }

    package var kind = Kind.exponentialBackoff
    /// Before the first retry (`retry_wait`).
    package var waitSeconds = 1.0
    package var exponentialBase = 2.0
    package var maxIntervalSeconds: Double?
    /// Spread every wait by ±12.5 %, so that many daemons do not come back in one moment.
    package var randomize = true
    package var timeoutSeconds = 72.0 * 3600
    package var maxTimes: Int?
    /// Neither `timeoutSeconds` nor `maxTimes` ends it.
    package var forever = false
    /// The part of the limit after which the secondary destination is used, where there is one.
    package var secondaryThreshold = 0.8

    package init() {}

    /// How long a destination may ask us to wait: `retry_max_interval`, a minute where none is set. One header of one
    /// proxy must not stop delivery for a day.
    package var longestServerWaitSeconds: Double { maxIntervalSeconds ?? 60 }

    /// The wait after a failure, before the jitter. `failures` counts from 1.
    package func interval(failures: Int) -> Double {
        var interval = waitSeconds
        if kind == .exponentialBackoff {
            for _ in 1..<max(failures, 1) {
                interval *= exponentialBase
                // Stops growing where nobody would see the end of it, before it is infinite.
                if interval > 1e9 { break }
            }
        }
        return min(interval, maxIntervalSeconds ?? .infinity)
    }
}

/// A run of failures: how many, since when, and when the next attempt is. Times in seconds of a clock that never jumps.
package struct RetryState: Sendable, Equatable {
    package private(set) var failures = 0
    package let startedAt: Double
    package private(set) var nextAttemptAt: Double
    package private(set) var isExhausted = false
    /// The wait was cut at the moment from which on the secondary is asked.
    package private(set) var endsAtSecondary = false

    package init(startedAt: Double) {
        self.startedAt = startedAt
        nextAttemptAt = startedAt
    }

    /// Notes one more failure.
    ///
    /// - random: from -1 to 1, for the jitter.
    /// - serverWait: what the destination asked for (`Retry-After`), in seconds; never shortens the wait, and lengthens
    ///   it to `longestServerWaitSeconds` at most.
    /// - hasSecondary: the wait does not jump over the moment from which on the secondary is asked.
    package mutating func fail(
        at now: Double, _ settings: RetrySettings, random: Double, serverWait: Double? = nil,
        hasSecondary: Bool = false
    ) {
        failures += 1
        var wait = settings.interval(failures: failures)
        if settings.randomize { wait += wait * 0.125 * random }
        nextAttemptAt = now + max(wait, min(serverWait ?? 0, settings.longestServerWaitSeconds))
        if settings.forever { return }
        let turn = startedAt + settings.timeoutSeconds * settings.secondaryThreshold
        endsAtSecondary = hasSecondary && now < turn && nextAttemptAt > turn
        if endsAtSecondary { nextAttemptAt = turn }
        let end = startedAt + settings.timeoutSeconds
        if nextAttemptAt >= end || settings.maxTimes.map({ failures > $0 }) ?? false { isExhausted = true }
    }

    /// Somebody wants to be tried earlier.
    package mutating func hurry(to moment: Double) { nextAttemptAt = min(nextAttemptAt, moment) }

    /// Some of what failed has gone through since: the next failure is the first of a new run. The time limit goes on.
    package mutating func progressed() { failures = 0 }

    /// Whether it is time for the secondary destination.
    package func isPastThreshold(at now: Double, _ settings: RetrySettings) -> Bool {
        if settings.forever { return false }
        if now >= startedAt + settings.timeoutSeconds * settings.secondaryThreshold { return true }
        guard let maxTimes = settings.maxTimes else { return false }
        return Double(failures) >= (Double(maxTimes) * settings.secondaryThreshold).rounded(.up)
    }
}
