import Events
import ForwardProtocol
import Inputs
import TLS
import TestSupport
import Testing

/// Handshakes, as captured from Fluentd and beyond. Nonces are ours, so digests are computed anew.
@Suite struct HandshakeTests {
    static let nonce = Array("nonce-0123456789".utf8)
    static let auth = Array("auth--0123456789".utf8)

    static func security(users: Bool = false) -> ForwardSecurity {
        var security = ForwardSecurity(selfHostname: "golden.server", sharedKey: Array("secret123".utf8))
        security.authenticatesUsers = users
        security.users = [.init(name: Array("alice".utf8), password: Array("wonder".utf8))]
        return security
    }

    private func recorder(_ security: ForwardSecurity, address: [UInt8] = [127, 0, 0, 1]) -> Recorder {
        let recorder = Recorder(
            handshake: ServerHandshake(
                security, address: address, peerName: "127.0.0.1", nonce: Self.nonce, auth: Self.auth))
        recorder.decoder.greet(recorder)
        return recorder
    }

    /// PING of a client; `binary`: strings are sent as bin.
    static func ping(
        key: String = "secret123", user: String = "", password: String = "", host: String = "golden.client",
        binary: Bool = false, elements: Int = 6
    ) -> [UInt8] {
        let salt = Array("0123456789abcdef".utf8)
        let digest = SHA512.hexDigest(parts: [salt, Array(host.utf8), nonce, Array(key.utf8)])
        let login = user.isEmpty ? [] : SHA512.hexDigest(parts: [auth, Array(user.utf8), Array(password.utf8)])
        var out = ByteBuffer()
        out.appendMessagePack(arrayCount: elements)
        for item in [Array("PING".utf8), Array(host.utf8), salt, digest, Array(user.utf8), login, []].prefix(elements) {
            if binary { out.appendMessagePackBinary(item) } else { out.appendMessagePackString(item) }
        }
        return out.array()
    }

    private static let event = hex("94 a1 74 01 81 a1 61 01 81 a5 6368756e6b a1 63")

    /// The items of the reply at `index`, strings and booleans as text.
    private func reply(_ index: Int, of recorder: Recorder) throws -> [String] {
        let bytes = ByteBuffer(recorder.replies)
        var offset = 0
        for _ in 0..<index { offset = try bytes.skipMessagePack(at: offset, end: bytes.count) }
        let top = try bytes.messagePackItem(at: offset, end: bytes.count)
        var items: [String] = []
        offset = top.body
        for _ in 0..<top.length {
            let end = try bytes.skipMessagePack(at: offset, end: bytes.count)
            var out = ByteBuffer()
            if let value = bytes.messagePackValue(at: offset, length: end - offset) { out.appendText(value, bytes) }
            items.append(out.text)
            offset = end
        }
        return items
    }

    @Test("HELO carries nonce, auth and keepalive") func helo() throws {
        let recorder = recorder(Self.security())
        let batch = EventBatch()
        try batch.add(messagePack: Array(recorder.replies.dropFirst(6)))
        #expect(Array(recorder.replies.prefix(6)) == hex("92 a4 48454c4f"))
        #expect(batch.lines == [#"{"nonce":"nonce-0123456789","auth":"auth--0123456789","keepalive":true}"#])
    }

