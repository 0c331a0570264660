import Events
import ForwardProtocol
import TLS
import TestSupport
import Testing

@Suite("Forward: both halves of the handshake")
struct HandshakeHalvesTests {
    static let nonce = [UInt8](0xF0...0xFF)
    static let auth = [UInt8](0x80..<0x90)
    static let salt = [UInt8](0..<16)

    static func security(key: String = "sesam", host: String = "server.example") -> ForwardSecurity {
        var security = ForwardSecurity(selfHostname: host, sharedKey: Array(key.utf8))
        security.authenticatesUsers = true
        security.users = [.init(name: Array("me".utf8), password: Array("pw".utf8))]
        return security
    }

    static func server(_ security: ForwardSecurity = security()) -> ServerHandshake {
        ServerHandshake(security, address: [127, 0, 0, 1], peerName: "127.0.0.1", nonce: nonce, auth: auth)
    }

    static func client(key: String = "sesam", password: String = "pw") -> ClientHandshake {
        ClientHandshake(
            ForwardCredentials(
                selfHostname: "client.example", sharedKey: Array(key.utf8), username: Array("me".utf8),
                password: Array(password.utf8)), salt: salt)
    }

    /// Lets both talk; answers why the server and the client gave up.
    static func talk(_ server: ServerHandshake, _ client: ClientHandshake) throws -> (server: String?, client: String?)
    {
        var (server, client) = (server, client)
        var helo = ByteBuffer()
        server.writeHELO(to: &helo)
        guard case .write(let ping) = try client.receive(helo.all, of: helo) else { return (nil, "no PING") }
        var failures: (server: String?, client: String?) = (nil, nil)
        var pong = ByteBuffer()
        let message = ByteBuffer(ping)
        do throws(ForwardError) {
            try server.receive(message.all, message, reply: &pong)
        } catch {
            #expect(error.code == .unauthorized && error.costs == .connection)
            failures.server = error.message
        }
        do throws(ForwardClientError) {
            #expect(try client.receive(pong.all, of: pong) == .done)
        } catch {
            failures.client = error.description
        }
        #expect(server.isDone == (failures.server == nil))
        #expect(client.isDone == (failures.client == nil))
        return failures
    }

    @Test("who has the key and the password is let in") func accepted() throws {
        let failures = try Self.talk(Self.server(), Self.client())
        #expect(failures == (nil, nil))
    }

    @Test("another key and another password are refused with their reasons") func refused() throws {
        let key = try Self.talk(Self.server(), Self.client(key: "other"))
        #expect(key.server?.hasPrefix("shared_key mismatch: the shared_key of client.example") == true)
        #expect(key.client?.contains("give the shared_key") == true)
        let password = try Self.talk(Self.server(), Self.client(password: ""))
        #expect(password.server?.hasPrefix("username/password mismatch: user \"me\" of client.example") == true)
        #expect(password.client?.contains("correct the user name and password") == true)
    }

    @Test("a server of the client's own name is not sent to") func mirror() throws {
        let failures = try Self.talk(Self.server(Self.security(host: "client.example")), Self.client())
        #expect(failures.server == nil)
        #expect(failures.client?.contains("calls itself") == true)
    }

    /// What a digest may be instead of the right one.
    static let wrongDigests: [(String, @Sendable ([UInt8]) -> [UInt8])] = [
        ("empty", { _ in [] }), ("shortened", { $0.dropLast() }), ("only begun", { [$0[0]] }),
        ("longer", { $0 + [48] }),
        ("in capitals", { $0.map { 97...102 ~= $0 ? $0 - 32 : $0 } }),
        ("one bit off", { [$0[0] ^ 1] + $0.dropFirst() }),
        ("zeros", { Array(repeating: 48, count: $0.count) }),
    ]

    @Test("a digest that is not the right one is none, for keys and for passwords", arguments: wrongDigests)
    func digests(_ name: String, _ change: @Sendable ([UInt8]) -> [UInt8]) throws {
        let host = Array("h".utf8)
        let right = PING(
            hostname: host, salt: Self.salt,
            keyDigest: SHA512.hexDigest(parts: [Self.salt, host, Self.nonce, Array("sesam".utf8)]),
            user: Array("me".utf8),
            passwordDigest: SHA512.hexDigest(parts: [Self.auth, Array("me".utf8), Array("pw".utf8)]))
        #expect(Self.verdict(on: right) == nil)
        var ping = right
        ping.keyDigest = change(right.keyDigest)
        #expect(Self.verdict(on: ping)?.hasPrefix("shared_key mismatch") == true, "\(name)")
        ping = right
        ping.passwordDigest = change(right.passwordDigest)
        #expect(Self.verdict(on: ping)?.hasPrefix("username/password mismatch") == true, "\(name)")
    }

