/// What a bulk action needs beside the document and can be shared by many: the operation, the index, and which values of
/// its own the item carries in front of its document. The chunk keeps it as bytes.
///
/// ```
/// 0: operation   1: flags (1 id, 2 parent, 4 routing)   2…: index
/// ```
/// An item with flags has, for each, a JSON value and a newline in front of its document: ids differ from event to event,
/// and labels are meant to be few.
struct BulkLabel: Equatable {
    static let hasID: UInt8 = 1
    static let hasParent: UInt8 = 2
    static let hasRouting: UInt8 = 4

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
