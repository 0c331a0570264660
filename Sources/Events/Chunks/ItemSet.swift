/// Numbers of items in a chunk, ascending, as ranges: a whole chunk of 100,000 items is one range.
package struct ItemSet: Sendable, Equatable, Sequence, ExpressibleByArrayLiteral, CustomStringConvertible {
    /// Ascending, neither empty nor touching one another.
    package private(set) var ranges: [Range<Int>]

    package init() { ranges = [] }

    package init(_ range: Range<Int>) { ranges = range.isEmpty ? [] : [range] }

    /// From numbers in ascending order.
    package init(_ items: some Sequence<Int>) {
        ranges = []
        for item in items { append(item) }
    }

    package init(arrayLiteral elements: Int...) { self.init(elements) }

    package var count: Int { ranges.reduce(0) { $0 + $1.count } }
    package var isEmpty: Bool { ranges.isEmpty }
    package var description: String { Array(self).description }
    package var first: Int? { ranges.first?.lowerBound }

    package func contains(_ item: Int) -> Bool {
        var low = 0
        var high = ranges.count
        while low < high {
            let middle = (low + high) / 2
            if ranges[middle].upperBound <= item { low = middle + 1 } else { high = middle }
        }
        return low < ranges.count && ranges[low].contains(item)
    }

    /// Adds an item that is larger than all before it.
    package mutating func append(_ item: Int) { append(item..<(item + 1)) }

    /// Adds a range that begins behind all before it.
    package mutating func append(_ range: Range<Int>) {
        if range.isEmpty { return }
        guard let last = ranges.last else { return ranges.append(range) }
        precondition(range.lowerBound >= last.upperBound, "items must be added in ascending order")
        if last.upperBound == range.lowerBound {
            ranges[ranges.count - 1] = last.lowerBound..<range.upperBound
        } else {
            ranges.append(range)
        }
    }

    /// The items of both.
    package func union(_ other: ItemSet) -> ItemSet {
        var merged: [Range<Int>] = []
        for range in (ranges + other.ranges).sorted(by: { $0.lowerBound < $1.lowerBound }) {
            if let last = merged.last, range.lowerBound <= last.upperBound {
                merged[merged.count - 1] = last.lowerBound..<Swift.max(last.upperBound, range.upperBound)
            } else {
                merged.append(range)
            }
        }
        var result = ItemSet()
        result.ranges = merged
        return result
    }

    /// These items without those of `other`.
    package func subtracting(_ other: ItemSet) -> ItemSet {
        var result = ItemSet()
        var cut = 0
        for range in ranges {
            var start = range.lowerBound
            while cut < other.ranges.count, other.ranges[cut].upperBound <= start { cut += 1 }
            var index = cut
            while index < other.ranges.count, other.ranges[index].lowerBound < range.upperBound {
                if other.ranges[index].lowerBound > start { result.append(start..<other.ranges[index].lowerBound) }
                start = Swift.max(start, other.ranges[index].upperBound)
                index += 1
            }
            if start < range.upperBound { result.append(start..<range.upperBound) }
        }
        return result
    }

    /// The first `count` items, and the others.
    package func split(after count: Int) -> (ItemSet, ItemSet) {
        var first = ItemSet()
        var rest = ItemSet()
        var left = Swift.max(count, 0)
        for range in ranges {
            let middle = range.lowerBound + Swift.min(left, range.count)
            first.append(range.lowerBound..<middle)
            rest.append(middle..<range.upperBound)
            left -= middle - range.lowerBound
        }
        return (first, rest)
    }

    package func makeIterator() -> FlattenSequence<[Range<Int>]>.Iterator { ranges.joined().makeIterator() }

    /// Finds items by their place in the set, as answers name them, without spelling a range out.
    package struct Places {
        private let ranges: [Range<Int>]
        private var index = 0
        /// The place of the first item of the range at `index`.
        private var first = 0

        package init(_ items: ItemSet) { ranges = items.ranges }

        /// nil: there are fewer items. To be asked from the first place to the last.
        package mutating func item(at place: Int) -> Int? {
            precondition(place >= first, "places are asked for in ascending order")
            while index < ranges.count, place - first >= ranges[index].count {
                first += ranges[index].count
                index += 1
            }
            return index < ranges.count ? ranges[index].lowerBound + place - first : nil
        }
    }
}
