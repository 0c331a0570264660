import Grok

/// A log format with a name, recognised as a whole before anything is built.
struct KnownFormat: Sendable {
    let title: String
    /// In the field names of the legacy series where they are our own.
    let expression: String
    /// What a line must match besides, because the expression alone also takes other lines.
    var requirement: String?
    /// A narrower form of another: kept only when at least half of that other's lines have it.
    var isSpecialCase = false
    /// Values of pairs hold blanks, up to the next key.
    var valuesHaveBlanks = false
    /// The field with pairs that are looked for by their keys.
    var pairs: String? = "message"

    /// The narrower before the wider; syslog, which carries any other, last.
    static let all: [KnownFormat] = security + web + applications + databases + system

    /// Compiled to match whole lines.
    struct Compiled {
        let format: KnownFormat
        /// As it is proposed.
        let expression: String
        let matcher: GrokMatcher
        let requirement: GrokMatcher?

        func matches(_ line: [UInt8]) -> Bool {
            if let requirement {
                guard case .hit = requirement.match(sample: line) else { return false }
            }
            if case .hit = matcher.match(sample: line) { return true }
            return false
        }
    }

    /// The expression in the names of a series.
    func expression(for series: PatternSeries) -> String { FieldNames.translating(expression, to: series) }

    /// The formats that a library has the definitions for, and that some of the lines have.
    static func compiled(
        _ compiler: GrokCompiler, _ series: PatternSeries, _ scratch: MatchScratch, for lines: [[UInt8]]
    ) -> [Compiled] {
        all.compactMap { format in
            let expression = format.expression(for: series)
            // A requirement is short, so it is asked first whether any line has it.
            let requirement = format.requirement.flatMap { matcher("^(?<x>\($0))", compiler, scratch) }
            if format.requirement != nil {
                guard let requirement, lines.contains(where: { requirement.isHit($0) }) else { return nil }
            }
            guard let whole = matcher("^(?:\(expression))\\s*$", compiler, scratch) else { return nil }
            return Compiled(format: format, expression: expression, matcher: whole, requirement: requirement)
        }
    }

    private static func matcher(_ expression: String, _ compiler: GrokCompiler, _ scratch: MatchScratch) -> GrokMatcher?
    {
        guard let pattern = try? compiler.compile(expression) else { return nil }
        return GrokMatcher(GrokSet([GrokSet.Member(name: nil, pattern: pattern, index: 0)]), scratch: scratch)
    }
}

extension GrokMatcher {
    /// Matches a line whose text was not classified before.
    func match(sample line: [UInt8]) -> Result { match(line.span, as: SubjectText.classify(line.span)) }

    func isHit(_ line: [UInt8]) -> Bool { if case .hit = match(sample: line) { true } else { false } }
}
