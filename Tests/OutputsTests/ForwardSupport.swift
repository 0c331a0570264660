import EventLoop
import Events
import ForwardProtocol
import Inputs
import Logging
import Outputs
import Synchronization
import TLS
import Testing

/// An emitter that writes down what it gets, one `tag seconds.nanoseconds json` an event.
final class Collector: Emitter {
    var lines: [String] = []
    var answer = Acceptance.accepted

    func emit(_ batch: Events.Batch, storage: inout ByteBuffer, rows: inout Rows) -> Acceptance {
        let tag = batch.tag
        for record in rows.records {
            var out = ByteBuffer()
            out.appendJSONObject(record, rows, storage)
            let json = String(decoding: out.array(), as: UTF8.self)
            lines.append("\(tag.text) \(record.time.seconds).\(record.time.nanoseconds) \(json)")
        }
        return answer
    }
}

/// The forward source's decoder as a reader of what an encoder made.
final class Receiver: ForwardSink {
    let collector = Collector()
    var replies: [[UInt8]] = []
    var warnings: [String] = []

    func deliver(tag: Events.Tag, storage: inout ByteBuffer, rows: inout Rows) -> Acceptance {
        collector.emit(Events.Batch(tag), storage: &storage, rows: &rows)
    }
    func reply(_ bytes: borrowing ByteBuffer) { replies.append(bytes.array()) }
    func pause() {}
    func continueLater() {}
    func note(_ error: ForwardError, count: Int) { warnings.append(error.message) }

    func decode(_ bytes: [UInt8]) throws {
        let decoder = ForwardDecoder(options: ForwardOptions(), batches: PendingBatches { Events.Tag($0) })
        var scratch = ByteBuffer()
        try bytes.withUnsafeBytes { try decoder.receive($0, scratch: &scratch, sink: self) }
        #expect(decoder.unfinishedBytes == 0)
        #expect(warnings == [])
    }
}
