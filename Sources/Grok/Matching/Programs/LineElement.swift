/// A part of an expression as `LineProgram` runs it: what is left of a `PatternNode` when only its language counts.
indirect enum LineElement: Hashable, Sendable {
    /// Bytes as they stand; none of them for what is empty.
    case literal([UInt8])
    /// One character of a set again and again. `maximum` is `Int.max` when unbounded.
    case run(ByteSet, minimum: Int, maximum: Int, Repetition.Mode)
    case digits(DigitTable)
    case known(KnownPart)
    case sequence([LineElement])
    /// The first that leads to a match counts. An optional part is a choice between it and nothing.
    case choice([LineElement])
    /// Any number of times; the body is never empty.
    case loop(LineElement, isLazy: Bool)
    case capture(Int, LineElement)
    /// Once matched, never entered again; holds no capture.
    case atomic(LineElement)
    case check(Check)

    /// What looks at a place and consumes nothing.
    enum Check: Hashable, Sendable {
        case lineStart, lineEnd, subjectStart, subjectEnd, subjectEndOrLastNewline
        case wordBoundary(unicode: Bool), notWordBoundary(unicode: Bool)
        /// `\b` where a word character stands before it.
        case wordEnd(unicode: Bool)
        /// `\b` where a word character follows.
        case wordStart(unicode: Bool)
        case ahead(ByteSet, isNegative: Bool)
        case behind(ByteSet, isNegative: Bool)
    }

    static let empty = LineElement.literal([])
    var isEmpty: Bool { self == .empty }

    /// The fewest bytes that a match has.
    var minimumLength: Int {
        switch self {
        case .literal(let bytes): bytes.count
        case .run(_, let minimum, _, _): minimum
        case .digits: 1
        case .known(let part): part.element.minimumLength
        case .sequence(let items): items.reduce(0) { $0 + $1.minimumLength }
        case .choice(let items): items.map(\.minimumLength).min() ?? 0
        case .loop, .check: 0
        case .capture(_, let body), .atomic(let body): body.minimumLength
        }
    }

    var containsCapture: Bool {
        switch self {
        case .capture: true
        case .sequence(let items), .choice(let items): items.contains(where: \.containsCapture)
        case .loop(let body, _), .atomic(let body): body.containsCapture
        case .literal, .run, .digits, .known, .check: false
        }
    }

    /// One after the other: nested sequences flat, literals joined.
    static func joined(_ items: [LineElement]) -> LineElement {
        var flat: [LineElement] = []
        for item in items {
            let parts = if case .sequence(let inner) = item { inner } else { [item] }
            for part in parts where !part.isEmpty {
                if case .literal(let more) = part, case .literal(let bytes)? = flat.last {
                    flat[flat.count - 1] = .literal(bytes + more)
                } else {
                    flat.append(part)
                }
            }
        }
        return flat.count == 1 ? flat[0] : flat.isEmpty ? .empty : .sequence(flat)
    }
}

/// What can follow at a place of an expression: a match needs it there, whichever way it takes.
struct LineLead: Hashable, Sendable {
    var set: ByteSet
    /// Nothing more need follow.
    var mayEnd: Bool

    static let anything = LineLead(set: .everything, mayEnd: true)

    func union(_ other: LineLead) -> LineLead {
        LineLead(set: set.union(other.set), mayEnd: mayEnd || other.mayEnd)
    }
}

extension LineElement {
    /// What an element can begin with, when `follow` stands behind it.
    func lead(before follow: LineLead) -> LineLead {
        switch self {
        case .literal(let bytes): return bytes.first.map { LineLead(set: ByteSet(byte: $0), mayEnd: false) } ?? follow
        case .run(let set, let minimum, _, _):
            let own = LineLead(set: set, mayEnd: false)
            return minimum > 0 ? own : own.union(follow)
        case .digits(let table): return LineLead(set: table.beginnings, mayEnd: false)
        case .known(let part): return part.element.lead(before: .anything)
        case .sequence(let items): return items.reversed().reduce(follow) { $1.lead(before: $0) }
        case .choice(let items):
            return items.reduce(LineLead(set: .empty, mayEnd: false)) { $0.union($1.lead(before: follow)) }
        case .loop(let body, _): return body.lead(before: follow).union(follow)
        case .capture(_, let body), .atomic(let body): return body.lead(before: follow)
        case .check(let check):
            switch check {
            case .lineEnd, .subjectEndOrLastNewline: return LineLead(set: .lineFeed, mayEnd: true)
            case .subjectEnd: return LineLead(set: .empty, mayEnd: true)
            case .ahead(let set, false): return LineLead(set: follow.set.intersection(set), mayEnd: false)
            case .ahead(let set, true):
                return LineLead(set: follow.set.subtracting(set), mayEnd: follow.mayEnd)
            case .wordEnd:
                return LineLead(set: follow.set.subtracting(.word), mayEnd: follow.mayEnd)
            case .lineStart, .subjectStart, .wordBoundary, .notWordBoundary, .wordStart, .behind: return follow
            }
        }
    }
}
