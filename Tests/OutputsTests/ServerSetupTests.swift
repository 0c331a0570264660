import Events
import Foundation
import HTTPClient
import Logging
import Synchronization
import TestSupport
import Testing

@testable import Outputs

@Suite("Setting up a server before documents go there", .timeLimit(.minutes(5)))
struct ServerSetupTests {
    let client: HTTPClient
    let recorder = LogRecorder()

    init() throws { client = try HTTPClient() }

    private static let es8 = #"{"version":{"number":"8.13.3"}}"#

    private func setup() -> ServerSetup {
        var setup = ServerSetup()
        let put = SetupRequest(.put, "/_template/t", body: #"{"index_patterns":["a*"]}"#)
        setup.steps = [
            .unlessThere(SetupRequest(.get, "/_template/t"), what: "template", [.put(put, what: "template")])
        ]
        return setup
    }

    private func settings(_ server: TestServer, _ setup: ServerSetup) -> ElasticsearchSettings {
        var settings = ElasticsearchSettings()
        settings.hosts[0].host = "127.0.0.1"
        settings.hosts[0].port = Int(server.port)
        settings.setup = setup
        return settings
    }

    private func destination(_ settings: ElasticsearchSettings) -> ElasticsearchDestination {
        ElasticsearchDestination(settings, client: client, log: Log(handler: recorder), now: { 100 })
    }

    private func chunk(_ records: [String], tag: String = "service.post", _ settings: ElasticsearchSettings) throws
        -> LoadedChunk
    {
        var batch = SampleBatch(tag)
        for record in records { try batch.add(record) }
        return batch.format(with: try ElasticsearchFormatter(settings))
    }

    /// `METHOD /path` of what was received, without the query.
    private func lines(_ server: TestServer) -> [String] {
        server.received.map { request in
            request.line.split(separator: " ").prefix(2).joined(separator: " ").split(separator: "?").first.map(
                String.init)
                ?? ""
        }
    }

    @Test("many chunks at once wait for one setup, which is not done again") func once() async throws {
        defer { client.stop() }
        let server = try TestServer { request in
            if request.isBulk { return request.taken }
            if request.line.hasPrefix("GET / ") { return .ok(Self.es8) }
            usleep(50_000)
            return request.line.hasPrefix("GET") ? .status(404, "{}") : .ok("{}")
        }
        defer { server.stop() }
        let settings = settings(server, setup())
        let destination = destination(settings)
        let chunk = try chunk(["{}"], settings)
        await withTaskGroup(of: DeliveryOutcome.self) { group in
            for _ in 0..<8 { group.addTask { await destination.deliver(chunk, items: [0]) } }
            group.addTask {
                await destination.prepare()
                return .delivered
            }
            for await outcome in group { #expect(outcome == .delivered) }
        }
        #expect(await destination.deliver(chunk, items: [0]) == .delivered)
        let lines = lines(server).filter { $0 != "GET /" }
        #expect(
            lines.filter { $0 == "PUT /_template/t" }.count == 1 && lines.filter { $0 == "GET /_template/t" }.count == 1
        )
        let first = lines.firstIndex { $0.hasSuffix("_bulk") }
        #expect(first == 2, "\(lines)")
        #expect(lines.count == 11)
        let body = server.received.first { $0.line.hasPrefix("PUT") }
        #expect(body?.text == #"{"index_patterns":["a*"]}"# && body?.header("Content-Type") == "application/json")
        #expect(recorder.lines.filter { $0.contains("set up template") }.count == 1)
    }

    @Test("documents wait while a template is refused, and go as soon as it is taken") func waits() async throws {
        defer { client.stop() }
        let isTaken = Mutex(false)
        let refusal = #"{"error":{"type":"mapper_parsing_exception","reason":"no such type"},"status":400}"#
        let server = try TestServer { request in
            if request.isBulk { return request.taken }
            if request.line.hasPrefix("PUT") { return isTaken.withLock { $0 } ? .ok("{}") : .status(400, refusal) }
            return request.line.hasPrefix("GET / ") ? .ok(Self.es8) : .status(404, "{}")
        }
        defer { server.stop() }
        let settings = settings(server, setup())
        let destination = destination(settings)
        let chunk = try chunk(["{}"], settings)
        await destination.prepare()
        #expect(recorder.lines.contains { $0.contains("cannot be set up yet") && $0.contains("no such type") })
        for _ in 0..<2 {
            guard case .retry(let reason, nil) = await destination.deliver(chunk, items: [0]) else {
                Issue.record("the document went without its template")
                return
            }
            #expect(reason.kind == .blocked && reason.sentence.contains("mapper_parsing_exception: no such type"))
        }
        #expect(!lines(server).contains { $0.hasSuffix("_bulk") })
        isTaken.withLock { $0 = true }
        #expect(await destination.deliver(chunk, items: [0]) == .delivered)
    }

    @Test("with a limit of attempts documents go without in the end, and the log says so") func goesWithout()
        async throws
    {
        defer { client.stop() }
        let server = try TestServer { request in
            if request.isBulk { return request.taken }
            return request.line.hasPrefix("GET / ") ? .ok(Self.es8) : .status(403, "{}")
        }
        defer { server.stop() }
        var setup = setup()
        setup.attemptLimit = 2
        let settings = settings(server, setup)
        let destination = destination(settings)
        let chunk = try chunk(["{}"], settings)
        var outcomes: [Bool] = []
        for _ in 0..<4 { outcomes.append(await destination.deliver(chunk, items: [0]) == .delivered) }
        #expect(outcomes == [false, false, true, true])
        #expect(recorder.lines.filter { $0.contains("documents go on without") }.count == 1)
    }

    @Test("a server that is away at the start is set up with the first chunk") func away() async throws {
        defer { client.stop() }
        let isDown = Mutex(true)
        let server = try TestServer { request in
            if isDown.withLock({ $0 }) { return .status(503, "") }
            if request.isBulk { return request.taken }
            return request.line.hasPrefix("GET /_template") ? .status(404, "{}") : .ok(Self.es8)
        }
        defer { server.stop() }
        let settings = settings(server, setup())
        let destination = destination(settings)
        await destination.prepare()
        #expect(recorder.lines.contains { $0.contains("cannot be set up yet") })
        let chunk = try chunk(["{}"], settings)
        guard case .retry = await destination.deliver(chunk, items: [0]) else {
            Issue.record("nobody was there")
            return
        }
        isDown.withLock { $0 = false }
        #expect(await destination.deliver(chunk, items: [0]) == .delivered)
        #expect(lines(server).suffix(4) == ["GET /", "GET /_template/t", "PUT /_template/t", "POST /_bulk"])
    }

    @Test("each index is set up by itself; one that is refused holds up none of the others") func perIndex()
        async throws
    {
        defer { client.stop() }
        let refusal = #"{"error":{"type":"illegal_argument_exception","reason":"no"},"status":400}"#
        let server = try TestServer { request in
            if request.isBulk { return request.taken }
            if request.line.hasPrefix("PUT /_index_template/b") { return .status(400, refusal) }
            if request.line.hasPrefix("PUT") { return .ok("{}") }
            return request.line.hasPrefix("GET / ") ? .ok(Self.es8) : .status(404, "{}")
        }
        defer { server.stop() }
        var setup = ServerSetup()
        let path = "/_index_template/" + SetupTarget.pathTemplate("${_index}")
        setup.steps = [.unlessThere(SetupRequest(.get, path), what: "", [.put(SetupRequest(.put, path), what: "")])]
        var settings = settings(server, setup)
        settings.indexName = "${name}"
        settings.includesIndexInURL = true
        settings.writeOperation = .create
        let chunk = try chunk(["a", "b", "A", "c d"].map { #"{"name":"\#($0)"}"# }, settings)
        let outcome = await destination(settings).deliver(chunk, items: chunk.allItems)
        guard case .partial(let retry, let reason, let rejected) = outcome else {
            Issue.record("\(outcome)")
            return
        }
        #expect(retry == [1] && rejected == [] && reason.kind == .blocked)
        #expect(
            lines(server) == [
                "GET /", "GET /_index_template/a", "PUT /_index_template/a", "POST /a/_bulk", "GET /_index_template/b",
                "PUT /_index_template/b", "GET /_index_template/c%20d", "PUT /_index_template/c%20d",
                "POST /c%20d/_bulk",
            ])
        let first = server.received.first { $0.line.hasPrefix("POST /a/") }
        #expect(first?.text == "{\"create\":{}}\n{\"name\":\"a\"}\n{\"create\":{}}\n{\"name\":\"A\"}\n")
    }

    @Test("an update goes to the index that has the document already") func affinity() async throws {
        defer { client.stop() }
        let hits = #"{"hits":{"hits":[{"_index":"logstash-old","_id":"a\"1"},{"_index":"logstash-older","_id":"7"}]}}"#
        let server = try TestServer { request in
            if request.isBulk { return request.taken }
            return .ok(request.line.contains("_search") ? hits : Self.es8)
        }
        defer { server.stop() }
        var settings = settings(server, ServerSetup())
        (settings.logstashFormat, settings.writeOperation, settings.hasIndexAffinity) = (true, .upsert, true)
        settings.idKey = try RecordAccessor("id")
        let chunk = try chunk([#"{"id":"a\"1"}"#, #"{"id":7}"#, #"{"id":"new"}"#], settings)
        #expect(await destination(settings).deliver(chunk, items: chunk.allItems) == .delivered)
        let search = try #require(server.received.first { $0.line.contains("_search") })
        #expect(search.line.hasPrefix("POST /logstash-*/_search?"))
        #expect(search.text.hasPrefix(#"{"query":{"ids":{"values":["a\"1","7","new"]}}"#))
        let actions = try #require(server.received.last).text.split(separator: "\n").filter {
            $0.hasPrefix("{\"update")
        }
        #expect(
            actions == [
                #"{"update":{"_index":"logstash-old","_id":"a\"1"}}"#,
                #"{"update":{"_index":"logstash-older","_id":7}}"#,
                #"{"update":{"_index":"logstash-2019.12.17","_id":"new"}}"#,
            ])
    }

    @Test(
        "a search without a proper answer sends nothing",
        arguments: [(503, ""), (200, "<html>"), (200, #"{"hits":{"hits":[{"_id":"#), (401, "{}")])
    func noAffinity(status: Int, body: String) async throws {
        defer { client.stop() }
        let server = try TestServer { request in
            request.isBulk ? request.taken : request.line.contains("_search") ? .status(status, body) : .ok(Self.es8)
        }
        defer { server.stop() }
        var settings = settings(server, ServerSetup())
        (settings.logstashFormat, settings.writeOperation, settings.hasIndexAffinity) = (true, .update, true)
        settings.idKey = try RecordAccessor("id")
        let chunk = try chunk([#"{"id":1}"#], settings)
        guard case .retry = await destination(settings).deliver(chunk, items: chunk.allItems) else {
            Issue.record("it was sent")
            return
        }
        let bulks = server.received.filter(\.isBulk)
        #expect(bulks.isEmpty)
    }

    @Test("a server away stops the parts behind it; a refused one does not") func parts() {
        var outcomes = CombinedOutcome([0, 1, 2, 3, 4, 5, 6])
        outcomes.note(.retry(reason: Refusal(.blocked, "b"), after: nil), for: [0])
        #expect(!outcomes.isStopped)
        outcomes.note(.rejected(reason: Refusal(.invalid, "i")), for: [1, 2])
        outcomes.note(.delivered, for: [3])
        outcomes.note(.retry(reason: Refusal(.unreachable, "u"), after: nil), for: [4])
        #expect(outcomes.isStopped)
        let rejected = [1, 2].map { RejectedItem(item: $0, status: 400, type: "request_rejected", reason: "i") }
        #expect(
            outcomes.outcome == .partial(retry: [0, 4, 5, 6], reason: Refusal(.unreachable, "u"), rejected: rejected))

        var none = CombinedOutcome([0, 1])
        none.note(.retry(reason: Refusal(.busy, "x"), after: 3), for: [0])
        #expect(none.outcome == .retry(reason: Refusal(.busy, "x"), after: 3))
        var refused = CombinedOutcome([0, 1])
        refused.note(.rejected(reason: Refusal(.invalid, "i")), for: [0])
        #expect(refused.outcome != .rejected(reason: Refusal(.invalid, "i")))
        refused.note(.rejected(reason: Refusal(.invalid, "j")), for: [1])
        #expect(refused.outcome == .rejected(reason: Refusal(.invalid, "i")))
        var mixed = CombinedOutcome([0, 1])
        mixed.note(.delivered, for: [0])
        mixed.note(.rejected(reason: Refusal(.invalid, "i")), for: [1])
        #expect(mixed.outcome != .rejected(reason: Refusal(.invalid, "i")))
    }
}
