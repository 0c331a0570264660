/// What a client of librdkafka tells its owner. Called on whichever thread polls it, or one of the client's own.
protocol KafkaClientHandler: AnyObject, Sendable {
    /// A message that was produced has met its end.
    ///
    /// - Parameter mayBeStored: whether it may be in the topic although it failed.
    func reported(_ number: UInt, _ code: KafkaErrorCode, mayBeStored: Bool)

    /// Which partition a message is for, of those whose topic has several. On the thread that produces, or one of the
    /// client's.
    func choice(for number: UInt) -> PartitionChoice

    /// The group gave this consumer partitions. On the polling thread.
    func assigned(_ places: [KafkaPlace])

    /// The group takes them away: what is safe of them can still be stored. On the polling thread.
    func revoked(_ places: [KafkaPlace])

    /// Something the operator may want to know: brokers that cannot be reached, a wrong password.
    func failed(_ code: KafkaErrorCode, _ reason: String, isFatal: Bool)

    /// librdkafka's own words, with syslog's levels.
    func logged(level: Int32, _ text: String)
}

extension KafkaClientHandler {
    func reported(_ number: UInt, _ code: KafkaErrorCode, mayBeStored: Bool) {}
    func choice(for number: UInt) -> PartitionChoice { .spread(0) }
    func assigned(_ places: [KafkaPlace]) {}
    func revoked(_ places: [KafkaPlace]) {}
}

/// How a message finds its partition.
enum PartitionChoice {
    /// By the hash of these bytes, which are not its key.
    case hash([UInt8])
    /// By the hash of its key; without one as `spread`.
    case key(orElse: Int)
    /// Messages with one number go to one partition.
    case spread(Int)
}

/// One partition of a topic, and a place in it.
package struct KafkaPlace: Sendable, Hashable {
    package let topic: String
    package let partition: Int32
    /// Of the next message; -1: the end, -2: the beginning.
    package var offset: Int64

    package init(topic: String, partition: Int32, offset: Int64 = KafkaPlace.end) {
        (self.topic, self.partition, self.offset) = (topic, partition, offset)
    }

    package static let end: Int64 = -1
    package static let beginning: Int64 = -2
}
