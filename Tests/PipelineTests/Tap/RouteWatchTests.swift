import Events
import Logging
import Monitor
import Synchronization
import TestSupport
import Testing

@testable import Pipeline

/// Events followed through routers: what a watch shows is what has happened, and what has happened is what would have
/// happened without it.
@Suite("Tap: following events through routers") struct RouteWatchTests {
    private let board = TapBoard()

    private func router(_ rules: [Router.Rule], _ name: String = LabelPlan.rootName) -> Router {
        Router(rules, name: name, log: .discarding)
    }

    private func filter(_ id: String, _ filter: any Filter) throws -> Router.Rule {
        .filter(try TagPattern("**"), filter, StageMetrics(stage: id))
    }

    private func match(_ id: String, _ emitter: any Emitter) throws -> Router.Rule {
        .match(try TagPattern("**"), emitter, StageMetrics(stage: id))
    }

    private func watch(_ query: TapQuery, _ routers: Router...) throws {
        let told = Mutex<[TapBoard.Watch]>([])
        board.onChange { watches in told.withLock { $0 = watches } }
        _ = try board.answer(query, since: nil)
        let watch = RouteWatch(board, told.withLock { $0 })
        for router in routers { router.watch = watch }
    }

    private func send(_ json: [String], to router: Router, tag: String = "a.b") throws -> Acceptance {
        let batch = EventBatch(tag: tag)
        for one in json { try batch.add(one) }
        return router.emit(Batch(batch.tag), storage: &batch.storage, rows: &batch.rows)
    }

    private func shown(_ query: TapQuery) throws -> [String] {
        try board.answer(query, since: 0).events.map { _, event in
            ([event.record]
                + event.steps.map { step in
                    "\(step.label == event.label ? "" : step.label + " ")\(step.stage) \(step.result)"
                        + step.records.map { " " + $0 }.joined() + (step.reason.map { " (\($0))" } ?? "")
                }).joined(separator: " | ")
        }
    }

    @Test("passed, dropped, refused and taken are told apart, event by event")
    func results() throws {
        let router = router([
            try filter("mark", Marker("1", Journal())), try filter("refuse", Refuser(every: 2)),
            try match("out", Recorder("out", Journal())),
        ])
        try watch(TapQuery(), router)
        #expect(try send([#"{"n":0}"#, #"{"n":1}"#], to: router) == .accepted)
        #expect(
            try shown(TapQuery()) == [
                #"{"n":0} | mark passed {"n":0} | refuse passed {"n":0} | out taken"#,
                #"{"n":1} | mark passed {"n":1} | refuse refused (no reason)"#,
            ])
        let empty = self.router([try filter("drop", Dropper()), try match("out", Recorder("out", Journal()))])
        empty.watch = router.watch
        #expect(try send([#"{"n":2}"#], to: empty) == .accepted)
        #expect(try shown(TapQuery()).last == #"{"n":2} | drop dropped"#)
    }

    @Test("what @ERROR makes of a refused event belongs to its way, and does not disturb that of the others")
    func errors() throws {
        let errors = router(
            [try filter("mend", Marker("e", Journal())), try match("letters", Recorder("error", Journal()))],
            LabelPlan.errorName)
        let router = router([
            try filter("refuse", Refuser(every: 2)), try filter("after", Marker("1", Journal())),
            try match("out", Recorder("out", Journal())),
        ])
        router.errorRouter = errors
        try watch(TapQuery(), router, errors)
        #expect(try send([#"{"n":0}"#, #"{"n":1}"#], to: router) == .accepted)
        #expect(
            try shown(TapQuery()) == [
                #"{"n":0} | refuse passed {"n":0} | after passed {"n":0} | out taken"#,
                #"{"n":1} | refuse refused (no reason) | @ERROR mend passed {"n":1} | @ERROR letters taken"#,
            ])
    }

    @Test("a batch that nobody takes says why")
    func refusal() throws {
        let router = router([try match("out", Answering(.refused(Refusal(.full, "no room"))))])
        try watch(TapQuery(), router)
        _ = try send(["{}"], to: router)
        #expect(try shown(TapQuery()).first?.hasPrefix("{} | out full (") == true)
    }

    @Test("a watch sees the tags, texts and stages that it asks for")
    func queries() throws {
        let journal = Journal()
        let router = router([try filter("mark", Marker("1", journal)), try match("out", Recorder("out", journal))])
        var tagged = TapQuery()
        tagged.tag = "app.**"
        _ = try board.answer(tagged, since: nil)
        var worded = TapQuery()
        worded.text = "needle"
        _ = try board.answer(worded, since: nil)
        var elsewhere = TapQuery()
        elsewhere.stage = "nowhere"
        try watch(elsewhere, router)
        _ = try send([#"{"n":"needle"}"#, #"{"n":2}"#], to: router, tag: "app.web")
        _ = try send([#"{"n":"a needle"}"#], to: router, tag: "other")
        #expect(try shown(tagged).count == 2)
        #expect(try shown(worded).count == 2)
        #expect(try shown(elsewhere).isEmpty)
        #expect(journal.entries.filter { $0.hasPrefix("out") }.count == 3)
    }

    @Test("the place of an event in its message is known while it is followed")
    func origins() throws {
        var positions: [Int] = []
        let looking = Looking { rows, record in positions.append(rows.message(of: record)?.position ?? -1) }
        let router = router([try match("out", looking)])
        try watch(TapQuery(), router)
        let batch = EventBatch(tag: "a")
        for n in 0..<3 { try batch.add(#"{"n":\#(n)}"#) }
        let name = batch.storage.append(copyOf: Array("chunk".utf8))
        batch.rows.setMessage(name, from: 0)
        _ = router.emit(Batch(batch.tag), storage: &batch.storage, rows: &batch.rows)
        #expect(positions == [0, 1, 2])
        #expect(try shown(TapQuery()).count == 3)
    }

    @Test("each event of a long batch is either shown or counted as missed")
    func longBatches() throws {
        let router = router([try match("out", Recorder("out", Journal()))])
        try watch(TapQuery(), router)
        _ = try send((0..<300).map { #"{"n":\#($0)}"# }, to: router)
        let answer = try board.answer(TapQuery(), since: 0)
        #expect(!answer.events.isEmpty)
        #expect(answer.events.count + answer.missed == 300)
    }

    @Test("long values and records are cut, and are JSON still")
    func cut() throws {
        let router = router([try match("out", Recorder("out", Journal()))])
        try watch(TapQuery(), router)
        let long = String(repeating: "é", count: 50_000)
        let many = (0..<2000).map { #""field\#($0)":"0123456789""# }.joined(separator: ",")
        _ = try send([#"{"long":"\#(long)"}"#, "{\(many)}"], to: router)
        for (_, event) in try board.answer(TapQuery(), since: 0).events {
            #expect(event.record.utf8.count < TapRecordText.recordBytes + 3 * TapRecordText.valueBytes)
            let check = EventBatch(tag: "check")
            #expect(throws: Never.self) { try check.add(event.record) }
        }
    }
}

/// An emitter that looks at each record.
private final class Looking: Emitter {
    private let look: (borrowing Rows, Record) -> Void

    init(_ look: @escaping (borrowing Rows, Record) -> Void) { self.look = look }

    func emit(_ batch: Batch, storage: inout ByteBuffer, rows: inout Rows) -> Acceptance {
        for record in rows.records { look(rows, record) }
        return .accepted
    }
}
