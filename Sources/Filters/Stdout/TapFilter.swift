package import Events

/// `@type stdout` as a filter: shows each batch to an emitter (that of the stdout output) and lets it pass unchanged.
package final class TapFilter: Filter {
    private let emitter: any Emitter

    package init(_ emitter: any Emitter) { self.emitter = emitter }

    package var takesWholeStreams: Bool { true }
    package var showsOrder: Bool { emitter.showsOrder }

    package func apply(_ batch: Batch, storage: inout ByteBuffer, rows: inout Rows) {
        let records = rows.records
        _ = emitter.emit(batch, storage: &storage, rows: &rows)
        rows.records = records
    }
}
