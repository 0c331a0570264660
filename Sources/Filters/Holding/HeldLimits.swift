internal import Synchronization

/// How much the streams of one stage may hold, on all loops together.
package final class HeldLimits: Sendable {
    /// `buffer_limit_size`: bytes of everything that waits, with what is kept to find it again.
    package let limitBytes: Int
    /// `stream_limit`: streams that have something waiting.
    package let limitStreams: Int
    /// `event_limit_size`: bytes of one event that is being joined.
    package let limitEventBytes: Int
    /// What the section calls the second limit.
    private let streamsName: String

    package static let defaultLimitBytes = 64 << 20
    package static let defaultLimitStreams = 10_000
    package static let defaultLimitEventBytes = 8 << 20

    private let usedBytes = Atomic<Int>(0)
    private let usedStreams = Atomic<Int>(0)

    package init(
        bytes: Int = HeldLimits.defaultLimitBytes, streams: Int = HeldLimits.defaultLimitStreams,
        eventBytes: Int = HeldLimits.defaultLimitEventBytes, streamsName: String = "stream_limit"
    ) {
        (limitBytes, limitStreams, limitEventBytes) = (bytes, streams, eventBytes)
        self.streamsName = streamsName
    }

    package var bytes: Int { usedBytes.load(ordering: .relaxed) }
    package var streams: Int { usedStreams.load(ordering: .relaxed) }

    func count(bytes: Int, streams: Int) {
        if bytes != 0 { usedBytes.add(bytes, ordering: .relaxed) }
        if streams != 0 { usedStreams.add(streams, ordering: .relaxed) }
    }

    /// The limit that is exceeded, in words; nil: none is.
    var excess: (limit: String, value: Int)? {
        if bytes > limitBytes { return ("buffer_limit_size", limitBytes) }
        return streams > limitStreams ? (streamsName, limitStreams) : nil
    }
}
