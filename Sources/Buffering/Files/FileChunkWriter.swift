internal import Events

/// One chunk's file while it is filled: a frame for each batch. Touched under the lock of its staging area.
final class FileChunkWriter: ChunkWriter {
    private let path: String
    private let head: ChunkFileHead
    private let disk: any Disk
    private let openFiles: OpenFiles
    /// Where acks wait for the disk.
    private let syncer: FileSyncer?
    private let syncTarget: FileSyncer.Target?
    private var file: DiskFile?
    /// May stay open between two batches.
    private var hasPlace = false
    /// Behind what counts.
    private var offset = 0
    /// Written behind that, and not accepted yet.
    private var pending: (frameAt: Int, end: Int)?
    private var end = ChunkEnd()

    init(path: String, head: ChunkFileHead, on disk: any Disk, openFiles: OpenFiles, syncer: FileSyncer?) {
        self.path = path
        self.head = head
        self.disk = disk
        self.openFiles = openFiles
        self.syncer = syncer
        syncTarget = syncer?.makeTarget()
    }

    deinit { letGo() }

    var takesMore: Bool { !(syncTarget?.hasFailed ?? false) }
    var writtenItems: Int { end.itemCount }
    var writtenBytes: Int { end.byteCount }
    func heldBytes(_ body: borrowing ChunkBody) -> Int { offset + body.byteCount }

    func write(_ body: borrowing ChunkBody) throws(ChunkStoreError) {
        var out = ByteBuffer(capacity: body.items.count * 24 + 1024)
        if offset == 0 { head.append(to: &out) }
        let frame = offset + out.count
        ChunkFrame.appendHead(of: body, to: &out)
        pending = (frame, offset + out.count + body.bytes.count)
        try opened().write(out, body.bytes, at: offset)
    }

    private func opened() throws(ChunkStoreError) -> DiskFile {
        if let file { return file }
        let opened = try DiskFile(path, for: .append, on: disk)
        file = opened
        if !hasPlace { hasPlace = openFiles.take() }
        return opened
    }

    func accept(_ body: inout ChunkBody, safe receipt: Receipt?) {
        guard let pending else { return }
        if let syncer, let syncTarget, let file { syncer.add(file, of: syncTarget, isNew: offset == 0, receipt) }
        end.note(frameAt: pending.frameAt, items: body.items.count, byteCount: body.byteCount)
        offset = pending.end
        self.pending = nil
        body.clear()
        if !hasPlace { file = nil }
    }

    func discard() {
        guard pending != nil else { return }
        pending = nil
        if offset == 0 {
            letGo()
            try? DiskFile.remove(path, on: disk)
        } else {
            // Where that cannot be done, the next frame is written over it.
            try? file?.truncate(to: offset)
            if !hasPlace { file = nil }
        }
    }

    func seal(_ body: consuming ChunkBody, id: String) -> any ChunkContents {
        // Without it the file is read frame by frame, should somebody have to.
        try? end.write(to: opened(), at: offset)
        letGo()
        return FileChunkContents(
            id: id, path: path, end: end, dataEnd: offset, on: disk, syncer, syncTarget)
    }

    private func letGo() {
        file = nil
        if hasPlace { openFiles.giveBack() }
        hasPlace = false
    }
}
