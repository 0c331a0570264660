internal import EventLoop
internal import Events

/// The events of one turn of a connection, and the acks that wait until they are where acks have to wait for
/// (`ack_after`, `durability`). A message that takes several turns keeps its first one open.
///
/// Safety: `connection` and `acks` are touched on the connection's loop alone, where `Receipt` posts back to.
final class AckTurn: @unchecked Sendable {
    private weak var connection: ForwardConnection?
    private let moment: Receipt.Moment
    private var acks: [UInt8] = []
    /// When its first bytes came.
    private let receivedAt: Int64
    private var receiptInUse: Receipt?

    init(of connection: ForwardConnection, on loop: Loop, for moment: Receipt.Moment, receivedAt: Int64) {
        self.connection = connection
        self.receivedAt = receivedAt
        self.moment = moment
        receiptInUse = Receipt(for: moment) { [self] fate in
            _ = loop.submit { self.settled(fate) }
        }
    }

    /// For the batches of the turn.
    var receipt: Receipt? { receiptInUse }

    func add(_ bytes: borrowing ByteBuffer) { acks += bytes.array() }

    /// Nothing more belongs to it.
    func end() {
        let receipt = receiptInUse
        // Whoever keeps a part of it holds the receipt now, and with it this turn.
        receiptInUse = nil
        receipt?.settle(.delivered)
    }

    private func settled(_ fate: Receipt.Fate) { connection?.settled(acks, fate, of: moment, receivedAt: receivedAt) }
}
