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
    static let pieceBytes = 64 * 1024
    static let turnBytes = 1 << 20
    /// How often files are looked at that tell nothing by themselves.
    static let pollMilliseconds: UInt64 = 1000
    /// How long a name is known to be of a file that was moved: the next move of a rotation comes at once.
    static let movesKeptMilliseconds: UInt64 = 5000
    /// When a batch that was refused is tried again, if nobody says that there is room before.
    static let retryMilliseconds: UInt64 = 1000

    let settings: TailSettings
    let loop: Loop
    let emitter: any Emitter
    let log: Log
    let pressure: Pressure?
    let reader: LineReader
    /// By path, or by inode.
    var files: [String: TailedFile] = [:]
    /// By where they really are, through links: as folders tell of what is written in them.
    var byPlace: [String: TailedFile] = [:]
    /// Replaced, or gone, and read to their ends.
    var endings: [ObjectIdentifier: TailedFile] = [:]
    /// How many files are followed in each group with a limit.
    var groupSizes: [Int: Int] = [:]
    var positions: PositionFile?
    var watch: FolderWatch?
    /// Names to which followed files were moved of late: the path each was followed under, and when that was.
    var moved: [String: (origin: String, atMilliseconds: UInt64)] = [:]
    var readToEnd = EndedFiles()
    /// How many files are followed in each folder.
    var watchedFiles: [String: Int] = [:]
    var isWatchingRefused = false
    var refreshTimer: LoopTimer?
    var pollTimer: LoopTimer?
    var turnTimer: LoopTimer?
    var ready: [TailedFile] = []
    var isReady: Set<ObjectIdentifier> = []
    package var meter: IntakeMeter?
    private(set) var phase = InputPhase.idle
    var isResting = false
    var isActive = false
    var isFirstLook = true
    var wantsRewrite = false
    var nextRewriteMilliseconds: UInt64 = 0
    var moment = Receipt.Moment.delivered
    var storage = ByteBuffer(capacity: 256 * 1024)
    var rows = Rows(fieldCapacity: 1024)

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

    func openPositions() throws {
        guard let path = settings.positionFile else { return }
        let file = try PositionFile(path)
        file.onFailure = { [log] sentence in log.limited(.error, kind: "positions", sentence) }
        for line in file.table.brokenLines {
            log.warn("a line of the position file is none, and is left out", ["file": path, "line": line])
        }
        positions = file
    }

    /// Looks for files for the first time. Not while it rests: another input may still move the positions.
    func activate() {
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
        watch?.close()
        watch = nil
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

    package func retire() { stopReading() }
    package var isDeserted: Bool { phase >= .stopped }

    package func close() {
        guard phase < .closed else { return }
        stopReading()
        phase = .closed
        if wantsRewrite { positions?.compact() }
        (files, byPlace) = ([:], [:])
        endings = [:]
        positions = nil
    }

    var all: [TailedFile] { Array(files.values) + Array(endings.values) }
}
