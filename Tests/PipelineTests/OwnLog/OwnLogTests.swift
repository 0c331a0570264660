import Foundation
import Logging
import Synchronization
import Testing

@testable import Pipeline

@Suite("Own log: lines that wait to be events") struct OwnLogTests {
    private let written = LogRecorder()
    private let ownLog: OwnLog
    private let log: Log
    private let woken = Woken()

    private final class Woken: Sendable {
        let count = Atomic(0)
    }

    init() {
        ownLog = OwnLog(written)
        log = Log(handler: ownLog)
    }

    private func follow(_ more: String = "") {
        let plan = Checked(
            "<source>\n@type forward\n</source>\n<label @FLUENT_LOG>\n<match **>\n@type stdout\n@id own\n</match>\n</label>"
                + more
        ).plan
        ownLog.follow(OwnLogRoute(plan)) { [woken] in woken.count.add(1, ordering: .relaxed) }
    }

    private func waiting() -> [String] {
        var messages: [String] = []
        while let (entry, label) = ownLog.first() {
            #expect(label == "@FLUENT_LOG")
            messages.append(entry.message)
            ownLog.taken()
        }
        return messages
    }

    @Test("every line is written; those since a configuration asks for them wait, and the loop is woken once for all")
    func waits() {
        log.info("before")
        follow()
        log.info("one")
        log.warn("two")
        #expect(woken.count.load(ordering: .relaxed) == 1)
        #expect(waiting() == ["one", "two"])
        log.info("three")
        #expect(woken.count.load(ordering: .relaxed) == 2)
        ownLog.follow(nil) {}
        log.info("after")
        #expect(waiting() == [])
        #expect(written.entries.map(\.message) == ["before", "one", "two", "three", "after"])
    }

    @Test("what is said while a line is handed on, and what its outputs say at any time, is no event")
    func noLoop() {
        follow()
        log.warn("a cause")
        while ownLog.first() != nil {
            ownLog.carrying { log.warn("a filter refuses the event") }
            ownLog.taken()
        }
        log.with("output", "own").warn("the event cannot be delivered")
        #expect(waiting() == [])
        #expect(written.entries.count == 3)
        log.with("output", "other").warn("another one cannot")
        #expect(waiting() == ["another one cannot"])
    }

    @Test("lines of other threads are events also while one hands events on")
    func otherThreads() {
        follow()
        let done = DispatchSemaphore(value: 0)
        ownLog.carrying {
            Thread.detachNewThread { [log] in
                log.warn("elsewhere")
                done.signal()
            }
            done.wait()
            log.warn("here")
        }
        #expect(waiting() == ["elsewhere"])
    }

    @Test("lines beyond a bound, in number or in bytes, are written and counted and are no events")
    func bounds() {
        follow()
        for number in 0..<OwnLog.waitingLimit + 5 { log.info("\(number)") }
        #expect(ownLog.takeMissed() == 5 && ownLog.takeMissed() == 0)
        #expect(waiting().count == OwnLog.waitingLimit)
        for _ in 0..<3 { log.info(String(repeating: "x", count: OwnLog.waitingLimitBytes / 2 - 100)) }
        #expect(ownLog.takeMissed() == 1)
        #expect(waiting().count == 2)
        // What was taken makes room.
        log.info("room")
        #expect(waiting() == ["room"])
    }
}
