internal import Synchronization

/// An event's tag. One object per distinct tag in use, so that a stage can cache by identity what it derives from a tag.
@usableFromInline package final class Tag: Sendable {
    package let bytes: [UInt8]
    /// Unique in the process; never reused.
    @usableFromInline package let id: Int
    /// A destination has refused these events once, and they are on their way through `<label @ERROR>`. Refused again,
    /// they are not sent round a second time.
    package let wasRefused: Bool

    private static let nextID = Atomic<Int>(1)

    package init(_ bytes: [UInt8], wasRefused: Bool = false) {
        self.bytes = bytes
        self.wasRefused = wasRefused
        id = Self.nextID.wrappingAdd(1, ordering: .relaxed).oldValue
    }

    package convenience init(_ text: String) { self.init(Array(text.utf8)) }

    /// For messages: invalid UTF-8 is repaired.
    package var text: String { String(decoding: bytes, as: UTF8.self) }
}
