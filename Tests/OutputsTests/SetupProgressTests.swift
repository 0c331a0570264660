import Events
import HTTPClient
import Testing

@testable import Outputs

@Suite("What a server is set up with")
struct SetupProgressTests {
    /// A data stream as fluent-plugin-elasticsearch makes one.
    private static var stream: [SetupStep] {
        var getPolicy = SetupRequest(.get, "/_ilm/policy/p")
        var putPolicy = SetupRequest(.put, "/_ilm/policy/p", body: "policy")
        (getPolicy.isLifecycle, putPolicy.isLifecycle) = (true, true)
        var template = SetupRequest(.put, "/_index_template/t", body: "with")
        template.bodyWithoutLifecycles = "without"
        return [
            .unlessThere(
                SetupRequest(.get, "/_data_stream/s"), what: "stream",
                [
                    .unlessThere(
                        SetupRequest(.get, "/_index_template/t"), what: "template",
                        [
                            .unlessThere(getPolicy, what: "policy", [.put(putPolicy, what: "policy")]),
                            .put(template, what: "template"),
                        ]),
                    .put(SetupRequest(.put, "/_data_stream/s"), what: "stream"),
                ])
        ]
    }

    /// Requests as `METHOD path body`, each answered by the next status; the last answer is repeated.
    private func run(
        _ progress: inout SetupProgress, _ answers: [SetupAnswer]
    ) -> (requests: [String], refusal: Refusal?) {
        var requests: [String] = []
        for number in 0..<20 {
            guard let request = progress.request else { return (requests, nil) }
            requests.append(
                [request.method.rawValue, request.path, request.body ?? ""].filter { !$0.isEmpty }
                    .joined(separator: " "))
            if let refusal = progress.take(answers[min(number, answers.count - 1)]) { return (requests, refusal) }
        }
        return (requests, nil)
    }

    @Test(
        "only what is missing is put there, in order",
        arguments: [
            (["200"], ["GET /_data_stream/s"], []),
            (
                ["404", "200", "201"],
                ["GET /_data_stream/s", "GET /_index_template/t", "PUT /_data_stream/s"], ["stream"]
            ),
            (
                ["404", "404", "200", "200"],
                [
                    "GET /_data_stream/s", "GET /_index_template/t", "GET /_ilm/policy/p",
                    "PUT /_index_template/t with", "PUT /_data_stream/s",
                ], ["template", "stream"]
            ),
            (
                ["404", "404", "404", "200"],
                [
                    "GET /_data_stream/s", "GET /_index_template/t", "GET /_ilm/policy/p",
                    "PUT /_ilm/policy/p policy", "PUT /_index_template/t with", "PUT /_data_stream/s",
                ], ["policy", "template", "stream"]
            ),
        ])
    func order(statuses: [String], requests: [String], made: [String]) {
        var progress = SetupProgress(Self.stream)
        let result = run(&progress, statuses.map { SetupAnswer(status: Int($0)!) })
        #expect(result.requests == requests && result.refusal == nil)
        #expect(progress.made == made && progress.request == nil)
    }

