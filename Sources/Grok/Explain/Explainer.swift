/// Finds the element that keeps an expression from matching a line.
///
/// The longest beginning that occurs in the line shows where a match stops, but not always what is to blame: `%{INT:a} x`
/// stops on `12a4 x` at the blank, because the number is content with `12`. So each element up to there is replaced by
/// "any text", and of those with which all the rest matches, the one whose text is nearest to what it should be is named.
/// References are then opened and the same is done with what is inside.
struct Explainer {
    /// Elements before the one that stops that may be to blame.
    static let maximumSuspects = 12
    /// Levels of references that are opened.
    static let maximumLevels = 12

    let compiler: GrokCompiler
    let expression: String
    let multiline: Bool
    let search: ExplainSearch
    let tree: ExplainElements
    let costs: ExplainCost

    init(_ compiler: GrokCompiler, _ expression: String, _ multiline: Bool, _ search: ExplainSearch) {
        self.compiler = compiler
        self.expression = expression
        self.multiline = multiline
        self.search = search
        costs = ExplainCost(search: search)
        tree = ExplainElements(
            expansion: search.reading.expansion, shift: search.reading.shift, library: compiler.library)
    }

    func explanation() -> GrokExplanation? {
        let root = search.reading.pattern.root
        var lists = [tree.elements(of: root, owner: nil)]
        if case .alternation(let branches) = root.kind {
            lists = branches.map { tree.elements(of: $0, owner: nil) }
        }
        guard let outer = best(of: lists.filter { !$0.isEmpty }, before: [], after: []) else { return nil }
        var verdict = outer
        var levels = [outer]
        for _ in 0..<Self.maximumLevels {
            guard let choices = tree.choices(of: verdict.element) else { break }
            let before = Array(verdict.elements[..<verdict.index])
            let after = Array(verdict.elements[(verdict.index + 1)...])
            guard verdict.dropped == nil, verdict.text?.isEmpty != true,
                let inner = best(of: choices.filter { !$0.isEmpty }, before: before, after: after, in: verdict),
                inner.cost < 5 || verdict.text == nil || choices.count == 1 && !inner.isComplete
            else { break }
            verdict = inner
            levels.append(inner)
        }
        return describe(verdict, levels)
    }

    /// The verdict about the alternative that comes nearest to the line.
    private func best(
        of lists: [[ExplainElement]], before: [ExplainElement], after: [ExplainElement], in outer: ExplainVerdict? = nil
    ) -> ExplainVerdict? {
        var best: (verdict: ExplainVerdict, reach: Int)?
        for list in lists.prefix(64) {
            let verdict = judge(before + list + after, suspects: before.count..<(before.count + list.count), outer)
            let reach = reachOf(verdict)
            if let known = best {
                let isBetter =
                    verdict.isComplete == known.verdict.isComplete
                    ? (reach, -verdict.cost) > (known.reach, -known.verdict.cost) : verdict.isComplete
                if !isBetter { continue }
            }
            best = (verdict, reach)
        }
        return best?.verdict
    }

    /// How far into the line an element is followed.
    private func reachOf(_ verdict: ExplainVerdict) -> Int { stop(of: verdict).found.lowerBound }

    // MARK: - Who is to blame

