internal import Events

/// A document that a server refused for good.
struct RefusedDocument {
    var item: RejectedItem
    /// The field that does not fit the index's mapping, by the names that the server may have meant, the likeliest first;
    /// empty: the reason is another one.
    var conflicts: [String]

    /// The same under the number that its document had at first.
    func numbered(_ item: Int) -> RefusedDocument {
        var other = self
        other.item.item = item
        return other
    }
}

/// Documents that an index refused for one field each, with that field renamed: a chunk of their own, to be sent at once.
struct RenamedDocuments {
    let chunk: LoadedChunk
    /// For each of its items, the number in the chunk it came from.
    let originals: [Int]
    /// What was renamed: once for each of its items.
    let renamed: [(index: String, field: String, name: String, reason: String)]

    /// Rounds for one document: it may have so many fields that do not fit, since a server names one at a time.
    static let maximumRounds = 16

    /// nil when no document's field could be renamed.
    ///
    /// - Parameters:
    ///   - refused: with their numbers in `chunk`.
    ///   - original: the number that an item had in the first place.
    ///   - rest: the documents that stay refused are added.
    init?(
        _ refused: [RefusedDocument], of chunk: LoadedChunk, original: (Int) -> Int, rest: inout [RefusedDocument]
    ) {
        var body = ChunkBody(capacity: 4096, itemCapacity: refused.count)
        var numbers: [Int] = []
        var renamed: [(index: String, field: String, name: String, reason: String)] = []
        for refusal in refused {
            let item = refusal.item
            let entry = chunk.item(item.item)
            let label = chunk.body.labels[Int(entry.label)]
            guard let known = BulkLabel(bytes: label) else {
                rest.append(refusal)
                continue
            }
            let document = BulkItemFront(flags: known.flags, entry.source, chunk.body.bytes).document
            let renaming = refusal.conflicts.lazy.compactMap { field in
                FieldRenaming(
                    field, in: chunk.body.bytes, document, isWrapped: known.flags & BulkLabel.isWrapped != 0
                ).map { (field, $0) }
            }.first
            guard let (field, made) = renaming else {
                rest.append(refusal)
                continue
            }
            let start = body.bytes.count
            let front = Int(document.offset) - Int(entry.source.offset)
            body.bytes.append(Slice(offset: Int(entry.source.offset), length: front), of: chunk.body.bytes)
            body.bytes.append(made.document)
            body.endItem(
                from: start, label: body.label(label), tag: body.tag(chunk.tag(of: item.item)), time: entry.time)
            numbers.append(original(item.item))
            renamed.append((item.index, field, made.name, item.reason))
        }
        if numbers.isEmpty { return nil }
        self.chunk = LoadedChunk(body, id: chunk.id)
        self.originals = numbers
        self.renamed = renamed
    }
}
