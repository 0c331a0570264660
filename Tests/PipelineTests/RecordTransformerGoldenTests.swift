import Events
import Foundation
import Pipeline
import TestSupport
import Testing

/// What Fluentd's record_transformer made of one event each, with and without Ruby.
@Suite(.serialized) struct RecordTransformerGoldenTests {
    @Test("record_transformer answers as Fluentd did")
    func captured() throws {
        var count = 0
        for one in try GoldenData.objects("record-transformer-cases.jsonl") {
            let id = try #require(one["id"] as? String)
            let filter = try #require(one["filter"] as? String)
            let checked = Checked("<source>\n@type forward\n</source>\n\(filter)\n<match **>\n@type stdout\n</match>\n")
            guard let tag = one["tag"] as? String, let record = one["record"] as? String else {
                #expect(checked.diagnostics.hasErrors, "\(id) must be refused")
                count += 1
                continue
            }
            #expect(!checked.diagnostics.hasErrors, "\(id): \(checked.rendered)")
            let run = try Run(checked.plan)
            let batch = EventBatch(tag: tag)
            try batch.add(record, at: EventTime(seconds: 1_715_000_000, nanoseconds: 123_456_789))
            run.send(batch)
            let lines = try run.written().split(separator: "\n").map(String.init)
            let expected = try #require(one["stdout"] as? [String]).map {
                $0.replacingOccurrences(of: "<hostname>", with: Checked.environment.hostname)
            }
            let accepted = [expected] + (one["accepted"] as? [[String]] ?? [])
            #expect(accepted.contains(lines), "\(id): \(lines)")
            count += 1
        }
        #expect(count >= 120)
    }
}
