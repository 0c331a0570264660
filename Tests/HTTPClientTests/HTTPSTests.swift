import Foundation
import HTTPClient
import Testing

/// TLS against `openssl s_server` with certificates made on the spot.
@Suite("HTTPS", .serialized, .timeLimit(.minutes(10)), .enabled(if: SecureServer.isAvailable, "no openssl command"))
struct HTTPSTests {
    @Test("the certificate is verified: against the given authority, and by name")
    func verification() async throws {
        let server = try SecureServer()
        defer { server.stop() }
        let client = try HTTPClient()
        defer { client.stop() }
        var request = HTTPRequest(.get, "https://localhost:\(server.port)/")
        await expectTLSError(client, request, "unknown authority")
        request.options.authorityFile = server.certificate
        #expect(try await client.send(request).status == 200)
        request.url = "https://127.0.0.1:\(server.port)/"
        await expectTLSError(client, request, "wrong name")
        request.options.authorityFile = nil
        request.options.verifiesCertificate = false
        #expect(try await client.send(request).status == 200)
    }

    @Test("the lowest version is kept to, and a client certificate is shown")
    func versionAndClientCertificate() async throws {
        let server = try SecureServer(["-tls1_2", "-Verify", "1", "-verify_return_error"])
        defer { server.stop() }
        let client = try HTTPClient()
        defer { client.stop() }
        var request = HTTPRequest(.get, "https://localhost:\(server.port)/")
        request.options.authorityFile = server.certificate
        request.options.clientCertificateFile = server.certificate
        request.options.clientKeyFile = server.key
        #expect(try await client.send(request).status == 200)
        request.options.minimumTLS = .tls1_3
        await expectTLSError(client, request, "too old")
        request.options.minimumTLS = .tls1_2
        request.options.clientCertificateFile = "/nonexistent.pem"
        do throws(HTTPError) {
            _ = try await client.send(request)
            Issue.record("a certificate that is not there was used")
        } catch {
            guard case .unusable = error else {
                Issue.record("\(error)")
                return
            }
        }
    }

    private func expectTLSError(_ client: HTTPClient, _ request: HTTPRequest, _ why: String) async {
        do throws(HTTPError) {
            let response = try await client.send(request)
            Issue.record("\(why): answered \(response.status)")
        } catch {
            guard case .tls(let text) = error else {
                Issue.record("\(why): \(error)")
                return
            }
            #expect(!text.isEmpty)
        }
    }
}

final class SecureServer {
    static let tool = "/usr/bin/openssl"
    static var isAvailable: Bool { FileManager.default.isExecutableFile(atPath: tool) }

    let port = Int.random(in: 20_000..<30_000)
    let certificate: String
    let key: String
    private let folder: String
    private let processID: Int32

    init(_ options: [String] = []) throws {
        folder = "/tmp/sluice-tls-\(port)"
        certificate = folder + "/cert.pem"
        key = folder + "/key.pem"
        let make = """
            mkdir -p \(folder) && exec >/dev/null 2>&1 && \(Self.tool) req -x509 -newkey ec \
            -pkeyopt ec_paramgen_curve:prime256v1 -nodes -keyout \(key) -out \(certificate) -days 1 \
            -subj /CN=localhost -addext subjectAltName=DNS:localhost
            """
        guard system(make) == 0 else { throw POSIXError(.ENOENT) }
        let serve = """
            \(Self.tool) s_server -accept \(port) -cert \(certificate) -key \(key) -CAfile \(certificate) \
            -www \(options.joined(separator: " ")) </dev/null >/dev/null 2>&1 & echo $! > \(folder)/pid
            """
        guard system(serve) == 0,
            let text = try? String(contentsOfFile: folder + "/pid", encoding: .utf8),
            let number = Int32(text.trimmingCharacters(in: .whitespacesAndNewlines))
        else { throw POSIXError(.ECHILD) }
        processID = number
        for _ in 0..<200 where !accepts() { usleep(10_000) }
    }

    private func accepts() -> Bool {
        let probe = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        defer { close(probe) }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = UInt16(port).bigEndian
        address.sin_addr.s_addr = UInt32(INADDR_LOOPBACK).bigEndian
        return withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(probe, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0
            }
        }
    }

    func stop() {
        kill(processID, SIGKILL)  // s_server may have been started with SIGTERM ignored
        try? FileManager.default.removeItem(atPath: folder)
    }
}
