internal import Events

/// One delivery as several requests, when it has to be: parts below `bulk_message_request_threshold`, and halves of what was
/// refused as a whole, to find the one item that is to blame (an id that is too long makes servers refuse all).
struct BulkGroups {
    /// How often one delivery is halved: enough for a few culprits in the largest chunk, too few to flood a server that
    /// refuses everything.
    static let maximumHalvings = 64

    private var waiting: [ItemSet]
    private let isSingle: Bool
    private var halvings = 0
    private var retry = ItemSet()
    private var rejected: [RejectedItem] = []
    private var reason = Refusal(.busy, "")
    private var delivered = 0
    /// The answer when it holds for the delivery as a whole.
    private var whole: DeliveryOutcome?

    init(_ chunk: SealedChunk, _ items: ItemSet, limitBytes: Int?) {
        guard let limitBytes else {
            waiting = [items]
            isSingle = true
            return
        }
        var groups: [ItemSet] = [ItemSet()]
        var size = 0
        for item in items {
            let length = Int(chunk.body.items[item].source.length)
            if size + length > limitBytes && !groups[groups.count - 1].isEmpty {
                groups.append(ItemSet())
                size = 0
            }
            groups[groups.count - 1].append(item)
            size += length
        }
        waiting = groups
        isSingle = groups.count == 1
    }

    mutating func next() -> ItemSet? { waiting.isEmpty || whole != nil ? nil : waiting.removeFirst() }

    mutating func note(_ outcome: DeliveryOutcome, for group: ItemSet) {
        switch outcome {
        case .delivered: delivered += group.count
        case .partial(let retry, let reason, let rejected):
            self.retry = self.retry.union(retry)
            self.rejected += rejected
            if !retry.isEmpty { self.reason = reason }
            delivered += group.count - retry.count - rejected.count
        case .retry(let reason, _):
            // What waits would fare no better now.
            if delivered == 0 && rejected.isEmpty && retry.isEmpty {
                whole = outcome
            } else {
                retry = waiting.reduce(retry.union(group)) { $0.union($1) }
                waiting.removeAll()
                self.reason = reason
            }
        case .tooLarge(let reason):
            if isSingle && halvings == 0 {
                whole = outcome
            } else {
                halve(group, reason, 413, "request_entity_too_large")
            }
        case .rejected(let reason): halve(group, reason, 400, "request_rejected")
        }
    }

    private mutating func halve(_ group: ItemSet, _ reason: Refusal, _ status: Int, _ type: String) {
        if group.count > 1 && halvings < Self.maximumHalvings {
            halvings += 1
            let (first, rest) = group.split(after: group.count / 2)
            waiting.insert(contentsOf: [first, rest], at: 0)
        } else {
            rejected += group.map { RejectedItem(item: $0, status: status, type: type, reason: reason.sentence) }
        }
    }

    var outcome: DeliveryOutcome {
        if let whole { return whole }
        if retry.isEmpty && rejected.isEmpty { return .delivered }
        return .partial(retry: retry, reason: reason, rejected: rejected)
    }
}
