internal import Dispatch
package import Events
package import Kafka
package import Logging
internal import Synchronization

/// `@type kafka2` and its like: chunks go to the topics of a cluster as `KafkaFormatter` wrote them, and each message is
/// delivered when its broker, and with `required_acks -1` every replica in step, has it.
package final class KafkaDestination: Destination {
    private enum Manner { case together, alone }

    private struct State {
        /// One that sends batches; one that sends each message by itself, made when a batch is refused.
        var producers: [Manner: KafkaProducer] = [:]
        var topics: Set<String> = []
        var isClosed = false
    }

    private let settings: KafkaOutputSettings
    private let log: Log
    private let state = Mutex(State())

    /// Makes the producer, which begins to look for its brokers; throws what is wrong with its settings.
    package init(_ settings: KafkaOutputSettings, log: Log = .discarding) throws(KafkaSetupError) {
        (self.settings, self.log) = (settings, log)
        let made = try Self.makeProducer(settings, log, .together)
        state.withLock { $0.producers[.together] = made }
    }

    private static func makeProducer(
        _ settings: KafkaOutputSettings, _ log: Log, _ manner: Manner
    ) throws(KafkaSetupError) -> KafkaProducer {
        let alone = [KafkaProperty("batch.num.messages", "1"), KafkaProperty("queue.buffering.max.ms", "0")]
        return try KafkaProducer(
            settings.properties + (manner == .alone ? alone : []), hash: settings.hash,
            onFailure: { code, reason in
                log.limited(.warn, kind: code.name, "kafka: \(reason)", ["error": code.name])
            }, onLog: { _, text in log.debug("librdkafka: \(text)") })
    }

    /// What log lines call it.
    package var name: String { "kafka \(settings.brokers)" }

    /// Ends the producers: what is not confirmed goes back to its buffer. Blocks for a bounded time.
    package func close() {
        let producers = state.withLock { state in
            state.isClosed = true
            defer { state.producers = [:] }
            return Array(state.producers.values)
        }
        for producer in producers { producer.close() }
    }

    /// A producer that is in use; a new one where there is none, or librdkafka has given up on it. nil: closed.
    private func producer(_ manner: Manner) throws(KafkaSetupError) -> KafkaProducer? {
        let (current, isClosed) = state.withLock { ($0.producers[manner], $0.isClosed) }
        if isClosed { return nil }
        if let current, !current.isBroken { return current }
        let made = try Self.makeProducer(settings, log, manner)
        let (kept, left) = state.withLock { state -> (KafkaProducer?, KafkaProducer?) in
            // Another delivery was faster, or all is over.
            if state.isClosed { return (nil, made) }
            if let other = state.producers[manner], !other.isBroken { return (other, made) }
            defer { state.producers[manner] = made }
            return (made, state.producers[manner])
        }
        if let left { DispatchQueue.global().async { left.close() } }
        return kept
    }

    // MARK: - Delivery

    package func deliver(_ chunk: LoadedChunk, items: ItemSet) async -> DeliveryOutcome {
        let producer: KafkaProducer
        do throws(KafkaSetupError) {
            guard let found = try self.producer(.together) else {
                return .retry(reason: Refusal(.stopping, "the output is closed"), after: nil)
            }
            producer = found
        } catch {
            return .retry(reason: Refusal(.unreachable, "\(error)"), after: nil)
        }
        let labels = chunk.body.labels.map { KafkaLabel(bytes: $0).map { ($0.parts, topic($0)) } }
        let parts = KafkaMessages(chunk, labels, settings)
        guard items.allSatisfy({ parts.item($0) != nil }) else {
            return .retry(reason: Refusal(.storage, "an event cannot be read back from its chunk"), after: nil)
        }
        var judged = Judgement(refusesFailed: settings.refusesFailed)
        let (sent, beyond) = withinBudget(items, parts)
        for item in beyond {
            judged.refuse(
                item, .none, parts.topic(of: item),
                "more than \(KafkaLimits.topics) topics: name fewer of them by fields of the events")
        }
        var unknown: [Int] = []
        var together: [(item: Int, reason: String)] = []
        func judge(_ items: [Int], _ reports: [KafkaProducer.Report], topic other: String? = nil) {
            for (item, report) in zip(items, reports) {
                let topic = other ?? parts.topic(of: item)
                let verdict = KafkaVerdict(report, topic: topic)
                switch verdict {
                case .unknownTopic where settings.topicForUnknown != nil && settings.topicForUnknown != topic:
                    unknown.append(item)
                case .refusedTogether(let reason) where other == nil: together.append((item, reason))
                default: judged.note(item, report, verdict, topic)
                }
            }
        }
        judge(sent, await producer.deliver(sent.count, of: chunk) { parts.message(sent[$0]) })
        if let other = settings.topicForUnknown, !unknown.isEmpty {
            let again = unknown
            let reports = await producer.deliver(again.count, of: chunk) { parts.message(again[$0], topic: other) }
            judge(again, reports, topic: other)
        }
        if !together.isEmpty { await deliverAlone(together.map(\.item), chunk, parts, &judged) }
        return judged.outcome
    }

    /// Sends messages by themselves that were refused in a batch: only who is to blame is refused again.
    private func deliverAlone(
        _ items: [Int], _ chunk: LoadedChunk, _ parts: KafkaMessages, _ judged: inout Judgement
    ) async {
        var reports: [KafkaProducer.Report] = []
        if let lone = try? producer(.alone) {
            reports = await lone.deliver(items.count, of: chunk) { parts.message(items[$0]) }
        } else {
            reports = Array(repeating: .failed(.purgedInQueue, mayBeStored: false), count: items.count)
        }
        let taken = reports.count { $0 == .stored }
        if taken > 0, let first = items.first {
            log.limited(
                .warn, kind: "batch", subject: ["topic": parts.topic(of: first)],
                "the topic refused batches, and took their messages one by one: set batch.size in rdkafka_options to "
                    + "less than its max.message.bytes",
                ["topic": parts.topic(of: first), "messages": taken])
        }
        for (item, report) in zip(items, reports) {
            let topic = parts.topic(of: item)
            judged.note(item, report, KafkaVerdict(report, topic: topic), topic)
        }
    }

    private func topic(_ label: KafkaLabel) -> String { String(decoding: label.topic, as: UTF8.self) }

    /// The items whose topics the producer may know, and the others.
    private func withinBudget(_ items: ItemSet, _ parts: KafkaMessages) -> (sent: [Int], beyond: [Int]) {
        state.withLock { state in
            var last = ""
            var sent: [Int] = []
            var beyond: [Int] = []
            sent.reserveCapacity(items.count)
            for item in items {
                let topic = parts.topic(of: item)
                if topic != last, !state.topics.contains(topic) {
                    guard state.topics.count < KafkaLimits.topics else {
                        beyond.append(item)
                        continue
                    }
                    state.topics.insert(topic)
                }
                last = topic
                sent.append(item)
            }
            return (sent, beyond)
        }
    }
}

