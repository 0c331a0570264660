import Compression
import Events
import Foundation
import Logging
import Outputs
import Synchronization
import Testing

@Suite("Elasticsearch delivery", .timeLimit(.minutes(1)))
struct ElasticsearchDestinationTests {
    let client: HTTPClient
    let recorder = LogRecorder()

    init() throws { client = try HTTPClient() }

    @Test("a chunk is one request, with what the protocol wants")
    func request() async throws {
        defer { client.stop() }
        let server = try TestServer { $0.isBulk ? .ok(#"{"errors":false}"#) : .ok(es7) }
        defer { server.stop() }
        var settings = settings(server)
        settings.hosts[0].path = "/base/"
        settings.apiKey = "id:key"
        settings.customHeaders = [("X-Tenant", "t1")]
        let destination = destination(settings)
        let chunk = try chunk([#"{"a":1}"#, #"{"b":2}"#])
        #expect(await destination.deliver(chunk, items: [0, 1]) == .delivered)
        #expect(await destination.deliver(chunk, items: [1]) == .delivered)
        #expect(
            server.received.map(\.line) == [
                "GET /base/ HTTP/1.1", "POST /base/_bulk?filter_path=errors,items.*.status,items.*.error HTTP/1.1",
                "POST /base/_bulk?filter_path=errors,items.*.status,items.*.error HTTP/1.1",
            ], "the version is asked once")
        let bulk = server.received[1]
        #expect(bulk.header("Content-Type") == "application/x-ndjson")
        #expect(bulk.header("Authorization") == "ApiKey aWQ6a2V5")
        #expect(bulk.header("X-Tenant") == "t1")
        #expect(bulk.text.hasPrefix(#"{"index":{"_index":"fluentd-20191217","_type":"_doc"}}"# + "\n{\"a\":1,"))
        #expect(bulk.text.split(separator: "\n").count == 4)
        #expect(server.received[2].text.split(separator: "\n").count == 2)
    }

    @Test("compression_level sends gzip")
    func gzip() async throws {
        defer { client.stop() }
        let server = try TestServer { $0.isBulk ? .ok(#"{"errors":false}"#) : .ok(es7) }
        defer { server.stop() }
        var settings = settings(server)
        let chunk = try chunk([#"{"a":1}"#, #"{"b":2}"#])
        #expect(await destination(settings).deliver(chunk, items: [0, 1]) == .delivered)
        settings.compressionLevel = 1
        #expect(await destination(settings).deliver(chunk, items: [0, 1]) == .delivered)
        let packed = try #require(server.received.last)
        #expect(packed.header("Content-Encoding") == "gzip")
        var input = ByteBuffer()
        input.append(packed.body)
        var output = ByteBuffer()
        try Gzip.decompress(Slice(offset: 0, length: input.count), of: input, into: &output)
        #expect(output.array() == server.received[1].body)
    }

    @Test("each item gets its own verdict; the rejection is explained")
    func itemVerdicts() async throws {
        defer { client.stop() }
        let answer = """
            {"errors":true,"items":[{"index":{"status":201}},{"index":{"status":429,"error":{"type":"es_rejected",\
            "reason":"queue \\"full\\""}}},{"index":{"status":400,"error":{"type":"mapper_parsing_exception","reason":\
            "failed to parse field [at] of type [date]","caused_by":{"type":"x","reason":"no date"}}}}]}
            """
        let server = try TestServer { $0.isBulk ? .ok(answer) : .ok(es7) }
        defer { server.stop() }
        let chunk = try chunk([#"{"n":0}"#, #"{"n":1}"#, #"{"n":2}"#, #"{"at":"then"}"#])
        let outcome = await destination(settings(server)).deliver(chunk, items: [0, 1, 3])
        let rejected = RejectedItem(
            item: 3, status: 400, type: "mapper_parsing_exception",
            reason: "field 'at' = 'then' is mapped as date in index 'fluentd-20191217' (no date): send it as ISO 8601 "
                + "(2019-12-17T17:55:04Z), rename the field, or map it with the format it has", subject: "at")
        #expect(
            outcome
                == .partial(
                    retry: [1], reason: Refusal(.busy, #"1 of 3 items failed: 429 es_rejected: queue "full""#),
                    rejected: [rejected]))
    }

    @Test(
        "whole answers",
        arguments: [
            (
                200, #"{"errors":true,"items":[{"index":{"status":201}}]}"#,
                "retry the server answered for 1 items and 2 were sent"
            ),
            (200, "<html>", "retry the bulk answer is no valid JSON at byte 0"),
            (413, "", "tooLarge HTTP 413"), (503, "busy", "retry HTTP 503: busy"), (429, "", "retry HTTP 429"),
            (401, "", "retry HTTP 401: the user or the api_key may not write"),
            (400, "bad", "partial [0, 1] HTTP 400: bad"),
            (502, "<html>", "retry HTTP 502: <html>"),
        ])
    func wholeAnswers(status: Int, body: String, expected: String) async throws {
        defer { client.stop() }
        let server = try TestServer { $0.isBulk ? .status(status, body) : .ok(es7) }
        defer { server.stop() }
        let outcome = await destination(settings(server)).deliver(try chunk(["{}", "{}"]), items: [0, 1])
        switch outcome {
        case .retry(let reason, nil): #expect("retry \(reason)" == expected)
        case .tooLarge(let reason): #expect("tooLarge \(reason)" == expected)
        case .partial([], _, let rejected):
            #expect("partial \(rejected.map(\.item)) \(rejected.first?.reason ?? "")" == expected)
        default: Issue.record("\(outcome)")
        }
    }

    @Test("Retry-After is passed on")
    func retryAfter() async throws {
        defer { client.stop() }
        let server = try TestServer { $0.isBulk ? .status(429, "", headers: "Retry-After: 12\r\n") : .ok(es7) }
        defer { server.stop() }
        let outcome = await destination(settings(server)).deliver(try chunk(["{}"]), items: [0])
        #expect(outcome == .retry(reason: Refusal(.busy, "HTTP 429"), after: 12))
    }

    @Test(
        "a server that turns out to want _type, or not, is served at once and from then on", arguments: [true, false])
    func adapts(wantsType: Bool) async throws {
        defer { client.stop() }
        let server = try TestServer { request in
            guard request.isBulk else { return .status(404, "") }
            let hasType = request.text.contains("_type")
            if hasType == wantsType { return .ok(#"{"errors":false}"#) }
            return .status(400, wantsType ? "Validation Failed: 1: type is missing;" : "unknown parameter [_type]")
        }
        defer { server.stop() }
        var settings = settings(server)
        settings.typeName = nil
        if !wantsType { settings.assumedMajorVersion = 6 }
        let destination = destination(settings)
        let chunk = try chunk(["{}"])
        #expect(await destination.deliver(chunk, items: [0]) == .delivered)
        #expect(await destination.deliver(chunk, items: [0]) == .delivered)
        #expect(server.received.filter(\.isBulk).count == 3)
        #expect(server.received.filter { !$0.isBulk }.count == (wantsType ? 1 : 0))
    }

    @Test("a server that is not there is a failure to retry; when it comes back it is asked what it is")
    func comesBack() async throws {
        defer { client.stop() }
        let version = Mutex(es7)
        let down = Mutex(false)
        let server = try TestServer { request in
            if down.withLock({ $0 }) { return .status(503, "starting") }
            return request.isBulk ? .ok(#"{"errors":false}"#) : .ok(version.withLock { $0 })
        }
        defer { server.stop() }
        var unreachable = settings(server)
        unreachable.hosts[0].port = 1
        let chunk = try chunk(["{}"])
        #expect(
            await destination(unreachable).deliver(chunk, items: [0])
                == .retry(reason: Refusal(.unreachable, "connection refused"), after: nil))
        down.withLock { $0 = true }
        let destination = destination(settings(server))
        #expect(
            await destination.deliver(chunk, items: [0])
                == .retry(reason: Refusal(.unreachable, "\(server.url) is not ready"), after: nil))
        down.withLock { $0 = false }
        #expect(await destination.deliver(chunk, items: [0]) == .delivered)
    }

    @Test("several servers take turns, a dead one is passed over and tried again later")
    func severalServers() async throws {
        defer { client.stop() }
        let servers = try (0..<2).map { _ in try TestServer { $0.isBulk ? .ok(#"{"errors":false}"#) : .ok(es7) } }
        defer { for server in servers { server.stop() } }
        var settings = settings(servers[0])
        settings.hosts = [host(1), host(Int(servers[0].port)), host(Int(servers[1].port))]
        let now = Mutex(100.0)
        let destination = ElasticsearchDestination(settings, client: client, now: { now.withLock { $0 } })
        let chunk = try chunk(["{}"])
        for _ in 0..<6 { #expect(await destination.deliver(chunk, items: [0]) == .delivered) }
        #expect(servers.map { $0.received.filter(\.isBulk).count } == [3, 3])
    }

    @Test("a chunk above bulk_message_request_threshold is sent in parts, in order")
    func threshold() async throws {
        defer { client.stop() }
        let server = try TestServer { $0.isBulk ? .ok(#"{"errors":false}"#) : .ok(es7) }
        defer { server.stop() }
        var settings = settings(server)
        settings.requestLimitBytes = 190
        let chunk = try chunk((0..<5).map { #"{"n":\#($0)}"# })
        #expect(await destination(settings).deliver(chunk, items: [0, 1, 2, 3, 4]) == .delivered)
        let parts = server.received.filter(\.isBulk).map { request in
            request.text.split(separator: "\n").filter { $0.contains("\"n\":") }.compactMap { $0.dropFirst(5).first }
        }
        #expect(parts == [["0", "1"], ["2", "3"], ["4"]])
        settings.requestLimitBytes = 1
        #expect(
            await destination(settings).deliver(chunk, items: [0]) == .delivered, "one item is sent whatever its size")
    }

    @Test("when a part fails, what was delivered is not sent again")
    func thresholdFailure() async throws {
        defer { client.stop() }
        let server = try TestServer { request in
            guard request.isBulk else { return .ok(es7) }
            return request.text.contains("\"n\":2") ? .status(503, "busy") : .ok(#"{"errors":false}"#)
        }
        defer { server.stop() }
        var settings = settings(server)
        settings.requestLimitBytes = 190
        let chunk = try chunk((0..<6).map { #"{"n":\#($0)}"# })
        let outcome = await destination(settings).deliver(chunk, items: chunk.allItems)
        #expect(outcome == .partial(retry: [2, 3, 4, 5], reason: Refusal(.busy, "HTTP 503: busy"), rejected: []))
    }

    @Test("one item that makes the server refuse the whole request is found; the others are delivered")
    func culprit() async throws {
        defer { client.stop() }
        let stored = Mutex(Set<Int>())
        let server = try TestServer { request in
            guard request.isBulk else { return .ok(es7) }
            if request.text.contains("culprit") { return .status(400, "Validation Failed: 1: id is too long") }
            for line in request.text.split(separator: "\n") where line.hasPrefix("{\"n\":") {
                let number = Int(line.dropFirst(5).prefix(while: \.isNumber)) ?? -1
                let isNew = stored.withLock { $0.insert(number).inserted }
                #expect(isNew, "sent twice")
            }
            return .ok(#"{"errors":false}"#)
        }
        defer { server.stop() }
        let chunk = try chunk((0..<1000).map { $0 == 777 ? #"{"n":777,"x":"culprit"}"# : #"{"n":\#($0)}"# })
        let outcome = await destination(settings(server)).deliver(chunk, items: chunk.allItems)
        let rejected = RejectedItem(
            item: 777, status: 400, type: "request_rejected", reason: "HTTP 400: Validation Failed: 1: id is too long")
        #expect(outcome == .partial(retry: [], reason: Refusal(.busy, ""), rejected: [rejected]))
        #expect(stored.withLock { $0.count } == 999)
    }

    @Test("a server that refuses everything is not flooded with halves")
    func refusesEverything() async throws {
        defer { client.stop() }
        let server = try TestServer { $0.isBulk ? .status(400, "no") : .ok(es7) }
        defer { server.stop() }
        let chunk = try chunk(Array(repeating: "{}", count: 1000))
        guard
            case .partial(let retry, _, let rejected) = await destination(settings(server))
                .deliver(chunk, items: chunk.allItems)
        else {
            Issue.record("not rejected")
            return
        }
        #expect(retry.isEmpty && Set(rejected.map(\.item)).count == 1000 && rejected.count == 1000)
        #expect(server.received.count < 140)
    }

    @Test("a 413 that comes while a large body is being sent is not lost")
    func earlyRefusal() async throws {
        defer { client.stop() }
        let refusal = "HTTP/1.1 413 Too Large\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
        let server = try TestServer(refusesAtHead: { $0.hasPrefix("POST") ? refusal : nil }) { _ in .ok(es7) }
        defer { server.stop() }
        var settings = settings(server)
        settings.http.timeoutSeconds = 20
        let large = #"{"x":"\#(String(repeating: "y", count: 1 << 20))"}"#
        let chunk = try chunk(Array(repeating: large, count: 12))
        let outcome = await destination(settings).deliver(chunk, items: chunk.allItems)
        #expect(outcome == .tooLarge(reason: Refusal(.tooLarge, "HTTP 413")))
    }

    @Test("every rule of outputs holds")
    func rules() async throws {
        defer { client.stop() }
        let working = try TestServer { $0.isBulk ? .ok(#"{"errors":false}"#) : .ok(es7) }
        let silent = try TestServer { $0.isBulk ? .silence : .ok(es7) }
        defer { for server in [working, silent] { server.stop() } }
        var nowhere = settings(working)
        nowhere.hosts[0].port = 1
        await OutputCompatTest.destinationRules(
            unreachable: destination(nowhere), silent: destination(settings(silent)),
            working: destination(settings(working)), try chunk([#"{"a":1}"#, "{}"]))
    }

    // MARK: - Parts

    private func settings(_ server: TestServer) -> ElasticsearchSettings {
        var settings = goldenSettings()
        settings.hosts = [host(Int(server.port))]
        return settings
    }

    private func host(_ port: Int) -> ElasticsearchHost {
        var host = ElasticsearchHost()
        host.host = "127.0.0.1"
        host.port = port
        return host
    }

    private func destination(_ settings: ElasticsearchSettings) -> ElasticsearchDestination {
        ElasticsearchDestination(settings, client: client, log: Log(handler: recorder))
    }

    private func chunk(_ records: [String]) throws -> SealedChunk {
        var batch = SampleBatch()
        for record in records { try batch.add(record) }
        return batch.format(with: try ElasticsearchFormatter(goldenSettings()))
    }
}

private let es7 = #"{"version":{"number":"7.17.10"}}"#

extension TestServer.Request {
    var isBulk: Bool { line.contains("_bulk") }
}
