package import EventLoop
package import Events
internal import Glibc
package import Logging
internal import Time

/// `<source> @type tail`: follows files as they grow and are rotated (Fluentd's `lib/fluent/plugin/in_tail.rb`).
///
/// A position moves when the events before it are safe: with a buffer in files once they are on disk, else once they are
/// delivered. So a line may come twice after a crash, and none is missing. Belongs to one loop, and reads there: a file is
/// read in pieces, and after each the loop has its turn.
package final class TailInput: Input {
    /// What one file is read at a time, and what all may be read in one turn of the loop.
    private static let pieceBytes = 64 * 1024
    private static let turnBytes = 1 << 20
    /// How often files are looked at that tell nothing by themselves.
    private static let pollMilliseconds: UInt64 = 1000
    /// When a batch that was refused is tried again, if nobody says that there is room before.
    private static let retryMilliseconds: UInt64 = 1000

    private let settings: TailSettings
    private let loop: Loop
    private let emitter: any Emitter
    private let log: Log
    private let pressure: Pressure?
    private let reader: LineReader
    /// By path, or by inode.
    private var files: [String: TailedFile] = [:]
    /// Replaced, or gone, and read to their ends.
    private var endings: [TailedFile] = []
    private var positions: PositionFile?
    private var watches: [String: DirectoryWatch] = [:]
    private var isWatchingRefused = false
    private var refreshTimer: LoopTimer?
    private var pollTimer: LoopTimer?
    private var turnTimer: LoopTimer?
    private var ready: [TailedFile] = []
    private var isReady: Set<ObjectIdentifier> = []
    private(set) var phase = InputPhase.idle
    private var isResting = false
    private var isActive = false
    private var isFirstLook = true
    private var wantsRewrite = false
    private var nextRewriteMilliseconds: UInt64 = 0
    private var moment = Receipt.Moment.delivered
    private var storage = ByteBuffer(capacity: 256 * 1024)
    private var rows = Rows(fieldCapacity: 1024)

    package init(_ settings: TailSettings, on loop: Loop, emitter: any Emitter, log: Log, pressure: Pressure? = nil) {
        self.settings = settings
        self.loop = loop
        self.emitter = emitter
        self.log = log
        self.pressure = pressure
        reader = LineReader(settings, log: log)
    }

    package var answersLater: Bool { settings.positionFile != nil }

    // MARK: - Life

    package func start() throws {
        precondition(phase == .idle, "an input was started twice")
        try openPositions()
        refreshTimer = LoopTimer(on: loop)
        pollTimer = LoopTimer(on: loop)
        turnTimer = LoopTimer(on: loop)
        phase = .reading
        turnTimer?.start(afterMilliseconds: 0) { [unowned self] in activate() }
    }

    private func openPositions() throws {
        guard let path = settings.positionFile else { return }
        let file = try PositionFile(path)
        file.onFailure = { [log] sentence in log.limited(.error, kind: "positions", sentence) }
        for line in file.table.brokenLines {
            log.warn("a line of the position file is none, and is left out", ["file": path, "line": line])
        }
        positions = file
    }

    /// Looks for files for the first time. Not while it rests: another input may still move the positions.
    private func activate() {
        guard phase == .reading, !isResting, !isActive else { return }
        isActive = true
        refresh()
        refreshTimer?.start(
            afterMilliseconds: settings.refreshMilliseconds, everyMilliseconds: settings.refreshMilliseconds
        ) { [unowned self] in refresh() }
        let interval = settings.multilineFlushMilliseconds == nil ? Self.pollMilliseconds : 250
        pollTimer?.start(afterMilliseconds: interval, everyMilliseconds: interval) { [unowned self] in poll() }
    }

    package func stopReading() {
        guard phase < .stopped else { return }
        for file in all where file.text != nil && !file.isHeld { flushText(of: file) }
        phase = .stopped
        for timer in [refreshTimer, pollTimer, turnTimer] { timer?.close() }
        for watch in watches.values { watch.close() }
        watches = [:]
    }

    package func resumeReading() {
        guard phase == .reading else { return }
        let gates = pressure?.gates
        for file in all where file.isHeld && !(gates?.isClosed(anyOf: file.wait) ?? false) {
            file.isHeld = false
            schedule(file)
        }
    }

    package func rest() { isResting = true }

    package func goOn() {
        guard isResting else { return }
        isResting = false
        guard phase == .reading else { return }
        guard isActive else {
            // Who had the positions until now has let them go.
            do {
                try openPositions()
            } catch {
                log.error("\(error)")
            }
            return activate()
        }
        for file in all { schedule(file) }
    }

    package func routesChanged(hasDurableBuffer: Bool) { moment = hasDurableBuffer ? .safe : .delivered }

    package func share() throws -> InheritedSockets? { nil }
    package func leaveSockets() {}
    package func retire() { stopReading() }
    package var isDeserted: Bool { phase >= .stopped }

    package func close() {
        guard phase < .closed else { return }
        stopReading()
        phase = .closed
        if wantsRewrite { positions?.compact() }
        files = [:]
        endings = []
        positions = nil
    }

    private var all: [TailedFile] { Array(files.values) + endings }

    // MARK: - Which files

    private func key(_ path: String, _ facts: stat) -> String {
        settings.followsInodes ? "\(facts.st_dev):\(facts.st_ino)" : path
    }

    /// Looks for the files that the paths name.
    private func refresh() {
        guard phase == .reading, !isResting else { return }
        let now = Clock.now()
        let excluded = settings.excludedPaths.map { FileGlob.filled($0, at: now) }
        var found: Set<String> = []
        for path in FileGlob.paths(settings.paths.map { FileGlob.filled($0, at: now) }) {
            if excluded.contains(where: { FileGlob.matches($0, path) }) { continue }
            guard let facts = FileGlob.facts(of: path), facts.st_mode & S_IFMT != S_IFDIR else { continue }
            let key = key(path, facts)
            if let known = files[key] {
                found.insert(key)
                if !settings.followsInodes { look(at: known) }
                continue
            }
            if let seconds = settings.recentlyModifiedSeconds, Int64(facts.st_mtim.tv_sec) < now.seconds - seconds {
                continue
            }
            if let file = open(path, facts) {
                files[key] = file
                found.insert(key)
            }
        }
        for (key, file) in files where !found.contains(key) {
            files[key] = nil
            end(file, .gone)
        }
        isFirstLook = false
        compactPositions()
    }

    private func open(_ path: String, _ facts: stat) -> TailedFile? {
        let inode = UInt64(facts.st_ino)
        let known = positions?.lines.last { line in
            line.inode == inode && line.offset != PositionTable.unwatched
                && (settings.followsInodes || line.path == path) && !isInUse(line)
        }
        let others = positions?.lines.filter { line in
            line.path == path && line.inode != inode && line.offset != PositionTable.unwatched && !isInUse(line)
        }
        let isNew = known == nil && (others ?? []).isEmpty
        let start = known?.offset ?? (isNew && isFirstLook && !settings.readsFromHead ? UInt64(facts.st_size) : 0)
        guard let file = make(path, at: start) else { return nil }
        if !settings.followsInodes { for old in others ?? [] { recover(old) } }
        file.position = known ?? positions?.line(path: path, inode: file.inode, offset: file.consumedOffset)
        if let position = file.position { positions?.set(position, offset: file.consumedOffset) }
        log.info("following a file", ["path": path, "from": file.consumedOffset])
        return file
    }

    private func make(_ path: String, at offset: UInt64) -> TailedFile? {
        do throws(TailedFile.Failure) {
            let file = try TailedFile(path, tag: settings.tag(of: path), at: offset)
            watch(path)
            schedule(file)
            return file
        } catch {
            log.limited(
                .warn, kind: "open", subject: ["path": path],
                "cannot read \(path): \(unsafe String(cString: strerror(error.code)))")
            return nil
        }
    }

    private func isInUse(_ line: PositionFile.Line) -> Bool { all.contains { $0.position === line } }

    /// A file that was replaced while nobody followed it: what was not read of it is read under its new name, where that is
    /// in the same folder.
    private func recover(_ line: PositionFile.Line) {
        let folder = line.path.lastIndex(of: "/").map { String(line.path[..<$0]) } ?? ""
        for name in FileGlob.names(of: folder) {
            let path = folder + "/" + name
            var facts = stat()
            guard unsafe lstat(path, &facts) == 0, UInt64(facts.st_ino) == line.inode,
                facts.st_mode & S_IFMT == S_IFREG, UInt64(facts.st_size) > line.offset,
                let file = try? TailedFile(path, tag: settings.tag(of: line.path), at: line.offset)
            else { continue }
            log.info("reading the rest of a file that was replaced", ["path": path, "from": line.offset])
            file.position = line
            end(file, .replaced)
            return
        }
        positions?.remove(line)
        wantsRewrite = true
    }

    /// A file that is read to its end and then left.
    private func end(_ file: TailedFile, _ ending: TailedFile.Ending) {
        file.ending = ending
        file.deadlineMilliseconds = loop.now + settings.rotateWaitMilliseconds
        endings.append(file)
        schedule(file)
    }

    // MARK: - What happens to them

    /// Told of what is written beside a file: the folder that it is really in.
    private func watch(_ path: String) {
        guard let resolved = unsafe realpath(path, nil) else { return }
        // Memory of the C library's, which is ours to free.
        defer { unsafe free(resolved) }
        let real = unsafe String(cString: resolved)
        let folder = real.lastIndex(of: "/").map { String(real[..<$0]) } ?? "."
        guard watches[folder] == nil, !isWatchingRefused else { return }
        do throws(LoopError) {
            watches[folder] = try DirectoryWatch(folder.isEmpty ? "/" : folder, on: loop) { [unowned self] name in
                changed(folder, name)
            }
        } catch {
            isWatchingRefused = true
            log.warn("files are looked at once a second: \(error)")
        }
    }

    private func changed(_ folder: String, _ name: String?) {
        guard phase == .reading, !isResting else { return }
        for file in all where name == nil || file.path.hasSuffix("/" + (name ?? "")) || !file.path.hasPrefix(folder) {
            if file.ending == nil { look(at: file) } else { schedule(file) }
        }
    }

    private func poll() {
        guard phase == .reading, !isResting else { return }
        for file in all {
            if let interval = settings.multilineFlushMilliseconds, let text = file.text, !file.isHeld,
                loop.now - text.changedAtMilliseconds >= interval
            {
                flushText(of: file)
            }
            if file.isHeld, loop.now >= file.retryAtMilliseconds { file.isHeld = false }
            if file.ending == nil { look(at: file) } else { schedule(file) }
        }
        compactPositions()
    }

    /// Leaves out lines that were removed, at most once a second.
    private func compactPositions() {
        guard wantsRewrite, loop.now >= nextRewriteMilliseconds else { return }
        wantsRewrite = false
        nextRewriteMilliseconds = loop.now + 1000
        positions?.compact()
    }

    /// Sees whether there is more, or the file was cut or replaced.
    private func look(at file: TailedFile) {
        if !settings.followsInodes, let facts = FileGlob.facts(of: file.path), file.isReplaced(by: facts) {
            files[file.path] = nil
            end(file, .replaced)
            if let successor = make(file.path, at: 0) {
                successor.position = positions?.line(path: file.path, inode: successor.inode, offset: 0)
                files[file.path] = successor
                log.info("a file was replaced", ["path": file.path])
            }
            return
        }
        guard let size = file.size else { return }
        if size < file.readOffset {
            log.info("a file was cut: it is read from its beginning", ["path": file.path])
            if !file.isHeld { flushText(of: file) }
            file.restart()
            if let position = file.position { positions?.set(position, offset: 0) }
        }
        if size != file.readOffset { schedule(file) }
    }

    // MARK: - Reading

    private func schedule(_ file: TailedFile) {
        guard phase == .reading, !isResting, !file.isHeld, isReady.insert(ObjectIdentifier(file)).inserted else {
            return
        }
        ready.append(file)
        guard isActive, ready.count == 1 else { return }
        turnTimer?.start(afterMilliseconds: 0) { [unowned self] in turn() }
    }

    private func turn() {
        var left = Self.turnBytes
        var waiting = ready[...]
        ready = []
        while left > 0, phase == .reading, !isResting, let file = waiting.popFirst() {
            isReady.remove(ObjectIdentifier(file))
            let count = readPiece(of: file)
            left -= max(count, 4096)
            if count > 0, !file.isHeld { schedule(file) } else { atEnd(file) }
        }
        compactPositions()
        ready = Array(waiting) + ready
        if !ready.isEmpty { turnTimer?.start(afterMilliseconds: 0) { [unowned self] in turn() } }
    }

    /// Reads a piece of a file and hands its lines on. Answers how much that was.
    private func readPiece(of file: TailedFile) -> Int {
        guard !file.isHeld else { return 0 }
        var most = Self.pieceBytes
        if let limit = settings.bytesPerSecond {
            if loop.now - file.secondStarted >= 1000 { (file.secondStarted, file.bytesInSecond) = (loop.now, 0) }
            most = min(most, limit - file.bytesInSecond)
            if most <= 0 { return 0 }
        }
        storage.clear()
        rows.clear()
        storage.append(file.carry)
        let base = file.readOffset - UInt64(file.carry.count)
        guard let count = file.read(into: &storage, atMost: most), count > 0 else { return 0 }
        file.bytesInSecond += count
        let end = storage.count
        reader.beginBatch(&storage)
        var start = 0
        var lines = 0
        while let stop = nextNewline(from: start, to: end) {
            let next = stop + reader.newline.count
            take(start, stop, next, base, file)
            start = next
            lines += 1
            if lines % settings.batchLines == 0 {
                handOn(file, to: file.text?.start ?? base + UInt64(start))
                if file.isHeld { break }
            }
        }
        if file.isHeld {
            // The rest is read again, when there is room.
            file.putBack(to: min(file.readOffset, base + UInt64(start)))
            return count
        }
        let rest = end - start
        if rest > settings.lineBytes {
            warnTooLong(file)
            file.isSkipping = true
            file.carry = []
        } else {
            file.carry = rest > 0 ? storage.array(Slice(offset: start, length: rest)) : []
        }
        if start > 0 { handOn(file, to: file.text?.start ?? base + UInt64(start)) }
        return count
    }

    private func take(_ start: Int, _ stop: Int, _ next: Int, _ base: UInt64, _ file: TailedFile) {
        if file.isSkipping {
            file.isSkipping = false
            return
        }
        guard next - start <= settings.lineBytes else { return warnTooLong(file) }
        var end = stop
        if reader.newline.count == 1, end > start, storage[end - 1] == 0x0D { end -= 1 }
        reader.take(
            Slice(offset: start, length: end - start), at: base + UInt64(start), of: file,
            atMilliseconds: loop.now, &storage, &rows)
    }

    private func warnTooLong(_ file: TailedFile) {
        log.limited(
            .warn, kind: "long", subject: ["path": file.path],
            "a line of more than \(settings.lineBytes) bytes is dropped; raise max_line_size if this is wanted")
    }

    private func nextNewline(from start: Int, to end: Int) -> Int? {
        guard start < end else { return nil }
        let newline = reader.newline
        var place = start
        while place + newline.count <= end {
            let found = unsafe storage.withUnsafeBytes(Slice(offset: place, length: end - place)) { bytes, count in
                unsafe memchr(bytes, Int32(newline[0]), count).map {
                    unsafe UnsafeRawPointer($0) - UnsafeRawPointer(bytes)
                }
            }
            guard let found else { return nil }
            let stop = place + found
            if newline.count == 1 { return stop }
            if (stop - start) % newline.count == 0, stop + newline.count <= end,
                storage.equals(Slice(offset: stop, length: newline.count), newline)
            {
                return stop
            }
            place = stop + 1
        }
        return nil
    }

    private func flushText(of file: TailedFile) {
        guard file.text != nil else { return }
        storage.clear()
        rows.clear()
        reader.beginBatch(&storage)
        reader.flush(file, &storage, &rows)
        handOn(file, to: file.consumedOffset)
    }

    /// Hands on what has been read of a file up to an offset.
    private func handOn(_ file: TailedFile, to end: UInt64) {
        let start = file.takenOffset
        let batch = file.begin(end)
        guard !rows.records.isEmpty else { return settled(file, batch) }
        let told = SettledBatch(self, file, batch)
        let receipt =
            positions == nil
            ? nil
            : Receipt(for: moment) { [loop, moment] fate in _ = loop.submit { told.settled(fate, of: moment) } }
        switch emitter.emit(Batch(file.tag, receipt: receipt), storage: &storage, rows: &rows) {
        case .accepted: break
        case .acceptedFull: hold(file)
        case .refused:
            // Not taken: the same again when there is room.
            file.takeBack(batch, to: start)
            hold(file)
            file.retryAtMilliseconds = loop.now + Self.retryMilliseconds
        }
        receipt?.settle(.delivered)
        if receipt == nil { settled(file, batch) }
        rows.clear()
    }

    private func hold(_ file: TailedFile) {
        file.isHeld = true
        file.wait = pressure?.take() ?? GateWait()
        file.retryAtMilliseconds = .max
    }

    // MARK: - Positions

    fileprivate func settled(_ file: TailedFile, _ batch: TailedFile.Outstanding) {
        guard let end = file.settle(batch), let position = file.position, let positions else { return }
        positions.set(position, offset: end)
        if file.ending != nil { atEnd(file) }
    }

    /// A file that is left: its position goes once everything is safe, and it itself when its time is over.
    private func atEnd(_ file: TailedFile) {
        guard let ending = file.ending, !file.isHeld, file.size.map({ $0 <= file.readOffset }) ?? true else { return }
        let isOver = loop.now >= file.deadlineMilliseconds
        if isOver, file.text != nil { flushText(of: file) }
        guard file.isAllSafe else { return }
        if ending == .replaced, let position = file.position {
            positions?.remove(position)
            wantsRewrite = true
            file.position = nil
        }
        guard isOver else { return }
        if let position = file.position { positions?.endWatching(position) }
        endings.removeAll { $0 === file }
    }
}

/// A batch whose end is known.
///
/// Safety: what it holds is touched on the input's loop alone.
private final class SettledBatch: @unchecked Sendable {
    private weak var input: TailInput?
    private let file: TailedFile
    private let batch: TailedFile.Outstanding

    init(_ input: TailInput, _ file: TailedFile, _ batch: TailedFile.Outstanding) {
        (self.input, self.file, self.batch) = (input, file, batch)
    }

    func settled(_ fate: Receipt.Fate, of moment: Receipt.Moment) {
        // At a stop events may be kept for the next start: that is no delivery, and they are read again.
        if fate == .safe, moment == .delivered { return }
        input?.settled(file, batch)
    }
}