/// A chunk's items as messages.
private struct KafkaMessages: Sendable {
    let chunk: LoadedChunk
    let labels: [(parts: KafkaLabel.Parts, topic: String)?]
    let settings: KafkaOutputSettings

    init(_ chunk: LoadedChunk, _ labels: [(KafkaLabel.Parts, String)?], _ settings: KafkaOutputSettings) {
        self.chunk = chunk
        self.labels = labels.map { $0.map { (parts: $0.0, topic: $0.1) } }
        self.settings = settings
    }

    func topic(of item: Int) -> String {
        let label = Int(chunk.item(item).label)
        return labels.indices.contains(label) ? labels[label]?.topic ?? "" : ""
    }

    func item(_ number: Int) -> KafkaItem? {
        let entry = chunk.item(number)
        guard labels.indices.contains(Int(entry.label)), let label = labels[Int(entry.label)] else { return nil }
        return KafkaItem(label.parts, entry.source, chunk.body.bytes)
    }

    func message(_ number: Int, topic other: String? = nil) -> KafkaMessage {
        // Looked at before anything is sent.
        guard let item = item(number) else { return KafkaMessage(topic: "", value: .empty) }
        var message = KafkaMessage(topic: other ?? topic(of: number), value: item.value)
        message.key = item.key
        message.partitionKey = item.partitionKey.map { chunk.body.bytes.array($0) }
        message.partition = item.partition
        message.headers =
            settings.headers
            + item.headers.map {
                KafkaHeader(name: chunk.body.bytes.array($0.name), value: chunk.body.bytes.array($0.value))
            }
        if settings.usesEventTime {
            let time = chunk.item(number).time
            message.timestampMilliseconds = max(time.seconds * 1000 + Int64(time.nanoseconds) / 1_000_000, 1)
        }
        return message
    }
}

/// What became of a chunk's items, as its reports say.
private struct Judgement {
    let refusesFailed: Bool
    private var retry: [Int] = []
    private var reason: Refusal?
    private var rejected: [RejectedItem] = []
    private var deliveredCount = 0

    init(refusesFailed: Bool) { self.refusesFailed = refusesFailed }

    mutating func note(_ item: Int, _ report: KafkaProducer.Report, _ verdict: KafkaVerdict, _ topic: String) {
        var code = KafkaErrorCode.none
        if case .failed(let failed, _) = report { code = failed }
        switch verdict {
        case .delivered: deliveredCount += 1
        case .unknownTopic: refuse(item, code, topic, KafkaVerdict.refusedUnknown(topic))
        case .refused(let reason), .refusedTogether(let reason): refuse(item, code, topic, reason)
        case .retry(let refusal) where refusesFailed && refusal.kind != .stopping:
            refuse(item, code, topic, refusal.sentence)
        case .retry(let refusal):
            retry.append(item)
            if reason == nil { reason = refusal }
        }
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

extension KafkaDestination {
    /// The first message of a chunk, for people.
    package static func preview(_ chunk: LoadedChunk, _ settings: KafkaOutputSettings) -> (
        topic: String, key: String?, message: String
    )? {
        let labels = chunk.body.labels.map { label in
            KafkaLabel(bytes: label).map { ($0.parts, String(decoding: $0.topic, as: UTF8.self)) }
        }
        let parts = KafkaMessages(chunk, labels, settings)
        guard let number = chunk.allItems.first, let item = parts.item(number) else { return nil }
        func text(_ slice: Slice) -> String {
            var text = ByteBuffer(capacity: Int(slice.length))
            text.append(slice, of: chunk.body.bytes)
            text.makeSafe(from: 0)
            return text.text(Slice(offset: 0, length: text.count))
        }
        return (parts.topic(of: number), item.key.map(text), text(item.value))
    }
}
