extension GrokCompiler {
    /// Finds where a line leaves an expression.
    ///
    /// For the command line: compiles the expression some dozen times, with bounds for time and memory. `line` must be
    /// valid UTF-8 (`SubjectText.repaired`).
    /// - Parameter now: nanoseconds of a clock that starts anywhere, of which all attempts together have some.
    /// - Returns: nil when the line matches, and when it is not UTF-8.
    /// - Throws: `GrokError` when the expression is bad.
    package func explain(
        _ expression: String, line: [UInt8], multiline: Bool = false,
        now: @escaping @Sendable () -> Int64 = MatchBudget.threadNanoseconds
    ) throws(GrokError) -> GrokExplanation? {
        // Fields are not needed to see why a line does not match; all else must be in order.
        do {
            _ = try compile(expression, multiline: multiline)
        } catch {
            if error.kind != .noField { throw error }
        }
        let reading = try read(expression, multiline: multiline)
        let text = SubjectText.classify(line.span)
        guard text != .invalid else { return nil }
        let search = ExplainSearch(reading, line: line, isUnicode: text == .utf8, now: now)
        if search.match([reading.pattern.root]) != nil { return nil }
        let explainer = Explainer(self, expression, multiline, search)
        return explainer.decorated() ?? explainer.meantAsText() ?? explainer.explanation()
    }
}

extension Explainer {
    /// The line would match without what a terminal or an editor put around its text.
    func decorated() -> GrokExplanation? {
        let decorations = LineDecoration.all(in: search.line)
        guard !decorations.isEmpty else { return nil }
        let (plain, places) = LineDecoration.removing(decorations, from: search.line)
        let root = search.reading.pattern.root
        let elements = tree.elements(of: root, owner: nil)
        var marked: [PatternNode] = []
        for (index, element) in elements.enumerated() {
            marked.append(ExplainSearch.group(element.nodes, named: Self.elementName(index)))
        }
        guard let match = ExplainSearch(search, line: plain).match(marked) else { return nil }
        // Before which element each of them stands.
        var insertions: [(offset: Int, text: String)] = []
        var blamed: (index: Int, decoration: LineDecoration)?
        for (decoration, place) in zip(decorations, places) {
            let index = elements.indices.first { index in
                match.fields[Self.elementName(index)]?.lowerBound == place && elements[index].anchor?.isStart != true
            }
            guard let index else { continue }
            if blamed == nil { blamed = (index, decoration) }
            let offset = ownRange(elements[index]).lowerBound
            if insertions.last.map({ $0.offset == offset && $0.text == decoration.optionalExpression }) == true {
                continue
            }
            insertions.append((offset, decoration.optionalExpression))
        }
        guard let blamed = blamed ?? decorations.first.map({ (max(elements.count - 1, 0), $0) }) else { return nil }
        var changed = Array(expression.utf8)
        for insertion in insertions.reversed() where insertion.offset <= changed.count {
            changed.insert(contentsOf: insertion.text.utf8, at: insertion.offset)
        }
        let proposal = String(decoding: changed, as: UTF8.self)
        let place = ownRange(elements[blamed.index])
        let words = ExplainWords(
            expansion: search.reading.expansion, library: compiler.library, shift: search.reading.shift)
        return GrokExplanation(
            expressionRange: place, lineRange: nil, path: [],
            places: [GrokPlace(definition: nil, text: expression, range: place)],
            wanted: words.wanted(elements[blamed.index], nil), found: blamed.decoration.range, taken: nil,
            isOnlyProblem: true, suggestions: remedy(allowing: decorations, proposal, match, elements.count),
            decorations: decorations, isCutShort: search.hasGivenUp)
    }

