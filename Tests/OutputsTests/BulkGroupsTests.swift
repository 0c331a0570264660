import Events
import Testing

@testable import Outputs

@Suite("Bulk requests of one delivery")
struct BulkGroupsTests {
    private let refused = DeliveryOutcome.rejected(reason: Refusal(.invalid, "400"))
    private let large = DeliveryOutcome.tooLarge(reason: Refusal(.tooLarge, "413"))

    /// Sends groups of ten, answered by `answer`; how many requests it took, and the outcome.
    private func send(_ count: Int, _ answer: (ItemSet) -> DeliveryOutcome) -> (requests: Int, outcome: DeliveryOutcome)
    {
        var groups = BulkGroups(ItemSet(0..<count))
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
        #expect(requests < 3 * BulkGroups.maximumHalvings)
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
