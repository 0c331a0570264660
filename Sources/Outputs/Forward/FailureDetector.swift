/// Decides from the moments of a server's heartbeats whether it is up: pure, told the time by whoever asks.
///
/// Source: Fluentd's `lib/fluent/plugin/out_forward/failure_detector.rb`, a phi accrual failure detector (Hayashibara
/// et al., 2004) whose phi is the time without a heartbeat over the usual time, times log10(e), and `Node#tick` in
/// `out_forward.rb`.
package struct FailureDetector: Sendable, Equatable {
    /// Times are seconds.
    package struct Settings: Sendable, Equatable {
        package var intervalSeconds = 1.0
        /// Without a heartbeat for so long it is down, whatever phi says.
        package var hardTimeoutSeconds = 60.0
        /// nil: `phi_failure_detector false`.
        package var phiThreshold: Double? = 16
        /// A server that was down must have answered for so long.
        package var recoverSeconds = 10.0

        package init() {}
    }

    package enum Change: Sendable, Equatable {
        /// Nothing came for so many seconds.
        case lost(silentSeconds: Double)
        case recovered
    }

    /// As Fluentd's `SAMPLE_SIZE`.
    private static let windowSize = 1000
    /// log10(e)
    private static let phiFactor = 0.434_294_481_903_251_8

    private let settings: Settings
    /// Seconds between heartbeats, oldest first; the first is what is expected.
    private var gaps: [Double]
    private var last: Double
    package private(set) var isUp = true

    /// A server counts as up at first.
    package init(_ settings: Settings, at now: Double) {
        self.settings = settings
        gaps = [settings.intervalSeconds]
        last = now
    }

    /// The server has answered.
    package mutating func heartbeat(at now: Double) -> Change? {
        if gaps.isEmpty {
            gaps.append(settings.intervalSeconds)
        } else {
            gaps.append(max(now - last, 0))
            if gaps.count > Self.windowSize { gaps.removeFirst() }
        }
        last = now
        guard !isUp, Double(gaps.count) > (settings.recoverSeconds / settings.intervalSeconds).rounded(.down) else {
            return nil
        }
        isUp = true
        return .recovered
    }

    /// Time has passed: asked once an interval.
    package mutating func tick(at now: Double) -> Change? {
        let silence = now - last
        let isOverdue = silence > settings.hardTimeoutSeconds
        guard isUp else {
            // What answered only now and then has to begin anew.
            if isOverdue { gaps.removeAll(keepingCapacity: true) }
            return nil
        }
        guard isOverdue || settings.phiThreshold.map({ phi(at: now) > $0 }) ?? false else { return nil }
        isUp = false
        gaps.removeAll(keepingCapacity: true)
        return .lost(silentSeconds: silence)
    }

    /// How unlikely it is that a heartbeat still comes: younger gaps weigh more, all brought to an interval of one
    /// second.
    package func phi(at now: Double) -> Double {
        guard !gaps.isEmpty else { return 0 }
        var (sum, weights) = (0.0, 0.0)
        for (index, gap) in gaps.enumerated() {
            sum += gap * Double(1 + index)
            weights += Double(1 + index)
        }
        let mean = sum / weights - settings.intervalSeconds + 1
        return Self.phiFactor * (now - last - settings.intervalSeconds + 1) / max(mean, 0.001)
    }
}
