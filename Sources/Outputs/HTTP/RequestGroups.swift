internal import Events

/// One delivery as several requests: parts as large as the server takes, and halves of what was refused as a whole, to
/// find the one item that is to blame (an id that is too long makes servers refuse all). What was delivered is not sent
/// again when a later part fails.
struct RequestGroups {
    /// How often one delivery is halved: enough for a few culprits in the largest chunk, too few to flood a server that
    /// refuses everything.
    static let maximumHalvings = 64

    private let all: ItemSet
    /// Not sent yet, in order.
    private var rest: ItemSet
    /// Halves of what was refused, to be sent before the rest.
    private var halves: [ItemSet] = []
    private var halvings = 0
    private var retry = ItemSet()
    private var rejected: [RejectedItem] = []
    private var reason = Refusal(.busy, "")
    private var delivered = 0
    /// The reason why nothing more is sent now, and for how many seconds the server wants to be left alone.
    private var end: (reason: Refusal, after: Double?)?
    /// Items that were refused as a whole request, not by an answer of their own.
    private var refusedWhole = 0
    private var refusal = Refusal(.invalid, "")

    init(_ items: ItemSet) {
        all = items
        rest = items
    }

    /// What to send next: items whose bytes, as `size` tells them, and number are within the limits, and at least one. nil
    /// when all is done, or for now.
    mutating func next(limitBytes: Int, limitDocuments: Int, size: (Int) -> Int) -> ItemSet? {
        if end != nil { return nil }
        if !halves.isEmpty { return halves.removeFirst() }
        guard !rest.isEmpty else { return nil }
        var bytes = 0
        var count = 0
        for item in rest {
            bytes += size(item)
            if count > 0, bytes > limitBytes || count >= limitDocuments { break }
            count += 1
        }
        let (group, others) = rest.split(after: count)
        rest = others
        return group
    }

    /// - isSmall: the request was so small that a server that calls it too large does not speak of the documents.
    mutating func note(_ outcome: DeliveryOutcome, for group: ItemSet, isSmall: Bool = false) {
        switch outcome {
        case .delivered: delivered += group.count
        case .partial(let retry, let reason, let rejected):
            self.retry = self.retry.union(retry)
            self.rejected += rejected
            if !retry.isEmpty { self.reason = reason }
            delivered += group.count - retry.count - rejected.count
        case .retry(let reason, let after): stop(group, reason, after)
        case .tooLarge(let reason):
            if group.count > 1 && halvings < Self.maximumHalvings {
                halve(group)
            } else if group.count > 1 || isSmall {
                stop(group, reason, nil)
            } else {
                reject(group, reason, 413, "request_entity_too_large")
            }
        case .rejected(let reason):
            if group.count > 1 && halvings < Self.maximumHalvings {
                halve(group)
            } else if group.count > 1 && delivered > 0 {
                // Others went in, so there may be good ones among these.
                stop(group, reason, nil)
            } else {
                refusedWhole += group.count
                refusal = reason
                reject(group, reason, 400, "request_rejected")
            }
        }
    }

    private mutating func halve(_ group: ItemSet) {
        halvings += 1
        let (first, second) = group.split(after: group.count / 2)
        halves.insert(contentsOf: [first, second], at: 0)
    }

    private mutating func reject(_ group: ItemSet, _ reason: Refusal, _ status: Int, _ type: String) {
        rejected += group.map { RejectedItem(item: $0, status: status, type: type, reason: reason.sentence) }
    }

    /// What waits would fare no better now.
    private mutating func stop(_ group: ItemSet, _ reason: Refusal, _ after: Double?) {
        retry = halves.reduce(retry.union(group).union(rest)) { $0.union($1) }
        halves.removeAll()
        rest = ItemSet()
        self.reason = reason
        end = (reason, after)
    }

    var outcome: DeliveryOutcome {
        if let end, delivered == 0, rejected.isEmpty { return .retry(reason: end.reason, after: end.after) }
        if retry.isEmpty && rejected.isEmpty { return .delivered }
        // Nothing in it was welcome, and no answer spoke of a document: it goes where undeliverable chunks go.
        if refusedWhole == all.count { return .rejected(reason: refusal) }
        return .partial(retry: retry, reason: reason, rejected: rejected)
    }
}
