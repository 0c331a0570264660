import Compression
import Events
import Foundation
import Glibc
import Logging
import Outputs
import TestSupport
import Testing

@Suite("file")
final class FileOutputTests {
    private let folder = FileManager.default.temporaryDirectory.appendingPathComponent("sluice-\(UUID().uuidString)")
        .path

    deinit { try? FileManager.default.removeItem(atPath: folder) }

    private func settings(
        _ template: String = "out/log.%Y%m%d_**.log", fields: [String] = [],
        _ change: (inout FileSettings) -> Void = { _ in }
    ) throws -> FileSettings {
        var settings = FileSettings(path: try FilePath("\(folder)/\(template)", fieldNames: fields, zone: .utc))
        change(&settings)
        return settings
    }

    private func chunk(
        _ lines: [String], id: String = "c1", tag: String = "t.a", settings: FileSettings? = nil, keys: [String] = []
    ) throws -> LoadedChunk {
        var batch = SampleBatch(tag)
        for line in lines { try batch.add(line, EventTime(seconds: 1_715_000_000)) }
        let path = try settings?.path ?? FilePath("x", fieldNames: [], zone: nil)
        let formatter = FileFormatter(
            RecordFormat(.json), injection: nil, path: path, keys: keys.map { RecordAccessor(key: $0) })
        return batch.format(with: formatter, id: id)
    }

    private var names: [String] {
        ((try? FileManager.default.subpathsOfDirectory(atPath: folder)) ?? []).filter {
            var isFolder: ObjCBool = false
            return FileManager.default.fileExists(atPath: "\(folder)/\($0)", isDirectory: &isFolder)
                && !isFolder.boolValue
        }.sorted()
    }

    private func text(_ name: String) -> String {
        String(decoding: (try? Data(contentsOf: URL(fileURLWithPath: "\(folder)/\(name)"))) ?? Data(), as: UTF8.self)
    }

    // MARK: - The rules of outputs

    @Test("the rules of formatters hold", arguments: [RecordFormat.Kind.json, .outFile])
    func formatterRules(_ kind: RecordFormat.Kind) throws {
        let path = try FilePath("x", fieldNames: [], zone: nil)
        var format = RecordFormat(kind)
        if kind == .outFile { (format.writesTime, format.writesTag) = (false, false) }
        let fixed = format
        try OutputCompatTest.formatterRules({ FileFormatter(fixed, injection: nil, path: path, keys: []) }) {
            let item = $0.item($1)
            let label = $0.body.labels[Int(item.label)]
            // Flags say whether the record stands in front of its line.
            guard label[0] & 1 != 0,
                let record = KeptRecord.slice(at: Int(item.source.offset), before: item.source.end, $0.body.bytes)
            else { return $0.body.bytes.array(item.source) }
            return $0.body.bytes.array(Slice(offset: record.end, length: item.source.end - record.end))
        }
    }

    @Test(
        "what cannot be delivered is the event that came in", arguments: RecordFormat.Kind.allCases, [false, true])
    func readback(_ kind: RecordFormat.Kind, _ injects: Bool) throws {
        let path = try FilePath("/d/${k1}", fieldNames: ["k1"], zone: nil)
        var injection = Injection()
        injection.tagKey = Array("k1".utf8)
        injection.timeKey = Array("a.b".utf8)
        var format = RecordFormat(kind)
        if [.csv, .tsv].contains(kind) { format.fields = [RecordAccessor(key: "k1")] }
        let (fixed, injected) = (format, injects ? injection : nil)
        try OutputCompatTest.readbackRules(
            KeptItemReader(), names: ["k1", "a.b"], seed: UInt64(kind.hashValue.magnitude % 1000) + 7
        ) { FileFormatter(fixed, injection: injected, path: path, keys: [RecordAccessor(key: "k1")]) }
    }

