import Buffering
import Events
import Foundation
import Synchronization
import TestSupport

@testable import Pipeline

/// A state directory that goes with the test.
final class DeliveryStage: Sendable {
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent("sluice-\(UUID().uuidString)").path

    deinit { try? FileManager.default.removeItem(atPath: folder) }

    /// The values of `n` of all events that were kept, sorted.
    func kept() throws -> [String] {
        let files = ["backup/worker0/out", "dead-letters/out"].flatMap { place in
            ((try? FileManager.default.contentsOfDirectory(atPath: "\(folder)/\(place)")) ?? []).map {
                "\(folder)/\(place)/\($0)"
            }
        }
        return try files.flatMap { try String(contentsOfFile: $0, encoding: .utf8).split(separator: "\n") }
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

final class TextFormatter: ChunkFormatter {
    func format(_ record: Record, tag: Tag, storage: inout ByteBuffer, rows: inout Rows, into chunk: inout ChunkBody) {
        let start = chunk.bytes.count
        chunk.bytes.appendJSONObject(record, rows, storage)
        chunk.endItem(from: start, label: 0, tag: chunk.tag(tag), time: record.time)
    }
}
