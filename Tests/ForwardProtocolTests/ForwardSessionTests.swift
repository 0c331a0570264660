import Events
import ForwardProtocol
import TestSupport
import Testing

@Suite("Forward: the client's handshake and receipts")
struct ForwardSessionTests {
    static let salt = [UInt8](0..<16)
    static let nonce = [UInt8](0xF0...0xFF)
    static let auth = [UInt8](0x80..<0x90)
    static let credentials = ForwardCredentials(
        selfHostname: "client.example", sharedKey: Array("sesam".utf8), username: Array("me".utf8),
        password: Array("pw".utf8))

    // sha512 by Python's hashlib over the bytes above.
    static let keyDigest =
        "5df7304c83ad8b9ac97b32b9ad19c5dd8072f799dc1b26680aee17bc0d581ff989a4c8f629cd689ea83e6053a3d327f59471ab061d21b0801f35241c7e8af78e"
    static let passwordDigest =
        "745d2bb0708464b92f4c5dbb5ed79fcef68992c3700133fd8669184afcedb9ba2b469a2d91b4bf5ce36b4a52a351e60d4888a31daae52500df8331c1c89fa448"
    static let serverDigest =
        "64f7f8c3dc3d23b7dbd540cf185c9c7924c97f55cd65929b7c4a1fd9617e3ef7a8573010b6fedf1ad5621b9b8ec6d45b9dc356d1c7ccfd27e39704582fccee8d"

    static func helo(auth: [UInt8] = auth, keepsAlive: Bool = true) -> [UInt8] {
        packed {
            $0.appendMessagePack(arrayCount: 2)
            $0.appendMessagePackString("HELO")
            $0.appendMessagePack(mapCount: 4)
            $0.appendMessagePackString("future")
            $0.appendMessagePack(arrayCount: 1)
            $0.appendMessagePackNil()
            $0.appendMessagePackString("nonce")
            $0.appendMessagePackBinary(nonce)
            $0.appendMessagePackString("auth")
            $0.appendMessagePackBinary(auth)
            $0.appendMessagePackString("keepalive")
            $0.appendMessagePack(keepsAlive)
        }
    }

    static func ping(user: String = "me", digest: String = passwordDigest) -> [UInt8] {
        packed {
            $0.appendMessagePack(arrayCount: 6)
            $0.appendMessagePackString("PING")
            $0.appendMessagePackString("client.example")
            $0.appendMessagePackString(salt)
            for part in [keyDigest, user, digest] { $0.appendMessagePackString(part) }
        }
    }

    static func pong(_ host: String, _ digest: String) -> [UInt8] { pong(true, "", host, digest) }

    static func pong(_ verdict: Bool, _ reason: String, _ host: String, _ digest: String) -> [UInt8] {
        packed {
            $0.appendMessagePack(arrayCount: 5)
            $0.appendMessagePackString("PONG")
            $0.appendMessagePack(verdict)
            for part in [reason, host, digest] { $0.appendMessagePackString(part) }
        }
    }

    static func ack(_ chunk: String) -> [UInt8] {
        packed {
            $0.appendMessagePack(mapCount: 1)
            $0.appendMessagePackString("ack")
            $0.appendMessagePackString(chunk)
        }
    }

    static func message(_ chunk: String, events: Int) throws -> ForwardOutgoing {
        var encoder = ForwardEncoder(tag: [0x74], usesIntegerTime: true) { Array(chunk.utf8) }
        for _ in 0..<events { try encoder.append(json: ByteBuffer("{}"), time: EventTime(seconds: 1)) }
        let sealed = encoder.seal()
        return try #require(sealed)
    }

    static func failure(_ actions: [ForwardClientSession.Action]) -> String? {
        if case .fail(let error)? = actions.last { error.description } else { nil }
    }

