import COpenSSL

/// What went wrong between two TLS peers, or while reading certificates and keys, with OpenSSL's own words.
package struct TLSError: Error, Sendable, Equatable, CustomStringConvertible {
    /// What a caller may want to tell apart.
    package enum Kind: Sendable {
        /// A certificate, key or option cannot be used.
        case configuration
        /// The first bytes are no TLS at all.
        case plainText
        /// The peer's certificate is missing, not trusted, expired or for another name.
        case certificate
        /// The peer broke the protocol, or the two have no version or cipher in common.
        case handshake
        /// The bytes ended without close_notify: they may have been cut off.
        case truncated
        /// The session was used after it ended.
        case closed
    }

    /// What kind of failure it is.
    package let kind: Kind
    package let description: String

    init(_ kind: Kind, _ description: String) {
        self.kind = kind
        self.description = description
    }

    /// With what OpenSSL left in this thread's error queue, oldest first, which empties it.
    init(_ kind: Kind, doing what: String, advice: String = "") {
        let reasons = TLSError.takeReasons()
        var text = "cannot \(what)"
        if !reasons.isEmpty { text += ": \(reasons.joined(separator: "; "))" }
        let hint = advice.isEmpty ? TLSError.advice(for: reasons) : advice
        if !hint.isEmpty { text += "; \(hint)" }
        self.init(kind, text)
    }

    private static func takeReasons() -> [String] {
        var reasons: [String] = []
        var data: UnsafePointer<CChar>?
        var flags: Int32 = 0
        // The strings belong to OpenSSL's queue and are copied before the next call.
        while case let code = unsafe ERR_get_error_all(nil, nil, nil, &data, &flags), code != 0 {
            var reason: String
            if let known = unsafe ERR_reason_error_string(code) {
                reason = unsafe String(cString: known)
            } else {
                // System errors have no reason string: take the last field of `error:…:lib::text`.
                reason = unsafe withUnsafeTemporaryAllocation(of: CChar.self, capacity: 256) { text in
                    unsafe ERR_error_string_n(code, text.baseAddress, 256)
                    return unsafe String(cString: text.baseAddress.unsafelyUnwrapped)
                }
                if let colon = reason.utf8.lastIndex(of: UInt8(ascii: ":")) {
                    reason = String(reason[reason.utf8.index(after: colon)...])
                }
            }
            if flags & ERR_TXT_STRING != 0, let data = unsafe data {
                let detail = unsafe String(cString: data)
                if !detail.isEmpty { reason += " (\(detail))" }
            }
            if !reasons.contains(reason) { reasons.append(reason) }
        }
        return reasons
    }

    private static func advice(for reasons: [String]) -> String {
        for (part, advice) in usualAdvice where reasons.contains(where: { $0.contains(part) }) { return advice }
        return ""
    }

    /// By a part of OpenSSL's reason (`openssl/sslerr.h`, `ssl_stat.c`).
    private static let usualAdvice: [(String, String)] = [
        ("alert unknown ca", "the peer does not trust our certificate: give it the authority that signed it"),
        ("alert certificate required", "the peer asks for a client certificate: configure one"),
        ("alert bad certificate", "the peer refuses our certificate"),
        ("alert certificate expired", "our certificate has expired: renew it"),
        ("alert protocol version", "the two sides allow no common TLS version: widen min_version and max_version"),
        ("unsupported protocol", "the peer offers only versions that are not allowed here: lower min_version"),
        ("no shared cipher", "no cipher suite is allowed on both sides: widen ciphers"),
        ("peer did not return a certificate", "the client sent no certificate and client_cert_auth asks for one"),
        ("wrong version number", "does the peer speak TLS on this port at all?"),
        ("bad decrypt", "the passphrase of the private key is wrong"),
        ("bad password read", "the private key is encrypted: give its passphrase"),
        ("key values mismatch", "certificate and private key do not belong together"),
        ("ee key too small", "OpenSSL's security level refuses the key: use RSA of 2048 bits or more"),
    ]
}
