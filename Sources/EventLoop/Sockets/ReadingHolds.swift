/// Why a connection is not read. It is read while there is no reason left, so that lifting one lifts no other.
struct ReadingHolds: OptionSet {
    let rawValue: UInt8

    /// Nobody handles its bytes yet.
    static let notStarted = ReadingHolds(rawValue: 1)
    /// Its owner has no room for more.
    static let owner = ReadingHolds(rawValue: 2)
    /// The peer does not take what is written to it.
    static let unreadAnswers = ReadingHolds(rawValue: 4)
    /// The peer has sent its last byte.
    static let ended = ReadingHolds(rawValue: 8)
    /// Only what is queued is still sent.
    static let finishing = ReadingHolds(rawValue: 16)
    /// Nothing more comes of it.
    static let closing = ReadingHolds(rawValue: 32)
}
