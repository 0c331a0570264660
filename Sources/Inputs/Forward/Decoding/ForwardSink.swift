package import Events
package import ForwardProtocol

/// Who gets what a decoder makes of a client's bytes.
package protocol ForwardSink: AnyObject {
    /// A batch to hand on; the answer decides about acks and back-pressure.
    func deliver(tag: Tag, storage: inout ByteBuffer, rows: inout Rows) -> Acceptance
    /// Bytes for the client: acks, and the handshake's messages.
    func reply(_ bytes: borrowing ByteBuffer)
    /// Acks: bytes for the client, once the events handed over before are where acks have to wait for.
    func acknowledge(_ bytes: borrowing ByteBuffer)
    /// The buffer is full: read no more, and call `proceed` when there is room.
    func pause()
    /// There is more to do than one turn of the loop may take: read nothing, and call `proceed` in a later turn.
    func continueLater()
    /// Something was not taken, or is worth a word; the connection goes on.
    ///
    /// - Parameter count: how many events it is about; 1 for a message or less.
    func note(_ error: ForwardError, count: Int)
}

extension ForwardSink {
    /// Acks that wait for nothing but the call.
    package func acknowledge(_ bytes: borrowing ByteBuffer) { reply(bytes) }
}
