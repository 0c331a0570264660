import Events
import TestSupport
import Testing

@testable import Buffering

@Suite("The account of a buffer, and who is woken", .timeLimit(.minutes(10)))
struct BudgetTests {
    @Test("who is told to wait is called once, when a tenth is free; who finds room is not told to wait")
    func room() {
        let budget = BufferBudget(limitBytes: 100)
        budget.add(100)
        #expect(!budget.hasRoom && budget.markFull())
        budget.add(-9)
        #expect(!budget.takeRoom())
        budget.add(-1)
        #expect(budget.takeRoom() && !budget.takeRoom())
        // Whoever made room was faster: nobody else would call.
        #expect(!budget.markFull() && !budget.isFull)
    }

    @Test("the gate is closed while somebody waits, and open again afterwards") func gate() {
        let gates = OutputGates()
        let gate = gates.makeGate()
        var wait = GateWait()
        wait.add(gate)
        let budget = BufferBudget(limitBytes: 100, gate: gate)
        budget.add(100)
        _ = budget.markFull()
        #expect(gates.isClosed(anyOf: wait))
        #expect(!budget.takeRoom() && gates.isClosed(anyOf: wait))
        budget.add(-100)
        #expect(budget.takeRoom() && !gates.isClosed(anyOf: wait))
        budget.mark()
        #expect(gates.isClosed(anyOf: wait))
        #expect(!budget.markFull() && !gates.isClosed(anyOf: wait), "room was there")
    }

    @Test("a wake before the sleep is not lost", arguments: [true, false]) func wakeBeforeSleep(all: Bool) async {
        let wakeup = Wakeup()
        let generation = wakeup.generation
        if all { wakeup.wakeAll() } else { wakeup.wakeOne() }
        await wakeup.sleep(since: generation, seconds: nil, clock: FakeClock())
    }

    @Test("who begins a delivery wakes another worker, which looks after what is left") func watching() throws {
        let buffer = ChunkBuffer(settings: BufferSettings(), clock: FakeClock())
        var source = BatchSource(buffer)
        try source.emit(["{}"])
        buffer.flushAll()
        let generation = buffer.wakeup.generation
        guard case .deliver = buffer.nextStep() else {
            Issue.record("nothing to deliver")
            return
        }
        #expect(buffer.wakeup.generation > generation)
    }
}
