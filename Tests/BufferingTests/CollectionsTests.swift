import Buffering
import TestSupport
import Testing

@Suite("Ring and agenda")
struct CollectionsTests {
    @Test("a ring does what an array does, at both ends")
    func ring() {
        var random = SeededGenerator(seed: 1)
        for _ in 0..<50 {
            var ring = Ring<Int>()
            var model: [Int] = []
            let grows = Int.random(in: 3...8, using: &random)
            for step in 0..<400 {
                switch Int.random(in: 0..<10, using: &random) {
                case 0..<grows where step % 3 != 0:
                    ring.append(step)
                    model.append(step)
                case 0..<grows:
                    ring.prepend(step)
                    model.insert(step, at: 0)
                default:
                    let taken = ring.popFirst()
                    #expect(taken == (model.isEmpty ? nil : model.removeFirst()))
                }
                #expect(ring.count == model.count && ring.first == model.first)
            }
            #expect(ring.elements == model)
        }
    }

    @Test("what a ring gave out it does not keep")
    func lets() {
        var ring = Ring<Canary>()
        for _ in 0..<100 { ring.append(Canary()) }
        weak let first = ring.first
        #expect(first != nil)
        _ = ring.popFirst()
        #expect(first == nil)
    }

    @Test("an agenda answers by moment, and within a moment in the order of entry")
    func agenda() {
        var random = SeededGenerator(seed: 2)
        for _ in 0..<50 {
            var agenda = Agenda<Int>()
            var model: [(Double, Int)] = []
            for step in 0..<300 {
                if Int.random(in: 0..<3, using: &random) > 0 {
                    let moment = Double(Int.random(in: 0..<20, using: &random))
                    agenda.insert(step, at: moment)
                    let place = model.firstIndex { $0.0 > moment } ?? model.endIndex
                    model.insert((moment, step), at: place)
                } else if step % 40 == 0 {
                    agenda.keep { $0 % 2 == 0 }
                    model.removeAll { $0.1 % 2 != 0 }
                } else {
                    let taken = agenda.popFirst()
                    #expect(taken == (model.isEmpty ? nil : model.removeFirst().1))
                }
                #expect(agenda.count == model.count && agenda.firstMoment == model.first?.0)
            }
            #expect(agenda.elements == model.map(\.1))
        }
    }

    private final class Canary: Sendable {}
}
