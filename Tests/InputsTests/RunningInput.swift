import EventLoop
import Events
import Inputs
import Logging
import Synchronization
import TLS

/// A forward source on a loop thread of its own, for clients over real sockets.
///
/// `@unchecked Sendable`: the input is made before its thread starts and touched only by jobs on it afterwards.
final class RunningInput: @unchecked Sendable {
    let collector = Collector()
    let log = LogRecorder()
    let port: UInt16
    private let input: ForwardInput
    private let thread: LoopThread

    init(
        _ endpoint: Endpoint = .tcp(host: "127.0.0.1", port: 0), tls: TLSContext? = nil, gates: OutputGates? = nil,
        _ change: (inout ForwardInput.Settings) -> Void = { _ in }
    ) throws {
        var settings = ForwardInput.Settings(endpoint: endpoint)
        change(&settings)
        let loop = try Loop()
        let pressure = gates.map { Pressure(gates: $0) }
        collector.pressure = pressure
        input = ForwardInput(
            settings, tls: tls, on: loop, emitter: collector, log: Log(handler: log), pressure: pressure)
        try input.start()
        port = input.port
        thread = try LoopThread.start(loop, name: "test-input")
    }

    func resumeReading() { thread.loop.submit { self.input.resumeReading() } }

    func stopReading() { thread.loop.submit { self.input.stopReading() } }

    /// Stops as the daemon does; answers handles that were left behind.
    func stop() -> [String] {
        thread.loop.submit { self.input.close() }
        thread.loop.stop()
        return thread.join()
    }
}

/// Takes batches on the loop thread, for the test's thread to look at.
final class Collector: Emitter, Sendable {
    struct State {
        var events: [String] = []
        var answer = Acceptance.accepted
        /// Tags whose output is full.
        var full: [String: OutputGate] = [:]
        /// Receipts are held, one part a batch, until the test settles them.
        var keepsReceipts = false
        var receipts: [Receipt] = []
    }
    let state = Mutex(State())
    /// Set before the loop runs, and touched on it alone from then on.
    nonisolated(unsafe) var pressure: Pressure?

    func emit(_ batch: Events.Batch, storage: inout ByteBuffer, rows: inout Rows) -> Acceptance {
        let tag = batch.tag
        var lines: [String] = []
        for record in rows.records {
            var out = ByteBuffer()
            out.appendJSONObject(record, rows, storage)
            lines.append("\(tag.text) \(record.time.seconds) \(out.text)")
        }
        return state.withLock {
            $0.events += lines
            if $0.keepsReceipts, let receipt = batch.receipt {
                receipt.hold()
                $0.receipts.append(receipt)
            }
            guard let gate = $0.full[tag.text] else { return $0.answer }
            pressure?.note(gate)
            return .acceptedFull
        }
    }

    /// Settles the first part that is held.
    func settle(_ fate: Receipt.Fate) {
        let receipt = state.withLock { $0.receipts.isEmpty ? nil : $0.receipts.removeFirst() }
        receipt?.settle(fate)
    }

    var events: [String] { state.withLock { $0.events } }

    /// Waits until there are that many events, at most 20 seconds.
    func wait(for count: Int) -> [String] {
        let end = ContinuousClock.now + .seconds(20)
        while events.count < count, ContinuousClock.now < end { sleepMilliseconds(2) }
        return events
    }
}
