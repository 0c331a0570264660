/// A chunk's events in memory, for as long as somebody sends them or reads them back. Shared by reference.
///
/// Of a chunk that is kept elsewhere only a part may be loaded: items keep the numbers that they have in the chunk.
@usableFromInline package final class LoadedChunk: Sendable {
    /// Hexadecimal, unique: what log lines and backup files call the chunk.
    package let id: String
    @usableFromInline package let body: ChunkBody
    /// The number, in the chunk, of the body's first item.
    @usableFromInline let firstItem: Int
    /// Items that could not be read: the body has an empty one for each, of no label and no tag.
    package let unreadable: ItemSet

    package init(
        _ body: consuming ChunkBody, id: String, firstItem: Int = 0, unreadable: ItemSet = ItemSet()
    ) {
        self.body = body
        self.id = id
        self.firstItem = firstItem
        self.unreadable = unreadable
    }

    /// All that is loaded.
    package var allItems: ItemSet { ItemSet(firstItem..<(firstItem + body.items.count)) }

    @inlinable package func item(_ number: Int) -> ChunkItem { body.items[number - firstItem] }

    /// As `ChunkBody.runs`.
    package func runs(of items: ItemSet) -> [Slice] { body.runs(of: items, firstItem: firstItem) }

    package func tag(of item: Int) -> Tag { body.tags[Int(self.item(item).tag)] }
}
