internal import Synchronization

/// How large the requests of a destination are. Told by whoever sends them, once a request; read by any thread.
package final class RequestMeter: Sendable {
    private let sizes = Mutex(Histogram.ofBytes)

    package init() {}

    /// - Parameter bytes: as they go out: packed, where they are packed.
    package func sent(_ bytes: Int) { sizes.withLock { $0.observe(Double(bytes)) } }

    package var reading: Histogram { sizes.withLock { $0 } }
}
