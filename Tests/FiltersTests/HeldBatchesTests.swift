import Events
import Testing

@testable import Filters

@Suite struct HeldBatchesTests {
    @Test("what has left with a batch that is not taken waits again, in its order")
    func takenBack() {
        let held = HeldBatches<Int>(limits: HeldLimits())
        let tag = Events.Tag("a")
        var storage = ByteBuffer(capacity: 64)
        var rows = Rows()
        let record = Record(time: EventTime(seconds: 0), firstField: 0, fieldCount: 0)
        held.beginBatch(nil)
        for number in 1...3 { held.hold([record], of: tag, for: number, since: 0, storage, rows) }
        held.settle(isTaken: true)
        /// Lets all go; what they were.
        func release(isTaken: Bool) -> [Int] {
            held.beginBatch(nil)
            var left: [Int] = []
            while let first = held.first(of: tag) {
                left.append(first.subject)
                held.release(firstOf: tag, to: &storage, &rows)
            }
            held.settle(isTaken: isTaken)
            return left
        }
        #expect(release(isTaken: false) == [1, 2, 3])
        #expect(held.heldEvents == 3)
        #expect(release(isTaken: true) == [1, 2, 3])
        #expect(held.heldEvents == 0)
    }

    @Test("what a batch brought that is not taken is gone: it comes again")
    func notTaken() {
        let held = HeldBatches<Int>(limits: HeldLimits())
        let tag = Events.Tag("a")
        let storage = ByteBuffer(capacity: 64)
        let rows = Rows()
        let record = Record(time: EventTime(seconds: 0), firstField: 0, fieldCount: 0)
        for isTaken in [true, false] {
            held.beginBatch(nil)
            held.hold([record], of: tag, for: isTaken ? 1 : 2, since: 0, storage, rows)
            held.settle(isTaken: isTaken)
        }
        #expect(held.heldEvents == 1)
        #expect(held.first(of: tag)?.subject == 1)
        #expect(held.limits.streams == 1)
    }
}