    private func judge(_ elements: [ExplainElement], suspects: Range<Int>, _ outer: ExplainVerdict?) -> ExplainVerdict {
        let nodes = elements.map(\.nodes)
        let flat = Array(nodes.joined())
        let known = search.longestBeginning(of: flat)
        var failing = elements.count - 1
        var passed = 0
        for (index, own) in nodes.enumerated() {
            passed += own.count
            if passed > known {
                failing = index
                break
            }
        }
        let last = min(max(failing, suspects.lowerBound), suspects.upperBound - 1)
        let first = max(suspects.lowerBound, last - Self.maximumSuspects)
        var found: [ExplainVerdict] = []
        // Alone, anything would do for it.
        if !search.hasReferences, elements.count > 1 {
            for index in stride(from: last, through: first, by: -1) {
                guard var verdict = replacing(index, in: elements, keeping: elements.count) else { continue }
                if let text = verdict.text, isFarFetched(index, text, elements, failing) {
                    verdict.cost += penalty(index, text)
                }
                if let text = verdict.text, isSetOff(text, index, elements) { verdict.cost += 0.3 }
                if let anchor = elements[index].anchor, let text = verdict.text {
                    let next = index + 1 < elements.count ? elements[index + 1] : nil
                    verdict.cost = costs.cost(ofAnchor: anchor, text, before: next)
                }
                found.append(verdict)
            }
            if (found.map(\.cost).min() ?? 9) >= 2 {
                if !found.contains(where: { $0.index == last }), let verdict = inserting(at: last, in: elements) {
                    found.append(verdict)
                }
                if let verdict = cut(elements, at: last, failing: failing) { found.append(verdict) }
                for index in stride(from: last + 1, through: max(first, 1), by: -1)
                where !found.contains(where: { $0.index == index && $0.dropped == nil }) {
                    if let verdict = joining(at: index, in: elements) { found.append(verdict) }
                }
                for start in stride(from: last, through: last - 3, by: -1) where start >= max(first, 1) {
                    if let verdict = dropping(from: start, in: elements) { found.append(verdict) }
                }
            }
            if found.isEmpty, outer?.isComplete != true {
                // Something else is wrong further on: what follows at once must do.
                for index in stride(from: last, through: max(first, last - 1, 1), by: -1)
                where index + 1 < elements.count {
                    if let verdict = replacing(index, in: elements, keeping: index + 3), verdict.cost < 3 {
                        found.append(verdict)
                    }
                }
            }
        }
        if var best = found.min(by: { $0.cost < $1.cost }) {
            // Two that are as likely and leave other fields with other texts: one of them would give wrong values.
            best.isDoubtful = best.isDoubtful || found.contains { isRival($0, of: best) }
            return behindLook(best) ?? best
        }
        let beginning = search.match(Array(nodes[..<last].joined()))
        return ExplainVerdict(
            elements: elements, index: last, text: nil, start: beginning?.whole.lowerBound ?? 0, isComplete: false,
            cost: 9)
    }

    /// Any text in the place of an element, with the elements up to `keeping` behind it.
    func replacing(_ index: Int, in elements: [ExplainElement], keeping count: Int) -> ExplainVerdict? {
        let before = elements[..<index].flatMap(\.nodes)
        let after = elements[(index + 1)..<max(index + 1, min(count, elements.count))].flatMap(\.nodes)
        // At the end the shortest text would always be none.
        let any = after.isEmpty ? ExplainSearch.word(isBlank: elements[index].kind == .space) : ExplainSearch.anything
        // Where anything may follow, the shortest text says nothing: a mark for a mark, blanks for a blank and a
        // word for a value come first.
        var found: ExplainSearch.Match?
        var tries = ExplainSearch.alike(elements[index])
        if elements[index].isPattern, isAnythingNext(elements[(index + 1)...].prefix(1)) {
            tries.append(ExplainSearch.word(isBlank: false))
        }
        if let quoted = inQuotesTwice(index, elements) { tries.insert(quoted, at: 0) }
        for alike in tries + [any] where found == nil { found = search.match(before + [alike] + after) }
        // No blank at all rather than a word in its place, where any text stands before it.
        if elements[index].kind == .space, index > 0, takesAnything(elements[index - 1]), let text = found?.marked,
            search.line[text].contains(where: LineTokens.isWord),
            let none = search.match(before + [ExplainSearch.marked([])] + after)
        {
            found = none
        }
        guard let match = found, let text = match.marked else { return nil }
        let isComplete = count >= elements.count
        var cost = costs.cost(of: elements[index], text, isLast: index + 1 == elements.count) + (isComplete ? 0 : 1)
        if !elements[index].isText { cost += excess(of: text, elements, index) }
        if isTaken(elements[index], at: text, elements, index) { cost += 1 }
        if isFurtherOn(index, text, elements) { cost += 1 }
        if isComplete { cost += unread(behind: match.whole.upperBound) }
        return ExplainVerdict(
            elements: elements, index: index, text: text, start: match.whole.lowerBound, end: match.whole.upperBound,
            isComplete: isComplete, cost: cost, fields: match.fields,
            isDoubtful: isDoubtful(index, text, elements) || isInAnotherValue(index, text, elements, match.fields))
    }

    /// `""set""` for a quote, a word and a quote: the value in quotes of its own. The shortest text would be none.
    private func inQuotesTwice(_ index: Int, _ elements: [ExplainElement]) -> PatternNode? {
        guard index > 0, elements[index].isPattern,
            let quote = elements[index - 1].nodes.last, case .literal(let scalar, _) = quote.kind,
            MarkFamily.quotes.contains(scalar)
        else { return nil }
        return ExplainSearch.marked([quote] + elements[index].nodes + [quote])
    }

