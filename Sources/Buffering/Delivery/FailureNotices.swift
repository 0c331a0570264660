internal import Events
internal import Logging

/// When a failure that goes on is worth another line: when its reason is new, then after 1, 2, 4 … at most 300 seconds. So
/// long an outage is never silent, also when no attempt is due.
///
/// Reasons are told apart by their kind and the beginning of their sentence without its numbers and what it quotes:
/// servers put counts and names of their own into it, and parts of one chunk fail in turn for different reasons.
struct FailureNotices: Sendable {
    static let longestSilenceSeconds = 300.0
    /// Reasons remembered at once; the one that was told of longest ago gives way.
    static let maximumReasons = 16
    /// How much of a sentence tells reasons apart.
    private static let comparedCharacters = 80

    private struct Notice: Sendable {
        var text: String
        var lastAt: Double
        var nextAt: Double
        var silence: Double
    }

    private var notices: [String: Notice] = [:]
    /// The reason that failed last.
    private var latest = ""

    /// Reasons remembered.
    var count: Int { notices.count }

    mutating func admit(_ reason: Refusal, at now: Double) -> Bool {
        let key = Self.key(reason)
        latest = key
        if let known = notices[key] {
            guard now >= known.nextAt else { return false }
            tell(key, reason.sentence, at: now, silence: min(known.silence * 2, Self.longestSilenceSeconds))
            return true
        }
        if notices.count >= Self.maximumReasons,
            let oldest = notices.min(by: { ($0.value.lastAt, $0.key) < ($1.value.lastAt, $1.key) })
        {
            notices[oldest.key] = nil
        }
        tell(key, reason.sentence, at: now, silence: 1)
        return true
    }

    private mutating func tell(_ key: String, _ text: String, at now: Double, silence: Double) {
        notices[key] = Notice(text: text, lastAt: now, nextAt: now + silence, silence: silence)
    }

    /// The reason, when nothing was said of it for the longest silence.
    mutating func remind(at now: Double) -> String? {
        guard let notice = notices[latest], now >= notice.lastAt + Self.longestSilenceSeconds else { return nil }
        tell(latest, notice.text, at: now, silence: Self.longestSilenceSeconds)
        return notice.text
    }

    /// How long there need be no line.
    func secondsUntilReminder(at now: Double) -> Double? {
        notices[latest].map { max($0.lastAt + Self.longestSilenceSeconds - now, 0) }
    }

    mutating func forget() { self = FailureNotices() }

    private static func key(_ reason: Refusal) -> String {
        reason.kind.rawValue + LogKind.constantPart(of: String(reason.sentence.prefix(comparedCharacters)))
    }

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
