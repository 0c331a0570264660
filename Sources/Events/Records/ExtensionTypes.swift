/// Values of MessagePack extension types that nobody here can read: how many there were, and of which type the first was.
@usableFromInline package struct ExtensionTypes: Sendable, Equatable, BitwiseCopyable {
    package private(set) var count = 0
    package private(set) var first: Int8 = 0

    package init() {}

    /// Notes an item unless it is a time, which can be read.
    mutating func note(_ item: MessagePackItem) {
        if item.isTimestamp { return }
        if count == 0 { first = item.extType }
        count &+= 1
    }
}

extension MessagePackItem {
    /// Whether it is an EventTime or MessagePack's own timestamp.
    var isTimestamp: Bool {
        guard kind == .ext else { return false }
        switch extType {
        case 0: return length == 8
        case -1: return length == 4 || length == 8 || length == 12
        default: return false
        }
    }
}
