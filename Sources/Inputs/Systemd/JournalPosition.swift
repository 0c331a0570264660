internal import EventLoop
internal import Logging

/// How far a journal was read, on disk: it moves when all batches before it are safe. Belongs to one loop.
final class JournalPosition {
    /// How often it is written at most.
    private static let writeMilliseconds: UInt64 = 100

    /// A batch whose end is not known.
    final class Batch {
        fileprivate let cursor: String
        fileprivate var isSettled = false
        fileprivate init(_ cursor: String) { self.cursor = cursor }
    }

    private let loop: Loop
    private let log: Log
    private var file: CursorFile?
    private var timer: LoopTimer?
    private var outstanding: [Batch] = []
    /// Safe, and not written yet.
    private var unwritten: String?
    private var isWriteDue = false
    private var isStopped = false
    private var writtenAtMilliseconds: UInt64 = 0

    /// - Parameter path: nil: nothing is written.
    init(_ path: String?, on loop: Loop, _ log: Log) throws(PositionFile.Failure) {
        (self.loop, self.log) = (loop, log)
        guard let path else { return }
        let file = try CursorFile(path)
        // What is wrong with it is told at the start, and not when it is read.
        _ = try file.read()
        self.file = file
        timer = LoopTimer(on: loop)
    }

    /// Whether it outlives the process.
    var isKept: Bool { file != nil }

    /// nil: there is none yet.
    func read() -> String? { try? file?.read() }

    /// It begins here, unless it is somewhere already.
    func begin(at cursor: String?) { unwritten = unwritten ?? cursor }

    /// A batch is handed on whose last entry is at a cursor.
    func add(_ cursor: String) -> Batch {
        let batch = Batch(cursor)
        outstanding.append(batch)
        return batch
    }

    /// The last batch was not taken.
    func takeBack() { outstanding.removeLast() }

    func settled(_ batch: Batch) {
        batch.isSettled = true
        while let first = outstanding.first, first.isSettled {
            unwritten = first.cursor
            outstanding.removeFirst()
        }
        // A stop writes what is settled after it, too.
        guard unwritten != nil, !isStopped else { return write() }
        guard !isWriteDue else { return }
        isWriteDue = true
        // What settles together is written once.
        let due = writtenAtMilliseconds + Self.writeMilliseconds
        timer?.start(afterMilliseconds: due > loop.now ? due - loop.now : 0) { [unowned self] in write() }
    }

    func write() {
        isWriteDue = false
        guard let cursor = unwritten, let file else { return }
        do throws(PositionFile.Failure) {
            try file.write(cursor)
            unwritten = nil
        } catch {
            log.limited(.error, kind: "positions", "\(error)")
        }
        writtenAtMilliseconds = loop.now
    }

    /// Nothing more is handed on.
    func stop() {
        isStopped = true
        timer?.close()
    }

    /// Writes what is safe, and no more.
    func close() {
        write()
        file = nil
    }
}
