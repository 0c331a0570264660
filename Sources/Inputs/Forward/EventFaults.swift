internal import Events
internal import ForwardProtocol

/// What was wrong with single events of one message: how often each kind, and what the first odd time was.
struct EventFaults {
    enum Kind: Int, CaseIterable {
        case noEntry, noMap, noTime, textTime, extensionTime, noRecord, cutShort
    }

    private var counts = SIMD8<UInt32>()
    private(set) var total = 0
    private var timeText = Slice.empty
    private var timeType: Int8 = 0

    mutating func note(_ kind: Kind) {
        counts[kind.rawValue] &+= 1
        total += 1
    }

    /// An item that stands where a time should.
    mutating func note(noTime item: MessagePackItem) {
        switch item.kind {
        case .string, .binary:
            if counts[Kind.textTime.rawValue] == 0 { timeText = Slice(offset: item.body, length: item.length) }
            note(.textTime)
        case .ext:
            if counts[Kind.extensionTime.rawValue] == 0 { timeType = item.extType }
            note(.extensionTime)
        default: note(.noTime)
        }
    }

    /// Bytes of a time's text that are shown.
    static let shownTextBytes = 64

    /// One error for each kind of fault that there was, with the number of events that it cost.
    func errors(_ storage: borrowing ByteBuffer) -> [(error: ForwardError, count: Int)] {
        var errors: [(ForwardError, Int)] = []
        for kind in Kind.allCases where counts[kind.rawValue] > 0 {
            let error: ForwardError
            switch kind {
            case .noEntry: error = ForwardError(.event, "an entry is no [time, record]", costs: .event)
            case .noMap: error = ForwardError(.event, "a record is no map", costs: .event)
            case .noRecord: error = ForwardError(.event, "a message of 2 elements has no record", costs: .event)
            case .noTime: error = ForwardError(.time, "the time is neither a number nor an EventTime", costs: .event)
            case .textTime:
                let text = StrangersText.shown(storage.array(timeText), maximumBytes: Self.shownTextBytes)
                error = ForwardError(
                    .time, "the time is the text '\(text)'; a number or an EventTime is expected", costs: .event)
            case .extensionTime:
                error = ForwardError(.time, "extension type \(timeType) is no time", costs: .event)
            case .cutShort:
                error = ForwardError(.cutShort, "the last entry of a packed message is cut short", costs: .event)
            }
            errors.append((error, Int(counts[kind.rawValue])))
        }
        return errors
    }
}
