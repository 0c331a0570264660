/// How much of a buffer in memory is used while its destination keeps up: inputs that are faster wait for it a moment, in
/// place of filling hundreds of MiB with what is delivered anyhow, and whose every page has to be touched.
///
/// A destination that does not catch up in a second is slow or away. Then all of `total_limit_size` may be used, as
/// Fluentd does, until the queue is short again.
struct Pace: Sendable {
    /// Of chunks that are queued or in delivery, in bytes as `chunk_limit_size` counts.
    let limitBytes: Int
    /// Since when inputs wait.
    private(set) var pausedSince: Double?
    private var usesAll = false

    /// 20 MiB, or two and a half chunks where those are larger: enough for a worker to have one in delivery, one that
    /// waits, and one that becomes full meanwhile.
    static let leastLimitBytes = 20 << 20
    static func limitBytes(chunkLimitBytes: Int) -> Int { max(leastLimitBytes, chunkLimitBytes / 2 * 5) }
    static let patienceSeconds = 1.0

    init(limitBytes: Int) { self.limitBytes = limitBytes }

    /// Whether inputs have to wait, as a batch has come in.
    mutating func mustPause(queuedBytes: Int, isInTrouble: Bool, at now: Double) -> Bool {
        if queuedBytes <= limitBytes / 2 { usesAll = false }
        if queuedBytes < limitBytes || usesAll { return false }
        if isInTrouble {
            usesAll = true
            return false
        }
        if pausedSince == nil { pausedSince = now }
        return true
    }

    /// Whether nobody has to wait for this any more, as the queue has become shorter.
    mutating func isOver(queuedBytes: Int) -> Bool {
        guard pausedSince != nil else { return true }
        guard queuedBytes <= limitBytes / 5 * 4 || usesAll else { return false }
        pausedSince = nil
        return true
    }

    /// When to look next, in seconds; nil: when somebody waits again. Whoever waits too long goes on, which `isOver` says
    /// from then on.
    mutating func look(isInTrouble: Bool, at now: Double) -> Double? {
        guard let pausedSince, !usesAll else { return nil }
        let left = pausedSince + Self.patienceSeconds - now
        if left > 0, !isInTrouble { return left }
        usesAll = true
        return nil
    }
}
