package import Events

/// The end of a chain whose output has a buffer: formats each record straight into a staged chunk. One instance a loop.
///
/// A batch is taken whole or not at all. The limit is looked at between batches, so what a loop adds beyond it is one
/// batch; whoever makes batches keeps them small.
package final class BufferedEmitter: Emitter {
    private let buffer: ChunkBuffer
    private let area: StagingArea
    private let formatter: any ChunkFormatter
    private let fieldReaders: [RecordKeyReader]
    private let pressure: Pressure?

    /// - Parameters:
    ///   - fieldReaders: one for each of the buffer's `keys.fieldNames`, in that order.
    ///   - pressure: the loop's, told when this output is the one that is full.
    package init(
        buffer: ChunkBuffer, formatter: any ChunkFormatter, fieldReaders: [RecordKeyReader] = [],
        pressure: Pressure? = nil
    ) {
        self.buffer = buffer
        self.formatter = formatter
        self.fieldReaders = fieldReaders
        self.pressure = pressure
        area = buffer.makeStagingArea()
    }

    deinit { buffer.giveBack(area) }

    package func emit(_ batch: Batch, storage: inout ByteBuffer, rows: inout Rows) -> Acceptance {
        if rows.isEmpty { return .accepted }
        if let reason = buffer.refusal(events: rows.records.count) {
            notePressure()
            return .refused(reason)
        }
        let events = rows.records.count
        let growth = area.append(
            batch, storage: &storage, rows: &rows, formatter: formatter, fieldReaders: fieldReaders)
        let acceptance = buffer.noteGrowth(growth, events: events)
        if acceptance != .accepted { notePressure() }
        return acceptance
    }

    private func notePressure() {
        if let gate = buffer.gate { pressure?.note(gate) }
    }
}
