internal import Dispatch
internal import Events
internal import Glibc
internal import Logging
internal import Synchronization

/// Brings files to the disk, on a thread of its own, for acks that wait until even a power cut does not reach their events
/// (`durability power`). One sync serves all that came while the one before was under way. Safe from any thread.
final class FileSyncer: Sendable {
    /// A chunk's file, from its first batch to its last.
    final class Target: Sendable {
        private let failed = Atomic<Bool>(false)
        /// Of the folder, before the file was made.
        fileprivate let folderFailures: Int

        fileprivate init(folderFailures: Int) { self.folderFailures = folderFailures }

        /// A sync has failed. What the kernel could not write it may have dropped, and the next sync would say nothing of
        /// that: whatever goes into this file is never known to be safe.
        var hasFailed: Bool { failed.load(ordering: .relaxed) }
        fileprivate func fail() { failed.store(true, ordering: .relaxed) }
    }

    /// What was written to a file since its last sync.
    private struct Written {
        let file: DiskFile
        let target: Target
        /// A file's name is on the disk only when its folder is.
        var isNew: Bool
        var receipts: [Receipt] = []
        var fate = Receipt.Fate.safe
    }

    private struct State {
        var files: [Written] = []
        var places: [ObjectIdentifier: Int] = [:]
        var isAtWork = false
    }

    private let folder: String
    private let intervalSeconds: Double
    private let log: Log
    private let disk: any Disk
    private let start: Start
    private let state = Mutex(State())
    /// Syncs of the folder that have failed: names that were in it by then are never known to be safe either.
    private let folderFailures = Atomic<Int>(0)
    /// One sync at a time: an error is told once, and must be known to whoever comes next.
    private let turn = Mutex(())

    /// Has work done elsewhere, soon.
    typealias Start = @Sendable (_ work: @escaping @Sendable () -> Void) -> Void

    /// A thread that is there while there is work.
    static func thread() -> Start {
        let queue = DispatchQueue(label: "sluice.sync")
        return { queue.async(execute: $0) }
    }

    init(folder: String, intervalSeconds: Double, log: Log, on disk: any Disk, start: @escaping Start) {
        self.folder = folder
        self.intervalSeconds = intervalSeconds
        self.log = log
        self.disk = disk
        self.start = start
    }

    /// For a file that is not made yet.
    func makeTarget() -> Target { Target(folderFailures: folderFailures.load(ordering: .relaxed)) }

    /// Something was written to the file; the receipt is held until it is on the disk.
    func add(_ file: DiskFile, of target: Target, isNew: Bool, _ receipt: Receipt?) {
        receipt?.hold()
        let starts = state.withLock { state in
            let place = state.places[ObjectIdentifier(target)] ?? state.files.count
            if place == state.files.count {
                state.places[ObjectIdentifier(target)] = place
                state.files.append(Written(file: file, target: target, isNew: isNew))
            }
            if let receipt { state.files[place].receipts.append(receipt) }
            defer { state.isAtWork = true }
            return !state.isAtWork
        }
        if starts { start { self.work() } }
    }

    private func work() {
        while var files = next() {
            let began = DispatchTime.now()
            turn.withLock { _ in sync(&files) }
            for written in files {
                for receipt in written.receipts { receipt.settle(written.fate) }
            }
            let rest = intervalSeconds - Double(DispatchTime.now().uptimeNanoseconds - began.uptimeNanoseconds) / 1e9
            if rest > 0 { usleep(UInt32(rest * 1e6)) }
        }
    }

    /// Whether all of the file, and its name, is on the disk. Blocks.
    func sync(_ file: DiskFile, of target: Target) -> Bool {
        var files = [Written(file: file, target: target, isNew: true)]
        turn.withLock { _ in sync(&files) }
        return files[0].fate == .safe
    }

    private func sync(_ files: inout [Written]) {
        for index in files.indices {
            if files[index].target.hasFailed {
                files[index].fate = .lost
                continue
            }
            do throws(ChunkStoreError) { try files[index].file.sync() } catch { fail(&files[index], error) }
        }
        guard files.contains(where: { $0.isNew && $0.fate == .safe }) else { return }
        var problem = ChunkStoreError("an earlier sync of \(folder) has failed")
        do throws(ChunkStoreError) { try syncNames() } catch { problem = error }
        let failures = folderFailures.load(ordering: .relaxed)
        for index in files.indices where files[index].isNew && files[index].fate == .safe {
            if files[index].target.folderFailures != failures { fail(&files[index], problem) }
        }
    }

    /// What has a name in the folder has it after a power cut too. Blocks.
    func syncFolder() { turn.withLock { _ in try? syncNames() } }

    /// All syncs of the folder are made here: each failure must be known of.
    private func syncNames() throws(ChunkStoreError) {
        do throws(ChunkStoreError) {
            try DiskFile(folder, for: .read, on: disk).sync()
        } catch {
            folderFailures.add(1, ordering: .relaxed)
            throw error
        }
    }

    private func fail(_ written: inout Written, _ error: ChunkStoreError) {
        written.target.fail()
        written.fate = .lost
        log.limited(
            .error, "events cannot be brought to the disk; their clients get no ack", ["reason": error.description])
    }

    /// What came since the last sync; nil: nothing, and the thread goes.
    private func next() -> [Written]? {
        state.withLock { state in
            if state.files.isEmpty {
                state.isAtWork = false
                return nil
            }
            let files = state.files
            state = State(isAtWork: true)
            return files
        }
    }
}
