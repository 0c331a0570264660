internal import Events

/// What became of a chunk whose items went to several places.
struct CombinedOutcome {
    private let all: ItemSet
    private var parts: [(outcome: DeliveryOutcome, items: ItemSet)] = []

    init(_ items: ItemSet) { all = items }

    /// Whether the server itself is the reason for what failed, so that nothing more is to be sent now.
    private(set) var isStopped = false

    mutating func note(_ outcome: DeliveryOutcome, for items: ItemSet) {
        parts.append((outcome, items))
        switch outcome {
        case .retry(let reason, _), .partial(_, let reason, _):
            let isEmpty = if case .partial(let retry, _, _) = outcome { retry.isEmpty } else { false }
            isStopped = !isEmpty && Self.concernsServer(reason.kind)
        case .delivered, .tooLarge, .rejected: break
        }
    }

    private static func concernsServer(_ kind: Refusal.Kind) -> Bool {
        switch kind {
        case .unreachable, .timeout, .busy, .forbidden, .stopping, .storage, .full: true
        case .blocked, .unclear, .invalid, .tooLarge: false
        }
    }

    var outcome: DeliveryOutcome {
        if parts.count == 1, parts[0].items == all { return parts[0].outcome }
        // Nothing in it was welcome: it goes where undeliverable chunks go.
        let refusals = parts.compactMap { if case .rejected(let why) = $0.outcome { why } else { nil } }
        if let first = refusals.first, refusals.count == parts.count,
            parts.reduce(0, { $0 + $1.items.count }) == all.count
        {
            return .rejected(reason: first)
        }
        var retry = parts.reduce(all) { $0.subtracting($1.items) }
        var reason = Refusal(.busy, "")
        var after: Double?
        var rejected: [RejectedItem] = []
        var delivered = 0
        func later(_ items: ItemSet, _ why: Refusal) {
            retry = retry.union(items)
            reason = why
        }
        for part in parts {
            switch part.outcome {
            case .delivered: delivered += part.items.count
            case .partial(let again, let why, let refused):
                if !again.isEmpty { later(again, why) }
                rejected += refused
                delivered += part.items.count - again.count - refused.count
            case .retry(let why, let seconds):
                later(part.items, why)
                after = seconds ?? after
            case .tooLarge(let why): later(part.items, why)
            case .rejected(let why):
                rejected += part.items.map {
                    RejectedItem(item: $0, status: 400, type: "request_rejected", reason: why.sentence)
                }
            }
        }
        if retry.isEmpty && rejected.isEmpty { return .delivered }
        if delivered == 0 && rejected.isEmpty { return .retry(reason: reason, after: after) }
        return .partial(retry: retry, reason: reason, rejected: rejected.sorted { $0.item < $1.item })
    }
}
