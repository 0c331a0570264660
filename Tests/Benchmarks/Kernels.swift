// Nanoseconds a record in the kernels of the hot path, each alone and in memory; Tests/Benchmarks/kernels builds and
// runs it. Compare figures of one run on one machine only.

import Events
import Glibc
import Inputs

/// Counts what it gets.
final class Sink: ForwardSink {
    var records = 0
    func deliver(tag: Tag, storage: inout ByteBuffer, rows: inout Rows) -> Acceptance {
        records += rows.records.count
        return .accepted
    }
    func reply(_ bytes: borrowing ByteBuffer) {}
    func pause() {}
    func warn(_ message: String) {}
}

/// The fastest of many runs, divided by the records of one.
func measure(_ name: String, records: Int, _ body: () -> Void) {
    var best = Duration.seconds(1000)
    let clock = ContinuousClock()
    let end = clock.now + .milliseconds(700)
    repeat { best = min(best, clock.measure(body)) } while clock.now < end
    let nanoseconds = Double(best.components.attoseconds) / 1e9 / Double(records)
    let tenths = Int((nanoseconds * 10).rounded())
    print("\(name): \(tenths / 10).\(tenths % 10) ns")
}

func file(_ path: String) -> [UInt8] {
    guard let stream = unsafe fopen(path, "rb") else { return [] }
    defer { unsafe fclose(stream) }
    var bytes = [UInt8](repeating: 0, count: 1 << 20)
    let count = unsafe fread(&bytes, 1, bytes.count, stream)
    return Array(bytes[..<count])
}

/// 120 events in Message mode, as Docker sends them.
let messages = file(CommandLine.arguments[1] + "/exact-input.msgpack")
let count = 120

func decode(_ name: String, _ bytes: [UInt8], records: Int) {
    let decoder = ForwardDecoder(options: ForwardOptions(), batches: PendingBatches { Tag($0) })
    let sink = Sink()
    var scratch = ByteBuffer()
    measure(name, records: records) {
        unsafe bytes.withUnsafeBytes {
            do { unsafe try decoder.receive($0, scratch: &scratch, sink: sink) } catch { fatalError("\(error)") }
        }
    }
    precondition(sink.records % records == 0 && sink.records > 0)
}

/// The same events as entries of one packed message.
func packed() -> [UInt8] {
    var source = ByteBuffer()
    source.append(messages)
    var entries = ByteBuffer()
    var offset = 0
    while offset < source.count {
        do {
            let top = try source.messagePackItem(at: offset, end: source.count)
            let tagEnd = try source.skipMessagePack(at: top.body, end: source.count)
            let timeEnd = try source.skipMessagePack(at: tagEnd, end: source.count)
            let recordEnd = try source.skipMessagePack(at: timeEnd, end: source.count)
            entries.appendMessagePack(arrayCount: 2)
            entries.append(Slice(offset: tagEnd, length: recordEnd - tagEnd), of: source)
            offset = try source.skipMessagePack(at: offset, end: source.count)
        } catch { fatalError("\(error)") }
    }
    var out = ByteBuffer()
    out.appendMessagePack(arrayCount: 2)
    out.appendMessagePackString("service.post")
    out.appendMessagePackBinary(entries.array())
    return out.array()
}

/// Reads a record, then writes it as JSON over and over.
func write(_ name: String, json: String) {
    var storage = ByteBuffer()
    var rows = Rows()
    let text = storage.append(copyOf: Array(json.utf8))
    do { try rows.appendFields(json: text, &storage) } catch { fatalError("\(error)") }
    write(name, storage, rows)
}

func write(_ name: String, _ storage: borrowing ByteBuffer, _ rows: borrowing Rows) {
    let record = Record(time: EventTime(seconds: 0), firstField: 0, fieldCount: rows.fields.count)
    var out = ByteBuffer(capacity: 1 << 20)
    measure(name, records: 1000) {
        out.clear()
        for _ in 0..<1000 { out.appendJSONObject(record, rows, storage) }
    }
}

func read(_ name: String, json: String) {
    var storage = ByteBuffer()
    var rows = Rows()
    let text = storage.append(copyOf: Array(json.utf8))
    measure(name, records: 1000) {
        for _ in 0..<1000 {
            rows.clear()
            do { try rows.appendFields(json: text, &storage) } catch { fatalError("\(error)") }
        }
    }
}

let line =
    #"{"addr": "172.19.0.2", "event": "request", "level": "info", "method": "GET", "path": "/healthcheck?", "request_id": null, "response_status": 200, "service": "post", "timestamp": "2019-12-17 04:50:00"}"#
let docker =
    #"{"container_id":"f5a1c2d3e4b5a6978877665544332211ffeeddccbbaa00998877665544332211","container_name":"/ui","source":"stdout","log":"I, [2019-12-17T18:15:04.146453 #1]  INFO -- : service=ui | event=show_all_posts | request_id=bf36de91-bf97-4d97-b15a-c66dec6ee581 | message='Successfully showed the home page with posts'"}"#
let labels = "{" + (0..<12).map { #""label.number/\#($0)":"value \#($0)""# }.joined(separator: ",") + "}"
let nested = #"{"log":"x","kubernetes":{"pod":"web-0","labels":\#(labels),"host":"node-1","ids":[1,2,3]}}"#
let wide = "{" + (0..<200).map { #""metric.\#($0).total":\#($0)"# }.joined(separator: ",") + "}"

@main struct Kernels {
    static func main() {
        decode("decode Message mode, 120 a read", messages, records: count)
        decode("decode PackedForward", packed(), records: count)
        read("read a JSON line of 9 fields", json: line)
        read("read a JSON record of 200 fields", json: wide)
        write("write 9 fields as JSON", json: line)
        write("write Docker's 4 fields as JSON", json: docker)
        write("write nested JSON text", json: nested)
        var source = ByteBuffer()
        source.append(Array(nested.utf8))
        var storage = ByteBuffer()
        var rows = Rows()
        do {
            _ = try JSONTranscoder.transcode(source, at: 0, to: &storage)
            _ = try rows.appendFields(messagePack: 0, end: storage.count, &storage)
        } catch { fatalError("\(error)") }
        write("write nested MessagePack", storage, rows)
        write("write 200 fields", json: wide)
    }
}
