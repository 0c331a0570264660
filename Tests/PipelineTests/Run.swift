import Events
import Foundation
import Glibc
import Logging
import Outputs
import Pipeline
import TestSupport
import Testing

/// A plan at work in this process, its standard output a file.
final class Run {
    private let file = FileManager.default.temporaryDirectory.appendingPathComponent("sluice-\(UUID().uuidString)")
    private let rehearsal: Rehearsal
    private let descriptor: Int32
    private let writer: WriterThread
    private var milliseconds: Int64 = 0

    init(_ plan: PipelinePlan) throws {
        setenv("TZ", "UTC", 1)
        tzset()
        descriptor = open(file.path, O_CREAT | O_RDWR | O_APPEND, 0o600)
        writer = try WriterThread()
        rehearsal = try Rehearsal(
            plan, log: .discarding, standardOutput: TextSink(descriptor: descriptor, writer: writer))
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
            send(batch)
        }
        return try written()
    }

    func send(_ batch: EventBatch) {
        _ = rehearsal.emit(tag: batch.tag, storage: &batch.storage, rows: &batch.rows)
    }

    /// Time passes for stages that hold events.
    func wait(seconds: Double) {
        rehearsal.releaseHeld(atMilliseconds: milliseconds)
        milliseconds += Int64(seconds * 1000)
        rehearsal.releaseHeld(atMilliseconds: milliseconds)
    }

    /// What stages hold goes on.
    func releaseHeld() { rehearsal.releaseHeld(atMilliseconds: milliseconds, isLast: true) }

    /// What standard output holds so far, times of the present as `NOW`.
    func written() throws -> String {
        writer.drain(withinSeconds: 30)
        return try Repository.text(file.path).split(separator: "\n", omittingEmptySubsequences: false).map {
            Self.withoutPresent(String($0))
        }.joined(separator: "\n")
    }

    /// Tests' own times are years away from the clock's.
    static func withoutPresent(_ line: String) -> String {
        let year = Calendar(identifier: .gregorian).component(.year, from: Date())
        guard line.hasPrefix("\(year)-"), let zone = line.range(of: " +0000 ") else { return line }
        return "NOW " + line[zone.upperBound...]
    }
}
