/// Where each event of a chunk is, in order. Appending costs a few stores; a large table lies in a block that is used again,
/// as the chunk's bytes do.
@usableFromInline package struct ItemTable: ~Copyable, Sendable {
    @usableFromInline var memory: ByteBuffer

    package init(capacity: Int = 0) { memory = ByteBuffer(capacity: capacity * ChunkItem.tableBytes) }

    @inlinable package var count: Int { memory.count / ChunkItem.tableBytes }
    @inlinable package var isEmpty: Bool { memory.isEmpty }
    package var indices: Range<Int> { 0..<count }
    /// For so many items there is room.
    package var capacity: Int { memory.capacity / ChunkItem.tableBytes }

    @inlinable package subscript(_ number: Int) -> ChunkItem {
        precondition(number >= 0 && number < count, "an event outside its chunk")
        return unsafe UnsafeRawPointer(memory.base).load(
            fromByteOffset: number &* ChunkItem.tableBytes, as: ChunkItem.self)
    }

    package var last: ChunkItem? { isEmpty ? nil : self[count - 1] }

    @inlinable package mutating func append(_ item: ChunkItem) {
        memory.reserve(ChunkItem.tableBytes)
        unsafe UnsafeMutableRawPointer(memory.base).storeBytes(
            of: item, toByteOffset: memory.count, as: ChunkItem.self)
        memory.count &+= ChunkItem.tableBytes
    }

    package mutating func truncate(to count: Int) { memory.truncate(to: count * ChunkItem.tableBytes) }

    package mutating func removeAll() { memory.clear() }

    /// Gives back what is allocated and not needed.
    package mutating func trim() { memory.shrink(toAtMost: memory.count) }
}
