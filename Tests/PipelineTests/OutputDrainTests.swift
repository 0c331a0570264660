import Buffering
import Events
import Foundation
import Logging
import Synchronization
import TestSupport
import Testing

@testable import Pipeline

/// One output's buffer at a stop, with a destination that answers as it is told.
@Suite("Output drain", .timeLimit(.minutes(10)))
struct OutputDrainTests {
    private static let away = DeliveryOutcome.retry(reason: Refusal(.unreachable, "away"), after: nil)

    private let stage = DeliveryStage()
    private let destination = Answers()
    private let fates = Fates()

    private struct Parts {
        let buffer: ChunkBuffer
        let workers: FlushWorkers
        let drain: OutputDrain

        /// Waits until nothing is under way.
        func settle(sends: Int, _ destination: Answers) async {
            while destination.sends < sends || buffer.statistics.inFlightChunks > 0 { await Task.yield() }
        }
    }

    private func parts(keeps: Bool = true, root: String? = nil, flushAtShutdown: Bool = true) -> Parts {
        var settings = BufferSettings()
        settings.flushAtShutdown = flushAtShutdown
        settings.retry.waitSeconds = 600
        let buffer = ChunkBuffer(settings: settings)
        let workers = FlushWorkers(
            buffer: buffer, destination: destination, name: "test",
            handlers: FlushHandlers(
                onRejected: { _, _, _ in .done(lost: 0) }, onGaveUp: { _, _, _, _ in .done(lost: 0) }))
        let backup =
            keeps
            ? ChunkBackup(directory: root ?? stage.folder, output: "out", outputFolder: "out", reader: TextReader())
            : nil
        return Parts(
            buffer: buffer, workers: workers,
            drain: OutputDrain(buffer: buffer, workers: workers, backup: backup, log: .discarding))
    }

    /// So many records as one batch, whose receipt is noted.
    private func fill(_ parts: Parts, _ numbers: Range<Int>) throws {
        let batch = EventBatch(tag: "a")
        for number in numbers { try batch.add("{\"n\":\(number)}") }
        let receipt = Receipt { [fates] in fates.note($0) }
        let emitter = BufferedEmitter(buffer: parts.buffer, formatter: TextFormatter())
        _ = emitter.emit(Events.Batch(batch.tag, receipt: receipt), storage: &batch.storage, rows: &batch.rows)
        receipt.settle(.delivered)
    }

    @Test("what is left at a stop stands in backup files, event by event, and nothing is lost") func left() async throws
    {
        destination.always(Self.away)
        let parts = parts()
        try fill(parts, 0..<3)
        parts.workers.start()
        parts.drain.begin(atMilliseconds: 0)
        await parts.settle(sends: 1, destination)
        #expect(await parts.drain.end() == 0)
        #expect(try stage.kept() == ["0", "1", "2"])
        #expect(fates.all == [.safe])
    }

    @Test("what is left and cannot be written down is lost, and said to be", arguments: [false, true])
    func lost(keeps: Bool) async throws {
        let parts = parts(keeps: keeps, root: "/dev/null")
        try fill(parts, 0..<3)
        #expect(await parts.drain.end() == 3)
        #expect(fates.all == [.lost])
    }

    @Test("a stop sends what is staged before its time") func sends() async throws {
        let parts = parts()
        try fill(parts, 0..<2)
        parts.workers.start()
        parts.drain.begin(atMilliseconds: 0)
        #expect(await parts.workers.drained(within: 30))
        #expect(parts.drain.progress(group: 3) == .init(group: 3, isEmpty: true, isFailing: false, isKept: true))
        #expect(await parts.drain.end() == 0)
        #expect(try stage.kept() == [])
        #expect(fates.all == [.delivered])
    }

    @Test("with flush_at_shutdown false nothing is sent, and all of it is written down") func noFlush() async throws {
        let parts = parts(flushAtShutdown: false)
        try fill(parts, 0..<2)
        parts.drain.begin(atMilliseconds: 0)
        #expect(parts.drain.progress(group: 0) == .init(group: 0, isEmpty: false, isFailing: true, isKept: false))
        parts.drain.writeDown(atMilliseconds: 1000)
        #expect(parts.drain.progress(group: 0).isKept)
        #expect(await parts.drain.end() == 0)
        #expect(destination.sends == 0)
        #expect(try stage.kept() == ["0", "1"])
    }

    @Test("a healthy destination has a second before anything is written down") func healthy() throws {
        let parts = parts()
        try fill(parts, 0..<1)
        parts.drain.begin(atMilliseconds: 5000)
        parts.drain.writeDown(atMilliseconds: 5999)
        #expect(try stage.kept() == [])
        parts.drain.writeDown(atMilliseconds: 6000)
        #expect(try stage.kept() == ["0"])
    }

    @Test(
        "a pass that comes after the end does not take an emptied buffer for a delivered one", arguments: [true, false])
    func latePass(isWrittenBefore: Bool) async throws {
        destination.always(Self.away)
        let parts = parts()
        try fill(parts, 0..<2)
        parts.drain.begin(atMilliseconds: 0)
        if isWrittenBefore { parts.drain.writeDown(atMilliseconds: 1000) }
        #expect(await parts.drain.end() == 0)
        parts.drain.writeDown(atMilliseconds: 2000)
        #expect(try stage.kept() == ["0", "1"])
    }

    @Test("the file of a chunk that is delivered after all is removed") func deliveredAfterAll() async throws {
        let parts = parts()
        try fill(parts, 0..<2)
        parts.drain.begin(atMilliseconds: 0)
        parts.drain.writeDown(atMilliseconds: 1000)
        #expect(try stage.kept() == ["0", "1"])
        parts.workers.start()
        #expect(await parts.workers.drained(within: 30))
        parts.drain.writeDown(atMilliseconds: 1100)
        #expect(try stage.kept() == [])
        #expect(await parts.drain.end() == 0)
    }

    @Test("in the end the files hold what is undelivered, and no event that was delivered meanwhile")
    func exact() async throws {
        destination.always(.partial(retry: [2], reason: Refusal(.busy, "429"), rejected: []))
        let parts = parts()
        try fill(parts, 0..<3)
        parts.drain.begin(atMilliseconds: 0)
        parts.drain.writeDown(atMilliseconds: 1000)
        #expect(try stage.kept() == ["0", "1", "2"])
        parts.workers.start()
        await parts.settle(sends: 1, destination)
        #expect(await parts.drain.end() == 0)
        #expect(try stage.kept() == ["2"])
    }
}

/// A destination that answers the same each time.
private final class Answers: Destination {
    private let state = Mutex<(answer: DeliveryOutcome, sends: Int)>((.delivered, 0))

    var sends: Int { state.withLock { $0.sends } }

    func always(_ outcome: DeliveryOutcome) { state.withLock { $0.answer = outcome } }

    func deliver(_ chunk: LoadedChunk, items: ItemSet) async -> DeliveryOutcome {
        state.withLock { state in
            state.sends += 1
            return state.answer
        }
    }
}

private final class Fates: Sendable {
    private let list = Mutex<[Receipt.Fate]>([])

    var all: [Receipt.Fate] { list.withLock { $0 } }

    func note(_ fate: Receipt.Fate) { list.withLock { $0.append(fate) } }
}
