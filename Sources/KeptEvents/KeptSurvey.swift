package import Events
internal import Time

/// What lies in kept files, by reason: how many events, since when, of which tags, with an example. Holds one entry a
/// reason, whatever the number of events.
package struct KeptSurvey {
    /// Events that are here for the same reason.
    package struct Group {
        /// The cause of the first of them; `index` and `attempts` are that one's.
        package let first: KeptCause
        package fileprivate(set) var count = 0
        /// Different ones, in the order of their first place; no more than `shownNames`.
        package fileprivate(set) var tags: [String] = []
        package fileprivate(set) var indices: [String] = []
        package fileprivate(set) var hasMoreTags = false
        package fileprivate(set) var hasMoreIndices = false
        /// The events' own times.
        package fileprivate(set) var earliest: EventTime
        package fileprivate(set) var latest: EventTime
        /// The first event's record, JSON.
        package let example: String
    }

    private struct Key: Hashable {
        let output: String
        let status: Int
        let type: String
        let words: String
    }

    /// Beyond these, tags and indices of a group are only said to be more.
    package static let shownNames = 5
    /// Beyond these, reasons count under the last one of their output: a stranger's words make no memory.
    package static let maximumGroups = 1000

    private var groups: [Key: Group] = [:]
    private var order: [Key] = []
    private var timeReader = TimeReader(.iso8601, zone: .utc)
    private let constantPart: (String) -> String
    package private(set) var eventCount = 0

    /// - Parameter constantPart: what is the same in reasons alike.
    package init(constantPart: @escaping (String) -> String) { self.constantPart = constantPart }

    /// The most frequent reasons first.
    package var reasons: [Group] {
        order.compactMap { groups[$0] }.enumerated()
            .sorted { ($1.element.count, $0.offset) < ($0.element.count, $1.offset) }.map(\.element)
    }

    /// Notes a line.
    ///
    /// - Returns: why it is no event, or nil.
    package mutating func add(_ line: borrowing ByteBuffer) -> String? {
        do {
            add(try KeptEvent(line, &timeReader))
            return nil
        } catch let missing as KeptEvent.Missing {
            return missing.sentence
        } catch {
            return "not JSON: \(error)"
        }
    }

    private mutating func add(_ event: KeptEvent) {
        eventCount += 1
        let cause = event.cause
        var key = Key(
            output: cause.output, status: cause.status, type: cause.type, words: constantPart(cause.reason))
        if groups[key] == nil, order.count >= Self.maximumGroups {
            key = order.last { $0.output == cause.output } ?? order[order.count - 1]
        }
        if groups[key] == nil {
            order.append(key)
            groups[key] = Group(
                first: cause, earliest: event.time, latest: event.time,
                example: String(decoding: event.record, as: UTF8.self))
        }
        groups[key]?.note(event)
    }
}

extension KeptSurvey.Group {
    fileprivate mutating func note(_ event: KeptEvent) {
        count += 1
        if (event.time.seconds, event.time.nanoseconds) < (earliest.seconds, earliest.nanoseconds) {
            earliest = event.time
        }
        if (event.time.seconds, event.time.nanoseconds) > (latest.seconds, latest.nanoseconds) { latest = event.time }
        Self.note(String(decoding: event.tag, as: UTF8.self), in: &tags, &hasMoreTags)
        if !event.cause.index.isEmpty { Self.note(event.cause.index, in: &indices, &hasMoreIndices) }
    }

    private static func note(_ name: String, in names: inout [String], _ hasMore: inout Bool) {
        if names.contains(name) { return }
        if names.count < KeptSurvey.shownNames { names.append(name) } else { hasMore = true }
    }
}
