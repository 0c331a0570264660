import Synchronization

/// A compiled Ruby regular expression: immutable, shared by all threads.
package final class Regex: Sendable {
    /// For ASCII subjects and for others; nil until one comes, when it is small enough to compile for sure.
    private let ascii = OnceReference<CompiledPattern>()
    private let utf8 = OnceReference<CompiledPattern>()
    private let pattern: RubyPattern
    /// The same programs for long texts, made when one is needed first.
    private let others = Mutex<[Variant: CompiledPattern]>([:])
    private let lineProgram = LineProgramSlot()
    private struct Variant: Hashable {
        var isUnicode: Bool
        /// With callouts; otherwise for slices.
        var isWatched: Bool
    }
    /// Whether `\G` occurs, which is where the search begins: then it must not be begun elsewhere.
    let isBoundToStart: Bool
    /// The groups by name, in the order of their first appearance. A name's value is its last number that took part.
    package let groups: [NamedGroup]
    /// How many groups there are.
    package let captureCount: Int
    /// Bytes that every match contains.
    package let requiredLiteral: RequiredLiteral?
    /// True when the expression holds a character beyond ASCII literally.
    package let containsNonASCII: Bool

    /// A group name and the numbers of the groups that carry it, ascending.
    package struct NamedGroup: Sendable, Equatable {
        package let name: String
        package let numbers: [Int]
    }

    /// Translates and compiles an expression.
    ///
    /// - Throws: `PatternError` with the place in `source`.
    package convenience init(_ source: String, options: RubyPattern.Options = []) throws(PatternError) {
        try self.init(RubyPattern(source, options: options))
    }

    /// Compiles a translated expression, or sees that it can be done when the first text comes: it takes as long as all else
    /// at the start, and many programs are never run.
    package init(_ pattern: RubyPattern) throws(PatternError) {
        self.pattern = pattern
        isBoundToStart = pattern.root.containsSearchStart
        let bound = try ProgramBound(pattern.root)
        if !bound.isSure(unicode: false) { ascii.storeIfNil(try Self.compile(pattern, unicode: false)) }
        if !bound.isSure(unicode: true) { utf8.storeIfNil(try Self.compile(pattern, unicode: true)) }
        groups = pattern.groups.names.map { NamedGroup(name: $0.name, numbers: $0.numbers) }
        captureCount = pattern.groups.count
        requiredLiteral = RequiredLiteral.of(pattern.root)
        containsNonASCII = pattern.containsNonASCII
    }

    private static func compile(_ pattern: RubyPattern, unicode: Bool) throws(PatternError) -> CompiledPattern {
        let emitter = try pattern.emitted(unicode: unicode)
        do {
            return try CompiledPattern(emitter.text, unicode: unicode)
        } catch {
            let place = emitter.source(ofTextOffset: error.textOffset)
            throw PatternError(offset: place.offset, length: place.length, message: error.message)
        }
    }

    /// The regex without a reference count: valid as long as the regex that gave it.
    @safe struct Handle {
        private let regex: Unmanaged<Regex>

        fileprivate init(_ regex: Regex) { unsafe self.regex = Unmanaged.passUnretained(regex) }

        /// What one search of a short text finds out; nil when it takes `Regex.search` to know. The scratch must have room
        /// for the captures already.
        @inline(__always)
        func quickMatch(
            _ subject: UnsafeRawBufferPointer, as text: SubjectText, _ scratch: MatchScratch, from start: Int = 0
        ) -> MatchOutcome? {
            unsafe regex._withUnsafeGuaranteedRef { unsafe $0.quickMatch(subject, as: text, scratch, from: start) }
        }

        /// The same, where bytes that every match contains are looked for when the first place was no match.
        @inline(__always)
        func quickMatch(
            _ subject: UnsafeRawBufferPointer, as text: SubjectText, _ scratch: MatchScratch, literal: LiteralSearch?
        ) -> MatchOutcome? {
            unsafe regex._withUnsafeGuaranteedRef { unsafe $0.quickMatch(subject, as: text, scratch, literal: literal) }
        }
    }

    var handle: Handle { Handle(self) }

    @inline(__always)
    private func quickMatch(
        _ subject: UnsafeRawBufferPointer, as text: SubjectText, _ scratch: MatchScratch, from start: Int
    ) -> MatchOutcome? {
        switch unsafe lineMatch(subject, as: text, scratch, from: start, .all) {
        case .matched: return .matched
        case .noMatch: return .noMatch
        case .unsure: return unsafe engineMatch(subject, as: text, scratch, from: start)
        }
    }

    @inline(__always)
    private func quickMatch(
        _ subject: UnsafeRawBufferPointer, as text: SubjectText, _ scratch: MatchScratch, literal: LiteralSearch?
    ) -> MatchOutcome? {
        // Most lines match at their first place, or fail there at once.
        let atFirst = unsafe lineMatch(subject, as: text, scratch, from: 0, .first)
        if atFirst == .matched { return .matched }
        if let literal, unsafe !literal.mayOccur(in: subject) { return .noMatch }
        if atFirst == .noMatch {
            switch unsafe lineMatch(subject, as: text, scratch, from: 0, .allButFirst) {
            case .matched: return .matched
            case .noMatch: return .noMatch
            case .unsure: break
            }
        }
        return unsafe engineMatch(subject, as: text, scratch, from: 0)
    }

    /// What the expression's own program finds out, without PCRE2.
    @inline(__always)
    private func lineMatch(
        _ subject: UnsafeRawBufferPointer, as text: SubjectText, _ scratch: MatchScratch, from start: Int,
        _ places: LineProgram.Places, mayWait: Bool = true
    ) -> LineProgram.Outcome {
        unsafe lineProgram.search(subject, as: text, from: start, places, scratch, of: pattern, mayWait: mayWait)
    }

    /// The program for whole texts; nil when it does not compile after all.
    @inline(__always)
    private func program(unicode: Bool) -> Unmanaged<CompiledPattern>? {
        if let made = unsafe unicode ? utf8.unmanaged : ascii.unmanaged { return unsafe made }
        return unsafe make(unicode: unicode)
    }

    @inline(never)
    private func make(unicode: Bool) -> Unmanaged<CompiledPattern>? {
        guard let made = try? Self.compile(pattern, unicode: unicode) else { return nil }
        if unicode { utf8.storeIfNil(made) } else { ascii.storeIfNil(made) }
        return unsafe unicode ? utf8.unmanaged : ascii.unmanaged
    }

    /// A program for long texts; nil when it is too large for PCRE2.
    func variant(isUnicode: Bool, isWatched: Bool) -> CompiledPattern? {
        let variant = Variant(isUnicode: isUnicode, isWatched: isWatched)
        return others.withLock { others in
            if let known = others[variant] { return known }
            guard let text = try? pattern.emitted(unicode: isUnicode, watched: isWatched).text,
                let program = try? CompiledPattern(text, unicode: isUnicode, sliced: !isWatched)
            else { return nil }
            others[variant] = program
            return program
        }
    }

    /// What PCRE2 finds out in a few steps; nil when it takes more.
    func engineMatch(
        _ subject: UnsafeRawBufferPointer, as text: SubjectText, _ scratch: MatchScratch, from start: Int
    ) -> MatchOutcome? {
        guard subject.count <= Regex.shortBytes else { return nil }
        if text == .invalid { return .gaveUp(.invalidUTF8) }
        guard let program = unsafe program(unicode: text == .utf8) else { return .gaveUp(.engine) }
        let outcome = unsafe program._withUnsafeGuaranteedRef { $0.handle }
            .run(subject, from: start, scratch, .quick).outcome
        return outcome == .gaveUp(.matchLimit) || outcome == .gaveUp(.stackLimit) ? nil : outcome
    }

    /// Searches the subject for the first match. Allocates nothing, but for the first line that needs a watched search.
    ///
    /// `text` is what `SubjectText.classify` said; for `invalid` the engine is not run at all.
    /// On `.matched` the scratch has the offsets until its next use.
    /// - Parameter continuing: the subject belongs to the text that was begun with `MatchScratch.beginText`, and shares
    ///   its time.
    package func match(
        _ subject: UnsafeRawBufferPointer, as text: SubjectText, _ scratch: MatchScratch, continuing: Bool = false
    ) -> MatchOutcome {
        scratch.reserve(captureCount + 1)
        if !continuing { scratch.beginText() }
        if let outcome = unsafe handle.quickMatch(subject, as: text, scratch) {
            return continuing && scratch.spend(subject.count &* subject.count) && outcome == .noMatch
                ? .gaveUp(.timeout) : outcome
        }
        return unsafe search(subject, as: text, scratch, isLast: true)
    }

    /// The same for a span.
    package func match(
        _ subject: Span<UInt8>, as text: SubjectText, _ scratch: MatchScratch, continuing: Bool = false
    ) -> MatchOutcome {
        unsafe subject.withUnsafeBufferPointer {
            unsafe match(UnsafeRawBufferPointer($0), as: text, scratch, continuing: continuing)
        }
    }

    /// Searches from a place on, for the next match behind another one: what stands before it counts for look-behinds and
    /// anchors. `\G` is that place.
    ///
    /// - Parameter start: an offset of the subject where a character begins, or its end.
    package func match(
        _ subject: Span<UInt8>, from start: Int, as text: SubjectText, _ scratch: MatchScratch, continuing: Bool
    ) -> MatchOutcome {
        if start == 0 { return match(subject, as: text, scratch, continuing: continuing) }
        precondition(start >= 0 && start <= subject.count, "no place in the subject")
        scratch.reserve(captureCount + 1)
        if !continuing { scratch.beginText() }
        return unsafe subject.withUnsafeBufferPointer { subject in
            let subject = UnsafeRawBufferPointer(subject)
            if let outcome = unsafe handle.quickMatch(subject, as: text, scratch, from: start) {
                return scratch.spend((subject.count &- start) &* subject.count) && outcome == .noMatch
                    ? .gaveUp(.timeout) : outcome
            }
            // Each of many searches may be short; together they have the time of one text.
            if let outcome = unsafe searchNear(start, subject, as: text, scratch) { return outcome }
            return scratch.isOver
                ? .gaveUp(.timeout)
                : unsafe search(subject, as: text, scratch, isLast: true, from: start)
        }
    }
}

