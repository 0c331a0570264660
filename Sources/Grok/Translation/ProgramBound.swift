/// What PCRE2 needs for an expression at most, counted on its tree.
///
/// PCRE2 has room for 64 KiB a program (its manual: pcre2limits(3), “link size”). An expression that stays far below, and has
/// nothing in it that PCRE2 may refuse, compiles for sure: so it need not be compiled before a text comes. Sizes of items are
/// those of PCRE2 10.42 with links of two bytes, rounded up.
struct ProgramBound: Equatable {
    /// Bytes of the variant for ASCII subjects, and of the one for others.
    private(set) var ascii: Int
    private(set) var unicode: Int

    static let largestBytes = 60_000

    /// Whether a variant compiles for sure.
    func isSure(unicode isUnicode: Bool) -> Bool { (isUnicode ? unicode : ascii) < Self.largestBytes }

    private static let unknown = ProgramBound(beyond, beyond)
    private static let beyond = 1 << 40
    /// Two brackets of a group, with a number and the step before it when it need not be there.
    private static let groupBytes = 9
    /// A copy of a repeated part: its brackets, and another pair when it need not be there.
    private static let copyBytes = 14
    /// The counts behind a class, or before a character that is named twice.
    private static let countBytes = 6
    /// What stands between two alternatives, or before one of a look-behind.
    private static let branchBytes = 3
    /// The empty assertion that `PatternEmitter` writes before what PCRE2 shall not look through.
    private static let stopBytes = 6
    /// A class whose bitmap of 32 bytes says all.
    private static let bitmapBytes = 33
    /// What any other class needs beside its ranges.
    private static let classBytes = 40
    private static let rangeBytes = 12
    /// Under `(?i)` PCRE2 adds the other case of each character, at worst of all that have one.
    private static let foldedRangeBytes = 16_000
    /// `\b` beyond ASCII is spelled with four look-arounds, each with a class of four properties.
    private static let wordBoundaryBytes = 160

    private init(_ ascii: Int, _ unicode: Int) { (self.ascii, self.unicode) = (ascii, unicode) }

    private init(bytes: Int) { self.init(bytes, bytes) }

    private func adding(_ bytes: Int) -> ProgramBound { self + ProgramBound(bytes: bytes) }

    fileprivate static func + (one: ProgramBound, other: ProgramBound) -> ProgramBound {
        ProgramBound(min(one.ascii + other.ascii, beyond), min(one.unicode + other.unicode, beyond))
    }

    fileprivate static func * (one: ProgramBound, count: Int) -> ProgramBound {
        // Below 2^41 and 2^17: a count has a highest value.
        ProgramBound(min(one.ascii * count, beyond), min(one.unicode * count, beyond))
    }

    /// - Parameter scope: whether `(?i)` holds around it.
    /// - Throws: what the emitter would throw.
    init(_ node: PatternNode, scope: Bool = false) throws(PatternError) {
        switch node.kind {
        case .empty: self.init(bytes: 0)
        case .literal(let scalar, let ignoringCase):
            self.init(scalar <= 0x7F ? 2 : 16, ignoringCase ? 40 : 5)
            if ignoringCase != scope { self = adding(Self.groupBytes) }
        case .any, .lineBreak, .grapheme: self.init(bytes: 4)
        case .oneOf(let expression, let ignoringCase):
            self.init(Self.bitmapBytes, Self.bytes(of: expression, ignoringCase: ignoringCase) ?? Self.beyond)
            if ignoringCase != scope { self = adding(Self.groupBytes) }
        case .anchor(.wordBoundary(let wide)), .anchor(.notWordBoundary(let wide)):
            self.init(2, wide ? Self.wordBoundaryBytes : 2)
        // Not everywhere: PCRE2 10.38 and later refuse it in look-arounds.
        case .anchor(.keep): self = .unknown
        case .anchor: self.init(bytes: 2)
        case .sequence(let items):
            self.init(bytes: 0)
            for item in items { self = self + (try ProgramBound(item, scope: scope)) }
        case .alternation(let items):
            self.init(bytes: Self.groupBytes)
            for item in items { self = (self + (try ProgramBound(item, scope: scope))).adding(Self.branchBytes) }
        case .scoped(let ignoringCase, let body):
            self = try ProgramBound(body, scope: ignoringCase).adding(Self.groupBytes)
        // Written only around alternatives, which count their brackets, and around what is repeated.
        case .group(let body): self = try ProgramBound(body, scope: scope)
        case .capture(_, _, let body): self = try ProgramBound(body, scope: scope).adding(Self.groupBytes)
        case .atomic(let body): self = try ProgramBound(body, scope: scope).adding(Self.groupBytes + Self.stopBytes)
        case .look(let ahead, let negative, let body):
            if !ahead { try body.checkLookBehind(isNegative: negative, node) }
            self = try ProgramBound(body, scope: scope).adding(
                Self.groupBytes + Self.branchBytes * body.branchCount + Self.stopBytes)
        case .repetition(let repetition, let body):
            let once = try ProgramBound(body, scope: scope)
            if body.isClass(in: scope) {
                self = once.adding(Self.countBytes)
            } else if body.isOneItem(in: scope) {
                // As often as it must be there, and as often as it may: each names the character.
                self = (once * 2).adding(Self.countBytes)
            } else {
                // As many copies as it may be there; those that need not be are inside each other.
                let copies = max(repetition.maximum ?? repetition.minimum + 1, 1)
                self = (once.adding(Self.copyBytes) * copies).adding(Self.stopBytes + Self.groupBytes)
            }
        case .absent(let body):
            _ = try body.checkAbsent(node)
            self = try ProgramBound(body, scope: scope).adding(64)
        case .backreference, .call, .conditional: self = .unknown
        }
    }

