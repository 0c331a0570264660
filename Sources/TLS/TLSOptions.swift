/// A version of the protocol. Older ones than 1.2 exist for old clients and need `ciphers` with `@SECLEVEL=0`.
package enum TLSVersion: Int32, Sendable, Comparable, CustomStringConvertible {
    // The numbers on the wire, which OpenSSL uses too.
    case v1_0 = 0x0301
    case v1_1 = 0x0302
    case v1_2 = 0x0303
    case v1_3 = 0x0304

    package static func < (a: TLSVersion, b: TLSVersion) -> Bool { a.rawValue < b.rawValue }

    package var description: String { "TLS 1.\(rawValue - 0x0301)" }
}

/// Where certificates or a key in PEM come from.
package enum PEMSource: Sendable, Equatable {
    /// A file; for authorities also a directory with OpenSSL's hashed names.
    case file(String)
    /// The PEM text itself; the name stands in errors.
    case bytes([UInt8], name: String)

    var name: String {
        switch self {
        case .file(let path): path
        case .bytes(_, let name): name
        }
    }
}

/// A certificate chain (the own certificate first) with its private key.
package struct TLSIdentity: Sendable {
    package var certificates: PEMSource
    package var key: PEMSource
    /// For an encrypted key.
    package var keyPassphrase: String?

    package init(certificates: PEMSource, key: PEMSource, keyPassphrase: String? = nil) {
        self.certificates = certificates
        self.key = key
        self.keyPassphrase = keyPassphrase
    }
}

/// Which authorities are trusted.
package enum TLSAuthorities: Sendable {
    /// Those of the operating system.
    case system
    /// These alone.
    case only([PEMSource])
}

/// A server's settings.
package struct TLSServerOptions: Sendable {
    /// What to do about client certificates (mutual TLS).
    package enum ClientCertificates: Sendable {
        /// Not asked for.
        case ignored
        /// Asked for; one that is sent must be valid.
        case requested
        /// A client without a valid one is refused: Fluentd's `client_cert_auth true`.
        case required
    }

    package var identity: TLSIdentity
    package var minimumVersion = TLSVersion.v1_2
    package var maximumVersion = TLSVersion.v1_3
    /// OpenSSL's cipher list for versions up to 1.2; nil for its default.
    package var ciphers: String?
    package var clientCertificates = ClientCertificates.ignored
    /// Who may sign client certificates.
    package var clientAuthorities = TLSAuthorities.system

    package init(identity: TLSIdentity) { self.identity = identity }
}

/// A client's settings.
package struct TLSClientOptions: Sendable {
    /// How much of the server's certificate must be right.
    package enum Verification: Sendable {
        /// Signed by a trusted authority and made for the name that was dialled.
        case full
        /// Signed by a trusted authority, for whatever name.
        case authorityOnly
        /// Nothing. Whoever sits in between can read and change all.
        case none
    }

    package var verification = Verification.full
    package var authorities = TLSAuthorities.system
    /// The client's own certificate, for servers that ask.
    package var identity: TLSIdentity?
    package var minimumVersion = TLSVersion.v1_2
    package var maximumVersion = TLSVersion.v1_3
    /// OpenSSL's cipher list for versions up to 1.2; nil for its default.
    package var ciphers: String?

    package init() {}
}
