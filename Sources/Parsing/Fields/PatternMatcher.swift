internal import Events
internal import Grok

/// Runs one regular expression on texts of a storage and gives the named groups. One for each parser and thread.
final class PatternMatcher {
    let regex: Regex
    private let scratch: MatchScratch
    /// The last text that was matched, repaired where it was no UTF-8.
    private var subject = Slice.empty

    init(_ regex: Regex) {
        self.regex = regex
        scratch = MatchScratch(captures: regex.captureCount)
    }

    var names: [[UInt8]] { regex.groups.map { Array($0.name.utf8) } }

    func match(_ text: Slice, _ storage: inout ByteBuffer) -> MatchOutcome {
        var kind = storage.kind(of: text)
        subject = text
        if kind == .invalid {
            subject = storage.appendRepaired(text)
            kind = .utf8
        }
        let span = storage.span.extracting(Int(subject.offset)..<subject.end)
        return regex.match(span, as: SubjectText(kind), scratch)
    }

    /// Where a named group's text is: the last group of the name that took part. nil: none did.
    func group(_ index: Int) -> Slice? {
        for number in regex.groups[index].numbers.reversed() {
            let start = scratch.start(of: number)
            if start >= 0 {
                return Slice(offset: Int(subject.offset) + start, length: scratch.end(of: number) - start)
            }
        }
        return nil
    }
}
