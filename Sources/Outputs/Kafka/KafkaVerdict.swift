internal import Events
internal import Kafka

/// What a report means for the event: delivered, to be sent again, or refused for good. Pure.
enum KafkaVerdict: Equatable {
    case delivered
    /// The cluster says that it does not have it: `UnknownTopics` knows whether that holds.
    case missing(UnknownTopics.Missing)
    case retry(Refusal)
    /// The batch in which it was sent is refused: alone it may be taken.
    case refusedTogether(reason: String)
    case refused(reason: String)

    /// - Parameter namesPartition: whether the event says which partition it goes to.
    init(_ report: KafkaProducer.Report, topic: String, namesPartition: @autoclosure () -> Bool) {
        guard case .failed(let code, let mayBeStored) = report else {
            self = .delivered
            return
        }
        switch code {
        case .unknownTopic, .unknownTopicOrPartition: self = .missing(.topic(topic))
        case .messageTooLarge, .recordListTooLarge:
            self = .refusedTogether(
                reason: "the message is too large for topic '\(topic)': raise max.message.bytes of the topic, and "
                    + "message.max.bytes in rdkafka_options")
        // As a 401 or 403 of other services: whoever sees it gives the right, and nothing is lost meanwhile.
        case .topicAuthorizationFailed:
            self = .retry(
                Refusal(
                    .forbidden, "the account may not write to topic '\(topic)': give it the ACL operation Write on it"))
        case .clusterAuthorizationFailed:
            self = .retry(
                Refusal(
                    .forbidden,
                    "the account may not write to the cluster: give it IdempotentWrite, or set idempotent false"))
        case .unknownPartition:
            // librdkafka says it of all messages that wait for a topic when it loses sight of the topic.
            self = .missing(namesPartition() ? .partition(ofTopic: topic) : .topic(topic))
        case .corruptMessage, .invalidTimestamp, .policyViolation, .invalidRecord:
            self = .refusedTogether(reason: "topic '\(topic)' does not take the message: \(code)")
        case .invalidTopic, .unsupportedCompression, .invalidArgument:
            self = .refused(reason: "topic '\(topic)' does not take the message: \(code)")
        case .purgedInQueue, .purgedInFlight:
            self = .retry(Refusal(.stopping, "given up before a broker confirmed it"))
        case .saslAuthenticationFailed, .authentication, .tls:
            self = .retry(Refusal(.forbidden, "no broker lets the account in: \(code)"))
        case .messageTimedOut, .timedOut:
            let doubt = mayBeStored ? "; it may be in the topic all the same" : ""
            self = .retry(Refusal(.timeout, "no broker has confirmed the message in time\(doubt)"))
        case .transport, .resolve, .allBrokersDown:
            self = .retry(Refusal(.unreachable, "no broker can be reached: \(code)"))
        case .throttled, .notEnoughReplicas, .notEnoughReplicasAfterAppend:
            self = .retry(Refusal(.busy, "topic '\(topic)' takes nothing now: \(code)"))
        default: self = .retry(Refusal(.unclear, "the message was not taken: \(code)"))
        }
    }

    static func sentence(_ missing: UnknownTopics.Missing) -> String {
        switch missing {
        case .topic(let topic):
            "the cluster has no topic '\(topic)' (or the account may not see it): make it, or set "
                + "use_default_for_unknown_topic true"
        case .partition(let topic): "topic '\(topic)' does not have the partition that the event names"
        }
    }
}
