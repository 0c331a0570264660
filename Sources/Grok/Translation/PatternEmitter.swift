/// Where a watched expression has a callout. The number is that of the callout.
enum WatchedPlace: UInt32 {
    /// Before one character that repeats, and before what compares with an earlier text: the way along the subject that
    /// may follow can lead back, and nothing tells how long it was.
    case run = 1
    /// At the beginning of the expression, before calls, and in groups that repeat: what was done since shows in the place.
    case round = 2
}

/// Writes a numbered tree as PCRE2 source, in one of two variants.
///
/// The ASCII variant is for subjects without a byte over 0x7F and is compiled without UTF: every class is one bitmap and
/// `\b` is PCRE2's own. The Unicode variant is for the others; Ruby's Unicode `\b` is spelled with look-arounds there.
/// Both are compiled with DOTALL (so `.` is every character and `\N` all but the line feed) and MULTILINE.
///
/// A watched expression has callouts: `WatchedPlace` says where. Whatever the engine does between two of them is over
/// after one way along the subject.
struct PatternEmitter {
    /// Repetitions up to here are not watched: they add up to little, and PCRE2's match limit counts them.
    private static let unwatchedRounds = 64

    /// Which part of the operator's source a stretch of the output came from.
    struct Mark: Sendable {
        let textOffset: Int
        let offset: Int
        let length: Int
    }

    let unicode: Bool
    let groups: GroupNumbering
    let watched: Bool
    private(set) var text: [UInt8] = []
    private(set) var marks: [Mark] = []
    private var ignoringCase = false
    private var inLookBehind = false

    init(unicode: Bool, groups: GroupNumbering, watched: Bool = false) {
        self.unicode = unicode
        self.groups = groups
        self.watched = watched
    }

    /// The place in the operator's source for an offset PCRE2 reports.
    func source(ofTextOffset offset: Int) -> (offset: Int, length: Int) {
        guard let mark = marks.last(where: { $0.textOffset <= offset }) else { return (0, 0) }
        return (mark.offset, mark.length)
    }

    private mutating func write(_ string: String) { text.append(contentsOf: string.utf8) }

    private mutating func write(_ place: WatchedPlace) { write("(?C\(place.rawValue))") }

    /// Stands before atomic and possessive groups and positive look-aheads, and changes nothing: PCRE2 10.42 does not look
    /// through an assertion when it works out what may be left out, and without one it concludes what is wrong:
    ///
    /// - Of a group that can be empty it sees the inside only, and lets a run before it never give back: `\d+(?>(?:x|y)?)\d`
    ///   is no match for `12` then.
    /// - Its JIT code ends an alternative early that did not lead on from an earlier place, and goes on to the next one, also
    ///   where the group would have held the first one fast: `(?>\w*|b*)\w` matches `a1`, and `(?>b+?)ba` not `bbba`.
    /// - A byte that is needed is looked for behind the one that a look-ahead begins with, which may be the same:
    ///   `(?=a)b?a` is no match for `a`.
    private mutating func writeStop() {
        if !inLookBehind { write("(?=)") }
    }

    /// A whole expression.
    mutating func emitWhole(_ node: PatternNode) throws(PatternError) {
        guard watched else { return try emitBody(node) }
        write(.round)
        write("(?:")
        try emitBody(node)
        write(")")
    }

