/// The walls between rooms. What passes them is all records of one tag that came together: `Batch` says whose they are and
/// who wants to know what becomes of them; their bytes and rows are two owners beside it, as a struct cannot lend both.

/// Of which tag a batch's records are, and where a second word about them goes.
@usableFromInline package struct Batch {
    package var tag: Tag
    /// nil on the plain path: nobody asked.
    package var receipt: Receipt?
    /// Whether a record that a filter raised an error about also goes on as it was. So it is in Fluentd where every filter
    /// of the chain takes single records; where one takes whole streams, the record goes to `@ERROR` alone
    /// (`FilterOptimizer` in `lib/fluent/event_router.rb`). Whoever drives the chain says so.
    package var raisedRecordsGoOn = true

    package init(_ tag: Tag, receipt: Receipt? = nil) {
        self.tag = tag
        self.receipt = receipt
    }
}

/// Changes a batch in place, on one loop thread. Refused records go to `rows.rejections`.
package protocol Filter: AnyObject {
    /// Whether Fluentd's filter of this name has a `filter_stream` of its own; see `Batch.raisedRecordsGoOn`.
    var takesWholeStreams: Bool { get }

    func apply(_ batch: Batch, storage: inout ByteBuffer, rows: inout Rows)

    /// As `Emitter.showsOrder`, for what the filter shows beside its own way.
    var showsOrder: Bool { get }

    /// The filter as one that holds events back; nil: it does not.
    var holder: (any EventHolder)? { get }
}

extension Filter {
    package var takesWholeStreams: Bool { false }
}

/// Takes a batch in, on one loop thread: the end of a chain.
///
/// It may append to the storage and to `rows.fields`, and it may leave `rows.records` in any state: who sends one batch
/// to several emitters hands each its own copy of the record list.
package protocol Emitter: AnyObject {
    func emit(_ batch: Batch, storage: inout ByteBuffer, rows: inout Rows) -> Acceptance

    /// Whether somebody sees events of different tags one under the other, as on standard output. Then inputs hand them on
    /// as they came; else what one read brought may be sorted by tag, which costs less.
    var showsOrder: Bool { get }
}

extension Filter {
    package var showsOrder: Bool { false }
    package var holder: (any EventHolder)? { nil }
}

extension Emitter {
    package var showsOrder: Bool { false }
}

/// What became of a batch that was handed over.
package enum Acceptance: Sendable, Equatable {
    /// It is in the buffer: an ack may be sent.
    case accepted
    /// It is in the buffer, and the buffer is now full: ack, but stop reading until there is room again.
    case acceptedFull
    /// It is not in the buffer, and nobody else took it: send no ack.
    case refused(Refusal)

    /// The worse of two answers, for a batch that went to several places.
    package func combined(with other: Acceptance) -> Acceptance {
        switch (self, other) {
        case (.refused, _): self
        case (_, .refused): other
        case (.acceptedFull, _), (_, .acceptedFull): .acceptedFull
        default: .accepted
        }
    }
}
