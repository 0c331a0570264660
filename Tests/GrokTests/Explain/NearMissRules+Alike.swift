import Grok

/// What is left of one expression without some of its elements: many lines are put to each.
final class ShortenedExpressions {
    private var known: [[Int]: GrokMatcher?] = [:]

    /// - Returns: nil: that is no expression.
    func matcher(without removed: [Int], make: () -> GrokMatcher?) -> GrokMatcher? {
        if let known = known[removed] { return known }
        let made = make()
        known[removed] = .some(made)
        return made
    }
}

/// Values that are missing, and elements that are as right an answer as the one that was changed.
extension NearMissRules {
    /// The value alone is missing, and the value with the blank behind or before it.
    func missing(_ index: Int, _ range: Range<Int>) -> [NearMiss] {
        var result = [replaced(range, by: "", "missing value", [index], orElse: alike(index, range))]
        let units = pair.units
        let neighbours = [index + 1, index - 1].filter {
            units.indices.contains($0) && units[$0].kind == .blank && units[$0].text != nil
        }
        if let first = neighbours.first, let blank = units[first].text {
            let whole = min(range.lowerBound, blank.lowerBound)..<max(range.upperBound, blank.upperBound)
            // Without the blank on the other side it would be the same line.
            let others = neighbours.dropFirst().filter { pair.text(units[$0]) == pair.text(units[first]) }
            result.append(
                replaced(
                    whole, by: "", "missing field", [index, first], orElse: others + alike(index, whole)))
        }
        return result.compactMap(\.self)
    }

    /// The elements that are as right an answer as one that is missing from the line: those written alike, `%{DATA:a}` and
    /// `%{DATA:b}` or two semicolons, with their blanks, of which any one could be what is missing, because the expression
    /// without it matches the line as well. Nothing in the line or the expression tells them apart.
    func alike(_ index: Int, _ gap: Range<Int>) -> [Int] {
        let units = pair.units
        let line = Array(pair.line[..<gap.lowerBound] + pair.line[gap.upperBound...])
        func matches(without removed: [Int]) -> Bool {
            let matcher = shortened.matcher(without: removed) {
                let expression = units.indices.filter { !removed.contains($0) }.map { pair.source(units[$0]) }.joined()
                return (try? GrokSet([.init(expression)], compiler: compiler)).map { GrokMatcher($0) }
            }
            if case .hit? = matcher?.match(line.span, as: SubjectText.classify(line.span)) { return true }
            return false
        }
        let isField = gap != units[index].text
        return units.indices.filter { $0 != index && shapes[$0] == shapes[index] }.flatMap {
            other -> [Int] in
            let blanks = [other + 1, other - 1].filter { units.indices.contains($0) && units[$0].kind == .blank }
            guard isField else { return matches(without: [other]) ? [other] : [] }
            return blanks.contains { matches(without: [other, $0]) } ? [other] + blanks : []
        }
    }

    /// The end of the line, when it is bound right behind an element: two words there may be one, and more text behind it.
    func endOfLine(behind index: Int) -> [Int] {
        index + 2 == pair.units.count && pair.units[index + 1].kind == .anchor ? [index + 1] : []
    }
}
