import Events
import Foundation
import Glibc
import Logging
import Outputs
import Pipeline
import TestSupport
import Testing

/// What a configuration does with events, one folder of `Tests/Behaviour` each: `fluent.conf`, `input.jsonl` with lines
/// of `{"tag", "time", "record"}`, and what standard output must hold, `expected-stdout.txt`.
///
/// A case without the last fails and shows what came out; `SLUICE_UPDATE_GOLDEN=1` writes it down. Read it before it is
/// committed: it must be what Fluentd prints.
@Suite(.serialized) struct BehaviourTests {
    static let names = Repository.names(in: Repository.behaviour)

    @Test("a configuration does with events what it says", arguments: names)
    func behaves(_ name: String) throws {
        let folder = Repository.behaviour + "/" + name
        let checked = Checked(path: folder + "/fluent.conf")
        #expect(checked.diagnostics.errorCount == 0, "\(checked.rendered)")
        let output = try Run(checked.plan).output(of: try Repository.text(folder + "/input.jsonl"))
        let expected = folder + "/expected-stdout.txt"
        if ProcessInfo.processInfo.environment["SLUICE_UPDATE_GOLDEN"] != nil {
            try output.write(toFile: expected, atomically: true, encoding: .utf8)
        }
        #expect(output == (try? Repository.text(expected)), "\(name) printed:\n\(output)")
    }

    @Test("there are cases")
    func cases() { #expect(Self.names.count >= 25) }
}

/// A plan at work in this process, its standard output a file.
private final class Run {
    private let file = FileManager.default.temporaryDirectory.appendingPathComponent("sluice-\(UUID().uuidString)")
    private let rehearsal: Rehearsal
    private let descriptor: Int32

    init(_ plan: PipelinePlan) throws {
        setenv("TZ", "UTC", 1)
        tzset()
        descriptor = open(file.path, O_CREAT | O_RDWR | O_APPEND, 0o600)
        rehearsal = try Rehearsal(plan, log: .discarding, standardOutput: TextSink(descriptor: descriptor))
    }

    deinit {
        close(descriptor)
        try? FileManager.default.removeItem(at: file)
    }

    /// Each line as a batch of its own, in order; a time of the present is printed as `NOW`.
    func output(of lines: String) throws -> String {
        for line in lines.split(separator: "\n") {
            let object = try #require(try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any])
            let batch = EventBatch(tag: try #require(object["tag"] as? String))
            let seconds = object["time"] as? Int ?? 1_576_605_304
            let record = try JSONSerialization.data(
                withJSONObject: try #require(object["record"]), options: [.sortedKeys, .withoutEscapingSlashes])
            try batch.add(json: Array(record), at: EventTime(seconds: Int64(seconds), nanoseconds: 0))
            _ = rehearsal.emit(tag: batch.tag, storage: &batch.storage, rows: &batch.rows)
        }
        return try Repository.text(file.path).split(separator: "\n", omittingEmptySubsequences: false).map {
            Self.withoutPresent(String($0))
        }.joined(separator: "\n")
    }

    /// Tests' own times are years away from the clock's.
    private static func withoutPresent(_ line: String) -> String {
        let year = Calendar(identifier: .gregorian).component(.year, from: Date())
        guard line.hasPrefix("\(year)-"), let zone = line.range(of: " +0000 ") else { return line }
        return "NOW " + line[zone.upperBound...]
    }
}
