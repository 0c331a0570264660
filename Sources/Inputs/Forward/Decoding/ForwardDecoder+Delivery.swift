internal import Events
internal import ForwardProtocol

/// Handing batches on, and answering those who asked for it.
extension ForwardDecoder {
    /// Hands every pending batch on, then answers the messages that asked for it, in their order. A message whose batch
    /// was refused gets no ack: its client will send it again.
    func flush(_ storage: inout ByteBuffer, _ sink: any ForwardSink) {
        let keptFields = batches.keptRowFields
        for batch in batches.list { handOn(batch, &storage, sink, keptFields) }
        if let inHand, refused.contains(inHand.firstDelivery) { inHand.wasRefused() }
        if !acks.isEmpty {
            var out = ByteBuffer(capacity: 64 * acks.count)
            for ack in acks where refused.isEmpty || !refused.contains(ack.delivery) {
                beginAck(&out)
                if form == .json {
                    out.appendJSON(messagePackAt: Int(ack.chunk.offset), storage)
                    out.append("}")
                } else {
                    out.append(ack.chunk, of: storage)
                }
            }
            acks.removeAll(keepingCapacity: true)
            if !out.isEmpty { sink.acknowledge(out) }
        }
        if !refused.isEmpty { refused.removeAll(keepingCapacity: true) }
        batches.clear()
    }

    /// Hands one batch on, if there is something in it, and forgets its records. Answers whether it was taken.
    ///
    /// - Parameter keptFields: room for so many stays in its rows.
    @discardableResult
    func handOn(
        _ batch: PendingBatch, _ storage: inout ByteBuffer, _ sink: any ForwardSink, _ keptFields: Int
    ) -> Bool {
        var isTaken = true
        switch deliver(batch.tag, &storage, &batch.rows, sink, keptFields) {
        case nil: return true
        case .accepted: break
        case .acceptedFull: isFull = true
        case .refused:
            refused.append(batch.delivery)
            isTaken = false
        }
        batches.renumber(batch)
        return isTaken
    }

    /// One function, so that the exclusive access to a batch's rows is checked once. nil: there are none.
    private func deliver(
        _ tag: Tag, _ storage: inout ByteBuffer, _ rows: inout Rows, _ sink: any ForwardSink, _ keptFields: Int
    ) -> Acceptance? {
        defer { rows.clear(keepingAtMost: keptFields) }
        if rows.records.isEmpty { return nil }
        turnRecords += rows.records.count
        return sink.deliver(tag: tag, storage: &storage, rows: &rows)
    }

    /// `{"ack": chunk}`, the chunk byte for byte as it came, in the form in which the client speaks.
    private func beginAck(_ out: inout ByteBuffer) {
        if form == .json {
            out.append("{\"ack\":")
        } else {
            out.appendMessagePack(mapCount: 1)
            out.appendMessagePackString("ack")
        }
    }

    /// Answers a message that was read in slices.
    func acknowledge(_ chunk: [UInt8], _ sink: any ForwardSink) {
        var out = ByteBuffer(capacity: chunk.count + 16)
        beginAck(&out)
        if form == .json {
            var item = ByteBuffer(capacity: chunk.count)
            item.append(chunk)
            out.appendJSON(messagePackAt: 0, item)
            out.append("}")
        } else {
            out.append(chunk)
        }
        sink.acknowledge(out)
    }
}
