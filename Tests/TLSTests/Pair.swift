import TLS
import Testing

/// How bytes travel between two sessions in a test.
enum Feeding: CaseIterable { case whole, byteByByte, batched }

/// A client and a server session that are fed to each other.
final class Pair {
    var client: TLSSession
    var server: TLSSession
    let feeding: Feeding
    var atServer: [UInt8] = []
    var atClient: [UInt8] = []
    /// All ciphertext that left each side.
    var fromClient: [UInt8] = []
    var fromServer: [UInt8] = []

    init(_ server: TLSContext, _ client: TLSContext, serverName: String? = "localhost", _ feeding: Feeding = .whole)
        throws
    {
        self.client = try TLSSession(client, serverName: serverName)
        self.server = try TLSSession(server)
        self.feeding = feeding
    }

    /// Carries bytes to and fro until neither side has any. On an error the alert is still delivered.
    func pump() throws {
        var failure: (any Error)?
        var isQuiet = false
        while !isQuiet {
            isQuiet = true
            var out: [UInt8] = []
            client.takeCiphertext(appendingTo: &out)
            fromClient += out
            for piece in pieces(out) {
                isQuiet = false
                guard server.state != .failed else { break }
                do {
                    try server.receive(piece)
                    try drain(&server, &atServer)
                } catch { failure = failure ?? error }
            }
            out.removeAll()
            server.takeCiphertext(appendingTo: &out)
            fromServer += out
            for piece in pieces(out) {
                isQuiet = false
                guard client.state != .failed else { break }
                do {
                    try client.receive(piece)
                    try drain(&client, &atClient)
                } catch { failure = failure ?? error }
            }
        }
        if let failure { throw failure }
    }

    private func drain(_ session: inout TLSSession, _ bytes: inout [UInt8]) throws {
        var buffer = [UInt8](repeating: 0, count: 5_000)
        while case let count? = try buffer.withUnsafeMutableBytes({ try session.read(into: $0) }) {
            bytes += buffer[..<count]
        }
    }

    private func pieces(_ bytes: [UInt8]) -> [[UInt8]] {
        let size =
            switch feeding {
            case .whole: max(bytes.count, 1)
            case .byteByByte: 1
            case .batched: 777
            }
        return stride(from: 0, to: bytes.count, by: size).map { Array(bytes[$0..<min($0 + size, bytes.count)]) }
    }
}

/// Certificates that the tests share: making RSA keys takes time.
struct Certificates {
    let authority: TLSIdentity
    let server: TLSIdentity
    let client: TLSIdentity
    /// Signed by itself, trusted by nobody.
    let stranger: TLSIdentity

    static let shared: Result<Certificates, any Error> = Result { try Certificates() }

    private init() throws {
        var options = GeneratedCertificate.Options(commonName: "Sluice Test Authority")
        options.isAuthority = true
        authority = try GeneratedCertificate(options).identity
        options = .init(commonName: "localhost")
        options.alternativeNames = ["127.0.0.1", "log.example.org"]
        server = try GeneratedCertificate(options, signedBy: authority).identity
        client = try GeneratedCertificate(.init(commonName: "client-7"), signedBy: authority).identity
        stranger = try GeneratedCertificate(.init(commonName: "stranger")).identity
    }

    func serverContext(_ change: (inout TLSServerOptions) -> Void = { _ in }) throws -> TLSContext {
        var options = TLSServerOptions(identity: server)
        options.clientAuthorities = .only([authority.certificates])
        change(&options)
        return try TLSContext(server: options)
    }

    func clientContext(_ change: (inout TLSClientOptions) -> Void = { _ in }) throws -> TLSContext {
        var options = TLSClientOptions()
        options.authorities = .only([authority.certificates])
        change(&options)
        return try TLSContext(client: options)
    }
}
