internal import Events

/// `/api/config.json` and `/api/config`: the process and its configuration, as Fluentd's monitor_agent tells it.
struct ConfigAnswer {
    private let fields: [(name: String, json: String, text: String)]

    init(_ process: ProcessReport) {
        fields = [
            Self.number("pid", process.pid), Self.number("ppid", process.parentPid),
            Self.text("version", process.version), Self.text("config_path", process.configurationPath),
            Self.text("pid_file", nil), ("plugin_dirs", "[]", "[]"), Self.text("log_path", nil),
            Self.text("root_dir", process.rootDirectory),
        ]
    }

    func json() -> ByteBuffer {
        var out = ByteBuffer(capacity: 256)
        out.append("{\(fields.map { "\"\($0.name)\":\($0.json)" }.joined(separator: ","))}")
        return out
    }

    func ltsv() -> ByteBuffer {
        var out = ByteBuffer(capacity: 256)
        out.append(fields.map { "\($0.name):\(LTSVText.escaped($0.text))" }.joined(separator: "\t") + "\n")
        return out
    }

    private static func number(_ name: String, _ value: Int) -> (String, String, String) {
        (name, "\(value)", "\(value)")
    }

    private static func text(_ name: String, _ value: String?) -> (String, String, String) {
        guard let value else { return (name, "null", "") }
        var json = ByteBuffer(capacity: value.utf8.count + 2)
        json.appendJSONString(value)
        return (name, json.text(Slice(offset: 0, length: json.count)), value)
    }
}
