/// A part of a parsed Ruby regular expression, with the bytes of the source it came from.
struct PatternNode: Sendable {
    var kind: Kind
    /// Place in the source, in bytes.
    var offset: Int
    var length: Int

    init(_ kind: Kind, offset: Int, length: Int) {
        self.kind = kind
        self.offset = offset
        self.length = length
    }

    /// What has no node inside stands in the node itself: most of an expression are characters.
    enum Kind: Sendable {
        case empty
        case literal(UInt32, ignoringCase: Bool)
        /// `.`; matches the line feed only when `newline` is set.
        case any(newline: Bool)
        case oneOf(ClassExpression, ignoringCase: Bool)
        case anchor(Anchor)
        /// `\R`.
        case lineBreak
        /// `\X`.
        case grapheme
        case sequence([PatternNode])
        case alternation([PatternNode])
        indirect case group(PatternNode)
        /// A group with its own state of `(?i)`.
        indirect case scoped(ignoringCase: Bool, PatternNode)
        /// A capture; the number is given once all names are known, zero before.
        indirect case capture(name: String?, number: Int, PatternNode)
        indirect case atomic(PatternNode)
        indirect case look(ahead: Bool, negative: Bool, PatternNode)
        indirect case repetition(Repetition, PatternNode)
        indirect case backreference(GroupReference)
        indirect case call(GroupReference, number: Int)
        indirect case conditional(GroupReference, yes: PatternNode, no: PatternNode?)
        /// `(?~x)`: the longest text in which x does not occur.
        indirect case absent(PatternNode)

        /// The same around another body; itself when it is no kind that has just one.
        func around(_ body: PatternNode) -> Kind {
            switch self {
            case .group: .group(body)
            case .scoped(let ignoringCase, _): .scoped(ignoringCase: ignoringCase, body)
            case .capture(let name, let number, _): .capture(name: name, number: number, body)
            case .atomic: .atomic(body)
            case .look(let ahead, let negative, _): .look(ahead: ahead, negative: negative, body)
            case .repetition(let repetition, _): .repetition(repetition, body)
            case .absent: .absent(body)
            default: self
            }
        }
    }
}

/// A place in the subject that consumes nothing.
enum Anchor: Sendable, Equatable {
    case lineStart, lineEnd, subjectStart, subjectEnd, subjectEndOrLastNewline, searchStart
    case wordBoundary(unicode: Bool), notWordBoundary(unicode: Bool)
    /// `\K`: what was matched so far does not count.
    case keep
}

/// How often the part before a quantifier may occur. `maximum` is nil when unbounded.
struct Repetition: Sendable, Equatable {
    enum Mode: Sendable { case greedy, lazy, possessive }
    var minimum: Int
    var maximum: Int?
    var mode: Mode
}

/// A group named or numbered by a back reference, a call or a condition.
enum GroupReference: Sendable, Equatable {
    case name(String)
    case number(Int)
}
