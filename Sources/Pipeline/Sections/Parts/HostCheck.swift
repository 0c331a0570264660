internal import ConfigFile

/// `host` of an output: a name or an address alone. What belongs to a URL is said to have its own parameters.
enum HostCheck {
    /// A bare IPv6 address has brackets in a URL.
    static func forURL(_ host: String) -> String {
        hasColons(host) && !host.hasPrefix("[") ? "[\(host)]" : host
    }

    /// More than the one in front of a port: only an IPv6 address has them.
    private static func hasColons(_ host: String) -> Bool { host.utf8.count { $0 == 0x3A } > 1 }

    /// - Parameter advice: what to write instead of a text that holds more; nil: what fits an output with URLs.
    static func check(
        _ setting: Setting<String>, _ diagnostics: Diagnostics, advice: ((String) -> String)? = nil
    ) {
        let host = setting.value
        let isAddress = host.hasPrefix("[") && host.hasSuffix("]") || hasColons(host)
        let allowed = isAddress ? "-._%:[]" : "-._"
        let wrong = host.utf8.contains { byte in
            !(0x30...0x39).contains(byte) && !(0x61...0x7A).contains(byte | 0x20) && byte < 0x80
                && !allowed.utf8.contains(byte)
        }
        guard wrong || host.isEmpty else { return }
        let isWritable = !host.isEmpty && !host.utf8.contains { $0 <= 0x20 }
        let shown = SecretText.masked(host, of: "host")
        diagnostics.error(
            setting.place, "'host' is '\(shown)', which is not a name or an address alone",
            hint: isWritable
                ? advice?(shown) ?? "write 'hosts \(shown)', or scheme, host and port on lines of their own"
                : "write a name or an address, such as 'host search.example'")
    }
}
