import Events
import Foundation
import HTTPClient
import Synchronization
import TestSupport
import Testing

@Suite("HTTP client", .timeLimit(.minutes(10)))
struct HTTPClientTests {
    let client: HTTPClient

    init() throws { client = try HTTPClient() }

    @Test("a request arrives as it was meant, and the answer comes back")
    func roundTrip() async throws {
        defer { client.stop() }
        let server = try TestServer { _ in .status(201, "answer", headers: "Retry-After: 7\r\n") }
        defer { server.stop() }
        var request = HTTPRequest(.post, server.url + "/p?q=1", body: BytesBody(bytes("hello")))
        request.headers = [("Content-Type", "application/x-ndjson"), ("X-Empty", "")]
        request.options.user = "u"
        request.options.password = "p:w"
        let response = try await client.send(request)
        #expect(response.status == 201 && response.excerpt() == "answer" && response.retryAfterSeconds == 7)
        let received = try #require(server.received.first)
        #expect(received.line == "POST /p?q=1 HTTP/1.1")
        #expect(received.text == "hello")
        #expect(received.header("Content-Length") == "5")
        #expect(received.header("Content-Type") == "application/x-ndjson")
        #expect(received.header("X-Empty") == "")
        #expect(received.header("Authorization") == "Basic dTpwOnc=")
        #expect(received.header("Expect") == nil && received.header("Transfer-Encoding") == nil)
    }

