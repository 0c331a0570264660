import EventLoop
import Events
import Foundation
import Logging
import TestSupport
import Testing

@testable import Inputs

/// A journal in a folder, written by systemd's own program.
private struct JournalFolder {
    static let program = "/usr/lib/systemd/systemd-journal-remote"
    static var isThere: Bool { FileManager.default.isExecutableFile(atPath: program) && (try? LibSystemd()) != nil }

    let path: String

    /// Adds entries to a file of the journal, a second apart.
    ///
    /// - Parameter entries: fields of each, beside the time; a value with control characters is written as bytes.
    func add(_ entries: [[(String, String)]], to file: String = "a.journal", second: Int = 1_715_000_000) throws {
        var text = Data()
        for (number, entry) in entries.enumerated() {
            let time = (second + number) * 1_000_000 + 250_000
            text += Data("__REALTIME_TIMESTAMP=\(time)\n__MONOTONIC_TIMESTAMP=\(time - 1_714_000_000_000_000)\n".utf8)
            text += Data("_BOOT_ID=0123456789abcdef0123456789abcdef\n".utf8)
            for (name, value) in entry {
                if value.utf8.contains(where: { $0 < 0x20 }) {
                    text += Data("\(name)\n".utf8)
                    withUnsafeBytes(of: UInt64(value.utf8.count).littleEndian) { text += Data($0) }
                    text += Data((value + "\n").utf8)
                } else {
                    text += Data("\(name)=\(value)\n".utf8)
                }
            }
            text += Data("\n".utf8)
        }
        let process = Process()
        process.executableURL = URL(fileURLWithPath: Self.program)
        process.arguments = ["-o", "\(path)/\(file)", "-"]
        let input = Pipe()
        process.standardInput = input
        process.standardOutput = FileHandle.nullDevice
        process.standardError = FileHandle.nullDevice
        try process.run()
        try input.fileHandleForWriting.write(contentsOf: text)
        try input.fileHandleForWriting.close()
        process.waitUntilExit()
        try #require(process.terminationStatus == 0)
    }

    func add(messages: [String], to file: String = "a.journal", second: Int = 1_715_000_000) throws {
        try add(messages.map { [("MESSAGE", $0), ("PRIORITY", "6")] }, to: file, second: second)
    }
}

@Suite("The journal", .timeLimit(.minutes(5)), .enabled(if: JournalFolder.isThere))
struct SystemdInputTests {
    /// An input on a loop thread of its own.
    private final class Running: @unchecked Sendable {  // as RunningInput
        let collector = Collector()
        let log = LogRecorder()
        private let input: SystemdInput
        private let thread: LoopThread

        init(
            _ folder: String, positions: String? = nil, _ change: (inout SystemdSettings) -> Void = { _ in },
            collecting prepare: (inout Collector.State) -> Void = { _ in }
        ) throws {
            collector.state.withLock { prepare(&$0) }
            var settings = SystemdSettings(tag: "t")
            settings.folder = folder
            settings.readsFromHead = true
            settings.positionFile = positions
            var rules = JournalEntryRules()
            rules.map("MESSAGE", to: ["message"])
            rules.isStrict = true
            settings.entry = rules
            change(&settings)
            let loop = try Loop()
            input = SystemdInput(settings, on: loop, emitter: collector, log: Log(handler: log))
            input.routesChanged(hasDurableBuffer: false)
            try input.start()
            thread = try LoopThread.start(loop, name: "test-systemd")
        }

        func perform(_ job: @escaping @Sendable (SystemdInput) -> Void) { thread.loop.submit { job(self.input) } }

        func messages(_ count: Int) -> [String] {
            _ = collector.wait(for: count)
            return messages
        }

        var messages: [String] { collector.events.map { String($0.split(separator: "\"").dropLast().last ?? "") } }

        func stop() -> [String] {
            perform { $0.close() }
            thread.loop.stop()
            return thread.join()
        }
    }

    private func until(_ condition: () -> Bool) -> Bool {
        for _ in 0..<500 {
            if condition() { return true }
            sleepMilliseconds(10)
        }
        return false
    }

    @Test("what is there and what comes is read, in order, with its time") func reads() throws {
        let folder = try TemporaryFolder()
        let journal = JournalFolder(path: folder.path)
        try journal.add(messages: (0..<450).map { "m\($0)" })
        let running = try Running(folder.path)
        #expect(running.messages(450) == (0..<450).map { "m\($0)" })
        #expect(running.collector.events[0] == #"t 1715000000 {"message":"m0"}"#)
        try journal.add(messages: ["m450", "m451"], second: 1_715_001_000)
        #expect(running.messages(452).suffix(2) == ["m450", "m451"])
        #expect(running.stop() == [])
    }

