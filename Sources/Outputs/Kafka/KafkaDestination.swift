internal import Dispatch
package import Events
package import Kafka
package import Logging
internal import Synchronization
internal import Time

/// `@type kafka2` and its like: chunks go to the topics of a cluster as `KafkaFormatter` wrote them, and each message is
/// delivered when its broker, and with `required_acks -1` every replica in step, has it.
package final class KafkaDestination: Destination {
    private enum Manner { case together, alone }

    private struct State {
        /// One that sends batches; one that sends each message by itself, made when a batch is refused.
        var producers: [Manner: KafkaProducer] = [:]
        var topics: Set<String> = []
        var unknown: UnknownTopics
        var isClosed = false
    }

    private let settings: KafkaOutputSettings
    private let log: Log
    private let now: @Sendable () -> Double
    private let state: Mutex<State>

    /// Makes the producer, which begins to look for its brokers; throws what is wrong with its settings.
    ///
    /// - Parameter now: seconds of a clock that never jumps.
    package init(
        _ settings: KafkaOutputSettings, log: Log = .discarding,
        now: @escaping @Sendable () -> Double = { Double(Clock.monotonicMilliseconds()) / 1000 }
    ) throws(KafkaSetupError) {
        (self.settings, self.log, self.now) = (settings, log, now)
        state = Mutex(State(unknown: UnknownTopics(patienceSeconds: settings.unknownTopicSeconds)))
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
        var judged = KafkaJudgement(refusesFailed: settings.refusesFailed)
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
                let verdict = parts.verdict(report, on: item, topic: topic)
                switch verdict {
                case .missing(.topic) where settings.topicForUnknown != nil && settings.topicForUnknown != topic:
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
        state.withLock { state in
            for topic in judged.takers { state.unknown.stored(topic) }
            judged.settle { state.unknown.holds($0, at: now()) }
        }
        return judged.outcome
    }

    /// Sends messages by themselves that were refused in a batch: only who is to blame is refused again.
    private func deliverAlone(
        _ items: [Int], _ chunk: LoadedChunk, _ parts: KafkaMessages, _ judged: inout KafkaJudgement
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
            judged.note(item, report, parts.verdict(report, on: item, topic: topic), topic)
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
