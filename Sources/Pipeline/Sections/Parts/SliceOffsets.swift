internal import Synchronization
internal import Time

/// Offsets of a zone for the slices of a buffer, which are asked for with each event: the last one is kept.
///
/// Every change of an offset since 1973 fell on a full minute of UTC (St. John's had its own at 00:01 until 2011), so one
/// holds for all of its minute.
final class SliceOffsets: Sendable {
    private let rule: TimeZoneRule
    /// The last minute since 1970, and its offset behind it, in one word: threads may take turns.
    private let last = Atomic<Int64>(.min)
    /// From 1973 on, for 34,000 years.
    private static let known: Range<Int64> = 94_694_400..<(1 << 40)
    private static let offsetBits: Int64 = 20

    init(_ rule: TimeZoneRule) { self.rule = rule }

    /// Seconds ahead of UTC at a moment.
    func offset(at seconds: Int64) -> Int {
        guard Self.known.contains(seconds) else { return rule.offset(at: seconds) }
        let minute = seconds / 60
        let kept = last.load(ordering: .relaxed)
        // Half of the range stands for no offset, for there are negative ones.
        let zero: Int64 = 1 << (Self.offsetBits - 1)
        if kept >> Self.offsetBits == minute { return Int(kept & (1 << Self.offsetBits - 1) - zero) }
        let offset = rule.offset(at: seconds)
        last.store(minute << Self.offsetBits | (Int64(offset) + zero), ordering: .relaxed)
        return offset
    }
}
