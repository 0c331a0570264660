import Events
import TestSupport
import Testing

@testable import Outputs

@Suite("Bulk requests of one delivery")
struct RequestGroupsTests {
    private let refused = DeliveryOutcome.rejected(reason: Refusal(.invalid, "400"))
    private let large = DeliveryOutcome.tooLarge(reason: Refusal(.tooLarge, "413"))

    /// Sends groups of ten, answered by `answer`; how many requests it took, and the outcome.
    private func send(_ count: Int, _ answer: (ItemSet) -> DeliveryOutcome) -> (requests: Int, outcome: DeliveryOutcome)
    {
        var groups = RequestGroups(ItemSet(0..<count))
        var requests = 0
        while let group = groups.next(limitBytes: .max, limitDocuments: 10, size: { _ in 1 }) {
            requests += 1
            groups.note(answer(group), for: group)
        }
        return (requests, groups.outcome)
    }

    @Test("the one document that servers refuse all for is found, and nothing else is rejected") func culprit() {
        let (_, outcome) = send(100) { $0.contains(37) ? refused : .delivered }
        guard case .partial(let retry, _, let rejected) = outcome else {
            Issue.record("\(outcome)")
            return
        }
        #expect(retry == [] && rejected.map(\.item) == [37])
    }

    @Test(
        "a server that refuses everything after a while is not flooded, and the rest waits", arguments: [true, false])
    func flood(isSize: Bool) {
        let (requests, outcome) = send(1000) { $0.contains(9) || $0.count == 1 ? .delivered : isSize ? large : refused }
        #expect(requests < 3 * RequestGroups.maximumHalvings)
        guard case .partial(let retry, _, let rejected) = outcome else {
            Issue.record("\(outcome)")
            return
        }
        #expect(rejected == [])
        #expect(retry.count > 800 && retry.contains(999), "everything not delivered is sent again")
    }

    @Test("what is refused as a whole to the end is one refusal of the delivery") func all() {
        #expect(send(4) { _ in refused }.outcome == .rejected(reason: Refusal(.invalid, "400")))
    }

    @Test("halves of halves go out before what stands behind them") func order() {
        var groups = RequestGroups(ItemSet(0..<20))
        var sent: [ItemSet] = []
        while let group = groups.next(limitBytes: .max, limitDocuments: 16, size: { _ in 1 }) {
            sent.append(group)
            groups.note(group.contains(5) && group.count > 2 ? refused : .delivered, for: group)
        }
        #expect(
            sent == [
                ItemSet(0..<16), ItemSet(0..<8), ItemSet(0..<4), ItemSet(4..<8), ItemSet(4..<6), ItemSet(6..<8),
                ItemSet(8..<16), ItemSet(16..<20),
            ])
    }

    @Test("a server that goes away at the first half is sent the second one later, too") func stopAtFirstHalf() {
        var answers = [refused, .retry(reason: Refusal(.unreachable, "away"), after: 3)]
        let (_, outcome) = send(20) { _ in answers.removeFirst() }
        #expect(outcome == .retry(reason: Refusal(.unreachable, "away"), after: 3))
        answers = [.delivered, refused, .retry(reason: Refusal(.unreachable, "away"), after: 3)]
        guard case .partial(let retry, _, _) = send(30, { _ in answers.removeFirst() }).outcome else {
            Issue.record("nothing waits")
            return
        }
        #expect(retry == ItemSet(10..<30))
    }

    @Test("what an item needs in a request is counted near enough, with and without a kept record")
    func sizes() throws {
        for removes in [false, true] {
            var settings = ElasticsearchSettings()
            settings.removeKeys = removes ? ["secret"] : []
            var batch = SampleBatch()
            for number in 0..<3 {
                let text = String(repeating: "x", count: 1000 * number)
                try batch.add("{\"secret\":1,\"m\":\"\(text)\"}")
            }
            let chunk = batch.format(with: try ElasticsearchFormatter(settings))
            let sizes = BulkSizes(chunk)
            for item in 0..<3 {
                let exact = BulkBody(chunk, items: [item], BulkDialect()).byteCount
                #expect((exact - 20...exact + 100).contains(sizes.bytes(of: item)), "\(exact)")
            }
        }
    }

    @Test("a kept record that is cut short gives no fields") func cutRecord() throws {
        let batch = EventBatch()
        try batch.add(#"{"a":1,"b":"text"}"#)
        var out = ByteBuffer()
        KeptRecord.append(batch.rows.records[0], batch.rows, batch.storage, to: &out)
        let whole = KeptRecord.slice(at: 0, before: out.count, out) ?? .empty
        var rows = Rows()
        let isWhole = KeptRecord.appendFields(whole, out, to: &rows)
        #expect(isWhole && rows.fields.count == 2)
        for length in 0..<Int(whole.length) {
            let cut = Slice(offset: Int(whole.offset), length: length)
            let isTaken = KeptRecord.appendFields(cut, out, to: &rows)
            #expect(!isTaken && rows.fields.count == 2)
        }
    }

    @Test("when the server goes away, halves and the rest wait; what was delivered is not sent again") func stop() {
        var answers = [refused, .delivered, .retry(reason: Refusal(.unreachable, "away"), after: 3)]
        let (requests, outcome) = send(20) { _ in answers.removeFirst() }
        #expect(requests == 3)
        guard case .partial(let retry, _, let rejected) = outcome else {
            Issue.record("\(outcome)")
            return
        }
        #expect(retry == ItemSet(5..<20) && rejected == [])
    }
}
