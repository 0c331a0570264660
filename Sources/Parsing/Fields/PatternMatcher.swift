internal import Events
internal import Grok

/// Runs one regular expression on texts of a storage and gives the named groups. One for each parser and thread.
final class PatternMatcher {
    let regex: Regex
    private let scratch: MatchScratch
    /// The groups of each name, the last one first, and where each name's groups begin; one more entry than names.
    private let numbers: [Int]
    private let starts: [Int]

    init(_ regex: Regex, limits: MatchLimits) {
        self.regex = regex
        scratch = MatchScratch(captures: regex.captureCount, limits: limits)
        numbers = regex.groups.flatMap { $0.numbers.reversed() }
        var starts = [0]
        for group in regex.groups { starts.append(starts[starts.count - 1] + group.numbers.count) }
        self.starts = starts
    }

    var names: [[UInt8]] { regex.groups.map { Array($0.name.utf8) } }

    /// Text that is no UTF-8 is matched as a repaired copy, which `text` then is.
    func match(_ text: inout Slice, _ storage: inout ByteBuffer) -> MatchOutcome {
        var kind = storage.kind(of: text)
        if kind == .invalid {
            text = storage.appendRepaired(text)
            kind = .utf8
        }
        let span = storage.span.extracting(Int(text.offset)..<text.end)
        return regex.match(span, as: SubjectText(kind), scratch)
    }

    /// How far the last match reaches, in bytes.
    var length: Int { scratch.end(of: 0) }

    /// Matches and makes columns ready for the record; nil when that went well, else what became of the text.
    func begin(_ text: inout Slice, _ columns: Columns, _ storage: inout ByteBuffer) -> ParseResult? {
        switch match(&text, &storage) {
        case .noMatch: return .noMatch
        case .gaveUp(let reason): return .gaveUp(reason: "the expression gave up: \(reason)")
        case .matched:
            columns.beginRecord(&storage)
            return nil
        }
    }

    /// Where a named group's text is: the last group of the name that took part. nil: none did.
    @inline(__always)
    func group(_ name: Int, in text: Slice) -> Slice? {
        for index in starts[name]..<starts[name + 1] {
            let start = scratch.start(of: numbers[index])
            if start >= 0 {
                return Slice(offset: Int(text.offset) &+ start, length: scratch.end(of: numbers[index]) &- start)
            }
        }
        return nil
    }
}
