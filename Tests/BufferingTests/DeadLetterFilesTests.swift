import Events
import Foundation
import KeptEvents
import TestSupport
import Testing

@testable import Buffering

@Suite("The files of dead letters")
final class DeadLetterFilesTests {
    private let directory = FileManager.default.temporaryDirectory
        .appendingPathComponent("sluice-letters-\(UUID().uuidString)").path
    private var folder: String { directory + "/dead-letters/out" }

    deinit { try? FileManager.default.removeItem(atPath: directory) }

    private func letters(limit: Int = 1 << 20) -> DeadLetterFiles {
        DeadLetterFiles(directory: directory, outputFolder: "out", limitBytes: limit, reader: TextReader())
    }

    private func write(_ letters: DeadLetterFiles, _ numbers: Range<Int>) throws -> DeadLetterFiles.Outcome {
        try letters.write(LoadedChunk(texts: numbers), items: ItemSet(0..<numbers.count)) { item in
            KeptCause(output: "out", type: "t", reason: "item \(item)")
        }
    }

    private var names: [String] {
        ((try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []).sorted()
    }

    private var byteCount: Int {
        names.reduce(0) { $0 + ((try? Data(contentsOf: URL(fileURLWithPath: folder + "/" + $1)).count) ?? 0) }
    }

    /// The numbers of the events, in the order of the files.
    private func numbers() throws -> [Int] {
        try names.flatMap { name in
            try String(contentsOfFile: folder + "/" + name, encoding: .utf8).split(separator: "\n").map { line in
                let event = try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any]
                return (event?["record"] as? [String: Any])?["n"] as? Int ?? -1
            }
        }
    }

    @Test("are appended to, for their owner alone") func appended() throws {
        let letters = letters()
        #expect(try write(letters, 0..<3) == DeadLetterFiles.Outcome())
        #expect(try write(letters, 3..<5) == DeadLetterFiles.Outcome())
        #expect(names == ["0000000001.ndjson"])
        #expect(try numbers() == [0, 1, 2, 3, 4])
        // Another process, later.
        #expect(try write(self.letters(), 5..<6) == DeadLetterFiles.Outcome())
        #expect(try numbers() == [0, 1, 2, 3, 4, 5])
        let manager = FileManager.default
        #expect(
            try manager.attributesOfItem(atPath: folder + "/" + names[0])[.posixPermissions] as? Int == 0o600)
        #expect(try manager.attributesOfItem(atPath: directory)[.posixPermissions] as? Int == 0o700)
    }

    @Test("never take more than the limit; the oldest go, and those in them are counted", arguments: [20_000, 200_000])
    func limited(_ limit: Int) throws {
        let letters = letters(limit: limit)
        var dropped = 0
        var next = 0
        for count in [1, 100, 7, 300, 2000, 1, 1, 900] {
            dropped += try write(letters, next..<(next + count)).droppedEvents
            next += count
            #expect(byteCount <= limit)
        }
        let kept = try numbers()
        #expect(dropped > 0 && kept.count + dropped == next)
        #expect(kept == Array((next - kept.count)..<next), "the newest stay, whole and in order")
        #expect(byteCount > limit / 2)
    }

    @Test("an event larger than the limit is not kept, and no other goes for it") func tooLarge() throws {
        let letters = letters(limit: 10_000)
        _ = try write(letters, 0..<2)
        let huge = "{\"n\":1,\"m\":\"\(String(repeating: "x", count: 20_000))\"}"
        let chunk = LoadedChunk(texts: [huge, "{\"n\":2}"], time: EventTime(seconds: 1), id: "c")
        let outcome = try letters.write(chunk, items: [0, 1]) { _ in KeptCause(output: "o", type: "t", reason: "r") }
        #expect(outcome == DeadLetterFiles.Outcome(droppedEvents: 0, tooLarge: 1))
        #expect(try numbers() == [0, 1, 2])
    }

    @Test("a line that a crash cut short stays a line of its own") func torn() throws {
        _ = try write(letters(), 0..<1)
        let path = folder + "/" + names[0]
        let whole = try String(contentsOfFile: path, encoding: .utf8)
        try whole.dropLast(20).write(toFile: path, atomically: false, encoding: .utf8)
        _ = try write(letters(), 1..<2)
        let lines = try String(contentsOfFile: path, encoding: .utf8).split(separator: "\n")
        #expect(lines.count == 2 && lines[0] + "" == whole.dropLast(20) && lines[1].contains(#"{"n":1}"#))
    }

    @Test("a file that somebody else writes to is left alone, and not removed") func locked() throws {
        let letters = letters(limit: 20_000)
        _ = try write(letters, 0..<2)
        let other = try DiskFile(folder + "/" + names[0], for: .append)
        #expect(other.lock())
        for start in 0..<20 { _ = try write(letters, (100 + start * 20)..<(120 + start * 20)) }
        #expect(names[0] == "0000000001.ndjson" && names.count > 1)
        #expect(try numbers().prefix(3).first == 0)
        withExtendedLifetime(other) {}
    }

    @Test("strangers' files in the folder are neither read nor removed") func strangers() throws {
        _ = try write(letters(limit: 20_000), 0..<2)
        for name in ["x.ndjson", "-5.ndjson", "99999999999999999999.ndjson", "0000000001.ndjson.bak", ".ndjson"] {
            try "kept".write(toFile: folder + "/" + name, atomically: false, encoding: .utf8)
        }
        for start in 0..<30 { _ = try write(letters(limit: 20_000), (start * 20)..<(start * 20 + 20)) }
        #expect(names.contains("x.ndjson") && names.contains(".ndjson") && names.contains("0000000001.ndjson.bak"))
    }

    @Test("a place where nothing can be written is an error, and leaves nothing") func failing() throws {
        #expect(throws: ChunkStoreError.self) {
            let letters = DeadLetterFiles(
                directory: "/dev/null", outputFolder: "out", limitBytes: 1 << 20, reader: TextReader())
            _ = try write(letters, 0..<1)
        }
    }
}
