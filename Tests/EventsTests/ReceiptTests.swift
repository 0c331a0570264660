import Events
import Synchronization
import Testing

@Suite("Receipts")
struct ReceiptTests {
    private final class Ends: Sendable {
        private let list = Mutex<[Receipt.Fate]>([])
        var all: [Receipt.Fate] { list.withLock { $0 } }
        func makeReceipt() -> Receipt { Receipt { fate in self.list.withLock { $0.append(fate) } } }
    }

    @Test("the maker's own part alone settles it") func alone() {
        let ends = Ends()
        ends.makeReceipt().settle(.delivered)
        #expect(ends.all == [.delivered])
    }

    @Test(
        "it is told once, when the last part is settled, and the worst fate wins",
        arguments: [
            ([Receipt.Fate.delivered, .safe], Receipt.Fate.safe), ([.lost, .delivered], .lost),
            ([.safe, .refused], .refused),
            ([.delivered, .delivered], .delivered),
        ]) func worst(_ fates: [Receipt.Fate], _ expected: Receipt.Fate)
    {
        let ends = Ends()
        let receipt = ends.makeReceipt()
        for _ in fates { receipt.hold() }
        receipt.settle(.delivered)
        for fate in fates {
            #expect(ends.all.isEmpty)
            receipt.settle(fate)
        }
        #expect(ends.all == [expected])
    }

    @Test("what was refused at once is not forgotten") func noted() {
        let ends = Ends()
        let receipt = ends.makeReceipt()
        receipt.note(.refused)
        receipt.settle(.delivered)
        #expect(ends.all == [.refused])
    }

    @Test("parts settled on many threads end it once") func threads() async {
        let ends = Ends()
        let receipt = ends.makeReceipt()
        for _ in 0..<64 { receipt.hold() }
        await withTaskGroup(of: Void.self) { group in
            for number in 0..<64 { group.addTask { receipt.settle(number == 17 ? .safe : .delivered) } }
        }
        #expect(ends.all.isEmpty)
        receipt.settle(.delivered)
        #expect(ends.all == [.safe])
    }
}
