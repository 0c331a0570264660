import Compression
import Events
import Foundation
import HTTPClient
import Logging
import Outputs
import Synchronization
import TestSupport
import Testing

@Suite("Elasticsearch delivery", .timeLimit(.minutes(10)))
struct ElasticsearchDestinationTests {
    let client: HTTPClient
    let recorder = LogRecorder()

    init() throws { client = try HTTPClient() }

    @Test("a chunk is one request, with what the protocol wants")
    func request() async throws {
        defer { client.stop() }
        let server = try TestServer { $0.isBulk ? $0.taken : .ok(es7) }
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
        let server = try TestServer { $0.isBulk ? $0.taken : .ok(es7) }
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
                + "(2019-12-17T17:55:04Z), rename the field, or map it with the format it has", subject: "at",
            index: "fluentd-20191217")
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
            (413, "", "retry HTTP 413"), (503, "busy", "retry HTTP 503: busy"), (429, "", "retry HTTP 429"),
            (401, "", "retry HTTP 401: the user or the api_key may not write"),
            (400, "<html><head><title>400 The plain HTTP request\r\nwas sent to HTTPS port</title></head>", nginx),
            (
                400, #"{"error":{"type":"parse_exception","reason":"r"}}"#,
                notServers(#"{"error":{"type":"parse_exception","reason":"r"}}"#)
            ),
            (
                400, #"{"error":{"type":"parse_exception","reason":"r"},"status":500}"#,
                notServers(#"{"error":{"type":"parse_exception","reason":"r"},"status":500}"#)
            ),
            (
                400, #"{"error":{"type":"parse_exception","reason":"bad;"},"status":400}"#,
                "rejected HTTP 400: parse_exception: bad"
            ),
            (
                400, #"{"error":{"type":"index_closed_exception","reason":"closed"},"status":400}"#,
                "retry HTTP 400: index_closed_exception: closed: open the index (POST /NAME/_open)"
            ),
            (
                404, "<p>not\u{1B}[31m here</p>",
                "retry HTTP 404: not [31m here: no search server says so; are host, port, scheme and path right?"
            ),
            (302, "", "retry HTTP 302: redirects are not followed; set host, port, scheme and path to where they lead"),
            (204, "", "retry the bulk answer is no valid JSON at byte 0"), (502, "<html>", "retry HTTP 502"),
            (
                200, "<html><h1>Login</h1>please</html>",
                "retry the bulk answer is no valid JSON at byte 0: Login please"
            ),
        ])
    func wholeAnswers(status: Int, body: String, expected: String) async throws {
        defer { client.stop() }
        let server = try TestServer { $0.isBulk ? .status(status, body) : .ok(es7) }
        defer { server.stop() }
        let outcome = await destination(settings(server)).deliver(try chunk(["{}", "{}"]), items: [0, 1])
        switch outcome {
        case .retry(let reason, nil): #expect("retry \(reason)" == expected)
        case .rejected(let reason): #expect("rejected \(reason)" == expected)
        default: Issue.record("\(outcome)")
        }
    }

