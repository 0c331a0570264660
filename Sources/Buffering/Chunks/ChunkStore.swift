package import Events

/// Where one output's chunks are kept: in memory, in files.
///
/// A batch goes in as a whole or not at all. All its records are formatted into the chunks they belong to; then every chunk
/// they touched is written (`ChunkWriter.write`, which may fail); and only when all were, the batch is accepted in each.
/// Otherwise each forgets it, and the batch is refused.
protocol ChunkStore: Sendable {
    /// Whether its chunks are kept on a disk: what is left at a stop is there for the next process.
    var isOnDisk: Bool { get }
    /// What an earlier process left, the oldest first. Blocks.
    func recover() throws(ChunkStoreError) -> [SealedChunk]
    /// Another store may have the place from now on; this one writes no more.
    func release()
    /// For a chunk that begins, under its name. Used under the lock of its staging area.
    func makeWriter(id: String, _ key: ChunkKey) -> any ChunkWriter
}

/// What a store does for one chunk while it is filled.
protocol ChunkWriter: AnyObject {
    /// Whether batches may go on coming. Else the chunk is sealed, and they go into another.
    var takesMore: Bool { get }
    /// Of the chunk, but not in its body any more.
    var writtenItems: Int { get }
    /// As `chunk_limit_size` counts.
    var writtenBytes: Int { get }
    /// As `total_limit_size` counts: all of the chunk, its body as it is now.
    func heldBytes(_ body: borrowing ChunkBody) -> Int

    /// Keeps what the batch under way has added to the body, or has not kept any of it.
    func write(_ body: borrowing ChunkBody) throws(ChunkStoreError)
    /// The batch is in all its chunks: what was written counts, and leaves the body if it need not stay there.
    ///
    /// - Parameter receipt: of an input that waits until the batch is safe; held where it is not at once.
    func accept(_ body: inout ChunkBody, safe receipt: Receipt?)
    /// The batch is in none: what was written of it does not count.
    func discard()
    /// No more is coming. Called for chunks with items only.
    func seal(_ body: consuming ChunkBody, id: String) -> any ChunkContents
}

/// A sealed chunk as its store keeps it.
package protocol ChunkContents: Sendable {
    var itemCount: Int { get }
    /// As `chunk_limit_size` counts.
    var byteCount: Int { get }
    /// As `total_limit_size` counts.
    var heldBytes: Int { get }
    /// Whether it is kept on a disk: `load` reads, and blocks meanwhile, and the next process finds it.
    var isOnDisk: Bool { get }
    /// What is to be sent, in portions of which a worker can hold one in memory.
    var parts: [ItemSet] { get }
    func load(_ items: ItemSet) throws(ChunkStoreError) -> LoadedChunk
    /// Brings it to where what was promised to inputs (`durability`) holds for all of it; false: that cannot be done.
    /// Blocks.
    func makeSafe() -> Bool
    /// The same with these items alone, numbered anew, where that saves much; else nil.
    func shrunk(to items: ItemSet) -> (any ChunkContents)?
    /// These items need not be sent again, and others still have to be.
    func noteDone(_ items: ItemSet)
    /// Nothing of it is needed any more.
    func remove()
    /// A copy of it stays for people to look at: not all of it could be read.
    func keepAside()
}

/// A chunk could not be written or read.
package struct ChunkStoreError: Error, Sendable, Equatable, CustomStringConvertible {
    /// For the operator: what could not be done, and what to change.
    package let description: String

    package init(_ description: String) { self.description = description }
}
