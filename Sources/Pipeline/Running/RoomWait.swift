internal import Events

/// Room in outputs for events that no input brings: the own log's, dead letters. On one loop.
struct RoomWait {
    /// The outputs that had none the last time.
    private var gates = GateWait()

    /// Whether events may be emitted now. They may not while outputs are being replaced, or one that was full still is.
    mutating func isOver(_ stages: LoopStages) -> Bool {
        guard !stages.isResting, !stages.pressure.gates.isClosed(anyOf: gates) else { return false }
        gates = GateWait()
        return true
    }

    /// Emits, and notes which outputs are full behind it; false when nothing was taken.
    mutating func emit(
        _ batch: Batch, to emitter: any Emitter, _ storage: inout ByteBuffer, _ rows: inout Rows, of stages: LoopStages
    ) -> Bool {
        _ = stages.pressure.take()
        let answer = emitter.emit(batch, storage: &storage, rows: &rows)
        if answer != .accepted { gates = stages.pressure.take() }
        if case .refused = answer { return false }
        return true
    }
}
