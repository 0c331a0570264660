internal import EventLoop
internal import TLS

/// One client that speaks TLS. It reaches the HTTP library once its handshake is done, and hears close_notify when the
/// library hangs up.
///
/// What the library does not take is not read from the client either, and answers that the client does not take are left
/// with the library: of each there is no more in memory than one read.
final class TLSClient: ConnectionHandler {
    let client: HTTPClient
    private let connection: Connection
    // The front lives as long as its clients do.
    private let front: TLSFront
    private let loop: Loop
    private var session: TLSSession
    /// The way to the library, from the end of the handshake on.
    private var pair: SocketPair?
    /// Decrypted, and not taken by the library yet.
    private var waiting: ArraySlice<UInt8> = []
    private var handshake: LoopTimer?
    private var hasSpoken = false
    private var hasEnded = false
    private var isEnding = false
    /// What waits for the client, in bytes, before answers are left with the library.
    private static let mostAnswerBytes = 128 * 1024
    /// How long a client that has said its last word is waited for, in milliseconds.
    private static let farewellMilliseconds: UInt64 = 3_000

    init(_ connection: Connection, _ client: HTTPClient, _ front: TLSFront, _ loop: Loop) throws(TLSError) {
        session = try TLSSession(front.context)
        (self.connection, self.client, self.front, self.loop) = (connection, client, front, loop)
        let timer = LoopTimer(on: loop)
        handshake = timer
        timer.start(afterMilliseconds: front.handshakeMilliseconds) { [unowned self] in
            fail(
                "the TLS handshake is not done after \(Double(front.handshakeMilliseconds) / 1000) s (handshake_timeout)"
            )
        }
    }

    // MARK: - From the client

    func received(_ bytes: UnsafeRawBufferPointer, on connection: Connection) {
        guard !isEnding else { return }
        hasSpoken = true
        do throws(TLSError) {
            unsafe try session.receive(bytes)
            if pair == nil, session.state != .handshaking { try meetLibrary() }
            sendCiphertext()
            try carryOn()
        } catch {
            sendCiphertext()  // the alert that tells the client why
            fail(error.description)
        }
    }

    func reachedEnd(of connection: Connection) {
        guard !isEnding else { return }
        guard pair != nil else {
            if hasSpoken { front.handler?.failed("the client left in the middle of the TLS handshake", client) }
            return end()
        }
        // Where a request ends its head or its form says, so that an end without close_notify cuts nothing off unseen.
        hasEnded = true
        if waiting.isEmpty { pair?.endWriting() }
    }

    func drained(_ connection: Connection) {
        guard !isEnding else { return }
        pair?.isReading = true
        carryAnswers()
    }

    func closed(_ connection: Connection, because reason: CloseReason) {
        isEnding = true
        dropHandshakeTimer()
        pair?.close()
        pair = nil
        front.forget(self)
    }

    // MARK: - To the library and back

    private func meetLibrary() throws(TLSError) {
        dropHandshakeTimer()
        do throws(LoopError) {
            let made = try SocketPair(on: loop) { [unowned self] in ready() }
            pair = made
            if !front.join(made.takeOtherEnd(), client) { end() }
        } catch {
            fail("the connection cannot be served: \(error)")
        }
    }

    /// The library has answered, or has room.
    private func ready() {
        guard !isEnding else { return }
        if !waiting.isEmpty {
            do throws(TLSError) { try carryOn() } catch { fail(error.description) }
        }
        carryAnswers()
    }

    /// Hands the library all that can be read, or as much as it takes.
    private func carryOn() throws(TLSError) {
        guard let pair, !isEnding else { return }
        let wasWaiting = !waiting.isEmpty
        if wasWaiting {
            let taken = unsafe waiting.withUnsafeBytes { unsafe pair.write($0) }
            waiting = waiting.dropFirst(taken)
        }
        while waiting.isEmpty, let count = unsafe try session.read(into: front.passage.memory) {
            let bytes = unsafe UnsafeRawBufferPointer(rebasing: front.passage.memory[..<count])
            let taken = unsafe pair.write(bytes)
            if taken < count { unsafe waiting = ArraySlice(bytes[taken...]) }
        }
        if !waiting.isEmpty { return connection.pauseReading() }
        waiting = []
        if session.state == .closedByPeer { hasEnded = true }
        if hasEnded { pair.endWriting() } else if wasWaiting { connection.resumeReading() }
    }

    private func carryAnswers() {
        guard let pair, !isEnding else { return }
        while !isEnding {
            if connection.queuedWriteBytes > Self.mostAnswerBytes {
                pair.isReading = false
                return
            }
            switch unsafe pair.read(into: front.passage.memory) {
            case .nothing: return
            case .end: return end()
            case .bytes(let count):
                do throws(TLSError) {
                    unsafe try session.write(UnsafeRawBufferPointer(rebasing: front.passage.memory[..<count]))
                    sendCiphertext()
                } catch {
                    fail(error.description)
                }
            }
        }
    }

    private func sendCiphertext() {
        var out: [UInt8] = []
        session.takeCiphertext(appendingTo: &out)
        if !out.isEmpty { connection.write(out) }
    }

    // MARK: - The end

    /// Sends what the library has answered, and ends in order.
    ///
    /// - Parameter waits: for the client's own end: what it still sends would make its kernel throw the answer away. Not at
    ///   a stop, which is no time for that.
    func end(waits: Bool = true) {
        guard !isEnding else { return }
        dropHandshakeTimer()
        if let pair {
            while case .bytes(let count) = unsafe pair.read(into: front.passage.memory) {
                let bytes = unsafe UnsafeRawBufferPointer(rebasing: front.passage.memory[..<count])
                do throws(TLSError) { unsafe try session.write(bytes) } catch { break }
            }
            pair.close()
        }
        pair = nil
        isEnding = true
        session.close()
        sendCiphertext()
        guard waits else { return connection.closeAfterWrites(withinMilliseconds: Self.farewellMilliseconds) }
        connection.resumeReading()
        connection.closeAfterPeer(withinMilliseconds: Self.farewellMilliseconds)
    }

    private func fail(_ reason: String) {
        guard !isEnding else { return }
        front.handler?.failed("closed a connection: \(reason)", client)
        end()
    }

    private func dropHandshakeTimer() {
        handshake?.close()
        handshake = nil
    }
}
