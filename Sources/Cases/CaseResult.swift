internal import Pipeline

/// A case after its events went through.
package struct CaseResult: Sendable {
    package let wanted: Case
    package let seen: [SeenEnd]
    /// None: it passed.
    package let differences: [CaseDifference]

    /// Each entry is about the first end, not yet taken by another, that it fits best.
    package init(_ wanted: Case, _ seen: [SeenEnd]) {
        (self.wanted, self.seen) = (wanted, seen)
        var left = Array(seen.indices)
        var differences: [CaseDifference] = []
        for expected in wanted.expected {
            var best: (place: Int, differences: [CaseDifference])?
            for place in left {
                guard let found = expected.differences(to: seen[place]) else { continue }
                if best == nil || found.count < best!.differences.count { best = (place, found) }
                if found.isEmpty { break }
            }
            if let best {
                left.removeAll { $0 == best.place }
                differences += best.differences.map { difference in
                    CaseDifference(
                        place: "\(expected.title): \(difference.place)", expected: difference.expected,
                        seen: difference.seen)
                }
            } else {
                differences.append(CaseDifference(place: expected.title, expected: "this end", seen: nil))
            }
        }
        differences += left.map { CaseDifference(place: seen[$0].title, expected: nil, seen: Self.content(seen[$0])) }
        self.differences = differences
    }

    private static func content(_ end: SeenEnd) -> String {
        switch end {
        case .output(let step, _): CaseComparison.part("record", step, []).map(CaseComparison.shown) ?? ""
        case .dropped, .refused, .unmatched: "this end"
        }
    }
}
