import Events
import HTTPClient
import Outputs
import Testing

@Suite("what an answer over HTTP means")
struct StatusVerdictTests {
    @Test(
        "a status decides whether it is tried again, and why not",
        arguments: [
            (200, "delivered"), (204, "delivered"), (301, "retry unclear"), (400, "refused invalid"),
            (401, "retry forbidden"), (403, "retry forbidden"), (404, "retry unclear"), (405, "retry unclear"),
            (407, "retry forbidden"), (408, "retry busy"), (413, "too large"), (415, "refused invalid"),
            (422, "refused invalid"), (425, "retry busy"), (429, "retry busy"), (500, "retry busy"),
            (502, "retry busy"),
            (503, "retry busy"),
        ])
    func statuses(_ status: Int, _ expected: String) {
        #expect(Self.text(StatusVerdict(answer(status, "words"))) == expected)
    }

    @Test("the server's wish to be left alone is kept, within a day, and its words are cut")
    func wishes() {
        guard case .retry(let reason, let after) = StatusVerdict(answer(503, "<html><p>down</p> for\nnow", after: 1e9))
        else {
            Issue.record("503 is tried again")
            return
        }
        #expect(after == 86_400)
        #expect(reason.sentence == "HTTP 503: down for now")
    }

    static func text(_ verdict: StatusVerdict) -> String {
        switch verdict {
        case .delivered: "delivered"
        case .retry(let reason, _): "retry \(reason.kind.rawValue)"
        case .tooLarge: "too large"
        case .refused(let reason): "refused \(reason.kind.rawValue)"
        }
    }

    private static func service(_ change: (inout PlainHTTPSettings) -> Void) throws -> PlainHTTPService {
        var settings = PlainHTTPSettings(
            endpoint: try ChunkTemplate("http://h", parameter: "endpoint"), name: "http://h", contentType: "text/plain")
        change(&settings)
        return PlainHTTPService(settings)
    }

    @Test(
        "retryable_response_codes and error_response_as_unrecoverable say it for output http",
        arguments: [
            (nil, nil, 400, "refused invalid"), (nil, nil, 404, "retry unclear"), (nil, nil, 502, "retry busy"),
            ([400], nil, 400, "retry invalid"), ([400], nil, 502, "retry busy"), (nil, true, 502, "refused busy"),
            (nil, true, 503, "retry busy"), ([502], true, 502, "retry busy"), ([502], true, 503, "refused busy"),
            (nil, true, 404, "refused unclear"), (nil, false, 400, "retry invalid"), (nil, true, 413, "too large"),
        ] as [(Set<Int>?, Bool?, Int, String)])
    func configured(_ codes: Set<Int>?, _ refuses: Bool?, _ status: Int, _ expected: String) throws {
        let service = try Self.service { ($0.retryableStatuses, $0.refusesErrors) = (codes, refuses) }
        #expect(Self.text(service.judge(answer(status))) == expected)
    }
}
