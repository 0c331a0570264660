package import Events

/// Records of one tag, decoded and not yet handed on.
final class PendingBatch {
    fileprivate(set) var tag: Tag
    fileprivate var entry: TagEntry?
    var rows = Rows(fieldCapacity: 64)
    /// The number of the hand-over that its records will leave with: by it acks know what became of them.
    var delivery = 0

    fileprivate init(_ entry: TagEntry) {
        tag = entry.tag
        self.entry = entry
    }
}

/// A tag in use on a loop's connections, and its pending records if there are any.
final class TagEntry {
    /// As the client sent it; `tag` may differ (`tag`, `add_tag_prefix`).
    fileprivate let received: [UInt8]
    fileprivate let hash: UInt64
    let tag: Tag
    fileprivate var batch: PendingBatch?

    fileprivate init(received: [UInt8], hash: UInt64, tag: Tag) {
        self.received = received
        self.hash = hash
        self.tag = tag
    }
}

/// The tags of a loop's connections, each with its rows. Docker alternates between containers message by message, so
/// what one read brought is sorted by tag first and handed on in as few batches as there are tags, in the order of
/// their first events. Where somebody reads the events one under the other (standard output), they leave as they came.
package final class PendingBatches {
    /// Tags kept between reads, so that stages find what they know of them by identity; and their bytes.
    private static let keptTags = 1 << 15
    private static let keptTagBytes = 4 << 20
    /// Rows kept for the next read: some as large as they are, more of them small.
    private static let keptLargeRows = 64
    private static let keptRows = 1024
    private static let largeRowFields = 1 << 16
    private static let smallRowFields = 256

    /// Whether records of different tags may not change places.
    var keepsOrder: Bool
    /// In the order of their first records.
    private(set) var list: [PendingBatch] = []
    /// Whose records came last, when the order is kept.
    var latest: PendingBatch?
    private(set) var recordCount = 0
    private let makeTag: ([UInt8]) -> Tag
    private var free: [PendingBatch] = []
    private var nextDelivery = 1

    // Open addressing; a tag's entry is found by a hash over all of its bytes, as clients choose their tags.
    private var places: [TagEntry?] = Array(repeating: nil, count: 256)
    private var tagCount = 0
    private var tagBytes = 0
    private let secret = UInt64.random(in: .min ... .max)
    // The two tags seen last: most streams have no more.
    private var recent: TagEntry?
    private var beforeRecent: TagEntry?

    package init(keepsOrder: Bool = false, makeTag: @escaping ([UInt8]) -> Tag) {
        self.keepsOrder = keepsOrder
        self.makeTag = makeTag
    }

    /// The batch for a tag that lies in the storage.
    func batch(for tag: Slice, _ storage: borrowing ByteBuffer) -> PendingBatch {
        if let recent, storage.equals(tag, recent.received) { return recent.batch ?? batch(of: recent) }
        if let other = beforeRecent, storage.equals(tag, other.received) {
            beforeRecent = recent
            recent = other
            return batch(of: other)
        }
        let found = entry(for: tag, storage)
        beforeRecent = recent
        recent = found
        return batch(of: found)
    }

    /// The batch for a tag that was found before.
    func batch(of entry: TagEntry) -> PendingBatch {
        if let batch = entry.batch { return batch }
        let batch: PendingBatch
        if let used = free.popLast() {
            batch = used
            batch.tag = entry.tag
            batch.entry = entry
        } else {
            batch = PendingBatch(entry)
        }
        renumber(batch)
        entry.batch = batch
        list.append(batch)
        return batch
    }

    /// For a message that is read in several parts.
    func entry(of batch: PendingBatch) -> TagEntry? { batch.entry }

    func added(_ records: Int) { recordCount += records }

    /// What is added to the batch from now on leaves with another hand-over.
    func renumber(_ batch: PendingBatch) {
        batch.delivery = nextDelivery
        nextDelivery += 1
    }

    /// How large the rows of a batch may stay when they are emptied.
    var keptRowFields: Int { list.count <= Self.keptLargeRows ? Self.largeRowFields : Self.smallRowFields }

    /// Forgets the batches: their records are handed on.
    func clear() {
        for batch in list {
            batch.entry?.batch = nil
            batch.entry = nil
        }
        free.append(contentsOf: list.prefix(max(Self.keptRows - free.count, 0)))
        list.removeAll(keepingCapacity: true)
        latest = nil
        recordCount = 0
        if tagCount > Self.keptTags || tagBytes > Self.keptTagBytes { forgetTags() }
    }

    private func forgetTags() {
        places = Array(repeating: nil, count: 256)
        tagCount = 0
        tagBytes = 0
        recent = nil
        beforeRecent = nil
    }

    private func entry(for tag: Slice, _ storage: borrowing ByteBuffer) -> TagEntry {
        let hash = storage.wideKeyHash(tag, secret)
        var place = Int(truncatingIfNeeded: hash) & (places.count - 1)
        while let found = places[place] {
            if found.hash == hash, storage.equals(tag, found.received) { return found }
            place = (place + 1) & (places.count - 1)
        }
        let received = storage.array(tag)
        let made = TagEntry(received: received, hash: hash, tag: makeTag(received))
        places[place] = made
        tagCount += 1
        tagBytes += received.count
        if tagCount * 2 > places.count { growPlaces() }
        return made
    }

    private func growPlaces() {
        let entries = places
        places = Array(repeating: nil, count: entries.count * 2)
        for case .some(let entry) in entries {
            var place = Int(truncatingIfNeeded: entry.hash) & (places.count - 1)
            while places[place] != nil { place = (place + 1) & (places.count - 1) }
            places[place] = entry
        }
    }
}
