/// The time of an event: seconds since 1970 and nanoseconds, as the forward protocol's EventTime has them.
@usableFromInline package struct EventTime: Sendable, Equatable, BitwiseCopyable {
    @usableFromInline package var seconds: Int64
    @usableFromInline package var nanoseconds: UInt32

    @inlinable package init(seconds: Int64, nanoseconds: UInt32 = 0) {
        self.seconds = seconds
        self.nanoseconds = nanoseconds
    }

    /// From seconds with a fraction, as JSON logs carry them. The fraction is exact to the double's own digits.
    /// What is no time (NaN, infinities, more than 64 bits of seconds) is 1970.
    package init(_ value: Double) {
        guard value.isFinite else {
            (seconds, nanoseconds) = (0, 0)
            return
        }
        let whole = value.rounded(.down)
        var nanoseconds = ((value - whole) * 1e9).rounded()
        var seconds = whole
        if nanoseconds >= 1e9 {
            nanoseconds -= 1e9
            seconds += 1
        }
        self.seconds = Int64(exactly: seconds) ?? 0
        self.nanoseconds = UInt32(nanoseconds)
    }
}
