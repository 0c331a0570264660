internal import Compression
internal import Events
internal import ForwardProtocol

/// Entries that lie one after the other: those of packed messages, compressed or not, and of long arrays.
extension ForwardDecoder {
    /// Reads the entries of a message that is complete, or as many as one batch takes and leaves the message in hand.
    /// Answers false when none of it is taken and so none may be acknowledged, which was named.
    func readPacked(
        _ packed: Slice, of message: inout ForwardMessage, _ batch: PendingBatch, from start: Int, _ isReceived: Bool,
        _ storage: inout ByteBuffer, _ sink: any ForwardSink
    ) throws(ForwardError) -> Bool {
        var entries = packed
        var isReceived = isReceived
        if message.option.compression == .unknown {
            name(compressionOf: message, storage, sink)
            return false
        }
        if !message.isArray, let unpacker = try unpacker(for: packed, message.option.compression, storage) {
            var plain = ByteBuffer(capacity: min(Int(packed.length) * 4, MessageInHand.pieceBytes))
            var rest = packed
            let isAll = try unpack(unpacker, &rest, of: storage, into: &plain, atMost: MessageInHand.pieceBytes)
            if !isAll {
                guard isEntry(plain, sink) else { return false }
                takeInHand(message, batch, from: start, .unpacked, isFirst: true, storage)
                inHand?.unpacker = unpacker
                inHand?.compressed = rest
                if let inHand { swap(&inHand.unpacked, &plain) }
                return true
            }
            entries = Slice(offset: storage.count, length: plain.count)
            storage.append(plain)
            isReceived = false
        }
        guard message.isArray || isEntries(entries, storage, sink) else { return false }
        switch try read(entries, batch, &message.faults, &storage) {
        case .all: break
        case .cutShort: message.faults.note(.cutShort)  // the entries before it count, as in Fluentd
        case .limit(let next):
            let rest = Slice(offset: next, length: entries.end - next)
            takeInHand(message, batch, from: start, isReceived ? .received(rest) : .unpacked, isFirst: false, storage)
            if !isReceived { inHand?.unpacked.append(rest, of: storage) }
        }
        message.recordCount = batch.rows.records.count - message.mark.records
        return true
    }

    private func takeInHand(
        _ message: ForwardMessage, _ batch: PendingBatch, from start: Int, _ source: MessageInHand.Source,
        isFirst: Bool, _ storage: borrowing ByteBuffer
    ) {
        guard let tag = batches.entry(of: batch) else { return }
        inHand = MessageInHand(
            message, tag: tag, start: start, source: source, firstDelivery: isFirst ? 0 : batch.delivery, storage)
    }

    private func read(
        _ entries: Slice, _ batch: PendingBatch, _ faults: inout EventFaults, _ storage: inout ByteBuffer
    ) throws(ForwardError) -> ForwardMessageReader.EntriesEnd {
        do throws(MessagePackError) {
            return try reader.readEntries(
                entries, upTo: options.limits.batchRecords, &batch.rows, &faults, &storage)
        } catch {
            throw .messagePack(error)
        }
    }

    // MARK: - Slices

    /// Reads and hands on the rest of a message, slice by slice. Answers whether it is done with, or must wait.
    func readSlices(
        of message: MessageInHand, _ storage: inout ByteBuffer, _ received: Int, _ sink: any ForwardSink
    ) throws(ForwardError) -> Bool {
        var isDone = message.isGivenUp
        while !isDone {
            if mustWait { return false }
            switch message.source {
            case .received(let rest):
                let end = try readSlice(rest, of: message, &storage, sink)
                storage.truncate(to: received)
                if case .limit(let next) = end {
                    message.source = .received(Slice(offset: next, length: rest.end - next))
                } else {
                    isDone = true
                }
            case .unpacked: isDone = try readUnpacked(message, storage, sink)
            }
            if message.isGivenUp { isDone = true }
        }
        if !message.isGivenUp, !message.isUnacknowledged, let chunk = message.chunk { acknowledge(chunk, sink) }
        return true
    }

    /// Reads a slice of what is unpacked, or unpacks more. Answers whether that was all.
    private func readUnpacked(
        _ message: MessageInHand, _ storage: borrowing ByteBuffer, _ sink: any ForwardSink
    ) throws(ForwardError) -> Bool {
        let count = message.unpacked.count
        let entries = Slice(offset: message.read, length: count - message.read)
        let end = try readSlice(entries, of: message, &message.unpacked, sink)
        message.unpacked.truncate(to: count)
        switch end {
        case .limit(let next):
            message.read = next
            return false
        case .all: message.read = count
        case .cutShort(let place): message.read = place
        }
        guard let unpacker = message.unpacker else { return true }
        message.unpacked.removePrefix(message.read)
        message.read = 0
        message.unpacked.shrink(toAtMost: Self.keptBytes)
        // An entry that needs more than a piece is looked at again each time there is twice as much of it.
        let room = max(MessageInHand.pieceBytes, message.unpacked.count)
        if try unpack(unpacker, &message.compressed, of: storage, into: &message.unpacked, atMost: room) {
            message.unpacker = nil
        }
        return false
    }

