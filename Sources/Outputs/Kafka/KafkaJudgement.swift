internal import Events
internal import Kafka

/// What became of a chunk's items, as its reports say.
struct KafkaJudgement {
    let refusesFailed: Bool
    private var retry: [Int] = []
    private var reason: Refusal?
    private var rejected: [RejectedItem] = []
    private var deliveredCount = 0
    private var missing: [UnknownTopics.Missing: [(item: Int, code: KafkaErrorCode, topic: String)]] = [:]
    /// Topics that took messages.
    private(set) var takers: Set<String> = []
    private var lastTaker = ""

    init(refusesFailed: Bool) { self.refusesFailed = refusesFailed }

    mutating func note(_ item: Int, _ report: KafkaProducer.Report, _ verdict: KafkaVerdict, _ topic: String) {
        var code = KafkaErrorCode.none
        if case .failed(let failed, _) = report { code = failed }
        switch verdict {
        case .delivered:
            deliveredCount += 1
            if topic != lastTaker { takers.insert(topic) }
            lastTaker = topic
        case .missing(let what): missing[what, default: []].append((item, code, topic))
        case .refused(let reason), .refusedTogether(let reason): refuse(item, code, topic, reason)
        case .retry(let refusal) where refusesFailed && refusal.kind != .stopping:
            refuse(item, code, topic, refusal.sentence)
        case .retry(let refusal):
            retry.append(item)
            if reason == nil { reason = refusal }
        }
    }

    /// What the cluster says it does not have: refused where that holds, else tried again.
    mutating func settle(_ holds: (UnknownTopics.Missing) -> Bool) {
        for (what, items) in missing {
            let isRefused = holds(what) || refusesFailed
            for (item, code, topic) in items {
                if isRefused {
                    refuse(item, code, topic, KafkaVerdict.sentence(what))
                } else {
                    retry.append(item)
                }
            }
            if !isRefused, reason == nil { reason = Refusal(.blocked, KafkaVerdict.sentence(what)) }
        }
        missing = [:]
    }

    mutating func refuse(_ item: Int, _ code: KafkaErrorCode, _ topic: String, _ reason: String) {
        rejected.append(
            RejectedItem(
                item: item, status: Int(code.rawValue), type: code == .none ? "limit" : code.name, reason: reason,
                index: topic))
    }

    var outcome: DeliveryOutcome {
        if retry.isEmpty, rejected.isEmpty { return .delivered }
        let reason = reason ?? Refusal(.invalid, rejected.first?.reason ?? "")
        if deliveredCount == 0, rejected.isEmpty { return .retry(reason: reason, after: nil) }
        return .partial(
            retry: ItemSet(retry.sorted()), reason: reason, rejected: rejected.sorted { $0.item < $1.item })
    }
}
