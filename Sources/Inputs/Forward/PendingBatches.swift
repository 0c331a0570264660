package import Events

/// Records of one tag, decoded and not yet handed on.
final class PendingBatch {
    /// The tag as the client sent it; `tag` may differ (`tag`, `add_tag_prefix`).
    let received: [UInt8]
    let tag: Tag
    var rows = Rows(fieldCapacity: 256)
    /// Whether the records of this read were taken.
    var acceptance = Acceptance.accepted

    init(received: [UInt8], tag: Tag) {
        self.received = received
        self.tag = tag
    }
}

/// The tags of a loop's connections, each with its rows. Docker alternates between containers message by message, so
/// what one read brought is sorted by tag first and handed on in as few batches as there are tags.
package final class PendingBatches {
    /// Distinct tags kept between reads. Beyond that, those without records are forgotten.
    private static let keptTags = 64

    private(set) var list: [PendingBatch] = []
    private let makeTag: ([UInt8]) -> Tag
    private(set) var recordCount = 0

    package init(makeTag: @escaping ([UInt8]) -> Tag) { self.makeTag = makeTag }

    /// The batch for a tag that lies in the storage. The latest used come first.
    func batch(for tag: Slice, _ storage: borrowing ByteBuffer) -> PendingBatch {
        for index in list.indices where storage.equals(tag, list[index].received) {
            let found = list[index]
            if index > 4 { list.swapAt(index, index / 2) }
            return found
        }
        if list.count >= Self.keptTags { list.removeAll { $0.rows.isEmpty } }
        let received = storage.array(tag)
        let batch = PendingBatch(received: received, tag: makeTag(received))
        list.insert(batch, at: 0)
        return batch
    }

    func added(_ records: Int) { recordCount += records }

    func clear() {
        for batch in list {
            if !batch.rows.isEmpty || batch.rows.fields.count > 0 { batch.rows.clear() }
            batch.acceptance = .accepted  // the next message may hold no records, of which none can be refused
        }
        recordCount = 0
    }
}
