import Events
import HTTPClient
import TestSupport
import Testing

@testable import Outputs

@Suite("Chunks that are a bulk request's body as they are")
struct FramedBulkTests {
    private let dialects = [BulkDialect(), BulkDialect(type: "_doc", routingField: "_routing", pipeline: "p")]

    private func settings() -> ElasticsearchSettings {
        var settings = ElasticsearchSettings()
        settings.logstashFormat = true
        settings.includeTagKey = true
        return settings
    }

    /// Events of three days, so of three actions.
    private func batch(_ records: [[UInt8]]) throws -> SampleBatch {
        var batch = SampleBatch("service.post")
        for (number, record) in records.enumerated() {
            let start = batch.storage.count
            batch.storage.append(record)
            let first = batch.rows.fields.count
            try batch.rows.appendFields(json: Slice(offset: start, length: record.count), &batch.storage)
            batch.rows.records.append(
                Record(
                    time: EventTime(seconds: 1_576_605_304 + Int64(number / 2) * 86_400), firstField: first,
                    fieldCount: batch.rows.fields.count - first))
        }
        return batch
    }

    private static let usual = (0..<6).map { Array(#"{"a":\#($0),"text":"say \"hello\"\nand more"}"#.utf8) }

    @Test("the bytes are those that are put together item by item, for all items and for some", arguments: [0, 1])
    func same(dialect: Int) throws {
        let forms = BulkForms()
        forms.note(dialects[dialect])
        var batch = try batch(Self.usual)
        let chunk = batch.format(with: try ElasticsearchFormatter(settings(), forms: forms))
        var again = try self.batch(Self.usual)
        let plain = again.format(with: try ElasticsearchFormatter(settings()))
        #expect(chunk.body.form == forms.form && plain.body.form == ChunkBody.bare)
        for items: ItemSet in [[0, 1, 2, 3, 4, 5], [0], [5], [1, 2, 4], [0, 3, 5]] {
            let expected = BulkBody(plain, items: items, dialects[dialect]).text()
            let framed = BulkBody(framed: chunk, items: items)
            #expect(framed.text(7) == expected && framed.byteCount == expected.utf8.count)
            // And a server of another kind gets its own.
            #expect(
                BulkBody(chunk, items: items, dialects[1 - dialect]).text()
                    == BulkBody(plain, items: items, dialects[1 - dialect]).text())
        }
    }

    /// The tag's key in the record, no fields, no UTF-8.
    @Test(
        "a chunk with an event of another kind is put together item by item",
        arguments: [Array(#"{"tag":"mine"}"#.utf8), Array("{}".utf8), Array(#"{"a":""#.utf8) + [0xFF, 0x22, 0x7D]])
    func mixed(record: [UInt8]) throws {
        let forms = BulkForms()
        forms.note(dialects[0])
        for place in [0, 3, 6] {
            var records = Self.usual
            records.insert(record, at: place)
            var batch = try batch(records)
            let chunk = batch.format(with: try ElasticsearchFormatter(settings(), forms: forms))
            #expect(chunk.body.form == ChunkBody.mixed)
            var again = try self.batch(records)
            let plain = again.format(with: try ElasticsearchFormatter(settings()))
            for items: ItemSet in [[0, 1, 2, 3, 4, 5, 6], [3], [2, 3, 4]] {
                let expected = BulkBody(plain, items: items, dialects[0]).text()
                #expect(BulkBody(chunk, items: items, dialects[0]).text() == expected)
            }
        }
    }

    @Test("a server that says something else in the middle of a chunk makes it one of two kinds")
    func changed() throws {
        let forms = BulkForms()
        let formatter = try ElasticsearchFormatter(settings(), forms: forms)
        var body = ChunkBody()
        var batch = try batch(Self.usual)
        for (number, record) in batch.rows.records.enumerated() {
            if number == 3 { forms.note(dialects[1]) }
            formatter.format(record, tag: batch.tag, storage: &batch.storage, rows: &batch.rows, into: &body)
            #expect(body.form == (number < 3 ? ChunkBody.bare : ChunkBody.mixed))
        }
        body.removeItems(from: 3)
        let chunk = LoadedChunk(body, id: "test")
        #expect(BulkBody(chunk, items: chunk.allItems, dialects[0]).text().split(separator: "\n").count == 6)
    }

    @Test("events that are taken back take their action lines with them")
    func takenBack() throws {
        let forms = BulkForms()
        forms.note(dialects[0])
        let formatter = try ElasticsearchFormatter(settings(), forms: forms)
        var body = ChunkBody()
        var batch = try batch(Self.usual)
        for (turn, number) in [0, 1, 2, 3, 5].enumerated() {
            if turn == 4 { body.removeItems(from: 2) }
            formatter.format(
                batch.rows.records[number], tag: batch.tag, storage: &batch.storage, rows: &batch.rows, into: &body)
        }
        let chunk = LoadedChunk(body, id: "test")
        #expect(chunk.body.form == forms.form)
        #expect(
            BulkBody(framed: chunk, items: chunk.allItems).text()
                == BulkBody(chunk, items: chunk.allItems, dialects[0]).text())
        var none = ChunkBody()
        formatter.format(
            batch.rows.records[0], tag: batch.tag, storage: &batch.storage, rows: &batch.rows, into: &none)
        none.removeItems(from: 0)
        #expect(none.bytes.isEmpty && none.items.isEmpty)
    }
}
