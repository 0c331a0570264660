package import Events
package import Logging

/// `@type copy`: every store gets the batch. A store that refuses stops those after it, unless it says `ignore_error`.
package final class CopyEmitter: Emitter {
    package struct Store {
        package var emitter: any Emitter
        package var ignoresError = false
        /// `ignore_if_prev_success`: only when the store before it failed.
        package var ignoresIfPreviousSucceeded = false

        package init(_ emitter: any Emitter) { self.emitter = emitter }
    }

    private let stores: [Store]
    private let log: Log

    package init(_ stores: [Store], log: Log) {
        self.stores = stores
        self.log = log
    }

    package var showsOrder: Bool { stores.contains { $0.emitter.showsOrder } }

    package func emit(_ batch: Batch, storage: inout ByteBuffer, rows: inout Rows) -> Acceptance {
        let records = rows.records
        var result = Acceptance.accepted
        var previousSucceeded = false
        for (index, store) in stores.enumerated() {
            if index > 0 && store.ignoresIfPreviousSucceeded && previousSucceeded { continue }
            rows.records = records
            let acceptance = store.emitter.emit(batch, storage: &storage, rows: &rows)
            if case .refused(let reason) = acceptance {
                previousSucceeded = false
                if !store.ignoresError {
                    rows.records = records
                    return acceptance
                }
                log.limited(
                    .error, kind: reason.kind.rawValue, subject: ["store": index], count: records.count,
                    "ignoring an error of a store", ["error": reason.sentence])
            } else {
                previousSucceeded = true
                result = result.combined(with: acceptance)
            }
        }
        return result
    }
}

/// `@type relabel`: events go on in a label. Bound after all labels exist.
package final class RelabelEmitter: Emitter {
    package weak var target: Router?

    package init() {}

    package var showsOrder: Bool { target?.showsOrder ?? false }

    package func emit(_ batch: Batch, storage: inout ByteBuffer, rows: inout Rows) -> Acceptance {
        target?.emit(batch, storage: &storage, rows: &rows) ?? .refused(Refusal(.stopping, "the label is gone"))
    }
}
