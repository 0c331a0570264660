import Events
import Foundation
import Outputs
import Testing

/// The rules every output keeps. Hand it an output and it runs them all.
enum OutputCompatTest {
    /// Records that have broken outputs: empty, nested, wide, long, odd bytes.
    static let records: [[UInt8]] = texts.map { Array($0.utf8) } + [invalid]

    private static let texts: [String] = [
        "{}", #"{"n":1,"s":"text","f":1.5,"t":true,"z":null}"#, #"{"n":2,"o":{"a":{"b":[1,{"c":null}]}},"l":[]}"#,
        #"{"n":3,"s":"quote \" backslash \\ newline \n unicode \u00e9 \ud83d\ude00 nul \u0000"}"#,
        #"{"n":4,"":"empty key","k ey":1,"ключ":"значение"}"#, #"{"n":18446744073709551615,"b":-1e400}"#, long, wide,
    ]
    private static let long: String = "{\"n\":5,\"long\":\"" + String(repeating: "x", count: 100_000) + "\"}"
    private static let wide: String = "{\"n\":6," + members.joined(separator: ",") + "}"
    private static let members: [String] = (0..<300).map { "\"k\($0)\":\($0)" }
    private static let invalid: [UInt8] = Array(#"{"n":7,"bad":""#.utf8) + [0xFF, 0xC3, 0x28, 0x80] + Array("\"}".utf8)

    /// Rules for what formats: one item for each record, in order, nothing for a refused one; valid JSON lines; the same
    /// bytes however records are spread over batches; the batch's fields are left as they were.
    ///
    /// - Parameter sent: the lines that go out for an item; its bytes, unless the output keeps more beside them.
    static func formatterRules(
        _ make: () throws -> any ChunkFormatter,
        sent: (LoadedChunk, Int) -> [UInt8] = { $0.body.bytes.array($0.body.items[$1].source) }
    ) throws {
        let tag = Events.Tag("compat.tag")
        var whole = try batch(records, tag)
        let fieldCount = whole.rows.fields.count
        let fieldsBefore = (0..<fieldCount).map { whole.rows.fields[$0].key }
        let chunk = whole.format(with: try make())
        #expect((0..<fieldCount).map { whole.rows.fields[$0].key } == fieldsBefore, "fields are only added")
        #expect(chunk.body.items.count + whole.rows.rejections.count == records.count)
        var end = 0
        for item in chunk.body.items.indices.map({ chunk.body.items[$0] }) {
            #expect(Int(item.source.offset) == end, "no bytes between items")
            end = item.source.end
            #expect(chunk.body.tags[Int(item.tag)] === tag)
            #expect(chunk.body.labels.isEmpty || chunk.body.labels.indices.contains(Int(item.label)))
        }
        #expect(end == chunk.body.bytes.count)
        for number in chunk.allItems {
            let text = sent(chunk, number)
            #expect(text.last == 0x0A, "an item ends its line")
            for line in text.split(separator: 0x0A) {
                #expect(throws: Never.self) {
                    _ = try JSONSerialization.jsonObject(with: Data(line), options: .fragmentsAllowed)
                }
            }
        }
        // One by one, with a formatter that has already seen other tags.
        let other = try make()
        var stranger = try batch([records[1]], Events.Tag("another.tag"))
        _ = stranger.format(with: other)
        var bytes: [UInt8] = []
        for record in records {
            var single = try batch([record], tag)
            bytes += single.format(with: other).body.bytes.array()
        }
        #expect(bytes == chunk.body.bytes.array(), "the batch's size does not show")
    }

    /// Rules for what delivers: it answers instead of throwing when nobody listens, ends soon when cancelled, and then can
    /// be used again; several deliveries at once do not disturb each other.
    ///
    /// - Parameter silent: waits longer for an answer than the test may take, so that only the cancellation ends it.
    static func destinationRules(
        unreachable: any Destination, silent: any Destination, working: any Destination, _ chunk: LoadedChunk
    ) async {
        guard case .retry(let reason, _) = await unreachable.deliver(chunk, items: chunk.allItems) else {
            Issue.record("an unreachable server must be a failure that can be retried")
            return
        }
        #expect(!reason.sentence.isEmpty && reason.sentence.first?.isUppercase == false, "reason: \(reason)")
        let task = Task { await silent.deliver(chunk, items: chunk.allItems) }
        try? await Task.sleep(for: .milliseconds(50))
        task.cancel()
        guard case .retry = await task.value else {
            Issue.record("cancelled must be a failure that can be retried")
            return
        }
        let outcomes = await withTaskGroup(of: DeliveryOutcome.self) { group in
            for _ in 0..<8 { group.addTask { await working.deliver(chunk, items: chunk.allItems) } }
            return await group.reduce(into: []) { $0.append($1) }
        }
        #expect(outcomes == Array(repeating: .delivered, count: 8))
    }

    private static func batch(_ records: [[UInt8]], _ tag: Events.Tag) throws -> SampleBatch {
        var batch = SampleBatch(tag)
        for record in records {
            let start = batch.storage.count
            batch.storage.append(record)
            let first = batch.rows.fields.count
            try batch.rows.appendFields(
                json: Slice(offset: start, length: batch.storage.count - start), &batch.storage)
            batch.rows.records.append(
                Record(
                    time: EventTime(seconds: 1_576_605_304, nanoseconds: 5), firstField: first,
                    fieldCount: batch.rows.fields.count - first))
        }
        return batch
    }
}
