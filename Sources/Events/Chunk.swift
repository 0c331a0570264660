/// What an output has formatted and not yet delivered: the bytes of many events, and where each is.
///
/// ```
/// bytes   {"a":1,"@timestamp":…}{"a":2,…}{…}      what the output wrote, one piece an event
/// items   [ 0…31 label 0 tag 0 time ][ 31…58 … ]   one an event, in order
/// labels  [ "fluentd-20191217" ]                  what many events share (for Elasticsearch: the action's metadata)
/// tags    [ service.post ]
/// ```
/// Filled under the buffer's lock while it is staged, then sealed and never changed again.
@usableFromInline package struct ChunkBody: ~Copyable, Sendable {
    @usableFromInline package var bytes: ByteBuffer
    @usableFromInline package internal(set) var items: [ChunkItem] = []
    @usableFromInline package internal(set) var labels: [[UInt8]] = []
    @usableFromInline package internal(set) var tags: [Tag] = []

    @usableFromInline var lastLabel: UInt32 = 0
    @usableFromInline var lastStamp = -1

    package init(capacity: Int = 64 * 1024) { bytes = ByteBuffer(capacity: capacity) }

    /// Size in bytes as the limits count it: the formatted events and their table.
    @inlinable package var byteCount: Int { bytes.count + items.count * ChunkItem.tableBytes }

    /// Enters the event whose bytes were appended since `start`.
    @inlinable package mutating func endItem(from start: Int, label: UInt32, tag: UInt32, time: EventTime) {
        items.append(
            ChunkItem(source: Slice(offset: start, length: bytes.count - start), label: label, tag: tag, time: time))
    }

    /// Takes the last event back, bytes and all: it did not fit.
    package mutating func removeLastItem() {
        if let last = items.popLast() { bytes.truncate(to: Int(last.source.offset)) }
    }

    /// The number of a label; new ones are entered. Looks at the newest first: consecutive events share theirs.
    package mutating func label(_ label: borrowing [UInt8]) -> UInt32 {
        lastStamp = -1
        for index in labels.indices.reversed() where sameBytes(labels[index], label) { return UInt32(index) }
        labels.append(copy label)
        return UInt32(labels.count - 1)
    }

    /// The number of the label that was entered last, if it was entered under this stamp: by stamps, not negative, the one
    /// formatter that fills the chunk tells its labels apart without comparing them.
    @inlinable package func label(stamp: Int) -> UInt32? { stamp == lastStamp ? lastLabel : nil }

    /// As `label(_:)`, and enters it under a stamp.
    package mutating func label(_ label: borrowing [UInt8], stamp: Int) -> UInt32 {
        lastLabel = self.label(label)
        lastStamp = stamp
        return lastLabel
    }

    package mutating func tag(_ tag: Tag) -> UInt32 {
        for index in tags.indices.reversed() where tags[index] === tag { return UInt32(index) }
        tags.append(tag)
        return UInt32(tags.count - 1)
    }

    private func sameBytes(_ a: [UInt8], _ b: borrowing [UInt8]) -> Bool {
        guard a.count == b.count else { return false }
        for index in a.indices where a[index] != b[index] { return false }
        return true
    }
}

@usableFromInline package struct ChunkItem: Sendable, BitwiseCopyable {
    /// The event's bytes in the chunk.
    @usableFromInline package var source: Slice
    @usableFromInline package var label: UInt32
    @usableFromInline package var tag: UInt32
    @usableFromInline package var time: EventTime

    @inlinable init(source: Slice, label: UInt32, tag: UInt32, time: EventTime) {
        self.source = source
        self.label = label
        self.tag = tag
        self.time = time
    }

    @inlinable package static var tableBytes: Int { MemoryLayout<ChunkItem>.stride }
}

/// A chunk that changes no more. Shared by reference: it is sent, retried and at last dropped.
package final class SealedChunk: Sendable {
    package let body: ChunkBody
    /// Hexadecimal, unique: what log lines and backup files call it.
    package let id: String
    /// What the chunk keys made of it: `tag=service.post`, empty without keys.
    package let key: ChunkKey

    package init(_ body: consuming ChunkBody, id: String, key: ChunkKey) {
        self.body = body
        self.id = id
        self.key = key
    }

    package var allItems: ItemSet { ItemSet(0..<body.items.count) }
}

/// The chunk keys' values: events that differ in one go to different chunks (`<buffer tag,time,user>`).
package struct ChunkKey: Sendable, Hashable {
    @usableFromInline package var tag: [UInt8]?
    /// Start of the time slice, seconds since 1970.
    package var timeSlice: Int64?
    /// Values of the record keys, in the order in which the buffer section names them.
    package var fields: [[UInt8]]

    package init(tag: [UInt8]? = nil, timeSlice: Int64? = nil, fields: [[UInt8]] = []) {
        self.tag = tag
        self.timeSlice = timeSlice
        self.fields = fields
    }

    package static let none = ChunkKey()
}

/// Writes events into a chunk, on a loop thread, under the buffer's lock. One instance a loop.
package protocol ChunkFormatter: AnyObject {
    /// Formats one record and ends its item. A record that cannot be written goes to `rows.rejections`.
    ///
    /// It is called for all records of a batch in turn, so what depends on the tag alone may be cached by `tag.id`.
    func format(_ record: Record, tag: Tag, storage: inout ByteBuffer, rows: inout Rows, into chunk: inout ChunkBody)
}

/// Where sealed chunks go. Called by flush workers; safe to call from several at once.
package protocol Destination: AnyObject, Sendable {
    /// Sends the named items of a chunk, in order, and says what became of them. Never throws: every failure is an answer.
    func deliver(_ chunk: SealedChunk, items: ItemSet) async -> DeliveryOutcome
}

package enum DeliveryOutcome: Sendable, Equatable {
    case delivered
    /// Some items failed: those in `retry` can succeed later, those in `rejected` never will.
    case partial(retry: ItemSet, reason: Refusal, rejected: [RejectedItem])
    /// Nothing was delivered, and it may work later. `after`: the server asked for that many seconds.
    case retry(reason: Refusal, after: Double?)
    /// The request was too large: send it in smaller parts.
    case tooLarge(reason: Refusal)
    /// Nothing was delivered and it would be in vain to try again.
    case rejected(reason: Refusal)
}

/// An item that its destination refused for good.
package struct RejectedItem: Sendable, Equatable {
    /// Number of the item in its chunk.
    package var item: Int
    package var status: Int
    /// The destination's name for the error: `mapper_parsing_exception`.
    package var type: String
    /// For the operator: what was refused, why, and what to do.
    package var reason: String
    /// What it is about, such as a field, where that is known. Refusals alike in status, type and subject are told once.
    package var subject: String

    package init(item: Int, status: Int, type: String, reason: String, subject: String = "") {
        self.item = item
        self.status = status
        self.type = type
        self.reason = reason
        self.subject = subject
    }
}
