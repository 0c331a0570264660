/// Which characters a part of an expression takes, seen from the byte each begins with: ASCII member by member, and one
/// word for all that lies beyond.
struct ByteSet: Hashable, Sendable {
    /// What is known of the characters beyond ASCII.
    enum Beyond: UInt8, Sendable {
        case none, all
        /// Some of them, or nobody asked PCRE2 which.
        case unsure
    }

    private(set) var low: UInt64 = 0
    private(set) var high: UInt64 = 0
    var beyond = Beyond.none

    static let empty = ByteSet()
    static let everything = ByteSet(low: .max, high: .max, beyond: .all)
    static let word = ByteSet(.word, ignoringCase: false)
    static let digits = ByteSet(.digits, ignoringCase: false)
    static let lineFeed = ByteSet(byte: 0x0A)

    private init(low: UInt64 = 0, high: UInt64 = 0, beyond: Beyond = .none) {
        self.low = low
        self.high = high
        self.beyond = beyond
    }

    /// What begins with one byte; a byte over 0x7F stands for some character beyond ASCII.
    init(byte: UInt8) {
        if byte > 0x7F { beyond = .unsure } else { insert(byte) }
    }

    /// - Parameter ignoringCase: PCRE2 adds other cases then, of which some lie beyond ASCII.
    init(_ scalars: ScalarSet, ignoringCase: Bool) {
        for byte in UInt8(0)...0x7F where scalars.contains(UInt32(byte)) { insert(byte) }
        let outside = scalars.intersection(ScalarSet.ascii.complement())
        beyond =
            ignoringCase ? .unsure : outside.isEmpty ? .none : outside == ScalarSet.ascii.complement() ? .all : .unsure
    }

    mutating func insert(_ byte: UInt8) {
        if byte < 64 { low |= 1 << UInt64(byte) } else { high |= 1 << UInt64(byte &- 64) }
    }

    /// Whether an ASCII character is a member.
    func contains(_ byte: UInt8) -> Bool {
        (byte < 64 ? low >> UInt64(byte) : high >> UInt64(byte &- 64)) & 1 == 1
    }

    var hasNoASCII: Bool { low == 0 && high == 0 }

    /// What may be in either set.
    func union(_ other: ByteSet) -> ByteSet {
        let beyond: Beyond =
            self.beyond == .all || other.beyond == .all
            ? .all : self.beyond == .none && other.beyond == .none ? .none : .unsure
        return ByteSet(low: low | other.low, high: high | other.high, beyond: beyond)
    }

    /// What may be in both.
    func intersection(_ other: ByteSet) -> ByteSet {
        let beyond: Beyond =
            self.beyond == .none || other.beyond == .none
            ? .none : self.beyond == .all && other.beyond == .all ? .all : .unsure
        return ByteSet(low: low & other.low, high: high & other.high, beyond: beyond)
    }

    /// What may be in this set and not in the other.
    func subtracting(_ other: ByteSet) -> ByteSet {
        ByteSet(low: low & ~other.low, high: high & ~other.high, beyond: other.beyond == .all ? .none : beyond)
    }

    /// True when surely nothing is in both.
    func isDisjoint(with other: ByteSet) -> Bool {
        low & other.low == 0 && high & other.high == 0 && (beyond == .none || other.beyond == .none)
    }

    /// True when all members are ASCII and in the other set.
    func isASCIISubset(of other: ByteSet) -> Bool {
        low & ~other.low == 0 && high & ~other.high == 0 && beyond == .none
    }
}
