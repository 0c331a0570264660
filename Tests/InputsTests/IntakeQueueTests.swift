import Testing

@testable import Inputs

@Suite("Memory for unfinished messages: who goes on")
struct IntakeQueueTests {
    @Test("the first goes on, the others follow in the order in which they asked, without those that have left")
    func order() {
        var queue = IntakeQueue<Int>()
        let answers = [1, 2, 3, 2, 1, 4].map { queue.ask($0, atMilliseconds: 0) }
        #expect(answers == [true, false, false, false, true, false])
        let left = queue.done(3, atMilliseconds: 1)
        #expect(left == nil, "one that only waited holds nobody up")
        let next = [
            queue.done(1, atMilliseconds: 2), queue.done(2, atMilliseconds: 3), queue.done(4, atMilliseconds: 4),
        ]
        #expect(next == [2, 4, nil])
        #expect(queue.isEmpty)
        let again = queue.ask(3, atMilliseconds: 5)
        #expect(again)
    }

    @Test("who makes no progress is given up once others wait, and only then")
    func overdue() {
        var queue = IntakeQueue<Int>()
        _ = queue.ask(1, atMilliseconds: 0)
        var overdue = queue.overdue(atMilliseconds: 60_000)
        #expect(overdue == nil, "nobody waits")
        _ = queue.ask(2, atMilliseconds: 60_000)
        queue.received(1 << 20, from: 1)
        queue.received(1 << 30, from: 2)
        overdue = queue.overdue(atMilliseconds: 60_000)
        #expect(overdue == nil, "it has sent enough")
        queue.received((1 << 20) - 1, from: 1)
        overdue = queue.overdue(atMilliseconds: 69_999)
        #expect(overdue == nil)
        overdue = queue.overdue(atMilliseconds: 70_000)
        #expect(overdue == 1)
        let next = queue.done(1, atMilliseconds: 70_000)
        #expect(next == 2)
        _ = queue.ask(3, atMilliseconds: 70_000)
        overdue = queue.overdue(atMilliseconds: 79_000)
        #expect(overdue == nil, "the next one has its own time")
    }

    @Test("when there is room all that wait go on")
    func release() {
        var queue = IntakeQueue<Int>()
        for client in 1...200 { _ = queue.ask(client, atMilliseconds: 0) }
        for client in 1...150 { _ = queue.done(client, atMilliseconds: 0) }
        let released = queue.release()
        #expect(released == Array(152...200), "151 goes on already")
        #expect(queue.isEmpty)
    }
}
