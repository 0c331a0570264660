package import Events
package import Grok

/// `@type grep`: keeps the records that match.
///
/// Several `<regexp>` must all match, no `<exclude>` may match; `<and>` and `<or>` group them otherwise. A missing key
/// counts as empty text.
package final class GrepFilter: Filter {
    package struct Condition: Sendable {
        package var key: RecordAccessor
        package var pattern: Regex

        package init(key: RecordAccessor, pattern: Regex) {
            self.key = key
            self.pattern = pattern
        }
    }

    /// A group: all of its conditions, or any of them.
    package struct Group: Sendable {
        package var conditions: [Condition]
        package var needsAll: Bool

        package init(_ conditions: [Condition], needsAll: Bool) {
            self.conditions = conditions
            self.needsAll = needsAll
        }
    }

    private let required: [Group]
    private let excluded: [Group]
    private let scratch: MatchScratch
    /// Why a condition of the record at hand could not be judged. Such a record neither passes nor is dropped in silence:
    /// it is refused, as when Ruby raises.
    private var gaveUp: GaveUpReason?
    private static let timeoutError = "Regexp::TimeoutError"

    /// - Parameters:
    ///   - required: groups that must all hold.
    ///   - excluded: groups of which none may hold.
    ///   - scratch: with the time that one record has; tests give it another clock.
    package init(required: [Group], excluded: [Group], scratch: MatchScratch = MatchScratch(captures: 1)) {
        self.required = required
        self.excluded = excluded
        self.scratch = scratch
    }

    package func apply(_ batch: Batch, storage: inout ByteBuffer, rows: inout Rows) {
        var kept = 0
        var text = ByteBuffer()
        for index in 0..<rows.records.count {
            let record = rows.records[index]
            scratch.beginText()
            gaveUp = nil
            let passes = passes(record, storage, rows, &text)
            if let reason = gaveUp {
                rows.rejections.append(Rejection(record: record, kind: Self.timeoutError, reason: reason.description))
            } else if passes {
                rows.records[kept] = record
                kept += 1
            }
        }
        rows.records.removeLast(rows.records.count - kept)
    }

    private func passes(
        _ record: Record, _ storage: borrowing ByteBuffer, _ rows: borrowing Rows, _ text: inout ByteBuffer
    ) -> Bool {
        for group in required where !holds(group, record, storage, rows, &text) { return false }
        for group in excluded where holds(group, record, storage, rows, &text) { return false }
        return true
    }

    private func holds(
        _ group: Group, _ record: Record, _ storage: borrowing ByteBuffer, _ rows: borrowing Rows,
        _ text: inout ByteBuffer
    ) -> Bool {
        for condition in group.conditions {
            let matches = matches(condition, record, storage, rows, &text)
            if matches != group.needsAll { return matches }
        }
        return group.needsAll
    }

    /// The value as text: strings as they are, everything else as it would be printed.
    private func matches(
        _ condition: Condition, _ record: Record, _ storage: borrowing ByteBuffer, _ rows: borrowing Rows,
        _ text: inout ByteBuffer
    ) -> Bool {
        text.clear()
        if let value = rows.value(at: condition.key, in: record, storage) {
            text.appendText(value, storage)
        }
        if text.kind(of: Slice(offset: 0, length: text.count)) == .invalid {
            let repaired = text.appendRepaired(Slice(offset: 0, length: text.count))
            text.removePrefix(Int(repaired.offset))
        }
        let subject = text.span
        switch condition.pattern.match(subject, as: SubjectText.classify(subject), scratch, continuing: true) {
        case .matched: return true
        case .noMatch: return false
        case .gaveUp(let reason):
            if gaveUp == nil { gaveUp = reason }
            return false
        }
    }
}
