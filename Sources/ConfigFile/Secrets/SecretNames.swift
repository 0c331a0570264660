internal import Synchronization
internal import Words

/// Which names in a configuration stand before a secret: parameters, headers, environment variables.
///
/// A name counts when it contains a word for a secret or is nearly one, so that `pasword` and `api_keyy` are as safe as
/// what they were meant to be. Rather one value too many is hidden than one too few.
package enum SecretNames {
    /// Parameters of Fluentd and its plugins that hold secrets.
    static let parameters = [
        "password", "passwd", "passphrase", "secret", "token", "shared_key", "api_key", "access_key", "secret_key",
        "private_key_passphrase", "ca_private_key_passphrase", "client_key_pass", "client_key_password", "credentials",
        "authorization", "cloud_auth", "aws_sec_key", "aws_key_id", "account_key", "storage_access_key", "cookie",
    ]

    /// Parts that make any name one of a secret, without blanks, `_` and `-`.
    private static let stems = [
        "password", "passwort", "passwd", "passphrase", "secret", "credential", "authorization", "apikey", "sharedkey",
        "accesskey", "authkey", "accountkey", "encryptionkey", "signingkey", "masterkey", "licensekey", "servicekey",
        "privatekey", "hmackey", "cookie",
    ]
    private static let words: Set<String> = ["pass", "pwd", "token", "tokens", "jwt", "bearer"]
    /// `private_key_path`, `token_file`: what a name ends with that says where, what or how much, and not the secret.
    private static let harmlessEndings: Set<String> = [
        "path", "file", "dir", "length", "size", "limit", "name", "names", "field", "fields", "type", "url", "ttl",
        "expiry", "count", "delimiter", "format", "prefix", "suffix", "index", "encoding",
    ]
    private static let harmlessHeaders: Set<String> = [
        "accept", "acceptencoding", "connection", "contentencoding", "contentlength", "contenttype", "host",
        "useragent", "xopaqueid",
    ]

    /// What the same few names were found to be: a large configuration has each a hundred times.
    private static let known = Mutex<[String: Bool]>([:])
    private static let maximumKnown = 1_000

    /// Whether what follows this name is to be hidden.
    package static func isSecret(_ name: String) -> Bool {
        if let answer = known.withLock({ $0[name] }) { return answer }
        let answer = meansSecret(name)
        known.withLock { if $0.count < maximumKnown { $0[name] = answer } }
        return answer
    }

    private static func meansSecret(_ name: String) -> Bool {
        let lower = name.lowercased()
        let parts = lower.split { $0 == "_" || $0 == "-" || $0 == "." }.map(String.init)
        guard lower.utf8.count >= 3, !isHarmless(lower) else { return false }
        let compact = parts.joined()
        if parts.contains(where: words.contains) || stems.contains(where: { compact.holds($0) }) {
            return true
        }
        if parameters.contains(lower) { return true }
        return parameters.contains { isNearly(lower, $0) }
    }

    /// Whether a name speaks about a secret, or anything else, without its value being one: `token_file`.
    static func isHarmless(_ name: String) -> Bool {
        let parts = name.lowercased().split { $0 == "_" || $0 == "-" || $0 == "." }
        return parts.count > 1 && harmlessEndings.contains(String(parts[parts.count - 1]))
    }

    /// A value of a hash of HTTP headers is hidden unless its header is known to be harmless.
    static func isSecretHeader(_ name: String) -> Bool {
        !harmlessHeaders.contains(String(name.lowercased().filter { $0 != "-" && $0 != "_" }))
    }

    /// `custom_headers` and what is nearly that.
    static func isHeaders(_ name: String) -> Bool {
        let lower = name.lowercased()
        return lower.hasSuffix("headers") || lower.hasPrefix("headers_")
            || EditDistance.between(lower, "custom_headers", limit: 2) != nil
    }

    /// Parameters whose values are hosts and URLs.
    static func isHost(_ name: String) -> Bool {
        let lower = name.lowercased()
        if ["host", "url", "uri", "endpoint", "proxy", "server"].contains(where: { lower.holds($0) }) {
            return true
        }
        return lower.utf8.count > 3 && EditDistance.between(lower, "hosts", limit: 1) != nil
    }

    /// Short names have more neighbours that mean something else.
    private static func isNearly(_ name: String, _ parameter: String) -> Bool {
        let limit = parameter.utf8.count < 8 ? 1 : 2
        return name.utf8.count > 3 && EditDistance.between(name, parameter, limit: limit) != nil
    }

    /// The longest parameter that a name begins with, for a line that lost the blank behind it: `passwordabc`.
    static func glued(_ name: String) -> String? {
        let lower = name.lowercased()
        guard !parameters.contains(lower) else { return nil }
        return parameters.filter { lower.hasPrefix($0) }.max { $0.utf8.count < $1.utf8.count }
    }
}
