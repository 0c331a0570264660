internal import Dispatch
internal import Events
internal import Glibc
internal import Logging
internal import Synchronization

/// Brings files to the disk, on a thread of its own, for acks that wait until even a power cut does not reach their events
/// (`durability power`). One sync serves all that came while the one before was under way. Safe from any thread.
final class FileSyncer: Sendable {
    private struct State {
        var files: [ObjectIdentifier: DiskFile] = [:]
        /// A file's name is on the disk only when its folder is.
        var hasNewFile = false
        var receipts: [Receipt] = []
        var isAtWork = false
    }

    private let folder: String
    private let intervalSeconds: Double
    private let log: Log
    private let state = Mutex(State())
    private let queue = DispatchQueue(label: "sluice.sync")

    init(folder: String, intervalSeconds: Double, log: Log) {
        self.folder = folder
        self.intervalSeconds = intervalSeconds
        self.log = log
    }

    /// Something was written to the file; the receipt is held until it is on the disk.
    func add(_ file: DiskFile, isNew: Bool, _ receipt: Receipt?) {
        receipt?.hold()
        let starts = state.withLock { state in
            state.files[ObjectIdentifier(file)] = file
            state.hasNewFile = state.hasNewFile || isNew
            if let receipt { state.receipts.append(receipt) }
            defer { state.isAtWork = true }
            return !state.isAtWork
        }
        if starts { queue.async { self.work() } }
    }

    private func work() {
        while let batch = next() {
            let began = DispatchTime.now()
            var problem: ChunkStoreError?
            do throws(ChunkStoreError) {
                for file in batch.files.values { try file.sync() }
                if batch.hasNewFile { try DiskFile(folder, for: .read).sync() }
            } catch {
                problem = error
                log.limited(
                    .error, "events cannot be brought to the disk; their clients get no ack",
                    ["reason": error.description])
            }
            for receipt in batch.receipts { receipt.settle(problem == nil ? .safe : .lost) }
            let rest = intervalSeconds - Double(DispatchTime.now().uptimeNanoseconds - began.uptimeNanoseconds) / 1e9
            if rest > 0 { usleep(UInt32(rest * 1e6)) }
        }
    }

    /// What came since the last sync; nil: nothing, and the thread goes.
    private func next() -> State? {
        state.withLock { state in
            if state.files.isEmpty {
                state.isAtWork = false
                return nil
            }
            let batch = state
            state = State(isAtWork: true)
            return batch
        }
    }
}
