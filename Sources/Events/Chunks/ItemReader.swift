/// The way back: from an item of a chunk to the record that entered the output.
///
/// What is refused, given up or kept goes on as the event it was, with its tag and time, never as what an output made of it
/// for its server. Every output with a buffer supplies a reader; where its format loses something (an id taken out, keys
/// removed, a number that JSON does not have), its formatter keeps the record's MessagePack beside the item.
package protocol ItemReader: Sendable {
    /// Appends the record of one item, with the item's time, to `rows`. Equal to what was formatted, field by field, up
    /// to what JSON says in its own way (`1.0` and `1`, text that was no UTF-8).
    ///
    /// - Returns: false when the item holds no record any more, which is a fault of the formatter: the caller says so.
    func read(_ item: Int, of chunk: LoadedChunk, into storage: inout ByteBuffer, rows: inout Rows) -> Bool
}
