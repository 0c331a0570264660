/// One step of a `LineProgram`.
struct LineOp {
    enum Code: UInt8 {
        /// Bytes `low` as far as `mask` says, `first` of them.
        case literal
        /// `first` bytes that stand at `second` of the program's bytes.
        case longLiteral
        /// One character of the set.
        case one
        /// Exactly `first` characters of the set.
        case exactly
        /// From `first` to `second` characters of the set, as many as there are: no other number can do.
        case run
        /// The same, giving back what the rest needs.
        case greedy
        /// The same where a literal follows: `first` and `second` as in `greedy`, `more` is its place.
        case greedyBefore
        /// As few characters as do.
        case lazy
        case digits
        /// The part of number `first`.
        case known
        /// One of two ways: the next step, or the one at `first`.
        case either
        /// One of several ways: masks at `first`, targets at `second`.
        case choice
        case jump
        /// Group numbers, of groups that are passed once at most.
        case open, close
        /// A group that this way does not pass.
        case unset
        /// The same for other groups: what they held before is noted.
        case openAgain, closeAgain
        case atomicBegin, atomicEnd
        case lineStart, lineEnd, subjectStart, subjectEnd, subjectEndOrLastNewline
        case wordBoundary, notWordBoundary, wordEnd, wordStart
        case ahead, notAhead, behind, notBehind
        case match
    }

    var code: Code
    /// The set holds some characters beyond ASCII, or for words: Unicode decides. The engine has to say which.
    var isUnsure = false
    /// The set holds all characters beyond ASCII and their number counts, while bytes are counted here.
    var countsCharacters = false
    var scan = Scan.table
    var first: Int32 = 0
    var second: Int32 = 0
    var more: Int32 = 0
    /// The group that holds the run, when it is passed once at most; 0: none.
    var group: Int32 = 0
    /// A set of byte classes, or the bytes of a literal.
    var low: UInt64 = 0
    /// The byte classes that can follow, or which bytes of `low` count.
    var mask: UInt64 = 0
    var bounds = Bounds()

    /// How the end of a run is found.
    enum Scan: UInt8 {
        /// Byte by byte.
        case table
        /// Everything.
        case all
        /// All but line feeds.
        case line
        /// The ranges of `bounds`.
        case inside
        /// All but these ranges.
        case outside
    }

    /// Two ranges of ASCII for eight bytes at a time: what has to be added so that the high bit of a byte tells on which side
    /// of a bound it is.
    struct Bounds {
        var from0: UInt64 = 0
        var to0: UInt64 = 0
        var from1: UInt64 = 0
        var to1: UInt64 = 0

        init() {}

        init(_ first: ClosedRange<UInt8>, _ second: ClosedRange<UInt8>) {
            let each: UInt64 = 0x0101_0101_0101_0101
            (from0, to0) = (UInt64(0x80 - first.lowerBound) &* each, UInt64(0x7F - first.upperBound) &* each)
            (from1, to1) = (UInt64(0x80 - second.lowerBound) &* each, UInt64(0x7F - second.upperBound) &* each)
        }
    }

    init(_ code: Code) { self.code = code }
}

/// The classes of bytes that a program tells apart, as members of a 64 bit set.
enum LineClass {
    /// ASCII has the classes below.
    static let asciiCount = 61
    /// A byte that begins a character beyond ASCII.
    static let lead: UInt64 = 61
    /// Another byte of such a character.
    static let continuation: UInt64 = 62
    /// No byte: the subject is over.
    static let end: UInt64 = 63
}
