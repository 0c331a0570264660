import Events
import Foundation
import HTTPClient
import Logging
import Outputs
import TestSupport
import Testing

/// What released servers answer, through the whole output. They are started from `SLUICE_TEST_SERVERS`, by default
/// `../shared/servers`, and need Java; without both the tests are skipped:
/// `SLUICE_TEST_SERVERS=/work/shared/servers swift test --filter RealServerTests`
@Suite("Real servers", .serialized, .enabled(if: RealServer.isAvailable, "no SLUICE_TEST_SERVERS or no java"))
struct RealServerTests {
    @Test(
        "every kind of answer", .timeLimit(.minutes(10)),
        arguments: ["opensearch", "elasticsearch-7", "elasticsearch-6"])
    func answers(name: String) async throws {
        let server = try RealServer(name)
        defer { server.stop() }
        let client = try HTTPClient()
        defer { client.stop() }
        let recorder = LogRecorder()
        var settings = goldenSettings()
        settings.hosts = [server.host]
        settings.http.timeoutSeconds = 30
        func deliver(_ settings: ElasticsearchSettings, _ records: [String]) async throws -> DeliveryOutcome {
            let chunk = try chunk(records, settings)
            return await ElasticsearchDestination(settings, client: client, log: Log(handler: recorder))
                .deliver(chunk, items: chunk.allItems)
        }

        // A server on a busy machine answers its first requests late or with 503, which is no answer to this test.
        let first = [#"{"at":"2019-12-18T00:00:00Z","s":"x","o":{"a":1},"n":5}"#]
        var opening = try await deliver(settings, first)
        for _ in 0..<20 {
            guard case .retry = opening else { break }
            try await Task.sleep(for: .seconds(1))
            opening = try await deliver(settings, first)
        }
        #expect(opening == .delivered)
        #expect(
            recorder.lines.contains { $0.contains(name == "opensearch" ? "found OpenSearch 2" : "found Elasticsearch") }
        )

        // One bad item among good ones, in each of the ways.
        let bad = [
            (#"{"at":"2019-12-18 19:24:38"}"#, "is mapped as date in index 'fluentd-20191217'"),
            (#"{"s":{"deep":1}}"#, "field 's'"), (#"{"n":"five"}"#, "send a number"), (#"{"o":"flat"}"#, "field 'o'"),
        ]
        let outcome = try await deliver(settings, [#"{"n":1}"#] + bad.map(\.0) + [#"{"n":2}"#])
        guard case .partial(let retry, _, let rejected) = outcome else {
            Issue.record("\(outcome)")
            return
        }
        #expect(retry.isEmpty && rejected.map(\.item) == [1, 2, 3, 4])
        #expect(rejected.allSatisfy { $0.status == 400 && $0.type == "mapper_parsing_exception" })
        for ((record, text), item) in zip(bad, rejected) {
            #expect(item.reason.contains(text), "\(record): \(item.reason)")
        }

        // gzip, a pipeline that is not there, a bad index, ids.
        var other = settings
        other.compressionLevel = 1
        #expect(try await deliver(other, (0..<1000).map { #"{"n":\#($0)}"# }) == .delivered)
        other.pipeline = "nope"
        guard case .partial([0], let reason, []) = try await deliver(other, ["{}"]) else {
            Issue.record("a pipeline that is missing can be made, and the document is welcome then")
            return
        }
        #expect(reason.kind == .blocked && reason.sentence.contains("create the ingest pipeline"))
        other = settings
        other.targetIndexKey = try RecordAccessor("index")
        await expectRejected(
            try await deliver(other, [#"{"index":"bad name"}"#, "{}"]), "invalid_index_name_exception")
        other = settings
        other.idKey = try RecordAccessor("id")
        other.routingKey = try RecordAccessor("id")
        other.writeOperation = .create
        #expect(try await deliver(other, [#"{"id":"1"}"#]) == .delivered)
        #expect(try await deliver(other, [#"{"id":"1"}"#]) == .delivered, "an id that is there was delivered before")
        other.writeOperation = .upsert
        #expect(try await deliver(other, [#"{"id":"1","m":2}"#]) == .delivered)
        let wide = "{" + (0..<1100).map { #""f\#($0)":1"# }.joined(separator: ",") + "}"
        await expectRejected(
            try await deliver(settings, [wide]), "illegal_argument_exception", saying: "already has 1000 fields")

        // The wrong assumption about _type is corrected at once.
        other = settings
        other.assumedMajorVersion = name == "opensearch" ? 6 : 8
        #expect(try await deliver(other, ["{}"]) == .delivered)

        // Disk watermark: the index is blocked.
        let block = #"{"index.blocks.read_only_allow_delete":true}"#
        try await put(client, server, "/fluentd-20191217/_settings", block)
        let blocked = try await deliver(settings, ["{}"])
        guard case .partial(let retry, let reason, let rejected) = blocked else {
            Issue.record("\(blocked)")
            return
        }
        #expect(retry == [0] && rejected.isEmpty && reason.sentence.contains("cluster_block_exception"), "\(reason)")

        // What arrived is what was sent.
        try await put(client, server, "/fluentd-20191217/_settings", block.replacing("true", with: "null"))
        _ = try await client.send(HTTPRequest(.post, server.host.baseURL + "/_refresh"))
        let count = try await client.send(HTTPRequest(.get, server.host.baseURL + "/fluentd-20191217/_count")).excerpt()
        #expect(count.contains(#""count":1006"#), "\(count)")

        // An outage, with recovery.
        server.kill()
        guard case .retry(let reason, _) = try await deliver(settings, ["{}"]) else {
            Issue.record("a dead server must be a retry")
            return
        }
        #expect(reason == Refusal(.unreachable, "connection refused"))
    }

    @Test("a full write queue: some items now, the others later", .timeLimit(.minutes(10)))
    func fullQueue() async throws {
        let server = try RealServer(
            "opensearch", settings: ["thread_pool.write.queue_size=1", "thread_pool.write.size=1"])
        defer { server.stop() }
        let client = try HTTPClient()
        defer { client.stop() }
        var settings = goldenSettings()
        settings.hosts = [server.host]
        settings.http.timeoutSeconds = 30
        settings.indexName = "q-${i}"
        settings.logstashFormat = false
        let chunk = try chunk((0..<400).map { #"{"i":\#($0 % 20)}"# }, settings)
        let destination = ElasticsearchDestination(settings, client: client)
        _ = await destination.deliver(chunk, items: ItemSet(0..<20))
        let outcomes = await withTaskGroup(of: DeliveryOutcome.self) { group in
            for _ in 0..<16 { group.addTask { await destination.deliver(chunk, items: chunk.allItems) } }
            return await group.reduce(into: []) { $0.append($1) }
        }
        let refusals = outcomes.filter { $0 != .delivered }
        #expect(!refusals.isEmpty, "the queue was never full")
        for outcome in refusals {
            switch outcome {
            case .partial(let retry, let reason, let rejected):
                #expect(!retry.isEmpty && rejected.isEmpty && reason.sentence.contains("rejected_execution_exception"))
            case .retry(let reason, _): #expect(reason.sentence.contains("429"))
            default: Issue.record("\(outcome)")
            }
        }
    }

    @Test("a body over http.max_content_length is too large, not lost", .timeLimit(.minutes(10)))
    func maximumContentLength() async throws {
        let server = try RealServer("opensearch", settings: ["http.max_content_length=1mb"])
        defer { server.stop() }
        let client = try HTTPClient()
        defer { client.stop() }
        var settings = goldenSettings()
        settings.hosts = [server.host]
        settings.http.timeoutSeconds = 30
        let text = String(repeating: "x", count: 1 << 16)
        let large = String(repeating: "y", count: 1 << 21)
        let records = (0..<100).map { #"{"i":\#($0),"t":"\#($0 == 70 ? large : text)"}"# }
        let chunk = try chunk(records, settings)
        let destination = ElasticsearchDestination(settings, client: client)
        // Requests are made smaller until the server takes them; the one document that no request can hold is refused.
        guard case .partial(let retry, _, let rejected) = await destination.deliver(chunk, items: chunk.allItems) else {
            Issue.record("one document alone is larger than the server takes")
            return
        }
        #expect(retry.isEmpty && rejected.map(\.item) == [70] && rejected.first?.status == 413)
        _ = try await client.send(HTTPRequest(.post, server.host.baseURL + "/_refresh"))
        let count = try await client.send(HTTPRequest(.get, server.host.baseURL + "/fluentd-20191217/_count")).excerpt()
        #expect(count.contains(#""count":99"#), "\(count)")
    }

    private func chunk(_ records: [String], _ settings: ElasticsearchSettings) throws -> LoadedChunk {
        var batch = SampleBatch()
        for record in records { try batch.add(record) }
        return batch.format(with: try ElasticsearchFormatter(settings))
    }

    private func put(_ client: HTTPClient, _ server: RealServer, _ path: String, _ json: String) async throws {
        var body = ByteBuffer()
        body.append(json)
        var request = HTTPRequest(.put, server.host.baseURL + path, body: BytesBody(body))
        request.headers = [("Content-Type", "application/json")]
        let response = try await client.send(request)
        #expect(response.status == 200, "\(response.excerpt())")
    }

    private func expectRejected(_ outcome: DeliveryOutcome, _ type: String, saying text: String = "") async {
        guard case .partial(let retry, _, let rejected) = outcome else {
            Issue.record("\(outcome)")
            return
        }
        #expect(retry.isEmpty && rejected.map(\.item) == [0] && rejected.map(\.type) == [type])
        if !text.isEmpty { #expect(rejected.allSatisfy { $0.reason.contains(text) }, "\(rejected)") }
    }
}

/// One started server; its data is gone when it is stopped.
final class RealServer {
    static let folder = ProcessInfo.processInfo.environment["SLUICE_TEST_SERVERS"] ?? "../shared/servers"
    static var isAvailable: Bool {
        FileManager.default.isExecutableFile(atPath: folder + "/start")
            && FileManager.default.isExecutableFile(atPath: "/usr/bin/java")
    }

    private let process = Process()
    private let data: String
    let host: ElasticsearchHost

    init(_ name: String, settings: [String] = []) throws {
        let port = Int.random(in: 20_000..<30_000)
        data = "/tmp/sluice-\(name)-\(port)"
        var host = ElasticsearchHost()
        host.host = "127.0.0.1"
        host.port = port
        self.host = host
        let output = Pipe()
        process.executableURL = URL(fileURLWithPath: Self.folder + "/start")
        process.arguments = [name, String(port), data] + settings
        process.standardOutput = output
        process.standardError = FileHandle.nullDevice
        try process.run()
        // "ready PORT" is the first thing it says.
        var text = ""
        while !text.contains("ready") {
            let more = output.fileHandleForReading.availableData
            if more.isEmpty { throw POSIXError(.ECHILD) }
            text += String(decoding: more, as: UTF8.self)
        }
    }

    func kill() {
        process.terminate()
        process.waitUntilExit()
    }

    func stop() {
        if process.isRunning { kill() }
        try? FileManager.default.removeItem(atPath: data)
    }
}
