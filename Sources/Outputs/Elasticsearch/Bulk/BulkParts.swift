internal import Events

/// The items of a chunk by where they go, where that decides about a request or about what has to be done before.
struct BulkParts {
    private(set) var parts: [ItemSet] = []

    /// - Parameter byTag: items of one index and two tags are of two parts.
    init(_ chunk: LoadedChunk, _ items: ItemSet, byTag: Bool) {
        struct Key: Hashable {
            var index: [UInt8]
            var tag: UInt32
        }
        let indices = chunk.body.labels.map { BulkLabel(bytes: $0)?.index ?? [] }
        var places: [Key: Int] = [:]
        // Neighbours mostly go to the same place.
        var last: (label: Int, tag: UInt32, place: Int) = (-1, 0, 0)
        for number in items {
            let item = chunk.item(number)
            let (label, tag) = (Int(item.label), byTag ? UInt32(item.tag) : 0)
            if label != last.label || tag != last.tag {
                let key = Key(index: indices[label], tag: tag)
                let place = places[key] ?? parts.count
                if place == parts.count {
                    places[key] = place
                    parts.append(ItemSet())
                }
                last = (label, tag, place)
            }
            parts[last.place].append(number)
        }
    }
}

/// One outcome of those of the parts.
struct PartOutcomes {
    private var delivered = 0
    private var retry = ItemSet()
    private var reason = Refusal(.busy, "")
    private var after: Double?
    private var rejected: [RejectedItem] = []
    /// Parts that were refused as a whole.
    private var refused: [(items: ItemSet, reason: Refusal)] = []
    /// What comes next would fare no better now.
    private(set) var isStopped = false

    mutating func note(_ outcome: DeliveryOutcome, for part: ItemSet) {
        switch outcome {
        case .delivered: delivered += part.count
        case .partial(let again, let why, let refusals):
            delivered += part.count - again.count - refusals.count
            rejected += refusals
            if !again.isEmpty { noteRetry(again, why, nil) }
        case .retry(let why, let seconds):
            noteRetry(part, why, seconds)
            // The others are not to blame for what is wrong with one index.
            isStopped = seconds != nil || [.unreachable, .timeout, .busy, .stopping].contains(why.kind)
        case .tooLarge(let why): noteRetry(part, why, nil)
        case .rejected(let why): refused.append((part, why))
        }
    }

    /// Parts that were not tried.
    mutating func postpone(_ part: ItemSet) { retry = retry.union(part) }

    private mutating func noteRetry(_ items: ItemSet, _ why: Refusal, _ seconds: Double?) {
        if retry.isEmpty { reason = why }
        retry = retry.union(items)
        if let seconds { after = max(after ?? 0, seconds) }
    }

    var outcome: DeliveryOutcome {
        if delivered == 0, rejected.isEmpty, refused.isEmpty, !retry.isEmpty {
            return .retry(reason: reason, after: after)
        }
        // Nothing in it was welcome: it goes where undeliverable chunks go.
        if delivered == 0, rejected.isEmpty, retry.isEmpty, let first = refused.first {
            return .rejected(reason: first.reason)
        }
        let whole = refused.flatMap { part, reason in
            part.map { RejectedItem(item: $0, status: 400, type: "request_rejected", reason: reason.sentence) }
        }
        if retry.isEmpty && rejected.isEmpty && whole.isEmpty { return .delivered }
        return .partial(retry: retry, reason: reason, rejected: (rejected + whole).sorted { $0.item < $1.item })
    }
}
