internal import Events

/// The chunks of a staging area: found by key, by tag, by age and by the end of their slice, at a cost that does not grow
/// with their number.
///
/// A sealed chunk leaves the lists by age and by slice when it comes to their front, or when they are tidied up.
struct StagedChunks: Sendable {
    private var byKey: [ChunkKey: StagedChunk] = [:]
    /// The same chunks by tag, for areas whose only key is the tag: spares hashing its bytes.
    private var byTag = TagTable<StagedChunk>()
    /// In the order in which they were begun.
    private var byAge = Ring<StagedChunk>()
    private var bySlice = Agenda<StagedChunk>()
    /// What the last sealed chunk needed: the next one begins with it, so that it does not grow by copying.
    private var hintBytes = 0
    private var hintItems = 0
    /// The room that new chunks may begin with, all together: about this much for each doubling of their number.
    private let largestHint: Int
    private let store: any ChunkStore
    /// The batch under way, counted, and the chunks that it has been put into.
    private var batch = 0
    private(set) var touched: [StagedChunk] = []

    /// What a chunk has room for when it is full.
    private let fullBytes: Int
    /// From this size of the last chunk on, the next one begins with room for a full one: memory that is not touched costs
    /// nothing, and blocks of one size serve one another.
    private static let largeBytes = 1 << 20
    private static let leastBytes = 1024
    private static let leastItems = 8
    private static let roomyChunks = 64

    init(_ store: any ChunkStore, largestHint: Int, fullBytes: Int) {
        self.store = store
        self.fullBytes = fullBytes
        self.largestHint = largestHint
    }

    var count: Int { byKey.count }
    var byteCount: Int { byKey.values.reduce(0) { $0 + $1.byteCount } }
    var heldBytes: Int { byKey.values.reduce(0) { $0 + $1.heldBytes } }

    func find(_ key: ChunkKey) -> StagedChunk? { byKey[key] }
    func find(tagID: Int) -> StagedChunk? { byTag[tagID] }

    mutating func note(tagID: Int, _ staged: StagedChunk) {
        staged.tagIDs.append(tagID)
        byTag.set(tagID, staged)
    }

    // MARK: - Beginning

    /// A new chunk, not yet entered. With many chunks each begins small: what is allocated counts.
    func begin(_ key: ChunkKey, at now: Double) -> StagedChunk {
        let share = largestHint / (count + 1)
        let wanted = hintBytes >= Self.largeBytes ? max(hintBytes, fullBytes + Self.largeBytes / 16) : hintBytes
        let id = ChunkID.next()
        return StagedChunk(
            id: id, key: key, createdAt: now,
            ChunkBody(
                capacity: max(min(wanted, share), Self.leastBytes),
                itemCapacity: max(min(hintItems, share / ChunkItem.tableBytes), Self.leastItems)),
            store.makeWriter(id: id, key))
    }

    /// - Parameter end: of its slice, in seconds since 1970.
    mutating func enter(_ staged: StagedChunk, endsAt end: Int64?) {
        byKey[staged.key] = staged
        byAge.append(staged)
        if let end { bySlice.insert(staged, at: Double(end)) }
        if byAge.count > 2 * count + 16 { byAge = Ring(byAge.elements.filter { !$0.hasLeft }) }
        if bySlice.count > 2 * count + 16 { bySlice.keep { !$0.hasLeft } }
    }

    /// The batch is in the chunk: tells the budget what it has grown to. Of many chunks that keep their events elsewhere
    /// none keeps the room that a batch needed.
    ///
    /// - Parameter heldBytes: of the chunk, where they are known.
    func count(_ staged: StagedChunk, heldBytes: Int? = nil, _ budget: BufferBudget) {
        var bytes = heldBytes ?? staged.heldBytes
        if count > Self.roomyChunks, staged.body.items.isEmpty {
            staged.body = ChunkBody(capacity: 0)
            bytes = staged.heldBytes
        }
        guard bytes != staged.countedBytes else { return }
        budget.add(bytes - staged.countedBytes)
        staged.countedBytes = bytes
    }

    // MARK: - A batch

    mutating func beginBatch() {
        batch += 1
        if !touched.isEmpty { touched.removeAll(keepingCapacity: true) }
    }

    /// The batch under way is put into this chunk.
    mutating func touch(_ staged: StagedChunk) {
        if staged.batch == batch { return }
        staged.batch = batch
        touched.append(staged)
    }

    // MARK: - The next ones

    /// The chunk that was begun first.
    var oldest: StagedChunk? {
        mutating get {
            while let first = byAge.first {
                if !first.hasLeft { return first }
                _ = byAge.popFirst()
            }
            return nil
        }
    }

    var firstSliceEnd: Int64? {
        mutating get {
            while let first = bySlice.first {
                if !first.hasLeft { return bySlice.firstMoment.map { Int64($0) } }
                _ = bySlice.popFirst()
            }
            return nil
        }
    }

    mutating func sealFirstSlice(_ sealed: inout [SealedChunk], _ budget: BufferBudget) {
        if let first = bySlice.popFirst(), !first.hasLeft { seal(first, &sealed, budget) }
    }

    // MARK: - Sealing

    /// Nothing more goes into this chunk; what there is of it is sealed later.
    mutating func leave(_ staged: StagedChunk) {
        staged.hasLeft = true
        // A little more, or a chunk of the same size would be copied into twice the room for its last bytes.
        hintBytes = staged.body.bytes.count + staged.body.bytes.count / 16 + 4096
        hintItems = staged.body.items.count + staged.body.items.count / 16 + 16
        if byKey[staged.key] === staged { byKey.removeValue(forKey: staged.key) }
        for id in staged.tagIDs { byTag.remove(id) }
    }

    /// A chunk leaves; an empty one leaves nothing.
    mutating func seal(_ staged: StagedChunk, _ sealed: inout [SealedChunk], _ budget: BufferBudget) {
        if !staged.hasLeft { leave(staged) }
        let counted = staged.countedBytes
        guard let chunk = staged.seal() else { return budget.add(-counted) }
        budget.add(chunk.heldBytes - counted)
        sealed.append(chunk)
    }

    mutating func sealAll(_ sealed: inout [SealedChunk], _ budget: BufferBudget) {
        while let oldest { seal(oldest, &sealed, budget) }
    }
}
