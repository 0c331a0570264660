internal import Synchronization

/// The records of a batch, as places in the batch's storage.
///
/// Storage and rows are two owners side by side, because a span of one stored property borrows the whole struct:
/// stages take `(inout ByteBuffer, inout Rows)`.
///
/// Invariants every stage keeps:
/// - The storage and `fields` only grow within a batch. A stage that changes a record writes new fields at the end and
///   points the record at them; it never changes a field in place. So a snapshot of `records` is a snapshot of the batch,
///   which is how one batch goes to several outputs.
/// - A record has no two fields with equal keys.
@usableFromInline package struct Rows: ~Copyable, Sendable {
    @usableFromInline package var records: [Record] = []
    @usableFromInline package var fields: FieldArray
    /// Records that a stage refused, with the reason; whoever drives the chain routes them and clears the list.
    @usableFromInline package var rejections: [Rejection] = []
    /// The messages of records that carry an `origin`, in the order of those.
    private var messages: [RecordMessage] = []
    /// Of batches with such messages, which this one is.
    private var batch: UInt64 = 0
    private static let nextBatch = Atomic<UInt64>(0)
    /// Origins of the records that somebody follows, by their numbers.
    private var followed: [UInt32] = []
    /// Values of extension types that were read into these rows since the reader was last asked.
    package var extensions = ExtensionTypes()
    /// Scratch for duplicate keys in wide records, kept between batches.
    var keyTable = KeyTable()

    package init(fieldCapacity: Int = 1024) { fields = FieldArray(capacity: fieldCapacity) }

    @inlinable package var isEmpty: Bool { records.isEmpty }

    /// Forgets everything and keeps the capacity.
    package mutating func clear() {
        if !records.isEmpty { records.removeAll(keepingCapacity: true) }
        if !rejections.isEmpty { rejections.removeAll(keepingCapacity: true) }
        if !messages.isEmpty { messages.removeAll(keepingCapacity: true) }
        if !followed.isEmpty { followed.removeAll() }
        fields.truncate(to: 0)
    }

    /// As `clear`, and gives memory back that one wide batch has left behind.
    package mutating func clear(keepingAtMost fieldCount: Int) {
        clear()
        fields.shrink(toAtMost: fieldCount)
        if records.capacity > fieldCount { records = [] }
        if keyTable.places.count > KeyTable.keptPlaces { keyTable = KeyTable() }
    }

    /// Forgets what was added since a mark, for a message that turned out to be broken.
    package mutating func rollBack(records recordCount: Int, fields fieldCount: Int) {
        records.removeLast(records.count - recordCount)
        fields.truncate(to: fieldCount)
        keyTable.first = -1
    }

    /// Says of which message the last records are: all from `first` on.
    ///
    /// - Parameters:
    ///   - name: what its client calls it, in the storage.
    ///   - position: of the first of them in the message, from 0.
    ///   - time: of the message's first event, as its client sent it; nil: of the first of these.
    package mutating func setMessage(_ name: Slice, from first: Int, position: Int = 0, time: EventTime? = nil) {
        let count = records.count - first
        guard count > 0 else { return }
        if messages.isEmpty { batch = Self.nextBatch.wrappingAdd(1, ordering: .relaxed).newValue }
        let start = messages.last?.end ?? 1
        messages.append(
            RecordMessage(
                name: name, time: time ?? records[first].time, start: start, end: start + count, position: position))
        for index in 0..<count {
            records[first + index].origin = UInt32(truncatingIfNeeded: start + index) & ~Record.followedBit
        }
    }

    /// Where a record came from.
    package struct Origin {
        /// Of the message, in the storage.
        package let name: Slice
        /// Of the message's first event, as its client sent it.
        package let time: EventTime
        /// Among the events of the message.
        package let position: Int
        /// One number for each batch of the process.
        package let batch: UInt64
    }

    /// Which message a record came with, and as which of its events. nil: the message has no name.
    package func message(of record: Record) -> Origin? {
        let origin = Int(record.followed.map { followed[$0] } ?? record.origin)
        guard origin > 0 else { return nil }
        var (low, high) = (0, messages.count)
        while low < high {
            let middle = (low + high) / 2
            if messages[middle].end <= origin { low = middle + 1 } else { high = middle }
        }
        guard low < messages.count else { return nil }
        let message = messages[low]
        return Origin(
            name: message.name, time: message.time, position: message.position + origin - message.start, batch: batch)
    }

    /// Makes a record known again, whatever stages make of it within the batch: what comes of it has its number as
    /// `Record.followed`.
    package mutating func follow(recordAt index: Int) -> Int {
        followed.append(records[index].origin)
        records[index].origin = Record.followedBit | UInt32(followed.count - 1)
        return followed.count - 1
    }

    /// Copies a record's fields to the end, for a stage that changes some of them; answers where the copy begins.
    package mutating func copyFields(of record: Record) -> Int {
        let start = fields.count
        keyTable.first = -1  // another record may have stood here and been taken back
        fields.append(copyOf: record.fieldRange)
        return start
    }

    /// The value of a top-level key; the field's index too, so that it can be left out of a copy. O(fields).
    package func find(_ key: borrowing [UInt8], in record: Record, _ storage: borrowing ByteBuffer) -> Int? {
        let range = record.fieldRange
        precondition(range.upperBound <= fields.count, "record outside the fields")
        // Nearly all other keys differ in length: one load and one comparison each.
        let length = UInt32(truncatingIfNeeded: key.count)
        for index in range {
            let found = unsafe fields.base[index].key
            if found.length == length, storage.equals(found, key) { return index }
        }
        return nil
    }
}

