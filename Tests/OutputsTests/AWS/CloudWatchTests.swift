import Events
import Outputs
import TestSupport
import Testing

@Suite("cloudwatch_logs")
struct CloudWatchTests {
    private func settings(_ change: (inout CloudWatchSettings) -> Void = { _ in }) throws -> CloudWatchSettings {
        var settings = CloudWatchSettings(
            group: .template(try ChunkTemplate("g", parameter: "log_group_name")),
            stream: .field(RecordAccessor(key: "s")))
        settings.url = "https://logs.us-east-1.amazonaws.com"
        settings.removedKeys = [RecordAccessor(key: "s")]
        change(&settings)
        return settings
    }

    @Test("events are put in the order of their times")
    func put() throws {
        let settings = try settings()
        var batch = SampleBatch("t")
        for (line, second) in [(#"{"s":"x","n":1}"#, 9), (#"{"s":"x","n":2}"#, 3)] {
            try batch.add(line, EventTime(seconds: 1_715_000_000 + Int64(second), nanoseconds: 7_000_000))
        }
        let chunk = batch.format(with: ItemFormatter(CloudWatchWriter(settings)))
        let talk = try Conversation(CloudWatchService(settings), chunk, [answer(200, "{}")])
        #expect(talk.header("X-Amz-Target") == "Logs_20140328.PutLogEvents")
        #expect(talk.header("Content-Type") == "application/x-amz-json-1.1")
        #expect(
            talk.bodies == [
                #"{"logGroupName":"g","logStreamName":"x","logEvents":[{"timestamp":1715000003007,"message":"{\"n\":2}"},"#
                    + #"{"timestamp":1715000009007,"message":"{\"n\":1}"}]}"#
            ])
        #expect(talk.outcome == .delivered)
    }

    @Test("a stream that is missing is made, its group too, and the events are put again")
    func creates() throws {
        let settings = try settings { ($0.createsStreams, $0.retentionDays) = (true, 7) }
        let chunk = try items(CloudWatchWriter(settings), [#"{"s":"x"}"#, #"{"s":"x"}"#])
        let missing = answer(400, #"{"__type":"com.amazonaws#ResourceNotFoundException","message":"no group"}"#)
        let talk = try Conversation(
            CloudWatchService(settings), chunk, [missing, answer(200), answer(200), answer(200), answer(200, "{}")])
        #expect(
            (0..<5).compactMap { talk.header("X-Amz-Target", of: $0) }
                == [
                    "PutLogEvents", "CreateLogGroup", "PutRetentionPolicy", "CreateLogStream", "PutLogEvents",
                ].map { "Logs_20140328.\($0)" })
        #expect(talk.bodies[2] == #"{"logGroupName":"g","retentionInDays":7}"#)
        #expect(talk.bodies[3] == #"{"logGroupName":"g","logStreamName":"x"}"# && talk.outcome == .delivered)
        let exists = answer(400, #"{"__type":"ResourceAlreadyExistsException"}"#)
        let second = try Conversation(
            CloudWatchService(settings), chunk, [missing, exists, answer(200), answer(200, "{}")])
        #expect(second.requests.count == 4 && second.outcome == .delivered, "a group that is there keeps its policy")
        let other = try self.settings()
        guard case .retry(let reason, _)? = try Conversation(CloudWatchService(other), chunk, [missing]).outcome else {
            return #expect(Bool(false))
        }
        #expect(reason.kind == .blocked && reason.sentence.contains("auto_create_stream true"))
    }

    @Test("events that Amazon leaves out are refused with the reason")
    func leftOut() throws {
        let settings = try settings()
        let chunk = try items(CloudWatchWriter(settings), (0..<6).map { "{\"s\":\"x\",\"n\":\($0)}" })
        let body =
            #"{"rejectedLogEventsInfo":{"tooNewLogEventStartIndex":5,"tooOldLogEventEndIndex":2,"expiredLogEventEndIndex":1}}"#
        guard
            case .partial(let retry, _, let rejected)? = try Conversation(
                CloudWatchService(settings), chunk, [answer(200, body)]
            ).outcome
        else { return #expect(Bool(false)) }
        #expect(retry.isEmpty && rejected.map(\.item) == [0, 1, 5])
        #expect(rejected.map(\.type) == ["expired", "too_old", "too_new"])
    }

    @Test(
        "what an error means",
        arguments: [
            ("ThrottlingException", 400, "retry busy"), ("ServiceUnavailableException", 500, "retry busy"),
            ("AccessDeniedException", 400, "retry forbidden"), ("ExpiredTokenException", 400, "retry forbidden"),
            ("ResourceNotFoundException", 400, "retry blocked"), ("InvalidParameterException", 400, "rejected"),
            ("DataAlreadyAcceptedException", 400, "delivered"), ("", 400, "retry unclear"), ("", 502, "retry busy"),
        ])
    func errors(_ type: String, _ status: Int, _ expected: String) throws {
        let settings = try settings()
        let chunk = try items(CloudWatchWriter(settings), [#"{"s":"x"}"#, #"{"s":"x"}"#])
        let body = type.isEmpty ? "<html>" : "{\"__type\":\"\(type)\",\"message\":\"m\"}"
        let outcome = try Conversation(CloudWatchService(settings), chunk, [answer(status, body)]).outcome
        let found: String
        switch outcome {
        case .retry(let reason, _)?: found = "retry \(reason.kind.rawValue)"
        case .rejected?: found = "rejected"
        case .delivered?: found = "delivered"
        default: found = "\(String(describing: outcome))"
        }
        #expect(found == expected)
    }

    @Test("events of one day and stream are one request")
    func places() throws {
        let settings = try settings()
        let service = CloudWatchService(settings)
        func place(_ seconds: Int64, _ stream: String) -> LogStreamDay {
            var label = ItemLabel()
            label.fields = [Array("g".utf8), Array(stream.utf8)]
            return service.place(label, tag: Events.Tag("t"), time: EventTime(seconds: seconds), chunk: "c")
        }
        #expect(place(86_400, "a") == place(172_799, "a"))
        #expect(place(86_400, "a") != place(86_399, "a") && place(86_400, "a") != place(86_400, "b"))
        #expect(place(-1, "a") != place(0, "a"))
        #expect(service.sizing.largestItems == 10_000 && service.sizing.largestBytes == 1_048_576)
    }

    @Test("message_keys, max_message_length, and what Amazon would not take")
    func messages() throws {
        let settings = try settings {
            $0.messageKeys = ["a", "b"]
            $0.maximumMessageLength = 5
        }
        let chunk = try items(CloudWatchWriter(settings), [#"{"s":"x","a":"äö","b":"üß"}"#])
        let talk = try Conversation(CloudWatchService(settings), chunk, [answer(200, "{}")])
        #expect(talk.bodies[0].contains(#""message":"äö üß""#))
        let plain = try self.settings()
        let long = String(repeating: "x", count: 1 << 20)
        let reasons = try refusals(CloudWatchWriter(plain), [#"{"n":1}"#, "{\"s\":\"x\",\"m\":\"\(long)\"}"])
        #expect(reasons.count == 2)
        #expect(reasons[0] == "the record names no log stream" && reasons[1].hasSuffix("set max_message_length"))
    }

    @Test("what cannot be delivered is the event that came in") func readback() throws {
        let settings = try settings { $0.stream = .template(try! ChunkTemplate("s", parameter: "s")) }
        try OutputCompatTest.readbackRules(KeptItemReader(), names: ["s"], seed: 14) {
            ItemFormatter(CloudWatchWriter(settings))
        }
    }
}
