/// A set of Unicode scalar values as sorted, disjoint, non-adjacent closed ranges.
///
/// Bracket classes of Ruby's dialect (nested, intersected, negated) are computed here, so that PCRE2 sees a flat class.
struct ScalarSet: Equatable, Sendable {
    /// The ranges in ascending order; no two touch.
    private(set) var ranges: [ClosedRange<UInt32>] = []

    /// The highest scalar value Unicode has.
    static let highest: UInt32 = 0x10FFFF
    static let all = ScalarSet([0...highest])
    static let ascii = ScalarSet([0...0x7F])
    static let digits = ScalarSet([0x30...0x39])
    static let hexDigits = ScalarSet([0x30...0x39, 0x41...0x46, 0x61...0x66])
    /// What `\w` is: ASCII letters, digits and the underscore.
    static let word = ScalarSet([0x30...0x39, 0x41...0x5A, 0x5F...0x5F, 0x61...0x7A])
    /// What `\s` is: tab, line feed, vertical tab, form feed, carriage return, space.
    static let space = ScalarSet([0x09...0x0D, 0x20...0x20])

    init(_ unsorted: [ClosedRange<UInt32>] = []) {
        for range in unsorted.sorted(by: { $0.lowerBound < $1.lowerBound }) { append(range) }
    }

    /// Ranges that are in order, and of which no two touch.
    private init(apart ranges: [ClosedRange<UInt32>]) { self.ranges = ranges }

    /// Adds a range that does not begin before the last one.
    private mutating func append(_ range: ClosedRange<UInt32>) {
        if let last = ranges.last, range.lowerBound <= last.upperBound &+ 1 {
            ranges[ranges.count - 1] = last.lowerBound...max(last.upperBound, range.upperBound)
        } else {
            ranges.append(range)
        }
    }

    var isEmpty: Bool { ranges.isEmpty }

    /// True when the set reaches the highest scalar: it was written as “all but these”.
    var reachesHighest: Bool { ranges.last?.upperBound == Self.highest }

    func contains(_ scalar: UInt32) -> Bool { ranges.contains { $0.contains(scalar) } }

    func union(_ other: ScalarSet) -> ScalarSet { ScalarSet(ranges + other.ranges) }

    func complement() -> ScalarSet {
        var gaps: [ClosedRange<UInt32>] = []
        var next: UInt32 = 0
        for range in ranges {
            if range.lowerBound > next { gaps.append(next...(range.lowerBound - 1)) }
            next = range.upperBound + 1
        }
        if next <= Self.highest { gaps.append(next...Self.highest) }
        return ScalarSet(apart: gaps)
    }

    func intersection(_ other: ScalarSet) -> ScalarSet {
        var common: [ClosedRange<UInt32>] = []
        var (own, others) = (ranges[...], other.ranges[...])
        while let one = own.first, let two = others.first {
            let low = max(one.lowerBound, two.lowerBound)
            let high = min(one.upperBound, two.upperBound)
            if low <= high { common.append(low...high) }
            if one.upperBound < two.upperBound { own.removeFirst() } else { others.removeFirst() }
        }
        return ScalarSet(apart: common)
    }

    func isSubset(of other: ScalarSet) -> Bool { intersection(other) == self }

    /// Adds the other case of every ASCII letter in the set. PCRE2 folds the letters beyond ASCII itself.
    func closedUnderASCIICase() -> ScalarSet {
        let lower = intersection(ScalarSet([0x61...0x7A])).ranges.map { ($0.lowerBound - 32)...($0.upperBound - 32) }
        let upper = intersection(ScalarSet([0x41...0x5A])).ranges.map { ($0.lowerBound + 32)...($0.upperBound + 32) }
        return union(ScalarSet(lower + upper))
    }
}
