import Buffering
import Events
import Foundation
import Logging
import Outputs
import Synchronization
import TestSupport
import Testing

@testable import Pipeline

/// What becomes of events that their destination does not take, with labels that take only so many of them.
@Suite("Refused events")
struct RefusalOutletTests {
    private let stage = DeliveryStage()
    private let losses = LossCounter()

    private func outlet(_ labels: Labels, keeps: Bool = true, root: String? = nil) throws -> RefusalOutlet {
        let files = DeadLetterFiles(
            directory: root ?? stage.folder, outputFolder: "out", limitBytes: 1 << 20, reader: TextReader())
        let letters = keeps ? DeadLetters(files, losses: losses, log: .discarding) : nil
        let context = RunContext(
            log: .discarding, stateDirectory: stage.folder,
            standardOutput: TextSink(writer: try WriterThread()), returnPath: labels.path, losses: losses)
        return RefusalOutlet(
            reader: TextReader(), letters: letters, keepsGivenUp: true, context: context, log: .discarding)
    }

    private func rejected(_ items: Range<Int>) -> [RejectedItem] {
        items.map { RejectedItem(item: $0, status: 400, type: "x", reason: "no") }
    }

    @Test("rejected records go to @ERROR, and to the dead letters what that had not taken at the stop")
    func rejectedAtStop() async throws {
        let labels = Labels([LabelPlan.errorName: 1])
        #expect(
            try await outlet(labels).rejected(LoadedChunk(texts: 0..<4), rejected(1..<4), attempts: 1) == .done(lost: 0)
        )
        #expect(labels.given == ["@ERROR 1"])
        #expect(try stage.kept() == ["2", "3"])
        #expect(losses.lostEvents == 0)
    }

    @Test("what @ERROR itself sent is not sent round again") func noCircle() async throws {
        let labels = Labels([LabelPlan.errorName: 9])
        _ = try await outlet(labels).rejected(
            LoadedChunk(texts: 0..<2, tag: Tag(Array("a".utf8), wasRefused: true)), rejected(0..<2), attempts: 1)
        _ = try await outlet(labels).gaveUp(
            LoadedChunk(texts: 2..<4, tag: Tag(Array("a".utf8), wasRefused: true)), ItemSet(0..<2),
            Refusal(.invalid, "no"), attempts: 1)
        #expect(labels.given == [])
        #expect(try stage.kept() == ["0", "1", "2", "3"])
    }

    @Test("without @ERROR rejected records are kept with what the destination said, and what was kept is there")
    func keptWithCause() async throws {
        let outlet = try outlet(Labels([:]))
        let items = [
            RejectedItem(item: 1, status: 400, type: "x", reason: "no date", subject: "at", index: "logs"),
            RejectedItem(item: 2, status: 409, type: "y", reason: "there"),
        ]
        #expect(await outlet.rejected(LoadedChunk(texts: 0..<3), items, attempts: 4) == .done(lost: 0))
        #expect(losses.droppedEvents == 0 && losses.lostEvents == 0)
        let text = try String(
            contentsOfFile: stage.folder + "/dead-letters/out/0000000001.ndjson", encoding: .utf8)
        let lines = text.split(separator: "\n")
        #expect(lines.count == 2)
        #expect(
            lines[0].hasPrefix(
                #"{"tag":"a","time":"1970-01-01T00:00:01.000000000+00:00","record":{"n":1},"output":"","#
                    + #""index":"logs","status":400,"type":"x","reason":"no date","attempts":4,"at":""#))
        #expect(lines[1].contains(#""record":{"n":2},"output":"","status":409,"type":"y","reason":"there","#))
    }

    @Test("while the disk takes no dead letters the output waits; a stop finds the events where they were")
    func diskFull() async throws {
        let blocked = stage.folder + "/blocked"
        try FileManager.default.createDirectory(atPath: stage.folder, withIntermediateDirectories: true)
        try Data().write(to: URL(fileURLWithPath: blocked))
        let outlet = try outlet(Labels([:]), root: blocked)
        let waiting = Task {
            await outlet.rejected(LoadedChunk(texts: 0..<3), rejected(0..<2), attempts: 1)
        }
        let stopped = Task { await outlet.gaveUp(LoadedChunk(texts: 5..<6), [0], Refusal(.busy, "x"), attempts: 1) }
        try await Task.sleep(for: .milliseconds(50))
        stopped.cancel()
        #expect(await stopped.value == .stillHeld)
        try FileManager.default.removeItem(atPath: blocked)
        #expect(await waiting.value == .done(lost: 0))
        let text = try String(contentsOfFile: blocked + "/dead-letters/out/0000000001.ndjson", encoding: .utf8)
        #expect(text.split(separator: "\n").count == 2)
        #expect(losses.lostEvents == 0)
    }

    @Test("rejected records that nobody keeps count as dropped, and during a stop as lost") func dropped() async throws
    {
        let outlet = try outlet(Labels([:]), keeps: false)
        #expect(await outlet.rejected(LoadedChunk(texts: 0..<3), rejected(0..<2), attempts: 1) == .done(lost: 0))
        #expect(losses.droppedEvents == 2 && losses.lostEvents == 0)
        losses.beginStop()
        _ = await outlet.rejected(LoadedChunk(texts: 0..<3), rejected(0..<3), attempts: 1)
        #expect(losses.droppedEvents == 2 && losses.lostEvents == 3)
    }

    @Test(
        "a chunk refused for good goes to @ERROR; <secondary> had its turn, and the rest is kept",
        arguments: [Refusal.Kind.invalid, .tooLarge])
    func refusedForGood(_ kind: Refusal.Kind) async throws {
        let labels = Labels(["second": 1, LabelPlan.errorName: 2])
        #expect(
            try await outlet(labels).gaveUp(LoadedChunk(texts: 0..<5), ItemSet(0..<5), Refusal(kind, "no"), attempts: 1)
                == .done(lost: 0))
        #expect(labels.given == ["@ERROR 0", "@ERROR 1"])
        #expect(try stage.kept() == ["2", "3", "4"])
        #expect(losses.lostEvents == 0)
    }

    @Test("retries that are used up are kept at once: <secondary> had its turn") func exhausted() async throws {
        let labels = Labels(["second": 9, LabelPlan.errorName: 9])
        let lost = try await outlet(labels).gaveUp(
            LoadedChunk(texts: 0..<2), ItemSet(1..<2), Refusal(.unreachable, "away"), attempts: 3)
        #expect(lost == .done(lost: 0))
        #expect(labels.given == [])
        #expect(try stage.kept() == ["1"])
    }

    @Test("what is given up and nobody keeps is lost") func lost() async throws {
        let outlet = try outlet(Labels([:]), keeps: false)
        let lost = await outlet.gaveUp(
            LoadedChunk(texts: 0..<3), ItemSet(0..<3), Refusal(.unreachable, "away"), attempts: 3)
        #expect(lost == .done(lost: 3) && losses.lostEvents == 3)
    }

    @Test("records that cannot be read back are lost", arguments: [false, true])
    func unreadable(isRejected: Bool) async throws {
        let outlet = try outlet(Labels([LabelPlan.errorName: 9], unreadable: 1))
        let lost =
            if isRejected {
                await outlet.rejected(LoadedChunk(texts: 0..<2), rejected(0..<2), attempts: 1)
            } else {
                await outlet.gaveUp(LoadedChunk(texts: 0..<2), ItemSet(0..<2), Refusal(.invalid, "no"), attempts: 1)
            }
        #expect(lost == .done(lost: 2) && losses.lostEvents == 2)
    }

    @Test("a <secondary> has delivered what it has taken, and no more", arguments: [0, 2, 3])
    func secondary(_ room: Int) async {
        let destination = LabelDestination(
            label: "second", of: "out", reader: TextReader(), returnPath: Labels(["second": room]).path)
        let outcome = await destination.deliver(LoadedChunk(texts: 0..<3), items: ItemSet(0..<3))
        let reason = Refusal(.stopping, "the daemon is stopping")
        switch room {
        case 0: #expect(outcome == .retry(reason: reason, after: nil))
        case 2: #expect(outcome == .partial(retry: [2], reason: reason, rejected: []))
        default: #expect(outcome == .delivered)
        }
    }

    @Test("SIGINT, SIGTERM, SIGQUIT and SIGXCPU stop the daemon; no other watched signal does") func signals() {
        let stops = SignalPlan.watched.filter { $0.meaning == .stop }.map(\.name)
        #expect(stops.sorted() == ["SIGINT", "SIGQUIT", "SIGTERM", "SIGXCPU"])
        #expect(SignalPlan.watched.filter { $0.meaning == .flush }.map(\.signal) == [SIGUSR1])
    }
}
