package import Events
package import Logging

/// Standard output, for all loops' events and the copies of stdout filters: whole lines go into a bounded queue, and the
/// writer's thread writes them.
///
/// When nobody reads or the disk is full, events wait here and their inputs are told to stop reading; copies, which only
/// show what goes on elsewhere, are dropped and counted. A reader that went away must not stop the daemon: from then on
/// lines are dropped, said once, and counted as lost.
package final class TextSink: Sendable {
    /// Bytes of lines that wait before inputs stop reading; twice as many are the end, and further events are refused.
    package static let defaultLimitBytes = 8 << 20

    private let queue: OutputQueue
    private let writer: WriterThread
    private let log: Log

    /// The descriptor stays the caller's. SIGPIPE must be ignored in the process.
    package init(
        descriptor: Int32 = 1, limitBytes: Int = defaultLimitBytes, writer: WriterThread, log: Log = .discarding
    ) {
        self.writer = writer
        self.log = log
        queue = OutputQueue(to: OpenDescriptor(descriptor), limitBytes: limitBytes, writer: writer) { notice in
            TextSink.say(notice, log)
            return []
        }
    }

    /// Takes whole lines of events that somebody was promised to see.
    package func write(_ lines: borrowing ByteBuffer, count: Int) -> Acceptance {
        switch queue.offer(lines.array(), lines: count, as: .owed) {
        case .taken, .closed: return .accepted
        case .takenFull:
            log.limited(
                .warn, "standard output is not read fast enough: its inputs wait", ["waiting_bytes": queue.waitingBytes]
            )
            return .acceptedFull
        case .full:
            return .refused(
                Refusal(.full, "standard output is not read: \(queue.waitingBytes) bytes wait for its reader"))
        }
    }

    /// Takes lines that only show what goes on: dropped and counted when there is no room.
    package func show(_ lines: borrowing ByteBuffer, count: Int) {
        _ = queue.offer(lines.array(), lines: count, as: .droppable)
    }

    /// Called, on another thread, when there is room again after an `acceptedFull`.
    package func whenRoom(_ action: @escaping @Sendable () -> Void) { queue.whenRoom(action) }

    /// Gives up what still waits, at the very end.
    ///
    /// - Returns: the events that were taken and never written, since the last call: given up now, or after the reader had
    ///   gone.
    package func giveUp() -> Int {
        queue.abandon()
        return queue.takeLostLines()
    }

    private static func say(_ notice: OutputQueue.Notice, _ log: Log) {
        switch notice {
        case .failing(let code):
            log.error(
                "cannot write to standard output: \(systemReason(code)); its events wait, and are tried again every second"
            )
        case .recovered(let seconds):
            log.info("standard output can be written again", ["after_seconds": Int(seconds)])
        case .closed(let code, let lines):
            log.error(
                "standard output is closed: its lines are dropped from now on",
                ["error": systemReason(code), "lines": lines])
        case .dropped(let lines, let code):
            log.warn(
                "copies of stdout filters were dropped: \(code.map(systemReason) ?? "nobody reads standard output")",
                ["lines": lines])
        case .notReopened: break
        }
    }
}