/// Records that came with one message.
private struct RecordMessage {
    var name: Slice
    var time: EventTime
    /// Their origins.
    var start: Int
    var end: Int
    /// Of the first one, in the message.
    var position: Int
}

/// One event: its time and where its fields are. 24 bytes.
@usableFromInline package struct Record: Sendable, BitwiseCopyable {
    @usableFromInline package var time: EventTime
    @usableFromInline package var firstField: UInt32
    @usableFromInline package var fieldCount: UInt32
    /// Whose message the record came with (`Rows.message`), whatever stages have made of it; 0: none that has a name.
    @usableFromInline package var origin: UInt32

    /// - Parameter origin: that of the record it is made from.
    @inlinable package init(time: EventTime, firstField: Int, fieldCount: Int, origin: UInt32 = 0) {
        self.time = time
        self.origin = origin
        self.firstField = UInt32(truncatingIfNeeded: firstField)
        self.fieldCount = UInt32(truncatingIfNeeded: fieldCount)
    }

    static let followedBit: UInt32 = 1 << 31

    /// The number of a record that is followed (`Rows.follow`), in place of its origin.
    package var followed: Int? { origin & Self.followedBit == 0 ? nil : Int(origin & ~Self.followedBit) }

    @inlinable package var fieldRange: Range<Int> { Int(firstField)..<(Int(firstField) + Int(fieldCount)) }
}

/// A record that a stage refused, as it was when the stage saw it.
@usableFromInline package struct Rejection: Sendable {
    package var record: Record
    /// Fluentd's name for the kind of error (`Fluent::Plugin::Parser::ParserError`), which operators grep for.
    package var kind: String
    /// A sentence, which quotes nothing of the record unless the configuration asks for that.
    package var reason: String
    /// The name of the stage that refused it; empty when that has none.
    package var stage: String

    package init(record: Record, kind: String, reason: String, stage: String = "") {
        self.record = record
        self.kind = kind
        self.reason = reason
        self.stage = stage
    }
}

/// A flat, reused array of fields: append costs a store and a compare.
///
/// Safety: as `ByteBuffer`: one owner, so it may change threads; bounds checked in every accessor.
@safe
@usableFromInline package struct FieldArray: ~Copyable, @unchecked Sendable {
    @usableFromInline var base: UnsafeMutablePointer<Field>
    @usableFromInline package internal(set) var count = 0
    @usableFromInline var capacity: Int

    package init(capacity: Int) {
        self.capacity = max(capacity, 16)
        unsafe base = .allocate(capacity: self.capacity)
    }

    deinit { unsafe base.deallocate() }

    @inlinable package subscript(_ index: Int) -> Field {
        get {
            precondition(index >= 0 && index < count, "field outside the array")
            return unsafe base[index]
        }
        set {
            precondition(index >= 0 && index < count, "field outside the array")
            unsafe base[index] = newValue
        }
    }

    @inlinable package mutating func append(_ field: Field) {
        if count == capacity { grow() }
        unsafe (base + count).initialize(to: field)
        count &+= 1
    }

    /// Adds fields of the array itself once more.
    package mutating func append(copyOf range: Range<Int>) {
        precondition(range.lowerBound >= 0 && range.upperBound <= count, "fields outside the array")
        while count &+ range.count > capacity { grow() }
        unsafe (base + count).initialize(from: base + range.lowerBound, count: range.count)
        count &+= range.count
    }

    @inlinable package mutating func truncate(to length: Int) { count = min(count, max(length, 0)) }

    /// Gives memory back when the array has grown far beyond what it is used for.
    package mutating func shrink(toAtMost limit: Int) {
        guard capacity > limit, count <= limit else { return }
        let smaller = UnsafeMutablePointer<Field>.allocate(capacity: limit)
        unsafe smaller.update(from: base, count: count)
        unsafe base.deallocate()
        unsafe base = smaller
        capacity = limit
    }

    @inline(never) @usableFromInline
    mutating func grow() {
        let larger = UnsafeMutablePointer<Field>.allocate(capacity: capacity * 2)
        unsafe larger.update(from: base, count: count)
        unsafe base.deallocate()
        unsafe base = larger
        capacity *= 2
    }
}
