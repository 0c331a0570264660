import Events
import Foundation
import Logging
import TestSupport
import Testing

@testable import Buffering

/// Buffer folders that the real Fluentd has left (`Tests/Golden/fluentd-buffers`, captured from 1.16): four events, `t.a`
/// `{"a":1,"level":"info"}`, `t.a` `{"a":2,"level":"error"}`, `t.b` `{"b":"é"}`, `t.a` `{"a":3,"level":"info"}`.
@Suite("Fluentd's chunks")
struct FluentdChunkTests {
    private let folder = NSTemporaryDirectory() + "sluice-fluentd-\(UUID().uuidString)"
    private let recorder = LogRecorder()

    private func open(_ kind: String, _ change: (String) throws -> Void = { _ in }) throws -> ChunkBuffer {
        try FileManager.default.copyItem(
            atPath: GoldenData.folder.appendingPathComponent("fluentd-buffers/\(kind)").path, toPath: folder)
        try change(folder)
        let store = try FileChunkStore(
            FileBufferPath(folder, isFolder: true), format: "lines-1", log: Log(handler: recorder)
        ) { LineFormatter() }
        return ChunkBuffer(settings: BufferSettings(), files: store, clock: FakeClock())
    }

    private var names: [String] {
        ((try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []).filter { $0 != "buffer.lock" }
    }

    private func remove() { try? FileManager.default.removeItem(atPath: folder) }

    @Test(
        "their events are delivered with tag and time, and then their files are gone",
        arguments: ["none", "tag-time", "field", "gzip", "queued"])
    func takenOver(_ kind: String) throws {
        defer { remove() }
        let buffer = try open(kind)
        #expect(try buffer.recover() == 4)
        var events: Set<String> = []
        for delivery in buffer.takeReady() {
            let loaded = try delivery.chunk.load(delivery.items)
            #expect(loaded.unreadable.isEmpty)
            for item in delivery.items {
                let entry = loaded.item(item)
                #expect(entry.time == EventTime(seconds: 1_715_000_000, nanoseconds: 123_456_789))
                events.insert("\(loaded.tag(of: item).text) \(loaded.texts([item])[0])")
            }
            buffer.end(delivery, .delivered)
        }
        let expected = [
            ("t.a", #"{"a":1,"level":"info"}"#), ("t.a", #"{"a":2,"level":"error"}"#), ("t.b", #"{"b":"é"}"#),
            ("t.a", #"{"a":3,"level":"info"}"#),
        ]
        // A tag stands in the meta only where it is a chunk key.
        #expect(events == Set(expected.map { "\($0) \($1)" }))
        #expect(names.isEmpty && buffer.isEmpty && recorder.entries.isEmpty)
    }

    @Test("of a chunk delivered in part the rest is sent, by whoever comes next") func part() throws {
        defer { remove() }
        do {
            let buffer = try open("none")
            _ = try buffer.recover()
            for delivery in buffer.takeReady() where delivery.items.count > 1 {
                buffer.end(
                    delivery, .partial(retry: [1], reason: Refusal(.busy, "429"), rejected: []))
            }
        }
        let store = try FileChunkStore(
            FileBufferPath(folder, isFolder: true), format: "lines-1", log: .discarding
        ) { LineFormatter() }
        let after = ChunkBuffer(settings: BufferSettings(), files: store, clock: FakeClock())
        #expect(try after.recover() == 2)
        let texts = after.takeReady().flatMap { $0.chunk.texts($0.items) }
        #expect(Set(texts) == [#"{"a":2,"level":"error"}"#, #"{"b":"é"}"#])
    }

    @Test(
        "what cannot be read is named and left as it is, and the others are sent", arguments: ["meta", "data", "gone"])
    func broken(_ what: String) throws {
        defer { remove() }
        var before: [String] = []
        let buffer = try open("none") { folder in
            let name = try #require(names.sorted().first { $0.hasSuffix(what == "data" ? ".log" : ".meta") })
            if what == "gone" {
                try FileManager.default.removeItem(atPath: "\(folder)/\(name)")
            } else {
                try Data("garbage".utf8).write(to: URL(fileURLWithPath: "\(folder)/\(name)"))
            }
            before = names
        }
        let count = try buffer.recover()
        #expect((1...3).contains(count))
        #expect(Set(names) == Set(before))
        #expect(recorder.entries.count == 1)
        #expect(recorder.lines.contains { $0.contains("stays where it is") && $0.contains(folder) })
    }

    @Test("a file that was cut off gives its whole events, and a copy of it is kept") func cut() throws {
        defer { remove() }
        let buffer = try open("none") { folder in
            let name = try #require(
                names.sorted().first { name in
                    let size = try? FileManager.default.attributesOfItem(atPath: "\(folder)/\(name)")[.size] as? Int
                    return name.hasSuffix(".log") && (size ?? 0) > 40
                })
            let data = try Data(contentsOf: URL(fileURLWithPath: "\(folder)/\(name)"))
            try data.dropLast(3).write(to: URL(fileURLWithPath: "\(folder)/\(name)"))
        }
        #expect(try buffer.recover() == 3)
        for delivery in buffer.takeReady() { buffer.end(delivery, .delivered) }
        #expect(names.count == 1 && names[0].hasSuffix(".log.corrupt"))
    }
}
