/// One server. Source: the plugin's `host`, `port`, `scheme`, `path`, `user`, `password` and `hosts`.
package struct ElasticsearchHost: Sendable, Equatable {
    package var scheme = "http"
    package var host = "localhost"
    package var port = 9200
    /// In front of `/_bulk`, for servers behind a proxy.
    package var path = ""
    package var user: String?
    package var password: String?

    package init() {}

    /// One entry of `hosts`: `name`, `name:port` or a URL with all of it; what it does not say is `defaults`'.
    package init?(_ text: String, defaults: ElasticsearchHost = ElasticsearchHost()) {
        self = defaults
        var rest = Substring(text.drop(while: { $0 == " " }))
        while rest.last == " " { rest.removeLast() }
        if let colon = rest.range(of: "://") {
            scheme = rest[..<colon.lowerBound].lowercased()
            rest = rest[colon.upperBound...]
            guard scheme == "http" || scheme == "https" else { return nil }
            if !rest.split(separator: "/").isEmpty { port = scheme == "https" ? 443 : 80 }
            if let slash = rest.firstIndex(of: "/") {
                path = String(rest[slash...])
                rest = rest[..<slash]
            }
        }
        // Also without a scheme: what stands before the @ is never part of a name, and names are shown.
        if let at = rest.lastIndex(of: "@") {
            let parts = rest[..<at].split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
            user = parts.first.map { Self.percentDecoded($0) }
            password = parts.count > 1 ? Self.percentDecoded(parts[1]) : nil
            rest = rest[rest.index(after: at)...]
        }
        if rest.first == "[", let close = rest.firstIndex(of: "]") {
            host = String(rest[...close])
            rest = rest[rest.index(after: close)...]
            if rest.first == ":" {
                guard let number = UInt16(rest.dropFirst()) else { return nil }
                port = Int(number)
            } else if !rest.isEmpty {
                return nil
            }
        } else if let colon = rest.lastIndex(of: ":") {
            guard let number = UInt16(rest[rest.index(after: colon)...]) else { return nil }
            port = Int(number)
            host = String(rest[..<colon])
        } else {
            host = String(rest)
        }
        if host.isEmpty || host.utf8.contains(where: { $0 <= 0x20 || $0 == 0x2F }) { return nil }
    }

    /// For requests and for messages: without the credentials, without a slash at the end.
    package var baseURL: String {
        var path = path
        while path.last == "/" { path.removeLast() }
        if !path.isEmpty && path.first != "/" { path = "/" + path }
        return "\(scheme)://\(host):\(port)\(path)"
    }

    private static func percentDecoded(_ text: Substring) -> String {
        let bytes = Array(text.utf8)
        var decoded: [UInt8] = []
        var index = 0
        while index < bytes.count {
            if bytes[index] == UInt8(ascii: "%"), index + 2 < bytes.count,
                let value = UInt8(String(decoding: bytes[(index + 1)...(index + 2)], as: UTF8.self), radix: 16)
            {
                decoded.append(value)
                index += 3
            } else {
                decoded.append(bytes[index])
                index += 1
            }
        }
        return String(decoding: decoded, as: UTF8.self)
    }
}

extension Substring {
    /// Where `text` is, without Foundation.
    fileprivate func range(of text: String) -> Range<Index>? {
        var start = startIndex
        while start < endIndex {
            if self[start...].hasPrefix(text) { return start..<index(start, offsetBy: text.count) }
            start = index(after: start)
        }
        return nil
    }
}