    /// Whether the bracket that closes one before the value stands further on in the line: then the value is longer than
    /// its element wants.
    private func isFurtherOn(_ index: Int, _ text: Range<Int>, _ elements: [ExplainElement]) -> Bool {
        guard text.isEmpty, index > 1, let close = elements[index].literal.utf8.first,
            let open = MarkFamily.opening(of: close), elements[index - 2].literal.utf8.last == open
        else { return false }
        let rest = search.line[text.upperBound...]
        guard let end = rest.firstIndex(of: close) else { return false }
        return !rest[..<end].contains(open)
    }

    /// What it costs when words are left behind the match.
    func unread(behind end: Int) -> Double {
        search.line[end...].contains { !LineTokens.isBlank($0) } ? 0.6 : 0
    }

    /// What tells that an element is in order where it stands: left alone it takes more than the text that would be blamed
    /// on it, or all of it up to a blank.
    private func excess(of text: Range<Int>, _ elements: [ExplainElement], _ index: Int) -> Double {
        let nodes = elements[..<index].flatMap(\.nodes) + [ExplainSearch.marked(elements[index].nodes)]
        guard elements[index].anchor == nil, let own = search.match(nodes)?.marked, own.lowerBound == text.lowerBound,
            !own.isEmpty
        else { return 0 }
        if own.upperBound > text.upperBound { return 4 }
        let endsAtBlank = own.upperBound < text.upperBound && LineTokens.isBlank(search.line[own.upperBound])
        return endsAtBlank && !costs.isOfSeveralWords(elements[index], text) ? 1 : 0
    }

    /// Whether a text is blamed on a literal that was there, or that the elements before only leave room for by giving up
    /// characters they would take: the blank that splits a word is not what is missing.
    private func isFarFetched(
        _ index: Int, _ text: Range<Int>, _ elements: [ExplainElement], _ failing: Int
    ) -> Bool {
        // `1,234` and `0x1f` for a number that is content with the first digit.
        if elements[index].isText, LineTokens.splitsNumber(search.line, at: text.lowerBound) { return true }
        let isBlank = !text.isEmpty && search.line[text].allSatisfy(LineTokens.isBlank)
        return switch elements[index].kind {
        // Another blank stands there, whatever took what is before it.
        case .space where isBlank: false
        case .space where text.isEmpty:
            index < failing || !endsOfItself(elements[..<index], at: text.lowerBound)
        // What takes anything but the right mark takes the other, and whatever is behind it.
        case .literal
        where index > 0 && costs.isOtherSeparator(elements[index], text) && takesAnything(elements[index - 1]):
            false
        case .literal where isOtherBracket(index, text, elements): false
        case .space, .literal: index < failing && !endsOfItself(elements[..<index], at: text.lowerBound)
        case .reference, .expression: false
        }
    }

    /// Whether a mark in the place of another has a blank beside it where none is wanted: ` - ` is no `;`.
    private func isSetOff(_ text: Range<Int>, _ index: Int, _ elements: [ExplainElement]) -> Bool {
        guard elements[index].kind == .literal, elements[index].nodes.count == 1, text.count == 1 else { return false }
        func isUnwanted(_ place: Int, _ neighbour: Int) -> Bool {
            search.line.indices.contains(place) && LineTokens.isBlank(search.line[place])
                && !(elements.indices.contains(neighbour) && search.isSeparator(elements[neighbour]))
        }
        return isUnwanted(text.lowerBound - 1, index - 1) || isUnwanted(text.upperBound, index + 1)
    }

    /// What a far-fetched verdict costs: less where what was given up is a mark, which may well be a literal's.
    private func penalty(_ index: Int, _ text: Range<Int>) -> Double {
        let isMark =
            text.lowerBound < search.line.count && !LineTokens.isWord(search.line[text.lowerBound])
            && !LineTokens.isBlank(search.line[text.lowerBound])
        return text.isEmpty && isMark ? 0.9 : 1.5
    }

    /// Whether elements, left alone, end at a place and did not give up characters to end there.
    func endsOfItself(_ elements: ArraySlice<ExplainElement>, at place: Int) -> Bool {
        search.match(elements.flatMap(\.nodes))?.whole.upperBound == place
    }
}
