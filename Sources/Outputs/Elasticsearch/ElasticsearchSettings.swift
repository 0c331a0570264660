package import Events
package import HTTPClient
internal import Parsing
package import Time

/// What an `@type elasticsearch` section says, with the defaults of fluent-plugin-elasticsearch (its README.md).
///
/// Three differ on purpose: the server's version is found out instead of assumed, `_type` is sent only to servers that
/// want one, and a request has a largest size.
package struct ElasticsearchSettings: Sendable {
    package enum WriteOperation: String, Sendable, CaseIterable { case index, create, update, upsert }

    // MARK: Servers

    /// At least one; requests go round.
    package var hosts = [ElasticsearchHost()]
    /// `id:key`, or what the server gave in base64.
    package var apiKey: String?
    package var customHeaders: [(name: String, value: String)] = []
    /// TLS and time limits; user and password are the hosts' own.
    package var http = HTTPOptions()
    /// How long the answer to a bulk request may take; nil: as long as any other.
    package var bulkTimeoutSeconds: Double?
    /// Without `request_timeout`. The plugin's 5 s are less than a server that has just started, on a busy machine, needs
    /// for its first documents: it stores them, and gets them again.
    package static let patientBulkTimeoutSeconds = 30.0
    /// 1 to 9; nil: bodies are sent as they are.
    package var compressionLevel: Int?
    /// How long a host that cannot be reached is passed over while others can.
    package var resurrectAfterSeconds = 60.0
    /// Spares asking: the major version to assume.
    package var assumedMajorVersion: Int?
    /// `bulk_message_request_threshold`: the most bytes of one request; nil: as much as the server takes. The plugin's
    /// default is none at all; a server that is slow then gets a whole chunk again and again.
    package var requestLimitBytes: Int? = 2 << 20

    // MARK: Where documents go

    package var indexName = "fluentd"
    package var logstashFormat = false
    package var logstashPrefix = "logstash"
    package var logstashPrefixSeparator = "-"
    package var logstashDateFormat = "%Y.%m.%d"
    /// The date in the index's name is UTC's; else the local one.
    package var utcIndex = true
    /// Replace `%Y` and the like in `indexName` and `logstashPrefix`: when the buffer's keys hold `time`.
    package var resolvesTimePlaceholders = false
    /// The zone of those placeholders (`timekey_use_utc`, `timekey_zone`).
    package var placeholderZone = TimeZoneRule.local
    /// A field that names the index, and is not sent.
    package var targetIndexKey: RecordAccessor?
    package var typeName: String?
    package var suppressTypeName = false
    package var pipeline: String?

    // MARK: What documents hold

    package var includeTimestamp = false
    package var timeKey: String?
    /// How `timeKey` and a record's own `@timestamp` are read.
    package var timeKeySource = TimeSource.lenient
    package var timeKeyExcludesTimestamp = false
    /// Digits of a second in `@timestamp`.
    package var timePrecision = 9
    package var idKey: RecordAccessor?
    /// `generate_id`: events without an id of their own get one.
    package var generatesIDs = false
    package var routingKey: RecordAccessor?
    package var parentKey: RecordAccessor?
    package var removeKeys: [String] = []
    package var includeTagKey = false
    package var tagKey = "tag"
    package var writeOperation = WriteOperation.index
    /// `on_mapping_conflict rename`: a field whose value does not fit the index is sent again under another name.
    package var renamesConflicts = false
    /// For updates: the record already is `{"doc": …}` or a script.
    package var suppressDocWrap = false
    package var flattenHashes = false
    package var flattenHashesSeparator = "_"
    /// The zone of `@timestamp` when it is the event's time; nil: the process's.
    package var timestampOffsetSeconds: Int?

    package init() {}

    /// Whether documents get an `@timestamp`.
    var writesTimestamp: Bool { logstashFormat || includeTimestamp }
}

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
