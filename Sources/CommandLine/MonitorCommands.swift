/// `sluice top` and `sluice tap`: they ask the monitor of a running daemon.
extension SluiceCommands {
    package static let top = Command(
        "top", "Watch what passes each stage of a running sluice.",
        discussion: """
            A table that is renewed: events a second in and out of each source, filter and output, what is queued, how full \
            its buffer is, how old its oldest event, and why an output is retried. Where standard output is no terminal, one \
            table is printed.
            """,
        examples: [
            Example("sluice top", "The only one of this account."),
            Example("sluice top --at 10.0.0.7:24220 --count 5 --format json", "Another one, for a script."),
        ],
        options: TopOptions.all)

    package static let tap = Command(
        "tap", "Show events of a running sluice as they pass.",
        discussion: """
            Each event is shown as it comes and with what every stage makes of it: fields that are added, changed or gone, and \
            where it is refused or dropped. Of many events a sample is shown, so that the daemon is not slowed.
            """,
        examples: [
            Example("sluice tap 'app.**'", "Events of some tags."),
            Example("sluice tap --text 'status\":500' --rate 50", "Those in which a text stands."),
            Example("sluice tap --after filter:12 --format json | jq .", "As they are behind one stage."),
        ],
        arguments: [
            Argument("tag-pattern", "As in <match>.", default: "**, all of them", isOptional: true)
        ],
        options: TapOptions.all)
}

/// How a monitor is found.
package enum MonitorOptions {
    package static let address = Option(
        "at", value: .required("url", .text), "Where its monitor answers.",
        default: "that of the only one of this account, or http://127.0.0.1:24220")
    package static let token = Option(
        "token", value: .required("text", .text), "What its monitor asks for.", default: "SLUICE_MONITOR_TOKEN")

    package static let caFile = Option(
        "ca-file", value: .required("file", .file), "Trust these certificates (PEM) instead of the system's.")

    package static let all = [address, token, caFile]
}

/// The options of `sluice top`.
package enum TopOptions {
    package static let interval = Option(
        "interval", value: .required("seconds", .seconds), "Between two tables.", default: "1")
    package static let count = Option(
        "count", short: "n", value: .required("count", .integer(1...1_000_000)), "Stop after so many tables.",
        default: "none, or 1 where it is no terminal")
    package static let format = Option(
        "format", value: .required("format", .choice(["text", "json"])), "How results are printed.", default: "text")

    package static let all = [interval, count, format] + MonitorOptions.all
}

/// The options of `sluice tap`.
package enum TapOptions {
    package static let after = Option(
        "after", value: .required("stage", .text), "As events are behind this stage: an @id, or filter:12.")
    package static let text = Option(
        "text", value: .required("text", .text), "Only events in which this stands, as JSON, at any stage.")
    package static let rate = Option(
        "rate", value: .required("events", .integer(1...100)), "Events a second, at most.", default: "10")
    package static let count = Option(
        "count", short: "n", value: .required("count", .integer(1...1_000_000)), "Stop after so many events.",
        default: "none")
    package static let format = Option(
        "format", value: .required("format", .choice(["text", "json"])), "How results are printed.", default: "text")

    package static let all = [after, text, rate, count, format] + MonitorOptions.all
}
