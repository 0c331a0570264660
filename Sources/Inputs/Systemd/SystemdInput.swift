package import EventLoop
package import Events
internal import Glibc
package import Logging

/// `<source> @type systemd`: follows a journal of systemd's (fluent-plugin-systemd).
///
/// The position moves when the events before it are safe: with a buffer in files once they are on disk, else once they are
/// delivered. So an entry may come twice after a crash, and none is missing. Belongs to one loop, and reads there: some
/// entries, and then the loop has its turn.
package final class SystemdInput: Input {
    /// What is read in one turn of the loop, about.
    static let turnEntries = 200
    static let turnBytes = 1 << 20
    /// How often it is looked whether there is more, if nobody says so, and whether the journal can be opened now.
    static let pollMilliseconds: UInt64 = 1000
    /// Memory that is kept between batches, in bytes.
    private static let keptBytes = 4 << 20

    private let settings: SystemdSettings
    private let loop: Loop
    private let emitter: any Emitter
    private let log: Log
    private let hold: RoomHold
    private let tag: Tag
    private var library: LibSystemd?
    private var journal: Journal?
    /// Of the journal's folder when it was opened.
    private var folder: (device: UInt64, inode: UInt64)?
    private var watch: DescriptorWatch?
    private var turnTimer: LoopTimer?
    private var pollTimer: LoopTimer?
    package var meter: IntakeMeter?
    private(set) var phase = InputPhase.idle
    private var isResting = false
    private var isActive = false
    private var moment = Receipt.Moment.delivered
    private var position: JournalPosition?
    /// Behind what is read on; nil: from where the settings say.
    private var place: String?
    /// Nothing was there when it began at the end: all that comes is new.
    private var startsAtHead = false
    private var storage = ByteBuffer(capacity: 64 * 1024)
    private var rows = Rows(fieldCapacity: 1024)

    package init(
        _ settings: SystemdSettings, on loop: Loop, emitter: any Emitter, log: Log, pressure: Pressure? = nil
    ) {
        self.settings = settings
        self.loop = loop
        self.emitter = emitter
        self.log = log
        hold = RoomHold(on: loop, pressure)
        tag = Tag(settings.tag)
        startsAtHead = settings.readsFromHead
    }

    package var answersLater: Bool { settings.positionFile != nil }

    // MARK: - Life

    package func start() throws {
        precondition(phase == .idle, "an input was started twice")
        library = try LibSystemd()
        position = try JournalPosition(settings.positionFile, on: loop, log)
        turnTimer = LoopTimer(on: loop)
        pollTimer = LoopTimer(on: loop)
        phase = .reading
        turnTimer?.start(afterMilliseconds: 0) { [unowned self] in activate() }
    }

    /// Reads the position. Not while it rests: another input may still move it.
    private func activate() {
        guard phase == .reading, !isResting, !isActive else { return }
        isActive = true
        place = position?.read()
        pollTimer?.start(afterMilliseconds: Self.pollMilliseconds, everyMilliseconds: Self.pollMilliseconds) {
            [unowned self] in poll()
        }
        turn()
    }

    package func stopReading() {
        guard phase < .stopped else { return }
        phase = .stopped
        for timer in [turnTimer, pollTimer] { timer?.close() }
        hold.close()
        position?.stop()
        closeJournal()
    }

    package func resumeReading() {
        guard phase == .reading, hold.end() else { return }
        schedule()
    }

    package func rest() { isResting = true }

    package func goOn() {
        guard isResting else { return }
        isResting = false
        if isActive { schedule() } else { activate() }
    }

    package func routesChanged(hasDurableBuffer: Bool) { moment = hasDurableBuffer ? .safe : .delivered }

    package func retire() { stopReading() }
    package var isDeserted: Bool { phase >= .stopped }

    package func close() {
        guard phase < .closed else { return }
        stopReading()
        phase = .closed
        position?.close()
    }

    // MARK: - The journal

    private func openJournal() {
        guard let library else { return }
        do throws(Journal.Failure) {
            let opened = try Journal(settings.folder, library, matches: settings.matches)
            try seek(opened)
            journal = opened
            folder = Self.identity(of: settings.folder)
            guard let descriptor = opened.watched() else { return }
            // The descriptor is the watch's from now on; without one the journal is looked at once a second.
            watch = try? DescriptorWatch(descriptor, on: loop) { [unowned self] in
                // Also while nothing is read: what is not taken note of would be told again and again.
                journal?.noteChanges()
                schedule()
            }
        } catch {
            log.limited(.warn, kind: "open", subject: ["path": settings.folder], "\(error); it is tried again")
        }
    }

    private func seek(_ journal: Journal) throws(Journal.Failure) {
        if let cursor = place {
            do throws(Journal.Failure) {
                if try journal.seek(behind: cursor) == .gone {
                    log.warn(
                        "the entry at the position is not there (deleted, or 'matches' has changed): reading on behind it",
                        ["path": settings.folder])
                }
                return
            } catch {
                guard error.code == EINVAL else { throw error }
                place = nil
                log.warn(
                    "the position is none of a journal: starting over at its \(startsAtHead ? "beginning" : "end")",
                    ["path": settings.folder, "position": cursor])
            }
        }
        if startsAtHead { return try journal.seekHead() }
        place = try journal.seekTail()
        if place == nil { startsAtHead = true }
        // What comes while the daemon is away is read, too.
        position?.begin(at: place)
    }

    private func closeJournal() {
        watch?.close()
        watch = nil
        journal = nil
    }

    private static func identity(of path: String) -> (device: UInt64, inode: UInt64)? {
        var facts = stat()
        // The pointer is to a local and does not leave the call.
        return unsafe stat(path, &facts) == 0 ? (UInt64(facts.st_dev), UInt64(facts.st_ino)) : nil
    }

    private func poll() {
        guard phase == .reading else { return }
        position?.write()
        if journal != nil, let now = Self.identity(of: settings.folder), let folder, now != folder {
            log.info("the journal's folder was replaced", ["path": settings.folder])
            closeJournal()
        }
        turn()
    }

    // MARK: - Reading

    private func schedule() {
        guard phase == .reading, isActive, !isResting, !hold.isHeld else { return }
        turnTimer?.start(afterMilliseconds: 0) { [unowned self] in turn() }
    }

    private func turn() {
        guard phase == .reading, isActive, !isResting, !hold.isHeld else { return }
        if journal == nil { openJournal() }
        guard let journal else { return }
        storage.clear()
        rows.clear()
        defer {
            storage.shrink(toAtMost: Self.keptBytes)
            rows.clear(keepingAtMost: Self.keptBytes / 16)
        }
        journal.noteChanges()
        var last: String?
        var failure: Journal.Failure?
        do throws(Journal.Failure) {
            var count = 0
            while count < Self.turnEntries, storage.count < Self.turnBytes, try journal.next() {
                try take(journal)
                last = try journal.cursor()
                count += 1
            }
        } catch {
            failure = error
        }
        let longFields = journal.takeLongFields()
        if longFields > 0 {
            log.limited(
                .warn, kind: "long", count: longFields,
                "a field of more than \(Journal.fieldBytes) bytes is left out of its entry")
        }
        meter?.received(storage.count)
        if let last { handOn(behind: last) }
        if let failure {
            log.limited(.warn, kind: "read", subject: ["path": settings.folder], "\(failure); it is tried again")
            closeJournal()
        } else if last != nil {
            schedule()
        }
    }

    private func take(_ journal: Journal) throws(Journal.Failure) {
        let time = try journal.time()
        let data = try journal.fields(into: &storage)
        let first = rows.fields.count
        let count = settings.entry.append(data, &storage, to: &rows)
        if count > 0 { rows.records.append(Record(time: time, firstField: first, fieldCount: count)) }
    }

    private func handOn(behind cursor: String) {
        guard let position else { return }
        let before = place
        place = cursor
        let batch = position.add(cursor)
        guard !rows.records.isEmpty else { return position.settled(batch) }
        let end = BatchEnd { [weak position] in position?.settled(batch) }
        let receipt = position.isKept ? end.receipt(for: moment, on: loop) : nil
        switch emitter.emit(Batch(tag, receipt: receipt), storage: &storage, rows: &rows) {
        case .accepted: break
        case .acceptedFull: hold.begin()
        case .refused(let reason):
            // Not taken: the same entries again when there is room.
            end.takeBack()
            position.takeBack()
            place = before
            closeJournal()
            hold.begin { [unowned self] in schedule() }
            log.limited(.warn, kind: "refused", "entries wait: \(reason.sentence)")
        }
        receipt?.settle(.delivered)
        if receipt == nil { position.settled(batch) }
    }
}
