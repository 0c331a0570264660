internal import Buffering
internal import Dispatch
internal import Events
internal import Glibc
internal import KeptEvents
internal import Monitor
internal import Synchronization
internal import Time

/// Sends the dead letters of an output to it again, within the daemon that wrote them: past the filters, which they have
/// passed. One replay at a time; safe from any thread.
///
/// A file is removed when all its events are delivered, or, refused again, safe elsewhere (`@ERROR`, new dead letters);
/// where only those of one reason are sent, the others stay in it. Until then it stays whole: what a crash or a stop
/// interrupts is sent once more by the next replay, and may come twice.
final class LetterReplay: Sendable {
    /// Events of one tag.
    struct Letters: Sendable {
        let tag: [UInt8]
        var events: [(time: EventTime, record: [UInt8])] = []
    }

    /// What an output says to them.
    enum Answer: Sendable { case taken, full, gone }

    /// Hands letters to an output, and waits for its answer.
    typealias Hand = @Sendable (_ output: String, Letters, Receipt) -> Answer

    private struct State: Sendable {
        var progress = ReplayState()
        var hand: Hand?
        /// Files that are not dealt with.
        var openFiles = 0
    }

    private let state = Mutex(State())
    /// Events that are handed over at once, and their bytes.
    private static let batchEvents = 500
    private static let batchBytes = 256 * 1024
    /// Between two tries of an output that is full.
    private static let waitMicroseconds: UInt32 = 50_000

    /// Who hands letters to outputs from now on; nil: nobody does.
    func onHand(_ hand: Hand?) { state.withLock { $0.hand = hand } }

    var progress: ReplayState { state.withLock { $0.progress } }

    /// - Parameter reason: only events that are kept for it; nil: all.
    /// - Returns: why it cannot begin; nil: it has.
    func begin(_ output: String, folder: String, reason: KeptReason? = nil) -> String? {
        let refusal = state.withLock { state -> String? in
            if state.progress.isRunning { return "the letters of '\(state.progress.output)' are being sent just now" }
            if state.hand == nil { return "sluice starts or stops just now" }
            state.progress = ReplayState()
            (state.progress.output, state.progress.isRunning) = (output, true)
            // Until all files are read.
            state.openFiles = 1
            return nil
        }
        if refusal != nil { return refusal }
        DispatchQueue.global().async { [self] in
            do throws(ChunkStoreError) {
                let taken = try TakenLetters(folder: folder)
                state.withLock { $0.openFiles += taken.files.count }
                for file in taken.files { send(LetterFile(file, of: taken, self), reason, to: output) }
            } catch {
                tell("\(error)")
            }
            fileEnded()
        }
        return nil
    }

    // MARK: - One file

    /// On a thread of its own.
    private func send(_ file: LetterFile, _ reason: KeptReason?, to output: String) {
        var times = TimeReader(.iso8601, zone: .utc)
        var letters = Letters(tag: [])
        var bytes = 0
        var isGone = false
        func handOver() {
            guard !letters.events.isEmpty, !isGone else { return }
            isGone = !hand(letters, of: file, to: output)
            letters.events = []
            bytes = 0
        }
        do throws(KeptFiles.Failure) {
            try KeptFiles.eachLine(of: file.path) { line in
                if line.isEmpty || isGone { return }
                guard let event = try? KeptEvent(line, &times) else {
                    return file.keep("a line of \(file.path) is no event: the file stays")
                }
                if reason?.holds(for: event.cause) == false { return file.leave(line) }
                if event.tag != letters.tag || letters.events.count >= Self.batchEvents || bytes >= Self.batchBytes {
                    handOver()
                    letters = Letters(tag: event.tag)
                }
                letters.events.append((event.time, event.record))
                bytes += event.record.count
            }
            handOver()
        } catch {
            file.keep(error.sentence)
        }
        if isGone { file.keep("the output is there no more, or sluice stops: the letters stay where they are") }
        file.settled()
    }

    /// - Returns: false when there is nobody to take them.
    private func hand(_ letters: Letters, of file: LetterFile, to output: String) -> Bool {
        let count = letters.events.count
        file.handed()
        let receipt = Receipt(for: .delivered) { [self] fate in
            if fate == .lost {
                file.keep("some events were lost on their way: their file stays")
            } else {
                state.withLock { $0.progress.settled += count }
            }
            file.settled()
        }
        defer { receipt.settle(.delivered) }
        while true {
            guard let hand = state.withLock({ $0.hand }) else { break }
            switch hand(output, letters, receipt) {
            case .taken:
                state.withLock { $0.progress.sent += count }
                return true
            case .full: usleep(Self.waitMicroseconds)
            case .gone:
                receipt.note(.lost)
                return false
            }
        }
        receipt.note(.lost)
        return false
    }

    fileprivate func tell(_ problem: String) {
        state.withLock { state in
            if state.progress.problem == nil { state.progress.problem = problem }
        }
    }

    fileprivate func fileEnded() {
        state.withLock { state in
            state.openFiles -= 1
            if state.openFiles == 0 { state.progress.isRunning = false }
        }
    }
}

/// A file whose events are on their way: it goes when all are safe.
private final class LetterFile: Sendable {
    let path: String
    /// Holds the files' locks.
    private let taken: TakenLetters
    private let replay: LetterReplay
    private struct State: ~Copyable {
        /// One that it is read, and one for each batch that was handed over.
        var parts = 1
        var isHandedOver = false
        var isKept = false
        /// Lines that were not asked for: what is left when the others are safe.
        var rest = ByteBuffer(capacity: 0)
    }

    private let state = Mutex(State())

    init(_ path: String, of taken: TakenLetters, _ replay: LetterReplay) {
        (self.path, self.taken, self.replay) = (path, taken, replay)
    }

    func handed() {
        state.withLock { state in
            state.parts += 1
            state.isHandedOver = true
        }
    }

    func keep(_ reason: String) {
        state.withLock { $0.isKept = true }
        replay.tell(reason)
    }

    /// A line that stays.
    func leave(_ line: borrowing ByteBuffer) {
        state.withLock { state in
            state.rest.append(line)
            state.rest.append(0x0A)
        }
    }

    func settled() {
        let isEnd = state.withLock { state in
            state.parts -= 1
            return state.parts == 0
        }
        guard isEnd else { return }
        do throws(ChunkStoreError) {
            try state.withLock { state throws(ChunkStoreError) in
                if state.isKept {
                    TakenLetters.putBack(path)
                } else if state.rest.isEmpty {
                    try TakenLetters.remove(path)
                } else if state.isHandedOver {
                    try TakenLetters.putBack(path, holding: state.rest)
                } else {
                    TakenLetters.putBack(path)
                }
            }
        } catch {
            replay.tell("\(error)")
        }
        replay.fileEnded()
    }
}
