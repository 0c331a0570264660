import Events
import Foundation
import Logging
import Outputs
import TestSupport
import Testing

@testable import Pipeline

/// What Fluentd's out_file wrote, replayed without a socket: the configuration's own output takes the events and is stopped
/// as at the end of a process.
@Suite("file, as captured from Fluentd")
struct FileOutputCaptureTests {
    struct Capture: Sendable, CustomTestStringConvertible {
        let id: String
        let config: String
        /// What was sent, for each start of the daemon.
        let runs: [[Event]]
        /// Files and their contents after the last.
        let files: [String: String]
        var testDescription: String { id }
    }

    struct Event: Sendable {
        let tag: String
        let time: EventTime
        /// JSON, its keys in the order of the capture.
        let record: String
    }

    /// Those that end with files of text read after a stop, and send what JSON can say.
    static let captures: [Capture] = (try? load()) ?? []

    private static func load() throws -> [Capture] {
        let deviations =
            try JSONSerialization.jsonObject(with: Data(GoldenData.bytes("deviations.json"))) as? [String: Any] ?? [:]
        return try GoldenData.bytes("file-output-scenarios.jsonl").split(separator: 0x0A).compactMap { line in
            guard let object = try JSONSerialization.jsonObject(with: Data(line)) as? [String: Any],
                let id = object["id"] as? String, let config = object["config"] as? String,
                let steps = object["steps"] as? [[String: Any]], deviations["file-output/" + id] == nil,
                let expected = (object["expect"] as? [String: Any])?["steps"] as? [Any],
                let files = expected.last as? [String: String], steps.last?["read"] as? String == "out/**/*"
            else { return nil }
            let text = EventBatch()
            try text.add(json: Array(line))
            var runs: [[Event]] = []
            for (number, step) in steps.enumerated() {
                if step["start"] != nil { runs.append([]) }
                for (index, event) in (step["forward"] as? [[Any]] ?? []).enumerated() {
                    guard let tag = event[0] as? String,
                        let record = text.rows.value(
                            at: try RecordAccessor("$.steps[\(number)].forward[\(index)][2]"), in: text.rows.records[0],
                            text.storage)
                    else { return nil }
                    var json = ByteBuffer()
                    json.appendJSON(record, text.storage)
                    let time = event[1] as? [String: Int] ?? ["sec": event[1] as? Int ?? 0]
                    runs[runs.count - 1].append(
                        Event(
                            tag: tag,
                            time: EventTime(
                                seconds: Int64(time["sec"] ?? 0), nanoseconds: UInt32(time["nsec"] ?? 0)),
                            record: json.text))
                }
            }
            return Capture(id: id, config: config, runs: runs, files: files)
        }
    }

    @Test("there are captures") func some() { #expect(Self.captures.count > 25) }

    @Test("files have the names and the contents that they had", arguments: captures)
    func replay(_ capture: Capture) async throws {
        setenv("TZ", "UTC", 1)
        tzset()
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("sluice-\(UUID().uuidString)").path
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let config = capture.config.replacingOccurrences(of: "{dir}", with: folder)
            .replacingOccurrences(of: "{port:forward}", with: "24224")
        for run in capture.runs { try await play(run, Checked(config).plan) }
        var found: [String: String] = [:]
        for name in try FileManager.default.subpathsOfDirectory(atPath: folder) {
            let url = URL(fileURLWithPath: folder).appendingPathComponent(name)
            guard try url.resourceValues(forKeys: [.isRegularFileKey]).isRegularFile == true else { continue }
            found[name] = String(decoding: try Data(contentsOf: url), as: UTF8.self)
        }
        let expected = capture.files.mapValues {
            $0.replacingOccurrences(of: "<hostname>", with: Checked.environment.hostname)
        }
        #expect(found == expected)
    }

    private func play(_ events: [Event], _ plan: PipelinePlan) async throws {
        guard case .match(_, let output)? = plan.labels.first?.rules.first else { return }
        let sink = TextSink(writer: try WriterThread())
        let context = RunContext(
            log: .discarding, stateDirectory: nil, standardOutput: sink,
            returnPath: ReturnPath(labels: []) { _, _ in nil })
        let running = try output.makeOutput(context)
        let emitter = running.makeEmitter(
            LoopContext(log: .discarding, standardOutput: sink, pressure: Pressure(gates: OutputGates())))
        running.start()
        for event in events {
            let batch = EventBatch(tag: event.tag)
            try batch.add(event.record, at: event.time)
            _ = emitter.emit(Batch(batch.tag), storage: &batch.storage, rows: &batch.rows)
        }
        running.flushAll()
        for _ in 0..<1000 where !running.drains.allSatisfy(\.holdsNothing) {
            try await Task.sleep(for: .milliseconds(10))
        }
        for drain in running.drains { _ = await drain.end() }
    }
}
