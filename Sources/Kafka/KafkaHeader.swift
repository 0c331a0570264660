/// A header of a message: a name, and bytes.
package struct KafkaHeader: Sendable, Equatable {
    package let name: [UInt8]
    package let value: [UInt8]

    package init(name: [UInt8], value: [UInt8]) { (self.name, self.value) = (name, value) }
}

/// By what hash of its key a message finds its partition.
package enum KafkaPartitionHash: Sendable {
    /// What ruby-kafka and librdkafka have.
    case crc32
    /// What the Java client has.
    case murmur2
}
