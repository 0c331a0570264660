internal import Events

/// What a bulk action needs beside the document and can be shared by many: the operation, the index, and which values of
/// its own the item carries in front of its document. The chunk keeps it as bytes.
///
/// ```
/// 0: operation   1: flags   2…: index
/// ```
/// In front of its document an item has, for each of the first four flags, the record as it came (`KeptRecord`), and then
/// the id, the parent and the routing value, each as JSON and a newline: they differ from event to event, and labels are
/// meant to be few. The other flags say what was put into the document, so that the record can be had back.
struct BulkLabel: Equatable {
    static let hasID: UInt8 = 1
    static let hasParent: UInt8 = 2
    static let hasRouting: UInt8 = 4
    /// The document does not say all of the record.
    static let hasRecord: UInt8 = 8
    /// The document's last member, or the last but the tag, is an `@timestamp` that the record did not have.
    static let addsTimestamp: UInt8 = 16
    /// The document's last member is the tag.
    static let addsTag: UInt8 = 32
    /// The document is inside `wrapperStart` and `wrapperEnd`.
    static let isWrapped: UInt8 = 64

    static let metadata = hasID | hasParent | hasRouting

    static let wrapperStart: StaticString = "{\"doc\":"
    var wrapperEnd: StaticString { operation == .upsert ? ",\"doc_as_upsert\":true}" : "}" }

    var operation: ElasticsearchSettings.WriteOperation
    var flags: UInt8
    var index: [UInt8]

    init(operation: ElasticsearchSettings.WriteOperation, flags: UInt8 = 0, index: [UInt8]) {
        self.operation = operation
        self.flags = flags
        self.index = index
    }

    init?(bytes: [UInt8]) {
        guard bytes.count >= 2, Int(bytes[0]) < ElasticsearchSettings.WriteOperation.allCases.count else { return nil }
        operation = ElasticsearchSettings.WriteOperation.allCases[Int(bytes[0])]
        flags = bytes[1]
        index = Array(bytes[2...])
    }

    var bytes: [UInt8] {
        let number = ElasticsearchSettings.WriteOperation.allCases.firstIndex(of: operation) ?? 0
        return [UInt8(number), flags] + index
    }

    /// The word in the action line.
    var actionName: StaticString {
        switch operation {
        case .index: "index"
        case .create: "create"
        case .update, .upsert: "update"
        }
    }
}

/// The parts of an item's bytes, as its label says which there are.
struct BulkItemFront {
    private(set) var record: Slice?
    private(set) var id: Slice?
    private(set) var parent: Slice?
    private(set) var routing: Slice?
    /// With the newline at its end.
    private(set) var document: Slice

    /// - Parameter flags: of the item's label.
    init(flags: UInt8, _ source: Slice, _ bytes: borrowing ByteBuffer) {
        document = source
        if flags & (BulkLabel.metadata | BulkLabel.hasRecord) == 0 { return }
        if flags & BulkLabel.hasRecord != 0 {
            record = KeptRecord.slice(at: Int(source.offset), before: source.end, bytes)
            let start = record?.end ?? source.end
            document = Slice(offset: start, length: source.end - start)
        }
        if flags & BulkLabel.hasID != 0 { id = takeLine(bytes) }
        if flags & BulkLabel.hasParent != 0 { parent = takeLine(bytes) }
        if flags & BulkLabel.hasRouting != 0 { routing = takeLine(bytes) }
    }

    /// The bytes up to the next newline, off the front of `document`. JSON has none inside.
    private mutating func takeLine(_ bytes: borrowing ByteBuffer) -> Slice {
        let start = Int(document.offset)
        let end = document.end
        var place = start
        while place < end, bytes[place] != 0x0A { place += 1 }
        document = Slice(offset: min(place + 1, end), length: max(end - place - 1, 0))
        return Slice(offset: start, length: place - start)
    }
}
