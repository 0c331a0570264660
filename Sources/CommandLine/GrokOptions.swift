/// The options of the commands below `sluice grok`.
package enum GrokCommandOptions {
    package static let pattern = Option(
        "pattern", short: "p", value: .required("expression", .text),
        "The grok expression; of several, the first that matches a line counts.", isRepeatable: true)
    package static let series = Option(
        "series", value: .required("series", .choice(["legacy", "ecs-v1"])), "The shipped pattern set.",
        default: "legacy")
    package static let patterns = Option(
        "patterns", value: .required("path", .file),
        "Add definitions from a file of 'NAME regexp' lines, or from every file of a folder.", isRepeatable: true)
    package static let define = Option(
        "define", value: .required("definition", .text), "Add one definition: 'NAME regexp'.", isRepeatable: true)
    package static let multiline = Option("multiline", "Let '.' match line feeds, as in multiline_grok.")
    package static let config = Option(
        "config", short: "c", value: .required("file", .file),
        "Take the expressions and definitions of a configuration; see --filter.",
        default: RunOptions.configurationDefault)
    package static let filter = Option(
        "filter", value: .required("tag", .listed(by: "check --list grok-tags", readsConfiguration: true)),
        "The tag whose grok filter in the configuration is meant.")
    package static let format = Option(
        "format", value: .required("format", .choice(["pretty", "json"])),
        "For reading, or one JSON object a line, in the order of the input.", default: "pretty")
    package static let suggestFormat = Option(
        "format", value: .required("format", .choice(["text", "json", "filter", "ingest"])),
        "For reading, one JSON object, filter sections for fluent.conf, or an ingest pipeline of Elasticsearch.",
        default: "text")
    package static let ecs = Option(
        "ecs", "Name the fields by the Elastic Common Schema, with the patterns of the series ecs-v1.")
    package static let null = Option(
        "null", short: "0", "Texts end with a zero byte instead of a line feed, so that one may have several lines.")
    package static let pairs = Option(
        "pairs", "Read an expression and a text by turns, and match each text with its own expression.")
    package static let onlyUnmatched = Option(
        "only-unmatched", "Write the lines that do not match, as they are, and nothing else.")
    package static let countBy = Option(
        "count-by", value: .required("field", .text),
        "Count the lines by the values of a field, the most frequent first.")
    package static let isoTimes = Option(
        "time", "Show fields of type time as ISO 8601 times instead of seconds since 1970.")
    package static let listFormat = Option(
        "format", value: .required("format", .choice(["text", "json"])), "For reading, or one JSON object a line.",
        default: "text")
    package static let search = Option(
        "search", value: .required("text", .text),
        "List the patterns with this text in their name, definition, description or sample, in any case.")
    package static let names = Option("names", "Print the names alone, one a line.")
    package static let slowest = Option(
        "slowest", value: .required("count", .integer(0...1000)), "How many of the slowest lines are shown.",
        default: "5")
    package static let duration = Option(
        "seconds", value: .required("seconds", .seconds), "How long to measure.", default: "2")

    /// Where expressions come from.
    package static let source = [pattern, series, patterns, define, multiline, config, filter]

    package static let match = source + [format, isoTimes, onlyUnmatched, countBy, null, pairs]
    package static let explain = source
    package static let library = [series, patterns, define, search, listFormat, names]
    package static let bench = source + [null, slowest, duration]
    package static let suggest = [series, ecs, patterns, define, suggestFormat]
}

extension SluiceCommands {
    package static let grok = Command(
        "grok", "Try, explain and measure grok expressions.",
        discussion: "The expressions run in the same engine, with the same types, as in the daemon.",
        examples: [
            Example(
                "echo 'took 12 ms' | sluice grok match -p 'took %{INT:duration:integer} ms'",
                "See what an expression captures."),
            Example("sluice grok explain -p 'took %{INT:duration} ms' 'took 12ms'", "See why a line does not match."),
        ],
        subcommands: [grokMatch, grokExplain, grokSuggest, grokPatterns, grokBench])

