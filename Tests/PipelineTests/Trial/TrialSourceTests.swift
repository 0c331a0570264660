import Events
import Foundation
import Logging
import Outputs
import Testing

@testable import Pipeline

@Suite("Texts tried through a source")
struct TrialSourceTests {
    /// `[app] {"a":1}` for what the source makes, `refused: …`, `held`; then `→ label stdout`.
    private func steps(
        _ configuration: String, _ lines: [String], source: String, tag: String? = nil, label: String? = nil
    ) throws -> [[String]] {
        let checked = Checked(configuration + "\n<match **>\n  @type null\n</match>\n")
        #expect(checked.errors.isEmpty, "\(checked.rendered)")
        let nowhere = TextSink(descriptor: open("/dev/null", O_WRONLY), writer: try WriterThread())
        let trial = try Trial(checked.plan, path: "fluent.conf", standardOutput: nowhere)
        let tried = try checked.plan.trialSource(source, tag: tag, label: label, path: "fluent.conf")
        let all = lines.map { trial.send(text: Array($0.utf8), through: tried) } + [trial.finish(tried)]
        return all.map { $0.flatMap(shown) }
    }

    private func shown(_ step: TrialStep) -> [String] {
        switch step.change {
        case .read(let into, let refused):
            let records = into.map { record in
                "[\(step.tag)] {" + record.fields.map { "\"\($0.name)\":\($0.value)" }.joined(separator: ",") + "}"
                    + (record.time.seconds < 1_700_000_000 ? " @\(record.time.seconds)" : "")
            }
            return records + refused.map { "refused: \($0)" } + (into.isEmpty && refused.isEmpty ? ["nothing"] : [])
        case .held: return ["held"]
        default: return ["→ \(step.label) \(step.type)"]
        }
    }

    private func source(_ type: String, _ more: String) -> String { "<source>\n  @type \(type)\n\(more)\n</source>" }

    private func tail(_ parse: String, _ more: String = "tag app") -> String {
        source("tail", "path /var/log/app/*.log\npos_file /var/lib/p.pos\n\(more)\n<parse>\n\(parse)\n</parse>")
    }

    private let end = "→ @ROOT null"

