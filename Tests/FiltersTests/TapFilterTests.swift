import Events
import Filters
import TestSupport
import Testing

@Suite struct TapFilterTests {
    /// Leaves the batch in the worst state it may leave it in.
    private final class Rough: Emitter {
        var lines: [String] = []

        func emit(_ batch: Events.Batch, storage: inout ByteBuffer, rows: inout Rows) -> Acceptance {
            for record in rows.records {
                var out = ByteBuffer()
                out.appendJSONObject(record, rows, storage)
                lines.append(out.text)
            }
            storage.append("noise")
            rows.records.removeAll()
            return .refused(Refusal(.full, "full"))
        }
    }

    @Test("shows the batch and passes it on unchanged") func shows() throws {
        let batch = EventBatch()
        try batch.add(#"{"a":1}"#)
        try batch.add(#"{"b":2}"#)
        let emitter = Rough()
        TapFilter(emitter).apply(Events.Batch(batch.tag), storage: &batch.storage, rows: &batch.rows)
        #expect(emitter.lines == batch.lines)
        #expect(batch.lines == [#"{"a":1}"#, #"{"b":2}"#])
    }

    @Test("keeps the rules of filters") func rules() throws {
        try FilterRules.check(FilterRules.shapes) { TapFilter(Rough()) }
    }
}