    @Test("a server that has no lifecycles is not asked for them, whether that is known before or found out on the way")
    func withoutLifecycles() {
        let expected = [
            "GET /_data_stream/s", "GET /_index_template/t", "PUT /_index_template/t without", "PUT /_data_stream/s",
        ]
        var known = SetupProgress(Self.stream, hasLifecycles: false)
        let answers = [404, 404, 200].map { SetupAnswer(status: $0) }
        #expect(run(&known, answers).requests == expected)
        #expect(known.leftOut == ["policy"] && known.made == ["template", "stream"])

        var found = SetupProgress(Self.stream)
        let none = SetupAnswer(status: 400, reason: "no handler found for uri [/_ilm/policy/p] and method [GET]")
        let result = run(&found, answers[..<2] + [none, SetupAnswer(status: 200)])
        #expect(result.requests == expected[..<2] + ["GET /_ilm/policy/p"] + expected[2...])
        #expect(found.leftOut == ["policy"] && result.refusal == nil)

        // The template comes before the policy where an alias rolls over.
        var template = SetupRequest(.put, "/_template/t", body: "with")
        template.bodyWithoutLifecycles = "without"
        var late = SetupProgress([.put(template, what: "template")])
        let unknown = SetupAnswer(
            status: 400, type: "illegal_argument_exception",
            reason: "unknown setting [index.lifecycle.name] please check that any required plugins are installed")
        #expect(
            run(&late, [unknown, SetupAnswer(status: 200)]).requests
                == ["PUT /_template/t with", "PUT /_template/t without"])
    }

    @Test(
        "what a server refuses is tried again from where it was, with its reason",
        arguments: [
            (SetupAnswer(status: 503), "template is not taken: HTTP 503", Refusal.Kind.busy),
            (SetupAnswer(status: 429), "template is not taken: HTTP 429", .busy),
            (SetupAnswer(status: 403), "template is not taken: HTTP 403: the user or the api_key may not", .forbidden),
            (
                SetupAnswer(status: 400, type: "illegal_argument_exception", reason: "index_patterns is missing."),
                "template is not taken: HTTP 400: illegal_argument_exception: index_patterns is missing: "
                    + "correct it and start again; documents wait so long", .blocked
            ),
            (SetupAnswer(status: 404), "template is not taken: HTTP 404", .unclear),
        ])
    func refused(answer: SetupAnswer, sentence: String, kind: Refusal.Kind) {
        let put = SetupRequest(.put, "/_template/t", body: "{}")
        var progress = SetupProgress([
            .unlessThere(SetupRequest(.get, "/_template/t"), what: "template", [.put(put, what: "template")])
        ])
        let result = run(&progress, [SetupAnswer(status: 404), answer])
        #expect(result.refusal == Refusal(kind, sentence))
        #expect(progress.request == put && progress.made == [])
    }

    @Test("what cannot be looked for is not put there") func notLookedFor() {
        var progress = SetupProgress(Self.stream)
        let result = run(&progress, [SetupAnswer(status: 401)])
        #expect(result.refusal?.kind == .forbidden && result.requests == ["GET /_data_stream/s"])
    }

    @Test("what somebody else has put there in the meantime is there") func faster() {
        var progress = SetupProgress([.put(SetupRequest(.put, "/_data_stream/s"), what: "stream")])
        #expect(progress.take(SetupAnswer(status: 400, type: "resource_already_exists_exception")) == nil)
        #expect(progress.request == nil && progress.made == [])
    }

    @Test("names are filled in for a target: encoded in paths, escaped in bodies, and nothing else is a placeholder")
    func filling() {
        let target = SetupTarget(index: "lögs/a", tag: "app.\"x\"")
        let step = SetupStep.put(
            SetupRequest(
                .put, SetupTarget.pathTemplate("/x ${_index}"),
                body: #"{"a":"${tag}","b":"${tag[1]}${tag[9]}","c":"${d}$"}"#),
            what: "${_index}")
        let filled = step.filled(for: target)
        #expect(filled.request.path == "%2Fx%20l%C3%B6gs%2Fa")
        #expect(filled.request.body == #"{"a":"app.\"x\"","b":"\"x\"","c":"${d}$"}"#)
        #expect(filled.what == "lögs/a")
    }

    @Test("an index that rolls over is named with the application, behind the prefix where that is known")
    func rollover() {
        var setup = ServerSetup()
        setup.steps = [.put(SetupRequest(.put, "/${_rollover}"), what: "")]
        setup.applicationName = "App"
        #expect(setup.target(index: "logs", tag: "").rollover == "logs-app")
        setup.rolloverPrefix = "logstash-"
        #expect(setup.target(index: "logstash-2024.05.06", tag: "").rollover == "logstash-app-2024.05.06")
        #expect(setup.isPerIndex && !setup.isPerTag)
        setup.applicationName = "${tag[1]}"
        #expect(setup.isPerTag && setup.target(index: "logs", tag: "a.B").rollover == "logs-b")
    }
}
