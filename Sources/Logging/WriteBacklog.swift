/// What waits to be written to one descriptor: whole lines in order, bounded in bytes, and what is to be done about a
/// write that failed. A pure value: `OutputQueue` keeps one behind a lock, the writer's thread carries out what it says.
package struct WriteBacklog: Sendable {
    /// Lines that came together.
    package struct Piece: Sendable {
        package var bytes: [UInt8]
        package var lines: Int
        /// When the lines were made, in seconds of the wall clock; what a log file is rotated by.
        package var seconds: Int64 = 0
        /// No lines, but the wish that the file be opened anew before what follows.
        package var reopens = false

        package init(bytes: [UInt8], lines: Int, seconds: Int64 = 0, reopens: Bool = false) {
            (self.bytes, self.lines, self.seconds, self.reopens) = (bytes, lines, seconds, reopens)
        }
    }

    package enum Step: Sendable {
        case idle
        case write
        /// After a failure: not before that moment.
        case wait(untilMilliseconds: Int64)
    }

    /// One write to be tried: a piece from what is not written of it, or several small ones joined.
    package struct Write: Sendable {
        package var bytes: [UInt8]
        package var offset: Int
        package var seconds: Int64
        package var reopens: Bool
        fileprivate var generation: Int
    }

    /// How long a full disk is left alone before the next try.
    package static let retryMilliseconds: Int64 = 1000

    package let limitBytes: Int
    private var pieces: [Piece] = []
    private var head = 0
    /// Bytes of the first piece that are written.
    private var offset = 0
    package private(set) var byteCount = 0
    package private(set) var isClosed = false
    private var failure: (code: Int32, since: Int64, nextTry: Int64)?
    /// Since the last notice.
    private var dropped = (lines: 0, code: Int32?.none)
    /// The limit was reached, and somebody waits for room.
    private var isAwaited = false
    /// Lines that were taken and will never be written.
    package private(set) var lostLines = 0
    /// Changes when what waits is given up while a write of it may be under way.
    private var generation = 0

    package init(limitBytes: Int) { self.limitBytes = max(limitBytes, 1) }

    package var isEmpty: Bool { head == pieces.count }

    /// Lines that are taken and not written; one that is half written counts.
    package var waitingLines: Int {
        guard !isEmpty else { return 0 }
        let newline = UInt8(ascii: "\n")
        let first = offset == 0 ? pieces[head].lines : pieces[head].bytes[offset...].count { $0 == newline }
        return pieces[(head + 1)...].reduce(first) { $0 + $1.lines }
    }

    package mutating func offer(_ piece: Piece, _ claim: OutputQueue.Claim) -> OutputQueue.Answer {
        if piece.lines == 0 { return .taken }
        guard !isClosed else {
            switch claim {
            case .droppable: dropped.lines += piece.lines
            case .owed: lostLines += piece.lines
            }
            return .closed
        }
        switch claim {
        case .droppable:
            guard isEmpty || byteCount + piece.bytes.count <= limitBytes else {
                dropped.lines += piece.lines
                dropped.code = failure?.code
                return .full
            }
        case .owed:
            guard byteCount < 2 * limitBytes else { return .full }
        }
        put(piece)
        guard byteCount >= limitBytes, case .owed = claim else { return .taken }
        isAwaited = true
        return .takenFull
    }

    /// Puts something behind what waits, room or not: a notice, or the wish to open the file anew.
    package mutating func put(_ piece: Piece) {
        pieces.append(piece)
        byteCount += piece.bytes.count
    }

    package func step(nowMilliseconds now: Int64) -> Step {
        if isEmpty { return .idle }
        if let failure, now < failure.nextTry { return .wait(untilMilliseconds: failure.nextTry) }
        return .write
    }

    /// What to write next. Small pieces are joined to so many bytes; a large one is not copied.
    package func next(joiningUpTo limit: Int) -> Write {
        let first = pieces[head]
        var write = Write(
            bytes: first.bytes, offset: offset, seconds: first.seconds, reopens: first.reopens, generation: generation)
        var count = first.bytes.count - offset
        var end = head + 1
        while !first.reopens, end < pieces.count, !pieces[end].reopens, count + pieces[end].bytes.count <= limit {
            count += pieces[end].bytes.count
            end += 1
        }
        guard end > head + 1 else { return write }
        write.bytes = Array(first.bytes[offset...])
        write.offset = 0
        write.bytes.reserveCapacity(count)
        for piece in pieces[(head + 1)..<end] { write.bytes += piece.bytes }
        return write
    }

    /// So many bytes of a write are done; none of one that only opens the file anew.
    package mutating func wrote(_ count: Int, of write: Write, nowMilliseconds now: Int64) -> [OutputQueue.Notice] {
        guard write.generation == generation else { return [] }
        byteCount -= count
        offset += count
        if write.reopens { head += 1 }
        while head < pieces.count, !pieces[head].reopens, offset >= pieces[head].bytes.count {
            offset -= pieces[head].bytes.count
            pieces[head].bytes = []
            head += 1
        }
        if head == pieces.count {
            pieces.removeAll(keepingCapacity: pieces.capacity <= 1024)
            head = 0
        } else if head >= 1024, head > pieces.count / 2 {
            pieces.removeFirst(head)
            head = 0
        }
        var notices: [OutputQueue.Notice] = []
        if let failure, count > 0 {
            notices.append(.recovered(seconds: (now - failure.since) / 1000))
            self.failure = nil
        }
        if dropped.lines > 0, byteCount <= limitBytes / 2 {
            notices.append(.dropped(lines: dropped.lines, code: dropped.code))
            dropped = (0, nil)
        }
        return notices
    }

    /// A write failed for good, or for now: see write(2).
    package mutating func failed(_ code: Int32, isFinal: Bool, nowMilliseconds now: Int64) -> OutputQueue.Notice? {
        if isFinal {
            let lines = abandon()
            isClosed = true
            return .closed(code: code, lines: lines)
        }
        let isNew = failure == nil
        failure = (code, failure?.since ?? now, now + Self.retryMilliseconds)
        return isNew ? .failing(code: code) : nil
    }

    /// Gives up what waits and counts its lines as lost.
    @discardableResult
    package mutating func abandon() -> Int {
        let lines = waitingLines
        lostLines += lines
        generation += 1
        pieces.removeAll()
        (head, offset, byteCount) = (0, 0, 0)
        return lines
    }

    /// The lost lines since the last call.
    package mutating func takeLostLines() -> Int {
        defer { lostLines = 0 }
        return lostLines
    }

    /// Once after the limit was reached, when half of it is free again (or nothing is written any more).
    package mutating func takeRoom() -> Bool {
        guard isAwaited, isClosed || byteCount <= limitBytes / 2 else { return false }
        isAwaited = false
        return true
    }
}
