import Events
import ForwardProtocol
import Foundation
import Inputs
import TestSupport

/// A client's decoder and what came out of it.
final class Recorder: ForwardSink {
    static let now = EventTime(seconds: 1_700_000_000, nanoseconds: 5)

    let decoder: ForwardDecoder
    private var scratch = ByteBuffer()
    /// `tag seconds.nanoseconds json` of each record, in the order of hand-over.
    var events: [String] = []
    /// `chunk position` of each record; `none` where its message has no name.
    var places: [String] = []
    var batches = 0
    var replies: [UInt8] = []
    var notes: [ForwardError] = []
    var warnings: [String] { notes.map(\.message) }
    var pauses = 0
    /// How often the decoder asked for another turn.
    var turns = 0
    /// What the emitter answers; by default everything is taken.
    var answer: (Tag) -> Acceptance = { _ in .accepted }

    init(
        _ options: ForwardOptions = ForwardOptions(), handshake: ServerHandshake? = nil, keepsOrder: Bool = false
    ) {
        let tagged = PendingBatches(keepsOrder: keepsOrder) { received in
            if let tag = options.tag { return Tag(tag) }
            if let prefix = options.tagPrefix { return Tag(Array(prefix.utf8) + [0x2E] + received) }
            return Tag(received)
        }
        decoder = ForwardDecoder(options: options, batches: tagged, handshake: handshake) { Recorder.now }
    }

    func receive(_ bytes: [UInt8]) throws {
        try bytes.withUnsafeBytes { try decoder.receive($0, scratch: &scratch, sink: self) }
    }

    /// Feeds it all in pieces; answers the error that would close the connection.
    @discardableResult
    func fed(_ bytes: [UInt8], _ feeding: Feeding = .whole) -> String? {
        do {
            for piece in feeding.pieces(of: bytes) {
                try receive(piece)
                // As the loop does: in later turns, and when there is room again.
                while decoder.isSuspended { try decoder.proceed(self) }
            }
            return nil
        } catch let error as ForwardError { return error.message } catch { return "\(error)" }
    }

    // MARK: - ForwardSink

    func deliver(tag: Tag, storage: inout ByteBuffer, rows: inout Rows) -> Acceptance {
        batches += 1
        for record in rows.records {
            var out = ByteBuffer()
            out.appendJSONObject(record, rows, storage)
            places.append(
                rows.message(of: record).map { origin in
                    // One MessagePack item, a short str here.
                    "\(String(decoding: storage.array(origin.name).dropFirst(), as: UTF8.self)) \(origin.position)"
                } ?? "none")
            events.append("\(tag.text) \(record.time.seconds).\(record.time.nanoseconds) \(out.text)")
        }
        return answer(tag)
    }

    func reply(_ bytes: borrowing ByteBuffer) { replies += bytes.array() }
    func pause() { pauses += 1 }
    func continueLater() { turns += 1 }
    func note(_ error: ForwardError, count: Int) { notes.append(error) }
}

/// A folder that goes with the test.
final class TemporaryFolder {
    let path: String

    init() throws {
        path = "/tmp/sluice-inputs-\(UInt64.random(in: 0 ... .max))"
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: false)
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }
}
