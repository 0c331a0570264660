internal import Synchronization

/// How a chunk's file ends: it goes, or, where not all of it could be read, it is moved aside for people to look at. Safe
/// from any thread.
final class ChunkFileEnd: Sendable {
    private let path: String
    private let disk: any Disk
    private let isKept = Atomic<Bool>(false)

    init(of path: String, on disk: any Disk = KernelDisk()) {
        self.path = path
        self.disk = disk
    }

    /// It is moved aside when nothing of it is needed any more; until then a crash leaves it where the next process looks.
    func keepAside() { isKept.store(true, ordering: .relaxed) }

    /// Where it cannot be moved it stays: the next process takes it up once more.
    func remove() {
        if isKept.load(ordering: .relaxed) {
            try? DiskFile.move(path, to: path + FileBufferPath.corruptEnding, on: disk)
        } else {
            try? DiskFile.remove(path, on: disk)
        }
    }
}