    mutating func emit(_ node: PatternNode) throws(PatternError) {
        marks.append(Mark(textOffset: text.count, offset: node.offset, length: node.length))
        switch node.kind {
        case .empty: break
        case .literal(let scalar, let ignoring):
            withCase(ignoring) { $0.emitLiteral(scalar) }
        case .any(let newline): write(newline ? "." : "\\N")
        case .oneOf(let expression, let ignoring):
            withCase(ignoring) { $0.emitClass(expression, ignoringCase: ignoring) }
        case .anchor(let anchor): emitAnchor(anchor, before: .unknown, after: .unknown)
        case .lineBreak: write("\\R")
        case .grapheme: write("\\X")
        case .sequence(let items): try emitSequence(items)
        case .alternation:
            write("(?:")
            try emitBody(node)
            write(")")
        case .group(let body):
            if case .alternation = body.kind {
                write("(?:")
                try emitBody(body)
                write(")")
            } else {
                try emit(body)
            }
        case .scoped(let ignoring, let body):
            let before = ignoringCase
            ignoringCase = ignoring
            write(before == ignoring ? "(?:" : ignoring ? "(?i:" : "(?-i:")
            try emitBody(body)
            write(")")
            ignoringCase = before
        case .capture(_, _, let body):
            write("(")
            try emitBody(body)
            write(")")
        case .atomic(let body):
            writeStop()
            write("(?>")
            try emitBody(body)
            write(")")
        case .look(let ahead, let negative, let body):
            try emitLook(ahead: ahead, negative: negative, body, node)
        case .repetition(let repetition, let body): try emitRepetition(repetition, body)
        case .backreference(let reference):
            let numbers = groups.numbers(of: reference)
            let references = numbers.map { "\\g{\($0)}" }
            if watched { write(.run) }
            write(references.count == 1 ? references[0] : "(?:" + references.joined(separator: "|") + ")")
        case .call(_, let number):
            if watched { write(.round) }
            write(number == 0 ? "(?R)" : "(?\(number))")
        case .conditional(let reference, let yes, let no):
            write("(?(\(groups.numbers(of: reference).last ?? 0))")
            try emit(yes)
            if let no {
                write("|")
                try emit(no)
            }
            write(")")
        case .absent(let body): try emitAbsent(body, node)
        }
    }

    /// A whole expression or what stands inside parentheses: alternatives need no group of their own here.
    mutating func emitBody(_ node: PatternNode) throws(PatternError) {
        if case .group(let body) = node.kind { return try emitBody(body) }
        guard case .alternation(let branches) = node.kind else { return try emit(node) }
        for (index, branch) in branches.enumerated() {
            if index > 0 { write("|") }
            try emit(branch)
        }
    }

    private mutating func withCase(_ ignoring: Bool, _ body: (inout PatternEmitter) -> Void) {
        guard ignoring != ignoringCase else { return body(&self) }
        // Only a copied group stands in another scope than it was written in.
        write(ignoring ? "(?i:" : "(?-i:")
        ignoringCase = ignoring
        body(&self)
        ignoringCase = !ignoring
        write(")")
    }

    private mutating func emitLiteral(_ scalar: UInt32) {
        if scalar <= 0x7F {
            PatternText.append(literal: scalar, to: &text)
        } else if !unicode {
            write((ignoringCase ? CaseFolding.asciiSpelling(of: scalar) : nil) ?? "(?!)")
        } else if ignoringCase, !inLookBehind, let folded = CaseFolding.expansion(of: scalar) {
            write("(?:\(PatternText.literal(scalar))|\(folded))")
        } else {
            write(PatternText.literal(scalar))
        }
    }

    private mutating func emitClass(_ expression: ClassExpression, ignoringCase: Bool) {
        if unicode {
            write(expression.unicodeText(ignoringCase: ignoringCase))
        } else if let set = expression.evaluated(
            ignoringCase: ignoringCase, members: CompiledPattern.asciiMembers(ofProperty:))
        {
            write(
                PatternText.oneOf(
                    set.reachesHighest
                        ? set.complement().intersection(.ascii).complement() : set.intersection(.ascii)))
        } else {
            write("(?!)")
        }
    }

    private mutating func emitAnchor(_ anchor: Anchor, before: WordEdge, after: WordEdge) {
        switch anchor {
        case .lineStart: write("^")
        case .lineEnd: write("$")
        case .subjectStart: write("\\A")
        case .subjectEnd: write("\\z")
        case .subjectEndOrLastNewline: write("\\Z")
        case .searchStart: write("\\G")
        case .keep: write("\\K")
        case .wordBoundary(let wide), .notWordBoundary(let wide):
            let negated = if case .notWordBoundary = anchor { true } else { false }
            guard unicode, wide else { return write(negated ? "\\B" : "\\b") }
            let word = UnicodeClasses.wordText
            if before.isCertainWord {
                write(negated ? "(?=\(word))" : "(?!\(word))")
            } else if after.isCertainWord {
                write(negated ? "(?<=\(word))" : "(?<!\(word))")
            } else if negated {
                write("(?:(?<=\(word))(?=\(word))|(?<!\(word))(?!\(word)))")
            } else {
                write("(?:(?<=\(word))(?!\(word))|(?<!\(word))(?=\(word)))")
            }
        }
    }

