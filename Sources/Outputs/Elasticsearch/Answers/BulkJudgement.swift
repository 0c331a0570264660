internal import Events

/// What the answer to one bulk request says of its items.
struct BulkJudgement {
    /// To be sent again.
    private(set) var retry = ItemSet()
    /// Why the first of those was not taken.
    private(set) var reason = Refusal(.busy, "")
    var refused: [RefusedDocument] = []
    /// The answer says nothing of any item.
    var unreadable: Refusal?

    /// In the order of the items.
    mutating func noteRetry(_ item: Int, _ why: () -> Refusal) {
        if retry.isEmpty { reason = why() }
        retry.append(item)
    }

    /// Others that are to be sent again.
    mutating func noteRetry(_ items: ItemSet, _ why: Refusal) {
        if retry.isEmpty { reason = why }
        retry = retry.union(items)
    }

    /// - Parameter count: how many items were sent.
    func outcome(of count: Int) -> DeliveryOutcome {
        if let unreadable { return .retry(reason: unreadable, after: nil) }
        if retry.isEmpty && refused.isEmpty { return .delivered }
        let told = Refusal(reason.kind, "\(retry.count) of \(count) items failed: \(reason.sentence)")
        return .partial(retry: retry, reason: retry.isEmpty ? reason : told, rejected: refused.map(\.item))
    }
}
