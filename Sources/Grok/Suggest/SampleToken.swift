/// A piece of a sample line.
struct SampleToken: Sendable {
    enum Kind: UInt8, Sendable {
        /// One byte that stands for itself: a bracket, a comma, a colon.
        case punctuation
        /// `name=`: the value follows.
        case key
        case timestamp, ipv4, ipv6, uuid, mac, level, method, integer, decimal
        /// A number with its unit: `12.5ms`, `95%`.
        case quantity
        /// Eight or more hexadecimal digits, or some behind `0x`.
        case hex
        /// Text in double quotes, with them.
        case quoted
        /// Text in single quotes, with them.
        case apostrophes
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
        /// Text with blanks between brackets or up to a separator.
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
    /// Which `TimestampForm` it has.
    var form = 0
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
    static let quotes = TokenKinds([.quoted, .apostrophes])
    static let missing = TokenKinds([.dash, .empty])
    /// Kinds that chance does not produce.
    static let distinctive = TokenKinds([
        .timestamp, .ipv4, .ipv6, .uuid, .mac, .quoted, .uri, .email, .key, .quantity,
    ])
}
