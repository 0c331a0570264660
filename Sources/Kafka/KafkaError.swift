/// A number that a broker or librdkafka gives for what went wrong: positive ones are of the protocol
/// (https://kafka.apache.org/protocol#protocol_error_codes), negative ones librdkafka's own (`rdkafka.h`).
package struct KafkaErrorCode: RawRepresentable, Hashable, Sendable, CustomStringConvertible {
    package let rawValue: Int32

    package init(rawValue: Int32) { self.rawValue = rawValue }

    package static let none = KafkaErrorCode(rawValue: 0)

    // Of brokers.
    package static let corruptMessage = KafkaErrorCode(rawValue: 2)
    package static let unknownTopicOrPartition = KafkaErrorCode(rawValue: 3)
    package static let messageTooLarge = KafkaErrorCode(rawValue: 10)
    package static let invalidTopic = KafkaErrorCode(rawValue: 17)
    package static let recordListTooLarge = KafkaErrorCode(rawValue: 18)
    package static let notEnoughReplicas = KafkaErrorCode(rawValue: 19)
    package static let notEnoughReplicasAfterAppend = KafkaErrorCode(rawValue: 20)
    package static let topicAuthorizationFailed = KafkaErrorCode(rawValue: 29)
    package static let clusterAuthorizationFailed = KafkaErrorCode(rawValue: 31)
    package static let invalidTimestamp = KafkaErrorCode(rawValue: 32)
    package static let policyViolation = KafkaErrorCode(rawValue: 44)
    package static let throttled = KafkaErrorCode(rawValue: 89)
    package static let saslAuthenticationFailed = KafkaErrorCode(rawValue: 58)
    package static let unsupportedCompression = KafkaErrorCode(rawValue: 76)
    package static let invalidRecord = KafkaErrorCode(rawValue: 87)

    // Of librdkafka.
    package static let transport = KafkaErrorCode(rawValue: -195)
    package static let resolve = KafkaErrorCode(rawValue: -193)
    package static let messageTimedOut = KafkaErrorCode(rawValue: -192)
    package static let unknownPartition = KafkaErrorCode(rawValue: -190)
    package static let unknownTopic = KafkaErrorCode(rawValue: -188)
    package static let allBrokersDown = KafkaErrorCode(rawValue: -187)
    package static let invalidArgument = KafkaErrorCode(rawValue: -186)
    package static let timedOut = KafkaErrorCode(rawValue: -185)
    package static let queueFull = KafkaErrorCode(rawValue: -184)
    package static let tls = KafkaErrorCode(rawValue: -181)
    package static let authentication = KafkaErrorCode(rawValue: -169)
    package static let purgedInQueue = KafkaErrorCode(rawValue: -152)
    package static let purgedInFlight = KafkaErrorCode(rawValue: -151)
    package static let fatal = KafkaErrorCode(rawValue: -150)

    /// librdkafka's name for it: `MSG_SIZE_TOO_LARGE`, `_MSG_TIMED_OUT`.
    package var name: String { LibrdKafka.name(of: self) }
    /// librdkafka's sentence: `Broker: Message size too large`.
    package var sentence: String { LibrdKafka.sentence(of: self) }
    package var description: String { "\(sentence) (\(name))" }
}

/// A client that cannot be made: a property that librdkafka does not take, or files that it cannot read.
package struct KafkaSetupError: Error, Equatable, CustomStringConvertible {
    /// librdkafka's name of the property; nil: it is none alone.
    package let property: String?
    package let message: String

    package init(property: String? = nil, _ message: String) { (self.property, self.message) = (property, message) }

    package var description: String { message }
}

/// One property of librdkafka (its `CONFIGURATION.md`); of two with one name the last counts.
package struct KafkaProperty: Sendable, Equatable {
    package let name: String
    package let value: String

    package init(_ name: String, _ value: String) { (self.name, self.value) = (name, value) }

    /// Throws what librdkafka says about it: the name is not known, or the value is none.
    package func check() throws(KafkaSetupError) { try LibrdKafka.check([self]) }
}