    @Test("connections are kept: requests in a row share one, requests at once do not wait for each other")
    func keepAlive() async throws {
        defer { client.stop() }
        let together = 16
        let arrived = Mutex(0)
        let server = try TestServer { request in
            guard request.line.contains("together") else { return .ok(request.line) }
            // Nobody is answered before all are there.
            arrived.withLock { $0 += 1 }
            while arrived.withLock({ $0 }) < together { usleep(1000) }
            return .ok("")
        }
        defer { server.stop() }
        for _ in 0..<5 { _ = try await client.send(HTTPRequest(.get, server.url + "/")) }
        #expect(Set(server.received.map(\.connection)) == [1])
        try await withThrowingTaskGroup(of: Int.self) { group in
            for _ in 0..<together {
                group.addTask { [client] in
                    var request = HTTPRequest(.get, server.url + "/together")
                    request.options.timeoutSeconds = 500
                    return try await client.send(request).status
                }
            }
            for try await status in group { #expect(status == 200) }
        }
        #expect(server.received.count == 5 + together)
    }

    @Test("a kept connection that the server closed is made anew, and the body is sent from its beginning")
    func staleConnection() async throws {
        defer { client.stop() }
        let server = try TestServer { request in
            // Answers the first request of a connection and hangs up on the second.
            request.line.contains("first") ? .ok("1") : request.connection == 1 ? .hangUp : .ok("2")
        }
        defer { server.stop() }
        _ = try await client.send(HTTPRequest(.post, server.url + "/first", body: BytesBody(bytes("a"))))
        let body = BytesBody(bytes(String(repeating: "b", count: 100_000)))
        let response = try await client.send(HTTPRequest(.post, server.url + "/second", body: body))
        #expect(response.excerpt() == "2")
        #expect(server.received.last?.body.count == 100_000)
    }

    @Test("large bodies arrive whole", arguments: [1 << 20, (8 << 20) + 13])
    func largeBody(count: Int) async throws {
        defer { client.stop() }
        let server = try TestServer { request in .ok("\(request.body.count) \(request.body.last ?? 0)") }
        defer { server.stop() }
        var body = ByteBuffer(capacity: count)
        for index in 0..<count { body.append(UInt8(truncatingIfNeeded: index)) }
        let last = body[count - 1]
        let response = try await client.send(HTTPRequest(.post, server.url, body: BytesBody(body)))
        #expect(response.excerpt() == "\(count) \(last)")
    }

    @Test("errors say what happened")
    func errors() async throws {
        defer { client.stop() }
        let hanging = try TestServer { _ in .hangUp }
        let silent = try TestServer { _ in .silence }
        let huge = try TestServer { _ in .ok(String(repeating: "x", count: 5000)) }
        let short = try TestServer { _ in .raw("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc") }
        defer { for server in [hanging, silent, huge, short] { server.stop() } }
        await expect(.unreachable("connection refused"), HTTPRequest(.get, "http://127.0.0.1:1/"))
        await expect(.unusable(""), HTTPRequest(.get, "ftp://127.0.0.1/"), matchText: false)
        await expect(.reset("", sentBytes: 0), HTTPRequest(.get, hanging.url), matchText: false)
        var request = HTTPRequest(.get, silent.url)
        request.options.timeoutSeconds = 0.1
        await expect(.timeout(""), request, matchText: false)
        request = HTTPRequest(.get, huge.url)
        request.options.responseLimitBytes = 4999
        await expect(.responseTooLarge(limitBytes: 4999), request)
        request.options.responseLimitBytes = 5000
        #expect(try await client.send(request).body.count == 5000)
        request = HTTPRequest(.get, "https://127.0.0.1:\(huge.port)/")
        request.options.authorityFile = "/nonexistent.pem"
        await expect(.unusable(""), request, matchText: false)
        request = HTTPRequest(.get, huge.url)
        request.headers = [("X-Bad", "a\r\nInjected: b")]
        await expect(.unusable(""), request, matchText: false)
        request = HTTPRequest(.get, short.url)
        request.options.timeoutSeconds = 0.2
        await expect(.timeout(""), request, matchText: false)
    }

    @Test("a cancelled task ends its request at once, and the next one works")
    func cancellation() async throws {
        defer { client.stop() }
        let server = try TestServer { $0.line.contains("silent") ? .silence : .ok("fine") }
        defer { server.stop() }
        let task = Task { [client] in
            do throws(HTTPError) {
                _ = try await client.send(HTTPRequest(.get, server.url + "/silent"))
                return HTTPError?.none
            } catch { return error }
        }
        while server.received.isEmpty { try await Task.sleep(for: .milliseconds(2)) }
        task.cancel()
        #expect(await task.value == .cancelled)
        let before = Task { [client] in
            withUnsafeCurrentTask { $0?.cancel() }
            do throws(HTTPError) {
                _ = try await client.send(HTTPRequest(.get, server.url + "/silent"))
                return HTTPError?.none
            } catch { return error }
        }
        #expect(await before.value == .cancelled)
        #expect(try await client.send(HTTPRequest(.get, server.url)).excerpt() == "fine")
    }

    @Test("stop ends the thread and what is under way; later requests fail at once")
    func stop() async throws {
        let server = try TestServer { _ in .silence }
        defer { server.stop() }
        let task = Task { [client] in
            do throws(HTTPError) {
                _ = try await client.send(HTTPRequest(.get, server.url))
                return HTTPError?.none
            } catch { return error }
        }
        while server.received.isEmpty { try await Task.sleep(for: .milliseconds(2)) }
        client.stop()
        #expect(await task.value == .cancelled)
        await expect(.cancelled, HTTPRequest(.get, server.url))
        client.stop()
    }

    @Test("a refusal before the body: broken connection without Expect, the status with it")
    func expectContinue() async throws {
        defer { client.stop() }
        let refusal = "HTTP/1.1 413 Too Large\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
        let server = try TestServer(refusesAtHead: { _ in refusal }) { _ in .ok("") }
        defer { server.stop() }
        var request = HTTPRequest(.post, server.url, body: BytesBody(bytes(String(repeating: "x", count: 3 << 20))))
        request.expectsContinue = true
        #expect(try await client.send(request).status == 413)
        #expect(server.received.last?.header("Expect") == "100-continue")
    }

    private func expect(_ expected: HTTPError, _ request: HTTPRequest, matchText: Bool = true) async {
        do throws(HTTPError) {
            let response = try await client.send(request)
            Issue.record("answered \(response.status) instead of \(expected)")
        } catch {
            if matchText {
                #expect(error == expected)
            } else {
                #expect(kind(error) == kind(expected), "\(error)")
                #expect(!"\(error)".isEmpty)
            }
        }
    }

    private func kind(_ error: HTTPError) -> String {
        switch error {
        case .unreachable: "unreachable"
        case .timeout: "timeout"
        case .tls: "tls"
        case .reset: "reset"
        case .responseTooLarge: "responseTooLarge"
        case .unusable: "unusable"
        case .cancelled: "cancelled"
        }
    }
}

private func bytes(_ text: String) -> ByteBuffer {
    var buffer = ByteBuffer()
    buffer.append(text)
    return buffer
}
