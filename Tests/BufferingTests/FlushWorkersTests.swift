import Buffering
import Events
import Foundation
import Logging
import Synchronization
import TestSupport
import Testing

@Suite("Flush workers", .timeLimit(.minutes(10)))
struct FlushWorkersTests {
    let clock = FakeClock()
    let recorder = LogRecorder()

    private func workers(
        _ buffer: ChunkBuffer, _ destination: ScriptedDestination, secondary: ScriptedDestination? = nil,
        events: Notes = Notes()
    ) -> FlushWorkers {
        FlushWorkers(
            buffer: buffer, destination: destination, secondary: secondary, name: "http://es:9200",
            log: Log(handler: recorder),
            handlers: FlushHandlers(
                onRejected: {
                    events.add("rejected \($1.map(\.item)), attempts: \($2)")
                    return .done(lost: 0)
                },
                onGaveUp: {
                    events.add("gave up \(Array($1)) \($2), attempts: \($3)")
                    return .done(lost: 0)
                }))
    }

    private func buffer(_ change: (inout BufferSettings) -> Void = { _ in }) -> ChunkBuffer {
        var settings = BufferSettings()
        settings.flushIntervalSeconds = 1
        settings.retry.randomize = false
        change(&settings)
        return ChunkBuffer(settings: settings, clock: clock)
    }

