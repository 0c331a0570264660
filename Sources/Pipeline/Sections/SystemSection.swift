internal import ConfigFile
internal import Logging
internal import Monitor

/// `<system>`.
enum SystemSection {
    static func read(_ section: Section, _ diagnostics: Diagnostics) -> SystemSettings {
        let reader = SectionReader(section, diagnostics: diagnostics)
        var settings = SystemSettings()
        if let level = reader.string("log_level", aliases: ["@log_level"]) {
            settings.logLevel = LogLevel(level.value)
            if settings.logLevel == nil {
                reader.error(
                    "log_level", "'log_level' is '\(level.value)', which is no level",
                    hint: "one of \(LogLevel.allCases.map(\.description).joined(separator: ", "))")
            }
        }
        settings.threads = reader.int("threads", default: SystemSettings.defaultThreads, range: 1...64)
        // Its files are part of the tree already.
        reader.accept(["config_include_dir"])
        settings.monitor = monitor(reader)
        settings.monitorToken = MonitorSection.token("monitor_token", reader)
        settings.allowsReplay = reader.bool("monitor_replay", default: false)
        if settings.allowsReplay, settings.monitorToken == nil, !reader.has("monitor_token") {
            reader.error(
                "monitor_replay", "'monitor_replay' needs a 'monitor_token': nobody may change anything without one",
                hint: "add 'monitor_token' and a long random word")
        }
        settings.rootDirectory = reader.string("root_dir")?.value
        settings.suppressesConfigDump = reader.bool("suppress_config_dump", default: false)
        settings.shutdownTimeoutSeconds = reader.time("shutdown_timeout", default: 30, range: 0...86_400)
        for log in reader.sections(named: "log") {
            let logReader = SectionReader(log, description: "<log> of <system>", diagnostics: diagnostics)
            settings.logFormat = logReader.enumeration("format", ["text": LogFormat.text, "json": .json])?.value
            logReader.ignore(
                ["rotate_age", "rotate_size", "path"],
                reason: "rotation is set on the command line (--log-rotate-age, --log-rotate-size)")
            logReader.ignore(["time_format"], reason: "the log has one form of time")
            logReader.finish()
        }
        if reader.int("workers", default: 1, range: 0...1024) > 1 {
            reader.differs(
                of: "workers", "sluice is one process with threads, as many as there are cores",
                advice: "'threads N' in <system> sets how many")
            reader.warning(
                "workers", "sluice is one process; 'workers' has no effect", hint: "threads do what workers did")
        }
        reader.ignore(
            [
                "process_name", "rpc_endpoint", "enable_get_dump", "suppress_repeated_stacktrace",
                "emit_error_log_interval", "ignore_repeated_log_interval", "ignore_same_log_interval",
                "strict_config_value", "disable_shared_socket", "enable_msgpack_time_support",
                "enable_input_metrics", "enable_size_metrics", "restart_worker_interval", "enable_jit",
            ], reason: "sluice has no such setting", severity: .note)
        reader.ignore(
            ["without_source"], reason: "sources run as soon as they are in the file",
            defaults: ["without_source": "false"])
        reader.ignore(
            ["with_source_only"],
            reason:
                "outputs run from the start, and nothing waits in files for SIGWINCH; a buffer of type file keeps what comes"
        )
        _ = reader.sections(named: "source_only_buffer")
        for key in ["file_permission", "dir_permission"] {
            guard let mode = reader.string(key), FileModes.mode(mode.value) == nil else { continue }
            reader.error(
                key, "'\(key)' is '\(mode.value)', which is no mode of a file", hint: "write it in octal: 0644")
        }
        // As in Fluentd, which starts: nothing here decides what becomes of an event.
        reader.finish(misspelt: .warning)
        return settings
    }
}

extension SystemSection {
    /// `monitor ADDRESS|off`, Sluice's own: where the monitor answers that nothing else asks for.
    private static func monitor(_ reader: SectionReader) -> MonitorPlace {
        guard let text = reader.string("monitor")?.value else { return .standard }
        if text == "off" { return .off }
        guard let colon = text.lastIndex(of: ":"), let port = UInt16(text[text.index(after: colon)...]), port > 0,
            colon > text.startIndex
        else {
            reader.error(
                "monitor", "'monitor' is '\(text)', which is no address",
                hint: "write '127.0.0.1:24220', or 'off' for no monitor")
            return .standard
        }
        let host = text[..<colon]
        return .at(
            MonitorEndpoint(
                host: String(host.hasPrefix("[") && host.hasSuffix("]") ? host.dropFirst().dropLast() : host),
                port: port))
    }
}

/// `file_permission` and `dir_permission`: what files and folders that outputs make may be used for.
struct FileModes: Sendable {
    var file: UInt32?
    var folder: UInt32?

    init(_ root: Section) {
        func mode(_ key: String) -> UInt32? {
            root.sections(named: "system").lazy.compactMap { $0.parameter(key)?.text }.last.flatMap(Self.mode)
        }
        (file, folder) = (mode("file_permission"), mode("dir_permission"))
    }

    /// Octal, as chmod(1) takes it.
    static func mode(_ text: String) -> UInt32? {
        let mode = UInt32(text.hasPrefix("0o") ? text.dropFirst(2) : text[...], radix: 8)
        return mode.flatMap { $0 <= 0o777 ? $0 : nil }
    }
}
