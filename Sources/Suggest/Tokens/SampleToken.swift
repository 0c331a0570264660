/// A piece of a sample line.
struct SampleToken: Sendable {
    enum Kind: UInt8, Sendable {
        /// One byte, or a run of punctuation, that stands for itself.
        case mark
        /// `name=value`, or `name:12`.
        case pair
        case timestamp, ipv4, ipv6
        /// An address, a host or a file with a number behind a colon.
        case endpoint
        case uuid, mac, level, method, integer, decimal
        /// A number with its unit: `12.5ms`, `95%`.
        case quantity
        /// Eight or more hexadecimal digits, or some behind `0x`.
        case hex
        /// Text in double or single quotes, with them.
        case quoted
        /// Text between brackets, with them.
        case group
        /// What wrote the line: `sshd(pam_unix)[19939]:`, `dfs.DataNode:`.
        case tag
        case path, uri, email
        /// Letters, digits, underscores.
        case word
        /// Words joined by dots, hyphens, dollar signs: a host, a class, a thread.
        case name
        /// Something without a blank.
        case opaque
        /// A hyphen that stands for a missing value.
        case dash
        /// A missing value.
        case empty
        /// Text with blanks in it.
        case text
    }

    var kind: Kind
    /// Its place in the line, in bytes.
    var start: Int
    var end: Int
    /// Blanks before it.
    var blanks = 0
    /// One of the blanks is a tab.
    var isTabbed = false
    /// A colour code (ECMA-48) stands before it.
    var isColoured = false
    /// The main part: what is in quotes or brackets, a pair's value, a tag's name, an endpoint's host.
    var inner = 0..<0
    /// A pair's name, a tag's process number, an endpoint's port.
    var other = 0..<0
    /// What a pair's value is.
    var valueKind = Kind.empty
    var shape: TimestampShape?
    /// The numbers of a time that may be days or months.
    var ambiguous: [Int] = []

    init(_ kind: Kind, _ start: Int, _ end: Int) {
        self.kind = kind
        self.start = start
        self.end = end
    }
}

/// A set of token kinds.
struct TokenKinds: OptionSet, Sendable {
    let rawValue: UInt32

    init(rawValue: UInt32) { self.rawValue = rawValue }
    init(_ kind: SampleToken.Kind) { rawValue = 1 << UInt32(kind.rawValue) }
    init(_ kinds: [SampleToken.Kind]) { rawValue = kinds.reduce(0) { $0 | 1 << UInt32($1.rawValue) } }

    func contains(_ kind: SampleToken.Kind) -> Bool { rawValue & (1 << UInt32(kind.rawValue)) != 0 }

    static let addresses = TokenKinds([.ipv4, .ipv6])
    static let numbers = TokenKinds([.integer, .decimal])
    static let missing = TokenKinds([.dash, .empty])
}

/// A sample line taken apart.
struct TokenizedLine: Sendable {
    let bytes: [UInt8]
    let tokens: [SampleToken]
}
