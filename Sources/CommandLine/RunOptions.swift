/// The options of `sluice run`: those of Fluentd 1.16's `fluentd --help`, and a few of our own.
package enum RunOptions {
    /// Where a configuration is looked for when none is named.
    package static let configurationDefault =
        "FLUENTD_CONF, FLUENT_CONF, or fluent.conf in /fluentd/etc, /etc/fluent or ."

    /// The files to try in order when `--config` is not given. A variable, once set, names the only one: FLUENTD_CONF, which is
    /// of the image fluent/fluentd (`FluentdImage`), or FLUENT_CONF.
    package static func configurationCandidates(fluentdConf: String?, fluentConf: String?) -> [String] {
        if let path = FluentdImage.configuration(fluentdConf: fluentdConf) { return [path] }
        if let fluentConf, !fluentConf.isEmpty { return [fluentConf] }
        return ["\(FluentdImage.folder)/fluent.conf", "/etc/fluent/fluent.conf", "./fluent.conf"]
    }

    package static let config = Option(
        "config", short: "c", value: .required("file", .file), "The configuration.", default: configurationDefault)
    package static let configFileType = Option(
        "config-file-type", value: .required("type", .choice(["guess", "v1", "yaml"])),
        "The format of the configuration; 'guess' goes by its name (.yaml, .yml).", default: "guess")
    package static let skipUnknown = Option(
        "skip-unknown", "Leave out sections whose type Sluice does not have, and say so, instead of refusing to start.")
    package static let inlineConfig = Option(
        "inline-config", short: "i", value: .required("text", .text), "Append this to the configuration.",
        isRepeatable: true)
    package static let dryRun = Option("dry-run", "Check the configuration and exit.")
    package static let setup = Option(
        "setup", short: "s", value: .optional("dir", .directory, assumed: "/etc/fluent"),
        "Write a sample configuration into the directory and exit.", default: "/etc/fluent")
    package static let log = Option(
        "log", short: "o", value: .required("file", .file), "Write the daemon's own log to a file.",
        default: "standard error")
    package static let logFormat = Option(
        "log-format", value: .required("format", .choice(["text", "json"])), "How the log is written.", default: "text")
    package static let logRotateAge = Option(
        "log-rotate-age", value: .required("age", .choiceOrInteger(["daily", "weekly", "monthly"], 0...1000)),
        "Rotate the log file by day, week or month, or by size keeping so many files (0: never).", default: "7")
    package static let logRotateSize = Option(
        "log-rotate-size", value: .required("bytes", .integer(1...Int.max)), "Rotate the log file at this size.",
        default: "1048576")
    package static let verbose = Option("verbose", short: "v", "Log more (-v: debug, -vv: trace).", isRepeatable: true)
    package static let quiet = Option("quiet", short: "q", "Log less (-q: warn, -qq: error).", isRepeatable: true)
    package static let suppressConfigDump = Option(
        "suppress-config-dump", "Do not write the configuration to the log at the start.")
    package static let daemon = Option(
        "daemon", short: "d", value: .required("pidfile", .file),
        "Run in the background and write the process id there.")
    package static let user = Option("user", value: .required("user", .text), "Become this user (name or number).")
    package static let group = Option("group", value: .required("group", .text), "Become this group (name or number).")
    package static let umask = Option(
        "umask", value: .required("umask", .octal), "Set the umask.", default: "unchanged")
    package static let withoutSource = Option("without-source", "Run without inputs: only deliver what is buffered.")
    package static let takeOver = Option(
        "take-over", value: .required("pid", .text),
        "Take the sockets of the sluice with this process id (or pid file), and let it stop.")
    package static let noSupervisor = Option(
        "no-supervisor", "Run as one process, as Sluice always does.", isHidden: true)
    package static let useV1Config = Option(
        "use-v1-config", "Read configurations of Fluentd 1, as Sluice always does.", isHidden: true)

    private static let rubyOnly = "it is for Ruby plug-ins, and all stages of Sluice are built in."
    private static let oneProcess = "Sluice is one process with threads; see 'threads' in <system>."

    /// Accepted so that service files of Fluentd go on working; each gives a warning.
    package static let ignored = [
        Option(
            "plugin", short: "p", value: .required("dir", .directory), isRepeatable: true, ignoredBecause: rubyOnly),
        Option(nil, short: "I", value: .required("path", .directory), isRepeatable: true, ignoredBecause: rubyOnly),
        Option(nil, short: "r", value: .required("name", .text), isRepeatable: true, ignoredBecause: rubyOnly),
        Option("gemfile", short: "g", value: .required("path", .file), ignoredBecause: rubyOnly),
        Option("gem-path", short: "G", value: .required("path", .directory), ignoredBecause: rubyOnly),
        Option("show-plugin-config", value: .required("plugin", .text), ignoredBecause: rubyOnly),
        Option("under-supervisor", ignoredBecause: oneProcess),
        Option("workers", value: .required("count", .integer(1...1000)), ignoredBecause: oneProcess),
        Option("disable-shared-socket", ignoredBecause: oneProcess),
        Option("use-v0-config", ignoredBecause: "configurations of 0.12 and 1 are both read as they are."),
        Option("strict-config-value", ignoredBecause: "values are always read strictly."),
        Option(
            "conf-encoding", value: .required("encoding", .text), ignoredBecause: "configurations are UTF-8."),
        Option(
            "emit-error-log-interval", value: .required("seconds", .seconds),
            ignoredBecause: "repeated lines of the log are always counted and summarised."),
        Option(
            "suppress-repeated-stacktrace", value: .optional("value", .text, assumed: "true"),
            ignoredBecause: "the log has no stack traces."),
        Option(
            "log-event-verbose", ignoredBecause: "lines of the daemon's log are never events."),
        Option("enable-input-metrics", ignoredBecause: "inputs are always measured."),
        Option("enable-size-metrics", ignoredBecause: "sizes are always measured."),
    ]

    package static let all =
        [
            config, configFileType, inlineConfig, skipUnknown, dryRun, setup, log, logFormat, logRotateAge,
            logRotateSize, verbose, quiet,
            suppressConfigDump, daemon, user, group, umask, withoutSource, takeOver,
            noSupervisor, useV1Config,
        ] + ignored
}