extension Regex {
    /// Searches from a place of the subject on, and sees what stands before it. Within the time of the text that was begun
    /// with `MatchScratch.beginText`; for texts in which several matches are looked for.
    package func match(
        _ subject: Span<UInt8>, as text: SubjectText, from start: Int, _ scratch: MatchScratch
    ) -> MatchOutcome {
        guard text != .invalid else { return .gaveUp(.invalidUTF8) }
        guard start <= subject.count else { return .noMatch }
        guard let watched = variant(isUnicode: text == .utf8, isWatched: true) else { return .gaveUp(.engine) }
        scratch.reserve(captureCount + 1)
        // The scratch is this thread's own, and the subject is lent for the call.
        unsafe scratch.budget.pointee.grant(oneOf: 1)
        defer { unsafe scratch.budget.pointee.returnGrant() }
        return unsafe subject.withUnsafeBufferPointer {
            unsafe watched.handle.runWatched(UnsafeRawBufferPointer($0), from: start, scratch).outcome
        }
    }
}

/// The two ways to a match, each alone: for tests and measurements that hold one against the other.
extension Regex {
    /// What the expression's own program says; nil when it is unsure, or there is none.
    package func lineOutcome(
        _ subject: Span<UInt8>, as text: SubjectText, from start: Int = 0, _ scratch: MatchScratch
    ) -> MatchOutcome? {
        scratch.reserve(captureCount + 1)
        return unsafe subject.withUnsafeBufferPointer {
            switch unsafe lineMatch(UnsafeRawBufferPointer($0), as: text, scratch, from: start, .all, mayWait: false) {
            case .matched: .matched
            case .noMatch: .noMatch
            case .unsure: nil
            }
        }
    }

    /// What PCRE2 says in a few steps; nil when it takes more.
    package func engineOutcome(
        _ subject: Span<UInt8>, as text: SubjectText, from start: Int = 0, _ scratch: MatchScratch
    ) -> MatchOutcome? {
        scratch.reserve(captureCount + 1)
        return unsafe subject.withUnsafeBufferPointer {
            unsafe engineMatch(UnsafeRawBufferPointer($0), as: text, scratch, from: start)
        }
    }
}
