import CommandLine
import EventLoop
import Events
import ForwardProtocol
import Glibc
import Outputs
import Synchronization
import TLS
import Time

/// What the loop's thread tells the one that reads standard input, and a pipe that wakes it.
private final class FeedState: Sendable {
    struct Facts {
        /// Bytes handed to the client that the kernel has not taken.
        var backlogBytes = 0
        /// Messages whose receipt is still to come.
        var outstandingMessages = 0
        var acknowledgedEvents = 0
        var isReady = false
        /// SIGINT and SIGTERM so far: the first ends the input, the second the waiting.
        var stopSignals = 0
        var hasEnded = false
        var failure: ForwardClientError?
    }

    let facts = Mutex(Facts())
    /// Readable after every change.
    let wakeDescriptor: Int32
    private let writeDescriptor: Int32

    init() {
        var ends: [Int32] = [-1, -1]
        // Fills both elements.
        let status = unsafe pipe(&ends)
        precondition(status == 0, "a process that just started has no descriptor left for a pipe")
        for end in ends {
            // Neither takes a pointer.
            _ = fcntl(end, F_SETFL, O_NONBLOCK)
            _ = fcntl(end, F_SETFD, FD_CLOEXEC)
        }
        wakeDescriptor = ends[0]
        writeDescriptor = ends[1]
    }

    deinit {
        close(wakeDescriptor)
        close(writeDescriptor)
    }

    func change(_ body: (inout Facts) -> Void) {
        facts.withLock { body(&$0) }
        var byte: UInt8 = 1
        // A full pipe wakes as well.
        _ = unsafe write(writeDescriptor, &byte, 1)
    }

    func drainWakes() {
        var bytes = [UInt8](repeating: 0, count: 256)
        // Reads within the array; the pipe does not block.
        while unsafe read(wakeDescriptor, &bytes, bytes.count) > 0 {}
    }

    func apply(_ report: ForwardClient.Report) {
        change { facts in
            switch report {
            case .ready: facts.isReady = true
            case .taken(let bytes): facts.backlogBytes -= bytes
            case .acknowledged(_, let eventCount):
                facts.outstandingMessages -= 1
                facts.acknowledgedEvents += eventCount
            case .ended(let error):
                facts.hasEnded = true
                facts.failure = error
            }
        }
    }
}

/// Reads standard input, or a file, on the calling thread, while a loop of its own talks to the server.
struct EventFeed {
    /// Of `--batch`.
    static let defaultBatchEvents = 1000
    /// A message waits no longer than this for more events.
    static let batchMilliseconds: Int64 = 200
    /// A message is sealed when it has so many bytes, whatever `--batch` says.
    static let maximumMessageBytes = 1 << 20
    /// Above so many bytes that the kernel has not taken, nothing more is read: a slow server slows the pipe.
    static let maximumBacklogBytes = 4 << 20
    /// Messages on their way without a receipt. Their receipts (35 bytes) fit the buffers in between, so that server and
    /// client never wait for each other.
    static let maximumOutstandingMessages = 4096
    /// Problems shown one by one; the rest is counted.
    static let maximumShownProblems = 20

    private let asksForReceipts: Bool
    private let batchEvents: Int
    private let saysSummary: Bool
    /// What its lines begin with.
    private let command: String
    private let descriptor: Int32
    private let state: FeedState
    private let loop: Loop
    private let client: ForwardClient
    private let signals: [LoopSignal]
    private let thread: LoopThread
    private let startMilliseconds = Clock.monotonicMilliseconds()
    private var progress: Progress

    private var batchStartMilliseconds: Int64 = 0
    private var sentEvents = 0
    private var problemCount = 0
    private var inputHasEnded = false

    /// Begins to connect.
    init(
        _ settings: ForwardClient.Settings, tls: TLSContext?, asksForReceipts: Bool, batchEvents: Int,
        saysSummary: Bool, command: String = "send", descriptor: Int32 = STDIN_FILENO
    ) throws(LoopError) {
        self.command = command
        self.descriptor = descriptor
        self.asksForReceipts = asksForReceipts
        self.batchEvents = batchEvents
        self.saysSummary = saysSummary || Terminal.standardError.isTerminal
        let state = FeedState()
        let loop = try Loop()
        // Until the thread starts, this one is the loop's.
        let client = ForwardClient(settings, tls: tls, on: loop) { state.apply($0) }
        client.connect()
        signals = [
            try LoopSignal(SIGINT, on: loop) { state.change { $0.stopSignals += 1 } },
            try LoopSignal(SIGTERM, on: loop) { state.change { $0.stopSignals += 1 } },
        ]
        self.state = state
        self.loop = loop
        self.client = client
        thread = try LoopThread.start(loop, name: "send")
        progress = Progress("sending", on: .standardError, startMilliseconds: startMilliseconds)
    }

