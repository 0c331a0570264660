import Testing

@testable import Events

@Suite struct TagTableTests {
    @Test("A table that is set, asked and thinned out at random says what a dictionary says")
    func asDictionary() {
        var random = SystemRandomNumberGenerator()
        for range in [8, 40, 3_000] {
            var (table, known): (TagTable<Int>, [Int: Int]) = (TagTable(), [:])
            for step in 0..<20_000 {
                let id = Int.random(in: 0..<range, using: &random)
                if Bool.random(using: &random) {
                    table.set(id, step)
                    known[id] = step
                } else {
                    table.remove(id)
                    known[id] = nil
                }
                let asked = Int.random(in: 0..<range, using: &random)
                #expect(table[asked] == known[asked])
            }
            #expect(table.count == known.count)
            for id in 0..<range { #expect(table[id] == known[id]) }
        }
    }

    @Test("Ids far apart, and the largest, have places of their own")
    func farApart() {
        var table = TagTable<String>()
        let ids = [0, 1, 1 << 32, (1 << 32) + 1, Int.max - 1, Int.max]
        for id in ids { table.set(id, "\(id)") }
        for id in ids { #expect(table[id] == "\(id)") }
        #expect(table[2] == nil)
    }

    @Test("What a table forgot lives no longer than anybody else needs it")
    func forgets() {
        final class Known {}
        var table = TagTable<Known>()
        table.set(1, Known())
        table.set(2, Known())
        weak let first = table[1]
        weak let second = table[2]
        #expect(first != nil && second != nil)
        table.remove(1)
        #expect(first == nil)
        table.removeAll()
        #expect(second == nil)
        #expect(table[1] == nil && table.count == 0)
    }
}
