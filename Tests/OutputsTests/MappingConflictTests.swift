import Events
import Foundation
import HTTPClient
import Logging
import Synchronization
import TestSupport
import Testing

@testable import Outputs

@Suite("on_mapping_conflict rename", .timeLimit(.minutes(10)))
struct MappingConflictTests {
    private func renamed(_ field: String, _ document: String, isWrapped: Bool = false) -> String? {
        var bytes = ByteBuffer()
        bytes.append("xx")
        let slice = bytes.append(copyOf: Array(document.utf8))
        return FieldRenaming(field, in: bytes, slice, isWrapped: isWrapped).map {
            "\(String(decoding: $0.document, as: UTF8.self)) \($0.name)"
        }
    }

    @Test(
        "only the field's name changes, wherever it stands",
        arguments: [
            ("took", #"{"a":1,"took":"5 ms","b":"took"}"#, #"{"a":1,"took_string":"5 ms","b":"took"} took_string"#),
            ("n", #"{ "n" : -12 }"#, #"{ "n_long" : -12 } n_long"#),
            ("n", #"{"n":1.5}"#, #"{"n_double":1.5} n_double"#), ("n", #"{"n":1e3}"#, #"{"n_double":1e3} n_double"#),
            ("d", #"{"d":"2019-12-17"}"#, #"{"d_date":"2019-12-17"} d_date"#),
            ("d", #"{"d":"2019-12-17T18:15:04Z"}"#, #"{"d_date":"2019-12-17T18:15:04Z"} d_date"#),
            ("d", #"{"d":"2019-12-17 18:15:04"}"#, #"{"d_string":"2019-12-17 18:15:04"} d_string"#),
            ("d", #"{"d":"20"}"#, #"{"d_string":"20"} d_string"#),
            ("n", #"{"n":true}"#, #"{"n_boolean":true} n_boolean"#),
            ("n", #"{"n":{"a":1}}"#, #"{"n_object":{"a":1}} n_object"#),
            ("n", #"{"n":[null,[],"x",1]}"#, #"{"n_string":[null,[],"x",1]} n_string"#),
            ("a.b.c", #"{"a":{"b":{"c":1,"d":2}},"c":3}"#, #"{"a":{"b":{"c_long":1,"d":2}},"c":3} a.b.c_long"#),
            ("a.b", #"{"a.b":"x","a":{"b":"y"}}"#, #"{"a.b_string":"x","a":{"b_string":"y"}} a.b_string"#),
            ("a.b.c", #"{"a.b":{"c":1}}"#, #"{"a.b":{"c_long":1}} a.b.c_long"#),
            ("a.b", #"{"a":[{"b":1},{"c":2},{"b":"x"}]}"#, #"{"a":[{"b_long":1},{"c":2},{"b_string":"x"}]} a.b_long"#),
            ("a", #"{"a.b":1,"c":2}"#, #"{"a_object.b":1,"c":2} a_object"#),
            ("ä\"\n", #"{"\u00e4\"\n":1}"#, #"{"\u00e4\"\n_long":1} ä"# + "\"\n_long"),
            ("a", #"{"a":1,"a_string":2}"#, #"{"a_long":1,"a_string":2} a_long"#),
        ])
    func renames(_ field: String, _ document: String, _ expected: String) {
        #expect(renamed(field, document) == expected)
        let wrapped = "{\"doc\":\(document)}"
        let space = expected.lastIndex(of: " ")!
        #expect(
            renamed(field, wrapped, isWrapped: true) == "{\"doc\":\(expected[..<space])}\(expected[space...])")
    }

    @Test(
        "what is not there, is null, or would take another field's name stays as it is",
        arguments: [
            ("b", #"{"a":1}"#), ("a", #"{"a":null}"#), ("a", #"{"a":[null,[]]}"#), ("a", #"{"a":1,"a_long":2}"#),
            ("a.b", #"{"a":{"b":1,"b_long":2}}"#), ("", #"{"a":1}"#), ("a", "[]"), ("a", #"{"a":1"#),
        ])
    func stays(_ field: String, _ document: String) {
        #expect(renamed(field, document) == nil)
    }

    /// A server whose fields are what their first values are, and that names one field at a time, as they do.
    private final class Mapping: Sendable {
        private let state = Mutex<(types: [String: String], stored: [String], requests: Int)>(([:], [], 0))
        /// Answers these requests, counted from 0, with 503.
        let busy: Set<Int>

        init(busy: Set<Int> = []) { self.busy = busy }

        var stored: [String] { state.withLock { $0.stored } }

        func answer(_ request: TestServer.Request) -> TestServer.Reply {
            let number = state.withLock { state in
                state.requests += 1
                return state.requests - 1
            }
            if busy.contains(number) { return .status(503, "busy") }
            let lines = request.text.split(separator: "\n")
            let items = stride(from: 1, to: lines.count, by: 2).map { answer(String(lines[$0])) }
            return .ok(#"{"took":1,"errors":true,"items":[\#(items.joined(separator: ","))]}"#)
        }

        private func answer(_ line: String) -> String {
            let object = (try? JSONSerialization.jsonObject(with: Data(line.utf8))) as? [String: Any] ?? [:]
            return state.withLock { state in
                for (key, value) in object.sorted(by: { $0.key < $1.key }) where key != "@timestamp" {
                    let type = value is String ? "keyword" : value is [String: Any] ? "object" : "long"
                    guard let known = state.types[key], known != type else {
                        state.types[key] = type
                        continue
                    }
                    let reason = "failed to parse field [\(key)] of type [\(known)]"
                    return
                        #"{"index":{"status":400,"error":{"type":"mapper_parsing_exception","reason":"\#(reason)"}}}"#
                }
                state.stored.append(line.split(separator: ",\"@timestamp\"")[0] + "}")
                return #"{"index":{"status":201}}"#
            }
        }
    }

    private func deliver(
        _ records: [String], to mapping: Mapping, _ recorder: LogRecorder = LogRecorder(),
        renamed: Int? = nil, _ change: (inout ElasticsearchSettings) -> Void = { _ in }
    ) async throws -> DeliveryOutcome {
        let client = try HTTPClient()
        defer { client.stop() }
        let server = try TestServer {
            $0.line.contains("_bulk") ? mapping.answer($0) : .ok(#"{"version":{"number":"7.17.10"}}"#)
        }
        defer { server.stop() }
        var settings = goldenSettings()
        settings.hosts[0].host = "127.0.0.1"
        settings.hosts[0].port = Int(server.port)
        settings.renamesConflicts = true
        change(&settings)
        var batch = SampleBatch()
        for record in records { try batch.add(record) }
        let chunk = batch.format(with: try ElasticsearchFormatter(settings))
        let destination = ElasticsearchDestination(
            settings, client: client, log: Log(handler: recorder), now: { 100 })
        let outcome = await destination.deliver(chunk, items: chunk.allItems)
        if let renamed { #expect(destination.renamedFieldCount == renamed) }
        return outcome
    }

    @Test("documents of two shapes are both stored, with every field that does not fit renamed, and told of once")
    func bothShapes() async throws {
        let (mapping, recorder) = (Mapping(), LogRecorder())
        let outcome = try await deliver(
            [
                #"{"n":0,"took":1,"user":"x"}"#, #"{"n":1,"took":"1 ms","user":{"id":1}}"#, #"{"n":2,"took":"2 ms"}"#,
                #"{"n":"three"}"#,
            ], to: mapping, recorder, renamed: 4)
        #expect(outcome == .delivered)
        #expect(
            mapping.stored.sorted() == [
                #"{"n":0,"took":1,"user":"x"}"#, #"{"n":1,"took_string":"1 ms","user_object":{"id":1}}"#,
                #"{"n":2,"took_string":"2 ms"}"#, #"{"n_string":"three"}"#,
            ])
        #expect(recorder.lines.filter { $0.contains("sent again as") }.count == 3, "n, took and user")
    }

    @Test("generated ids, and those of id_key, stay with the renamed document") func ids() async throws {
        let mapping = Mapping()
        let outcome = try await deliver([#"{"n":0}"#, #"{"n":"x"}"#], to: mapping) { $0.generatesIDs = true }
        #expect(outcome == .delivered && mapping.stored == [#"{"n":0}"#, #"{"n_string":"x"}"#])
    }

    @Test("a new name that does not fit either is made longer once; then the item is refused, under its own number")
    func refusedAgain() async throws {
        let mapping = Mapping()
        let outcome = try await deliver(
            [
                #"{"a":1,"a_string":{"x":1},"a_string_string":1}"#, #"{"b":1,"b_string":7}"#, #"{"a":"text"}"#,
                #"{"b":"y"}"#,
            ], to: mapping)
        guard case .partial(let retry, _, let rejected) = outcome else {
            Issue.record("\(outcome)")
            return
        }
        #expect(retry.isEmpty && rejected.map(\.item) == [2] && rejected[0].index.hasPrefix("fluentd-"))
        #expect(
            mapping.stored.sorted() == [
                #"{"a":1,"a_string":{"x":1},"a_string_string":1}"#, #"{"b":1,"b_string":7}"#,
                #"{"b_string_string":"y"}"#,
            ])
    }

    @Test("a server that has no time for the renamed ones gets the items again, later") func busyLater() async throws {
        let mapping = Mapping(busy: [1])
        let outcome = try await deliver([#"{"n":0}"#, #"{"n":"x"}"#, #"{"n":1}"#], to: mapping)
        guard case .partial(let retry, let reason, let rejected) = outcome else {
            Issue.record("\(outcome)")
            return
        }
        #expect(retry == [1] && rejected.isEmpty && reason.kind == .busy)
    }

    @Test("without it such a document is refused, and so goes to @ERROR or the dead letters") func off() async throws {
        let mapping = Mapping()
        let outcome = try await deliver([#"{"n":0}"#, #"{"n":"x"}"#], to: mapping) { $0.renamesConflicts = false }
        guard case .partial(_, _, let rejected) = outcome else {
            Issue.record("\(outcome)")
            return
        }
        #expect(rejected.map(\.item) == [1] && mapping.stored == [#"{"n":0}"#])
    }
}
