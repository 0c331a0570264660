import TLS
import TestSupport
import Testing

@Suite("Two sessions fed to each other")
struct SessionTests {
    let certificates: Certificates
    init() throws { certificates = try Certificates.shared.get() }

    static let bothVersions: [TLSVersion] = [.v1_2, .v1_3]

    @Test("both sides read what the other wrote, and close in order", arguments: bothVersions, Feeding.allCases)
    func conversation(_ version: TLSVersion, _ feeding: Feeding) throws {
        let pair = try Pair(
            certificates.serverContext {
                $0.minimumVersion = version; $0.maximumVersion = version
            },
            certificates.clientContext(), feeding)
        #expect(pair.client.pendingCiphertextBytes > 0)
        // Written before there are keys: kept until then.
        try pair.client.write(Array("hello ".utf8))
        try pair.server.write(Array("HELO".utf8))
        try pair.pump()
        #expect(pair.client.state == .established)
        #expect(pair.server.state == .established)
        #expect(pair.client.version == version)
        #expect(pair.server.version == version)
        #expect(pair.client.cipher != nil)
        #expect(pair.client.peerSubject?.hasPrefix("CN=localhost") == true)
        #expect(pair.server.peerSubject == nil)
        let block = (0..<100_000).map { UInt8(truncatingIfNeeded: $0 &* 31) }
        try pair.client.write(block)
        try pair.server.write(block)
        try pair.pump()
        #expect(pair.atServer == Array("hello ".utf8) + block)
        #expect(pair.atClient == Array("HELO".utf8) + block)
        pair.client.close()
        try pair.pump()
        #expect(pair.server.state == .closedByPeer)
        try pair.server.receivedEndOfStream()
        #expect(throws: TLSError.self) { try pair.client.write([1]) }
        pair.server.close()
        try pair.pump()
        #expect(pair.client.state == .closedByPeer)
    }

    @Test("no session tickets are sent: a server speaks only when it has something to say")
    func noTickets() throws {
        let pair = try Pair(certificates.serverContext(), certificates.clientContext())
        try pair.pump()
        let before = pair.fromServer.count
        try pair.client.write([1, 2, 3])
        try pair.pump()
        #expect(pair.atServer == [1, 2, 3])
        #expect(pair.fromServer.count == before)
        #expect(pair.server.pendingCiphertextBytes == 0)
    }

    @Test("an end without close_notify is told as a truncation, before and after the handshake")
    func truncation() throws {
        let pair = try Pair(certificates.serverContext(), certificates.clientContext())
        var error = #expect(throws: TLSError.self) { try pair.server.receivedEndOfStream() }
        #expect(error?.kind == .truncated)
        #expect(error?.description.contains("during the TLS handshake") == true)
        let other = try Pair(certificates.serverContext(), certificates.clientContext())
        try other.pump()
        try other.client.write(Array("cut".utf8))
        try other.pump()
        error = #expect(throws: TLSError.self) { try other.server.receivedEndOfStream() }
        #expect(error?.kind == .truncated)
        #expect(other.atServer == Array("cut".utf8))
    }