    /// Bytes of a class beyond ASCII; nil for a formula that is spelled with look-aheads.
    private static func bytes(of expression: ClassExpression, ignoringCase: Bool) -> Int? {
        switch expression {
        case .scalars(let set):
            let isWide = set.ranges.contains { $0.upperBound > 0x7F }
            if !isWide, !ignoringCase { return bitmapBytes }
            return classBytes + rangeBytes * (set.ranges.count + 1) + (isWide && ignoringCase ? foldedRangeBytes : 0)
        // Under `(?i)` the other kinds of letters beside it.
        case .property: return classBytes + 4 * rangeBytes
        case .complement(let part):
            switch part {
            case .scalars, .property: return bytes(of: part, ignoringCase: ignoringCase)
            default: return nil
            }
        case .union(let parts):
            var sum = 0
            for part in parts {
                guard let own = bytes(of: part, ignoringCase: ignoringCase) else { return nil }
                sum += own
            }
            return sum
        case .intersection: return nil
        }
    }
}

extension ClassExpression {
    /// A class that holds nothing is spelled `(?!)`, which is repeated as a group is.
    fileprivate var surelyHoldsASCII: Bool {
        switch self {
        case .scalars(let set): set.ranges.first.map { $0.lowerBound <= 0x7F } ?? false
        case .complement(.scalars(let set)): set.ranges.first.map { $0.lowerBound > 0 || $0.upperBound < 0x7F } ?? true
        case .union(let parts): parts.contains(where: \.surelyHoldsASCII)
        case .property, .intersection, .complement: false
        }
    }
}

extension PatternNode {
    /// Whether a repetition of it is written as one item with a count, where `(?i)` holds or does not.
    fileprivate func isOneItem(in scope: Bool) -> Bool {
        switch kind {
        case .any: true
        // Others may be spelled with several characters.
        case .literal(let scalar, let ignoringCase): scalar <= 0x7F && ignoringCase == scope
        case .oneOf(let expression, let ignoringCase): ignoringCase == scope && expression.surelyHoldsASCII
        case .group(let body): body.isOneItem(in: scope)
        default: false
        }
    }

    /// Whether that item is a class.
    fileprivate func isClass(in scope: Bool) -> Bool {
        switch kind {
        case .oneOf: isOneItem(in: scope)
        case .group(let body): body.isClass(in: scope)
        default: false
        }
    }

    fileprivate var branchCount: Int {
        switch kind {
        case .group(let body): body.branchCount
        case .alternation(let items): items.count
        default: 1
        }
    }

    /// The alternatives of a look-behind whose body this is.
    ///
    /// - Throws: what Ruby says of one that it refuses, with the place of `look`.
    func checkLookBehind(isNegative: Bool, _ look: PatternNode) throws(PatternError) {
        var inner = self
        while case .group(let unwrapped) = inner.kind { inner = unwrapped }
        let branches = if case .alternation(let items) = inner.kind { items } else { [inner] }
        guard branches.allSatisfy({ $0.fixedLength != nil }), !(isNegative && containsCapture), !containsSubjectEnd
        else {
            throw PatternError(
                offset: look.offset, length: look.length, message: "invalid pattern in look-behind",
                hint: "each alternative must have a fixed length and a negative one no named group; "
                    + "\\K can stand for a look-behind of any length")
        }
    }

    /// The length of the text that `(?~…)`, whose body this is, keeps out.
    func checkAbsent(_ absent: PatternNode) throws(PatternError) -> Int {
        guard let length = fixedLength, length > 0 else {
            throw PatternError(
                offset: absent.offset, length: absent.length, message: "(?~…) takes a part of fixed length here",
                hint: "use (?:(?!…).)* instead")
        }
        return length
    }
}
