import Events
import Foundation
import Outputs
import TestSupport
import Testing

@Suite("secondary_file")
final class SecondaryFileTests {
    private let folder = FileManager.default.temporaryDirectory.appendingPathComponent("sluice-\(UUID().uuidString)")
        .path

    deinit { try? FileManager.default.removeItem(atPath: folder) }

    private func deliver(
        _ texts: [String], tag: String = "t.a", items: ItemSet? = nil,
        _ change: (inout SecondaryFileSettings) -> Void = { _ in }
    ) async -> DeliveryOutcome {
        var settings = SecondaryFileSettings(directory: folder + "/sec")
        change(&settings)
        let chunk = LoadedChunk(
            texts: texts, tag: Events.Tag(Array(tag.utf8)),
            time: EventTime(seconds: 1_715_000_000, nanoseconds: 123_456_789), id: "c1")
        return await SecondaryFileDestination(settings, reader: TextReader()).deliver(
            chunk, items: items ?? chunk.allItems)
    }

    private var names: [String] {
        ((try? FileManager.default.subpathsOfDirectory(atPath: folder)) ?? []).filter { !$0.hasSuffix("sec") }.sorted()
    }

    private func bytes(_ name: String) -> [UInt8] {
        Array((try? Data(contentsOf: URL(fileURLWithPath: "\(folder)/\(name)"))) ?? Data())
    }

    @Test("a chunk is a file of MessagePack arrays, as Fluentd writes it; the next one has the next number")
    func numbered() async {
        #expect(await deliver([#"{"a":1,"s":"é"}"#, #"{"b":[null,{"c":2.5}]}"#]) == .delivered)
        #expect(await deliver([#"{"a":2}"#, #"{"a":3}"#], items: [1]) == .delivered)
        #expect(names == ["sec/dump.bin.0", "sec/dump.bin.1"])
        let time = "d7 00 66 38 d2 c0 07 5b cd 15"
        #expect(
            bytes("sec/dump.bin.0")
                == hex("92 \(time) 82 a1 61 01 a1 73 a2 c3a9")
                + hex("92 \(time) 81 a1 62 92 c0 81 a1 63 cb 4004000000000000"))
        #expect(bytes("sec/dump.bin.1") == hex("92 \(time) 81 a1 61 03"))
    }

    @Test("append lets one file grow; compress makes a gzip member of each chunk") func appended() async {
        for _ in 0..<2 { #expect(await deliver([#"{"a":1}"#]) { $0.appends = true } == .delivered) }
        #expect(names == ["sec/dump.bin"] && bytes("sec/dump.bin").count == 2 * 15)
        #expect(await deliver([#"{"a":1}"#]) { $0.isCompressed = true } == .delivered)
        #expect(
            names == ["sec/dump.bin", "sec/dump.bin.0.gz"] && bytes("sec/dump.bin.0.gz").starts(with: [0x1F, 0x8B]))
    }

    @Test(
        "placeholders stand for tag, its parts and the chunk, and lead nowhere else",
        arguments: [
            ("dump.${tag}", "t.a", "sec/dump.t.a.0"), ("${tag[0]}-${tag[-1]}-${tag[7]}", "x.y.z", "sec/x-z-.0"),
            ("${chunk_id}", "t", "sec/c1.0"), ("${tag}", "../../etc/x", "sec/.._.._etc_x.0"),
            ("${tag[1]}", "a...b", "sec/.0"),
            ("${tag", "t", "sec/${tag.0"),
        ])
    func placeholders(_ basename: String, _ tag: String, _ name: String) async {
        #expect(await deliver(["{}"], tag: tag) { $0.basename = basename } == .delivered)
        #expect(names == [name])
    }

    @Test("what cannot be written is to be tried again, and leaves nothing") func failing() async {
        guard case .retry(let reason, _) = await deliver(["{}"], { $0.directory = "/dev/null/x" }) else {
            Issue.record("no retry")
            return
        }
        #expect(reason.kind == .storage && reason.sentence.hasPrefix("cannot make /dev/null"))
        guard case .retry = await deliver(["no JSON"]) else {
            Issue.record("no retry")
            return
        }
        #expect(names == [])
    }
}