    @Test("a line of a file goes through its parser, into the label of the source")
    func lines() throws {
        let ltsv = tail("@type ltsv\ntypes took:integer\ntime_type unixtime", "tag app\n@label @X")
        let labelled = ltsv + "\n<label @X>\n<match **>\n@type stdout\n</match>\n</label>"
        let taken = ["[app] {\"took\":12} @1576605304", "→ @X stdout"]
        #expect(try steps(labelled, ["time:1576605304\ttook:12\r"], source: "tail") == [taken, []])
        #expect(
            try steps(labelled, ["took:1"], source: "tail", label: "@ROOT")[0] == ["[app] {\"took\":1}", end])
    }

    @Test("what the parser does not take is refused, or goes on as it is where that was asked for")
    func unmatched() throws {
        let expression = "@type regexp\nexpression /^(?<n>\\d+)$/"
        #expect(try steps(tail(expression), ["x"], source: "tail")[0] == ["refused: pattern not matched"])
        let emitting = tail(expression, "tag app\nemit_unmatched_lines true")
        #expect(
            try steps(emitting, ["x", "7"], source: "tail")
                == [["[app] {\"unmatched_line\":\"x\"}", end], ["[app] {\"n\":\"7\"}", end], []])
        let short = tail("@type none", "tag app\nmax_line_size 8")
        #expect(
            try steps(short, ["1234567", "12345678"], source: "tail")
                == [["[app] {\"message\":\"1234567\"}", end], ["refused: a line of more than 8 bytes is dropped"], []])
    }

    @Test("lines that belong together wait for one another, and the last text for the end")
    func multiline() throws {
        let parse = "@type multiline\nformat_firstline /^\\d/\nformat1 /^(?<n>\\d+) (?<m>.*)/"
        #expect(
            try steps(tail(parse), ["before", "1 a", "  b", "2 c"], source: "tail") == [
                ["refused: a line before the first line of a text"], ["held"], ["held"],
                ["[app] {\"n\":\"1\",\"m\":\"a\\n  b\"}", end], ["[app] {\"n\":\"2\",\"m\":\"c\"}", end],
            ])
    }

    @Test("where a star stands in the tag, the tag is asked for, or comes of the path")
    func stars() throws {
        let none = tail("@type none", "tag kube.*.x\npath_key file")
        #expect(
            try steps(none, ["a"], source: "tail", tag: "kube.pod.x")[0]
                == ["[kube.pod.x] {\"message\":\"a\",\"file\":\"/var/log/app/*.log\"}", end])
        #expect(try steps(none, ["a"], source: "tail")[0][0].hasPrefix("[kube.var.log.app.*.log.x] "))
    }

    @Test("a message of a socket goes through its parser, and its tag and time come of it as at work")
    func messages() throws {
        let extracting = source(
            "tcp",
            """
            tag plain
            source_address_key from
            <parse>
              @type json
              time_key none
              estimate_current_event false
            </parse>
            <extract>
              tag_key t
              time_key at
              time_type unixtime
            </extract>
            """)
        #expect(
            try steps(extracting, [#"{"t":"a.b","at":1576605304}"#, "no", #"{"n":1}"#], source: "tcp") == [
                [#"[a.b] {"t":"a.b","at":1576605304,"from":"127.0.0.1"} @1576605304"#, end],
                ["refused: pattern not matched"], [#"[plain] {"n":1,"from":"127.0.0.1"}"#, end], [],
            ])
        let syslog = source("syslog", "tag system\nseverity_key level")
        #expect(
            try steps(syslog, ["<30>Dec 17 18:55:04 web sshd[7]: hello", "hello"], source: "syslog")[0][0].hasPrefix(
                "[system.daemon.info] {\"host\":\"web\",\"ident\":\"sshd\",\"pid\":\"7\",\"message\":\"hello\""))
        #expect(try steps(syslog, ["hello"], source: "syslog")[0] == ["refused: pattern not matched"])
    }

    @Test("a body goes through the parser of an http source, or is JSON; a message of a topic through its format")
    func bodies() throws {
        let http = source("http", "port 1\nadd_tag_prefix in")
        #expect(
            try steps(http, [#"[{"a":1},{"time":1576605304,"a":2}]"#, "x", "[]"], source: "http", tag: "web") == [
                [#"[in.web] {"a":1}"#, #"[in.web] {"a":2} @1576605304"#, end, end],
                ["refused: no valid JSON at byte 0"],
                ["nothing"], [],
            ])
        for isKept in [false, true] {
            let dated = source(
                "http", "port 1\ntime_key date\ntime_format %Y-%m-%d\nutc true\nkeep_time_key \(isKept)")
            #expect(
                try steps(dated, [#"{"date":"2019-12-17","a":1}"#, #"{"date":"x"}"#], source: "http", tag: "web") == [
                    [#"[web] {\#(isKept ? #""date":"2019-12-17","# : "")"a":1} @1576540800"#, end],
                    ["refused: the field 'date' is no time"], [],
                ])
        }
        let parsed = source("http", "port 1\n<parse>\n@type csv\nkeys a,b\n</parse>")
        #expect(try steps(parsed, ["1,2"], source: "http", tag: "web")[0][0] == #"[web] {"a":"1","b":"2"}"#)
        let kafka = source("kafka_group", "brokers b:9092\nconsumer_group g\ntopics t\nadd_prefix k")
        #expect(
            try steps(kafka, [#"{"a":1}"#, "x"], source: "kafka_group", tag: "t")
                == [[#"[k.t] {"a":1}"#, end], ["refused: no valid JSON at byte 0"], []])
    }

    @Test(
        "a form is a body as well; the sender's address is this machine's; what no body has is told, and MessagePack refused"
    )
    func forms() throws {
        let http = source("http", "port 1\nadd_remote_addr true\nadd_http_headers true")
        let own = #"[web] {"a":1,"REMOTE_ADDR":"127.0.0.1"}"#
        #expect(
            try steps(
                http, ["json=%7B%22a%22%3A1%7D&time=1576605304", "ndjson={\"a\":1}%0A{\"a\":1}", "jason={}"],
                source: "http", tag: "web") == [
                    [own + " @1576605304", end], [own, own, end, end], ["refused: no valid JSON at byte 0"], [],
                ])
        let parsed = source("http", "port 1\n<parse>\n@type none\n</parse>")
        #expect(try steps(parsed, ["json={}"], source: "http", tag: "web")[0][0] == #"[web] {"message":"json={}"}"#)
        let plan = Checked(http + "\n<match **>\n  @type null\n</match>\n").plan
        let tried = try plan.trialSource("http", tag: "web", label: nil, path: "")
        #expect(
            tried.unseen
                == "a body alone has no headers and no parameters: fields of add_http_headers are not seen here")
        #expect(
            tried.events(of: [0x81, 0xA1, 0x61, 0x01]).refused == [
                "a body of MessagePack is no text; try its events as JSON"
            ])
    }

    @Test("an entry of a journal goes through the rules for its fields, in journalctl's form") func entries() throws {
        let journal = source(
            "systemd",
            """
            tag journal
            matches [{"_SYSTEMD_UNIT":["a.service","b.service"]},{"PRIORITY":"3"}]
            <storage>
              @type local
              path /var/lib/p.json
            </storage>
            <entry>
              field_map {"MESSAGE":"log","_PID":["process","log"]}
              fields_strip_underscores true
              fields_lowercase true
            </entry>
            """)
        let text = """
            {"__CURSOR":"s=1","__REALTIME_TIMESTAMP":"1576605304250000","_SYSTEMD_UNIT":"a.service","MESSAGE":"hi \\u00e4",
            "_PID":"7","PRIORITY":6,"TAG":["x","y"],"DATA":[104,105],"LONG":null,"MANY":[[104],"i"]}
            """.replacingOccurrences(of: "\n", with: "")
        #expect(
            try steps(
                journal, [text, #"{"PRIORITY":"3"}"#, #"{"PRIORITY":"4","_SYSTEMD_UNIT":"c.service"}"#],
                source: "systemd")
                == [
                    [
                        #"[journal] {"log":"hi ä 7","process":"7","systemd_unit":"a.service","priority":"6","tag":["x","y"],"#
                            + #""data":"hi","many":["h","i"]} @1576605304"#, end,
                    ], [#"[journal] {"priority":"3"}"#, end],
                    ["refused: the entry fits none of 'matches': it is not read"], [],
                ])
        let no = "no entry of a journal: a JSON object is, as 'journalctl -o json' prints it"
        let noText = "the field 'M' is no text, and no array of texts: a journal has no other values"
        let all = source("systemd", "tag journal\n<storage>\n@type local\npath /var/lib/p.json\n</storage>")
        let broken = [
            "Dec 17 web sshd[7]: text", "[1]", "{} {}", #"{"M":{"a":1}}"#, #"{"M":[1,"a"]}"#, #"{"M":[[256]]}"#,
            #"{"M":true}"#, #"{"__REALTIME_TIMESTAMP":"now","M":"a"}"#, "{}",
        ]
        #expect(
            try steps(all, broken, source: "systemd").dropLast().map { $0.joined() } == [no, no, no].map {
                "refused: \($0)"
            }
                + [noText, noText, noText, noText, "'__REALTIME_TIMESTAMP' is no number of microseconds"].map {
                    "refused: \($0)"
                }
                + ["nothing"])
    }

    @Test("a source is found by its name, its place or its type, and what is not found is told with what there is")
    func names() throws {
        let text =
            source("tail", "@id files\npath /a\npos_file /b\ntag app\n<parse>\n@type none\n</parse>") + "\n"
            + source("udp", "port 1\ntag app\n<parse>\n@type none\n</parse>") + "\n"
            + source("udp", "port 2\ntag x.*\n<parse>\n@type none\n</parse>") + "\n" + source("forward", "port 3")
        let plan = Checked(text).plan
        func failure(_ name: String, tag: String? = nil) -> String {
            do throws(TrialSource.Failure) {
                _ = try plan.trialSource(name, tag: tag, label: nil, path: "fluent.conf")
                return ""
            } catch {
                return "\(error)"
            }
        }
        let places = plan.sources.map { "\($0.stage.id)" }
        for name in [places[0], places[1], String(places[2].dropFirst("source:".count)), "tail"] {
            #expect(failure(name) == "", "\(name)")
        }
        #expect(
            failure("nope")
                == "there is no source nope; there are files (tail), \(places[1]) (udp), \(places[2]) (udp), "
                + "\(places[3]) (forward)")
        #expect(failure("udp") == "2 sources are of the type udp: \(places[1]) (udp), \(places[2]) (udp)")
        #expect(failure("forward") == "the source \(places[3]) (forward) takes whole events: it has no parser")
        #expect(failure("files", tag: "b") == "the source files gives its events the tag app, and not b")
        #expect(plan.textSources == [places[0], places[1], places[2]])
        #expect(throws: TrialSource.Failure.self) { try plan.trialSource(giving: "app", label: nil, path: "") }
        #expect(try plan.trialSource(giving: "other", label: nil, path: "") == nil)
    }
}
