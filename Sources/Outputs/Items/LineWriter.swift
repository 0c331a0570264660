package import Events

/// Writes what a `<format>` section says, a line for each record, for outputs that fill in chunk keys.
package struct LineWriter: ItemWriter {
    /// Why a record cannot go where these values lead.
    package struct Problem: Error, Equatable {
        package var kind: String
        package var reason: String

        package init(kind: String, reason: String) {
            self.kind = kind
            self.reason = reason
        }
    }

    package typealias Check = @Sendable (ChunkTemplate.Values) -> Problem?

    private var format: RecordFormat
    private var injection: Injection?
    private let keys: [RecordAccessor]
    private let check: Check
    package let isWhole: Bool
    /// Of the last tag: whether what it fills in can be used.
    private var checkedTag = -1
    private var problem: Problem?

    /// - Parameters:
    ///   - keys: the chunk keys that are fields and are filled in, in the order of the buffer section.
    ///   - check: whether values lead anywhere; of the time it may not depend.
    package init(
        _ format: RecordFormat, injection: Injection?, keys: [RecordAccessor], check: @escaping Check = { _ in nil }
    ) {
        self.format = format
        self.injection = injection
        self.keys = keys
        self.check = check
        isWhole = format.content == .json && injection == nil
    }

    package mutating func write(
        _ record: Record, tag: Tag, _ storage: inout ByteBuffer, _ rows: inout Rows, to out: inout ByteBuffer
    ) -> WrittenItem {
        let fields = keys.map { rows.text(at: $0, in: record, storage) }
        if let problem = problem(tag, fields, record) {
            return .refused(kind: problem.kind, reason: problem.reason)
        }
        let start = format.appendInjected(record, tag: tag, &injection, &rows, &storage, to: &out)
        format.appendNewline(to: &out)
        return .item(recordAt: start, fields: fields)
    }

    /// Without fields that depends on the tag alone, as slices of time are digits.
    private mutating func problem(_ tag: Tag, _ fields: [[UInt8]], _ record: Record) -> Problem? {
        if keys.isEmpty, tag.id == checkedTag { return problem }
        checkedTag = tag.id
        problem = check(ChunkTemplate.Values(tag: tag.bytes, fields: fields, seconds: record.time.seconds))
        return problem
    }
}

extension Rows {
    /// A value as text; nothing when there is none.
    func text(at place: RecordAccessor, in record: Record, _ storage: borrowing ByteBuffer) -> [UInt8] {
        guard let value = value(at: place, in: record, storage) else { return [] }
        var text = ByteBuffer(capacity: 32)
        text.appendText(value, storage)
        return text.array()
    }
}
