internal import Events

/// An event under construction: the fields of its first piece, and the text of all pieces so far.
final class HeldStream {
    let key: [UInt8]
    let tag: Tag
    /// Counts up: the least has waited the longest.
    let sequence: Int
    /// The keys and values of the first piece.
    private var head = ByteBuffer(capacity: 64)
    private var fields: [Field] = []
    /// Which of them has the text.
    private var textField = 0
    private(set) var text = ByteBuffer(capacity: 64)
    private(set) var pieceCount = 0
    /// What the stage remembers of the pieces so far.
    var state = 0
    private(set) var firstTime: EventTime
    private(set) var lastTime: EventTime
    /// Each is held once by the stream.
    private(set) var receipts: [Receipt] = []
    /// When a piece came last; nil: since somebody looked.
    var seenMilliseconds: Int64?
    /// It must leave because of a limit.
    var isOverLimit = false
    /// What was counted for it.
    var countedBytes = 0
    var isInTable = true
    private(set) var mark: Mark?

    /// As it was before the batch at hand.
    struct Mark {
        /// It was there before.
        let wasHeld: Bool
        fileprivate let textBytes: Int
        fileprivate let pieceCount: Int
        fileprivate let receiptCount: Int
        fileprivate let lastTime: EventTime
        fileprivate let state: Int
    }

    /// Objects and dictionary entries, roughly.
    private static let overheadBytes = 256

    init(
        _ key: [UInt8], tag: Tag, sequence: Int, _ record: Record, textField: Int, _ storage: borrowing ByteBuffer,
        _ rows: borrowing Rows
    ) {
        (self.key, self.tag, self.sequence) = (key, tag, sequence)
        (firstTime, lastTime) = (record.time, record.time)
        self.textField = textField - Int(record.firstField)
        fields.reserveCapacity(Int(record.fieldCount))
        for index in record.fieldRange {
            let field = rows.fields[index]
            // The text is kept apart.
            let value = index == textField ? .null : field.value.moved(from: storage, to: &head)
            fields.append(Field(key: head.append(field.key, movedFrom: storage), value: value))
        }
        mark = Mark(wasHeld: false, textBytes: 0, pieceCount: 0, receiptCount: 0, lastTime: record.time, state: 0)
    }

    var bytes: Int {
        Self.overheadBytes + key.count + head.count + fields.count * MemoryLayout<Field>.size + text.count
    }

    /// Before the first change of a batch; false: that has been done.
    func setMark() -> Bool {
        guard mark == nil else { return false }
        mark = Mark(
            wasHeld: true, textBytes: text.count, pieceCount: pieceCount, receiptCount: receipts.count,
            lastTime: lastTime, state: state)
        return true
    }

    func add(
        _ piece: Slice, of storage: borrowing ByteBuffer, separator: [UInt8], at time: EventTime, _ receipt: Receipt?
    ) {
        if pieceCount > 0 { text.append(separator) }
        text.append(piece, of: storage)
        pieceCount += 1
        lastTime = time
        seenMilliseconds = nil
        if let receipt, receipts.last !== receipt {
            receipt.hold()
            receipts.append(receipt)
        }
    }

    /// The whole event, in a batch.
    func append(
        to storage: inout ByteBuffer, _ rows: inout Rows, time: EventTime, origin: UInt32, without keys: [[UInt8]]
    ) -> Record {
        let base = storage.count
        storage.append(head)
        let start = storage.count
        storage.append(text)
        let joined = Value.string(Slice(offset: start, length: storage.count - start))
        let first = rows.fields.count
        for (index, field) in fields.enumerated() {
            let key = field.key.shifted(by: base)
            if !keys.isEmpty, keys.contains(where: { storage.equals(key, $0) }) { continue }
            rows.fields.append(
                Field(key: key, value: index == textField ? joined : field.value.shifted(by: base)))
        }
        return Record(time: time, firstField: first, fieldCount: rows.fields.count - first, origin: origin)
    }

    /// The batch was taken: what came with it stays.
    func clearMark() { mark = nil }

    /// The batch was not taken: it will come again, or is another's.
    func rollBack() {
        guard let mark else { return }
        text.truncate(to: mark.textBytes)
        pieceCount = mark.pieceCount
        (lastTime, state) = (mark.lastTime, mark.state)
        settleReceipts(from: mark.receiptCount)
        self.mark = nil
    }

    /// Its own part in them is done.
    func settleReceipts(from first: Int = 0) {
        for receipt in receipts[first...] { receipt.settle(.delivered) }
        receipts.removeLast(receipts.count - first)
    }
}
