package import Events

/// One event on its way, as somebody who watches sees it. Records are JSON, cut where they are long.
package struct TapEvent: Sendable {
    package var tag: String
    package var time: EventTime
    /// The label in which it was first seen.
    package var label: String
    /// As it came there.
    package var record: String
    package var steps: [TapStep] = []

    package init(tag: String, time: EventTime, label: String, record: String) {
        (self.tag, self.time, self.label, self.record) = (tag, time, label, record)
    }
}

/// What became of an event at one stage.
package struct TapStep: Sendable {
    package enum Result: String, Sendable {
        /// A filter let it go on, as `records` say.
        case passed
        /// A filter took it out.
        case dropped
        /// It waits in a filter for others.
        case held
        /// A stage could not take it, for a reason.
        case refused
        /// An output has it.
        case taken
        /// An output did not take the batch: whoever sent it keeps it, or `@ERROR` has it.
        case full
    }

    package var stage: String
    package var type: String
    package var label: String
    package var result: Result
    package var records: [String] = []
    package var reason: String?

    package init(stage: String, type: String, label: String, result: Result) {
        (self.stage, self.type, self.label, self.result) = (stage, type, label, result)
    }
}
