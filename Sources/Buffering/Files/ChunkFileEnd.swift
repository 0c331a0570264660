internal import Synchronization

/// How a chunk's file ends: it goes, or, where not all of it could be read, it stays for people to look at, under another
/// name. Safe from any thread.
final class ChunkFileEnd: Sendable {
    private let path: String
    private let disk: any Disk
    private let syncer: FileSyncer?
    /// It has to get its other name yet.
    private let isToMove = Atomic<Bool>(false)

    init(of path: String, on disk: any Disk = KernelDisk(), _ syncer: FileSyncer? = nil) {
        self.path = path
        self.syncer = syncer
        self.disk = disk
    }

    /// It gets its second name at once, so that it has it whatever ends the process; where the file system has no second
    /// names, when it is to go.
    func keepAside() {
        guard DiskFile.link(path, as: path + FileBufferPath.corruptEnding, on: disk) else {
            return isToMove.store(true, ordering: .relaxed)
        }
        syncer?.syncFolder()
    }

    /// Where it cannot be moved it stays: the next process takes it up once more.
    func remove() {
        if isToMove.load(ordering: .relaxed) {
            try? DiskFile.move(path, to: path + FileBufferPath.corruptEnding, on: disk)
        } else {
            try? DiskFile.remove(path, on: disk)
        }
    }
}