    /// Until the input has ended and everything is sent, or the connection fails. Answers the exit status.
    consuming func run(_ reader: consuming ForwardEventReader, _ encoder: consuming ForwardEncoder) -> Int32 {
        var buffer = [UInt8](repeating: 0, count: 128 * 1024)
        while true {
            let facts = state.facts.withLock { $0 }
            if facts.hasEnded { return finish(facts, unsealed: encoder.eventCount) }
            if facts.stopSignals > 0, !inputHasEnded { endInput(&reader, &encoder) }
            if facts.stopSignals > 1 {
                let client = client
                loop.submit { client.cancel(because: ForwardClientError("stopped by a second signal")) }
            }
            let hasRoom =
                facts.backlogBytes < Self.maximumBacklogBytes
                && facts.outstandingMessages < Self.maximumOutstandingMessages
            let events = wait(forInput: hasRoom && !inputHasEnded, hasBatch: encoder.eventCount > 0)
            if events.isAwake { state.drainWakes() }
            if events.hasInput { readInput(&buffer, &reader, &encoder) }
            let now = Clock.monotonicMilliseconds()
            if encoder.eventCount > 0, now - batchStartMilliseconds >= Self.batchMilliseconds { send(&encoder) }
            if let text = progress.update(done: sentEvents, unit: "events", atMilliseconds: now) {
                StandardError.write(text)
            }
        }
    }

    private func wait(forInput: Bool, hasBatch: Bool) -> (isAwake: Bool, hasInput: Bool) {
        // poll(2) passes over negative descriptors.
        var polled = [
            pollfd(fd: state.wakeDescriptor, events: Int16(POLLIN), revents: 0),
            pollfd(fd: forInput ? descriptor : -1, events: Int16(POLLIN), revents: 0),
        ]
        var timeout: Int64 = Terminal.standardError.isTerminal ? Progress.intervalMilliseconds : -1
        if hasBatch {
            let rest = max(batchStartMilliseconds + Self.batchMilliseconds - Clock.monotonicMilliseconds(), 0)
            timeout = timeout < 0 ? rest : min(timeout, rest)
        }
        // Reads and writes the two elements.
        let count = unsafe poll(&polled, 2, Int32(timeout))
        // Hang-ups and closed descriptors are read's to tell.
        return count <= 0 ? (false, false) : (polled[0].revents != 0, polled[1].revents != 0)
    }

    // MARK: - Input

    private mutating func readInput(
        _ buffer: inout [UInt8], _ reader: inout ForwardEventReader, _ encoder: inout ForwardEncoder
    ) {
        // Reads within the array.
        let count = unsafe read(descriptor, &buffer, buffer.count)
        if count < 0 {
            if errno == EINTR || errno == EAGAIN { return }
            // strerror's text is copied at once, on the only thread that asks for one.
            let why = unsafe String(cString: strerror(errno)).lowercased()
            show("cannot read \(descriptor == STDIN_FILENO ? "standard input" : "the file"): \(why)")
            endInput(&reader, &encoder)
        } else if count == 0 {
            endInput(&reader, &encoder)
        } else {
            unsafe buffer.withUnsafeBytes { unsafe reader.receive(UnsafeRawBufferPointer(rebasing: $0[..<count])) }
            takeEvents(&reader, &encoder)
        }
    }

    private mutating func takeEvents(_ reader: inout ForwardEventReader, _ encoder: inout ForwardEncoder) {
        while true {
            switch reader.next(into: &encoder, time: Clock.now()) {
            case .event:
                if encoder.eventCount == 1 { batchStartMilliseconds = Clock.monotonicMilliseconds() }
                if encoder.eventCount >= batchEvents || encoder.byteCount >= Self.maximumMessageBytes { send(&encoder) }
            case .otherTag: send(&encoder)
            case .problem(let problem):
                let excerpt = problem.excerpt.map { "\n\($0)" } ?? ""
                show(problem.message + excerpt)
                if problem.isEnd { return endInput(&reader, &encoder) }
            case .wantsBytes: return
            }
        }
    }

    private mutating func endInput(_ reader: inout ForwardEventReader, _ encoder: inout ForwardEncoder) {
        guard !inputHasEnded else { return }
        inputHasEnded = true
        reader.finish()
        takeEvents(&reader, &encoder)
        send(&encoder)
        let client = client
        loop.submit { client.finish() }
    }

    private mutating func send(_ encoder: inout ForwardEncoder) {
        guard let message = encoder.seal() else { return }
        sentEvents += message.eventCount
        let asksForReceipts = asksForReceipts
        state.facts.withLock { facts in
            facts.backlogBytes += message.bytes.count
            if asksForReceipts { facts.outstandingMessages += 1 }
        }
        let client = client
        loop.submit { client.send(message) }
    }

    // MARK: - Telling

    private mutating func show(_ problem: String) {
        problemCount += 1
        guard problemCount <= Self.maximumShownProblems else { return }
        tell(problem)
    }

    private mutating func tell(_ text: String) {
        if let clearing = progress.finish() { StandardError.write(clearing) }
        StandardError.write("sluice \(command): \(text)\n")
    }

    private mutating func finish(_ facts: FeedState.Facts, unsealed: Int) -> Int32 {
        if problemCount > Self.maximumShownProblems {
            tell("\(problemCount - Self.maximumShownProblems) more lines or events like these were left out")
        }
        if let failure = facts.failure {
            let unsent = sentEvents + unsealed
            // A resolver may hold the loop for long: the thread goes with the process.
            tell(facts.isReady || unsent == 0 ? "\(failure)" : "\(Self.count(unsent)) not sent: \(failure)")
            return ExitStatus.failure
        }
        let signals = signals
        loop.submit { for signal in signals { signal.close() } }
        loop.stop()
        _ = thread.join()
        if saysSummary {
            let receipts = asksForReceipts ? ", \(facts.acknowledgedEvents) acknowledged" : ""
            tell("sent \(Self.count(sentEvents))\(receipts)")
        }
        return problemCount == 0 ? ExitStatus.success : ExitStatus.failure
    }

    private static func count(_ events: Int) -> String { events == 1 ? "1 event" : "\(events) events" }
}
