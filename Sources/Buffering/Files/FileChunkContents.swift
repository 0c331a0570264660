internal import Events

/// A sealed chunk in its file: read when it is sent, window by window.
struct FileChunkContents: ChunkContents {
    let id: String
    let path: String
    let end: ChunkEnd
    /// Behind the last frame of events.
    let dataEnd: Int
    private let done: DoneItems
    private let fileEnd: ChunkFileEnd
    private let disk: any Disk
    /// Where acks wait for the disk, and what they wait for; an earlier process waits for nothing.
    private let syncer: FileSyncer?
    private let syncTarget: FileSyncer.Target?
    let doneBefore: ItemSet

    /// - Parameter takesUp: an earlier process has written it, and perhaps delivered some of it.
    init(
        id: String, path: String, end: ChunkEnd, dataEnd: Int, takesUp: Bool = false, on disk: any Disk,
        _ syncer: FileSyncer?, _ syncTarget: FileSyncer.Target? = nil
    ) {
        self.id = id
        self.path = path
        self.end = end
        self.dataEnd = dataEnd
        self.disk = disk
        self.syncer = syncer
        self.syncTarget = syncTarget
        fileEnd = ChunkFileEnd(of: path, on: disk, syncer)
        done = DoneItems(chunkFile: path, on: disk)
        doneBefore = takesUp ? done.read() : ItemSet()
    }

    var itemCount: Int { end.itemCount }
    var byteCount: Int { end.byteCount }
    /// What it takes on the disk.
    var heldBytes: Int { dataEnd }
    var isOnDisk: Bool { true }

    var parts: [ItemSet] {
        end.windows.indices.map { ItemSet(firstItem($0)..<firstItem($0 + 1)).subtracting(doneBefore) }
    }

    private func firstItem(_ window: Int) -> Int {
        window < end.windows.count ? end.windows[window].firstItem : end.itemCount
    }

    private func offset(_ window: Int) -> Int { window < end.windows.count ? end.windows[window].offset : dataEnd }

    func load(_ items: ItemSet) throws(ChunkStoreError) -> LoadedChunk {
        guard let first = items.first, let last = items.ranges.last?.upperBound else {
            return LoadedChunk(ChunkBody(capacity: 0), id: id)
        }
        let from = end.windows.lastIndex { $0.firstItem <= first } ?? 0
        let to = end.windows.firstIndex { $0.firstItem >= last } ?? end.windows.count
        let file = try DiskFile(path, for: .read, on: disk)
        let start = offset(from)
        let count = offset(to) - start
        let total = firstItem(to) - firstItem(from)
        var body = ChunkBody(capacity: count, itemCapacity: total)
        try file.read(at: start, count: count, into: &body.bytes)
        let unreadable = enterFrames(of: &body, total: total)
        return LoadedChunk(
            body, id: id, firstItem: firstItem(from),
            unreadable: ItemSet(unreadable.map { $0 + firstItem(from) }))
    }

    /// Enters the events of a part of the file that is read into the body; answers which of them are not there, by
    /// their number in it.
    private func enterFrames(of body: inout ChunkBody, total: Int) -> ItemSet {
        var tags: [[UInt8]: Tag] = [:]
        var place = 0
        while body.items.count < total, let header = ChunkFrame.header(at: place, body.bytes),
            ChunkFrame.isWhole(header, at: place, body.bytes),
            ChunkFrame.enter(header, at: place, into: &body, tags: &tags)
        {
            place += header.frameBytes
        }
        if body.items.count == total { return ItemSet() }
        // Something is damaged. How many items a gap had is known when there is one of them; else the first has them all.
        body.forgetItems(from: 0)
        let scan = ChunkScan(body.bytes, from: 0)
        var missing = max(total - scan.itemCount, 0)
        var unreadable = ItemSet()
        for piece in scan.pieces {
            var lost = 0
            switch piece {
            case .frame(let offset, let header):
                if !ChunkFrame.enter(header, at: offset, into: &body, tags: &tags) { lost = header.itemCount }
            case .damaged(let items): lost = items
            case .gap: (lost, missing) = (missing, 0)
            }
            unreadable.append(body.items.count..<(body.items.count + lost))
            Self.enterEmpty(lost, &body)
        }
        // The file is shorter than it was.
        unreadable.append(body.items.count..<(body.items.count + missing))
        Self.enterEmpty(missing, &body)
        return unreadable
    }

    private static func enterEmpty(_ count: Int, _ body: inout ChunkBody) {
        for _ in 0..<count {
            body.enter(ChunkItem(source: .empty, label: 0, tag: 0, time: EventTime(seconds: 0)))
        }
    }

    func shrunk(to items: ItemSet) -> (any ChunkContents)? { nil }

    func makeSafe() -> Bool {
        guard let syncer, let syncTarget else { return true }
        guard let file = try? DiskFile(path, for: .read, on: disk) else { return false }
        return syncer.sync(file, of: syncTarget)
    }

    func noteDone(_ items: ItemSet) { done.add(items) }

    func remove() {
        fileEnd.remove()
        done.remove()
    }

    func keepAside() { fileEnd.keepAside() }
}
