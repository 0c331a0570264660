/// What is to be done at which moment: a heap, so that thousands of entries cost a logarithm each. Entries of one moment
/// come in the order in which they were entered.
package struct Agenda<Element: Sendable>: Sendable {
    private struct Entry: Sendable {
        let moment: Double
        let number: Int
        let element: Element

        func isBefore(_ other: Entry) -> Bool {
            moment != other.moment ? moment < other.moment : number < other.number
        }
    }

    private var heap: [Entry] = []
    private var nextNumber = 0

    package init() {}

    package var count: Int { heap.count }
    package var isEmpty: Bool { heap.isEmpty }
    package var first: Element? { heap.first?.element }
    package var firstMoment: Double? { heap.first?.moment }

    /// All elements in the order of their moments.
    package var elements: [Element] { heap.sorted { $0.isBefore($1) }.map(\.element) }

    package mutating func insert(_ element: Element, at moment: Double) {
        heap.append(Entry(moment: moment, number: nextNumber, element: element))
        nextNumber += 1
        var child = heap.count - 1
        while child > 0 {
            let parent = (child - 1) / 2
            guard heap[child].isBefore(heap[parent]) else { break }
            heap.swapAt(child, parent)
            child = parent
        }
    }

    package mutating func popFirst() -> Element? {
        guard let first = heap.first else { return nil }
        let last = heap.removeLast()
        if !heap.isEmpty {
            heap[0] = last
            sink()
        }
        return first.element
    }

    /// Drops every entry that does not pass. O(n).
    package mutating func keep(where isKept: (Element) -> Bool) {
        let kept = heap.filter { isKept($0.element) }.sorted { $0.isBefore($1) }
        // A sorted array is a heap.
        heap = kept
    }

    package mutating func removeAll() { heap.removeAll() }

    private mutating func sink() {
        var parent = 0
        while true {
            var least = parent
            for child in [2 * parent + 1, 2 * parent + 2] where child < heap.count {
                if heap[child].isBefore(heap[least]) { least = child }
            }
            if least == parent { return }
            heap.swapAt(parent, least)
            parent = least
        }
    }
}
