import Buffering
import Events
import Foundation
import Synchronization
import TestSupport

@testable import Pipeline

/// A folder for backup files that goes with the test.
final class DeliveryStage: Sendable {
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent("sluice-\(UUID().uuidString)").path

    deinit { try? FileManager.default.removeItem(atPath: folder) }

    /// The values of `n` of all events in backup files, sorted.
    func kept() throws -> [String] {
        let backup = folder + "/backup/worker0/out"
        let files = (try? FileManager.default.contentsOfDirectory(atPath: backup)) ?? []
        return try files.flatMap {
            try String(contentsOfFile: "\(backup)/\($0)", encoding: .utf8).split(separator: "\n")
        }
        .map { line in
            let event = try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any]
            return "\((event?["record"] as? [String: Any])?["n"] ?? "none")"
        }.sorted()
    }
}

/// Labels that take so many events each, one at a time, before the loop ends; and what they were given.
final class Labels: Sendable {
    private let state: Mutex<(room: [String: Int], given: [String])>
    private let names: Set<String>
    private let unreadable: Int

    init(_ room: [String: Int], unreadable: Int = 0) {
        state = Mutex((room, []))
        names = Set(room.keys)
        self.unreadable = unreadable
    }

    /// `@ERROR 3`: the label and the event.
    var given: [String] { state.withLock { $0.given } }

    var path: ReturnPath {
        ReturnPath(labels: names) { label, events in
            self.state.withLock { state in
                guard let room = state.room[label], room > 0, let first = events.items.first else { return nil }
                state.room[label] = room - 1
                state.given.append("\(label) \(first)")
                return ReturnPath.Step(itemCount: 1, unreadable: self.unreadable)
            }
        }
    }
}

extension LoadedChunk {
    /// Records `{"n":…}`.
    convenience init(texts: Range<Int>, tag: Tag = Tag("a")) {
        var body = ChunkBody(capacity: 256)
        for number in texts {
            let start = body.bytes.count
            body.bytes.append(Array("{\"n\":\(number)}".utf8))
            body.endItem(from: start, label: 0, tag: body.tag(tag), time: EventTime(seconds: 1))
        }
        self.init(body, id: "c\(texts.lowerBound)")
    }
}

/// Items are the records' own JSON.
struct TextReader: ItemReader {
    func read(_ item: Int, of chunk: LoadedChunk, into storage: inout ByteBuffer, rows: inout Rows) -> Bool {
        let entry = chunk.item(item)
        let start = storage.count
        storage.append(entry.source, of: chunk.body.bytes)
        let first = rows.fields.count
        guard (try? rows.appendFields(json: Slice(offset: start, length: storage.count - start), &storage)) != nil
        else {
            return false
        }
        rows.records.append(
            Record(time: entry.time, firstField: first, fieldCount: rows.fields.count - first))
        return true
    }
}

final class TextFormatter: ChunkFormatter {
    func format(_ record: Record, tag: Tag, storage: inout ByteBuffer, rows: inout Rows, into chunk: inout ChunkBody) {
        let start = chunk.bytes.count
        chunk.bytes.appendJSONObject(record, rows, storage)
        chunk.endItem(from: start, label: 0, tag: chunk.tag(tag), time: record.time)
    }
}
