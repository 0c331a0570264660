/// Every command of `sluice`: the one table that its parsing, help, completion and man page come from.
package enum SluiceCommands {
    /// The tool itself. Without a subcommand its command line is `fluentd`'s.
    package static let table = CommandTable(
        root: Command(
            "sluice", "Collect, parse and ship logs; takes Fluentd's place.",
            discussion: """
                Reads Fluentd's configuration files, speaks its forward protocol and takes its command line: \
                without a subcommand, options are those of 'sluice run'.
                """,
            examples: [
                Example("sluice -c /etc/fluent/fluent.conf", "Run as fluentd would."),
                Example("sluice check fluent.conf", "See every mistake of a configuration at once."),
            ],
            subcommands: [
                run, check, tryOut, test, benchConfig, reload, health, top, tap, send, deadLetters, replay, grok,
                version, help, completion, manual,
            ],
            defaultSubcommand: "run"))

    package static let run = Command(
        "run", aliases: ["fluentd"], "Run the daemon.",
        discussion: """
            Stops at SIGINT or SIGTERM once everything is delivered, or written to backup files when that takes longer \
            than 'shutdown_timeout'; another signal after a second ends the waiting. SIGUSR1 reopens the log file and \
            flushes the buffers. SIGHUP and SIGUSR2 read the configuration again.

            Options of Fluentd that only mean something to Ruby are accepted with a warning; --help-hidden lists them. Further \
            options are taken from FLUENTD_OPT, as in the image fluent/fluentd.
            """,
        examples: [
            Example("sluice run -c fluent.conf", "Run in the foreground and log to standard error."),
            Example("sluice run -c fluent.conf -o /var/log/sluice.log -d /run/sluice.pid", "Run in the background."),
            Example("sluice run -c fluent.conf --dry-run", "Check the configuration and exit."),
        ],
        options: RunOptions.all)

    package static let check = Command(
        "check", aliases: ["validate"], "Check a configuration and show every mistake.",
        discussion: """
            Exit status 0 when it can be run, 2 when it cannot, with place, line and hint for each mistake. With --migrate also 1: \
            it can be run, and asks for something that has no effect or is left out.
            """,
        examples: [
            Example("sluice check fluent.conf", "For reading."),
            Example(
                "sluice check --strict --format json fluent.conf", "For a build: warnings count, one object a line."),
            Example("sluice check --migrate fluent.conf", "For a configuration that comes from Fluentd."),
        ],
        arguments: [
            Argument(
                "file", kind: .file, "The configuration, as with --config.", default: RunOptions.configurationDefault,
                isOptional: true)
        ],
        options: CheckOptions.all)

    package static let tryOut = Command(
        "try", "Send events through a configuration and show what each stage makes of them.",
        discussion: """
            Events go one by one through the real filters and labels, and are formatted as the outputs would; nothing is \
            opened and nothing is sent. A line of input is an event with tag, time and record as dead letters have it, a \
            JSON object as the record, or any other text. A text goes through the parser of the source that gives its \
            events that tag, as a line of its file or a message of its socket; without such a source it is the field 'log'. \
            --source names a source, through which all lines go: also as the body of a request, a message of a topic, or an \
            entry of a journal as 'journalctl -o json' prints it.

            Exit status 0 when every event was taken, or dropped by a filter; 1 when one was refused, or no <match> takes \
            it; 2 when the configuration cannot be run.
            """,
        examples: [
            Example(#"echo '{"log":"{\"took\":12}"}' | sluice try -c fluent.conf --tag service.post"#, "One event."),
            Example("sluice try -c fluent.conf --tag nginx.access --lines access.log", "Each line of a file."),
            Example("sluice try -c fluent.conf --source tail app.log", "Lines of a file through their <parse>."),
            Example(
                "sluice try -c fluent.conf --format json dead.ndjson",
                "Dead letters, under their own tags, for a program."),
        ],
        arguments: [
            Argument(
                "file", kind: .file, "Files with events.", default: "standard input", isOptional: true,
                isRepeatable: true)
        ],
        options: TryOptions.all)

    package static let test = Command(
        "test", "Run the cases beside a configuration.",
        discussion: """
            A YAML file of cases says which events come in and what must become of them: with which fields each output gets \
            them, which filter drops them, why they are refused. The present is the time of the event. Differences are \
            shown field by field.

            Exit status 0 when every case passes, 1 when one does not, 2 when a configuration or a file cannot be read.
            """,
        examples: [
            Example("sluice test", "Those in tests/*.yaml."),
            Example("sluice test --update tests/web.yaml", "Write down what is seen, to be read and kept."),
            Example("sluice test --format junit > report.xml", "For continuous integration."),
        ],
        arguments: [
            Argument(
                "file", kind: .file, "Files of cases, or folders with them.", default: "tests", isOptional: true,
                isRepeatable: true)
        ],
        options: TestOptions.all)

    package static let benchConfig = Command(
        "bench-config", "Measure what each stage of a configuration takes for an event.",
        discussion: """
            Events go in batches through the real filters and labels, and are formatted as the outputs would, again and again \
            on one core; nothing is opened and nothing is sent. For each stage: the events it was given, those it refused, \
            its nanoseconds an event, its share of the whole, and its allocations of memory. Then each event \
            alone, for the slowest. Input is as for 'sluice try'; where texts go through a source, its parser is the first stage. \
            What sockets, files, acknowledgements, buffers and deliveries take is not measured.

            Exit status 0 when something was measured, 1 when there is no event or one cannot be read, 2 when the \
            configuration cannot be run.
            """,
        examples: [
            Example(
                "sluice bench-config -c fluent.conf --tag nginx.access --lines access.log", "A file of lines."),
            Example(
                "sluice bench-config -c fluent.conf --tag app --seconds 10 --format json app.ndjson",
                "For comparing two configurations by a program."),
        ],
        arguments: tryOut.arguments, options: BenchConfigOptions.all)

    package static let reload = Command(
        "reload", "Let a running sluice read its configuration again.",
        discussion: """
            Waits for the answer: exit status 0 when the configuration is in force, 2 when it cannot be run (what is wrong \
            with it is shown, and nothing has changed), 1 when nobody answers. SIGHUP does the same without an answer.
            """,
        examples: [
            Example("sluice reload", "The only one of this account."),
            Example("sluice reload /run/sluice.pid", "The one that this file names."),
        ],
        arguments: [
            Argument(
                "process", "A process id, or a file with one.", default: "the only one there is", isOptional: true)
        ])

    package static let health = Command(
        "health", "Ask a running sluice whether it is well.",
        discussion: """
            Says so in one line, with the outputs that are retried, since when and why. Exit status 0 while it does its work, also \
            when an output is away or a buffer is full: a restart would not help. 1 when it starts, stops or hangs, or nobody \
            answers.
            """,
        examples: [
            Example("sluice health", "The only one of this account, wherever its monitor answers."),
            Example("sluice health http://10.0.0.7:24220/ready", "Another one, and whether it takes events."),
        ],
        arguments: [
            Argument(
                "url", "Where its monitor answers.", default: "that of the only one, or http://127.0.0.1:24220/health",
                isOptional: true)
        ],
        options: [HealthOptions.timeout, MonitorOptions.caFile])

    package static let send = Command(
        "send", aliases: ["cat"], "Send events from standard input, as fluent-cat does.",
        discussion: "Reads one event a line (msgpack: one after the other) and sends each with the time of reading.",
        examples: [
            Example(#"echo '{"message":"hello"}' | sluice send service.ui"#, "Send one event to this machine."),
            Example(
                "tail -F app.log | sluice send --format none --ack app.log", "Send each line, and wait for receipts."),
        ],
        arguments: [Argument("tag", "The tag of the events.")], options: SendOptions.all)

    package static let deadLetters = Command(
        "dead-letters", "Show what no output took, by reason.",
        discussion: """
            Reads the files in which 'sluice run' keeps events that were refused for good or ran out of retries, one event \
            a line, and counts them by output and reason, with an example of each. Exit status 1 when a file cannot be \
            read or a line is no event.
            """,
        examples: [
            Example("sluice dead-letters", "All of this account's."),
            Example("sluice dead-letters --format json dead-letters/es/0000000001.ndjson", "One file, for a program."),
        ],
        arguments: [
            Argument(
                "file", kind: .file, "A file, or a folder with files.", default: "dead-letters in the state directory",
                isOptional: true, isRepeatable: true)
        ],
        options: [CheckOptions.format])

    package static let replay = Command(
        "replay", "Send dead letters and events of backup files again, with their tags and times.",
        discussion: """
            Reads files that 'sluice run' has written where it could deliver no more (in the state directory), one event a \
            line. Each message waits for its receipt. The files stay; remove them when the exit status is 0.
            """,
        examples: [
            Example("sluice replay /var/lib/sluice/dead-letters", "Send all of them to this machine."),
            Example("sluice replay --host aggregator out.log", "Send them to another one."),
            Example(
                "sluice replay -c fluent.conf --to es dead.ndjson",
                "Past all filters, to the output with '@id es', by this command itself."),
            Example(
                "sluice replay --reason mapper_parsing_exception dead.ndjson",
                "Only what was refused for this; 'sluice dead-letters' shows the reasons."),
        ],
        arguments: [Argument("file", kind: .file, "A file, or a folder with files.", isRepeatable: true)],
        options: SendOptions.target + [SendOptions.to, SendOptions.reason, RunOptions.config])

    package static let version = Command("version", "Show the version.")

    package static let help = Command(
        "help", "Show the help of a command.",
        arguments: [Argument("subcommand", "The command to explain.", isOptional: true)])

    package static let completion = Command(
        "completion", "Print a script that completes commands and options in a shell.",
        examples: [
            Example("sluice completion bash > /etc/bash_completion.d/sluice", "Install for everybody, in bash.")
        ],
        arguments: [
            Argument(
                "shell", kind: .choice(CompletionShell.allCases.map(\.rawValue)), "The shell.",
                default: "that of SHELL",
                isOptional: true)
        ])

    package static let manual = Command(
        "manual", "Print the man page.",
        examples: [Example("sluice manual > /usr/local/share/man/man1/sluice.1", "Install it.")], isHidden: true)
}

/// The options of `sluice check`.
package enum CheckOptions {
    package static let format = Option(
        "format", value: .required("format", .choice(["text", "json"])), "How mistakes are printed.", default: "text")
    package static let strict = Option("strict", "Let warnings count as mistakes.")
    package static let migrate = Option(
        "migrate", "Show what differs from Fluentd for this configuration, and what to do.")

    /// For completion.
    package static let list = Option(
        "list", value: .required("what", .choice(["grok-tags", "tags", "labels", "outputs", "sources"])),
        "Print the tags of grok filters, of all filters and matches, the labels, the outputs, or the sources that parse, one a line.",
        isHidden: true)

    package static let all = [
        RunOptions.config, format, strict, migrate, RunOptions.skipUnknown, RunOptions.configFileType, list,
    ]
}

/// The options of `sluice try`.
package enum TryOptions {
    package static let tag = Option(
        "tag", short: "t", value: .required("tag", .listed(by: "check --list tags", readsConfiguration: true)),
        "The tag of events that bring none.")
    package static let source = Option(
        "source", value: .required("source", .listed(by: "check --list sources", readsConfiguration: true)),
        "Send all lines through this source's parser: its @id, its name in the log, or its type.")
    package static let label = Option(
        "label", value: .required("label", .listed(by: "check --list labels", readsConfiguration: true)),
        "Where their source would send them.", default: "the label of the source that texts go through, else @ROOT")
    package static let lines = Option("lines", "Take JSON objects for texts, too.")
    package static let defaultKey = "log"
    package static let key = Option(
        "key", value: .required("key", .text), "The field that takes a text; no source parses it then.",
        default: defaultKey)

    package static let format = Option(
        "format", value: .required("format", .choice(["text", "json"])), "How results are printed.", default: "text")

    /// From a file to events with a place in a configuration.
    package static let input = [RunOptions.config, tag, source, label, lines, key]

    package static let all = input + [format]
}

/// The options of `sluice bench-config`.
package enum BenchConfigOptions {
    package static let defaultBatch = 1000
    package static let batch = Option(
        "batch", value: .required("count", .integer(1...100_000)), "Events of one tag that come together, at most.",
        default: "\(defaultBatch)")
    package static let duration = GrokCommandOptions.duration
    package static let slowest = Option(
        "slowest", value: .required("count", .integer(0...1000)), "How many of the slowest events are shown.",
        default: "5")

    package static let all = TryOptions.input + [batch, duration, slowest, TryOptions.format]
}

/// The options of `sluice test`.
package enum TestOptions {
    package static let update = Option("update", "Write what is seen into the files, where it differs.")
    package static let format = Option(
        "format", value: .required("format", .choice(["text", "json", "junit"])), "How results are printed.",
        default: "text")

    package static let all = [update, format]
}

/// The options of `sluice health`.
package enum HealthOptions {
    package static let timeout = Option(
        "timeout", value: .required("seconds", .seconds), "How long to wait for the answer.", default: "3")
}

/// The options of `sluice send`.
package enum SendOptions {
    package static let host = Option(
        "host", value: .required("host", .text), "Where to send to.", default: "127.0.0.1")
    package static let port = Option(
        "port", short: "p", value: .required("port", .integer(1...65535)), "Its TCP port.", default: "24224")
    package static let unix = Option(
        "unix", short: "u", value: .required("path", .file), "Send to a Unix domain socket instead.")
    package static let format = Option(
        "format", short: "f", value: .required("format", .choice(["json", "msgpack", "none"])),
        "What comes in: JSON objects, msgpack maps, or plain lines.", default: "json")
    package static let messageKey = Option(
        "message-key", value: .required("key", .text), "The field that takes a plain line.", default: "message")
    package static let ack = Option("ack", "Ask for a receipt of each message, and fail without one.")
    package static let timeAsInteger = Option("time-as-integer", "Send whole seconds, for Fluentd 0.12 and older.")
    package static let batch = Option(
        "batch", value: .required("count", .integer(1...100_000)),
        "Events in one message; after 200 ms it goes with what it has.", default: "1000")
    package static let timeout = Option(
        "timeout", value: .required("seconds", .seconds), "How long to wait for a connection or a receipt.",
        default: "10")
    package static let tls = Option("tls", "Connect with TLS.")
    package static let caFile = Option(
        "ca-file", value: .required("file", .file), "Trust these certificates (PEM) instead of the system's.")
    package static let sharedKey = Option(
        "shared-key", value: .required("key", .text), "Log in with the key of the server's <security>.")
    package static let user = Option("user", value: .required("name", .text), "Log in as this user.")
    package static let password = Option("password", value: .required("password", .text), "The user's password.")
    package static let verbose = Option(
        "verbose", short: "v", "Say how many events were sent, as on a terminal.")

    package static let to = Option(
        "to", value: .required("id", .listed(by: "check --list outputs", readsConfiguration: true)),
        "Deliver to this output of the configuration, without a daemon; what it refuses stays where it is.")

    package static let reason = Option(
        "reason", value: .required("text", .text),
        "Only events of this reason, or of this type, as 'sluice dead-letters' shows them.")

    package static let all = [
        host, port, unix, format, messageKey, ack, timeAsInteger, batch, timeout, tls, caFile, sharedKey, user,
        password, verbose,
    ]

    /// Where to, and how; what `sluice replay` has of them.
    package static let target = [
        host, port, unix, timeAsInteger, batch, timeout, tls, caFile, sharedKey, user, password, verbose,
    ]
}
