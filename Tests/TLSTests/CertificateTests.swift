import Glibc
import TLS
import Testing

@Suite("Certificates: accepted and refused")
struct CertificateTests {
    let certificates: Certificates
    init() throws { certificates = try Certificates.shared.get() }

    static let bothVersions: [TLSVersion] = [.v1_2, .v1_3]

    @Test(
        "a certificate is valid for its names and no others",
        arguments: [
            ("localhost", true), ("127.0.0.1", true), ("log.example.org", true), ("other.example.org", false),
            ("127.0.0.2", false), ("::1", false),
        ])
    func names(_ name: String, _ isValid: Bool) throws {
        let pair = try Pair(certificates.serverContext(), certificates.clientContext(), serverName: name)
        if isValid {
            try pair.pump()
            #expect(pair.client.state == .established)
        } else {
            let error = #expect(throws: TLSError.self) { try pair.pump() }
            #expect(error?.kind == .certificate)
            #expect(error?.description.contains("mismatch") == true, "\(String(describing: error))")
            #expect(pair.server.state == .failed)
        }
    }

    @Test("a name can be left out of the check, an authority cannot, unless nothing is checked")
    func verification() throws {
        var pair = try Pair(
            certificates.serverContext(), certificates.clientContext { $0.verification = .authorityOnly },
            serverName: "other.example.org")
        try pair.pump()
        #expect(pair.client.state == .established)
        pair = try Pair(
            certificates.serverContext { $0.identity = certificates.stranger },
            certificates.clientContext { $0.verification = .authorityOnly })
        let error = #expect(throws: TLSError.self) { try pair.pump() }
        #expect(error?.kind == .certificate)
        #expect(error?.description.contains("self-signed certificate") == true, "\(String(describing: error))")
        pair = try Pair(
            certificates.serverContext { $0.identity = certificates.stranger },
            certificates.clientContext { $0.verification = .none }, serverName: nil)
        try pair.pump()
        #expect(pair.client.state == .established)
        #expect(throws: TLSError.self) { _ = try TLSSession(certificates.clientContext()) }
    }

    @Test("the system's authorities do not vouch for ours")
    func systemAuthorities() throws {
        let pair = try Pair(certificates.serverContext(), certificates.clientContext { $0.authorities = .system })
        let error = #expect(throws: TLSError.self) { try pair.pump() }
        #expect(error?.kind == .certificate)
    }

    @Test("a client certificate of the right authority is accepted and its subject known", arguments: bothVersions)
    func clientAccepted(_ version: TLSVersion) throws {
        let pair = try Pair(
            certificates.serverContext {
                $0.clientCertificates = .required; $0.maximumVersion = version
            },
            certificates.clientContext { $0.identity = certificates.client }, .byteByByte)
        try pair.client.write(Array("in".utf8))
        try pair.pump()
        #expect(pair.atServer == Array("in".utf8))
        #expect(pair.server.peerSubject?.hasPrefix("CN=client-7") == true)
        #expect(pair.server.peerSubject == "CN=client-7,L=Mountain View,ST=CA,C=US")
    }

    @Test(
        "without one, or with a stranger's, the client is refused and hears why", arguments: bothVersions,
        [true, false])
    func clientRefused(_ version: TLSVersion, _ hasOne: Bool) throws {
        let pair = try Pair(
            certificates.serverContext {
                $0.clientCertificates = .required; $0.maximumVersion = version
            },
            certificates.clientContext { if hasOne { $0.identity = certificates.stranger } })
        try pair.client.write(Array("in".utf8))
        let error = #expect(throws: TLSError.self) { try pair.pump() }
        #expect(error?.kind == .certificate, "\(String(describing: error))")
        let expected = hasOne ? "check ca_path" : "client_cert_auth"
        #expect(error?.description.contains(expected) == true, "\(String(describing: error))")
        #expect(pair.atServer.isEmpty)
        // The alert has reached the client too.
        #expect(pair.client.state == .failed)
    }

    @Test("a requested certificate may be missing")
    func requested() throws {
        let pair = try Pair(
            certificates.serverContext { $0.clientCertificates = .requested }, certificates.clientContext())
        try pair.pump()
        #expect(pair.server.state == .established)
        #expect(pair.server.peerSubject == nil)
    }