    /// Reads as many entries as one batch takes, and hands them on.
    private func readSlice(
        _ entries: Slice, of message: MessageInHand, _ storage: inout ByteBuffer, _ sink: any ForwardSink
    ) throws(ForwardError) -> ForwardMessageReader.EntriesEnd {
        let batch = batches.batch(of: message.tag)
        defer { batches.clear() }
        var faults = EventFaults()
        let end = try read(entries, batch, &faults, &storage)
        switch end {
        case .all: turnBytes += Int(entries.length)
        case .limit(let next): turnBytes += next - Int(entries.offset)
        case .cutShort(let place):
            turnBytes += place - Int(entries.offset)
            if message.unpacker == nil { faults.note(.cutShort) }
        }
        if !complete(batch, from: (0, 0), faults, &storage, sink) {
            message.isGivenUp = true
            return end
        }
        if let chunk = message.chunk, let first = batch.rows.records.first {
            let position = message.position
            message.noteRead(batch.rows.records.count, from: first.time)
            batch.rows.setMessage(storage.append(copyOf: chunk), from: 0, position: position, time: message.time)
        }
        if !handOn(batch, &storage, sink, batches.keptRowFields) { message.wasRefused() }
        return end
    }

    // MARK: - Compression

    /// What unpacks a payload; nil when it is not compressed.
    ///
    /// A payload that says zstd and does not begin as zstd does is taken as it is: Fluentd before 1.19 ignored the word.
    private func unpacker(
        for packed: Slice, _ compression: ForwardMessage.Compression, _ storage: borrowing ByteBuffer
    ) throws(ForwardError) -> (any Unpacker)? {
        let limit = DecompressionLimit(bytes: options.limits.decompressedBytes, parameter: "decompression_size_limit")
        do throws(CompressionError) {
            switch compression {
            case .none, .unknown: return nil
            case .gzip: return try GzipUnpacker(limit: limit)
            case .zstd:
                return Magic.zstd.begins(packed, storage) ? try ZstandardUnpacker(limit: limit) : nil
            }
        } catch {
            throw Self.error(error)
        }
    }

    private func unpack(
        _ unpacker: any Unpacker, _ rest: inout Slice, of storage: borrowing ByteBuffer, into plain: inout ByteBuffer,
        atMost bytes: Int
    ) throws(ForwardError) -> Bool {
        let before = plain.count
        defer { turnBytes += plain.count - before }
        do throws(CompressionError) {
            return try unpacker.unpack(&rest, of: storage, into: &plain, atMost: bytes)
        } catch {
            throw Self.error(error)
        }
    }

    private static func error(_ error: CompressionError) -> ForwardError {
        let code: ForwardError.Code = if case .tooLarge = error { .unpackedTooLarge } else { .corrupt }
        return ForwardError(code, "cannot decompress a packed message: \(error)")
    }

    private func name(
        compressionOf message: ForwardMessage, _ storage: borrowing ByteBuffer, _ sink: any ForwardSink
    ) {
        var word = "something that is no text"
        if let value = message.option.unknownCompression,
            let item = try? storage.messagePackItem(at: Int(value.offset), end: value.end),
            item.kind == .string || item.kind == .binary
        {
            word = StrangersText.shown(
                storage.array(Slice(offset: item.body, length: item.length)), maximumBytes: 64)
        }
        sink.note(
            ForwardError(
                .compression,
                "compressed=\(word) is not supported: gzip and zstd are; the message is not acknowledged",
                costs: .message), count: 1)
    }

    private func isEntry(_ plain: borrowing ByteBuffer, _ sink: any ForwardSink) -> Bool {
        isEntries(Slice(offset: 0, length: plain.count), plain, sink)
    }

    /// Whether a payload begins with an entry, which is an array. What does not is named.
    private func isEntries(_ entries: Slice, _ storage: borrowing ByteBuffer, _ sink: any ForwardSink) -> Bool {
        guard entries.length > 0 else { return true }
        let first = storage[Int(entries.offset)]
        if first & 0xF0 == 0x90 || first == 0xDC || first == 0xDD { return true }
        let name = Magic.gzip.begins(entries, storage) ? "gzip" : Magic.zstd.begins(entries, storage) ? "zstd" : nil
        if let name {
            sink.note(
                ForwardError(
                    .compression,
                    "packed events are \(name), but the message does not say compressed=\(name);"
                        + " it is not acknowledged", costs: .message), count: 1)
        } else {
            sink.note(
                ForwardError(
                    .event,
                    "packed events begin with byte \(ForwardError.hex(first)), as no event does;"
                        + " the message is not acknowledged", costs: .message), count: 1)
        }
        return false
    }
}

/// First bytes of compressed data.
private enum Magic {
    /// RFC 1952, 2.3.1, and RFC 8878, 3.1.1.
    case gzip, zstd

    func begins(_ slice: Slice, _ storage: borrowing ByteBuffer) -> Bool {
        let bytes: [UInt8] = self == .gzip ? [0x1F, 0x8B] : [0x28, 0xB5, 0x2F, 0xFD]
        return Int(slice.length) >= bytes.count
            && storage.equals(Slice(offset: Int(slice.offset), length: bytes.count), bytes)
    }
}
