import Events
import Foundation
import HTTPClient
import TestSupport
import Testing

@testable import Outputs

@Suite("keys for Amazon's services", .timeLimit(.minutes(10)))
final class AWSSignerTests {
    let client: HTTPClient

    init() throws { client = try HTTPClient() }
    deinit { client.stop() }

    private func signed(_ source: AWSCredentialSource) async throws(HTTPError) -> HTTPRequest {
        let body = BytesBody(ByteBuffer(Array("hello".utf8)))
        var request = HTTPRequest(.put, "http://127.0.0.1/b/k", body: body)
        let signer = AWSSigner(source, region: "eu-west-1", service: "s3", client: client)
        try await signer.sign(&request)
        return request
    }

    private func token(_ request: HTTPRequest) -> String? {
        request.headers.first { $0.name == "x-amz-security-token" }?.value
    }

    @Test("the body's digest and the keys are what a request is signed with")
    func fixed() async throws {
        let request = try await signed(
            .fixed(AWSCredentials(accessKey: "AK", secretKey: "SK", sessionToken: "TOK")))
        #expect(
            request.headers.first { $0.name == "x-amz-content-sha256" }?.value
                == "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824")
        #expect(token(request) == "TOK")
        #expect(
            request.options.signature
                == AWSSignature(accessKey: "AK", secretKey: "SK", region: "eu-west-1", service: "s3"))
    }

    @Test("a body that is put together while it is sent is signed as it is sent, and sent from its beginning")
    func bulk() async throws {
        var body = ChunkBody(capacity: 64)
        let label = body.label(Array("x".utf8))
        // More than one piece of the digest.
        let text = String(repeating: "größer ", count: 20_000)
        body.bytes.append(text)
        body.endItem(from: 0, label: label, tag: body.tag(Tag("t")), time: EventTime(seconds: 0))
        let chunk = LoadedChunk(body, id: "c")
        let bulk = BulkBody(framed: chunk, items: chunk.allItems)
        var request = HTTPRequest(.post, "http://127.0.0.1/_bulk?filter_path=errors,items.*.status&a", body: bulk)
        let keys = AWSCredentials(accessKey: "AK", secretKey: "SK")
        try await AWSSigner(.fixed(keys), region: "r", service: "es", client: client).sign(&request)
        var plain = HTTPRequest(.post, "http://127.0.0.1/", body: BytesBody(ByteBuffer(Array(text.utf8))))
        try await AWSSigner(.fixed(keys), region: "r", service: "es", client: client).sign(&plain)
        func digest(_ request: HTTPRequest) -> String? {
            request.headers.first { $0.name == "x-amz-content-sha256" }?.value
        }
        #expect(digest(request) != nil && digest(request) == digest(plain))
        #expect(bulk.lines() == [text])
        #expect(request.url == "http://127.0.0.1/_bulk?a=&filter_path=errors%2Citems.%2A.status")
    }

    @Test(
        "a query is sorted and encoded; what is encoded already stays",
        arguments: [
            ("http://h/a,b", "http://h/a,b"), ("http://h/?", "http://h/?"), ("http://h/?b=2&a=1", "http://h/?a=1&b=2"),
            ("http://h/?a=%2C,", "http://h/?a=%2C%2C"), ("http://h/?b=1&a", "http://h/?a=&b=1"),
            ("http://h/?a=b=c", "http://h/?a=b%3Dc"),
        ])
    func query(_ url: String, _ expected: String) {
        #expect(CanonicalURL.of(url) == expected)
    }

    @Test("a profile of the shared file")
    func sharedFile() async throws {
        let path = FileManager.default.temporaryDirectory.appendingPathComponent("sluice-\(UUID().uuidString)").path
        defer { try? FileManager.default.removeItem(atPath: path) }
        let text = """
            # keys
            [default]
            aws_access_key_id = A1
            aws_secret_access_key=S1

            [other]
            aws_access_key_id=A2
              aws_secret_access_key =  S2=
            aws_session_token = T2
            """
        try text.write(toFile: path, atomically: true, encoding: .utf8)
        let other = try await signed(.sharedFile(path: path, profile: "other"))
        #expect(other.options.signature?.secretKey == "S2=" && token(other) == "T2")
        #expect(try await signed(.sharedFile(path: path, profile: "default")).options.signature?.accessKey == "A1")
        do {
            _ = try await signed(.sharedFile(path: path, profile: "none"))
            Issue.record("there is no such profile")
        } catch {
            #expect("\(error)" == "'\(path)' has no keys for the profile 'none'")
        }
    }

    @Test("instance metadata, version 2: a token, the role, its keys")
    func metadata() async throws {
        let folder = "/latest/meta-data/iam/security-credentials/"
        let server = try TestServer { request in
            if request.line.hasPrefix("PUT /latest/api/token") { return .ok("tok-1") }
            guard request.header("X-aws-ec2-metadata-token") == "tok-1" else { return .status(401, "") }
            if request.line.hasPrefix("GET \(folder) ") { return .ok("my-role") }
            return .ok(#"{"Code":"Success","AccessKeyId":"A","SecretAccessKey":"S","Token":"T"}"#)
        }
        defer { server.stop() }
        let request = try await signed(
            .first([.sharedFile(path: "/none", profile: "p"), .instanceMetadata(url: server.url)]))
        #expect(request.options.signature?.accessKey == "A" && token(request) == "T")
        #expect(
            server.received.map { $0.line.split(separator: " ").prefix(2).joined(separator: " ") } == [
                "PUT /latest/api/token", "GET \(folder)", "GET \(folder)my-role",
            ])
    }

    @Test("a role is assumed with the keys that there are, or with a token from a file")
    func roles() async throws {
        let server = try TestServer { _ in
            .ok(
                "<R><Credentials><AccessKeyId>RA</AccessKeyId><SecretAccessKey>RS</SecretAccessKey>"
                    + "<SessionToken>RT&amp;</SessionToken></Credentials></R>")
        }
        defer { server.stop() }
        var role = AWSRole(arn: "arn:aws:iam::1:role/r", region: "eu-west-1")
        (role.url, role.externalID) = (server.url, "e 1")
        let request = try await signed(
            .role(role, base: .fixed(AWSCredentials(accessKey: "AK", secretKey: "SK"))))
        #expect(request.options.signature?.accessKey == "RA" && token(request) == "RT&")
        let asked = try #require(server.received.first)
        #expect(asked.text.contains("Action=AssumeRole&") && asked.text.hasSuffix("&ExternalId=e%201"))
        #expect(asked.header("Authorization")?.contains("Credential=AK/") == true)
        #expect(asked.header("Authorization")?.contains("/eu-west-1/sts/aws4_request") == true)
        let path = FileManager.default.temporaryDirectory.appendingPathComponent("sluice-\(UUID().uuidString)").path
        defer { try? FileManager.default.removeItem(atPath: path) }
        try "jwt.a.b".write(toFile: path, atomically: true, encoding: .utf8)
        _ = try await signed(.webIdentity(role, tokenFile: path))
        let second = try #require(server.received.last)
        #expect(second.text.contains("AssumeRoleWithWebIdentity") && second.text.hasSuffix("WebIdentityToken=jwt.a.b"))
        #expect(second.header("Authorization") == nil)
    }

    @Test("keys are asked for once, and anew when they were refused")
    func renewal() async throws {
        let server = try TestServer { _ in .ok(#"{"AccessKeyId":"A","SecretAccessKey":"S","Token":"T"}"#) }
        defer { server.stop() }
        let signer = AWSSigner(
            .container(url: server.url + "/keys", tokenFile: nil), region: "r", service: "logs", client: client)
        for _ in 0..<3 {
            var request = HTTPRequest(.get, "http://x/")
            try await signer.sign(&request)
        }
        #expect(server.received.count == 1)
        signer.note(answer(400, #"{"__type":"ExpiredTokenException"}"#))
        var request = HTTPRequest(.get, "http://x/")
        try await signer.sign(&request)
        #expect(server.received.count == 2)
    }

    @Test("without keys it is said where they were looked for")
    func none() async throws {
        let source = AWSCredentialSource.standard(region: "r") {
            ["HOME": "/nowhere", "AWS_EC2_METADATA_DISABLED": "true"][$0]
        }
        do {
            _ = try await signed(source)
            Issue.record("there are no keys")
        } catch {
            #expect("\(error)".contains("set aws_key_id") && "\(error)".contains("/nowhere/.aws/credentials"))
        }
        let environment = ["AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": "b"]
        #expect(
            AWSCredentialSource.standard(region: "r") { environment[$0] }
                == .fixed(AWSCredentials(accessKey: "a", secretKey: "b")))
    }
}