    @Test("the rules of destinations hold") func destinationRules() async throws {
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        _ = FileManager.default.createFile(atPath: folder + "/in-the-way", contents: nil)
        let blocked = FileDestination(try settings("in-the-way/log_**"))
        for appends in [false, true] {
            let working = FileDestination(
                try settings(appends ? "appended" : "numbered_**") { $0.appends = appends })
            let chunk = try chunk([#"{"a":1}"#])
            await OutputCompatTest.destinationRules(
                unreachable: blocked, silent: blocked, working: working, chunk)
        }
        #expect(text("appended") == String(repeating: #"{"a":1}"# + "\n", count: 8))
        #expect(names == ["appended", "in-the-way", "numbered_0"], "one chunk is one file")
    }

    // MARK: - Files

    @Test("each chunk has a file with the next number, and its parts share it") func numbers() async throws {
        let destination = FileDestination(try settings())
        let large = try chunk([#"{"a":1}"#, #"{"a":2}"#, #"{"a":3}"#])
        #expect(await destination.deliver(large, items: [0]) == .delivered)
        #expect(await destination.deliver(try chunk([#"{"b":1}"#], id: "c2"), items: [0]) == .delivered)
        #expect(await destination.deliver(large, items: [1, 2]) == .delivered)
        #expect(names == ["out/log.20240506_0.log", "out/log.20240506_1.log"])
        #expect(text("out/log.20240506_0.log") == "{\"a\":1}\n{\"a\":2}\n{\"a\":3}\n")
        // Of another process, or moved away meanwhile.
        #expect(rename("\(folder)/out/log.20240506_0.log", "\(folder)/moved") == 0)
        #expect(await destination.deliver(large, items: [1]) == .delivered)
        #expect(text("out/log.20240506_0.log") == "{\"a\":2}\n")
    }

    @Test("gzip makes a member of each chunk") func gzip() async throws {
        let destination = FileDestination(
            try settings("log.gz") { ($0.appends, $0.isCompressed) = (true, true) })
        for id in ["c1", "c2"] { _ = await destination.deliver(try chunk([#"{"a":1}"#], id: id), items: [0]) }
        let packed = ByteBuffer(Array(try Data(contentsOf: URL(fileURLWithPath: folder + "/log.gz"))))
        var plain = ByteBuffer()
        try Gzip.decompress(Slice(offset: 0, length: packed.count), of: packed, into: &plain)
        #expect(plain.text == "{\"a\":1}\n{\"a\":1}\n")
    }

    @Test("events whose values differ go to files of their own, and those that lead elsewhere are refused")
    func fields() async throws {
        let settings = try settings("${user}/log", fields: ["user"]) { $0.appends = true }
        var batch = SampleBatch("t")
        for user in ["ann", "../bob", "carl/sub", ""] { try batch.add("{\"user\":\"\(user)\"}") }
        let formatter = FileFormatter(
            RecordFormat(.json), injection: nil, path: settings.path, keys: [RecordAccessor(key: "user")])
        let chunk = batch.format(with: formatter)
        #expect(
            batch.rows.rejections.map(\.reason) == ["the path '\(folder)/../bob/log' would lead out of '\(folder)/'"])
        #expect(await FileDestination(settings).deliver(chunk, items: chunk.allItems) == .delivered)
        #expect(names == ["ann/log", "carl/sub/log", "log"])
    }

    @Test("modes are those of <system>, whatever the umask") func modes() async throws {
        let destination = FileDestination(
            try settings("a/b/log") { ($0.appends, $0.fileMode, $0.folderMode) = (true, 0o666, 0o777) })
        _ = await destination.deliver(try chunk(["{}"]), items: [0])
        func mode(_ name: String) -> Int? {
            (try? FileManager.default.attributesOfItem(atPath: "\(folder)/\(name)"))?[.posixPermissions] as? Int
        }
        #expect(mode("a/b/log") == 0o666 && mode("a") == 0o777 && mode("a/b") == 0o777)
    }

    @Test("symlink_path leads to the file written last, of the newest slice; what is in its way is no reason to fail")
    func link() async throws {
        let settings = try settings { $0.linkPath = "\(self.folder)/links/now" }
        let destination = FileDestination(settings)
        func target() -> String? {
            try? FileManager.default.destinationOfSymbolicLink(atPath: folder + "/links/now")
        }
        for (id, days, name) in [
            ("c1", 0, "20240506_0"), ("c2", 1, "20240507_0"), ("c3", 0, "20240507_0"), ("c4", 1, "20240507_1"),
        ] {
            var batch = SampleBatch("t")
            try batch.add("{}", EventTime(seconds: 1_715_000_000 + Int64(days) * 86_400))
            let formatter = FileFormatter(RecordFormat(.json), injection: nil, path: settings.path, keys: [])
            #expect(await destination.deliver(batch.format(with: formatter, id: id), items: [0]) == .delivered)
            #expect(target() == "\(folder)/out/log.\(name).log")
        }
        let relative = try self.settings {
            ($0.linkPath, $0.linkIsRelative) = ("\(self.folder)/links/now", true)
        }
        _ = await FileDestination(relative).deliver(try chunk(["{}"]), items: [0])
        #expect(target()?.hasPrefix("../out/log.") == true, "\(target() ?? "no link")")
        #expect(FileManager.default.fileExists(atPath: folder + "/links/now"))
        let recorder = LogRecorder()
        let blocked = try self.settings { $0.linkPath = "\(self.folder)/out" }
        let other = FileDestination(blocked, log: Log(handler: recorder))
        #expect(await other.deliver(try chunk(["{}"]), items: [0]) == .delivered)
        #expect(recorder.lines.count == 1 && names.allSatisfy { !$0.hasSuffix(".link") })
    }

    // MARK: - What goes wrong

    @Test("what a killed process had half appended is cut off before the next append, in that file alone")
    func interrupted() async throws {
        let settings = try settings("log") { $0.appends = true }
        let first = FileDestination(settings)
        _ = await first.deliver(try chunk([#"{"a":1}"#]), items: [0])
        let path = folder + "/log"
        func inode() throws -> UInt64 {
            try #require(FileManager.default.attributesOfItem(atPath: path)[.systemFileNumber] as? UInt64)
        }
        func append(_ text: String) throws {
            let handle = try #require(FileHandle(forWritingAtPath: path))
            handle.seekToEndOfFile()
            handle.write(Data(text.utf8))
        }
        let mark = folder + "/.sluice-\(Self.hash("log")).append"
        try append("{\"a\":2}\n{\"a\"")
        try Data("\(inode()) 8 \n".utf8).write(to: URL(fileURLWithPath: mark))
        let recorder = LogRecorder()
        let second = FileDestination(settings, log: Log(handler: recorder))
        #expect(await second.deliver(try chunk([#"{"a":2}"#]), items: [0]) == .delivered)
        #expect(text("log") == "{\"a\":1}\n{\"a\":2}\n" && names == ["log"])
        #expect(recorder.lines.count == 1 && recorder.lines[0].contains("cut back"))
        // Marks of another file of that name, and those that are not whole, say nothing.
        for content in ["\(try inode() + 1) 8 \n", "\(try inode()) 8", "\(try inode()) 8000 \n", ""] {
            try Data(content.utf8).write(to: URL(fileURLWithPath: mark))
            _ = await second.deliver(try chunk([#"{"a":3}"#]), items: [0])
        }
        #expect(text("log").split(separator: "\n").count == 6 && names == ["log"])
    }

    private static func hash(_ name: String) -> String {
        String(
            name.utf8.reduce(0xcbf2_9ce4_8422_2325 as UInt64) { ($0 ^ UInt64($1)) &* 0x0000_0100_0000_01b3 }, radix: 16)
    }

    @Test(
        "what is in the way is a reason to try again, and says what it is",
        arguments: [
            ("dir", "cannot open FOLDER/dir: is a directory"),
            ("fifo", "cannot open FOLDER/fifo: no such device or address"),
            ("plain/log", "cannot open FOLDER/plain/log: not a directory"),
            ("locked", "another process keeps FOLDER/locked locked"),
        ])
    func obstacles(_ name: String, _ reason: String) async throws {
        try FileManager.default.createDirectory(atPath: folder + "/dir", withIntermediateDirectories: true)
        #expect(mkfifo(folder + "/fifo", 0o600) == 0)
        for name in ["plain", "locked"] {
            _ = FileManager.default.createFile(atPath: "\(folder)/\(name)", contents: nil)
        }
        let lock = open(folder + "/locked", O_RDONLY)
        defer { close(lock) }
        #expect(flock(lock, LOCK_EX) == 0)
        let destination = FileDestination(try settings(name) { $0.appends = true })
        let outcome = await destination.deliver(try chunk(["{}"]), items: [0])
        guard case .retry(let refusal, _) = outcome else {
            Issue.record("\(outcome)")
            return
        }
        #expect(refusal.kind == .storage)
        #expect(refusal.sentence.replacing(folder, with: "FOLDER").lowercased() == reason.lowercased())
    }
}
