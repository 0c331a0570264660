import Events
import Foundation
import Pipeline
import TestSupport
import Testing

/// What Fluentd made of events with `config-parser-options.conf`, without sockets: the same lines, and the same records
/// at `<label @ERROR>`.
@Suite(.serialized) struct GoldenEventTests {
    private static let file = "parser-options-cases.jsonl"

    @Test("filter_parser and its parsers answer as Fluentd did")
    func parserOptions() throws {
        let plan = Checked(path: Repository.corpus + "/config-parser-options.conf").plan
        let deviations = try #require(
            try JSONSerialization.jsonObject(with: Data(try GoldenData.bytes("deviations.json"))) as? [String: Any])
        var count = 0
        for one in try GoldenData.objects(Self.file) {
            let id = try #require(one["id"] as? String)
            guard deviations["parser-options/" + id] == nil else { continue }
            let run = try Run(plan)
            run.send(try Self.message(hex(try #require(one["sent_hex"] as? String))))
            let expected = ((one["stdout"] as? [Any]) ?? []) + ((one["error_label_stdout"] as? [Any]) ?? [])
            guard let lines = expected as? [String] else { continue }  // bytes that are no text
            // Fluentd's own log events pass its matches, too; and what reaches @ERROR is printed when it happens.
            let wanted = lines.filter { !$0.contains(" fluent.warn: ") }.map(Self.withoutCaptureTime).sorted()
            let got = try run.written().split(separator: "\n").map(String.init).sorted()
            #expect(got == wanted, "\(id)")
            count += 1
        }
        #expect(count >= 45)
    }

    /// Times of the day the data was captured are those of "now".
    private static func withoutCaptureTime(_ line: String) -> String {
        guard line.hasPrefix("2026-11-24 "), let zone = line.range(of: " +0000 ") else { return line }
        return "NOW " + line[zone.upperBound...]
    }

    /// `[tag, EventTime, record]`: a short tag, an extension of eight bytes, and the record up to the end.
    private static func message(_ bytes: [UInt8]) throws -> EventBatch {
        try #require(bytes.count > 12 && bytes[0] & 0xF0 == 0x90 && bytes[1] & 0xE0 == 0xA0)
        let tagEnd = 2 + Int(bytes[1] & 0x1F)
        try #require(bytes[tagEnd] == 0xD7 && bytes[tagEnd + 1] == 0)
        func number(_ at: Int) -> UInt32 { bytes[at..<(at + 4)].reduce(0) { $0 << 8 | UInt32($1) } }
        let batch = EventBatch(tag: String(decoding: bytes[2..<tagEnd], as: UTF8.self))
        let time = EventTime(seconds: Int64(number(tagEnd + 2)), nanoseconds: number(tagEnd + 6))
        try batch.add(messagePack: Array(bytes[(tagEnd + 10)...]), at: time)
        return batch
    }
}
