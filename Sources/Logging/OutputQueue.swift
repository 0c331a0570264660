internal import Synchronization

/// Where a queue's bytes go: an open descriptor, and what has to be done before a write. Used on the writer's thread.
package protocol WriteTarget: AnyObject, Sendable {
    /// The descriptor to write to now.
    var descriptor: Int32 { get }
    /// Before lines of that moment are written: moves a file that is to be rotated.
    func prepare(adding byteCount: Int, seconds: Int64)
    /// So much was written.
    func wrote(_ byteCount: Int)
    /// Opens the file anew (SIGUSR1).
    func reopen() throws(LogFileError)
    /// Whether a write may have to wait for a reader (a pipe, a socket, a terminal).
    var mayBlock: Bool { get }
    /// Whether each line has to be written by itself, because any of them may be the one before which a file is moved.
    var takesSingleLines: Bool { get }
}

extension WriteTarget {
    package func prepare(adding byteCount: Int, seconds: Int64) {}
    package func wrote(_ byteCount: Int) {}
    package func reopen() throws(LogFileError) {}
    package var takesSingleLines: Bool { false }
}

/// A descriptor that stays its owner's: standard output, standard error.
package final class OpenDescriptor: WriteTarget {
    package let descriptor: Int32
    package let mayBlock: Bool

    package init(_ descriptor: Int32) {
        self.descriptor = descriptor
        mayBlock = NonBlockingWrite.mayBlock(descriptor)
    }
}

