internal import Events
internal import ForwardProtocol

/// What was wrong with single events of one message: how often each kind, and what the first odd time was.
///
/// A pointer and a flag, as nearly all messages have none: what holds it is copied for each message.
struct EventFaults {
    enum Kind: Int, CaseIterable {
        case noEntry, noMap, noTime, textTime, extensionTime, noRecord, cutShort
    }

    private final class Counts {
        var counts = [Int](repeating: 0, count: Kind.allCases.count)
        var total = 0
        var timeText = Slice.empty
        var timeType: Int8 = 0
    }

    /// nil: none. A message's own, never shared with another one's.
    private var found: Counts?

    /// Values of extension types were read: the rows say which.
    var hasExtensions = false

    var total: Int { found?.total ?? 0 }

    mutating func note(_ kind: Kind) { count(kind) }

    @discardableResult
    private mutating func count(_ kind: Kind) -> Counts {
        let found = self.found ?? Counts()
        self.found = found
        found.counts[kind.rawValue] += 1
        found.total += 1
        return found
    }

    /// An item that stands where a time should.
    mutating func note(noTime item: MessagePackItem) {
        switch item.kind {
        case .string, .binary:
            let found = count(.textTime)
            if found.counts[Kind.textTime.rawValue] == 1 {
                found.timeText = Slice(offset: item.body, length: item.length)
            }
        case .ext:
            let found = count(.extensionTime)
            if found.counts[Kind.extensionTime.rawValue] == 1 { found.timeType = item.extType }
        default: note(.noTime)
        }
    }

    /// Bytes of a time's text that are shown.
    static let shownTextBytes = 64

    /// One error for each kind of fault that there was, with the number of events that it cost.
    func errors(_ storage: borrowing ByteBuffer) -> [(error: ForwardError, count: Int)] {
        guard let found else { return [] }
        var errors: [(ForwardError, Int)] = []
        for kind in Kind.allCases where found.counts[kind.rawValue] > 0 {
            let error: ForwardError
            switch kind {
            case .noEntry: error = ForwardError(.event, "an entry is no [time, record]", costs: .event)
            case .noMap: error = ForwardError(.event, "a record is no map", costs: .event)
            case .noRecord: error = ForwardError(.event, "a message of 2 elements has no record", costs: .event)
            case .noTime: error = ForwardError(.time, "the time is neither a number nor an EventTime", costs: .event)
            case .textTime:
                let text = StrangersText.shown(storage.array(found.timeText), maximumBytes: Self.shownTextBytes)
                error = ForwardError(
                    .time, "the time is the text '\(text)'; a number or an EventTime is expected", costs: .event)
            case .extensionTime:
                error = ForwardError(.time, "extension type \(found.timeType) is no time", costs: .event)
            case .cutShort:
                error = ForwardError(.cutShort, "the last entry of a packed message is cut short", costs: .event)
            }
            errors.append((error, found.counts[kind.rawValue]))
        }
        return errors
    }
}
