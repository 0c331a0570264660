import Events
import Foundation
import Inputs
import TestSupport
import Testing
import Time

/// What Fluentd made of 46 inputs (`wire-cases.jsonl`), and what we make of them, however they arrive.
@Suite struct WireTests {
    struct Case: CustomTestStringConvertible, Sendable {
        var id: String
        var sent: [UInt8]
        var reply: [UInt8]
        /// `tag seconds.nanoseconds json`; nil where the deviations leave it open.
        var events: [String]?
        var closes: Bool?
        var testDescription: String { id }
    }

    static let cases: [Case] = {
        guard let objects = try? GoldenData.objects("wire-cases.jsonl"),
            let data = try? GoldenData.bytes("deviations.json"),
            let deviations = try? JSONSerialization.jsonObject(with: Data(data)) as? [String: [String: Any]]
        else { return [] }
        return objects.compactMap { object in
            guard let id = object["id"] as? String, let sent = object["sent_hex"] as? String,
                object["udp_reply"] == nil
            else { return nil }
            var one = Case(
                id: id, sent: hex(sent), reply: hex(object["recv_hex"] as? String ?? ""),
                events: (object["stdout"] as? [String] ?? []).compactMap(event),
                closes: object["server_closed_connection"] as? String == "reset")
            let expected = (deviations["wire/" + id]?["expect"] as? [[String: Any]])?.first
            if let lines = expected?["stdout"] as? [String] { one.events = lines.compactMap(event) }
            if expected?["closed"] as? String == "any" { one.closes = nil }
            if expected?["reply"] as? String == "any" { one.reply = [] }
            // The capture went through the parser filters, which this room knows nothing of.
            if id == "ui-forward" { one.events = nil }
            return one
        }
    }()

    /// A line of out_stdout in the form of `Recorder`; nil for Fluentd's own events. Times of the capture are `now`.
    private static func event(_ line: String) -> String? {
        let parts = line.split(separator: " ", maxSplits: 3, omittingEmptySubsequences: false).map(String.init)
        guard parts.count == 4, let colon = parts[3].range(of: ": ") else { return nil }
        let tag = String(parts[3][..<colon.lowerBound])
        guard !tag.hasPrefix("fluent.") else { return nil }
        let json = parts[3][colon.upperBound...]
        let clock = parts[1].split(separator: ".")
        let day = parts[0].split(separator: "-").compactMap { Int($0) }
        let time = clock[0].split(separator: ":").compactMap { Int($0) }
        let seconds = CivilTime(
            year: day[0], month: day[1], day: day[2], hour: time[0], minute: time[1], second: time[2]
        ).seconds
        if parts[0].hasPrefix("2026") {
            return "\(tag) \(Recorder.now.seconds).\(Recorder.now.nanoseconds) \(json)"
        }
        return "\(tag) \(seconds).\(Int(clock[1]) ?? -1) \(json)"
    }

    @Test("the captured cases are there") func present() { #expect(Self.cases.count == 45) }

    @Test("each input as captured", arguments: cases, Feeding.allCases) func replay(one: Case, feeding: Feeding) {
        let recorder = Recorder()
        let failure = recorder.fed(one.sent, feeding)
        if let events = one.events {
            // Tags are handed on one after the other; within a tag the order is the client's.
            #expect(recorder.events.sorted() == events.sorted())
            for tag in Set(events.map { $0.split(separator: " ")[0] }) {
                #expect(recorder.events.filter { $0.hasPrefix(tag) } == events.filter { $0.hasPrefix(tag) })
            }
        }
        if let closes = one.closes { #expect((failure != nil) == closes, "\(failure ?? "stays open")") }
        if !one.reply.isEmpty || one.closes != nil { #expect(hex(recorder.replies) == hex(one.reply)) }
    }

    @Test(
        "many of each at once make as many events and acks, in order",
        arguments: cases.filter { $0.closes == false && $0.id != "truncated" })
    func batched(one: Case) {
        let times = 50
        let recorder = Recorder()
        var bytes: [UInt8] = []
        for _ in 0..<times { bytes += one.sent }
        #expect(recorder.fed(bytes) == nil)
        if let events = one.events {
            #expect(recorder.events.count == events.count * times)
            if Set(events.map { $0.split(separator: " ")[0] }).count == 1 {
                #expect(recorder.events == Array(repeating: events, count: times).flatMap { $0 })
                #expect(recorder.batches == 1, "one batch a tag")
            }
        }
        #expect(recorder.replies == Array(repeating: one.reply, count: times).flatMap { $0 })
    }

    @Test("ui-forward: four events before the filters") func uiForward() throws {
        let one = try #require(Self.cases.first { $0.id == "ui-forward" })
        let recorder = Recorder()
        #expect(recorder.fed(one.sent) == nil)
        #expect(recorder.events.count == 4)
        #expect(recorder.events.allSatisfy { $0.hasPrefix("service.ui 1576605304.123456789 {") })
    }

    @Test("every split of two messages in two reads") func everySplit() {
        for id in ["message-chunk-size", "packed-bin", "gzip", "json-array", "forward-nilrecord"] {
            guard let one = Self.cases.first(where: { $0.id == id }) else {
                Issue.record("no case \(id)")
                continue
            }
            let bytes = one.sent + one.sent
            for cut in 0...bytes.count {
                let recorder = Recorder()
                _ = recorder.fed(Array(bytes[..<cut]))
                #expect(recorder.fed(Array(bytes[cut...])) == nil, "\(id) at \(cut)")
                #expect(recorder.events == (one.events ?? []) + (one.events ?? []), "\(id) at \(cut)")
                #expect(recorder.replies == one.reply + one.reply, "\(id) at \(cut)")
                #expect(recorder.decoder.unfinishedBytes == 0, "\(id) at \(cut)")
            }
        }
    }

    @Test("what the tests of 120 events sent is what came in", arguments: Feeding.allCases) func exact(feeding: Feeding)
        throws
    {
        let recorder = Recorder()
        #expect(recorder.fed(try GoldenData.bytes("exact-input.msgpack"), feeding) == nil)
        let lines = try GoldenData.bytes("exact-input.jsonl").split(separator: 0x0A)
        #expect(recorder.events.count == lines.count)
        var expected: [String] = []
        for line in lines {
            let batch = EventBatch()
            try batch.add(json: Array(line))
            func text(_ place: String) throws -> String {
                let value = batch.rows.value(at: try RecordAccessor(place), in: batch.rows.records[0], batch.storage)
                var out = ByteBuffer()
                if let value { out.appendText(value, batch.storage) }
                return out.text
            }
            let whole = try text("time")
            let time = whole.hasPrefix("{") ? "\(try text("$.time.sec")).\(try text("$.time.nsec"))" : whole + ".0"
            expected.append("\(try text("tag")) \(time) \(try text("record"))")
        }
        #expect(recorder.events.sorted() == expected.sorted())
    }
}
