internal import Synchronization

/// Where a regex has its program: made when some texts have come, and asked less often while it is of no use. All threads.
struct LineProgramSlot: ~Copyable {
    /// Texts that an expression sees before its program is made: that takes as long as some thousand matches, and most
    /// expressions of tools see a few texts only.
    private static let textsBefore = 64
    /// From so many texts in a row on for which the program was of no use, it is asked for one in as many only.
    private static let unsureInRow = 64

    private let made = OnceReference<LineProgram>()
    /// The expression has no program.
    private let isNone = Atomic(false)
    private let making = Mutex(())
    private let textsSeen = Atomic(0)
    /// For how many texts in a row the program was not sure. Loops that count at once may lose a count.
    private let unsureTexts = Atomic(0)

    /// What the program finds out about a text, or about some of its places; `unsure` where there is none.
    ///
    /// - Parameters:
    ///   - text: what `SubjectText.classify` said.
    ///   - mayWait: the program need not be made yet.
    @inline(__always)
    func search(
        _ subject: UnsafeRawBufferPointer, as text: SubjectText, from start: Int, _ places: LineProgram.Places,
        _ scratch: MatchScratch, of pattern: RubyPattern, mayWait: Bool = true
    ) -> LineProgram.Outcome {
        guard text != .invalid else { return .unsure }
        guard let program = unsafe made.unmanaged ?? makeOnce(pattern, mayWait: mayWait) else { return .unsure }
        let unsure = unsureTexts.load(ordering: .relaxed)
        // Of every so many it still gets one: what comes next may be of another kind.
        if unsure >= Self.unsureInRow, unsure % Self.unsureInRow != 0 {
            unsureTexts.store(unsure &+ 1, ordering: .relaxed)
            return .unsure
        }
        let outcome = unsafe program._withUnsafeGuaranteedRef {
            guard text == .ascii || $0.coversUnicode else { return LineProgram.Outcome.unsure }
            return unsafe $0.search(subject, from: start, places, scratch.lineStack, scratch.slots)
        }
        if outcome == .unsure {
            unsureTexts.store(unsure &+ 1, ordering: .relaxed)
        } else if unsure != 0, outcome == .matched || places != .first {
            // That the first place is none does not decide about the text.
            unsureTexts.store(0, ordering: .relaxed)
        }
        return outcome
    }

    @inline(__always)
    private func makeOnce(_ pattern: RubyPattern, mayWait: Bool) -> Unmanaged<LineProgram>? {
        unsafe isNone.load(ordering: .relaxed) ? nil : make(pattern, mayWait: mayWait)
    }

    @inline(never)
    private func make(_ pattern: RubyPattern, mayWait: Bool) -> Unmanaged<LineProgram>? {
        if mayWait, textsSeen.add(1, ordering: .relaxed).newValue <= Self.textsBefore { return nil }
        return unsafe making.withLock { _ in
            if let known = unsafe made.unmanaged { return unsafe known }
            if isNone.load(ordering: .relaxed) { return nil }
            guard let program = LineProgram(pattern) else {
                isNone.store(true, ordering: .relaxed)
                return nil
            }
            made.storeIfNil(program)
            return unsafe made.unmanaged
        }
    }
}