    @Test("a new file of the journal is read on, and one that is deleted ends nothing") func rotation() throws {
        let folder = try TemporaryFolder()
        let journal = JournalFolder(path: folder.path)
        try journal.add(messages: ["a", "b"])
        let running = try Running(folder.path)
        #expect(running.messages(2) == ["a", "b"])
        try journal.add(messages: ["c", "d"], to: "b.journal", second: 1_715_002_000)
        #expect(running.messages(4) == ["a", "b", "c", "d"])
        try FileManager.default.removeItem(atPath: "\(folder.path)/a.journal")
        try journal.add(messages: ["e"], to: "c.journal", second: 1_715_003_000)
        #expect(running.messages(5) == ["a", "b", "c", "d", "e"])
        #expect(running.stop() == [])
    }

    @Test("without read_from_head only what comes later is read", arguments: [true, false]) func tail(_ isEmpty: Bool)
        throws
    {
        let folder = try TemporaryFolder()
        let journal = JournalFolder(path: folder.path)
        if !isEmpty { try journal.add(messages: ["old", "older"]) }
        let running = try Running(folder.path) { $0.readsFromHead = false }
        sleepMilliseconds(300)
        try journal.add(messages: ["new"], second: 1_715_002_000)
        #expect(running.messages(1) == ["new"])
        #expect(running.stop() == [])
    }

    @Test("the position moves when events are delivered, and the next start reads on behind it") func positions() throws
    {
        let folder = try TemporaryFolder()
        let positions = "\(folder.path)/pos/journal.json"
        let journal = JournalFolder(path: folder.path)
        try journal.add(messages: (0..<500).map { "m\($0)" })
        let first = try Running(folder.path, positions: positions, collecting: { $0.keepsReceipts = true })
        #expect(first.messages(500).count == 500)
        sleepMilliseconds(300)
        #expect(!FileManager.default.fileExists(atPath: positions), "nothing is delivered yet")
        // The second batch alone says nothing about the first.
        first.collector.state.withLock { $0.receipts.remove(at: 1) }.settle(.delivered)
        sleepMilliseconds(200)
        #expect(!FileManager.default.fileExists(atPath: positions))
        first.collector.settle(.delivered)
        #expect(until { FileManager.default.fileExists(atPath: positions) })
        #expect(first.stop() == [])
        try journal.add(messages: ["m500"], second: 1_715_002_000)
        let second = try Running(folder.path, positions: positions)
        #expect(second.messages(101) == (400...500).map { "m\($0)" }, "from the third batch on")
        #expect(second.stop() == [])
    }

    @Test(
        "an entry that is gone and a position that is none are told, and nothing is missing",
        arguments: [("gone", "not there"), ("nonsense", "starting over")])
    func places(_ kind: String, _ word: String) throws {
        let folder = try TemporaryFolder()
        let positions = "\(folder.path)/pos.json"
        let journal = JournalFolder(path: folder.path)
        try journal.add(messages: ["a", "b"])
        let first = try Running(folder.path, positions: positions)
        #expect(first.messages(2) == ["a", "b"])
        #expect(until { FileManager.default.fileExists(atPath: positions) })
        #expect(first.stop() == [])
        try journal.add(messages: ["c", "d"], to: "b.journal", second: 1_715_002_000)
        if kind == "gone" {
            try FileManager.default.removeItem(atPath: "\(folder.path)/a.journal")
        } else {
            try #"{"journal":"nonsense"}"#.write(toFile: positions, atomically: false, encoding: .utf8)
        }
        let second = try Running(folder.path, positions: positions)
        let expected = kind == "gone" ? ["c", "d"] : ["a", "b", "c", "d"]
        #expect(second.messages(expected.count) == expected)
        #expect(second.log.lines.contains { $0.contains(word) }, "\(second.log.lines)")
        #expect(second.stop() == [])
    }

    @Test("entries that a buffer refuses come again, each once, and a full buffer makes the rest wait") func pressure()
        throws
    {
        let folder = try TemporaryFolder()
        try JournalFolder(path: folder.path).add(messages: (0..<300).map { "m\($0)" })
        let running = try Running(
            folder.path, positions: "\(folder.path)/pos.json",
            collecting: { $0.answer = .refused(Refusal(.full, "full")) })
        #expect(until { running.log.lines.contains { $0.contains("entries wait") } })
        running.collector.state.withLock { $0.answer = .acceptedFull }
        // The collector writes down what it refuses, too.
        let before = running.messages.count
        #expect(until { running.messages.count >= before + 200 })
        sleepMilliseconds(300)
        #expect(!running.messages.contains("m299"), "it waits")
        running.collector.state.withLock { $0.answer = .accepted }
        running.perform { $0.resumeReading() }
        #expect(until { running.messages.contains("m299") })
        #expect(running.messages.suffix(300) == (0..<300).map { "m\($0)" })
        #expect(running.stop() == [])
    }

