package import Events

/// A record as people see it: the names and JSON values of its fields, in their order.
package struct TrialRecord: Equatable, Sendable {
    package struct Field: Equatable, Sendable {
        package let name: String
        /// As JSON.
        package let value: String

        package init(name: String, value: String) { (self.name, self.value) = (name, value) }
    }

    package let time: EventTime
    package let fields: [Field]

    package init(time: EventTime, fields: [Field]) { (self.time, self.fields) = (time, fields) }

    package init(_ record: Record, _ rows: borrowing Rows, _ storage: borrowing ByteBuffer) {
        time = record.time
        var fields: [Field] = []
        for index in record.fieldRange {
            let field = rows.fields[index]
            var value = ByteBuffer(capacity: 32)
            value.appendJSON(field.value, storage)
            fields.append(
                Field(name: storage.text(field.key), value: value.text(Slice(offset: 0, length: value.count))))
        }
        self.fields = fields
    }

    package func value(of name: String) -> String? { fields.first { $0.name == name }?.value }
}

/// What one stage made of one event.
package struct TrialStep: Sendable {
    package enum Change: Sendable {
        /// A source: the records that it made of a text, under the step's tag, and why others were refused.
        case read(into: [TrialRecord], refused: [String])
        /// A filter: the records that go on, and why others were refused.
        case filtered(into: [TrialRecord], refused: [String])
        /// An output: what it would send, part by part (`index`, `document` …).
        case taken([OutputPart])
        /// It waits for others that complete it.
        case held
        /// It goes on under another tag.
        case retagged(String)
        /// An output cannot take it.
        case refused(String)
    }

    /// What stands in the log: `@id`, or `filter:12`.
    package let stage: String
    package let type: String
    /// Where in the configuration.
    package let place: String
    /// The label around it.
    package let label: String
    package let tag: String
    /// As it came.
    package let record: TrialRecord
    package let change: Change

    package init(
        stage: String, type: String, place: String, label: String, tag: String, record: TrialRecord, change: Change
    ) {
        (self.stage, self.type, self.place, self.label) = (stage, type, place, label)
        (self.tag, self.record, self.change) = (tag, record, change)
    }
}

/// A part of what an output makes of an event.
package struct OutputPart: Sendable, Equatable {
    package let name: String
    package let text: String
    /// Whether the text is JSON.
    package let isJSON: Bool

    package init(_ name: String, _ text: String, isJSON: Bool = false) {
        (self.name, self.text, self.isJSON) = (name, text, isJSON)
    }
}