    package static let grokMatch = Command(
        "match", "Match lines and show what is captured.",
        discussion: """
            Exit status 0 when every line matched, 1 when some did not, 2 when an expression or a definition is bad, 66 when \
            a file cannot be read.

            json writes {"matched":true,"pattern":0,"captures":{...}} for a match (pattern: the number of the expression, \
            from 0), {"matched":false} for none, and {"matched":false,"gave_up":true} where a limit was reached first. \
            A field named time becomes the event's time, as in the daemon, and is shown as "time". What could not be \
            converted is listed as "unconverted".

            With --filter, a line goes through all parser filters that the tag passes, each with what the one before it \
            made; json then has "record", what comes out at the end, and "stages".
            """,
        examples: [
            Example(
                "echo 'took 12 ms' | sluice grok match --format json -p 'took %{INT:duration:integer} ms'",
                "One object a line."),
            Example(
                "sluice grok match -p '%{SYSLOGLINE}' /var/log/syslog", "Fields below each line, and a summary."),
            Example(
                "sluice grok match -c fluent.conf --filter app.web access.log", "Try what the daemon would do."),
            Example(
                "printf 'took 1 ms\\ntook 2 s\\n' | sluice grok match -p 'took %{INT:n} %{WORD:unit}' --count-by unit",
                "Which values there are, and how often."),
        ],
        arguments: [
            Argument(
                "file", kind: .file, "The lines.", default: "standard input", isOptional: true, isRepeatable: true)
        ],
        options: GrokCommandOptions.match)

    package static let grokExplain = Command(
        "explain", "Show where a line leaves an expression, and what would help.",
        discussion: """
            Shows the part of the expression that matches, the first element that cannot, what it wants and what \
            stands there instead. Small changes with which the whole line matches are listed with what they capture, the \
            most fitting first; none of them loses a field or cuts a number or a word. For a bad expression it shows the \
            place, through every definition that leads there.

            Of several lines the first that does not match is explained; of several expressions the one that came nearest \
            comes first. With --filter, the line goes through all parser filters that the tag passes.

            Exit status 0 when the lines match, 1 when one does not, 2 for a bad expression, 66 when standard input cannot \
            be read.
            """,
        examples: [
            Example("sluice grok explain -p 'took %{INT:duration} ms' 'took 12ms'", "A missing space."),
            Example(
                "sluice grok explain -p '%{COMBINEDAPACHELOG}' \"$(tail -1 access.log)\"", "The last line of a file."),
        ],
        arguments: [
            Argument("line", "The lines.", default: "those of standard input", isOptional: true, isRepeatable: true)
        ],
        options: GrokCommandOptions.explain)

    package static let grokSuggest = Command(
        "suggest", "Propose expressions for sample lines.",
        discussion: """
            Several formats in one file give several expressions, in the order in which they must be tried. Each is run by \
            the parser that the daemon makes of the section shown, time options included, on every line.

            Exit status 0 when every line is covered, 1 when some are not, 2 when a definition is bad, 66 when the file \
            cannot be read.
            """,
        examples: [
            Example(
                "printf 'level=info took=12ms\\nlevel=warn took=7ms\\n' | sluice grok suggest",
                "An expression for lines of key=value."),
            Example(
                "sluice grok suggest --ecs --format filter /var/log/syslog",
                "Filter sections to copy, with field names of the Elastic Common Schema."),
        ],
        arguments: [Argument("file", kind: .file, "The lines.", default: "standard input", isOptional: true)],
        options: GrokCommandOptions.suggest)

    package static let grokPatterns = Command(
        "patterns", "List the patterns, or show one with its expansion, fields and sample.",
        discussion: """
            A name with * or ? lists the patterns it fits, in any case.

            json writes {"name":"IP","definition":"...","file":"...","line":1} with "about" and "sample" where they are known and, for \
            a single pattern, "fields", "used_by" and "expansion".
            """,
        examples: [
            Example("sluice grok patterns TIMESTAMP_ISO8601", "One definition."),
            Example("sluice grok patterns '*SYSLOG*' --series ecs-v1", "What there is for syslog."),
            Example("sluice grok patterns --search 'mail address'", "What there is for mail addresses."),
        ],
        arguments: [
            Argument(
                "name", kind: .listed(by: "grok patterns --names"), "A name, or a part of names with * and ?.",
                default: "all", isOptional: true)
        ],
        options: GrokCommandOptions.library)

    package static let grokBench = Command(
        "bench", "Measure expressions on the lines of a file.",
        discussion: """
            Reads the whole file first, then matches its lines over and over: nanoseconds a line, the share that \
            matches, the slowest lines, and the lines on which a limit was reached.
            """,
        examples: [
            Example(
                "sluice grok bench --seconds 0.2 -p '%{SYSLOGLINE}' /var/log/syslog",
                "How fast, and on which lines not.")
        ],
        arguments: [Argument("file", kind: .file, "The lines.", default: "standard input", isOptional: true)],
        options: GrokCommandOptions.bench)
}
