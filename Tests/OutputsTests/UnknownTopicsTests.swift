import Events
import Kafka
import Testing

@testable import Outputs

/// What a cluster says it does not have, and what becomes of the events.
@Suite("Unknown topics")
struct UnknownTopicsTests {
    @Test("that a topic is missing holds when it was said for a time; an outage in between does not count")
    func missing() {
        var unknown = UnknownTopics(patienceSeconds: 30)
        func said(_ missing: UnknownTopics.Missing, at seconds: Double) -> Bool { unknown.holds(missing, at: seconds) }
        let topic = UnknownTopics.Missing.topic("t")
        // Retries with back-off.
        #expect([0.0, 1, 3, 7, 15].map { said(topic, at: $0) } == [false, false, false, false, false])
        #expect(said(topic, at: 29.9) == false)
        #expect(said(topic, at: 30))
        #expect(said(topic, at: 31))
        #expect(said(.topic("other"), at: 31) == false)
        #expect(said(.partition(ofTopic: "t"), at: 31) == false)
        // It took one.
        unknown.stored("t")
        #expect(said(topic, at: 40) == false)
        // Nobody answered for minutes: half at most.
        #expect(said(topic, at: 400) == false)
        #expect(said(topic, at: 410) == false)
        #expect(said(topic, at: 415))
        // Long ago.
        #expect(said(topic, at: 1015) == false)
        var impatient = UnknownTopics(patienceSeconds: 0)
        let atOnce = impatient.holds(topic, at: 0)
        #expect(atOnce)
    }

    @Test("of a chunk, what a topic does not have for now is tried again; later it is refused, and the rest never")
    func judgement() {
        func judge(_ holds: Bool, refusesFailed: Bool = false) -> DeliveryOutcome {
            var judged = KafkaJudgement(refusesFailed: refusesFailed)
            let failed = KafkaProducer.Report.failed(.unknownTopic, mayBeStored: false)
            judged.note(0, .stored, .delivered, "a")
            judged.note(1, failed, .missing(.topic("b")), "b")
            judged.note(2, .stored, .delivered, "c")
            #expect(judged.takers == ["a", "c"])
            judged.settle { missing in
                #expect(missing == .topic("b"))
                return holds
            }
            return judged.outcome
        }
        guard case .partial(let retry, let reason, let rejected) = judge(false) else {
            Issue.record("all or nothing")
            return
        }
        #expect(Array(retry) == [1] && rejected.isEmpty && reason.kind == .blocked)
        for outcome in [judge(true), judge(false, refusesFailed: true)] {
            guard case .partial(let retry, _, let rejected) = outcome else {
                Issue.record("all or nothing")
                return
            }
            #expect(retry.isEmpty && rejected.map(\.item) == [1])
        }
    }
}
