import Events
import Logging
import Pipeline
import Synchronization
import TestSupport
import Testing

/// Routing with stages that only write down what they were given.
@Suite struct RouterTests {
    private let recorder = LogRecorder()
    private var log: Log { Log(handler: recorder, level: .trace) }

    private func router(_ rules: [Router.Rule], _ name: String = LabelPlan.rootName) -> Router {
        Router(rules, name: name, log: log)
    }

    private func send(_ json: String..., to router: Router, tag: String = "a.b") throws -> Acceptance {
        let batch = EventBatch(tag: tag)
        for one in json { try batch.add(one) }
        return router.emit(Events.Batch(batch.tag), storage: &batch.storage, rows: &batch.rows)
    }

    @Test("filters above the match apply in the order of the file, those below never do")
    func order() throws {
        let journal = Journal()
        let target = Recorder("out", journal)
        let router = router([
            .filter(try TagPattern("a.*"), Marker("1", journal)), .filter(try TagPattern("x.*"), Marker("x", journal)),
            .filter(try TagPattern("**"), Marker("2", journal)), .match(try TagPattern("a.**"), target),
            .filter(try TagPattern("**"), Marker("below", journal)),
            .match(try TagPattern("**"), Recorder("second", journal)),
        ])
        #expect(try send(#"{"k":1}"#, to: router) == .accepted)
        #expect(journal.entries == ["filter 1", "filter 2", #"out a.b {"k":1}"#])
        journal.entries = []
        #expect(try send(#"{"k":2}"#, to: router, tag: "other") == .accepted)
        #expect(journal.entries == ["filter 2", "filter below", #"second other {"k":2}"#])
    }

    @Test("a tag that no match takes is filtered, dropped and mentioned")
    func noMatch() throws {
        let journal = Journal()
        let router = router([.filter(try TagPattern("**"), Marker("1", journal))])
        #expect(try send("{}", to: router) == .accepted)
        #expect(journal.entries == ["filter 1"])
        #expect(recorder.lines.contains { $0.contains("no patterns matched") && $0.contains("tag=a.b") })
    }

    @Test("a chain ends when a filter leaves nothing")
    func empty() throws {
        let journal = Journal()
        let router = router([
            .filter(try TagPattern("**"), Dropper()), .filter(try TagPattern("**"), Marker("late", journal)),
            .match(try TagPattern("**"), Recorder("out", journal)),
        ])
        #expect(try send("{}", "{}", to: router) == .accepted)
        #expect(journal.entries == [])
    }

    @Test("what a filter refuses goes to @ERROR with its own tag, the rest goes on")
    func rejections() throws {
        let journal = Journal()
        let errors = router([.match(try TagPattern("a.b"), Recorder("error", journal))], LabelPlan.errorName)
        let router = router([
            .filter(try TagPattern("**"), Refuser(every: 2)), .match(try TagPattern("**"), Recorder("out", journal)),
        ])
        router.errorRouter = errors
        #expect(try send(#"{"n":0}"#, #"{"n":1}"#, #"{"n":2}"#, to: router) == .accepted)
        #expect(journal.entries == [#"error a.b {"n":1}"#, #"out a.b {"n":0}"#, #"out a.b {"n":2}"#])
        #expect(recorder.lines.contains { $0.contains("send an error event to @ERROR") && $0.contains("no reason") })
    }

    @Test("a record that a filter raised an error about goes on where no filter takes whole streams, by tag")
    func raised() throws {
        let journal = Journal()
        let errors = router([.match(try TagPattern("**"), Recorder("error", journal))], LabelPlan.errorName)
        let router = router([
            .filter(try TagPattern("**"), Raiser()), .filter(try TagPattern("mixed.**"), WholeStreams()),
            .match(try TagPattern("**"), Recorder("out", journal)), .filter(try TagPattern("**"), WholeStreams()),
        ])
        router.errorRouter = errors
        for tag in ["single.a", "mixed.a", "single.a", "mixed.b"] {
            journal.entries = []
            _ = try send("{}", to: router, tag: tag)
            #expect(journal.entries == ["error \(tag) {}"] + (tag == "single.a" ? ["out \(tag) {}"] : []), "\(tag)")
        }
        #expect(recorder.lines.contains { $0.contains("filter=raiser") && $0.contains("tag=mixed.b") })
    }