    /// The changed expression, when it captures what the line without decorations gives.
    private func remedy(
        allowing decorations: [LineDecoration], _ proposal: String, _ plain: ExplainSearch.Match, _ count: Int
    ) -> [GrokRemedy] {
        guard let reading = try? compiler.read(proposal, multiline: multiline),
            let match = ExplainSearch(search, reading, line: search.line).match([reading.pattern.root])
        else { return [] }
        let moved = plain.fields.filter { field in !(0..<count).contains { Self.elementName($0) == field.key } }
        for (name, range) in moved where match.fields[name]?.count != range.count { return [] }
        let names = decorations.reduce(into: [String]()) { if !$0.contains($1.name) { $0.append($1.name) } }
        return [
            GrokRemedy(
                advice: "allow \(names.joined(separator: " and "))", expression: proposal, definition: nil,
                captures: match.fields.sorted { $0.value.lowerBound < $1.value.lowerBound }.map {
                    GrokRemedy.Capture(field: $0.key, range: $0.value)
                })
        ]
    }

    /// No field can have this name.
    private static func elementName(_ index: Int) -> String { " \(index)" }

    /// The line fits when brackets or parentheses are read as text.
    func meantAsText() -> GrokExplanation? {
        let bytes = Array(expression.utf8)
        let pairs = MeantAsText.pairs(in: bytes)
        let brackets = pairs.filter { $0.kind == .brackets }
        let hasParentheses = search.line.contains(UInt8(ascii: "("))
        let others = pairs.filter { $0.kind == .parentheses && hasParentheses }
        let choices = [brackets] + others.map({ brackets + [$0] })
        for chosen in choices where !chosen.isEmpty {
            let changed = MeantAsText.escaping(chosen, in: bytes)
            guard let reading = try? compiler.read(changed, multiline: multiline) else { continue }
            let other = ExplainSearch(search, reading, line: search.line)
            let (open, close) = chosen[0].kind == .brackets ? ("\\[", "\\]") : ("\\(", "\\)")
            let advice = "write \(open) and \(close): these \(chosen[0].kind.rawValue) are meant as text"
            if let match = other.match([reading.pattern.root]) {
                let remedy = GrokRemedy(
                    advice: advice, expression: changed, definition: nil,
                    captures: match.fields.sorted { $0.value.lowerBound < $1.value.lowerBound }.map {
                        GrokRemedy.Capture(field: $0.key, range: $0.value)
                    })
                return misread(chosen[0], bytes, [remedy])
            }
            guard chosen[0].kind == .brackets,
                let inner = Explainer(compiler, changed, multiline, other).explanation(), inner.isOnlyProblem
            else { continue }
            let remedies = inner.suggestions.map { remedy in
                GrokRemedy(
                    advice: "\(advice); and \(remedy.advice)", expression: remedy.expression,
                    definition: remedy.definition,
                    captures: remedy.captures)
            }
            return misread(chosen[0], bytes, remedies)
        }
        return nil
    }

    private func misread(_ pair: MeantAsText.Pair, _ bytes: [UInt8], _ remedies: [GrokRemedy]) -> GrokExplanation {
        let elements = tree.elements(of: search.reading.pattern.root, owner: nil)
        let index = elements.firstIndex { ownRange($0).upperBound > pair.range.lowerBound } ?? 0
        let before = search.match(elements[..<index].flatMap(\.nodes))
        let start = before?.whole.upperBound ?? 0
        let wanted =
            pair.kind == .brackets
            ? "one character of those between [ and ]: there %{…} is no reference, only characters"
            : "what stands in the parentheses, without parentheses of its own"
        return GrokExplanation(
            expressionRange: pair.range, lineRange: index > 0 ? before?.whole : nil, path: [],
            places: [GrokPlace(definition: nil, text: expression, range: pair.range)], wanted: wanted,
            found: token(at: start), taken: nil, isOnlyProblem: true, suggestions: remedies,
            decorations: LineDecoration.all(in: search.line), isCutShort: search.hasGivenUp)
    }

    /// Where an element of the operator's expression is written.
    private func ownRange(_ element: ExplainElement) -> Range<Int> {
        let shift = search.reading.shift
        return search.reading.expansion.local(
            (element.source.lowerBound + shift)..<(element.source.upperBound + shift), in: nil)
    }
}

extension Anchor {
    /// Whether it stands at the beginning of a line or of the text.
    var isStart: Bool { self == .lineStart || self == .subjectStart }
}