    @Test("HELO, PING, PONG, then receipts by chunk", arguments: Feeding.allCases)
    func conversation(_ feeding: Feeding) throws {
        var session = ForwardClientSession(credentials: Self.credentials, salt: Self.salt)
        let isReady = session.isReady
        #expect(!isReady)
        var actions: [ForwardClientSession.Action] = []
        for piece in feeding.pieces(of: Self.helo() + Self.pong("server.example", Self.serverDigest)) {
            actions += session.receive(piece)
        }
        #expect(actions == [.write(Self.ping()), .ready])
        let facts = (session.isReady, session.keepsAlive)
        #expect(facts == (true, true))
        session.sent(try Self.message("one", events: 2))
        session.sent(try Self.message("two", events: 3))
        let onTheirWay = (session.unacknowledgedEvents, session.unacknowledgedMessages)
        #expect(onTheirWay == (5, 2))
        actions = []
        for piece in feeding.pieces(of: Self.ack("two") + [0xC0] + Self.ack("one")) {
            actions += session.receive(piece)
        }
        #expect(
            actions == [
                .acknowledged(chunk: Array("two".utf8), eventCount: 3),
                .acknowledged(chunk: Array("one".utf8), eventCount: 2),
            ])
        let left = (session.unacknowledgedEvents, session.hasReceipts)
        #expect(left == (0, true))
    }

    @Test("without an auth salt no user is sent, and keepalive is heard")
    func withoutUsers() {
        var session = ForwardClientSession(credentials: Self.credentials, salt: Self.salt)
        let actions = session.receive(Self.helo(auth: [], keepsAlive: false))
        #expect(actions == [.write(Self.ping(user: "", digest: ""))])
        let keepsAlive = session.keepsAlive
        #expect(!keepsAlive)
    }

    @Test(
        "a PONG that is not right ends it with the reason",
        arguments: [
            (
                pong(false, "shared_key mismatch", "", ""),
                "refused this client: shared_key mismatch; give the shared_key"
            ),
            (pong(false, "anonymous source host 'x' denied", "", ""), "anonymous source host 'x' denied"),
            (pong("client.example", serverDigest), "calls itself \"client.example\" as this client does"),
            (pong("server.example", keyDigest), "did not prove that it knows the shared key"),
            (pong("server.example", ""), "did not prove"), (ack("x"), "not the forward protocol"),
            (packed { $0.appendMessagePack(arrayCount: 0) }, "no PONG"),
        ])
    func badPONG(_ answer: [UInt8], _ expected: String) {
        for feeding in Feeding.allCases {
            var session = ForwardClientSession(credentials: Self.credentials, salt: Self.salt)
            _ = session.receive(Self.helo())
            var actions: [ForwardClientSession.Action] = []
            for piece in feeding.pieces(of: answer) where actions.isEmpty { actions += session.receive(piece) }
            #expect(Self.failure(actions)?.contains(expected) == true, "\(actions)")
            let isReady = session.isReady
            #expect(!isReady)
        }
    }

    @Test("a server with <security> is recognised by a client without a key")
    func unexpectedHELO() {
        var session = ForwardClientSession(credentials: nil)
        let isReady = session.isReady
        #expect(isReady)
        let greeted = session.receive(Self.helo())
        #expect(Self.failure(greeted)?.contains("give the key") == true)
        session = ForwardClientSession(credentials: nil)
        let refusal = session.receive(Self.pong(false, "invalid ping message", "", ""))
        #expect(Self.failure(refusal)?.contains("invalid ping message") == true)
    }

    @Test("strange answers end it", arguments: [Array("HTTP/1.1 400".utf8), [0xC1], ack("unknown"), [0x91, 0xC0]])
    func strange(_ answer: [UInt8]) {
        var session = ForwardClientSession(credentials: nil)
        let actions = session.receive(answer)
        #expect(Self.failure(actions) != nil)
    }

    @Test("an answer without an end is not kept for ever")
    func endless() {
        var session = ForwardClientSession(credentials: nil)
        // A str of 4 GiB begins.
        var actions = session.receive([0xDB, 0xFF, 0xFF, 0xFF, 0xFF])
        #expect(actions == [])
        actions = session.receive([UInt8](repeating: 0x61, count: ForwardClientSession.maximumAnswerBytes))
        #expect(Self.failure(actions) != nil)
    }
}
