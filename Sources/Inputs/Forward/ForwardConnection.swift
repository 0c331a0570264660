internal import EventLoop
internal import Events
internal import ForwardProtocol
internal import Logging
internal import TLS
internal import Time

/// One client: hands what arrives to the decoder (through TLS when there is some) and what the decoder answers back.
final class ForwardConnection: ConnectionHandler, ForwardSink {
    /// Why the input does not let a client be read.
    enum Hold {
        case none
        /// Its own events were taken by buffers that are full: by so many bytes beyond their limits.
        case full(GateWait, bytes: Int)
        /// Others' events were: it has to wait unheard.
        case unheard
        /// Unfinished messages have more memory than they may, and another client goes on.
        case memory
        /// The input rests.
        case resting
        /// Reading was stopped for good.
        case stopped
    }

    let connection: Connection
    /// How many clients came before it, and it.
    let number: UInt64
    /// Why it is not read.
    private(set) var hold = Hold.none
    /// The last `BackPressure.episode` in which its events were taken by buffers with room.
    private(set) var acceptedEpisode: UInt64 = 0
    /// When its handshake has to be done, by the loop's clock; nil once it is, and while the client is held.
    private var handshakeDeadline: UInt64?
    /// The most that a full buffer took of one read.
    private var bytesBeyondLimit = 0

    var isHeld: Bool { if case .none = hold { false } else { true } }

    private unowned let input: ForwardInput
    private let decoder: ForwardDecoder
    private let secure: SecureChannel?
    private var isEnding = false
    /// What this turn's acks wait with, where they wait.
    private var turn: AckTurn?
    private var openTurns = 0
    private var hasSaidHandshake = false
    /// When the last bytes came, by the clock that never goes back, in nanoseconds.
    private var receivedAt: Int64 = 0
    /// The same of the bytes that were acknowledged last: one note a read is enough.
    private var notedAt: Int64 = -1

    init(_ connection: Connection, number: UInt64, input: ForwardInput, tls: TLSContext?) throws(TLSError) {
        self.connection = connection
        self.number = number
        self.input = input
        secure = if let tls { try SecureChannel(tls) } else { nil }
        let settings = input.settings
        let address = connection.peerAddress
        let handshake = settings.security.map {
            ServerHandshake(
                $0, address: address?.octets ?? [], peerName: address?.host ?? connection.peerName,
                keepsAlive: !settings.deniesKeepAlive)
        }
        decoder = ForwardDecoder(options: settings.options, batches: input.batches, handshake: handshake)
        let host = Array((address?.host ?? connection.peerName).utf8)
        for key in [settings.options.sourceAddressKey, settings.options.sourceHostnameKey] {
            if let key { decoder.sourceFields.append((Array(key.utf8), host)) }
        }
        startHandshakeClock()
    }

    func greet() {
        input.log.debug(
            "a client connected",
            ["peer": connection.peerName, "tls": secure != nil, "handshake": input.settings.security != nil])
        decoder.greet(self)
    }

    /// Reads no more and goes once everything is written.
    func finish(withinMilliseconds limit: UInt64? = nil) {
        drain()
        guard !isEnding else { return }
        isEnding = true
        connection.pauseReading()
        if let secure {
            secure.session.close()
            sendCiphertext(secure)
        }
        connection.closeAfterWrites(withinMilliseconds: limit)
    }

    /// Reads no more until `resume`. A reason that it has already stays.
    func hold(_ reason: Hold) {
        switch (hold, reason) {
        case (.none, _), (_, .stopped), (.memory, .unheard), (.memory, .resting): hold = reason
        default: break
        }
        handshakeDeadline = nil
        connection.pauseReading()
    }

    func resume() {
        hold = .none
        guard !isEnding else { return }
        startHandshakeClock()
        goOn()
    }

    /// Decodes what the last turn left, then reads on.
    func goOn() {
        guard !isEnding, !isHeld else { return }
        do throws(ForwardError) {
            try decoder.proceed(self)
        } catch {
            reject(error)
        }
        endTurn()
        endAfterMessageIfAsked()
        countKept(received: 0)
        if !isEnding, !isHeld, !decoder.isSuspended { connection.resumeReading() }
    }

    /// Decodes all that was read, whatever time and room it takes: what came without asking for an ack has no copy.
    func drain() {
        guard !isEnding, decoder.isSuspended else { return }
        do throws(ForwardError) {
            try decoder.drain(self)
        } catch {
            reject(error)
        }
        endTurn()
    }

    /// Goes without a word: nobody is there to hear it.
    func dismiss(because reason: CloseReason) {
        isEnding = true
        connection.close(because: reason)
    }

