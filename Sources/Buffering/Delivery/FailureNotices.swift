/// When a failure that goes on is worth another line: when its reason is new, then after 1, 2, 4 … at most 300 seconds. So
/// long an outage is never silent, also when no attempt is due.
struct FailureNotices: Sendable {
    static let longestSilenceSeconds = 300.0
    private var reason = ""
    private var lastAt = 0.0
    private var nextAt = 0.0
    private var silence = 0.0

    mutating func admit(_ reason: String, at now: Double) -> Bool {
        if reason != self.reason {
            self.reason = reason
            silence = 1
        } else if now < nextAt {
            return false
        } else {
            silence = min(silence * 2, Self.longestSilenceSeconds)
        }
        lastAt = now
        nextAt = now + silence
        return true
    }

    /// The reason, when nothing was said of it for the longest silence.
    mutating func remind(at now: Double) -> String? {
        guard !reason.isEmpty, now >= lastAt + Self.longestSilenceSeconds else { return nil }
        (lastAt, nextAt) = (now, now + Self.longestSilenceSeconds)
        return reason
    }

    /// How long there need be no line.
    func secondsUntilReminder(at now: Double) -> Double? {
        reason.isEmpty ? nil : max(lastAt + Self.longestSilenceSeconds - now, 0)
    }

    mutating func forget() { self = FailureNotices() }

    /// `cannot deliver to http://127.0.0.1:9200: connection refused; retry 3 in 4.2 s; 12 chunks, 3.4 MB waiting`
    static func text(
        destination: String, reason: String, retry: RetryState, now: Double, chunks: Int, bytes: Int
    ) -> String {
        "cannot deliver to \(destination): \(reason); retry \(retry.failures) in "
            + "\(oneDecimal(max(retry.nextAttemptAt - now, 0))) s; \(chunks) \(chunks == 1 ? "chunk" : "chunks"), "
            + "\(size(bytes)) waiting"
    }

    private static func size(_ bytes: Int) -> String {
        if bytes < 1000 { return "\(bytes) B" }
        return bytes < 1_000_000 ? "\(oneDecimal(Double(bytes) / 1e3)) kB" : "\(oneDecimal(Double(bytes) / 1e6)) MB"
    }

    private static func oneDecimal(_ value: Double) -> String {
        let tenths = Int((value * 10).rounded())
        return "\(tenths / 10).\(tenths % 10)"
    }
}
