import Events
import Foundation
import Logging
import Outputs
import Testing

@testable import Pipeline

@Suite("A plan whose stages are timed")
struct PlanTimingTests {
    private static let text = """
        <filter app.**>
          @type parser
          key_name log
          <parse>
            @type json
          </parse>
        </filter>
        <match app.**>
          @type relabel
          @label @X
        </match>
        <label @X>
          <filter>
            @type grep
            <exclude>
              key took
              pattern ^1$
            </exclude>
          </filter>
          <match>
            @type copy
            <store>
              @type stdout
            </store>
            <store>
              @type elasticsearch
              host es
            </store>
          </match>
        </label>
        <label @ERROR>
          <match>
            @type null
          </match>
        </label>
        """

    private func timing(allocations: @escaping () -> Int = { 0 }) throws -> PlanTiming {
        let checked = Checked(Self.text)
        #expect(checked.errors.isEmpty, "\(checked.rendered)")
        return try PlanTiming(
            checked.plan, standardOutput: TextSink(descriptor: open("/dev/null", O_WRONLY), writer: try WriterThread()),
            allocations: allocations)
    }

    private func batch(_ records: [String], tag: String = "app.a") throws -> SampleBatch {
        var batch = SampleBatch(tag: Tag(tag))
        for record in records {
            try batch.append(record: Array(record.utf8), time: EventTime(seconds: 1_576_605_304))
        }
        return batch
    }

    private func counts(_ timing: PlanTiming) -> [String] {
        timing.stages.map { "\($0.label) \($0.type) \($0.eventCount) \($0.refusedCount)" }
    }

    @Test("each stage is counted with the events that reach it, also behind labels and copies") func way() throws {
        let timing = try timing()
        let records = [#"{"log":"{\"took\":1}"}"#, #"{"log":"{\"took\":2}"}"#, #"{"log":"none"}"#]
        timing.send(try batch(records))
        timing.send(try batch(records))
        #expect(
            counts(timing) == [
                "@ROOT parser 6 2", "@X grep 4 0", "@X stdout 2 0", "@X elasticsearch 2 0", "@ERROR null 2 0",
            ])
        #expect(timing.decoding.eventCount == 6)
        #expect(timing.eventCount == 6)
        #expect(timing.stages.allSatisfy { $0.nanoseconds > 0 })
        let sum = timing.stages.reduce(timing.decoding.nanoseconds) { $0 + $1.nanoseconds }
        #expect(timing.nanoseconds >= sum)
    }

    @Test("what was counted is forgotten by a reset, and the stages stay") func reset() throws {
        let timing = try timing()
        timing.send(try batch([#"{"log":"{}"}"#]))
        timing.reset()
        #expect(counts(timing).allSatisfy { $0.hasSuffix(" 0 0") })
        #expect(timing.stages.count == 5)
        #expect((timing.eventCount, timing.nanoseconds, timing.decoding.eventCount) == (0, 0, 0))
    }

    @Test("allocations belong to the stage during which they were made") func allocations() throws {
        var count = 0
        let timing = try timing(allocations: {
            count += 1
            return count
        })
        timing.send(try batch([#"{"log":"{\"took\":2}"}"#]))
        // Asked once before and once after each of them, and around everything.
        #expect(timing.stages.map(\.allocationCount) == [1, 1, 1, 1, 0])
        #expect(timing.decoding.allocationCount == 1)
        #expect(timing.allocationCount > 5)
    }

    @Test("texts are parsed by their source, which stands where records are decoded") func texts() throws {
        let checked = Checked(
            """
            <source>
              @type tail
              @id lines
              path /a
              pos_file /b
              tag app.a
              <parse>
                @type multiline
                format_firstline /^\\d/
                format1 /^(?<n>\\d+)/
              </parse>
            </source>

            """ + Self.text)
        #expect(checked.errors.isEmpty, "\(checked.rendered)")
        let source = try checked.plan.trialSource("lines", tag: nil, label: nil, path: "")
        let timing = try PlanTiming(
            checked.plan, source: source,
            standardOutput: TextSink(descriptor: open("/dev/null", O_WRONLY), writer: try WriterThread()),
            allocations: { 0 })
        let lines = ["no first", "1", " more", "2"].map { Array($0.utf8) }
        timing.send(try batch([#"{"log":"{}"}"#]), of: lines[0..<3], isLast: false)
        timing.send(try batch([#"{"log":"{}"}"#]), of: lines[3...], isLast: true)
        let maker = try #require(timing.makers.first)
        #expect(timing.makers.map(\.stage) == ["lines"])
        #expect((maker.eventCount, maker.refusedCount, timing.eventCount) == (4, 1, 2))
        #expect(maker.nanoseconds > 0 && timing.nanoseconds > maker.nanoseconds)
        timing.reset()
        timing.send(try batch([#"{"log":"{}"}"#]))
        #expect(timing.makers.map(\.stage) == ["decode"])
    }

    @Test("records come back from a batch as they went in") func decode() throws {
        let batch = try batch([#"{"a":{"b":[1,2.5]},"n":18446744073709551616,"t":"\u00e4"}"#, "{}"])
        var storage = ByteBuffer()
        var rows = Rows()
        storage.append(batch.bytes)
        batch.decode(storage, &rows)
        let texts = rows.records.map { record in
            var out = ByteBuffer()
            out.appendJSONObject(record, rows, storage)
            return out.text(Slice(offset: 0, length: out.count))
        }
        #expect(texts == [#"{"a":{"b":[1,2.5]},"n":18446744073709551616,"t":"ä"}"#, "{}"])
    }
}