    // MARK: - The handshake's time

    /// Whether somebody has to look after it now and then.
    var needsWatching: Bool { !isEnding && (isHeld || handshakeDeadline != nil) }

    private var isShakingHands: Bool { secure?.session.state == .handshaking || decoder.isShakingHands }

    private func startHandshakeClock() {
        if isShakingHands { handshakeDeadline = input.loop.now + input.settings.handshakeTimeoutMilliseconds }
    }

    func endIfHandshakeIsOverdue(atMilliseconds now: UInt64) {
        guard let deadline = handshakeDeadline, now >= deadline, !isEnding else { return }
        let what = secure?.session.state == .handshaking ? "TLS handshake" : "handshake with the shared key"
        input.log.limited(
            .warn, kind: "handshake_timeout", subject: ["client": clientHost],
            "closed a connection: its \(what) was not done within"
                + " \(Double(input.settings.handshakeTimeoutMilliseconds) / 1000) s (handshake_timeout)",
            ["peer": connection.peerName])
        finish()
    }

    // MARK: - From the client

    func received(_ bytes: UnsafeRawBufferPointer, on connection: Connection) {
        guard !isEnding else { return }
        input.meter?.received(bytes.count)
        receivedAt = Clock.monotonicNanoseconds()
        if let secure {
            unsafe decrypt(bytes, secure)
        } else {
            unsafe decode(bytes)
        }
        if handshakeDeadline != nil, !isShakingHands { handshakeDeadline = nil }
        countKept(received: bytes.count)
    }

    // MARK: - Memory

    /// What the client has in memory, as the source's `IntakeBudget` counts it.
    private(set) var keptBytes = 0

    private func countKept(received bytes: Int) {
        recount()
        input.noteIntake(of: self, received: bytes)
    }

    private func recount() {
        let now = decoder.keptBytes
        if now != keptBytes {
            input.settings.intake.add(now - keptBytes)
            keptBytes = now
        }
    }

    /// Keeps no more than was received.
    func trim() {
        decoder.trim()
        recount()
    }

    /// It stands in the way of others and sends nothing.
    func giveUpMessage() {
        input.log.limited(
            .warn, kind: "unfinished", subject: ["client": clientHost],
            "closed a connection: it has sent \(decoder.unfinishedBytes) bytes of a message and hardly more in"
                + " \(IntakeQueue<Int>.patienceMilliseconds / 1000) s, while others wait for memory"
                + " (unfinished_limit_size)",
            ["peer": connection.peerName])
        finish()
    }

    func reachedEnd(of connection: Connection) {
        // A connection that ends before TLS was established is worth a line when the client had said something: health
        // checks only connect. One that ends without close_notify is not, as long as no message is cut (see `closed`).
        if !isEnding, let secure, secure.hasReceived, secure.session.state == .handshaking {
            do throws(TLSError) {
                try secure.session.receivedEndOfStream()
            } catch {
                input.log.limited(.warn, subject: ["client": clientHost], error.description)
            }
        }
        finish()
    }

    func closed(_ connection: Connection, because reason: CloseReason) {
        drain()
        turn?.end()
        turn = nil
        if decoder.unfinishedBytes > 0 {
            input.log.limited(
                .warn, kind: "cut", subject: ["client": clientHost],
                "a client went away in the middle of a message: \(reason)",
                ["peer": connection.peerName, "unfinished_bytes": decoder.unfinishedBytes])
        }
        input.log.debug("a client left: \(reason)", ["peer": connection.peerName])
        // What it has is counted no more: nobody calls it after this.
        input.settings.intake.add(-keptBytes)
        keptBytes = 0
        input.forget(self)
    }

    private func decode(_ bytes: UnsafeRawBufferPointer) {
        do throws(ForwardError) {
            unsafe try decoder.receive(bytes, scratch: &input.scratch, sink: self)
        } catch {
            reject(error)
        }
        noteHandshake()
        endTurn()
        endAfterMessageIfAsked()
    }

    private func noteHandshake() {
        guard !hasSaidHandshake, input.settings.security != nil, decoder.isEstablished else { return }
        hasSaidHandshake = true
        input.log.debug("a client has shown the key", ["peer": connection.peerName])
    }

    private func endAfterMessageIfAsked() {
        if input.settings.deniesKeepAlive, decoder.hasFinishedMessage, openTurns == 0 { finish() }
    }

