import Compression
import Events
import Foundation
import HTTPClient
import Logging
import Outputs
import Synchronization
import TestSupport
import Testing

@Suite("delivery over HTTP", .timeLimit(.minutes(5)))
final class HTTPDestinationTests {
    let client: HTTPClient

    init() throws { client = try HTTPClient() }
    deinit { client.stop() }

    private func settings(
        _ endpoint: String, _ change: (inout PlainHTTPSettings) -> Void = { _ in }
    ) throws -> PlainHTTPSettings {
        var settings = PlainHTTPSettings(
            endpoint: try ChunkTemplate(endpoint, fieldNames: ["user"], zone: .utc, parameter: "endpoint"),
            name: endpoint, contentType: "application/x-ndjson")
        settings.http.timeoutSeconds = 5
        change(&settings)
        return settings
    }

    private func destination(
        _ settings: PlainHTTPSettings, timeoutSeconds: Double = 5
    ) -> HTTPDestination<PlainHTTPService> {
        HTTPDestination(PlainHTTPService(settings), client: client, timeoutSeconds: timeoutSeconds)
    }

    private func chunk(_ lines: [String], array: Bool = false, keys: [String] = []) throws -> LoadedChunk {
        var format = RecordFormat(.json)
        format.addsNewline = !array
        return try items(LineWriter(format, injection: nil, keys: keys.map { RecordAccessor(key: $0) }), lines)
    }

    // MARK: - The rules of outputs

    @Test("the rules of formatters hold") func formatterRules() throws {
        try OutputCompatTest.formatterRules({ ItemFormatter(LineWriter(RecordFormat(.json), injection: nil, keys: [])) }
        ) { chunk, item in
            let slice = try! RequestBody.slice(of: item, chunk)
            return chunk.body.bytes.array(slice)
        }
    }

