/// Small changes of an expression, each tried on the line before it is proposed.
struct RemedySearch {
    static let maximumRemedies = 4
    /// Changes that are tried for one line.
    static let maximumAttempts = 60

    private let compiler: GrokCompiler
    private let expression: [UInt8]
    private let search: ExplainSearch
    private let check: RemedyCheck
    private let changes: RemedyChanges
    private let rivals: RivalReadings

    init(_ compiler: GrokCompiler, _ expression: String, _ multiline: Bool, _ search: ExplainSearch) {
        self.compiler = compiler
        self.expression = Array(expression.utf8)
        self.search = search
        check = RemedyCheck(compiler, multiline, search)
        rivals = RivalReadings(search: search)
        changes = RemedyChanges(forms: RemedyForms(compiler: compiler, search: search), line: search.line)
    }

    /// A candidate with the text that it changes.
    private struct Attempt {
        let candidate: RemedyCandidate
        let verdict: ExplainVerdict
        /// Fields that it must have as they are.
        let known: RivalReadings.Fields
        let level: Int
    }

    /// Changes of the blamed element, at each level from the operator's expression down to what failed in it: those that
    /// take the text by name first, and of those alike the one in the expression itself.
    func remedies(for levels: [ExplainVerdict]) -> [GrokRemedy] {
        var attempts: [Attempt] = []
        // What was found further inside knows better which text the other fields take.
        let inner = levels.last { $0.isComplete }
        // What another fault would explain as well; then a change of a part of it is a guess too.
        var doubted: Range<Int>?
        for (level, verdict) in levels.enumerated()
        where verdict.isComplete && !verdict.isDoubtful && !check.mayTakeMore(verdict) {
            if let doubted, verdict.text == doubted { continue }
            if rivals.exist(for: verdict) {
                doubted = verdict.text
                continue
            }
            if let inner,
                verdict.fields.contains(where: { inner.fields[$0.key] != nil && inner.fields[$0.key] != $0.value })
            {
                continue
            }
            let owner = verdict.element.owner
            let known = rivals.fieldsBesideMark(verdict)
                .merging(rivals.fieldsBesideMissingBlank(verdict)) { one, _ in one }
                .merging(rivals.fieldsBehindMark(verdict)) { one, _ in one }
            // The same element seen from further inside says nothing new.
            attempts += changes.candidates(for: verdict, written: { written($0, owner) }).map {
                Attempt(candidate: $0, verdict: verdict, known: known, level: level)
            }
        }
        let ordered = attempts.enumerated().sorted {
            ($0.element.candidate.rank, $0.element.level, $0.offset) < (
                $1.element.candidate.rank, $1.element.level, $1.offset
            )
        }
        var result: [GrokRemedy] = []
        for (_, attempt) in ordered.prefix(Self.maximumAttempts) {
            guard result.count < Self.maximumRemedies else { break }
            guard let remedy = remedy(attempt), !result.contains(where: { $0.hasSameChange(as: remedy) }) else {
                continue
            }
            result.append(remedy)
        }
        return result
    }

    /// An element as it is written.
    private func written(_ element: ExplainElement, _ owner: Int?) -> (text: String, range: Range<Int>) {
        let reading = search.reading
        let range = reading.expansion.local(
            (element.source.lowerBound + reading.shift)..<(element.source.upperBound + reading.shift), in: owner)
        let text = reading.expansion.text(of: owner)
        let inside = range.clamped(to: 0..<text.count)
        return (String(decoding: text[inside], as: UTF8.self), inside)
    }

    private func remedy(_ attempt: Attempt) -> GrokRemedy? {
        let owner = attempt.verdict.element.owner
        let expansion = search.reading.expansion
        let text = expansion.text(of: owner)
        let range = attempt.candidate.range ?? written(attempt.verdict.element, owner).range
        guard range.upperBound <= text.count else { return nil }
        let changed =
            String(decoding: text[..<range.lowerBound], as: UTF8.self) + attempt.candidate.replacement
            + String(decoding: text[range.upperBound...], as: UTF8.self)
        let definition = owner.map { GrokRemedy.Definition(name: expansion.name(of: $0), expression: changed) }
        let whole = definition == nil ? changed : String(decoding: expression, as: UTF8.self)
        guard
            let captures = check.captures(
                whole, definition, attempt.verdict, attempt.candidate.extent),
            attempt.known.allSatisfy({ name, range in captures.contains { $0.field == name && $0.range == range } })
        else { return nil }
        return GrokRemedy(
            advice: attempt.candidate.advice, expression: whole, definition: definition, captures: captures)
    }
}

extension GrokRemedy {
    /// Whether it is the same change, or one that says and does the same: `[:;]` and `(?::|;)`.
    fileprivate func hasSameChange(as other: GrokRemedy) -> Bool {
        if expression == other.expression && definition == other.definition { return true }
        return advice == other.advice && captures == other.captures && definition?.name == other.definition?.name
    }
}
