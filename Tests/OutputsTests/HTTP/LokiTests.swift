import Events
import Outputs
import TestSupport
import Testing

@Suite("loki")
struct LokiTests {
    private func settings(_ change: (inout LokiSettings) -> Void = { _ in }) -> LokiSettings {
        var settings = LokiSettings()
        settings.url = "http://loki:3100"
        settings.extraLabels = [("job", "sluice")]
        change(&settings)
        return settings
    }

    private func pushed(_ settings: LokiSettings, _ lines: [String]) throws -> Conversation {
        try Conversation(LokiService(settings), try items(LokiWriter(settings), lines), [answer(204)])
    }

    @Test("entries are pushed by stream, in the order of their times")
    func push() throws {
        let settings = settings {
            $0.labels = [("app", RecordAccessor(key: "app")), ("pod", try! RecordAccessor("$.k.pod"))]
            $0.lineFormat = .json
            $0.tenant = try! ChunkTemplate("t-${tag[0]}", parameter: "tenant")
        }
        var batch = SampleBatch("app.web")
        for (line, second) in [
            (#"{"app":"shop","m":"late"}"#, 30), (#"{"app":"cart","m":"x","k":{"pod":"p1","n":1}}"#, 20),
            (#"{"app":"shop","m":"early"}"#, 10),
        ] {
            try batch.add(line, EventTime(seconds: 1_715_000_000 + Int64(second), nanoseconds: 5))
        }
        let chunk = batch.format(with: ItemFormatter(LokiWriter(settings)))
        let talk = try Conversation(LokiService(settings), chunk, [answer(204)])
        #expect(talk.lines == ["POST http://loki:3100/loki/api/v1/push"])
        #expect(talk.header("X-Scope-OrgID") == "t-app" && talk.header("Content-Type") == "application/json")
        #expect(talk.outcome == .delivered)
        #expect(
            talk.bodies[0] == #"{"streams":[{"stream":{"job":"sluice","app":"shop"},"values":["#
                + #"["1715000010000000005","{\"m\":\"early\"}"],["1715000030000000005","{\"m\":\"late\"}"]]},"#
                + #"{"stream":{"job":"sluice","app":"cart","pod":"p1"},"values":[["1715000020000000005","#
                + #""{\"m\":\"x\",\"k\":{\"n\":1}}"]]}]}"#)
    }

    @Test(
        "lines",
        arguments: [
            (#"{"a":1,"b":"x y","c":"q\"u","d":null,"e":"k=v"}"#, false, false, #"a=1 b="x y" c=q\"u d= e="k=v""#),
            (#"{"m":"one line"}"#, true, false, "one line"), (#"{"m":{"a":1}}"#, true, false, #"{"a"=>1}"#),
            (#"{"m":"a","n":2}"#, true, false, "m=a n=2"), (#"{"m":"a"}"#, false, true, #"{"m":"a"}"#),
            ("{}", false, false, ""),
        ])
    func lines(_ record: String, _ drops: Bool, _ isJSON: Bool, _ line: String) throws {
        let settings = settings { ($0.dropsSingleKey, $0.lineFormat) = (drops, isJSON ? .json : .keyValue) }
        var expected = ByteBuffer()
        expected.appendJSONString(line)
        #expect(try pushed(settings, [record]).bodies[0].hasSuffix("[[\"1715000000500000000\",\(expected.text)]]}]}"))
    }

    @Test("labels come from numbers too; extra labels win, empty values are none, and Kubernetes' names are mended")
    func labels() throws {
        let settings = settings {
            $0.labels = [
                ("job", RecordAccessor(key: "j")), ("code", RecordAccessor(key: "c")), ("no", RecordAccessor(key: "x")),
            ]
            $0.extractsKubernetesLabels = true
            $0.removedKeys = [try! RecordAccessor("$.kubernetes.labels"), RecordAccessor(key: "gone")]
        }
        let body = try pushed(
            settings,
            [#"{"j":"mine","c":503,"x":"","gone":1,"m":"a","kubernetes":{"labels":{"app.io/name":"w"},"z":1}}"#]
        ).bodies[0]
        #expect(body.hasPrefix(#"{"streams":[{"stream":{"job":"sluice","code":"503","app_io_name":"w"},"#))
        #expect(body.contains(#"m=a kubernetes=\"{\\\"z\\\"=>1}\""#), "\(body)")
    }

    @Test(
        "what Loki does not take",
        arguments: [
            (429, "rate limit", 3, "retry busy"), (500, "boom", 3, "retry busy"),
            (401, "no org id", 3, "retry forbidden"),
            (400, "entry out of order", 3, "halves"), (400, "entry out of order", 1, "refused 1"),
            (
                400,
                "entry with timestamp 2024-05-06 ignored, reason: 'entry too far behind' for stream: {a=\"b\"},\n"
                    + "user 'fake', total ignored: 3 out of 3 for stream: {a=\"b\"}", 3, "refused 3"
            ),
            (400, "user 'fake', total ignored: 1 out of 3 for stream: {a=\"b\"}", 3, "halves"),
            (
                400, "total ignored: 2 out of 2 for stream: {a}, total ignored: 1 out of 1 for stream: {b}", 3,
                "refused 3"
            ),
        ])
    func refusals(_ status: Int, _ words: String, _ count: Int, _ expected: String) throws {
        let found: String
        switch LokiService.judge(answer(status, words), ItemSet(0..<count)) {
        case .retry(let reason, _): found = "retry \(reason.kind.rawValue)"
        case .rejected: found = "halves"
        case .partial(let retry, _, let rejected): found = "refused \(rejected.count)\(retry.isEmpty ? "" : "?")"
        default: found = "?"
        }
        #expect(found == expected)
    }

    @Test("what cannot be delivered is the event that came in") func readback() throws {
        let settings = settings {
            $0.labels = [("l", RecordAccessor(key: "k1"))]
            $0.removedKeys = [RecordAccessor(key: "a.b")]
        }
        try OutputCompatTest.readbackRules(KeptItemReader(), names: ["k1", "a.b"], seed: 11) {
            ItemFormatter(LokiWriter(settings))
        }
    }
}