    @Test(
        "an answer that does not say of each document that it was taken confirms none it does not name",
        arguments: [
            #"{"took":1,"errors":false}"#, #"{"errors":false,"items":[]}"#, #"{"took":1,"errors":false,"ite"#,
            #"{"errors":false,"items":[OK]}"#, #"{"errors":false,"items":[OK,OK,OK]}"#,
            #"{"errors":false,"items":[OK,OK]"#, #"{"errors":false,"items":[OK,OK]}}"#,
            #"{"errors":false,"items":[OK,OK]} {}"#, #"{"errors":false,"items":[OK,OK],}"#,
            #"{"errors":false,"items":[OK,OK],"items":[OK,OK]}"#, #"{"errors":false,"items":[OK OK]}"#,
            #"[{"errors":false}]"#, "true", "", "Login", #"{"errors":false,"items":{"0":OK,"1":OK}}"#,
        ])
    func provesNothing(answer: String) async throws {
        defer { client.stop() }
        let body = answer.replacingOccurrences(of: "OK", with: #"{"index":{"status":201}}"#)
        let server = try TestServer { $0.isBulk ? .ok(body) : .ok(es7) }
        defer { server.stop() }
        let outcome = await destination(settings(server)).deliver(try chunk(["{}", "{}"]), items: [0, 1])
        guard case .retry(let reason, nil) = outcome else {
            Issue.record("\(outcome)")
            return
        }
        #expect(reason.kind == .unclear)
    }

    @Test(
        "an item counts for what it says itself: without a status, or with a strange one, it is sent again",
        arguments: [
            "{}", "null", "7", #"{"index":{}}"#, #"{"index":{"status":"201"}}"#, #"{"index":{"status":-201}}"#,
            #"{"index":{"status":99999999999999999999}}"#, #"{"index":{"status":201.0}}"#,
            #"{"index":{"status":201,"status":201}}"#, #"{"index":{"status":201},"create":{"status":201}}"#,
            #"{"upsert":{"status":201}}"#, #"{"status":201}"#, #"{"index":{"status":400}}"#, #"{"index":[201]}"#,
            #"{"index":{"status":201,"error":{"type":"mapper_parsing_exception","reason":"x"}}}"#,
            #"{"index":{"status":302}}"#, #"{"index":{"error":{"type":"mapper_parsing_exception"}}}"#,
        ])
    func unclearItem(item: String) async throws {
        defer { client.stop() }
        let answer = #"{"errors":false,"items":[{"index":{"status":201}},\#(item),{"create":{"status":200}}]}"#
        let server = try TestServer { $0.isBulk ? .ok(answer) : .ok(es7) }
        defer { server.stop() }
        let outcome = await destination(settings(server)).deliver(try chunk(["{}", "{}", "{}"]), items: [0, 1, 2])
        guard case .partial(let retry, let reason, let rejected) = outcome else {
            Issue.record("\(outcome)")
            return
        }
        #expect(retry == [1] && rejected.isEmpty && reason.kind == .unclear)
    }

    @Test("a server that does not answer in time gets less and is given more time; nothing confirmed goes twice")
    func slowServer() async throws {
        defer { client.stop() }
        let stored = Mutex([String: Int]())
        let server = try TestServer { request in
            guard request.isBulk else { return .ok(es7) }
            let lines = request.text.split(separator: "\n").filter { $0.hasPrefix("{\"n\"") }.map(String.init)
            usleep(UInt32(lines.count) * 3000)
            stored.withLock { stored in for line in lines { stored[line, default: 0] += 1 } }
            return request.taken
        }
        defer { server.stop() }
        var settings = settings(server)
        settings.http.timeoutSeconds = 2
        let destination = ElasticsearchDestination(settings, client: client, log: Log(handler: recorder))
        let chunk = try chunk((0..<1200).map { #"{"n":\#($0)}"# })
        var rest = chunk.allItems
        for _ in 0..<50 where !rest.isEmpty {
            switch await destination.deliver(chunk, items: rest) {
            case .delivered: rest = ItemSet()
            case .partial(let retry, _, _): rest = retry
            default: break
            }
        }
        #expect(rest.isEmpty)
        let copies = stored.withLock { $0.values.max() ?? 0 }
        #expect(stored.withLock { $0.count } == 1200 && copies <= 3, "\(copies) copies")
        #expect(recorder.lines.contains { $0.contains("documents/s; requests are now at most") })
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
            if hasType == wantsType { return request.taken }
            return wantsType
                ? refused("action_request_validation_exception", "Validation Failed: 1: type is missing;")
                : refused(
                    "illegal_argument_exception", "Action/metadata line [1] contains an unknown parameter [_type]")
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
            return request.isBulk ? request.taken : .ok(version.withLock { $0 })
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
        let servers = try (0..<2).map { _ in try TestServer { $0.isBulk ? $0.taken : .ok(es7) } }
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
        let server = try TestServer { $0.isBulk ? $0.taken : .ok(es7) }
        defer { server.stop() }
        var settings = settings(server)
        settings.requestLimitBytes = 350
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
            return request.text.contains("\"n\":2") ? .status(503, "busy") : request.taken
        }
        defer { server.stop() }
        var settings = settings(server)
        settings.requestLimitBytes = 350
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
            if request.text.contains("culprit") {
                return refused("parse_exception", "Validation Failed: 1: id is too long;")
            }
            for line in request.text.split(separator: "\n") where line.hasPrefix("{\"n\":") {
                let number = Int(line.dropFirst(5).prefix(while: \.isNumber)) ?? -1
                let isNew = stored.withLock { $0.insert(number).inserted }
                #expect(isNew, "sent twice")
            }
            return request.taken
        }
        defer { server.stop() }
        let chunk = try chunk((0..<1000).map { $0 == 777 ? #"{"n":777,"x":"culprit"}"# : #"{"n":\#($0)}"# })
        let outcome = await destination(settings(server)).deliver(chunk, items: chunk.allItems)
        let rejected = RejectedItem(
            item: 777, status: 400, type: "request_rejected",
            reason: "HTTP 400: parse_exception: Validation Failed: 1: id is too long")
        #expect(outcome == .partial(retry: [], reason: Refusal(.busy, ""), rejected: [rejected]))
        #expect(stored.withLock { $0.count } == 999)
    }

    @Test("a server that refuses everything is not flooded with halves")
    func refusesEverything() async throws {
        defer { client.stop() }
        let server = try TestServer { $0.isBulk ? refused("parse_exception", "no") : .ok(es7) }
        defer { server.stop() }
        let chunk = try chunk(Array(repeating: "{}", count: 1000))
        let outcome = await destination(settings(server)).deliver(chunk, items: chunk.allItems)
        #expect(outcome == .rejected(reason: Refusal(.invalid, "HTTP 400: parse_exception: no")))
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
        guard
            case .partial(let retry, _, let rejected) = await destination(settings)
                .deliver(chunk, items: chunk.allItems)
        else {
            Issue.record("documents of a megabyte that are too large alone are rejected")
            return
        }
        #expect(retry.isEmpty && rejected.map(\.item) == Array(0..<12))
        #expect(rejected.allSatisfy { $0.status == 413 && $0.reason == "HTTP 413" })
    }

    @Test("every rule of outputs holds")
    func rules() async throws {
        defer { client.stop() }
        let working = try TestServer { $0.isBulk ? $0.taken : .ok(es7) }
        let silent = try TestServer { $0.isBulk ? .silence : .ok(es7) }
        defer { for server in [working, silent] { server.stop() } }
        var nowhere = settings(working)
        nowhere.hosts[0].port = 1
        var patient = settings(silent)
        patient.http.timeoutSeconds = 600
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

    /// Its clock stands still: how busy the machine is does not decide how large requests are.
    private func destination(_ settings: ElasticsearchSettings) -> ElasticsearchDestination {
        ElasticsearchDestination(settings, client: client, log: Log(handler: recorder), now: { 100 })
    }

    private func chunk(_ records: [String]) throws -> LoadedChunk {
        var batch = SampleBatch()
        for record in records { try batch.add(record) }
        return batch.format(with: try ElasticsearchFormatter(goldenSettings()))
    }
}

private let es7 = #"{"version":{"number":"7.17.10"}}"#
private let nginx = notServers("400 The plain HTTP request was sent to HTTPS port")

private func notServers(_ words: String) -> String {
    "retry HTTP 400: \(words): no search server says so; are host, port, scheme and path right?"
}

/// What a search server says when it refuses a whole request.
private func refused(_ type: String, _ reason: String) -> TestServer.Reply {
    .status(400, #"{"error":{"root_cause":[],"type":"\#(type)","reason":"\#(reason)"},"status":400}"#)
}

extension TestServer.Request {
    var isBulk: Bool { line.contains("_bulk") }

    /// The answer of a search server that took every document.
    var taken: TestServer.Reply { .ok(#"{"took":1,"errors":false,"items":[\#(items)]}"#) }

    private var items: String {
        var bytes = body
        if header("Content-Encoding") == "gzip" {
            let packed = ByteBuffer(body)
            var plain = ByteBuffer()
            try? Gzip.decompress(packed.all, of: packed, into: &plain)
            bytes = plain.array()
        }
        let count = bytes.split(separator: 0x0A).count / 2
        return Array(repeating: #"{"index":{"status":201}}"#, count: count).joined(separator: ",")
    }
}