    @Test("without @ERROR a refused record is dropped, and its content stays out of the log")
    func rejectionsDropped() throws {
        let journal = Journal()
        let router = router([
            .filter(try TagPattern("**"), Refuser(every: 1)), .match(try TagPattern("**"), Recorder("out", journal)),
        ])
        #expect(try send(#"{"password":"hunter2"}"#, to: router) == .accepted)
        #expect(journal.entries == [])
        #expect(!recorder.lines.contains { $0.contains("hunter2") })
    }

    @Test("a batch that the output refuses is @ERROR's, and then it is taken; without one the input hears of it")
    func refusal() throws {
        let journal = Journal()
        let refusing = router([.match(try TagPattern("**"), Answering(.refused(Refusal(.full, "full"))))])
        #expect(try send("{}", to: refusing) == .refused(Refusal(.full, "full")))
        let errors = router([.match(try TagPattern("**"), Recorder("error", journal))], LabelPlan.errorName)
        refusing.errorRouter = errors
        #expect(try send(#"{"k":1}"#, to: refusing) == .accepted)
        #expect(journal.entries == [#"error a.b {"k":1}"#])
    }

    @Test("an output that is full makes its input wait")
    func full() throws {
        let router = router([.match(try TagPattern("**"), Answering(.acceptedFull))])
        #expect(try send("{}", to: router) == .acceptedFull)
    }

