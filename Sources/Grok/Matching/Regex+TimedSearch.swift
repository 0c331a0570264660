/// Searching within a time.
///
/// PCRE2's match limit counts steps, and begins anew at each place where a match may begin; a step may look at the whole
/// rest of the subject. Places times steps times length has no bound worth the name, so:
/// 1. A short text is searched with few steps for each place (`quickMatch`), which is all that nearly every line needs.
/// 2. Of others the first place is tried alone, where most expressions match or fail for good: with a step for each byte,
///    and when that is not enough with more and more, by the clock.
/// 3. A text of some kilobytes is then searched slice by slice of places, each so small that its worst is bounded, with a
///    look at the clock now and then.
/// 4. What takes more, and what is very long, is searched by a program with callouts: the clock ends it wherever it is.
///    Callouts cost several times what they watch over, so that they come last.
extension Regex {
    /// A text that is searched at once.
    static let shortBytes = 512
    /// A text whose first place may have more and more steps, while they turn out to be cheap.
    private static let patientBytes = 4 << 10
    /// A text up to here is searched in slices. Beyond, calling PCRE2 for a few places each costs more than callouts.
    private static let slicedBytes = 16 << 10
    /// Places times bytes of a slice.
    private static let sliceWork = shortBytes * shortBytes
    /// Slices that are searched before the clock is asked for the first time: as many as a text of 2 KiB has.
    private static let slicesWithoutClock = 16
    /// Steps times bytes of the first attempt at the first place.
    private static let firstPlaceWork = sliceWork << 10

    /// Searches any subject within the time of its text; for what `quickMatch` did not find out.
    ///
    /// - Parameter isLast: no other expression will be tried on the text, so that all of its time may be used; else half of
    ///   what is left is.
    func search(
        _ subject: UnsafeRawBufferPointer, as text: SubjectText, _ scratch: MatchScratch, isLast: Bool, from: Int = 0
    ) -> MatchOutcome {
        guard text != .invalid else { return .gaveUp(.invalidUTF8) }
        defer { unsafe scratch.budget.pointee.returnGrant() }
        var search = TextSearch(isUnicode: text == .utf8, shares: isLast ? 1 : 2, start: from)
        guard let program = variant(isUnicode: search.isUnicode, isWatched: false) else { return .gaveUp(.engine) }
        var outcome = unsafe searchFirstPlace(subject, program.handle, scratch, &search)
        if outcome == .noMatch {
            outcome = unsafe searchSlices(subject, program.handle, scratch, &search)
        }
        switch outcome {
        case .gaveUp(.matchLimit) where scratch.limits.matchSteps > MatchScratch.quickSteps: break
        case .gaveUp(.stackLimit): break
        default: return outcome
        }
        guard let watched = variant(isUnicode: search.isUnicode, isWatched: true) else { return outcome }
        search.grant(scratch)
        return unsafe watched.handle.runWatched(subject, from: search.start, scratch).outcome
    }

    /// Searches the places right behind another match, which is where the next one nearly always is. nil: it is not there.
    func searchNear(
        _ start: Int, _ subject: UnsafeRawBufferPointer, as text: SubjectText, _ scratch: MatchScratch
    ) -> MatchOutcome? {
        guard text != .invalid else { return .gaveUp(.invalidUTF8) }
        guard !isBoundToStart, let program = variant(isUnicode: text == .utf8, isWatched: false) else { return nil }
        let last = min(start + max(Self.sliceWork / subject.count - 1, 0), subject.count)
        let outcome = unsafe program.handle.run(
            subject, places: start...last, steps: Int(MatchScratch.quickSteps), scratch
        ).outcome
        if scratch.spend((last - start + 1) &* subject.count) { return .gaveUp(.timeout) }
        return outcome == .matched || outcome == .noMatch && last == subject.count ? outcome : nil
    }

    /// How far the search of one text is.
    private struct TextSearch {
        let isUnicode: Bool
        /// This search may have one of so many shares of the time that is left.
        let shares: Int64
        /// The first place that is not done.
        var start: Int
        private var isGranted = false

        init(isUnicode: Bool, shares: Int64, start: Int) {
            self.start = start
            self.isUnicode = isUnicode
            self.shares = shares
        }

        /// Gives the search its part of the time; the clock is not asked for what is over before.
        mutating func grant(_ scratch: MatchScratch) {
            if isGranted { return }
            isGranted = true
            unsafe scratch.budget.pointee.grant(oneOf: shares)
        }
    }

    private func searchFirstPlace(
        _ subject: UnsafeRawBufferPointer, _ program: CompiledPattern.Handle, _ scratch: MatchScratch,
        _ search: inout TextSearch
    ) -> MatchOutcome {
        if subject.count > Self.shortBytes, subject.count <= Self.patientBytes {
            let outcome = unsafe program.run(
                subject, places: search.start...search.start, steps: subject.count, scratch
            ).outcome
            guard outcome == .gaveUp(.matchLimit) else { return outcome }
        }
        search.grant(scratch)
        var steps = max(Self.firstPlaceWork / max(subject.count, 1), 16)
        while true {
            let left = unsafe scratch.budget.pointee.nanosecondsLeft()
            let outcome = unsafe program.run(subject, places: search.start...search.start, steps: steps, scratch)
                .outcome
            guard outcome == .gaveUp(.matchLimit), subject.count <= Self.patientBytes,
                steps < scratch.limits.matchSteps
            else { return outcome }
            let after = unsafe scratch.budget.pointee.nanosecondsLeft()
            guard (left - after) * 4 < after else { return outcome }
            steps *= 4
        }
    }

    /// All places but the first; says that the match limit was reached where a slice is not the way to go on.
    private func searchSlices(
        _ subject: UnsafeRawBufferPointer, _ program: CompiledPattern.Handle, _ scratch: MatchScratch,
        _ search: inout TextSearch
    ) -> MatchOutcome {
        let count = subject.count
        var slices = 0
        while search.start < count {
            var next = search.start + 1
            while search.isUnicode, next < count, unsafe subject[next] & 0xC0 == 0x80 { next += 1 }
            // Short texts are here because their quick search did not get through.
            guard !isBoundToStart, count > Self.shortBytes, count <= Self.slicedBytes else {
                search.start = isBoundToStart ? search.start : next
                return .gaveUp(.matchLimit)
            }
            slices += 1
            if slices > Self.slicesWithoutClock { search.grant(scratch) }
            let last = min(next + Self.sliceWork / count - 1, count)
            let outcome = unsafe program.run(
                subject, places: next...last, steps: Int(MatchScratch.quickSteps), scratch
            ).outcome
            guard outcome == .noMatch else {
                search.start = next
                return outcome
            }
            if scratch.spend((last - next + 1) &* count) { return .gaveUp(.timeout) }
            search.start = last
        }
        return .noMatch
    }
}
