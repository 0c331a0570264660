internal import Compression
package import Events
package import ForwardProtocol
internal import Time

/// A client's byte stream → batches and acks. Fed with bytes as they come; knows no socket.
///
/// What is unfinished stays in `tail`; everything else is decoded where it was received. What would take long, or has no
/// room, is decoded in several turns: the decoder says so to its sink, keeps what it is fed meanwhile, and goes on when
/// `proceed` is called. A broken stream throws once, after which the decoder must not be fed again.
package final class ForwardDecoder {
    enum Form { case undecided, messagePack, json }

    let options: ForwardOptions
    let batches: PendingBatches
    private let clock: @Sendable () -> EventTime
    private var handshake: ServerHandshake?
    var form = Form.undecided

    /// Received and not yet decoded: the beginning of one message, or all that waits while the decoder does.
    private var tail = ByteBuffer(capacity: 16)
    /// How far the unfinished message has been looked at.
    private var framer: MessagePackFramer?
    var jsonFramer: JSONFramer?
    /// The least size of the tail at which looking again makes sense.
    private var wanted = 0
    var acks: [Ack] = []
    /// Hand-overs since the last acks that were refused.
    var refused: [Int] = []
    /// The time at which the present read is decoded: what events without a time get.
    private var now = EventTime(seconds: 0)

    /// A message that is read in slices.
    var inHand: MessageInHand?
    /// Whether `proceed` is to be called before anything else is decoded.
    package private(set) var isSuspended = false
    private var isDraining = false
    /// A batch filled the buffer in this turn.
    var isFull = false
    var turnRecords = 0
    var turnBytes = 0

    /// Extension types that were mentioned.
    var namedTypes: Set<Int8> = []
    var hasNamedSurplus = false

    /// Fields that every record gets (`source_address_key` …): name and value.
    package var sourceFields: [(name: [UInt8], value: [UInt8])] = [] {
        didSet { hasSourceFields = !sourceFields.isEmpty }
    }
    private(set) var hasSourceFields = false

    struct Ack {
        /// The hand-over with which the message's records left; 0: it had none.
        var delivery: Int
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
        if isSuspended {
            unsafe tail.append(copying: bytes)
            return
        }
        if tail.count + bytes.count < wanted {
            unsafe tail.append(copying: bytes)
        } else if tail.count > Self.movedBytes {
            unsafe tail.append(copying: bytes)
            try processTail(sink)
        } else {
            // In the loop's memory, which is there already: what a client keeps for itself is the rest of a message.
            scratch.clear()
            scratch.shrink(toAtMost: Self.keptBytes)
            scratch.append(tail)
            unsafe scratch.append(copying: bytes)
            tail.clear()
            let done = try process(&scratch, sink)
            if done.consumed < done.received {
                tail.append(Slice(offset: done.consumed, length: done.received - done.consumed), of: scratch)
            }
            rebase(by: done.consumed)
            tail.shrink(toAtMost: tail.isEmpty ? 4096 : Self.keptBytes)
        }
        try endTurn(sink)
    }

    /// Goes on where the decoder stopped. Does nothing when it did not.
    package func proceed(_ sink: any ForwardSink) throws(ForwardError) {
        guard isSuspended else { return }
        isSuspended = false
        try processTail(sink)
        try endTurn(sink)
    }

    /// Goes on to the end of what was received, whatever time and room it takes: nothing more will come, and what was
    /// read without asking for an ack has no other copy.
    package func drain(_ sink: any ForwardSink) throws(ForwardError) {
        isDraining = true
        try proceed(sink)
    }

    private func processTail(_ sink: any ForwardSink) throws(ForwardError) {
        var storage = ByteBuffer(capacity: 16)
        swap(&storage, &tail)
        let done = try process(&storage, sink)
        storage.truncate(to: done.received)
        storage.removePrefix(done.consumed)
        rebase(by: done.consumed)
        storage.shrink(toAtMost: storage.isEmpty ? 4096 : Self.keptBytes)
        swap(&storage, &tail)
    }

    private func endTurn(_ sink: any ForwardSink) throws(ForwardError) {
        turnRecords = 0
        turnBytes = 0
        if isFull {
            isFull = false
            sink.pause()
        } else if isSuspended {
            sink.continueLater()
        }
        if !isSuspended { try checkSize(of: max(tail.count, wanted)) }
    }

    /// What of an unfinished message is copied to where the next bytes are: more of it is looked at where it is.
    private static let movedBytes = 512 << 10

    /// Memory that is kept between reads; a large message, or a compressed one, may need more for a while.
    static let keptBytes = 4 << 20

    /// Whether a whole message was taken (for `deny_keepalive`); the handshake does not count.
    package var hasFinishedMessage: Bool { hasFinished }
    /// In the middle of a message of which a part was handed on.
    var isInMessage: Bool { inHand != nil }
    /// Private, so that the compiler sees all accesses and needs no check for them.
    private var hasFinished = false

    /// Whether the client has still to show that it knows the shared key.
    package var isShakingHands: Bool { handshake.map { !$0.isDone } ?? false }

    /// Bytes of a message that has not fully arrived, for the log when a client goes away in the middle of it.
    package var unfinishedBytes: Int { tail.count }

    /// Memory that the client's bytes take between two reads.
    package var keptBytes: Int { tail.capacity + (inHand?.unpacked.capacity ?? 0) }

    /// Gives back what is kept for bytes that may still come.
    func trim() {
        if tail.capacity > 2 * max(tail.count, 2048) { tail.shrink(toAtMost: max(tail.count, 2048)) }
        if let inHand, inHand.unpacked.capacity > 2 * max(inHand.unpacked.count, 2048) {
            inHand.unpacked.shrink(toAtMost: max(inHand.unpacked.count, 2048))
        }
    }

    private func rebase(by consumed: Int) {
        framer?.rebase(by: consumed)
        jsonFramer?.rebase(by: consumed)
        inHand?.rebase(by: consumed)
        wanted = max(wanted - consumed, 0)
    }

    private func checkSize(of bytes: Int) throws(ForwardError) {
        if isShakingHands, bytes > options.limits.handshakeBytes {
            throw ForwardError(
                .tooLarge, "a handshake of at least \(bytes) bytes exceeds \(options.limits.handshakeBytes) bytes")
        }
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
        var start = inHand?.start ?? 0
        do throws(ForwardError) {
            while start < received {
                if let message = inHand {
                    guard try readSlices(of: message, &storage, received, sink) else {
                        isSuspended = true
                        break
                    }
                    start = message.end
                    inHand = nil
                    hasFinished = true
                } else {
                    guard let end = try next(&storage, start, received, sink) else { break }
                    if inHand == nil { start = end }
                    if inHand != nil || batches.recordCount >= options.limits.batchRecords
                        || storage.count - received > options.limits.heldBytes
                    {
                        flush(&storage, sink)
                        storage.truncate(to: received)
                    }
                }
                if mustWait, start < received {
                    isSuspended = true
                    break
                }
            }
        } catch {
            flush(&storage, sink)  // the messages before the broken one were good
            throw error
        }
        flush(&storage, sink)
        return (start, received)
    }

    /// Whether this turn is over.
    var mustWait: Bool {
        !isDraining
            && (isFull || turnRecords >= options.limits.turnRecords || turnBytes >= options.limits.turnBytes)
    }

    /// Deals with the message at `start`; answers where the next begins, or nil when this one is not complete. It may be
    /// left in hand.
    private func next(
        _ storage: inout ByteBuffer, _ start: Int, _ received: Int, _ sink: any ForwardSink
    ) throws(ForwardError) -> Int? {
        if form == .undecided {
            let first = storage[start]
            if ForeignProtocol.mayBegin(with: first) {
                guard received - start >= ForeignProtocol.wantedBytes else {
                    wanted = start + ForeignProtocol.wantedBytes
                    return nil
                }
                let head = Slice(offset: start, length: ForeignProtocol.wantedBytes)
                if let sentence = ForeignProtocol.sentence(about: head, of: storage) {
                    throw ForwardError(.foreign, sentence, offset: start)
                }
            }
            let isText = first == UInt8(ascii: "{") || first == UInt8(ascii: "[")
            form = isText && handshake == nil ? .json : .messagePack
        }
        if form == .json { return try nextJSON(&storage, start, received, sink) }
        var message = ForwardMessage(end: start)
        do throws(MessagePackError) {
            if framer != nil, try !isWhole(storage) { return nil }
            if isShakingHands {
                message.end = try storage.skipMessagePack(at: start, end: received)
            } else {
                try reader.read(at: start, end: received, into: &message, &storage)
            }
        } catch {
            // A message that ends too early is looked at again when there is more; anything else is the end.
            guard case .truncated(let missing) = error else { throw .messagePack(error) }
            wanted = received + max(missing, 1)
            framer = MessagePackFramer(at: start)
            return nil
        }
        wanted = 0
        if isShakingHands {
            try checkSize(of: message.end - start)
            try shakeHands(Slice(offset: start, length: message.end - start), storage, sink)
        } else {
            try finish(&message, from: start, isReceived: true, &storage, sink)
        }
        return message.end
    }

    /// Goes on with `framer`, which is gone once its message is complete. With copies: if a variable of this object were
    /// lent, each access to it would be checked, several for a message.
    private func isWhole(_ storage: borrowing ByteBuffer) throws(MessagePackError) -> Bool {
        guard var moved = framer else { return true }
        framer = nil
        var least = wanted
        defer { wanted = least }
        if try moved.advance(storage, wanted: &least) != nil { return true }
        framer = moved
        return false
    }

    var reader: ForwardMessageReader {
        ForwardMessageReader(batches: batches, entryLimit: options.limits.batchRecords, now: now)
    }

    /// What remains once a message is complete: its packed entries, and what it asked for.
    ///
    /// - Parameter isReceived: it lies among the bytes that were received, which stay until it is done with.
    func finish(
        _ message: inout ForwardMessage, from start: Int, isReceived: Bool, _ storage: inout ByteBuffer,
        _ sink: any ForwardSink
    ) throws(ForwardError) {
        guard let batch = message.batch else {
            for fault in message.faults.errors(storage) {
                var error = fault.error
                error.message = "an extension type stands where a message or its tag should"
                sink.note(error, count: fault.count)
            }
            return
        }
        do throws(ForwardError) {
            try checkSize(of: message.end - start)
        } catch {
            batch.rows.rollBack(records: message.mark.records, fields: message.mark.fields)
            throw error
        }
        var isTaken = true
        if let packed = message.packed {
            isTaken = try readPacked(packed, of: &message, batch, from: start, isReceived, &storage, sink)
        }
        if let limit = options.limits.messageWarnBytes, message.end - start > limit {
            sink.note(
                ForwardError(
                    .tooLarge,
                    "a message of \(message.end - start) bytes is over chunk_size_warn_limit (\(limit) bytes)",
                    costs: .nothing), count: 1)
        }
        if !complete(batch, from: message.mark, message.faults, &storage, sink) {
            message.recordCount = 0
            isTaken = false
            inHand?.isGivenUp = true
        }
        if message.surplus != .none, !name(surplus: message, sink) {
            isTaken = false
            inHand?.isUnacknowledged = true
        }
        if let chunk = message.option.chunk, message.recordCount > 0 {
            inHand?.noteRead(message.recordCount, from: batch.rows.records[message.mark.records].time)
            batch.rows.setMessage(chunk, from: message.mark.records)
        }
        batches.added(message.recordCount)
        if batches.keepsOrder, message.recordCount > 0 {
            if let latest = batches.latest, latest !== batch { handOn(latest, &storage, sink, batches.keptRowFields) }
            batches.latest = batch
        }
        if inHand == nil {
            hasFinished = true
            if isTaken, let chunk = message.option.chunk {
                acks.append(Ack(delivery: message.recordCount == 0 ? 0 : batch.delivery, chunk: chunk))
            }
        }
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
