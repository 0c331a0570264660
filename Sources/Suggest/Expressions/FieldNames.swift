import Grok

/// Gives each field of an expression a name of its own, in the words of the series.
struct FieldNames {
    private let series: PatternSeries
    private var used: Set<String> = []

    init(series: PatternSeries) { self.series = series }

    /// A name that no field of the expression has; the second `port` is `port_2`.
    mutating func unique(_ name: String) -> String {
        let name = Self.translated(name, series)
        if used.insert(name).inserted { return name }
        var number = 2
        while !used.insert("\(name)_\(number)").inserted { number += 1 }
        return "\(name)_\(number)"
    }

    /// The name of a key as a field: what a field name may not hold becomes an underscore.
    mutating func unique(key: some Sequence<UInt8>) -> String {
        let name = Self.field(key)
        if used.insert(name).inserted { return name }
        return unique(name)
    }

    /// What a key is called as a field.
    static func field(_ key: some Sequence<UInt8>) -> String {
        let bytes = key.map {
            $0.isWord || $0 == UInt8(ascii: ".") || $0 == UInt8(ascii: "-") || $0 == UInt8(ascii: "@") ? $0 : 0x5F
        }
        return bytes.isEmpty ? "value" : String(decoding: bytes, as: UTF8.self)
    }

    /// The name of a field in a series: the Elastic Common Schema has names of its own for what it knows.
    static func translated(_ name: String, _ series: PatternSeries) -> String {
        series == .ecsV1 ? elasticNames[name] ?? name : name
    }

    /// Source: the field reference of the Elastic Common Schema, version 1.
    private static let elasticNames: [String: String] = [
        "level": "log.level", "loglevel": "log.level", "pid": "process.pid", "program": "process.name",
        "tag": "process.name",
        "thread": "process.thread.name",
        "tid": "process.thread.id", "class": "log.logger", "logger": "log.logger", "host": "host.hostname",
        "clientip": "source.ip", "clientport": "source.port", "client": "source.address",
        "method": "http.request.method", "request": "url.original", "path": "url.path", "url": "url.full",
        "httpversion": "http.version", "status": "http.response.status_code", "bytes": "http.response.body.bytes",
        "referrer": "http.request.referrer", "agent": "user_agent.original", "user": "user.name",
        "email": "user.email", "database": "postgresql.log.database", "timezone": "event.timezone",
        "server": "server.address", "file": "log.origin.file.name", "line": "log.origin.file.line",
        "code": "error.code", "logsource": "host.hostname", "priority": "log.syslog.priority",
        "duration": "event.duration", "ip": "destination.ip", "mac": "source.mac", "component": "log.logger",
    ]

    /// Names in an expression written for the legacy series, translated: `%{WORD:level}` and `(?<level>…)`.
    static func translating(_ expression: String, to series: PatternSeries) -> String {
        guard series == .ecsV1 else { return expression }
        var result: [UInt8] = []
        let text = Array(expression.utf8)
        var index = 0
        while index < text.count {
            let isReference = text[index] == UInt8(ascii: ":") && isWithinReference(text, index)
            let isGroup =
                text[index] == UInt8(ascii: "<") && index >= 2 && text[index - 1] == UInt8(ascii: "?")
                && text[index - 2] == UInt8(ascii: "(")
            result.append(text[index])
            index += 1
            guard isReference || isGroup else { continue }
            let name = text[index...].prefix { $0.isWord }
            let end = isGroup ? UInt8(ascii: ">") : UInt8(ascii: "}")
            if name.endIndex < text.count, text[name.endIndex] == end || text[name.endIndex] == UInt8(ascii: ":") {
                result += Array(translated(String(decoding: name, as: UTF8.self), series).utf8)
                index = name.endIndex
                // The type behind a second colon is none to translate.
                if index < text.count, text[index] == UInt8(ascii: ":") {
                    let type = text[index...].prefix { $0 != UInt8(ascii: "}") }
                    result += Array(type)
                    index = type.endIndex
                }
            }
        }
        return String(decoding: result, as: UTF8.self)
    }

    private static func isWithinReference(_ text: [UInt8], _ colon: Int) -> Bool {
        var index = colon - 1
        while index >= 0, text[index].isWord { index -= 1 }
        return index >= 1 && text[index] == UInt8(ascii: "{") && text[index - 1] == UInt8(ascii: "%")
    }
}
