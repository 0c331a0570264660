internal import Logging
internal import Synchronization

/// Saying how full a buffer is.
extension ChunkBuffer {
    static let advice = "raise total_limit_size, or find out why the destination is slow"

    func tell(_ lines: (inout OverflowNotices, Double) -> [OverflowNotices.Line]) {
        let now = clock.monotonicSeconds()
        for line in notices.withLock({ lines(&$0, now) }) { write(line) }
    }

    private func write(_ line: OverflowNotices.Line) {
        let action = settings.overflowAction
        switch line {
        case .full:
            let consequence =
                switch action {
                case .block: "inputs wait until there is room"
                case .throwException: "events are refused until there is room"
                case .dropOldestChunk: "the oldest chunks are dropped"
                }
            log.warn(
                "buffer is full: \(consequence) (overflow_action \(action.rawValue)); \(Self.advice)",
                ["total_limit_size": settings.totalLimitBytes, "held": budget.heldBytes])
        case .dropped(let events, let chunks):
            log.error(
                "buffer is full: dropped \(events) events of \(chunks) chunks (overflow_action \(action.rawValue))",
                ["total_limit_size": settings.totalLimitBytes])
        case .refused(let events):
            log.error(
                "buffer is full: refused \(events) events (overflow_action \(action.rawValue))",
                ["total_limit_size": settings.totalLimitBytes])
        case .room(let seconds):
            log.info("buffer has room again", ["full_seconds": seconds, "held": budget.heldBytes])
        }
    }
}