    private func decrypt(_ bytes: UnsafeRawBufferPointer, _ secure: SecureChannel) {
        do throws(TLSError) {
            secure.hasReceived = true
            unsafe try secure.session.receive(bytes)
            while !isEnding, let count = unsafe try secure.session.read(into: input.plaintext.memory) {
                unsafe decode(UnsafeRawBufferPointer(rebasing: input.plaintext.memory[..<count]))
            }
            sendCiphertext(secure)
            if secure.session.state == .closedByPeer { finish() }
        } catch {
            sendCiphertext(secure)  // the alert that tells the peer why
            reject(error.description)
        }
    }

    private func reject(_ error: ForwardError) {
        input.log.limited(
            .warn, kind: error.code.rawValue, subject: ["client": clientHost], "closed a connection: \(error.message)",
            ["peer": connection.peerName])
        finish()
    }

    private func reject(_ message: String) {
        input.log.limited(
            .warn, subject: ["client": clientHost], "closed a connection: \(message)",
            ["peer": connection.peerName])
        finish()
    }

    // MARK: - From the decoder

    func deliver(tag: Tag, storage: inout ByteBuffer, rows: inout Rows) -> Acceptance {
        let input = input
        input.log.trace(
            "events arrived", ["peer": connection.peerName, "tag": tag.text, "events": rows.records.count])
        let acceptance = input.emitter.emit(
            Batch(tag, receipt: receiptOfTurn(input)), storage: &storage, rows: &rows)
        switch acceptance {
        case .accepted: acceptedEpisode = input.episode
        case .acceptedFull: bytesBeyondLimit = max(bytesBeyondLimit, storage.count)
        case .refused: break
        }
        return acceptance
    }

    func reply(_ bytes: borrowing ByteBuffer) {
        guard let secure else {
            connection.write(bytes.span)
            return
        }
        do throws(TLSError) {
            try secure.session.write(bytes.array())
            sendCiphertext(secure)
        } catch {
            reject(error.description)
        }
    }

    private func sendCiphertext(_ secure: SecureChannel) {
        var out: [UInt8] = []
        secure.session.takeCiphertext(appendingTo: &out)
        if !out.isEmpty { connection.write(out) }
    }

    // MARK: - Acks that wait

    private func receiptOfTurn(_ input: ForwardInput) -> Receipt? {
        guard let moment = input.acksAfter else { return nil }
        if let turn { return turn.receipt }
        let began = AckTurn(of: self, on: input.loop, for: moment, receivedAt: receivedAt)
        turn = began
        openTurns += 1
        return began.receipt
    }

    func acknowledge(_ bytes: borrowing ByteBuffer) {
        if let turn { return turn.add(bytes) }
        reply(bytes)
        noteAck(of: receivedAt)
    }

    private func noteAck(of receivedAt: Int64) {
        guard receivedAt != notedAt else { return }
        notedAt = receivedAt
        input.meter?.acknowledged(afterSeconds: Double(Clock.monotonicNanoseconds() &- receivedAt) / 1e9)
    }

    private func endTurn() {
        guard let ended = turn, !decoder.isInMessage else { return }
        turn = nil
        ended.end()
    }

    /// All events of a turn have met the end that its acks wait for.
    func settled(_ acks: [UInt8], _ fate: Receipt.Fate, of moment: Receipt.Moment, receivedAt: Int64) {
        openTurns -= 1
        // At a stop events may be kept for the next start: that is no delivery.
        let isReached = fate == .refused || fate == .delivered || fate == .safe && moment == .safe
        if isReached, !acks.isEmpty {
            var out = ByteBuffer(capacity: acks.count)
            out.append(acks)
            reply(out)
            noteAck(of: receivedAt)
        } else if !acks.isEmpty {
            input.log.limited(
                .warn, kind: "unacknowledged", subject: ["client": clientHost],
                fate == .lost
                    ? "events are lost, so their client gets no ack; it will send them again"
                    : "events were not delivered before the stop, so their client gets no ack; it will send them again",
                ["peer": connection.peerName])
        }
        if !isEnding { endAfterMessageIfAsked() }
    }

    func pause() {
        input.tookBeyondLimit(bytes: bytesBeyondLimit, of: self)
        bytesBeyondLimit = 0
    }

    func continueLater() {
        connection.pauseReading()
        input.continueLater(self)
    }

    func note(_ error: ForwardError, count: Int) {
        input.log.limited(
            .warn, kind: error.code.rawValue, subject: ["client": clientHost], count: count, error.message,
            ["peer": connection.peerName])
    }

    /// The peer without its port, which is another one each time: what the log counts clients by.
    private var clientHost: String { connection.peerAddress?.host ?? connection.peerName }
}
