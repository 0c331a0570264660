package import Events
internal import TLS

/// The three messages of the handshake, as either half writes and reads them.
/// Source: Forward Protocol Specification v1.5, "Handshake Messages". Strings may come as str or bin.
///
/// ```
/// server → ["HELO", {"nonce": bin, "auth": bin, "keepalive": bool}]
/// client → ["PING", hostname, salt, sha512_hex(salt + hostname + nonce + shared_key), user, sha512_hex(auth + user + password)]
/// server → ["PONG", true, "", server_hostname, sha512_hex(salt + server_hostname + nonce + shared_key)]
///       or ["PONG", false, reason, "", ""], and the connection is closed
/// ```
package enum HandshakeMessages {
    /// Bytes of a nonce and of a salt.
    package static let saltBytes = 16

    /// What proves the shared key: by the client for its host name, by the server for its own.
    static func keyDigest(salt: [UInt8], hostname: [UInt8], nonce: [UInt8], sharedKey: [UInt8]) -> [UInt8] {
        SHA512.hexDigest(parts: [salt, hostname, nonce, sharedKey])
    }

    /// What proves a user's password.
    static func passwordDigest(auth: [UInt8], user: [UInt8], password: [UInt8]) -> [UInt8] {
        SHA512.hexDigest(parts: [auth, user, password])
    }
}

/// The server's first words.
package struct HELO: Sendable, Equatable {
    package var nonce: [UInt8]
    /// The salt of the password's digest; empty: users are not asked for.
    package var auth: [UInt8]
    /// Whether a connection may carry more than one message.
    package var keepsAlive: Bool

    package init(nonce: [UInt8], auth: [UInt8], keepsAlive: Bool) {
        self.nonce = nonce
        self.auth = auth
        self.keepsAlive = keepsAlive
    }

    /// Nil when the message is something else. Options that are not known are passed over.
    package init?(_ message: Slice, of storage: borrowing ByteBuffer) {
        var reader = ElementReader(message, of: storage)
        guard reader?.count == 2, reader?.string(storage) == Array("HELO".utf8), let options = reader?.next(storage),
            options.kind == .map
        else { return nil }
        self.init(nonce: [], auth: [], keepsAlive: true)
        reader?.enter(options)
        for _ in 0..<options.length {
            guard let key = reader?.string(storage) else { return nil }
            switch key {
            case Array("nonce".utf8): nonce = reader?.string(storage) ?? []
            case Array("auth".utf8): auth = reader?.string(storage) ?? []
            default:
                guard let value = reader?.next(storage) else { return nil }
                if key == Array("keepalive".utf8) { keepsAlive = value.kind != .false }
            }
        }
    }

    package func write(to out: inout ByteBuffer) {
        out.appendMessagePack(arrayCount: 2)
        out.appendMessagePackString("HELO")
        out.appendMessagePack(mapCount: 3)
        out.appendMessagePackString("nonce")
        out.appendMessagePackBinary(nonce)
        out.appendMessagePackString("auth")
        out.appendMessagePackBinary(auth)
        out.appendMessagePackString("keepalive")
        out.appendMessagePack(keepsAlive)
    }
}

/// The client's proof.
package struct PING: Sendable, Equatable {
    package var hostname: [UInt8]
    package var salt: [UInt8]
    package var keyDigest: [UInt8]
    package var user: [UInt8]
    package var passwordDigest: [UInt8]

    package init(hostname: [UInt8], salt: [UInt8], keyDigest: [UInt8], user: [UInt8], passwordDigest: [UInt8]) {
        self.hostname = hostname
        self.salt = salt
        self.keyDigest = keyDigest
        self.user = user
        self.passwordDigest = passwordDigest
    }

    /// Nil when the message is something else.
    package init?(_ message: Slice, of storage: borrowing ByteBuffer) {
        var reader = ElementReader(message, of: storage)
        guard reader?.count == 6, reader?.string(storage) == Array("PING".utf8),
            let hostname = reader?.string(storage), let salt = reader?.string(storage),
            let keyDigest = reader?.string(storage), let user = reader?.string(storage),
            let passwordDigest = reader?.string(storage)
        else { return nil }
        self.init(hostname: hostname, salt: salt, keyDigest: keyDigest, user: user, passwordDigest: passwordDigest)
    }

    package func write(to out: inout ByteBuffer) {
        out.appendMessagePack(arrayCount: 6)
        out.appendMessagePackString("PING")
        for part in [hostname, salt, keyDigest, user, passwordDigest] { out.appendMessagePackString(part) }
    }
}

/// The server's verdict, and its own proof when it is a good one.
package struct PONG: Sendable, Equatable {
    package var isAccepted: Bool
    /// Why not; empty when accepted.
    package var reason: [UInt8]
    package var hostname: [UInt8]
    package var keyDigest: [UInt8]

    package init(accepting hostname: [UInt8], keyDigest: [UInt8]) {
        isAccepted = true
        reason = []
        self.hostname = hostname
        self.keyDigest = keyDigest
    }

    package init(refusing reason: [UInt8]) {
        isAccepted = false
        self.reason = reason
        hostname = []
        keyDigest = []
    }

    /// Nil when the message is something else.
    package init?(_ message: Slice, of storage: borrowing ByteBuffer) {
        var reader = ElementReader(message, of: storage)
        guard reader?.count == 5, reader?.string(storage) == Array("PONG".utf8), let verdict = reader?.next(storage),
            verdict.kind == .true || verdict.kind == .false, let reason = reader?.string(storage),
            let hostname = reader?.string(storage), let keyDigest = reader?.string(storage)
        else { return nil }
        isAccepted = verdict.kind == .true
        self.reason = reason
        self.hostname = hostname
        self.keyDigest = keyDigest
    }

    package func write(to out: inout ByteBuffer) {
        out.appendMessagePack(arrayCount: 5)
        out.appendMessagePackString("PONG")
        out.appendMessagePack(isAccepted)
        for part in [reason, hostname, keyDigest] { out.appendMessagePackString(part) }
    }
}

/// Walks over the elements of an array that is all there.
struct ElementReader {
    let count: Int
    private var offset: Int
    private let end: Int

    /// Nil when the message is no array.
    init?(_ message: Slice, of storage: borrowing ByteBuffer) {
        guard let top = try? storage.messagePackItem(at: Int(message.offset), end: message.end), top.kind == .array
        else { return nil }
        count = top.length
        offset = top.body
        end = message.end
    }

    /// The next element, whatever it holds; nil when there is none.
    mutating func next(_ storage: borrowing ByteBuffer) -> MessagePackItem? {
        guard let item = try? storage.messagePackItem(at: offset, end: end),
            let after = try? storage.skipMessagePack(at: offset, end: end)
        else { return nil }
        offset = after
        return item
    }

    /// The bytes of the next element, passed over in any case; nil when it is neither str nor bin.
    mutating func string(_ storage: borrowing ByteBuffer) -> [UInt8]? {
        guard let item = next(storage), item.kind == .string || item.kind == .binary else { return nil }
        return storage.array(Slice(offset: item.body, length: item.length))
    }

    /// Goes back to the first item inside the element that `next` answered last.
    mutating func enter(_ item: MessagePackItem) { offset = item.body }
}