    @Test("a chunk is sent when its interval is over, and not before")
    func interval() async throws {
        let buffer = buffer()
        let destination = ScriptedDestination()
        let workers = workers(buffer, destination)
        workers.start()
        var source = BatchSource(buffer)
        try source.emit([#"{"n":1}"#])
        #expect(destination.sent.isEmpty)
        await advance(until: destination, sends: 1)
        #expect(destination.sent == [[#"{"n":1}"#]])
        #expect(clock.monotonicSeconds() >= 1001)
        #expect(await workers.shutdown(within: 1).chunkCount == 0)
    }

    @Test("retries wait longer and longer; the log says it in one line with all that one wants to know")
    func retries() async throws {
        let buffer = buffer()
        let failure = DeliveryOutcome.retry(reason: Refusal(.busy, "connection refused"), after: nil)
        let destination = ScriptedDestination([failure, failure, failure])
        let workers = workers(buffer, destination)
        workers.start()
        var source = BatchSource(buffer)
        try source.emit([#"{"n":1}"#])
        await advance(until: destination, sends: 4)
        // 1 s until it is due, then 1 + 2 + 4.
        #expect(clock.monotonicSeconds() >= 1008)
        #expect(await workers.shutdown(within: 1).chunkCount == 0)
        let lines = recorder.entries.map(\.message)
        #expect(
            lines.first
                == "cannot deliver to http://es:9200: connection refused; retry 1 in 1.0 s; 1 chunk, 39 B waiting")
        #expect(lines.contains("retry succeeded"))
    }

    @Test("rejected items and chunks that are given up reach the handlers")
    func handlers() async throws {
        let buffer = buffer { $0.flushMode = .immediate }
        let bad = RejectedItem(item: 1, status: 400, type: "t", reason: "r")
        let destination = ScriptedDestination([
            .partial(retry: [], reason: Refusal(.busy, ""), rejected: [bad]),
            .rejected(reason: Refusal(.busy, "whole")),
        ])
        let events = Notes()
        let workers = workers(buffer, destination, events: events)
        var source = BatchSource(buffer)
        try source.emit([#"{"n":1}"#, #"{"n":2}"#])
        try source.emit([#"{"n":3}"#])
        workers.start()
        #expect(await workers.shutdown(within: 10).chunkCount == 0)
        #expect(events.all == ["rejected [1], attempts: 1", "gave up [0] whole, attempts: 1"])
        #expect(buffer.statistics.counts.rejectedEvents == 1 && buffer.statistics.counts.abandonedEvents == 1)
    }

    @Test("shutdown flushes what is staged; what cannot be delivered in time is reported")
    func shutdown() async throws {
        let buffer = buffer { $0.flushIntervalSeconds = 3600 }
        let destination = ScriptedDestination([.retry(reason: Refusal(.busy, "down"), after: 1000)])
        let workers = workers(buffer, destination)
        workers.start()
        var source = BatchSource(buffer)
        try source.emit([#"{"n":1}"#, #"{"n":2}"#])
        async let remainder = workers.shutdown(within: 30)
        for await _ in destination.deliveries { break }
        // The clock stands still, so the shutdown can only end by its deadline.
        while clock.monotonicSeconds() < 1031 {
            clock.advance(1)
            await Task.yield()
        }
        let left = await remainder
        #expect(left.chunkCount == 1 && left.eventCount == 2)
        #expect(left.parts[0].chunk.texts == [#"{"n":1}"#, #"{"n":2}"#])
        #expect(buffer.isEmpty && buffer.statistics.totalBytes == 0)
    }

    @Test("with flush_at_shutdown false nothing is sent at the end")
    func noFlushAtShutdown() async throws {
        let buffer = buffer { $0.flushAtShutdown = false }
        let destination = ScriptedDestination()
        let workers = workers(buffer, destination)
        workers.start()
        var source = BatchSource(buffer)
        try source.emit([#"{"n":1}"#])
        #expect(await workers.shutdown(within: 10).eventCount == 1)
        #expect(destination.sent.isEmpty)
    }

    @Test("an hour's outage has a line at least every five minutes, and not many of them", arguments: [nil, 17.0])
    func longOutage(maxInterval: Double?) async throws {
        let buffer = buffer { $0.retry.maxIntervalSeconds = maxInterval }
        let lines = TimedLines(clock)
        let workers = FlushWorkers(
            buffer: buffer, destination: Down(), name: "es", log: Log(handler: lines),
            handlers: FlushHandlers(
                onRejected: { _, _, _ in .done(lost: 0) }, onGaveUp: { _, _, _, _ in .done(lost: 0) }))
        var source = BatchSource(buffer)
        try source.emit([#"{"n":1}"#])
        workers.start()
        let begin = clock.monotonicSeconds()
        while clock.monotonicSeconds() < begin + 3600 { await clock.advanceToNextSleeper() }
        let times = lines.seconds
        #expect(times.count > 11 && times.count < 40)
        for (one, next) in zip(times, times.dropFirst()) { #expect(next - one <= 300) }
        #expect(clock.monotonicSeconds() - (times.last ?? 0) <= 300)
        _ = await workers.stop(within: 1)
    }

    @Test("a chunk counts until its refused events are where they go on, and only then it is released")
    func refusedEventsHold() async throws {
        let buffer = buffer { $0.flushMode = .immediate }
        let bad = RejectedItem(item: 0, status: 400, type: "t", reason: "r")
        let destination = ScriptedDestination([.partial(retry: [], reason: Refusal(.busy, ""), rejected: [bad])])
        let (entered, enter) = AsyncStream<Void>.makeStream()
        let (passed, pass) = AsyncStream<Void>.makeStream()
        let notes = Notes()
        let workers = FlushWorkers(
            buffer: buffer, destination: destination, name: "es",
            handlers: FlushHandlers(
                onRejected: { _, _, _ in
                    enter.yield()
                    for await _ in passed { break }
                    notes.add("handed on")
                    return .done(lost: 0)
                }, onGaveUp: { _, _, _, _ in .done(lost: 0) }))
        var source = BatchSource(buffer)
        source.receipt = Receipt { notes.add("settled \($0)") }
        try source.emit([#"{"n":1}"#, #"{"n":2}"#])
        source.receipt?.settle(.delivered)
        workers.start()
        for await _ in entered { break }
        #expect(buffer.statistics.totalBytes > 0 && !buffer.isEmpty && notes.all.isEmpty)
        #expect(workers.snapshotUndelivered().map { $0.chunk.texts($0.items) } == [[#"{"n":1}"#]])
        pass.yield()
        #expect(await workers.drained(within: 1000))
        _ = await workers.stop(within: 1)
        #expect(notes.all == ["handed on", "settled refused"])
    }

    @Test("events that a cancelled handler still holds are among what a stop could not deliver")
    func stillHeld() async throws {
        let buffer = buffer { $0.flushMode = .immediate }
        let bad = RejectedItem(item: 0, status: 400, type: "t", reason: "r")
        let destination = ScriptedDestination([.partial(retry: [], reason: Refusal(.busy, ""), rejected: [bad])])
        let (entered, enter) = AsyncStream<Void>.makeStream()
        let workers = FlushWorkers(
            buffer: buffer, destination: destination, name: "es",
            handlers: FlushHandlers(
                onRejected: { _, _, _ in
                    enter.yield()
                    try? await Task.sleep(for: .seconds(1000))
                    return .stillHeld
                }, onGaveUp: { _, _, _, _ in .done(lost: 0) }))
        var source = BatchSource(buffer)
        try source.emit([#"{"n":1}"#, #"{"n":2}"#])
        workers.start()
        for await _ in entered { break }
        let rest = await workers.stop(within: 60)
        #expect(try rest.parts.map { try $0.chunk.load($0.items).texts($0.items) } == [[#"{"n":1}"#]])
    }

    @Test(
        "what is in delivery when the time is over is left, whether its attempt ends or not", arguments: [true, false])
    func leftInDelivery(obeys: Bool) async throws {
        let buffer = buffer { $0.flushMode = .immediate }
        let destination = Silent(obeysCancellation: obeys)
        let workers = FlushWorkers(
            buffer: buffer, destination: destination, name: "es",
            handlers: FlushHandlers(
                onRejected: { _, _, _ in .done(lost: 0) }, onGaveUp: { _, _, _, _ in .done(lost: 0) }))
        var source = BatchSource(buffer)
        try source.emit([#"{"n":1}"#])
        try source.emit([#"{"n":2}"#])
        workers.start()
        for await _ in destination.arrivals { break }
        workers.beginDrain()
        #expect(workers.snapshotUndelivered().map { $0.chunk.texts($0.items) } == [[#"{"n":1}"#], [#"{"n":2}"#]])
        async let remainder = workers.stop(within: 2)
        if !obeys { await clock.advanceToNextSleeper() }
        #expect(await remainder.parts.map { $0.chunk.texts($0.items) } == [[#"{"n":1}"#], [#"{"n":2}"#]])
        #expect(buffer.isEmpty && buffer.statistics.totalBytes == 0)
        // An answer that comes late changes nothing any more.
        destination.answer.yield()
        try? await Task.sleep(for: .milliseconds(20))
        #expect(buffer.statistics.totalBytes == 0 && buffer.statistics.counts.deliveredEvents == 0)
    }

    @Test("the log says that the secondary took it, and not that the destination is back")
    func secondary() async throws {
        let buffer = ChunkBuffer(
            settings: {
                var settings = BufferSettings()
                settings.flushMode = .immediate
                settings.retry.maxTimes = 1
                settings.retry.randomize = false
                return settings
            }(), hasSecondary: true, clock: clock)
        let down = DeliveryOutcome.retry(reason: Refusal(.unreachable, "down"), after: nil)
        let primary = ScriptedDestination([down, down])
        let secondary = ScriptedDestination([])
        let workers = workers(buffer, primary, secondary: secondary)
        var source = BatchSource(buffer)
        try source.emit([#"{"n":1}"#])
        workers.start()
        await advance(until: secondary, sends: 1)
        #expect(await workers.drained(within: 1000))
        _ = await workers.stop(within: 1)
        #expect(secondary.sent == [[#"{"n":1}"#]] && primary.sent.count == 1)
        let lines = recorder.entries.map(\.message)
        #expect(lines.contains("the secondary took what the destination did not"))
        #expect(!lines.contains("retry succeeded"))
    }

    @Test("a backup file holds whole events as lines, in place of what it held; folders are made, and it can go again")
    func backup() throws {
        let buffer = buffer()
        var source = BatchSource(buffer)
        try source.emit([#"{"n":1}"#, #"{"n":2}"#, #"{"n":3}"#])
        buffer.flushAll()
        let chunk = try #require(buffer.takeReady().first).chunk
        let directory = "/tmp/sluice-backup-\(chunk.id)"
        let backup = ChunkBackup(
            directory: directory, output: "object 1", outputFolder: "object_1", reader: TextReader())
        let path = backup.path(chunkID: chunk.id)
        #expect(path == "\(directory)/backup/worker0/object_1/\(chunk.id).log")
        func line(_ number: Int) -> String {
            #"{"tag":"a","time":"2019-12-10T17:46:40.000000000+00:00","record":{"n":\#(number)},"#
                + #""output":"object 1","type":"stopping","reason":"the daemon stopped before it was delivered"}"#
                + "\n"
        }
        // All but the moment of writing.
        func read(_ path: String) throws -> String {
            try contents(path).replacing(/,"at":"20[-0-9T:.]{21}\+00:00"}/, with: "}")
        }
        try backup.write(chunk.load([1]), items: [1])
        #expect(try read(path) == line(2))
        try backup.write(chunk.load([0, 2]), items: [0, 2])
        #expect(try read(path) == line(1) + line(3))
        try backup.remove(chunkID: chunk.id)
        try backup.remove(chunkID: chunk.id)
        #expect(!FileManager.default.fileExists(atPath: path))
        let bad = ChunkBackup(directory: "/dev/null", output: "x", outputFolder: "x", reader: TextReader())
        #expect(throws: ChunkStoreError.self) { try bad.write(chunk.load([0]), items: [0]) }
    }

    /// Moves the clock in small steps until the destination has been called so often.
    private func advance(until destination: ScriptedDestination, sends: Int) async {
        while destination.sent.count < sends {
            clock.advance(0.05)
            try? await Task.sleep(for: .milliseconds(1))
        }
    }

    @Test("a backup of several megabytes holds every event, and is nobody else's to read") func largeBackup() throws {
        let buffer = buffer()
        var source = BatchSource(buffer)
        let text = String(repeating: "x", count: 1000)
        try source.emit((0..<3000).map { #"{"n":\#($0),"m":"\#(text)"}"# })
        buffer.flushAll()
        let chunk = try #require(buffer.takeReady().first).chunk
        let directory = FileManager.default.temporaryDirectory.appendingPathComponent("sluice-\(chunk.id)").path
        defer { try? FileManager.default.removeItem(atPath: directory) }
        let backup = ChunkBackup(directory: directory, output: "out", outputFolder: "out", reader: TextReader())
        try backup.write(chunk.load(chunk.allItems), items: chunk.allItems)
        let lines = try contents(backup.path(chunkID: chunk.id)).split(separator: "\n")
        #expect(lines.count == chunk.itemCount && chunk.itemCount == 3000)
        #expect(lines.enumerated().allSatisfy { $1.contains("\"n\":\($0),") })
        let attributes = try FileManager.default.attributesOfItem(atPath: backup.path(chunkID: chunk.id))
        #expect(attributes[.posixPermissions] as? Int == 0o600)
    }
}

/// Never works.
private final class Down: Destination {
    func deliver(_ chunk: LoadedChunk, items: ItemSet) async -> DeliveryOutcome {
        .retry(reason: Refusal(.unreachable, "down"), after: nil)
    }
}

/// Does not answer before it is told to, or cancelled where it obeys that.
private final class Silent: Destination {
    let arrivals: AsyncStream<Void>
    private let arrive: AsyncStream<Void>.Continuation
    let answer: AsyncStream<Void>.Continuation
    private let answers: AsyncStream<Void>
    private let obeysCancellation: Bool

    init(obeysCancellation: Bool) {
        (arrivals, arrive) = AsyncStream.makeStream()
        (answers, answer) = AsyncStream.makeStream()
        self.obeysCancellation = obeysCancellation
    }

    func deliver(_ chunk: LoadedChunk, items: ItemSet) async -> DeliveryOutcome {
        arrive.yield()
        let wait = Task { for await _ in self.answers { break } }
        if obeysCancellation {
            await withTaskCancellationHandler {
                await wait.value
            } onCancel: {
                wait.cancel()
            }
        } else {
            await wait.value
        }
        return Task.isCancelled && obeysCancellation
            ? .retry(reason: Refusal(.stopping, "stopping"), after: nil) : .delivered
    }
}

/// When lines were written, on a clock that stands still.
private final class TimedLines: LogHandler {
    private let clock: FakeClock
    private let list = Mutex<[Double]>([])
    init(_ clock: FakeClock) { self.clock = clock }
    var seconds: [Double] { list.withLock { $0 } }
    func handle(_ entry: LogEntry) {
        let now = clock.monotonicSeconds()
        list.withLock { $0.append(now) }
    }
}

final class Notes: Sendable {
    private let list = Mutex<[String]>([])
    func add(_ text: String) { list.withLock { $0.append(text) } }
    var all: [String] { list.withLock { $0 } }
}

private func contents(_ path: String) throws -> String { try String(contentsOfFile: path, encoding: .utf8) }
