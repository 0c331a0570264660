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
    @usableFromInline package internal(set) var items: ItemTable
    @usableFromInline package internal(set) var labels: [[UInt8]] = []
    @usableFromInline package internal(set) var tags: [Tag] = []

    /// In which of the output's forms the bytes between the items are, those in front of the first among them: what stands
    /// there belongs to the item behind it, and with it a run of items can be sent as it is. `bare`: nothing is there;
    /// `mixed`: not the same everywhere.
    @usableFromInline package internal(set) var form = ChunkBody.bare
    @inlinable package static var bare: Int { 0 }
    @inlinable package static var mixed: Int { -1 }

    /// Labels and tags with their tables, in bytes.
    @usableFromInline package internal(set) var namesBytes = 0
    @usableFromInline var lastLabel: UInt32 = 0
    @usableFromInline var lastStamp = -1
    @usableFromInline var lastTag: UInt32 = 0
    @usableFromInline var lastTagID = -1
    /// Numbers by name, kept once there are more than `scannedNames`.
    private var labelNumbers: [[UInt8]: UInt32] = [:]
    private var tagNumbers = TagTable<UInt32>()

    private static let scannedNames = 8
    /// Beside its bytes: the objects, the table's entry, the entry by name.
    private static let bytesPerName = 96

    package init(capacity: Int = 64 * 1024, itemCapacity: Int = 0) {
        bytes = ByteBuffer(capacity: capacity)
        items = ItemTable(capacity: itemCapacity)
    }

    /// Size in bytes as `chunk_limit_size` counts it: the formatted events and their table.
    @inlinable package var byteCount: Int { bytes.count + items.count * ChunkItem.tableBytes }

    /// As `byteCount`, with labels and tags: what a chunk is filled up to.
    @inlinable package var filledBytes: Int { byteCount + namesBytes }

    /// What is allocated, used or not.
    package var memoryBytes: Int {
        bytes.capacity + items.capacity * ChunkItem.tableBytes + namesBytes
    }

    /// Gives back what was allocated and is not needed, where that is worth a copy.
    package mutating func trim() {
        if bytes.capacity - bytes.count > max(bytes.count / 2, 256) { bytes.shrink(toAtMost: bytes.count) }
        if items.capacity - items.count > max(items.count / 2, 16) { items.trim() }
        labelNumbers = [:]
        tagNumbers.removeAll()
    }

    /// Enters the event whose bytes were appended since `start`.
    ///
    /// - Parameter form: of the bytes between it and the event before.
    @inlinable package mutating func endItem(
        from start: Int, label: UInt32, tag: UInt32, time: EventTime, form: Int = ChunkBody.bare
    ) {
        if form != self.form { self.form = items.isEmpty ? form : ChunkBody.mixed }
        items.append(
            ChunkItem(source: Slice(offset: start, length: bytes.count - start), label: label, tag: tag, time: time))
    }

    /// Enters an event whose bytes stand in the body already.
    package mutating func enter(_ item: ChunkItem) {
        precondition(item.source.end <= bytes.count, "an event outside its chunk")
        items.append(item)
    }

    /// Takes the events from this number on out of the table; their bytes stay.
    package mutating func forgetItems(from number: Int) { items.truncate(to: number) }

    /// Takes the events from this number on back, bytes and all. Their labels and tags stay.
    package mutating func removeItems(from number: Int) {
        guard number < items.count else { return }
        bytes.truncate(to: number > 0 ? items[number - 1].source.end : 0)
        items.truncate(to: number)
    }

    /// Forgets all events, labels and tags; what is allocated stays.
    package mutating func clear() {
        bytes.clear()
        items.removeAll()
        labels.removeAll(keepingCapacity: true)
        tags.removeAll(keepingCapacity: true)
        form = Self.bare
        namesBytes = 0
        lastStamp = -1
        lastTagID = -1
        labelNumbers = [:]
        tagNumbers.removeAll()
    }

    /// Where items and what stands in front of them lie, one run for each range of numbers.
    package func runs(of items: ItemSet, firstItem: Int) -> [Slice] {
        items.ranges.map { range in
            let (first, last) = (range.lowerBound - firstItem, range.upperBound - firstItem - 1)
            let start = first > 0 ? self.items[first - 1].source.end : 0
            return Slice(offset: start, length: self.items[last].source.end - start)
        }
    }

    /// Adds an event of another chunk.
    package mutating func append(item number: Int, of other: borrowing ChunkBody) {
        let item = other.items[number]
        let start = bytes.count
        bytes.append(item.source, of: other.bytes)
        let label = other.labels.indices.contains(Int(item.label)) ? self.label(other.labels[Int(item.label)]) : 0
        let tag = other.tags.indices.contains(Int(item.tag)) ? self.tag(other.tags[Int(item.tag)]) : 0
        endItem(from: start, label: label, tag: tag, time: item.time)
    }

    /// The number of a label; new ones are entered. Looks at the newest first: consecutive events share theirs.
    package mutating func label(_ label: borrowing [UInt8]) -> UInt32 {
        lastStamp = -1
        for index in labels.indices.suffix(Self.scannedNames).reversed() where sameBytes(labels[index], label) {
            return UInt32(index)
        }
        let number = UInt32(labels.count)
        if labels.count >= Self.scannedNames {
            if labelNumbers.isEmpty {
                for (index, label) in labels.enumerated() { labelNumbers[label] = UInt32(index) }
            }
            let name = copy label
            if let known = labelNumbers[name] { return known }
            labelNumbers[name] = number
        }
        labels.append(copy label)
        namesBytes += label.count + Self.bytesPerName
        return number
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

    /// The number of a tag; new ones are entered. Consecutive events share theirs.
    @inlinable package mutating func tag(_ tag: Tag) -> UInt32 {
        if tag.id == lastTagID { return lastTag }
        lastTag = number(of: tag)
        lastTagID = tag.id
        return lastTag
    }

    @usableFromInline mutating func number(of tag: Tag) -> UInt32 {
        if let known = tagNumbers[tag.id] { return known }
        let number = UInt32(tags.count)
        if tags.count < Self.scannedNames {
            for index in tags.indices where tags[index] === tag { return UInt32(index) }
        } else {
            if tagNumbers.count == 0 {
                for (index, tag) in tags.enumerated() { tagNumbers.set(tag.id, UInt32(index)) }
                if let known = tagNumbers[tag.id] { return known }
            }
            tagNumbers.set(tag.id, number)
        }
        tags.append(tag)
        namesBytes += tag.bytes.count + Self.bytesPerName
        return number
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

    @inlinable package init(source: Slice, label: UInt32, tag: UInt32, time: EventTime) {
        self.source = source
        self.label = label
        self.tag = tag
        self.time = time
    }

    @inlinable package static var tableBytes: Int { MemoryLayout<ChunkItem>.stride }
}
