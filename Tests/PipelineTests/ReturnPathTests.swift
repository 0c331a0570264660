import Events
import Synchronization
import Testing

@testable import Pipeline

@Suite("Return path")
struct ReturnPathTests {
    private struct NoReader: ItemReader {
        func read(_ item: Int, of chunk: LoadedChunk, into storage: inout ByteBuffer, rows: inout Rows) -> Bool { true }
    }

    private func events(_ count: Int) -> RefusedEvents {
        RefusedEvents(LoadedChunk(ChunkBody(capacity: 16), id: "c"), ItemSet(0..<count), NoReader())
    }

    @Test("steps go on where the last one ended, until all are taken") func steps() async {
        let seen = Mutex<[ItemSet]>([])
        let path = ReturnPath(labels: ["@ERROR"]) { _, events in
            seen.withLock { $0.append(events.items) }
            return ReturnPath.Step(itemCount: min(2, events.items.count), unreadable: events.items.first == 2 ? 1 : 0)
        }
        let outcome = await path.hand(events(5), to: "@ERROR")
        #expect(outcome == ReturnPath.Outcome(rest: [], unreadableCount: 1))
        #expect(seen.withLock { $0 } == [ItemSet(0..<5), ItemSet(2..<5), ItemSet(4..<5)])
    }

    @Test("a label that does not exist takes nothing, and so does a loop that has ended") func nobody() async {
        let path = ReturnPath(labels: ["@X"]) { _, _ in nil }
        #expect(await path.hand(events(3), to: "@ERROR").rest == ItemSet(0..<3))
        #expect(await path.hand(events(3), to: "@X").rest == ItemSet(0..<3))
    }

    @Test("a full buffer is waited for, and nothing is handed on before there is room") func room() async {
        let steps = Atomic<Int>(0)
        let path = ReturnPath(labels: ["@ERROR"]) { _, events in
            let number = steps.add(1, ordering: .relaxed).newValue
            return ReturnPath.Step(itemCount: 1, isFull: number == 1)
        }
        let task = Task { await path.hand(events(2), to: "@ERROR") }
        while steps.load(ordering: .relaxed) == 0 { await Task.yield() }
        for _ in 0..<100 { await Task.yield() }
        #expect(steps.load(ordering: .relaxed) == 1)
        path.noteRoom()
        #expect(await task.value.rest.isEmpty)
        #expect(steps.load(ordering: .relaxed) == 2)
    }

    @Test("a stop ends the waiting and answers what nobody has taken") func cancelled() async {
        let path = ReturnPath(labels: ["@ERROR"]) { _, _ in ReturnPath.Step(itemCount: 1, isFull: true) }
        let task = Task { await path.hand(events(4), to: "@ERROR") }
        await Task.yield()
        task.cancel()
        let rest = await task.value.rest
        #expect(rest == ItemSet(1..<4) || rest == ItemSet(0..<4))
    }
}