    @Test(
        "what @ERROR's output answers holds for the batch that a filter refused in part, or as a whole",
        arguments: [2, 1],
        [Acceptance.accepted, .acceptedFull, .refused(Refusal(.full, "no"))])
    func errorsHoldBack(_ every: Int, _ answer: Acceptance) throws {
        let router = router([
            .filter(try TagPattern("**"), Refuser(every: every)), .match(try TagPattern("**"), Answering(.accepted)),
        ])
        let errors = self.router([.match(try TagPattern("**"), Answering(answer))], LabelPlan.errorName)
        router.errorRouter = errors
        let acceptance = try send("{}", "{}", to: router)
        withExtendedLifetime(errors) { #expect(acceptance == answer) }
    }

    @Test("the same holds for records that an output refuses", arguments: [Acceptance.accepted, .acceptedFull])
    func errorsOfOutputsHoldBack(_ answer: Acceptance) throws {
        let router = router([.match(try TagPattern("**"), PartlyRefusing(.accepted))])
        let errors = self.router([.match(try TagPattern("**"), Answering(answer))], LabelPlan.errorName)
        router.errorRouter = errors
        let acceptance = try send("{}", "{}", to: router)
        withExtendedLifetime(errors) { #expect(acceptance == answer) }
    }

    @Test("each stage counts what came, what went on and what it refused")
    func metrics() throws {
        let (filter, output) = (StageMetrics(), StageMetrics())
        let router = router([
            .filter(try TagPattern("**"), Refuser(every: 3), filter),
            .match(try TagPattern("**"), Answering(.refused(Refusal(.full, "no"))), output),
        ])
        for _ in 0..<2 { _ = try send("{}", "{}", "{}", "{}", to: router) }
        func values(_ metrics: StageMetrics) -> [Int] { StageMetrics.Count.allCases.map(metrics.value) }
        #expect(values(filter) == [2, 8, 6, 2, 0])
        #expect(values(output) == [2, 6, 6, 0, 2])
    }

    @Test("a receipt goes along, and hears of what was dropped without @ERROR")
    func receipt() throws {
        let fates = Mutex<[Receipt.Fate]>([])
        let receipt = Receipt { fate in fates.withLock { $0.append(fate) } }
        let router = router([
            .filter(try TagPattern("**"), Refuser(every: 1)), .match(try TagPattern("**"), Answering(.accepted)),
        ])
        let batch = EventBatch(tag: "a.b")
        try batch.add("{}")
        _ = router.emit(
            Events.Batch(batch.tag, receipt: receipt), storage: &batch.storage, rows: &batch.rows)
        receipt.settle(.delivered)
        #expect(fates.withLock { $0 } == [.refused])
    }

    @Test("a relabel goes on in the label's own rules")
    func relabel() throws {
        let journal = Journal()
        let label = router(
            [
                .filter(try TagPattern("**"), Marker("in", journal)),
                .match(try TagPattern("**"), Recorder("out", journal)),
            ],
            "@L")
        let emitter = RelabelEmitter()
        let router = router([
            .filter(try TagPattern("**"), Marker("root", journal)), .match(try TagPattern("**"), emitter),
        ])
        guard case .refused = try send("{}", to: router) else {
            Issue.record("a relabel without a label takes nothing")
            return
        }
        emitter.target = label
        journal.entries = []
        #expect(try send("{}", to: router) == .accepted)
        #expect(journal.entries == ["filter root", "filter in", "out a.b {}"])
    }

    @Test("events that go round in circles are dropped, and the stack survives")
    func circle() throws {
        let (there, back) = (RelabelEmitter(), RelabelEmitter())
        let first = router([.match(try TagPattern("**"), there)], "@A")
        let second = router([.match(try TagPattern("**"), back)], "@B")
        there.target = second
        back.target = first
        #expect(try send("{}", to: first) == .accepted)
        #expect(recorder.lines.contains { $0.contains("go round in circles") })
    }

    @Test("routes of more tags than the cache holds stay right, and of many at once")
    func manyTags() throws {
        let journal = Journal()
        let router = router([
            .match(try TagPattern("t.{1,2,3}.*"), Recorder("some", journal)),
            .match(try TagPattern("**"), Recorder("rest", journal)),
        ])
        for round in 0..<2 {
            for number in 0..<6000 {
                journal.entries = []
                _ = try send("{}", to: router, tag: "t.\(number).x")
                let expected = (1...3).contains(number) ? "some" : "rest"
                guard journal.entries == ["\(expected) t.\(number).x {}"] else {
                    Issue.record("round \(round), tag \(number): \(journal.entries)")
                    return
                }
            }
        }
    }
}

@Suite struct CopyEmitterTests {
    private let recorder = LogRecorder()
    private var log: Log { Log(handler: recorder, level: .trace) }

    private func send(_ stores: [CopyEmitter.Store]) throws -> Acceptance {
        let batch = EventBatch(tag: "t")
        try batch.add(#"{"k":1}"#)
        return CopyEmitter(stores, log: log).emit(Events.Batch(batch.tag), storage: &batch.storage, rows: &batch.rows)
    }

    private func store(_ emitter: any Emitter, ignore: Bool = false, ifFailed: Bool = false) -> CopyEmitter.Store {
        var store = CopyEmitter.Store(emitter)
        store.ignoresError = ignore
        store.ignoresIfPreviousSucceeded = ifFailed
        return store
    }

    @Test("each store gets the records as they came, whatever the one before made of them")
    func independent() throws {
        let journal = Journal()
        let changing = RelabelEmitter()
        let label = Router(
            [.filter(try TagPattern("**"), Dropper()), .match(try TagPattern("**"), Recorder("in", journal))],
            name: "@L", log: log)
        changing.target = label
        #expect(try send([store(changing), store(Recorder("second", journal))]) == .accepted)
        #expect(journal.entries == [#"second t {"k":1}"#])
    }

    @Test("a store that refuses stops those after it, unless it says ignore_error")
    func errors() throws {
        let journal = Journal()
        let refusing = Answering(.refused(Refusal(.full, "no")))
        #expect(try send([store(refusing), store(Recorder("second", journal))]) == .refused(Refusal(.full, "no")))
        #expect(journal.entries == [])
        #expect(try send([store(refusing, ignore: true), store(Recorder("second", journal))]) == .accepted)
        #expect(journal.entries == [#"second t {"k":1}"#])
        #expect(recorder.lines.contains { $0.contains("ignoring an error of a store") })
    }

    @Test("who hears of a refusal has the records as they came") func refusedAsTheyCame() throws {
        let batch = EventBatch(tag: "t")
        try batch.add(#"{"k":1}"#)
        let copy = CopyEmitter([store(PartlyRefusing(.refused(Refusal(.full, "no"))))], log: log)
        _ = copy.emit(Events.Batch(batch.tag), storage: &batch.storage, rows: &batch.rows)
        #expect(batch.lines == [#"{"k":1}"#])
    }

    @Test("ignore_if_prev_success takes the batch only when the store before it failed")
    func standBy() throws {
        let journal = Journal()
        _ = try send([store(Recorder("1", journal)), store(Recorder("2", journal), ifFailed: true)])
        #expect(journal.entries == [#"1 t {"k":1}"#])
        journal.entries = []
        _ = try send([
            store(Answering(.refused(Refusal(.full, "no"))), ignore: true),
            store(Recorder("2", journal), ifFailed: true),
        ])
        #expect(journal.entries == [#"2 t {"k":1}"#])
    }

    @Test("the fullest store decides how fast the input may go")
    func full() throws {
        #expect(try send([store(Answering(.acceptedFull)), store(Answering(.accepted))]) == .acceptedFull)
    }
}

@Suite struct RoundRobinEmitterTests {
    private func turns(_ weights: Int...) -> StoreTurns {
        var generator = SeededGenerator(seed: 3)
        return StoreTurns(weights: weights, using: &generator)
    }

    private func send(_ count: Int, to emitter: RoundRobinEmitter, receipt: Receipt? = nil) throws -> [Acceptance] {
        try (0..<count).map { number in
            let batch = EventBatch(tag: "t\(number)")
            try batch.add(#"{"k":1}"#)
            return emitter.emit(
                Events.Batch(batch.tag, receipt: receipt), storage: &batch.storage, rows: &batch.rows)
        }
    }

    @Test("each batch goes to one store, in turn, as often as the weights say")
    func turn() throws {
        let journal = Journal()
        let stores = ["a", "b", "c"].map { Recorder($0, journal) }
        let answers = try send(40, to: RoundRobinEmitter(stores, turns: turns(1, 3, 0)))
        #expect(answers.allSatisfy { $0 == .accepted })
        #expect(journal.entries.count == 40)
        #expect(journal.entries.count { $0.hasPrefix("a ") } == 10)
        #expect(journal.entries.count { $0.hasPrefix("b ") } == 30)
        // In turn, not by chance: the order repeats.
        let order = journal.entries.map { $0.prefix(1) }
        #expect(Array(order[0..<20]) == Array(order[20...]))
    }

    @Test("loops share the turns")
    func shared() throws {
        let journal = Journal()
        let shared = turns(1, 1)
        let loops = (0..<2).map { _ in RoundRobinEmitter(["a", "b"].map { Recorder($0, journal) }, turns: shared) }
        for _ in 0..<10 { for loop in loops { _ = try send(1, to: loop) } }
        #expect(journal.entries.count { $0.hasPrefix("a ") } == 10)
    }

    @Test(
        "what the store answers is the answer: a refusal is not tried on another, and leaves the records as they came")
    func refused() throws {
        let no = Acceptance.refused(Refusal(.full, "no"))
        let emitter = RoundRobinEmitter([Answering(no), Answering(.acceptedFull)], turns: turns(1, 1))
        let answers = try send(10, to: emitter)
        #expect(answers.count { $0 == no } == 5)
        #expect(answers.count { $0 == .acceptedFull } == 5)
        let batch = EventBatch(tag: "t")
        try batch.add(#"{"k":1}"#)
        let changing = RoundRobinEmitter([PartlyRefusing(no)], turns: turns(1))
        #expect(changing.emit(Events.Batch(batch.tag), storage: &batch.storage, rows: &batch.rows) == no)
        #expect(batch.lines == [#"{"k":1}"#])
    }

    @Test("the one store that gets a batch gets its receipt")
    func receipts() throws {
        let holders = (Holding(), Holding())
        let emitter = RoundRobinEmitter([holders.0, holders.1], turns: turns(1, 1))
        let receipt = Receipt { _ in }
        _ = try send(4, to: emitter, receipt: receipt)
        #expect(holders.0.count == 2 && holders.1.count == 2)
    }
}

// MARK: - Stages that write down

private final class Holding: Emitter {
    private(set) var count = 0

    func emit(_ batch: Events.Batch, storage: inout ByteBuffer, rows: inout Rows) -> Acceptance {
        if batch.receipt != nil { count += 1 }
        return .accepted
    }
}

final class Journal { var entries: [String] = [] }

final class Marker: Filter {
    private let name: String
    private let journal: Journal
    init(_ name: String, _ journal: Journal) { (self.name, self.journal) = (name, journal) }
    func apply(_ batch: Events.Batch, storage: inout ByteBuffer, rows: inout Rows) {
        journal.entries.append("filter \(name)")
    }
}

final class Dropper: Filter {
    func apply(_ batch: Events.Batch, storage: inout ByteBuffer, rows: inout Rows) { rows.records.removeAll() }
}

/// Refuses every n-th record, the last of each n.
/// Raises an error about each record.
private final class Raiser: Filter {
    func apply(_ batch: Events.Batch, storage: inout ByteBuffer, rows: inout Rows) {
        for record in rows.records {
            rows.rejections.append(Rejection(record: record, kind: "Test", reason: "raised", stage: "raiser"))
        }
        if !batch.raisedRecordsGoOn { rows.records = [] }
    }
}

private final class WholeStreams: Filter {
    var takesWholeStreams: Bool { true }
    func apply(_ batch: Events.Batch, storage: inout ByteBuffer, rows: inout Rows) {}
}

final class Refuser: Filter {
    private let every: Int
    init(every: Int) { self.every = every }
    func apply(_ batch: Events.Batch, storage: inout ByteBuffer, rows: inout Rows) {
        var kept: [Record] = []
        for (index, record) in rows.records.enumerated() {
            if index % every == every - 1 {
                rows.rejections.append(Rejection(record: record, kind: "Test", reason: "no reason"))
            } else {
                kept.append(record)
            }
        }
        rows.records = kept
    }
}

final class Recorder: Emitter {
    private let name: String
    private let journal: Journal
    init(_ name: String, _ journal: Journal) { (self.name, self.journal) = (name, journal) }
    func emit(_ batch: Events.Batch, storage: inout ByteBuffer, rows: inout Rows) -> Acceptance {
        let tag = batch.tag
        for record in rows.records {
            var out = ByteBuffer()
            out.appendJSONObject(record, rows, storage)
            journal.entries.append("\(name) \(tag.text) \(String(decoding: out.array(), as: UTF8.self))")
        }
        return .accepted
    }
}

/// Refuses the last record by itself and takes it out, as an output does whose formatter cannot write it.
private final class PartlyRefusing: Emitter {
    private let answer: Acceptance
    init(_ answer: Acceptance) { self.answer = answer }
    func emit(_ batch: Events.Batch, storage: inout ByteBuffer, rows: inout Rows) -> Acceptance {
        if let last = rows.records.popLast() {
            rows.rejections.append(Rejection(record: last, kind: "Refused", reason: "no"))
        }
        return answer
    }
}

final class Answering: Emitter {
    private let answer: Acceptance
    init(_ answer: Acceptance) { self.answer = answer }
    func emit(_ batch: Events.Batch, storage: inout ByteBuffer, rows: inout Rows) -> Acceptance { answer }
}
