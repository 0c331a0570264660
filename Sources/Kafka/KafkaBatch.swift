/// Messages of one partition, in order, as they came.
package struct KafkaBatch: Sendable {
    package struct Message: Sendable {
        /// In `bytes`; nil: the message has none (a tombstone has no value).
        package var key: Range<Int>?
        package var value: Range<Int>?
        /// In `headers`.
        package var headers: Range<Int>
        package var offset: Int64
        /// Milliseconds since 1970; nil: the topic keeps none.
        package var timestampMilliseconds: Int64?
    }

    package let topic: String
    package let partition: Int32
    /// Counts the times that the partition came to this consumer.
    package let assignment: Int
    package internal(set) var bytes: [UInt8] = []
    package internal(set) var messages: [Message] = []
    /// Names and values, in `bytes`.
    package internal(set) var headers: [(name: Range<Int>, value: Range<Int>?)] = []

    /// Where the partition is read on once all of it is safe.
    package internal(set) var nextOffset: Int64 = 0

    init(topic: String, partition: Int32, assignment: Int) {
        (self.topic, self.partition, self.assignment) = (topic, partition, assignment)
    }

    /// One message without a key, as it would come from the beginning of a topic: for tries.
    package init(topic: String, value: [UInt8]) {
        self.init(topic: topic, partition: 0, assignment: 0)
        bytes = value
        messages = [
            Message(key: nil, value: 0..<value.count, headers: 0..<0, offset: 0, timestampMilliseconds: nil)
        ]
    }

    /// Its place alone, for whoever waits until it is safe.
    package var withoutMessages: KafkaBatch {
        var place = KafkaBatch(topic: topic, partition: partition, assignment: assignment)
        place.nextOffset = nextOffset
        return place
    }
}
