internal import ConfigFile

/// What sections do otherwise than in Fluentd, on purpose: one line a difference, told by `sluice check --migrate` for those
/// that a configuration has. A parameter without effect is told by the reader of its section.
struct SectionDifferences {
    typealias Condition = (SectionReader) -> Bool

    let types: Set<String>
    let parameter: String?
    let what: String
    let advice: String?
    let applies: Condition

    init(
        _ types: Set<String>, of parameter: String? = nil, _ what: String, advice: String? = nil,
        when applies: @escaping Condition = { _ in true }
    ) {
        (self.types, self.parameter, self.what, self.advice, self.applies) = (types, parameter, what, advice, applies)
    }

    private static func unset(_ key: String) -> Condition { { $0.section.parameter(key) == nil } }

    private static func isTrue(_ key: String) -> Condition {
        { ["true", "yes", ""].contains($0.section.parameter(key)?.text ?? "false") }
    }

    private static var sources: [SectionDifferences] {
        [
            SectionDifferences(
                ["forward"], of: "chunk_size_limit", "a message has at most 64 MiB; Fluentd takes any size",
                advice: "set it, if clients send more", when: unset("chunk_size_limit")),
            SectionDifferences(
                ["http"], "a broken body gets 400; Fluentd answers 200 and drops it",
                advice: "let clients look at the status"),
            SectionDifferences(
                ["tail"], of: "max_line_size", "a line has at most 16 MiB; Fluentd takes any size",
                advice: "set it, if lines are longer", when: unset("max_line_size")),
            SectionDifferences(
                ["tail"], "a position moves when the events before it are safe; Fluentd moves it when they are read",
                advice: "expect lines to come again after a crash; none is missing"),
            SectionDifferences(
                ["syslog", "tcp", "udp"], of: "source_hostname_key",
                "it holds the client's address: no name server is waited for", when: { $0.has("source_hostname_key") }),
        ]
    }

    private static var geoip: [SectionDifferences] {
        [
            SectionDifferences(
                ["geoip"], of: "geoip2_database",
                "no database comes with sluice: it is looked for as GeoLite2-City.mmdb in /usr/share/GeoIP and /var/lib/GeoIP; the "
                    + "plugin has one of its own",
                advice: "let geoipupdate bring one, or set it", when: unset("geoip2_database")),
            SectionDifferences(
                ["geoip"],
                "a database that is not there stops nothing: values are null, and a new one is opened within a minute; Fluentd "
                    + "does not start, and reads a new one after a restart"),
        ]
    }

    private static var filters: [SectionDifferences] {
        geoip + [
            SectionDifferences(
                ["record_transformer"], of: "enable_ruby",
                "expressions mean what Ruby means, within limits; what is not covered is an error of this check",
                when: isTrue("enable_ruby")),
            SectionDifferences(
                ["concat"], of: "timeout_label",
                "what waits longer than 'flush_interval' goes to @ERROR, and without one the normal way; Fluentd drops it",
                advice: "set it, if such events are to go elsewhere", when: unset("timeout_label")),
        ]
    }

    private static let json = "invalid UTF-8 becomes U+FFFD, NaN and infinities null, and no key comes twice"

    private static var outputs: [SectionDifferences] {
        geoip + [
            SectionDifferences(["elasticsearch", "opensearch", "file", "stdout"], json),
            SectionDifferences(
                ["elasticsearch", "opensearch"], of: "request_timeout", "the default is 30 s; Fluentd's is 5 s",
                advice: "set it, if a server that does not answer is to be left earlier", when: unset("request_timeout")
            ),
            SectionDifferences(
                ["elasticsearch", "opensearch"],
                "refused items are told apart: each goes to @ERROR or the dead letters with its reason, the others go on"
            ),
            SectionDifferences(
                ["rewrite_tag_filter"],
                "events that come back under their new tag are dropped with an error after a few rounds; Fluentd ends with a "
                    + "stack overflow"),
        ]
    }

    /// Of every output that has a buffer.
    private static func buffered(_ place: BufferPlace) -> [SectionDifferences] {
        var all = [
            SectionDifferences(
                [], of: "overflow_action", "a full buffer lets senders wait ('block'); Fluentd throws an error",
                advice: "write 'overflow_action throw_exception' into <buffer> to have that",
                when: { reader in
                    reader.section.parameter("buffer_queue_full_action") == nil
                        && reader.section.sections(named: "buffer").allSatisfy {
                            $0.parameter("overflow_action") == nil
                        }
                }),
            SectionDifferences(
                [], "what is refused for good or given up is kept as dead letters; Fluentd drops it",
                advice: "look with 'sluice dead-letters'; 'dead_letter_limit_size 0' in <buffer> keeps none",
                when: { $0.section.sections(named: "secondary").isEmpty }),
        ]
        if case .files(let path) = place {
            all.append(
                SectionDifferences(
                    [],
                    "chunks in '\(path)' have a format of their own; those that Fluentd left there are sent and removed",
                    advice: "stop Fluentd before the first start"))
        }
        return all
    }

    // MARK: - Telling

    static func tellSource(_ type: String, _ reader: SectionReader) { tell(sources, type, reader) }

    static func tellFilter(_ type: String, _ reader: SectionReader) { tell(filters, type, reader) }

    static func tellOutput(_ plan: OutputPlan, _ reader: SectionReader) {
        tell(outputs, plan.type, reader)
        if let place = plan.buffer { tell(buffered(place), nil, reader) }
    }

    private static func tell(_ all: [SectionDifferences], _ type: String?, _ reader: SectionReader) {
        for one in all where (type.map { one.types.contains($0) } ?? true) && one.applies(reader) {
            reader.differs(of: one.parameter, one.what, advice: one.advice)
        }
    }
}
