import Events
import ForwardProtocol

@testable import Inputs
@testable import Pipeline

/// A client's connection to one of a daemon's loops: the real decoder, and acks as `ForwardConnection` lets them wait.
///
/// Safety: the simulation has one thread; receipts call back from within its calls.
final class SimulatedConnection: ForwardSink, @unchecked Sendable {
    let client: SimulatedClient
    /// Full: it is not fed until there is room.
    private(set) var isHeld = false
    private(set) var isOpen = true
    private let loop: SimulatedLoop
    private let decoder: ForwardDecoder
    private let acksAfter: Receipt.Moment?
    private let onAcks: ([UInt8]) -> Void
    private var turn: Turn?

    /// As `AckTurn`.
    private final class Turn: @unchecked Sendable {
        var acks: [UInt8] = []
        var receipt: Receipt?
    }

    /// - Parameter onAcks: what is on its way to the client.
    init(
        _ client: SimulatedClient, to loop: SimulatedLoop, acksAfter: Receipt.Moment?,
        onAcks: @escaping ([UInt8]) -> Void
    ) {
        (self.client, self.loop, self.acksAfter, self.onAcks) = (client, loop, acksAfter, onAcks)
        decoder = ForwardDecoder(options: ForwardOptions(), batches: loop.batches) {
            EventTime(seconds: 1_576_000_000)
        }
    }

    // MARK: - From the client

    func receive(_ bytes: [UInt8]) throws {
        try bytes.withUnsafeBytes { try decoder.receive($0, scratch: &loop.scratch, sink: self) }
        endTurn()
    }

    /// What was too much for a turn, or for the buffers.
    func proceed() throws {
        isHeld = false
        try decoder.proceed(self)
        endTurn()
    }

    /// The daemon stops: all that was read is taken.
    func drain() throws {
        try decoder.drain(self)
        endTurn()
    }

    var isSuspended: Bool { decoder.isSuspended }

    /// Nobody hears what comes after this.
    func close() { isOpen = false }

    // MARK: - From the decoder

    func deliver(tag: Tag, storage: inout ByteBuffer, rows: inout Rows) -> Acceptance {
        guard let router = loop.stages.routers[LabelPlan.rootName] else {
            return .refused(Refusal(.stopping, "no router"))
        }
        return router.emit(Batch(tag, receipt: receiptOfTurn()), storage: &storage, rows: &rows)
    }

    func reply(_ bytes: borrowing ByteBuffer) { if isOpen { onAcks(bytes.array()) } }

    func acknowledge(_ bytes: borrowing ByteBuffer) {
        if let turn { turn.acks += bytes.array() } else { reply(bytes) }
    }

    func pause() { isHeld = true }
    func continueLater() {}
    func note(_ error: ForwardError, count: Int) {}

    private func receiptOfTurn() -> Receipt? {
        guard let moment = acksAfter else { return nil }
        if let turn { return turn.receipt }
        let began = Turn()
        began.receipt = Receipt(for: moment) { [self] fate in
            let isReached = fate == .refused || fate == .delivered || fate == .safe && moment == .safe
            if isReached, isOpen, !began.acks.isEmpty { onAcks(began.acks) }
        }
        turn = began
        return began.receipt
    }

    private func endTurn() {
        guard let ended = turn, !decoder.isInMessage else { return }
        turn = nil
        let receipt = ended.receipt
        ended.receipt = nil
        receipt?.settle(.delivered)
    }
}

/// What belongs to one loop of a daemon.
final class SimulatedLoop {
    let stages: LoopStages
    let batches = PendingBatches { Tag($0) }
    var scratch = ByteBuffer()

    init(_ stages: LoopStages) { self.stages = stages }
}
