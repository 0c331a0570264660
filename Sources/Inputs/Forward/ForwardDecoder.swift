internal import Compression
package import Events
package import ForwardProtocol
internal import Time

/// Who gets what a decoder makes of a client's bytes.
package protocol ForwardSink: AnyObject {
    /// A batch to hand on; the answer decides about acks and back-pressure.
    func deliver(tag: Tag, storage: inout ByteBuffer, rows: inout Rows) -> Acceptance
    /// Bytes for the client: acks, and the handshake's messages.
    func reply(_ bytes: borrowing ByteBuffer)
    /// The buffer is full: read no more until there is room.
    func pause()
    /// Something the operator should know; the connection goes on.
    func warn(_ message: String)
}

/// A client's byte stream → batches and acks. Fed with bytes as they come; knows no socket.
///
/// What is unfinished stays in `tail`; everything else is decoded where it was received. A broken stream throws once,
/// after which the decoder must not be fed again.
package final class ForwardDecoder {
    private enum Form { case undecided, messagePack, json }

    private let options: ForwardOptions
    private let batches: PendingBatches
    private let clock: @Sendable () -> EventTime
    private var handshake: ServerHandshake?
    private var form = Form.undecided

    /// Received and not yet decoded: the beginning of one message.
    private var tail = ByteBuffer(capacity: 16)
    /// How far the unfinished message has been looked at.
    private var framer: MessagePackFramer?
    private var jsonFramer: JSONFramer?
    /// The least size of the tail at which looking again makes sense.
    private var wanted = 0
    private var acks: [Ack] = []
    /// The time at which the present read is decoded: what events without a time get.
    private var now = EventTime(seconds: 0)

    /// Fields that every record gets (`source_address_key` …): name and value.
    package var sourceFields: [(name: [UInt8], value: [UInt8])] = []

    private struct Ack {
        var batch: PendingBatch?
        /// The chunk option's value, one MessagePack item.
        var chunk: Slice
    }

    /// - Parameters:
    ///   - batches: shared by the connections of a loop, empty between two calls of `receive`.
    ///   - handshake: nil without `<security>`.
    package init(
        options: ForwardOptions, batches: PendingBatches, handshake: ServerHandshake? = nil,
        clock: @escaping @Sendable () -> EventTime = Clock.now
    ) {
        self.options = options
        self.batches = batches
        self.handshake = handshake
        self.clock = clock
    }

    /// Whether the client may send events: at once, or once its handshake is done.
    var isEstablished: Bool { handshake?.isDone ?? true }

    /// The first words of a server that wants a handshake (HELO); to be sent before anything is received.
    package func greet(_ sink: any ForwardSink) {
        guard let handshake else { return }
        var out = ByteBuffer(capacity: 128)
        handshake.writeHELO(to: &out)
        sink.reply(out)
    }

    /// Takes what a read brought. `scratch` is the loop's: its content is of no use before and after.
    @unsafe
    package func receive(
        _ bytes: UnsafeRawBufferPointer, scratch: inout ByteBuffer, sink: any ForwardSink
    ) throws(ForwardError) {
        if tail.isEmpty {
            scratch.clear()
            scratch.shrink(toAtMost: Self.keptBytes)
            unsafe scratch.append(copying: bytes)
            let done = try process(&scratch, sink)
            if done.consumed < done.received {
                tail.append(Slice(offset: done.consumed, length: done.received - done.consumed), of: scratch)
                rebase(by: done.consumed)
            }
        } else {
            unsafe tail.append(copying: bytes)
            if tail.count >= wanted {
                var storage = ByteBuffer(capacity: 16)
                swap(&storage, &tail)
                let done = try process(&storage, sink)
                storage.truncate(to: done.received)
                storage.removePrefix(done.consumed)
                rebase(by: done.consumed)
                storage.shrink(toAtMost: storage.isEmpty ? 4096 : Self.keptBytes)
                swap(&storage, &tail)
            }
        }
        try checkSize(of: max(tail.count, wanted))
    }

    /// Memory that is kept between reads; a large message, or a compressed one, may need more for a while.
    private static let keptBytes = 4 << 20

    /// Whether a whole message was taken (for `deny_keepalive`); the handshake does not count.
    package var hasFinishedMessage: Bool { hasFinished }
    /// Private, so that the compiler sees all accesses and needs no check for them.
    private var hasFinished = false

    /// Whether the client has still to show that it knows the shared key.
    package var isShakingHands: Bool { handshake.map { !$0.isDone } ?? false }

    /// Bytes of a message that has not fully arrived, for the log when a client goes away in the middle of it.
    package var unfinishedBytes: Int { tail.count }

    private func rebase(by consumed: Int) {
        framer?.rebase(by: consumed)
        jsonFramer?.rebase(by: consumed)
        wanted = max(wanted - consumed, 0)
    }

    private func checkSize(of bytes: Int) throws(ForwardError) {
        if bytes > options.limits.messageBytes {
            throw ForwardError(
                .tooLarge,
                "a message of at least \(bytes) bytes exceeds chunk_size_limit (\(options.limits.messageBytes) bytes);"
                    + " raise chunk_size_limit of this source if the client is to be trusted")
        }
    }

    // MARK: - Messages

    private func process(
        _ storage: inout ByteBuffer, _ sink: any ForwardSink
    ) throws(ForwardError) -> (consumed: Int, received: Int) {
        let received = storage.count
        now = clock()
        var start = 0
        do throws(ForwardError) {
            while start < received, let end = try next(&storage, start, received, sink) {
                start = end
                if batches.recordCount >= options.limits.batchRecords {
                    flush(&storage, sink)
                    storage.truncate(to: received)
                }
            }
        } catch {
            flush(&storage, sink)  // the messages before the broken one were good
            throw error
        }
        flush(&storage, sink)
        return (start, received)
    }

    /// Deals with the message at `start`; answers where the next begins, or nil when this one is not complete.
    private func next(
        _ storage: inout ByteBuffer, _ start: Int, _ received: Int, _ sink: any ForwardSink
    ) throws(ForwardError) -> Int? {
        if form == .undecided {
            let first = storage[start]
            let isText = first == UInt8(ascii: "{") || first == UInt8(ascii: "[")
            form = isText && handshake == nil ? .json : .messagePack
        }
        if form == .json { return try nextJSON(&storage, start, received, sink) }
        var message: ForwardMessage
        do throws(MessagePackError) {
            if framer != nil {
                guard try framer!.advance(storage, wanted: &wanted) != nil else { return nil }
                framer = nil
            }
            if let state = handshake, !state.isDone {
                message = ForwardMessage(end: try storage.skipMessagePack(at: start, end: received))
            } else {
                message = try reader.read(at: start, end: received, &storage)
            }
        } catch {
            // A message that ends too early is looked at again when there is more; anything else is the end.
            guard case .truncated(let missing) = error else { throw .messagePack(error) }
            wanted = received + max(missing, 1)
            framer = MessagePackFramer(at: start)
            return nil
        }
        wanted = 0
        if let state = handshake, !state.isDone {
            try shakeHands(Slice(offset: start, length: message.end - start), storage, sink)
        } else {
            try finish(&message, from: start, &storage, sink)
        }
        return message.end
    }

    private var reader: ForwardMessageReader { ForwardMessageReader(batches: batches, now: now) }

    /// What remains once a message is complete: its packed entries, and what it asked for.
    private func finish(
        _ message: inout ForwardMessage, from start: Int, _ storage: inout ByteBuffer, _ sink: any ForwardSink
    ) throws(ForwardError) {
        guard let batch = message.batch else { return }
        hasFinished = true
        do throws(ForwardError) {
            try checkSize(of: message.end - start)
        } catch {
            batch.rows.rollBack(records: message.mark.records, fields: message.mark.fields)
            throw error
        }
        if let packed = message.packed {
            let entries = try decompress(packed, message.option.compression, &storage)
            do throws(MessagePackError) {
                try reader.readEntries(entries, of: &message, &storage)
            } catch {
                throw .messagePack(error)
            }
        }
        if message.skipped > 0 {
            sink.warn("\(message.skipReason) (\(message.skipped) in one message with tag \(batch.tag.text))")
            if !options.skipsInvalidEvents {
                batch.rows.rollBack(records: message.mark.records, fields: message.mark.fields)
                message.recordCount = 0
            }
        }
        if let limit = options.limits.messageWarnBytes, message.end - start > limit {
            sink.warn("a message of \(message.end - start) bytes is over chunk_size_warn_limit (\(limit) bytes)")
        }
        if !sourceFields.isEmpty { addSourceFields(to: batch, from: message.mark.records, &storage) }
        if let chunk = message.option.chunk { acks.append(Ack(batch: batch, chunk: chunk)) }
        batches.added(message.recordCount)
    }

    /// The entries of a packed message as they are to be read; decompressed ones are put behind what was received.
    ///
    /// A payload that says zstd and does not begin as zstd does is taken as it is: Fluentd before 1.19 ignored the word.
    private func decompress(
        _ packed: Slice, _ compression: ForwardMessage.Compression, _ storage: inout ByteBuffer
    ) throws(ForwardError) -> Slice {
        if compression == .none { return packed }
        let limit = DecompressionLimit(bytes: options.limits.decompressedBytes, parameter: "decompression_size_limit")
        var plain = ByteBuffer(capacity: Int(packed.length) * 4)
        do throws(CompressionError) {
            switch compression {
            case .none: return packed
            case .zstd:
                guard Self.beginsAsZstandard(packed, storage) else { return packed }
                try Zstandard.decompress(packed, of: storage, into: &plain, limit: limit)
            case .gzip: try Gzip.decompress(packed, of: storage, into: &plain, limit: limit)
            }
        } catch {
            throw ForwardError(.corrupt, "cannot decompress a packed message: \(error)")
        }
        let start = storage.count
        storage.append(plain)
        return Slice(offset: start, length: storage.count - start)
    }

    /// The magic number of a frame, RFC 8878 §3.1.1.
    private static func beginsAsZstandard(_ slice: Slice, _ storage: borrowing ByteBuffer) -> Bool {
        slice.length >= 4
            && storage.equals(Slice(offset: Int(slice.offset), length: 4), [0x28, 0xB5, 0x2F, 0xFD])
    }

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
                time: record.time, firstField: start, fieldCount: batch.rows.fields.count - start)
        }
    }

    // MARK: - Handing on

    /// Hands every pending batch on, then answers the messages that asked for it, in their order. A message whose batch
    /// was refused gets no ack: its client will send it again.
    private func flush(_ storage: inout ByteBuffer, _ sink: any ForwardSink) {
        var isFull = false
        for batch in batches.list where !batch.rows.isEmpty {
            batch.acceptance = sink.deliver(tag: batch.tag, storage: &storage, rows: &batch.rows)
            if batch.acceptance == .acceptedFull { isFull = true }
        }
        if !acks.isEmpty {
            var out = ByteBuffer(capacity: 64 * acks.count)
            for ack in acks {
                if case .refused = ack.batch?.acceptance { continue }
                write(ack.chunk, storage, to: &out)
            }
            acks.removeAll(keepingCapacity: true)
            if !out.isEmpty { sink.reply(out) }
        }
        batches.clear()
        if isFull { sink.pause() }
    }

    /// `{"ack": chunk}`, the chunk byte for byte as it came, in the form in which the client speaks.
    private func write(_ chunk: Slice, _ storage: borrowing ByteBuffer, to out: inout ByteBuffer) {
        if form == .json {
            out.append("{\"ack\":")
            out.appendJSON(messagePackAt: Int(chunk.offset), storage)
            out.append("}")
        } else {
            out.appendMessagePack(mapCount: 1)
            out.appendMessagePackString("ack")
            out.append(chunk, of: storage)
        }
    }

    // MARK: - The JSON form

    /// One JSON value is turned into MessagePack behind what was received and read from there.
    private func nextJSON(
        _ storage: inout ByteBuffer, _ start: Int, _ received: Int, _ sink: any ForwardSink
    ) throws(ForwardError) -> Int? {
        var framer = jsonFramer ?? JSONFramer(at: start)
        guard let end = framer.advance(storage, end: received) else {
            jsonFramer = framer.isBlank ? nil : framer
            return framer.isBlank ? received : nil
        }
        jsonFramer = nil
        let place = storage.count
        do throws(JSONError) {
            var text = ByteBuffer(capacity: end - start)
            text.append(Slice(offset: start, length: end - start), of: storage)
            _ = try JSONTranscoder.transcode(text, at: 0, to: &storage)
        } catch {
            throw ForwardError(.malformed, "not JSON: \(error)")
        }
        var message: ForwardMessage
        do throws(MessagePackError) {
            message = try reader.read(at: place, end: storage.count, &storage)
        } catch {
            throw ForwardError(.notForward, "a JSON value that is no message of the forward protocol")
        }
        try finish(&message, from: place, &storage, sink)
        return end
    }

    // MARK: - Handshake

    private func shakeHands(
        _ message: Slice, _ storage: borrowing ByteBuffer, _ sink: any ForwardSink
    ) throws(ForwardError) {
        guard var state = handshake else { return }
        var out = ByteBuffer(capacity: 256)
        defer { if !out.isEmpty { sink.reply(out) } }
        try state.receive(message, storage, reply: &out)
        handshake = state
    }
}
