import Events
import TestSupport
import Testing

@Suite("Item sets")
struct ItemSetTests {
    @Test("neighbours are one range") func ranges() {
        #expect(ItemSet([0, 1, 2, 5, 7, 8]).ranges == [0..<3, 5..<6, 7..<9])
        #expect(ItemSet(0..<0).isEmpty && ItemSet().first == nil)
        #expect(ItemSet(3..<9).count == 6 && ItemSet(3..<9).first == 3)
    }

    /// Held against the standard library's sets.
    @Test("union, difference, splitting and membership are those of sets") func model() {
        for seed in UInt64(0)..<500 {
            var random = SeededGenerator(seed: seed)
            func numbers() -> Set<Int> {
                Set((0..<Int.random(in: 0...20, using: &random)).map { _ in Int.random(in: 0..<24, using: &random) })
            }
            let (a, b) = (numbers(), numbers())
            let (x, y) = (ItemSet(a.sorted()), ItemSet(b.sorted()))
            #expect(Array(x) == a.sorted())
            #expect(Array(x.union(y)) == a.union(b).sorted())
            #expect(x.union(y) == ItemSet(a.union(b).sorted()), "ranges that touch are joined")
            #expect(Array(x.subtracting(y)) == a.subtracting(b).sorted())
            #expect(x.count == a.count)
            for number in 0..<24 { #expect(x.contains(number) == a.contains(number)) }
            let count = Int.random(in: -1...25, using: &random)
            let (first, rest) = x.split(after: count)
            #expect(Array(first) == Array(a.sorted().prefix(max(count, 0))))
            #expect(Array(rest) == Array(a.sorted().dropFirst(max(count, 0))))
        }
    }

    @Test("an item is found by its place, as spelling the set out finds it")
    func places() {
        for set: ItemSet in [[], [7], [0, 1, 2], [3, 4, 9, 11, 12, 13, 40], ItemSet(5..<1000)] {
            let all = Array(set)
            var each = ItemSet.Places(set)
            for place in all.indices { #expect(each.item(at: place) == all[place]) }
            #expect(each.item(at: all.count) == nil)
            var some = ItemSet.Places(set)
            for place in stride(from: 1, to: all.count, by: 3) { #expect(some.item(at: place) == all[place]) }
        }
    }
}
