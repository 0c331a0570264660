import Events
import Outputs
import TestSupport
import Testing

@Suite("splunk_hec")
struct SplunkTests {
    private func settings(_ change: (inout SplunkSettings) -> Void = { _ in }) -> SplunkSettings {
        var settings = SplunkSettings()
        (settings.url, settings.token) = ("https://splunk:8088", "t-1")
        change(&settings)
        return settings
    }

    private func sent(_ settings: SplunkSettings, _ lines: [String]) throws -> String {
        try Conversation(SplunkService(settings), try items(SplunkWriter(settings), lines), [answer(200)]).bodies[0]
    }

    @Test("an event has its fields where Splunk looks for them")
    func events() throws {
        let settings = settings {
            $0.host = .template(try! ChunkTemplate("h1", parameter: "host"))
            $0.source = .template(try! ChunkTemplate("${tag}", parameter: "source"))
            $0.index = .field(RecordAccessor(key: "idx"))
            $0.fields = [("app", try! RecordAccessor("$.k.app")), ("none", RecordAccessor(key: "none"))]
        }
        let chunk = try items(SplunkWriter(settings), [#"{"idx":"main","m":"a","k":{"app":"w","z":1}}"#])
        let talk = try Conversation(SplunkService(settings), chunk, [answer(200, #"{"text":"Success","code":0}"#)])
        #expect(talk.lines == ["POST https://splunk:8088/services/collector"])
        #expect(talk.header("Authorization") == "Splunk t-1")
        #expect(talk.outcome == .delivered)
        #expect(
            talk.bodies[0] == #"{"time":1715000000.5,"host":"h1","index":"main","source":"app.web","#
                + #""event":{"m":"a","k":{"z":1}},"fields":{"app":"w"}}"# + "\n")
    }

    @Test("keep_keys, time_key and a format")
    func options() throws {
        let settings = settings {
            ($0.keepsKeys, $0.timeKey) = (true, RecordAccessor(key: "t"))
            $0.index = .field(RecordAccessor(key: "idx"))
            $0.format = RecordFormat(.ltsv)
        }
        #expect(
            try sent(settings, [#"{"idx":"i","t":12.5}"#]) == #"{"time":12.5,"index":"i","event":"idx:i\tt:12.5"}"#
                + "\n")
    }

    @Test("metrics: every number, or the one that is named")
    func metrics() throws {
        let all = settings { $0.dataType = .metrics(name: nil, value: nil) }
        #expect(
            try sent(all, [#"{"cpu":0.5,"who":"x","mem":"7"}"#])
                == #"{"time":1715000000.5,"event":"metric","fields":{"metric_name":"cpu","_value":0.5}}"# + "\n"
                + #"{"time":1715000000.5,"event":"metric","fields":{"metric_name":"mem","_value":7}}"# + "\n")
        let named = settings {
            $0.dataType = .metrics(name: RecordAccessor(key: "m"), value: RecordAccessor(key: "v"))
        }
        #expect(
            try sent(named, [#"{"m":"cpu","v":1,"app":"w","n":2,"o":{}}"#])
                == #"{"time":1715000000.5,"event":"metric","fields":{"metric_name":"cpu","_value":1,"app":"w","n":"2"}}"#
                + "\n")
        #expect(
            try refusals(named, [#"{"m":"cpu"}"#, #"{"v":1}"#]).count == 2
                && refusals(all, [#"{"a":"text"}"#]) == ["the record has no number that could be a metric"])
    }

    private func refusals(_ settings: SplunkSettings, _ lines: [String]) throws -> [String] {
        try OutputsTests.refusals(SplunkWriter(settings), lines)
    }

    @Test("the events that are invalid are refused one by one, and the others are sent again without them")
    func invalid() throws {
        let settings = settings()
        let chunk = try items(SplunkWriter(settings), (0..<5).map { "{\"n\":\($0)}" })
        let talk = try Conversation(
            SplunkService(settings), chunk,
            [
                answer(400, #"{"text":"Invalid data format","code":6,"invalid-event-number":1}"#),
                answer(400, #"{"text":"Event field cannot be blank","code":13,"invalid-event-number":2}"#), answer(200),
            ])
        #expect(talk.bodies.map { $0.split(separator: "\n").count } == [5, 4, 3])
        guard case .partial(let retry, _, let rejected)? = talk.outcome else {
            Issue.record("\(String(describing: talk.outcome))")
            return
        }
        #expect(retry.isEmpty && rejected.map(\.item) == [1, 3])
        #expect(rejected[0].reason == "HTTP 400: Invalid data format (code 6)" && rejected[1].type == "code_13")
    }

    @Test("an event number counts metrics, of which an item has several")
    func metricNumbers() throws {
        let settings = settings { $0.dataType = .metrics(name: nil, value: nil) }
        let chunk = try items(SplunkWriter(settings), [#"{"a":1,"b":2}"#, #"{"c":3,"d":4}"#])
        let talk = try Conversation(
            SplunkService(settings), chunk,
            [answer(400, #"{"text":"x","code":6,"invalid-event-number":2}"#), answer(200)])
        guard case .partial(_, _, let rejected)? = talk.outcome else { return #expect(Bool(false)) }
        #expect(rejected.map(\.item) == [1])
    }

    @Test(
        "codes",
        arguments: [
            (403, #"{"text":"Invalid token","code":4}"#, "retry forbidden"),
            (503, #"{"text":"Server is busy","code":9}"#, "retry busy"),
            (400, #"{"text":"Incorrect index","code":7,"invalid-event-number":0}"#, "retry blocked"),
            (400, #"{"text":"Data channel is missing","code":10}"#, "retry blocked"), (400, "<html>", "retry unclear"),
            (400, #"{"text":"Invalid data format","code":6}"#, "rejected"), (413, "", "too large"),
            (404, #"{"text":"The requested URL was not found on this server.","code":404}"#, "retry unclear"),
        ])
    func codes(_ status: Int, _ body: String, _ expected: String) throws {
        let settings = settings()
        let chunk = try items(SplunkWriter(settings), [#"{"a":1}"#, #"{"a":2}"#])
        let outcome = try Conversation(SplunkService(settings), chunk, [answer(status, body)]).outcome
        let found: String
        switch outcome {
        case .retry(let reason, _)?: found = "retry \(reason.kind.rawValue)"
        case .rejected?: found = "rejected"
        case .tooLarge?: found = "too large"
        default: found = "\(String(describing: outcome))"
        }
        #expect(found == expected)
    }

    @Test("an index that the record names is the record's fault")
    func indexOfRecord() throws {
        let settings = settings { $0.index = .field(RecordAccessor(key: "idx")) }
        let chunk = try items(SplunkWriter(settings), [#"{"idx":"no"}"#, #"{"idx":"main"}"#])
        let talk = try Conversation(
            SplunkService(settings), chunk,
            [answer(400, #"{"text":"Incorrect index","code":7,"invalid-event-number":0}"#), answer(200)])
        guard case .partial(_, _, let rejected)? = talk.outcome else { return #expect(Bool(false)) }
        #expect(rejected.map(\.item) == [0] && talk.requests.count == 2)
    }

    @Test("what cannot be delivered is the event that came in") func readback() throws {
        let settings = settings { $0.index = .field(RecordAccessor(key: "k1")) }
        try OutputCompatTest.readbackRules(KeptItemReader(), names: ["k1"], seed: 12) {
            ItemFormatter(SplunkWriter(settings))
        }
    }
}