    @Test("keys and certificates that do not fit are errors when the context is made")
    func misfits() throws {
        func failure(_ identity: TLSIdentity) -> String {
            do {
                _ = try TLSContext(server: TLSServerOptions(identity: identity))
                return "accepted"
            } catch { return error.description }
        }
        let swapped = TLSIdentity(certificates: certificates.server.certificates, key: certificates.client.key)
        #expect(failure(swapped).contains("do not belong together"))
        let missing = TLSIdentity(certificates: .file("/nonexistent.pem"), key: certificates.client.key)
        #expect(failure(missing).contains("/nonexistent.pem"))
        #expect(failure(missing).contains("No such file or directory"))
        let none = TLSIdentity(certificates: .bytes(Array("no pem".utf8), name: "x.pem"), key: certificates.client.key)
        #expect(failure(none).contains("cannot read a certificate from x.pem"))
        #expect(throws: TLSError.self) { _ = try certificates.serverContext { $0.ciphers = "NOSUCH" } }
        #expect(throws: TLSError.self) {
            var options = GeneratedCertificate.Options(commonName: "x")
            options.digest = "nosuch"
            _ = try GeneratedCertificate(options)
        }
    }

    @Test("files and an encrypted key made by the openssl command work; a wrong passphrase says so")
    func files() throws {
        let folder = "/tmp/sluice-test-tls-\(UInt32.random(in: 0 ... .max))"
        mkdir(folder, 0o700)
        defer { run("rm", ["-r", folder]) }
        try #require(
            run(
                "openssl",
                [
                    "req", "-x509", "-newkey", "rsa:2048", "-keyout", "\(folder)/key.pem", "-out", "\(folder)/cert.pem",
                    "-passout", "pass:fluent", "-days", "2", "-subj", "/CN=file.example.org", "-addext",
                    "subjectAltName=DNS:file.example.org",
                ]) == 0)
        func server(_ passphrase: String?) throws -> TLSContext {
            try TLSContext(
                server: TLSServerOptions(
                    identity: TLSIdentity(
                        certificates: .file("\(folder)/cert.pem"), key: .file("\(folder)/key.pem"),
                        keyPassphrase: passphrase)))
        }
        let pair = try Pair(
            server("fluent"), certificates.clientContext { $0.authorities = .only([.file("\(folder)/cert.pem")]) },
            serverName: "file.example.org")
        try pair.pump()
        #expect(pair.client.peerSubject == "CN=file.example.org")
        let wrong = #expect(throws: TLSError.self) { _ = try server("other") }
        #expect(
            wrong?.description.contains("passphrase of the private key is wrong") == true,
            "\(String(describing: wrong))")
        let missing = #expect(throws: TLSError.self) { _ = try server(nil) }
        #expect(missing?.description.contains("passphrase") == true, "\(String(describing: missing))")
    }

    @Test("the openssl command accepts generated certificates as a chain")
    func verifiedByOpenSSL() throws {
        let folder = "/tmp/sluice-test-tls-\(UInt32.random(in: 0 ... .max))"
        mkdir(folder, 0o700)
        defer { run("rm", ["-r", folder]) }
        for (name, identity) in [("ca", certificates.authority), ("server", certificates.server)] {
            guard case .bytes(let pem, _) = identity.certificates else { continue }
            let file = open("\(folder)/\(name).pem", O_CREAT | O_WRONLY, 0o600)
            #expect(write(file, pem, pem.count) == pem.count)
            close(file)
        }
        let arguments = ["verify", "-x509_strict", "-purpose", "sslserver", "-CAfile", "\(folder)/ca.pem"]
        #expect(run("openssl", arguments + ["-verify_hostname", "localhost", "\(folder)/server.pem"]) == 0)
        #expect(run("openssl", arguments + ["-verify_hostname", "elsewhere", "\(folder)/server.pem"]) != 0)
    }

    /// Runs a program, without its output.
    @discardableResult
    private func run(_ program: String, _ arguments: [String]) -> Int32 {
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        for descriptor: Int32 in [0, 1, 2] {
            posix_spawn_file_actions_addopen(&actions, descriptor, "/dev/null", O_RDWR, 0)
        }
        defer { posix_spawn_file_actions_destroy(&actions) }
        var vector = ([program] + arguments).map { strdup($0) } + [nil]
        defer { for text in vector { free(text) } }
        var process = pid_t()
        guard posix_spawnp(&process, program, &actions, nil, &vector, environ) == 0 else { return -1 }
        var status: Int32 = 0
        waitpid(process, &status, 0)
        return status
    }
}

@Suite("Digests, randomness, comparison")
struct DigestTests {
    @Test("SHA-512 of parts is that of their concatenation (FIPS 180-4 examples)")
    func digest() {
        let abc =
            "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f"
        #expect(String(decoding: SHA512.hexDigest(parts: [Array("abc".utf8)]), as: UTF8.self) == abc)
        #expect(String(decoding: SHA512.hexDigest(parts: [[97], [], [98, 99]]), as: UTF8.self) == abc)
        let nothing =
            "cf83e1357eefb8bdf1542850d66d8007d620e4050b5715dc83f4a921d36ce9ce47d0d13c5d85f2b0ff8318d2877eec2f63b931bd47417a81a538327af927da3e"
        #expect(String(decoding: SHA512.hexDigest(parts: []), as: UTF8.self) == nothing)
    }

    @Test("random bytes come in the length asked for and differ")
    func random() {
        #expect(SecureRandom.bytes(16).count == 16)
        #expect(SecureRandom.bytes(0) == [])
        #expect(SecureRandom.bytes(16) != SecureRandom.bytes(16))
    }

    @Test("equal is equal, and nothing else is")
    func comparison() {
        #expect(constantTimeEquals([1, 2, 3], [1, 2, 3]))
        #expect(constantTimeEquals([], []))
        #expect(!constantTimeEquals([1, 2, 3], [1, 2, 4]))
        #expect(!constantTimeEquals([1, 2, 3], [1, 2]))
    }
}