    @Test("a changed byte of ciphertext is an error, and the session is over", arguments: bothVersions)
    func tampering(_ version: TLSVersion) throws {
        let pair = try Pair(certificates.serverContext { $0.maximumVersion = version }, certificates.clientContext())
        try pair.pump()
        try pair.client.write(Array("secret".utf8))
        var bytes: [UInt8] = []
        pair.client.takeCiphertext(appendingTo: &bytes)
        #expect(!String(decoding: bytes, as: UTF8.self).contains("secret"))
        bytes[bytes.count - 1] ^= 1
        try pair.server.receive(bytes)
        var buffer = [UInt8](repeating: 0, count: 64)
        let error = #expect(throws: TLSError.self) {
            _ = try buffer.withUnsafeMutableBytes { try pair.server.read(into: $0) }
        }
        #expect(error?.kind == .handshake)
        #expect(pair.server.state == .failed)
        #expect(throws: TLSError.self) { try pair.server.receive([1]) }
    }

    @Test("versions without an overlap are refused with a hint")
    func versionsApart() throws {
        let pair = try Pair(
            certificates.serverContext { $0.minimumVersion = .v1_3 },
            certificates.clientContext { $0.maximumVersion = .v1_2 })
        let error = #expect(throws: TLSError.self) { try pair.pump() }
        #expect(error?.kind == .handshake)
        #expect(error?.description.contains("min_version") == true)
        #expect(pair.client.state == .failed)
        let upside = #expect(throws: TLSError.self) {
            _ = try certificates.serverContext {
                $0.minimumVersion = .v1_3; $0.maximumVersion = .v1_2
            }
        }
        #expect(upside?.description == "cannot allow TLS 1.3 to TLS 1.2: min_version is above max_version")
    }

    @Test(
        "what is no TLS is named for what it is",
        arguments: [
            ("GET / HTTP/1.1\r\n", "HTTP without TLS"), ("\u{93}", "no TLS"), ("[\"tag\",", "JSON without TLS"),
            ("<13>Oct 1", "plain text"),
        ])
    func plainText(_ sent: String, _ named: String) throws {
        var session = try TLSSession(certificates.serverContext())
        let error = #expect(throws: TLSError.self) { try session.receive(Array(sent.utf8)) }
        #expect(error?.kind == .plainText)
        #expect(error?.description.contains(named) == true, "\(String(describing: error))")
    }

    @Test("the forward protocol without TLS is recognised, on either side")
    func plainForward() throws {
        var server = try TLSSession(certificates.serverContext())
        var error = #expect(throws: TLSError.self) { try server.receive([0x93, 0xa3]) }
        #expect(
            error?.description
                == "the client sent the forward protocol without TLS (msgpack) to a TLS port: turn on TLS in the client, or use a port without <transport tls>"
        )
        var client = try TLSSession(certificates.clientContext(), serverName: "localhost")
        error = #expect(throws: TLSError.self) { try client.receive([0x92, 0xa4]) }
        #expect(error?.description.hasPrefix("the server answered with the forward protocol") == true)
        var hello: [UInt8] = []
        client.takeCiphertext(appendingTo: &hello)
        #expect(hello.withUnsafeBytes { TLSRecord.looksLikeClientHello($0) })
        #expect([0x93, 0x03].withUnsafeBytes { !TLSRecord.looksLikeClientHello($0) })
    }

    @Test("early plaintext has a limit")
    func earlyLimit() throws {
        var client = try TLSSession(certificates.clientContext(), serverName: "localhost")
        try client.write([UInt8](repeating: 0, count: TLSSession.maximumEarlyPlaintextBytes))
        #expect(throws: TLSError.self) { try client.write([0]) }
    }

    @Test("a handshake that is longer than any is given up; what stands behind a finished one is not counted")
    func handshakeBytes() throws {
        let pair = try Pair(certificates.serverContext(), certificates.clientContext())
        // A hello that says it is as long as a hello may be (16 MiB), in records of 16 KiB.
        let record = hex("16 03 01 40 00")
        var sent = 0
        var error: TLSError?
        while error == nil, sent < 1 << 20 {
            let head = sent == 0 ? hex("01 01 ff 00") : []
            let body = head + [UInt8](repeating: 3, count: 0x4000 - head.count)
            do { try pair.server.receive(record + body) } catch let failure as TLSError { error = failure }
            sent += record.count + body.count
        }
        #expect(error != nil)
        #expect(sent <= TLSSession.maximumHandshakeBytes + 2 * (record.count + 0x4000))
        #expect(pair.server.state == .failed)
    }

    @Test("a megabyte behind the last message of a handshake is data", arguments: [Feeding.whole, .batched])
    func dataBehindHandshake(_ feeding: Feeding) throws {
        let pair = try Pair(certificates.serverContext(), certificates.clientContext(), feeding)
        let block = [UInt8](repeating: 9, count: 1 << 20)
        try pair.client.write(block)
        try pair.pump()
        #expect(pair.atServer == block)
    }
}