    @Test("the right key is answered with our own digest, and events flow", arguments: Feeding.allCases, [false, true])
    func accepted(feeding: Feeding, binary: Bool) throws {
        let recorder = recorder(Self.security())
        #expect(recorder.fed(Self.ping(binary: binary) + Self.event + Self.event, feeding) == nil)
        let digest = SHA512.hexDigest(
            parts: [Array("0123456789abcdef".utf8), Array("golden.server".utf8), Self.nonce, Array("secret123".utf8)])
        #expect(
            try reply(1, of: recorder) == [
                "PONG", "true", "", "golden.server", String(decoding: digest, as: UTF8.self),
            ])
        #expect(recorder.events == [#"t 1.0 {"a":1}"#, #"t 1.0 {"a":1}"#])
        #expect(Array(recorder.replies.suffix(14)) == hex("81 a3 61636b a1 63 81 a3 61636b a1 63"))
    }

    private static let refusals: [(String, [UInt8], String)] = [
        ("wrong key", ping(key: "other") + event, "shared_key mismatch"),
        ("an event first", event + ping(), "invalid ping message"),
        ("five elements", ping(elements: 5), "invalid ping message"),
        ("seven elements", ping(elements: 7), "invalid ping message"),
        ("nothing like it", hex("01"), "invalid ping message"), ("a map", hex("80"), "invalid ping message"),
        ("nil", hex("c0"), "invalid ping message"),
        ("no strings", hex("96 a4 50494e47 01 02 03 04 05"), "invalid ping message"),
    ]

    @Test(
        "anything else is refused with its reason, and nothing behind it is read", arguments: refusals, Feeding.allCases
    )
    func refused(one: (String, [UInt8], String), feeding: Feeding) throws {
        let recorder = recorder(Self.security())
        let failure = recorder.fed(one.1, feeding)
        #expect(failure?.hasPrefix(one.2) == true, "\(one.0)")
        #expect(try reply(1, of: recorder) == ["PONG", "false", one.2, "", ""])
        #expect(recorder.events.isEmpty)
    }

    @Test(
        "users and passwords",
        arguments: [
            ("alice", "wonder", true), ("alice", "wrong", false), ("bob", "wonder", false), ("", "", false),
            ("alice", "", false),
        ])
    func users(name: String, password: String, isRight: Bool) throws {
        let recorder = recorder(Self.security(users: true))
        #expect((recorder.fed(Self.ping(user: name, password: password) + Self.event) == nil) == isRight)
        #expect(try reply(1, of: recorder)[2] == (isRight ? "" : "username/password mismatch"))
        let lenient = self.recorder(Self.security())
        #expect(lenient.fed(Self.ping(user: name, password: password)) == nil, "asked only with user_auth")
    }

    @Test("networks have keys and users of their own") func clients() {
        var security = Self.security(users: true)
        security.users.append(.init(name: Array("bob".utf8), password: Array("builder".utf8)))
        security.clients = [
            .init(
                network: .init(octets: [10, 1, 0, 0], prefixBits: 16), sharedKey: Array("tenkey".utf8),
                users: [Array("bob".utf8)]),
            .init(network: .init(octets: [127, 0, 0, 1], prefixBits: 32), sharedKey: nil, users: nil),
        ]
        security.allowsAnonymousSource = false
        func judge(_ address: [UInt8], key: String, user: String, password: String) -> String? {
            recorder(security, address: address).fed(Self.ping(key: key, user: user, password: password))
        }
        #expect(judge([10, 1, 2, 3], key: "tenkey", user: "bob", password: "builder") == nil)
        #expect(
            judge([10, 1, 2, 3], key: "tenkey", user: "alice", password: "wonder")?.hasPrefix("username/password")
                == true)
        #expect(
            judge([10, 1, 2, 3], key: "secret123", user: "bob", password: "builder")?.hasPrefix("shared_key") == true)
        #expect(judge([127, 0, 0, 1], key: "secret123", user: "alice", password: "wonder") == nil)
        #expect(
            judge([10, 2, 0, 0], key: "secret123", user: "alice", password: "wonder")?.hasPrefix(
                "anonymous source host") == true)
        #expect(
            judge([], key: "secret123", user: "alice", password: "wonder")?.hasPrefix("anonymous source host") == true)
    }

    @Test("networks count leading bits") func networks() {
        func contains(_ octets: [UInt8], _ bits: Int, _ address: [UInt8]) -> Bool {
            ForwardSecurity.Network(octets: octets, prefixBits: bits).contains(address)
        }
        #expect(contains([192, 168, 16, 0], 20, [192, 168, 31, 255]))
        #expect(!contains([192, 168, 16, 0], 20, [192, 168, 32, 0]))
        #expect(contains([0, 0, 0, 0], 0, [8, 8, 8, 8]))
        #expect(!contains([10, 0, 0, 1], 32, [10, 0, 0, 2]))
        #expect(!contains([10, 0, 0, 1], 8, Array(repeating: 0, count: 16)))
        #expect(contains([10, 0, 0, 1], 99, [10, 0, 0, 1]), "more bits than there are count as all")
    }

    @Test("the eleven captured handshakes end as they did with Fluentd") func captured() throws {
        let objects = try GoldenData.objects("secure-forward-cases.jsonl")
        #expect(objects.count == 11)
        for object in objects {
            let id = object["id"] as? String ?? ""
            let sent = hex(object["sent_hex"] as? String ?? "")
            let received = hex(object["recv_hex"] as? String ?? "")
            let buffer = ByteBuffer(received)
            // nonce and auth of the capture make its digests right again.
            let helo = EventBatch()
            try helo.add(
                messagePack: Array(received.dropFirst(6)).prefix(
                    try buffer.skipMessagePack(at: 0, end: received.count) - 6
                ).map { $0 })
            let fields = helo.rows.records[0].fieldRange.map { helo.storage.array(helo.rows.fields[$0].value.slice) }
            let isUser = id.hasPrefix("user")
            let recorder = Recorder(
                handshake: ServerHandshake(
                    Self.security(users: isUser), address: [127, 0, 0, 1], peerName: "127.0.0.1", nonce: fields[0],
                    auth: fields[1]))
            recorder.decoder.greet(recorder)
            let failure = recorder.fed(sent)
            #expect(hex(recorder.replies) == hex(received), "\(id): \(failure ?? "accepted")")
            let stdout = (object["stdout"] as? [String] ?? []).filter { !$0.contains("fluent.") }
            #expect(recorder.events.count == stdout.count, "\(id)")
        }
    }
}
