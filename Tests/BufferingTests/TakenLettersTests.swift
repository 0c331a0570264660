import Events
import Foundation
import KeptEvents
import TestSupport
import Testing

@testable import Buffering

@Suite("Dead letters on their way back")
final class TakenLettersTests {
    private let directory = FileManager.default.temporaryDirectory
        .appendingPathComponent("sluice-taken-\(UUID().uuidString)").path
    private var folder: String { directory + "/dead-letters/out" }

    deinit { try? FileManager.default.removeItem(atPath: directory) }

    private func write(_ numbers: Range<Int>) throws {
        let letters = DeadLetterFiles(
            directory: directory, outputFolder: "out", limitBytes: 1 << 20, reader: TextReader())
        _ = try letters.write(LoadedChunk(texts: numbers), items: ItemSet(0..<numbers.count)) { _ in
            KeptCause(output: "out", type: "t", reason: "r")
        }
    }

    private var names: [String] {
        ((try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []).sorted()
    }

    private func lines(_ path: String) throws -> Int {
        try String(contentsOfFile: path, encoding: .utf8).split(separator: "\n").count
    }

    @Test("what is refused meanwhile goes into other files, and nobody else takes what is taken")
    func apart() throws {
        try write(0..<3)
        let taken = try TakenLetters(folder: folder)
        #expect(taken.files == [folder + "/0000000001.ndjson.1.replay"])
        try write(3..<5)
        #expect(names == ["0000000001.ndjson", "0000000001.ndjson.1.replay"])
        #expect(try lines(folder + "/0000000001.ndjson") == 2 && lines(taken.files[0]) == 3)
        // The new file has the number of the one that was taken, and both stay.
        let other = try TakenLetters(folder: folder)
        #expect(other.files == [folder + "/0000000001.ndjson.2.replay"])
        #expect(try lines(other.files[0]) == 2 && lines(taken.files[0]) == 3)
        withExtendedLifetime((taken, other)) {}
    }

    @Test("a file that is not safe elsewhere gets its name back, unless that is another's; one that is goes")
    func ends() throws {
        try write(0..<3)
        var taken: TakenLetters? = try TakenLetters(folder: folder)
        let file = try #require(taken?.files.first)
        TakenLetters.putBack(file)
        #expect(names == ["0000000001.ndjson"])
        taken = nil
        taken = try TakenLetters(folder: folder)
        try write(3..<5)
        TakenLetters.putBack(file)
        #expect(names == ["0000000001.ndjson", "0000000001.ndjson.1.replay"])
        taken = nil
        // After a crash, say: the next one takes it along.
        #expect(try TakenLetters(folder: folder).files.contains(file))
        try TakenLetters.remove(file)
        #expect(!names.contains("0000000001.ndjson.1.replay"))
    }

    @Test("a file of which only some lines are safe elsewhere has its name back with the others, and takes new ones")
    func rest() throws {
        try write(0..<3)
        var taken: TakenLetters? = try TakenLetters(folder: folder)
        let file = try #require(taken?.files.first)
        var rest = ByteBuffer(capacity: 16)
        rest.append("{\"a\":1}\n")
        // What a crash left behind.
        try "old".write(toFile: folder + "/.0000000001.ndjson.1.replay", atomically: false, encoding: .utf8)
        try TakenLetters.putBack(file, holding: rest)
        taken = nil
        #expect(names == ["0000000001.ndjson"])
        #expect(try String(contentsOfFile: folder + "/0000000001.ndjson", encoding: .utf8) == "{\"a\":1}\n")
        try write(3..<5)
        #expect(try TakenLetters(folder: folder).files.map(lines).reduce(0, +) == 3)
    }

    @Test("a writer is waited for, and then its file is taken") func waiting() throws {
        try write(0..<3)
        let writer = try DiskFile(folder + "/0000000001.ndjson", for: .append)
        #expect(writer.lock())
        Thread.detachNewThread {
            usleep(100_000)
            writer.unlock()
        }
        #expect(try TakenLetters(folder: folder, writersSeconds: 60).files.count == 1)
    }

    @Test("a file that is written to just now stays") func written() throws {
        try write(0..<3)
        let writer = try DiskFile(folder + "/0000000001.ndjson", for: .append)
        #expect(writer.lock())
        #expect(try TakenLetters(folder: folder, writersSeconds: 0).files == [])
        writer.unlock()
        #expect(try TakenLetters(folder: folder).files.count == 1)
    }
}
