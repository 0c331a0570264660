import Buffering
import Events
import Synchronization

/// Writes records as JSON lines; one with a key `bad` goes to the rejections.
final class LineFormatter: ChunkFormatter {
    func format(_ record: Record, tag: Tag, storage: inout ByteBuffer, rows: inout Rows, into chunk: inout ChunkBody) {
        if rows.find(Array("bad".utf8), in: record, storage) != nil {
            rows.rejections.append(Rejection(record: record, kind: "Bad", reason: "bad"))
            return
        }
        let start = chunk.bytes.count
        chunk.bytes.appendJSONObject(record, rows, storage)
        chunk.endItem(from: start, label: chunk.label(tag.bytes), tag: chunk.tag(tag), time: record.time)
    }
}

/// Answers from a list, then "delivered"; remembers what it was sent.
final class ScriptedDestination: Destination {
    private let state = Mutex<(script: [DeliveryOutcome], sent: [[String]])>(([], []))
    private let arrivals: AsyncStream<[String]>.Continuation
    let deliveries: AsyncStream<[String]>

    init(_ script: [DeliveryOutcome] = []) {
        (deliveries, arrivals) = AsyncStream.makeStream()
        state.withLock { $0.script = script }
    }

    var sent: [[String]] { state.withLock { $0.sent } }

    func deliver(_ chunk: LoadedChunk, items: ItemSet) async -> DeliveryOutcome {
        let texts = chunk.texts(items)
        let outcome = state.withLock { state in
            state.sent.append(texts)
            return state.script.isEmpty ? .delivered : state.script.removeFirst()
        }
        arrivals.yield(texts)
        return outcome
    }
}

extension LoadedChunk {
    func texts(_ items: ItemSet) -> [String] { items.map { body.bytes.text(item($0).source) } }
}

extension SealedChunk {
    convenience init(memory body: consuming ChunkBody, id: String) {
        self.init(id: id, key: .none, MemoryChunkContents(body, id: id))
    }

    /// As a file would be: survives a stop, sent in parts, never made smaller.
    convenience init(durable body: consuming ChunkBody, id: String) {
        self.init(id: id, key: .none, DurableContents(MemoryChunkContents(body, id: id)))
    }

    /// All of it; a chunk that cannot be read says so.
    func texts(_ items: ItemSet) -> [String] {
        do throws(ChunkStoreError) { return try load(items).texts(items) } catch { return [error.description] }
    }
    var texts: [String] { texts(allItems) }
}

private struct DurableContents: ChunkContents {
    let memory: MemoryChunkContents

    init(_ memory: MemoryChunkContents) { self.memory = memory }

    var itemCount: Int { memory.itemCount }
    var byteCount: Int { memory.byteCount }
    var heldBytes: Int { memory.heldBytes }
    var isOnDisk: Bool { true }
    var parts: [ItemSet] {
        stride(from: 0, to: itemCount, by: 3).map { ItemSet($0..<min($0 + 3, itemCount)) }
    }
    func load(_ items: ItemSet) -> LoadedChunk { memory.load(items) }
    func shrunk(to items: ItemSet) -> (any ChunkContents)? { nil }
    func makeSafe() -> Bool { true }
    func noteDone(_ items: ItemSet) {}
    func remove() {}
    func keepAside() {}
}

/// Emits records given as JSON text, as one batch.
struct BatchSource {
    let emitter: BufferedEmitter
    var rejections: [Rejection] = []
    /// Goes with every batch.
    var receipt: Receipt?

    init(_ buffer: ChunkBuffer, readers: [RecordKeyReader] = []) {
        emitter = BufferedEmitter(buffer: buffer, formatter: LineFormatter(), fieldReaders: readers)
    }

    @discardableResult
    mutating func emit(_ records: [String], at seconds: Int64 = 1_576_000_000) throws -> Acceptance {
        try emit(tagA, records, at: seconds)
    }

    @discardableResult
    mutating func emit(_ tag: Tag, _ records: [String], at seconds: Int64 = 1_576_000_000) throws -> Acceptance {
        var storage = ByteBuffer()
        var rows = Rows()
        for text in records {
            let start = storage.count
            storage.append(text)
            let first = rows.fields.count
            try rows.appendFields(json: Slice(offset: start, length: storage.count - start), &storage)
            rows.records.append(
                Record(time: EventTime(seconds: seconds), firstField: first, fieldCount: rows.fields.count - first))
        }
        let acceptance = emitter.emit(Events.Batch(tag, receipt: receipt), storage: &storage, rows: &rows)
        rejections += rows.rejections
        return acceptance
    }
}

let tagA = Tag("a")
let tagB = Tag("b")

extension ChunkBuffer {
    /// An attempt whose effects take no time.
    @discardableResult
    func end(_ delivery: DeliveryQueue.Delivery, _ outcome: DeliveryOutcome) -> [DeliveryQueue.Effect] {
        finish(delivery, outcome) + complete(delivery)
    }

    /// Everything that may be sent at this moment.
    func takeReady() -> [DeliveryQueue.Delivery] {
        var deliveries: [DeliveryQueue.Delivery] = []
        while case .deliver(let delivery) = nextStep() { deliveries.append(delivery) }
        return deliveries
    }
}
