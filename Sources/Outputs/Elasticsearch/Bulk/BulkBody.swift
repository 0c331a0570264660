package import Compression
package import Events
package import HTTPClient

/// How action lines are spelled for a server.
package struct BulkDialect: Sendable, Equatable {
    /// `_type`; nil for servers that know no types.
    package var type: String?
    /// `routing`, or `_routing` before version 7.
    package var routingField: String
    package var pipeline: String?
    /// The request's URL names the index of all its actions.
    package var namesIndexInURL = false
    /// Whether the server has index lifecycles (ILM), as far as is known.
    package var hasLifecycles = true

    package init(type: String? = nil, routingField: String = "routing", pipeline: String? = nil) {
        self.type = type
        self.routingField = routingField
        self.pipeline = pipeline
    }
}

/// The body of a bulk request: for each item its action line and its document, put together while it is sent.
///
/// Safety: as `BytesBody`: one request reads it, on the client's thread.
package final class BulkBody: HTTPBody, @unchecked Sendable {
    private let chunk: LoadedChunk
    /// All action lines; items without an id share theirs.
    private let actions: ByteBuffer
    /// For each item, two places: its action in `actions`, its document in the chunk.
    private let pieces: [(action: Slice, document: Slice)]
    package let byteCount: Int
    /// The index that the URL names; nil: none, each action has its own.
    let urlIndex: [UInt8]?
    private var piece = 0
    /// Bytes of the current piece that were read, action and document counted through.
    private var offset = 0

    /// Of a chunk in which the action lines stand already.
    init(framed chunk: LoadedChunk, items: ItemSet) {
        self.chunk = chunk
        actions = ByteBuffer(capacity: 0)
        pieces = chunk.runs(of: items).map { (.empty, $0) }
        byteCount = pieces.reduce(0) { $0 + Int($1.document.length) }
        urlIndex = nil
    }

    /// - Parameter indices: where items go, of those that go elsewhere than their labels say.
    package init(_ chunk: LoadedChunk, items: ItemSet, _ dialect: BulkDialect, indices: [Int: [UInt8]] = [:]) {
        self.chunk = chunk
        var actions = ByteBuffer(capacity: 1024)
        var shared: [Slice?] = Array(repeating: nil, count: chunk.body.labels.count)
        let labels = chunk.body.labels.map { BulkLabel(bytes: $0) }
        // Of each label; nil for one that only another formatter can have made. No array is touched for an item.
        let allFlags = labels.map { $0?.flags }
        var pieces: [(action: Slice, document: Slice)] = []
        pieces.reserveCapacity(items.count)
        var size = 0
        for number in items {
            let item = chunk.item(number)
            let place = Int(item.label)
            // Only the formatter makes these chunks, so every label is one of its own.
            guard let flags = allFlags[place] else { continue }
            let isShared = flags & BulkLabel.metadata == 0
            // The usual item is its document.
            if isShared, flags & BulkLabel.hasRecord == 0, let known = shared[place] {
                size += Int(known.length) + Int(item.source.length)
                pieces.append((known, item.source))
                continue
            }
            let front = BulkItemFront(flags: flags, item.source, chunk.body.bytes)
            let action: Slice
            if isShared, let known = shared[place] {
                action = known
            } else {
                guard var label = labels[place] else { continue }
                // Only items with an id have such an index, and their actions are not shared.
                if !indices.isEmpty, let index = indices[number] { label.index = index }
                action = Self.appendAction(label, front, chunk.body.bytes, dialect, to: &actions)
                if isShared { shared[place] = action }
            }
            size += Int(action.length) + Int(front.document.length)
            pieces.append((action, front.document))
        }
        self.actions = actions
        self.pieces = pieces
        byteCount = size
        let first = items.first.flatMap { labels[Int(chunk.item($0).label)] }
        urlIndex = dialect.namesIndexInURL ? first?.index : nil
    }

    /// The action line of all items of a label that carry nothing of their own.
    static func appendAction(_ label: BulkLabel, _ dialect: BulkDialect, to out: inout ByteBuffer) {
        _ = appendAction(label, BulkItemFront(flags: 0, .empty, out), ByteBuffer(capacity: 0), dialect, to: &out)
    }

    /// `{"index":{"_index":"fluentd-20191217","_type":"_doc"}}`
    private static func appendAction(
        _ label: BulkLabel, _ front: BulkItemFront, _ bytes: borrowing ByteBuffer, _ dialect: BulkDialect,
        to out: inout ByteBuffer
    ) -> Slice {
        let start = out.count
        out.append("{\"")
        out.append(label.actionName)
        out.append("\":{")
        let open = out.count
        if !dialect.namesIndexInURL {
            appendName("_index", open, to: &out)
            out.appendJSONString(label.index)
        }
        if let type = dialect.type {
            appendName("_type", open, to: &out)
            out.appendJSONString(type)
        }
        if let pipeline = dialect.pipeline {
            appendName("pipeline", open, to: &out)
            out.appendJSONString(pipeline)
        }
        appendValue("_id", front.id, bytes, open, to: &out)
        appendValue("_parent", front.parent, bytes, open, to: &out)
        appendValue(dialect.routingField, front.routing, bytes, open, to: &out)
        out.append("}}\n")
        return Slice(offset: start, length: out.count - start)
    }

    private static func appendValue(
        _ name: String, _ value: Slice?, _ bytes: borrowing ByteBuffer, _ open: Int, to out: inout ByteBuffer
    ) {
        guard let value else { return }
        appendName(name, open, to: &out)
        out.append(value, of: bytes)
    }

    /// - Parameter open: where the object's first member stands.
    private static func appendName(_ name: String, _ open: Int, to out: inout ByteBuffer) {
        if out.count > open { out.append(UInt8(ascii: ",")) }
        out.append(UInt8(ascii: "\""))
        out.append(name)
        out.append("\":")
    }

    // MARK: - Reading

    @unsafe package func read(into target: UnsafeMutablePointer<UInt8>, room: Int) -> Int {
        var written = 0
        while written < room, piece < pieces.count {
            let (action, document) = pieces[piece]
            let actionLength = Int(action.length)
            let slice: Slice
            let isAction = offset < actionLength
            if isAction {
                slice = Slice(offset: Int(action.offset) + offset, length: min(actionLength - offset, room - written))
            } else {
                let done = offset - actionLength
                slice = Slice(
                    offset: Int(document.offset) + done, length: min(Int(document.length) - done, room - written))
            }
            let destination = unsafe target + written
            if isAction {
                unsafe actions.withUnsafeBytes(slice) { source, count in
                    unsafe destination.update(from: source, count: count)
                }
            } else {
                unsafe chunk.body.bytes.withUnsafeBytes(slice) { source, count in
                    unsafe destination.update(from: source, count: count)
                }
            }
            written += Int(slice.length)
            offset += Int(slice.length)
            if offset >= actionLength + Int(document.length) {
                piece += 1
                offset = 0
            }
        }
        return written
    }

    /// All of it, line by line; it is to be sent no more.
    package func lines() -> [String] {
        let bytes = unsafe [UInt8](unsafeUninitializedCapacity: byteCount) { room, count in
            guard let start = room.baseAddress else { return }
            count = unsafe read(into: start, room: room.count)
        }
        return bytes.split(separator: 0x0A).map { String(decoding: $0, as: UTF8.self) }
    }

    package func rewind() {
        piece = 0
        offset = 0
    }

    /// The same body as one gzip member.
    package func compressed(level: Int) throws(CompressionError) -> BytesBody {
        var writer = try GzipWriter(level: level)
        var out = ByteBuffer(capacity: max(byteCount / 6, 4096))
        for (action, document) in pieces {
            writer.write(action, of: actions, to: &out)
            writer.write(document, of: chunk.body.bytes, to: &out)
        }
        writer.finish(to: &out)
        return BytesBody(out)
    }

    /// The document of an item in a chunk, without what stands in front of it.
    static func document(of number: Int, in chunk: LoadedChunk) -> Slice {
        let item = chunk.item(number)
        guard let label = BulkLabel(bytes: chunk.body.labels[Int(item.label)]) else { return item.source }
        return BulkItemFront(flags: label.flags, item.source, chunk.body.bytes).document
    }
}

/// How many bytes the items of a chunk need in a request, near enough to keep a limit.
struct BulkSizes {
    private let chunk: LoadedChunk
    /// For each label, the bytes of its action line without an id, parent and routing.
    private let actions: [(bytes: Int, hasRecord: Bool)]

    init(_ chunk: LoadedChunk) {
        self.chunk = chunk
        actions = chunk.body.labels.map { bytes in
            guard let label = BulkLabel(bytes: bytes) else { return (0, false) }
            // `{"index":{"_index":"","_id":,"routing":}}`
            return (label.index.count + 48, label.flags & BulkLabel.hasRecord != 0)
        }
    }

    func bytes(of number: Int) -> Int {
        let item = chunk.item(number)
        let action = actions[Int(item.label)]
        let length = Int(item.source.length)
        if !action.hasRecord { return length + action.bytes }
        let record = KeptRecord.slice(at: Int(item.source.offset), before: item.source.end, chunk.body.bytes)
        return length - Int(record?.length ?? 0) + action.bytes
    }
}