    private mutating func emitSequence(_ items: [PatternNode]) throws(PatternError) {
        var index = 0
        while index < items.count {
            let item = items[index]
            if case .anchor(let anchor) = item.kind {
                marks.append(Mark(textOffset: text.count, offset: item.offset, length: item.length))
                if unicode {
                    emitAnchor(
                        anchor, before: .of(items[..<index].reversed(), leading: false),
                        after: .of(items[(index + 1)...], leading: true))
                } else {
                    emitAnchor(anchor, before: .unknown, after: .unknown)
                }
            } else if unicode, ignoringCase, !inLookBehind,
                let (fold, count) = CaseFolding.ligature(at: index, in: items)
            {
                write(fold)
                index += count
                continue
            } else {
                try emit(item)
            }
            index += 1
        }
    }

    private mutating func emitLook(
        ahead: Bool, negative: Bool, _ body: PatternNode, _ node: PatternNode
    ) throws(PatternError) {
        if ahead, !negative { writeStop() }
        write(ahead ? (negative ? "(?!" : "(?=") : (negative ? "(?<!" : "(?<="))
        if ahead {
            try emitBody(body)
        } else {
            try body.checkLookBehind(isNegative: negative, node)
            let before = inLookBehind
            inLookBehind = true
            try emitBody(body)
            inLookBehind = before
        }
        write(")")
    }

    private mutating func emitRepetition(_ repetition: Repetition, _ body: PatternNode) throws(PatternError) {
        var target = body
        while case .group(let inner) = target.kind { target = inner }
        // PCRE2 10.42's JIT leaves a possessive group's capture set when the branch around it fails; an atomic group not.
        let asAtomic = repetition.mode == .possessive && target.containsCapture
        if repetition.mode == .possessive, !target.isOneCharacter { writeStop() }
        if asAtomic { write("(?>") }
        let standsAlone: Bool
        switch target.kind {
        case .literal(_, let ignoring), .oneOf(_, let ignoring): standsAlone = ignoring == ignoringCase
        case .any, .capture, .atomic, .scoped, .lineBreak, .grapheme, .alternation: standsAlone = true
        default: standsAlone = false
        }
        // A literal that is spelled with several characters is grouped by its own spelling, except in the ASCII variant.
        let needsGroup: Bool
        if case .literal(let scalar, _) = target.kind, !unicode, scalar > 0x7F {
            needsGroup = true
        } else {
            needsGroup = !standsAlone
        }
        let isWatched = watched && (repetition.maximum ?? Int.max) > Self.unwatchedRounds
        if isWatched && target.isOneCharacter { write(.run) }
        if isWatched && !target.isOneCharacter {
            write("(?:")
            write(.round)
            try emit(target)
            write(")")
        } else if needsGroup {
            write("(?:")
            try emitBody(target)
            write(")")
        } else {
            try emit(target)
        }
        switch (repetition.minimum, repetition.maximum) {
        case (0, nil): write("*")
        case (1, nil): write("+")
        case (0, 1): write("?")
        case (let minimum, nil): write("{\(minimum),}")
        case (let minimum, let maximum?) where minimum == maximum: write("{\(minimum)}")
        case (let minimum, let maximum?): write("{\(minimum),\(maximum)}")
        }
        switch repetition.mode {
        case .greedy: break
        case .lazy: write("?")
        case .possessive: write(asAtomic ? ")" : "+")
        }
    }

    /// `(?~x)` for an x of fixed length n: stop where x begins, then at most n-1 characters more.
    private mutating func emitAbsent(_ body: PatternNode, _ node: PatternNode) throws(PatternError) {
        let length = try body.checkAbsent(node)
        if watched { write(.run) }
        write("(?:(?:(?!")
        try emitBody(body)
        write(").)*")
        if length > 1 { write(".{0,\(length - 1)}") }
        write(")")
    }
}

extension PatternNode {
    /// Whether it takes one character, however that is spelled.
    fileprivate var isOneCharacter: Bool {
        switch kind {
        case .literal, .any, .oneOf, .lineBreak, .grapheme: true
        default: false
        }
    }
}
