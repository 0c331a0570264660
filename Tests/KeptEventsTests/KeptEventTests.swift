import Events
import KeptEvents
import TestSupport
import Testing
import Time

@Suite("Kept events")
struct KeptEventTests {
    private static let moment = EventTime(seconds: 1_576_605_304, nanoseconds: 123_456_789)
    private static let now = EventTime(seconds: 1_576_605_306, nanoseconds: 1_999_999)

    private func lines(_ records: [String], _ cause: KeptCause, tag: Events.Tag = Events.Tag("a.b")) -> [String] {
        let chunk = LoadedChunk(texts: records, tag: tag, time: Self.moment, id: "c")
        var lines = EventLines(TextReader(), now: Self.now)
        for item in records.indices { lines.append(item, of: chunk, cause) }
        return String(decoding: lines.bytes.array(), as: UTF8.self).split(separator: "\n").map(String.init)
    }

    private func read(_ line: String) throws -> KeptEvent {
        var bytes = ByteBuffer()
        bytes.append(line)
        var reader = TimeReader(.iso8601, zone: .utc)
        return try KeptEvent(bytes, &reader)
    }

    @Test("a line is the event and why it is here; what is not known is left out")
    func line() {
        let all = KeptCause(
            output: "es", index: "logs", status: 400, type: "t", reason: "it said \"no\"\nand more", attempts: 2)
        #expect(
            lines([#"{"n":1}"#], all) == [
                #"{"tag":"a.b","time":"2019-12-17T17:55:04.123456789+00:00","record":{"n":1},"output":"es","#
                    + #""index":"logs","status":400,"type":"t","reason":"it said \"no\"\nand more","attempts":2,"#
                    + #""at":"2019-12-17T17:55:06.001+00:00"}"#
            ])
        #expect(
            lines(["no JSON \u{1}"], KeptCause(output: "es", type: "busy", reason: "")) == [
                #"{"tag":"a.b","time":"2019-12-17T17:55:04.123456789+00:00","record":{"unreadable":"no JSON \u0001"},"#
                    + #""output":"es","type":"busy","reason":"","at":"2019-12-17T17:55:06.001+00:00"}"#
            ])
    }

    @Test(
        "what was written is read back",
        arguments: [
            KeptCause(output: "es", index: "i", status: 409, type: "t", reason: "r \u{1F600} \\ \u{7}", attempts: 1),
            KeptCause(output: "match:12", type: "unreachable", reason: ""),
        ])
    func roundTrip(_ cause: KeptCause) throws {
        let records = [#"{"a":{"b":[1,2.5,null,"x"]},"c":"\u00e4"}"#, "{}"]
        for (line, record) in zip(lines(records, cause), [#"{"a":{"b":[1,2.5,null,"x"]},"c":"ä"}"#, "{}"]) {
            let event = try read(line)
            #expect(event.tag == Array("a.b".utf8) && event.time == Self.moment && event.cause == cause)
            let text = String(decoding: event.record, as: UTF8.self)
            #expect(text == record || text == #"{"a":{"b":[1,2.5,null,"x"]},"c":"\u00e4"}"#)
        }
    }

    @Test(
        "what is no event says what is missing",
        arguments: [
            (#"{"time":"2019-12-17T17:55:04Z","record":{}}"#, "no 'tag'"),
            (#"{"tag":"a","time":"2019-12-17T17:55:04Z","record":5}"#, "'record' is no object"),
            (#"{"tag":"a","time":"yesterday","record":{}}"#, "'time' is no time"), (#"{"tag":"a"}"#, "no 'time'"),
        ])
    func missing(_ line: String, _ words: String) {
        let error = #expect(throws: KeptEvent.Missing.self) { try read(line) }
        #expect(error?.sentence.hasPrefix(words) == true)
    }

    @Test("a survey counts by output, status, type and what is the same in the reasons")
    func survey() throws {
        var survey = KeptSurvey { $0.filter { !$0.isNumber } }
        let first = KeptCause(output: "es", index: "logs-1", status: 400, type: "t", reason: "row 1", attempts: 1)
        var second = first
        (second.index, second.reason) = ("logs-2", "row 77")
        let other = KeptCause(output: "es", type: "busy", reason: "row 1")
        let all =
            lines([#"{"n":9}"#], other) + lines([#"{"n":1}"#, #"{"n":2}"#], first)
            + lines([#"{"n":3}"#], second, tag: Events.Tag("other"))
        for line in all {
            var bytes = ByteBuffer()
            bytes.append(line)
            #expect(survey.add(bytes) == nil)
        }
        #expect(survey.eventCount == 4)
        let reasons = survey.reasons
        #expect(reasons.map(\.count) == [3, 1])
        #expect(reasons[0].tags == ["a.b", "other"] && reasons[0].indices == ["logs-1", "logs-2"])
        #expect(reasons[0].example == #"{"n":1}"# && reasons[0].first == first)
        #expect(reasons[1].first == other && reasons[1].earliest == Self.moment)
        var bad = ByteBuffer()
        bad.append("{\"tag\":")
        #expect(survey.add(bad) != nil)
        #expect(survey.eventCount == 4)
    }

    @Test("a survey of ever new reasons stays small, and counts every event")
    func bounded() {
        var survey = KeptSurvey { $0 }
        for number in 0..<(KeptSurvey.maximumGroups + 500) {
            for line in lines(["{}"], KeptCause(output: "es", type: "t", reason: "\(number)")) {
                var bytes = ByteBuffer()
                bytes.append(line)
                _ = survey.add(bytes)
            }
        }
        #expect(survey.reasons.count == KeptSurvey.maximumGroups)
        #expect(survey.reasons.reduce(0) { $0 + $1.count } == KeptSurvey.maximumGroups + 500)
    }
}
