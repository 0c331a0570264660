import Events
import TestSupport
import Testing

@testable import Kafka

@Suite("librdkafka's client") struct KafkaProducerTests {
    /// A port at which nobody is.
    private static let nobody = [
        KafkaProperty("bootstrap.servers", "127.0.0.1:1"), KafkaProperty("message.timeout.ms", "500"),
        KafkaProperty("queue.buffering.max.messages", "100"),
    ]

    private func chunk(_ messages: Int) -> LoadedChunk {
        var body = ChunkBody(capacity: 64)
        body.bytes.append("{\"a\":1}")
        for _ in 0..<messages {
            body.enter(ChunkItem(source: body.bytes.all, label: 0, tag: 0, time: EventTime(seconds: 0)))
        }
        return LoadedChunk(body, id: "c")
    }

    private func message(_ chunk: LoadedChunk) -> KafkaMessage {
        KafkaMessage(topic: "t", value: Slice(offset: 0, length: chunk.body.bytes.count))
    }

    @Test("where no broker is, each message has a report in time, also of more than the queue holds")
    func unreachable() async throws {
        let producer = try KafkaProducer(Self.nobody)
        let chunk = chunk(250)
        let message = message(chunk)
        let reports = await producer.deliver(250, of: chunk) { _ in message }
        #expect(reports.count == 250)
        #expect(reports.allSatisfy { $0 == .failed(.messageTimedOut, mayBeStored: false) }, "\(reports.first as Any)")
        producer.close()
    }

    @Test("a task that is cancelled has its reports at once: nothing was stored")
    func cancelled() async throws {
        let slow = Self.nobody + [KafkaProperty("message.timeout.ms", "60000")]
        let producer = try KafkaProducer(slow)
        let chunk = chunk(250)
        let message = message(chunk)
        let clock = ContinuousClock()
        let start = clock.now
        let task = Task { await producer.deliver(250, of: chunk) { _ in message } }
        try await Task.sleep(for: .milliseconds(100))
        task.cancel()
        let reports = await task.value
        #expect(reports.count == 250)
        #expect(reports.allSatisfy { $0 == .failed(.purgedInQueue, mayBeStored: false) }, "\(reports.first as Any)")
        // A message is given up after a minute by itself; a busy machine takes seconds for everything.
        #expect(clock.now - start < .seconds(30))
        producer.close()
    }

    @Test("closing ends what is under way, within its bound, and later deliveries fail")
    func closed() async throws {
        let producer = try KafkaProducer(Self.nobody + [KafkaProperty("message.timeout.ms", "60000")])
        let chunk = chunk(10)
        let message = message(chunk)
        async let reports = producer.deliver(10, of: chunk) { _ in message }
        try await Task.sleep(for: .milliseconds(100))
        producer.close()
        #expect(await reports.allSatisfy { $0 == .failed(.purgedInQueue, mayBeStored: false) })
        let later = await producer.deliver(1, of: chunk) { _ in message }
        #expect(later == [.failed(.purgedInQueue, mayBeStored: false)])
    }

    @Test("a property that is none, or a value that is none, is told with its name")
    func properties() {
        #expect(throws: KafkaSetupError.self) { try KafkaProperty("linger.mss", "1").check() }
        #expect(throws: KafkaSetupError.self) { try KafkaProperty("acks", "many").check() }
        #expect(throws: Never.self) { try KafkaProperty("linger.ms", "5").check() }
    }

    @Test("a file that cannot be read is told when the client is made")
    func missingFile() {
        let properties = [
            KafkaProperty("security.protocol", "ssl"), KafkaProperty("ssl.ca.location", "/nowhere/ca.pem"),
        ]
        do {
            _ = try KafkaProducer(properties)
            Issue.record("the client was made")
        } catch {
            #expect(error.message.contains("ssl.ca.location"), "\(error)")
        }
    }

    @Test(
        "numbers of errors are librdkafka's",
        arguments: [
            (KafkaErrorCode.messageTooLarge, "MSG_SIZE_TOO_LARGE"), (.messageTimedOut, "_MSG_TIMED_OUT"),
            (.unknownTopicOrPartition, "UNKNOWN_TOPIC_OR_PART"), (.unknownTopic, "_UNKNOWN_TOPIC"),
            (.unknownPartition, "_UNKNOWN_PARTITION"), (.topicAuthorizationFailed, "TOPIC_AUTHORIZATION_FAILED"),
            (.clusterAuthorizationFailed, "CLUSTER_AUTHORIZATION_FAILED"), (.queueFull, "_QUEUE_FULL"),
            (.purgedInQueue, "_PURGE_QUEUE"), (.purgedInFlight, "_PURGE_INFLIGHT"), (.fatal, "_FATAL"),
            (.transport, "_TRANSPORT"), (.allBrokersDown, "_ALL_BROKERS_DOWN"), (.authentication, "_AUTHENTICATION"),
            (.saslAuthenticationFailed, "SASL_AUTHENTICATION_FAILED"), (.tls, "_SSL"), (.resolve, "_RESOLVE"),
            (.recordListTooLarge, "RECORD_LIST_TOO_LARGE"), (.invalidRecord, "INVALID_RECORD"),
            (.notEnoughReplicas, "NOT_ENOUGH_REPLICAS"), (.policyViolation, "POLICY_VIOLATION"),
            (.corruptMessage, "INVALID_MSG"), (.invalidTopic, "TOPIC_EXCEPTION"),
            (.throttled, "THROTTLING_QUOTA_EXCEEDED"),
            (.invalidTimestamp, "INVALID_TIMESTAMP"), (.unsupportedCompression, "UNSUPPORTED_COMPRESSION_TYPE"),
            (.invalidArgument, "_INVALID_ARG"), (.timedOut, "_TIMED_OUT"),
            (.notEnoughReplicasAfterAppend, "NOT_ENOUGH_REPLICAS_AFTER_APPEND"),
        ])
    func codes(_ code: KafkaErrorCode, _ name: String) { #expect(code.name == name) }

    @Test(
        "names that no broker takes",
        arguments: ["", "a b", "ä", ".", "..", "a/b", String(repeating: "x", count: 250), "a\0b"])
    func badTopics(_ name: String) { #expect(KafkaTopic.problem(Array(name.utf8)) != nil) }

    @Test("names that brokers take", arguments: ["a", "app.x", "A_b-9", "...", String(repeating: "x", count: 249)])
    func goodTopics(_ name: String) { #expect(KafkaTopic.problem(Array(name.utf8)) == nil) }

    @Test("a consumer that reaches no broker ends within its bound, once")
    func consumerEnds() async throws {
        let clock = ContinuousClock()
        let start = clock.now
        try await confirmation { ended in
            try await withCheckedThrowingContinuation { (continuation: CheckedContinuation<Void, any Error>) in
                do {
                    let consumer = try KafkaConsumer(
                        .group(topics: ["t"]), [Self.nobody[0], KafkaProperty("group.id", "g")],
                        onBatches: { _ in }, onEnded: { continuation.resume() })
                    consumer.close()
                } catch {
                    continuation.resume(throwing: error)
                }
            }
            ended()
        }
        #expect(clock.now - start < .seconds(KafkaLimits.endingSeconds + 20))
    }
}
