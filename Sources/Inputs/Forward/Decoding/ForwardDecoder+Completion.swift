internal import Events
internal import ForwardProtocol

/// What is done with a message once its records are read: its faults are named, and records get what the source adds.
extension ForwardDecoder {
    /// What is done with records once they are read. Answers false when a broken event has cost all of them.
    func complete(
        _ batch: PendingBatch, from mark: (records: Int, fields: Int), _ faults: EventFaults,
        _ storage: inout ByteBuffer, _ sink: any ForwardSink
    ) -> Bool {
        var isWhole = true
        if faults.total > 0 {
            for fault in faults.errors(storage) {
                var error = fault.error
                error.message += " (\(fault.count) in one message with tag \(shownTag(batch.tag)))"
                if !options.skipsInvalidEvents { error.costs = .message }
                sink.note(error, count: fault.count)
            }
            if !options.skipsInvalidEvents {
                batch.rows.rollBack(records: mark.records, fields: mark.fields)
                isWhole = false
            }
        }
        if faults.hasExtensions { nameExtensions(of: batch, sink) }
        if hasSourceFields { addSourceFields(to: batch, from: mark.records, &storage) }
        return isWhole
    }

    private func nameExtensions(of batch: PendingBatch, _ sink: any ForwardSink) {
        let found = batch.rows.extensions
        batch.rows.extensions = ExtensionTypes()
        guard namedTypes.insert(found.first).inserted else { return }
        sink.note(
            ForwardError(
                .extensionType,
                "a value of MessagePack extension type \(found.first) in a record with tag \(shownTag(batch.tag)):"
                    + " JSON has no such thing, it is written as null", costs: .nothing), count: 1)
    }

    /// Names elements that the protocol does not have, once for a client. Answers false when they may hold events: those
    /// are not read, so the message must not be acknowledged.
    func name(surplus message: ForwardMessage, _ sink: any ForwardSink) -> Bool {
        let mayHoldEvents = message.surplus == .mayHoldEvents
        let isFirst = !hasNamedSurplus
        hasNamedSurplus = true
        if mayHoldEvents || isFirst {
            let what = "a message has \(message.elements.count) elements, \(message.elements.read) are read"
            sink.note(
                ForwardError(
                    .extra, mayHoldEvents ? what + "; the rest may hold events, so it is not acknowledged" : what,
                    costs: mayHoldEvents ? .message : .nothing), count: 1)
        }
        return !mayHoldEvents
    }

    func shownTag(_ tag: Tag) -> String { StrangersText.shown(tag.bytes, maximumBytes: 255) }

    private func addSourceFields(to batch: PendingBatch, from first: Int, _ storage: inout ByteBuffer) {
        let fields = sourceFields.map { field in
            (storage.append(copyOf: field.name), storage.append(copyOf: field.value))
        }
        for index in first..<batch.rows.records.count {
            let record = batch.rows.records[index]
            let start = batch.rows.copyFields(of: record)
            var seen = UInt64.max
            for (name, value) in fields { batch.rows.set(name, .string(value), first: start, seen: &seen, storage) }
            batch.rows.records[index] = Record(
                time: record.time, firstField: start, fieldCount: batch.rows.fields.count - start,
                origin: record.origin)
        }
    }
}