    static func verdict(on ping: PING) -> String? {
        let message = ByteBuffer(packed { ping.write(to: &$0) })
        var server = server()
        var reply = ByteBuffer()
        do throws(ForwardError) {
            try server.receive(message.all, message, reply: &reply)
            return nil
        } catch {
            return error.message
        }
    }

    @Test("a server that proves nothing is no server", arguments: wrongDigests)
    func impostor(_ name: String, _ change: @Sendable ([UInt8]) -> [UInt8]) throws {
        var client = Self.client()
        let helo = ByteBuffer(packed { HELO(nonce: Self.nonce, auth: [], keepsAlive: true).write(to: &$0) })
        _ = try client.receive(helo.all, of: helo)
        let host = Array("s".utf8)
        let digest = SHA512.hexDigest(parts: [Self.salt, host, Self.nonce, Array("sesam".utf8)])
        let pong = ByteBuffer(packed { PONG(accepting: host, keyDigest: change(digest)).write(to: &$0) })
        #expect(throws: ForwardClientError.self, "\(name)") { try client.receive(pong.all, of: pong) }
    }

    @Test("names of strangers are cut in sentences") func longNames() {
        let ping = PING(
            hostname: Array(repeating: 65, count: 8_000_000), salt: [], keyDigest: [], user: [], passwordDigest: [])
        let sentence = Self.verdict(on: ping) ?? ""
        #expect(sentence.utf8.count < 400 && sentence.contains("(8000000 bytes)"))
    }

    @Test("messages come back as they were written") func roundTrips() {
        let helo = HELO(nonce: [1, 0xFF], auth: [], keepsAlive: false)
        let first = ByteBuffer(packed { helo.write(to: &$0) })
        #expect(HELO(first.all, of: first) == helo)
        let ping = PING(hostname: [1], salt: [2], keyDigest: [3], user: [4], passwordDigest: [5])
        let second = ByteBuffer(packed { ping.write(to: &$0) })
        #expect(PING(second.all, of: second) == ping)
        for pong in [PONG(accepting: [1], keyDigest: [2]), PONG(refusing: [3])] {
            let third = ByteBuffer(packed { pong.write(to: &$0) })
            #expect(PONG(third.all, of: third) == pong)
            #expect(HELO(third.all, of: third) == nil && PING(third.all, of: third) == nil)
        }
    }

    /// A section <client> for this machine, or for another one.
    private static func security(client octets: [UInt8], key: String?, users: [String]?) -> ForwardSecurity {
        var security = security()
        security.users.append(.init(name: Array("you".utf8), password: Array("pw2".utf8)))
        security.clients = [
            .init(
                network: .init(octets: octets, prefixBits: 32), sharedKey: key.map { Array($0.utf8) },
                users: users.map { $0.map { Array($0.utf8) } })
        ]
        return security
    }

    @Test("the key and the users of a <client> hold for its network, and for no other")
    func clients() throws {
        let (here, elsewhere): ([UInt8], [UInt8]) = ([127, 0, 0, 1], [127, 0, 0, 2])
        func refusal(_ octets: [UInt8], key: String? = nil, users: [String]? = nil, shown: String = "sesam") throws
            -> String?
        {
            try Self.talk(
                Self.server(Self.security(client: octets, key: key, users: users)), Self.client(key: shown)
            ).server
        }
        #expect(try refusal(here, key: "own", shown: "own") == nil)
        #expect(try refusal(here, key: "own")?.hasPrefix("shared_key mismatch") == true)
        #expect(try refusal(elsewhere, key: "own", shown: "own")?.hasPrefix("shared_key mismatch") == true)
        #expect(try refusal(here, users: ["you", "me"]) == nil)
        #expect(try refusal(here, users: ["you"])?.hasPrefix("username/password mismatch") == true)
        #expect(try refusal(here, users: [])?.hasPrefix("username/password mismatch") == true)
        #expect(try refusal(elsewhere, users: ["you"]) == nil)
    }
}