/// Lines on their way to one descriptor. Offering them never waits; a `WriterThread` writes them.
///
/// What is offered is bounded by `limitBytes`. Who may not lose lines offers them as `owed` and stops reading when it is
/// told `takenFull`, until `whenRoom`; what may be lost is `droppable`, and counted.
package final class OutputQueue: Sendable {
    /// Who must know when there is no room.
    package enum Claim: Sendable {
        /// Dropped and counted when it does not fit.
        case droppable
        /// Somebody has to wait: taken as long as less than twice the limit waits, so that those who were told to stop
        /// reading can still hand over what they have read.
        case owed
    }

    package enum Answer: Sendable, Equatable {
        case taken
        /// Taken, and the limit is reached.
        case takenFull
        case full
        /// Nobody reads any more, for good.
        case closed
    }

    /// What there is to say, once each time it begins and ends.
    package enum Notice: Sendable, Equatable {
        case failing(code: Int32)
        case recovered(seconds: Int64)
        /// The reader is gone; `lines` of what waited are dropped with it.
        case closed(code: Int32, lines: Int)
        /// Lines that found no room, now that there is some again. A code when writing failed, nil when nobody read.
        case dropped(lines: Int, code: Int32?)
        case notReopened(LogFileError)
    }

    private let target: any WriteTarget
    private let backlog: Mutex<WriteBacklog>
    private let wake: WakePipe
    /// Notices were taken out of the backlog and are not said yet. Changed under its lock.
    private let isSaying = Atomic<Bool>(false)
    private let roomActions = Mutex<[@Sendable () -> Void]>([])
    /// Says what happened, on the writer's thread; what it returns is written behind what waits.
    private let onNotice: @Sendable (Notice) -> [UInt8]
    /// Bytes that are joined to one write.
    private static let joinedBytes = 64 * 1024
    /// After so much the other queues have their turn.
    private static let bytesPerTurn = 256 * 1024

    /// - Parameters:
    ///   - limitBytes: of lines that wait.
    ///   - onNotice: called on the writer's thread; may log, but not into this queue: it returns the line instead.
    package init(
        to target: any WriteTarget, limitBytes: Int, writer: WriterThread,
        onNotice: @escaping @Sendable (Notice) -> [UInt8]
    ) {
        self.target = target
        backlog = Mutex(WriteBacklog(limitBytes: limitBytes))
        self.onNotice = onNotice
        wake = writer.wake
        writer.add(self)
    }

    // MARK: - From any thread

    /// - Parameters:
    ///   - bytes: whole lines, each with its newline.
    ///   - seconds: the wall clock's, for a file that is rotated by days.
    package func offer(_ bytes: [UInt8], lines: Int, seconds: Int64 = 0, as claim: Claim) -> Answer {
        let piece = WriteBacklog.Piece(bytes: bytes, lines: lines, seconds: seconds)
        let answer = backlog.withLock { $0.offer(piece, claim) }
        if answer == .taken || answer == .takenFull { wake.wake() }
        return answer
    }

    /// Opens the file anew once everything offered so far is written.
    package func reopen() {
        backlog.withLock { $0.put(WriteBacklog.Piece(bytes: [], lines: 0, reopens: true)) }
        wake.wake()
    }

    /// Called, on the writer's thread, whenever there is room again after a `takenFull`.
    package func whenRoom(_ action: @escaping @Sendable () -> Void) { roomActions.withLock { $0.append(action) } }

    /// Nothing waits, and what there was to say about it is said.
    package var isEmpty: Bool { backlog.withLock { $0.isEmpty && !isSaying.load(ordering: .relaxed) } }

    package var waitingBytes: Int { backlog.withLock { $0.byteCount } }

    /// Gives up what waits; it counts as lost.
    package func abandon() { backlog.withLock { _ = $0.abandon() } }

    /// Owed lines that were never written, and never will be: since the last call.
    package func takeLostLines() -> Int { backlog.withLock { $0.takeLostLines() } }

    // MARK: - On the writer's thread

    enum Turn {
        case idle
        /// There is more, but the others come first.
        case more
        /// The descriptor takes nothing now.
        case blocked(Int32)
        case retry(atMilliseconds: Int64)
    }

    /// Writes what can be written without waiting.
    func advance(nowMilliseconds now: Int64) -> Turn {
        var written = 0
        while written < Self.bytesPerTurn {
            let joined = target.takesSingleLines ? 0 : target.mayBlock ? NonBlockingWrite.atOnceBytes : Self.joinedBytes
            let (step, write) = backlog.withLock { backlog -> (WriteBacklog.Step, WriteBacklog.Write?) in
                let step = backlog.step(nowMilliseconds: now)
                guard case .write = step else { return (step, nil) }
                return (step, backlog.next(joiningUpTo: joined))
            }
            switch (step, write) {
            case (.wait(let moment), _): return .retry(atMilliseconds: moment)
            case (_, let write?):
                if write.reopens {
                    reopenTarget(write, now)
                    continue
                }
                if write.offset == 0 { target.prepare(adding: write.bytes.count, seconds: write.seconds) }
                switch NonBlockingWrite.write(
                    write.bytes, from: write.offset, to: target.descriptor, mayBlock: target.mayBlock)
                {
                case .wrote(let count):
                    target.wrote(count)
                    written += count
                    settle { $0.wrote(count, of: write, nowMilliseconds: now) }
                case .blocked: return .blocked(target.descriptor)
                case .failed(let code, let isFinal):
                    settle { backlog in
                        backlog.failed(code, isFinal: isFinal, nowMilliseconds: now).map { [$0] } ?? []
                    }
                }
            default: return .idle
            }
        }
        return .more
    }

    private func reopenTarget(_ write: WriteBacklog.Write, _ now: Int64) {
        do throws(LogFileError) {
            try target.reopen()
            settle { $0.wrote(0, of: write, nowMilliseconds: now) }
        } catch {
            settle { $0.wrote(0, of: write, nowMilliseconds: now) + [.notReopened(error)] }
        }
    }

    /// Changes the backlog, and says what there is to say about it.
    private func settle(_ change: (inout WriteBacklog) -> [Notice]) {
        let (notices, hasRoom) = backlog.withLock { backlog in
            let notices = change(&backlog)
            if !notices.isEmpty { isSaying.store(true, ordering: .relaxed) }
            return (notices, backlog.takeRoom())
        }
        let lines = notices.map(onNotice).filter { !$0.isEmpty }
        if !notices.isEmpty {
            backlog.withLock { backlog in
                for line in lines { backlog.put(WriteBacklog.Piece(bytes: line, lines: 1)) }
                isSaying.store(false, ordering: .relaxed)
            }
        }
        if hasRoom { for action in roomActions.withLock({ $0 }) { action() } }
    }
}
