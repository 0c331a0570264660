import Events
import Filters
import Foundation
import HTTPClient
import Logging
import Synchronization
import TestSupport
import Testing
import Time

/// The API server, as it is when it is well, and as it is when it is not.
@Suite(.timeLimit(.minutes(5))) struct KubernetesAPITests {
    private func api(
        _ url: String, patience: Int64 = 5000, timeout: Double = 5, token: (@Sendable () throws -> String)? = nil
    ) -> KubernetesAPI {
        var settings = KubernetesAPI.Settings(url: url + "/api")
        settings.options.timeoutSeconds = timeout
        settings.token = token
        settings.directory.patienceMilliseconds = patience
        let api = KubernetesAPI(settings, log: .discarding)
        api.enter()
        return api
    }

    private static func now() -> Int64 { Time.Clock.monotonicMilliseconds() }

    private static func reference(_ pod: String = "web-0", id: String = Samples.id) -> ContainerReference {
        ContainerReference(pod: PodName(pod, in: "shop"), container: "nginx", containerID: id)
    }

    /// What is found in the end, when it is worth waiting no longer.
    private func settled(
        _ api: KubernetesAPI, _ reference: ContainerReference = reference(), seconds: Double = 20
    ) async throws -> String {
        let end = Self.now() + Int64(seconds * 1000)
        while Self.now() < end {
            switch api.find(reference, at: Self.now()) {
            case .known(let pod, let namespace): return "\(pod?.uid ?? "none") \(namespace == nil ? "none" : "there")"
            case .unavailable: return "unavailable"
            case .wait: try await Task.sleep(for: .milliseconds(5))
            }
        }
        return "waiting"
    }

    private static func reply(_ request: TestServer.Request) -> TestServer.Reply {
        let path = String(request.line.split(separator: " ")[1])
        if path.contains("/pods/") {
            return .ok(Samples.pod(String(path.split(separator: "/")[5].prefix { $0 != "?" })))
        }
        return .ok(Samples.namespace())
    }

    @Test("a pod and its namespace are asked for once each, with the token as it is now") func asks() async throws {
        let server = try TestServer { Self.reply($0) }
        let reads = Mutex(0)
        let api = api(server.url) {
            "token-\(reads.withLock { reads in reads += 1; return reads })"
        }
        defer {
            api.leave()
            server.stop()
        }
        #expect(try await settled(api) == "uid-1 there")
        for _ in 0..<10 { _ = try await settled(api) }
        #expect(
            server.received.map(\.line).sorted() == [
                "GET /api/v1/namespaces/shop/pods/web-0?resourceVersion=0 HTTP/1.1",
                "GET /api/v1/namespaces/shop?resourceVersion=0 HTTP/1.1",
            ])
        #expect(Set(server.received.map { $0.header("Authorization") }) == ["Bearer token-1", "Bearer token-2"])
    }

    @Test("404: what the server's memory lacks is asked for once more, and then it is not there") func notFound()
        async throws
    {
        let server = try TestServer { _ in .status(404, #"{"kind":"Status","code":404}"#) }
        let api = api(server.url)
        defer {
            api.leave()
            server.stop()
        }
        #expect(try await settled(api) == "none none")
        #expect(server.received.count == 4)
        #expect(server.received.count { $0.line.contains("resourceVersion") } == 2)
    }

    @Test(
        "a server that refuses, fails, hangs up, speaks nonsense or says nothing stops nobody for longer than the patience",
        arguments: ["401", "403", "500", "429", "hang up", "cut", "nonsense", "array", "silence", "nobody"])
    func sick(_ how: String) async throws {
        let server = try TestServer { _ in
            switch how {
            case "hang up": .hangUp
            case "cut": .raw("HTTP/1.1 200 OK\r\nContent-Length: 5000\r\nConnection: close\r\n\r\n{\"metadata\":{\"na")
            case "nonsense": .ok("{\"metadata\":{\"name\":\"web-0\"")
            case "array": .ok("[1,2,3]")
            case "silence": .silence
            default: .status(Int(how) ?? 500, "{}")
            }
        }
        defer { server.stop() }
        let url = how == "nobody" ? "http://127.0.0.1:1" : server.url
        let api = api(url, patience: 300, timeout: 0.2)
        defer { api.leave() }
        let began = Self.now()
        // The filter's part: it gives up when its patience is over.
        while case .wait = api.find(Self.reference(), at: Self.now()), Self.now() - began < 300 {
            try await Task.sleep(for: .milliseconds(5))
        }
        api.giveUp(Self.reference())
        #expect(try await settled(api) == "unavailable")
        #expect(Self.now() - began < 10_000)
        #expect(server.received.count < 20, "a server that fails is not asked on and on")
    }

    @Test("a server that comes back is asked again, and answers") func recovers() async throws {
        let isWell = Atomic<Bool>(false)
        let server = try TestServer { isWell.load(ordering: .relaxed) ? Self.reply($0) : .status(503, "later") }
        let api = api(server.url)
        defer {
            api.leave()
            server.stop()
        }
        for _ in 0..<20 {
            _ = api.find(Self.reference(), at: Self.now())
            try await Task.sleep(for: .milliseconds(10))
        }
        isWell.store(true, ordering: .relaxed)
        #expect(try await settled(api) == "uid-1 there")
    }

    @Test("what failed is tried again by itself, and what is answered is not asked for again")
    func triesAgain() async throws {
        let isWell = Atomic<Bool>(false)
        let answers = Atomic<Int>(0)
        let server = try TestServer {
            guard isWell.load(ordering: .relaxed) else { return .status(503, "later") }
            answers.wrappingAdd(1, ordering: .relaxed)
            return Self.reply($0)
        }
        let api = api(server.url)
        defer {
            api.leave()
            server.stop()
        }
        _ = api.find(Self.reference(), at: Self.now())
        let end = Self.now() + 30_000
        // Nobody looks any more: the pod and the namespace fail, and one of them at least once more.
        while server.received.count < 3, Self.now() < end { try await Task.sleep(for: .milliseconds(10)) }
        isWell.store(true, ordering: .relaxed)
        while answers.load(ordering: .relaxed) < 2, Self.now() < end { try await Task.sleep(for: .milliseconds(10)) }
        #expect(answers.load(ordering: .relaxed) == 2, "\(server.received.count) requests")
        #expect(try await settled(api) == "uid-1 there")
        let count = server.received.count
        try await Task.sleep(for: .milliseconds(600))
        #expect(server.received.count == count)
    }

    @Test("a slow answer is waited for") func slow() async throws {
        let server = try TestServer { request in
            usleep(300_000)
            return Self.reply(request)
        }
        let api = api(server.url)
        defer {
            api.leave()
            server.stop()
        }
        #expect(try await settled(api) == "uid-1 there")
    }

    @Test("a pod of the same name in the place of another one is seen at its first line") func changes() async throws {
        let number = Atomic<Int>(1)
        let server = try TestServer { request in
            guard request.line.contains("/pods/") else { return Self.reply(request) }
            let now = number.load(ordering: .relaxed)
            return .ok(Samples.pod(uid: "uid-\(now)", containerID: "c\(now)"))
        }
        let api = api(server.url)
        defer {
            api.leave()
            server.stop()
        }
        #expect(try await settled(api, Self.reference(id: "c1")) == "uid-1 there")
        let generation = api.generation
        number.store(2, ordering: .relaxed)
        #expect(try await settled(api, Self.reference(id: "c2")) == "uid-2 there")
        #expect(api.generation > generation)
    }

    @Test("thousands of pods are asked for side by side, each once") func thousands() async throws {
        let server = try TestServer { Self.reply($0) }
        let api = api(server.url)
        defer {
            api.leave()
            server.stop()
        }
        let references = (0..<2000).map { Self.reference("p-\($0)") }
        for reference in references { _ = api.find(reference, at: Self.now()) }
        for reference in references { #expect(try await settled(api, reference, seconds: 60) == "uid-1 there") }
        #expect(server.received.count == 2001)
    }

    @Test("when the last filter goes, requests under way end") func leaves() async throws {
        let server = try TestServer { _ in .silence }
        defer { server.stop() }
        let api = api(server.url, timeout: 60)
        _ = api.find(Self.reference(), at: Self.now())
        while server.received.isEmpty { try await Task.sleep(for: .milliseconds(5)) }
        let began = Self.now()
        api.leave()
        #expect(Self.now() - began < 2000)
    }
}