    @Test("the rules of destinations hold") func destinationRules() async throws {
        let server = try TestServer { $0.line.contains("/silent") ? .silence : .ok("") }
        defer { server.stop() }
        let unreachable = destination(try settings("http://127.0.0.1:1/"))
        let silent = destination(
            try settings(server.url + "/silent") { $0.http.timeoutSeconds = 60 }, timeoutSeconds: 60)
        let working = destination(try settings(server.url + "/"))
        await OutputCompatTest.destinationRules(
            unreachable: unreachable, silent: silent, working: working, try chunk([#"{"a":1}"#, #"{"b":2}"#]))
    }

    // MARK: - Requests

    @Test("a chunk is one request with what the section says")
    func request() async throws {
        let server = try TestServer { _ in .ok("") }
        defer { server.stop() }
        let destination = destination(
            try settings(server.url + "/in/${tag}/${user}/%Y%m%d") {
                $0.method = .put
                $0.headers = [("X-A", "1")]
                $0.filledHeaders = [("X-Tag", try! ChunkTemplate("t-${tag[1]}", parameter: "headers"))]
                ($0.http.user, $0.http.password) = ("ann", "pass:word")
            })
        let chunk = try chunk([#"{"user":"a/b c","n":1}"#, #"{"user":"a/b c","n":2}"#], keys: ["user"])
        #expect(await destination.deliver(chunk, items: chunk.allItems) == .delivered)
        let request = try #require(server.received.first)
        #expect(server.received.count == 1)
        #expect(request.line == "PUT /in/app.web/a%2Fb%20c/20240506 HTTP/1.1", "values are one segment each")
        #expect(request.text == #"{"user":"a/b c","n":1}"# + "\n" + #"{"user":"a/b c","n":2}"# + "\n")
        #expect(request.header("Content-Type") == "application/x-ndjson")
        #expect(request.header("X-A") == "1" && request.header("X-Tag") == "t-web")
        #expect(request.header("Authorization") == "Basic YW5uOnBhc3M6d29yZA==")
        #expect(request.header("Expect") == nil)
    }

    @Test("json_array sends one array, and gzip packs it")
    func array() async throws {
        let server = try TestServer { _ in .ok("") }
        defer { server.stop() }
        let chunk = try chunk([#"{"a":1}"#, #"{"a":2}"#, #"{"a":3}"#], array: true)
        let destination = destination(
            try settings(server.url) {
                ($0.isArray, $0.isCompressed, $0.contentType) = (true, true, "application/json")
            })
        #expect(await destination.deliver(chunk, items: [0, 2]) == .delivered)
        let request = try #require(server.received.first)
        #expect(request.header("Content-Encoding") == "gzip")
        let packed = ByteBuffer(request.body)
        var plain = ByteBuffer()
        try Gzip.decompress(Slice(offset: 0, length: packed.count), of: packed, into: &plain)
        #expect(plain.text == #"[{"a":1},{"a":3}]"#)
    }

    @Test("values that would lead elsewhere, or end a header, are refused with their record")
    func strangers() throws {
        let service = PlainHTTPService(
            try settings("http://h/in/${user}/x") {
                $0.filledHeaders = [("X-User", try! ChunkTemplate("${user}", fieldNames: ["user"], parameter: "h"))]
            })
        let writer = LineWriter(RecordFormat(.json), injection: nil, keys: [RecordAccessor(key: "user")]) {
            service.problem($0)
        }
        let reasons = try refusals(writer, [#"{"user":"ann"}"#, #"{"user":".."}"#, #"{"user":"a\r\nX: 1"}"#])
        #expect(
            reasons == [
                "the endpoint would be 'http://h/in/../x', whose dots lead to another",
                "the header 'X-User' would hold a control character",
            ])
    }

    // MARK: - Outcomes

    @Test("a request that is too large is halved until it fits; the one record that never does is refused")
    func tooLarge() async throws {
        let server = try TestServer { $0.body.count > 30 ? .status(413, "big") : .ok("") }
        defer { server.stop() }
        let lines = [#"{"a":1}"#, #"{"a":"\#(String(repeating: "x", count: 20_000))"}"#, #"{"a":3}"#, #"{"a":4}"#]
        let chunk = try chunk(lines)
        let outcome = await destination(try settings(server.url)).deliver(chunk, items: chunk.allItems)
        let rejected = RejectedItem(item: 1, status: 413, type: "request_entity_too_large", reason: "HTTP 413: big")
        #expect(outcome == .partial(retry: [], reason: Refusal(.busy, ""), rejected: [rejected]))
        #expect(
            server.received.filter { $0.body.count <= 30 }.map(\.text).sorted() == [
                "{\"a\":1}\n", "{\"a\":3}\n{\"a\":4}\n",
            ])
    }

    @Test("the one record that a server finds bad is found by halves, and the others go in once")
    func oneBad() async throws {
        let server = try TestServer { $0.text.contains("bad") ? .status(400, "no") : .ok("") }
        defer { server.stop() }
        let chunk = try chunk((0..<16).map { $0 == 11 ? #"{"bad":1}"# : "{\"n\":\($0)}" })
        let outcome = await destination(try settings(server.url)).deliver(chunk, items: chunk.allItems)
        guard case .partial(let retry, _, let rejected) = outcome else {
            Issue.record("\(outcome)")
            return
        }
        #expect(retry.isEmpty && rejected.map(\.item) == [11])
        let taken = server.received.filter { !$0.text.contains("bad") }.flatMap { $0.text.split(separator: "\n") }
        #expect(taken.count == 15 && Set(taken).count == 15)
    }

    @Test(
        "what may work later is tried again, and a wish to wait is told",
        arguments: [
            (TestServer.Reply.status(503, "later", headers: "Retry-After: 7\r\n"), Refusal.Kind.busy, 7.0),
            (.status(401, ""), .forbidden, nil), (.hangUp, .unreachable, nil),
            (.raw("nonsense\r\n\r\n"), .unreachable, nil),
            (.status(302, "", headers: "Location: http://other\r\n"), .unclear, nil),
        ] as [(TestServer.Reply, Refusal.Kind, Double?)])
    func later(_ reply: TestServer.Reply, _ kind: Refusal.Kind, _ after: Double?) async throws {
        let server = try TestServer { _ in reply }
        defer { server.stop() }
        let chunk = try chunk([#"{"a":1}"#])
        guard
            case .retry(let reason, let seconds) = await destination(try settings(server.url)).deliver(
                chunk, items: [0])
        else {
            Issue.record("\(reply) must be tried again")
            return
        }
        #expect(reason.kind == kind && seconds == after)
    }

    @Test("no answer in time is told as what it is")
    func timeout() async throws {
        let server = try TestServer { _ in .silence }
        defer { server.stop() }
        let destination = destination(try settings(server.url) { $0.http.timeoutSeconds = 0.3 }, timeoutSeconds: 0.3)
        let chunk = try chunk([#"{"a":1}"#])
        guard case .retry(let reason, _) = await destination.deliver(chunk, items: [0]) else {
            Issue.record("a timeout must be tried again")
            return
        }
        #expect(reason.kind == .timeout && reason.sentence.hasSuffix("and comes twice"))
    }

    @Test("events of several places go to each; where one place is not to be had, the others are served")
    func places() async throws {
        let server = try TestServer { $0.line.contains("/b ") ? .status(404, "") : .ok("") }
        defer { server.stop() }
        let chunk = try chunk(
            [#"{"user":"a"}"#, #"{"user":"b"}"#, #"{"user":"c"}"#, #"{"user":"a","n":2}"#], keys: ["user"])
        let outcome = await destination(try settings(server.url + "/${user}")).deliver(chunk, items: chunk.allItems)
        #expect(server.received.map(\.line) == ["a", "b", "c"].map { "POST /\($0) HTTP/1.1" })
        guard case .partial(let retry, let reason, let rejected) = outcome else {
            Issue.record("\(outcome)")
            return
        }
        #expect(retry == [1] && reason.kind == .unclear && rejected.isEmpty)
    }

    @Test("a server that is busy is asked for nothing more until later")
    func stops() async throws {
        let server = try TestServer { $0.line.contains("/b ") ? .status(503, "") : .ok("") }
        defer { server.stop() }
        let chunk = try chunk([#"{"user":"a"}"#, #"{"user":"b"}"#, #"{"user":"c"}"#], keys: ["user"])
        let outcome = await destination(try settings(server.url + "/${user}")).deliver(chunk, items: chunk.allItems)
        #expect(server.received.count == 2)
        guard case .partial(let retry, let reason, _) = outcome else {
            Issue.record("\(outcome)")
            return
        }
        #expect(retry == [1, 2] && reason.kind == .busy)
    }
}