    @Test("matches choose entries: all fields of one, or another") func matches() throws {
        let folder = try TemporaryFolder()
        try JournalFolder(path: folder.path).add([
            [("MESSAGE", "a"), ("_SYSTEMD_UNIT", "x.service"), ("PRIORITY", "3")],
            [("MESSAGE", "b"), ("_SYSTEMD_UNIT", "x.service"), ("PRIORITY", "6")],
            [("MESSAGE", "c"), ("_SYSTEMD_UNIT", "y.service"), ("PRIORITY", "6")],
            [("MESSAGE", "d"), ("_SYSTEMD_UNIT", "z.service"), ("PRIORITY", "6")],
        ])
        let running = try Running(folder.path) {
            $0.matches = [[("_SYSTEMD_UNIT", "x.service"), ("PRIORITY", "3")], [("_systemd_unit", "y.service")]]
        }
        #expect(running.messages(2) == ["a", "c"])
        sleepMilliseconds(100)
        #expect(running.messages == ["a", "c"])
        #expect(running.stop() == [])
    }

    @Test("a journal that is not there yet is waited for") func missing() throws {
        let folder = try TemporaryFolder()
        let path = "\(folder.path)/journal"
        let running = try Running(path)
        #expect(until { running.log.lines.contains { $0.contains("cannot open the journal") } })
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: false)
        try JournalFolder(path: path).add(messages: ["a"])
        #expect(running.messages(1) == ["a"])
        #expect(running.stop() == [])
    }

    @Test("bytes of any kind are a value, and a field that comes twice is an array") func values() throws {
        let folder = try TemporaryFolder()
        try JournalFolder(path: folder.path).add([
            [("MESSAGE", "two\nlines=\u{1}"), ("UNIT", "a"), ("UNIT", "b"), ("PRIORITY", "6")]
        ])
        let running = try Running(folder.path) { $0.entry = JournalEntryRules() }
        _ = running.collector.wait(for: 1)
        let event = running.collector.events.first ?? ""
        #expect(event.contains(#""MESSAGE":"two\nlines=\u0001""#), "\(event)")
        #expect(event.contains(#""UNIT":["a","b"]"#) || event.contains(#""UNIT":["b","a"]"#), "\(event)")
        #expect(running.stop() == [])
    }
}

@Suite("Fields of a journal's entry")
struct JournalEntryRulesTests {
    private static func record(
        _ fields: [(String, String)], _ change: (inout JournalEntryRules) -> Void
    ) -> String {
        var rules = JournalEntryRules()
        change(&rules)
        var storage = ByteBuffer()
        let data = fields.map { (storage.append(copyOf: Array($0.0.utf8)), storage.append(copyOf: Array($0.1.utf8))) }
        var rows = Rows()
        let count = rules.append(data.map { (key: $0.0, value: $0.1) }, &storage, to: &rows)
        var out = ByteBuffer()
        out.appendJSONObject(
            Record(time: EventTime(seconds: 0, nanoseconds: 0), firstField: 0, fieldCount: count), rows, storage)
        return out.text(Slice(offset: 0, length: out.count))
    }

    private static let entry = [("_PID", "7"), ("MESSAGE", "m"), ("__X", "1"), ("_UNIT", "u")]

    @Test("as they are, stripped, in small letters") func names() {
        #expect(Self.record(Self.entry) { _ in } == #"{"_PID":"7","MESSAGE":"m","__X":"1","_UNIT":"u"}"#)
        #expect(
            Self.record(Self.entry) { ($0.stripsUnderscores, $0.lowercases) = (true, true) }
                == #"{"pid":"7","message":"m","x":"1","unit":"u"}"#)
    }

    @Test("mapped ones come first under their names, several joined by a blank") func mapping() {
        let map: (inout JournalEntryRules) -> Void = {
            $0.map("MESSAGE", to: ["log", "both"])
            $0.map("_PID", to: ["both"])
            $0.map("NONE", to: ["none"])
        }
        #expect(Self.record(Self.entry, map) == #"{"log":"m","both":"m 7","__X":"1","_UNIT":"u"}"#)
        #expect(
            Self.record(Self.entry) {
                map(&$0)
                $0.isStrict = true
            } == #"{"log":"m","both":"m 7"}"#)
        #expect(
            Self.record(Self.entry) {
                $0.map("MESSAGE", to: ["unit"])
                ($0.stripsUnderscores, $0.lowercases) = (true, true)
            } == #"{"unit":"u m","pid":"7","x":"1"}"#)
    }

    @Test(
        "the file of Fluentd's storage: itself, or one in a folder",
        arguments: [
            ("/a/p.json", false, "/a/p.json"), ("/a/p.pos", false, "/a/p.pos/worker0/storage.json"),
            ("/a/p.pos", true, "/a/p.pos"),
        ])
    func storage(_ path: String, _ isFile: Bool, _ file: String) {
        #expect(SystemdSettings.storageFile(path, isFile: isFile) == file)
    }

    @Test("a library that is not there is named, with what to install") func noLibrary() {
        let error = #expect(throws: LibSystemd.Failure.self) { _ = try LibSystemd("libsystemd-none.so.0") }
        #expect(error?.description.contains("apt-get install libsystemd0") == true)
    }
}
