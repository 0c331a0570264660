import Grok
import Suggest
import TestSupport
import Testing

@Suite struct SuggestTests {
    private static let files = [
        "apache-combined", "nginx-error", "syslog", "haproxy", "rails", "log4j", "postgresql", "json", "logfmt",
        "custom-app", "sentence",
    ]

    private func suggest(_ text: String) throws -> GrokSuggestion { try SuggestSampleTests.suggest(Array(text.utf8)) }

    @Test(
        "a terminal's colours are no part of any value, and hide no time",
        arguments: [
            "\u{1b}[36m2026-03-04T05:06:0#Z\u{1b}[0m DEBUG cache warm",
            "2026-03-04 05:06:0# \u{1b}[32mINFO\u{1b}[0m added #",
            "\u{1b}[1;31m[ERROR]\u{1b}[0m 2026-03-04 05:06:0# disk # gone",
            "\u{1b}[90m04/Mar/2026:05:06:0# +0000\u{1b}[39m GET /#",
        ])
    func colours(form: String) throws {
        let lines = (1...8).map { form.replacing("#", with: "\($0)") }.joined(separator: "\n") + "\n"
        let suggestion = try SuggestSupport.suggest(lines)
        let proposal = try #require(suggestion.proposals.first)
        #expect(suggestion.proposals.count == 1 && proposal.lineCount == 8)
        #expect(proposal.time != nil, "\(proposal.expression)")
        #expect(suggestion.notes.contains { $0.contains("colours") })
    }

    @Test("each format of a mixed file has its pattern, and first hit gives each line to its own")
    func mixed() throws {
        var parts: [ArraySlice<[UInt8]>] = []
        for name in Self.files {
            parts.append(try SuggestSampleTests.sample(name).split(separator: 0x0A).map { Array($0) }[...])
        }
        // By turns, so that no format stands together.
        var lines: [[UInt8]] = []
        while parts.contains(where: { !$0.isEmpty }) {
            for index in parts.indices { if let line = parts[index].popFirst() { lines.append(line) } }
        }
        let suggestion = try SuggestSampleTests.suggest(Array(lines.joined(separator: [0x0A])))
        #expect(suggestion.uncovered == [])
        #expect(suggestion.proposals.count == Self.files.count)
        #expect(suggestion.proposals.reduce(0) { $0 + $1.lineCount } == lines.count)
        let alone = try Self.files.map { try SuggestSampleTests.suggest(try SuggestSampleTests.sample($0)) }
        let counts = alone.map(\.lineCount).sorted()
        #expect(suggestion.proposals.map(\.lineCount).sorted() == counts)
        #expect(suggestion.notes.contains { $0.contains("different parsers are mixed") })
    }

    @Test("a pattern that would take another's lines stands behind it")
    func order() throws {
        let haproxy = try SuggestSampleTests.sample("haproxy").split(separator: 0x0A)[0]
        let syslog = try SuggestSampleTests.sample("syslog")
        let suggestion = try SuggestSampleTests.suggest(syslog + [0x0A] + Array(haproxy))
        #expect(suggestion.proposals.map(\.title) == ["HAProxy HTTP log", "syslog"])
        #expect(suggestion.proposals.first?.lineCount == 1)
    }

    @Test("lines that share nothing get no pattern, and are shown")
    func junk() throws {
        let text = """
            the quick brown fox
            jumps over
            a lazy dog, twice; why?
            ~~~ +++ ###
            lorem ipsum dolor sit amet consectetur
            Über den Wolken
            ...
            """
        let suggestion = try suggest(text)
        #expect(suggestion.proposals.isEmpty)
        #expect(suggestion.uncoveredCount == 7 && suggestion.uncovered.count == 5)
        #expect(suggestion.notes.contains { $0.contains("found nothing these lines share") })
        #expect(suggestion.configuration == "")
    }

    @Test("nothing in, nothing out")
    func empty() throws {
        for text in ["", "\n\n", " \n\t\n", "\r\n"] {
            let suggestion = try suggest(text)
            #expect(suggestion.proposals.isEmpty && suggestion.lineCount == 0)
        }
    }

    @Test("the same input gives the same output")
    func determinism() throws {
        var text: [UInt8] = []
        for name in Self.files { text += try SuggestSampleTests.sample(name) }
        let first = try SuggestSampleTests.suggest(text)
        for _ in 0..<3 { #expect(try SuggestSampleTests.suggest(text) == first) }
    }

    @Test("random bytes and mangled lines do no harm, and what is proposed matches", arguments: 0..<6)
    func random(_ seed: UInt64) throws {
        var generator = SeededGenerator(seed: seed)
        var text: [UInt8] = []
        var known: [[UInt8]] = []
        for name in Self.files { known += try SuggestSampleTests.sample(name).split(separator: 0x0A).map { Array($0) } }
        let pieces = [
            "[", "]", "(", ")", "\"", "'", "=", "a=", " | ", "{", "}", "<", "2026-11-24T18:22:44Z", "1.2.3.4", "::",
            "-",
            "\t", "  ", "INFO", "\\", "%{", "#", "é", "word", "Word", "17ms", "/a?b", "x=\"", ",", ";", "9", "*", "^$",
        ].map { Array($0.utf8) }
        for _ in 0..<60 {
            switch Int.random(in: 0..<3, using: &generator) {
            case 0:
                text += (0..<Int.random(in: 0...80, using: &generator)).map { _ in
                    UInt8.random(in: 0...255, using: &generator)
                }
            case 1:
                for _ in 0..<Int.random(in: 0...20, using: &generator) {
                    text += pieces[Int.random(in: 0..<pieces.count, using: &generator)]
                }
            default:
                var line = known[Int.random(in: 0..<known.count, using: &generator)]
                for _ in 0..<Int.random(in: 0...4, using: &generator) where !line.isEmpty {
                    let place = Int.random(in: 0..<line.count, using: &generator)
                    line.replaceSubrange(
                        place...place, with: pieces[Int.random(in: 0..<pieces.count, using: &generator)])
                }
                text += line
            }
            text.append(0x0A)
        }
        let suggestion = try SuggestSampleTests.suggest(text)
        #expect(suggestion.proposals.reduce(suggestion.uncoveredCount) { $0 + $1.lineCount } == suggestion.lineCount)
        for proposal in suggestion.proposals where proposal.parser == .grok {
            #expect(proposal.lineCount > 0)
            let captures = try SuggestSampleTests.captures([proposal.expression], proposal.sample, .legacy)
            #expect(captures != nil, "\(proposal.expression)")
        }
    }

    @Test("limits hold, and say so")
    func limits() throws {
        var limits = SuggestLimits()
        limits.maximumLines = 50
        limits.maximumLineBytes = 100
        limits.maximumPatterns = 1
        var sample = SampleLines(limits: limits)
        for index in 0..<200 {
            sample.append(Array("2026-11-24 18:22:44 INFO request \(index) done".utf8)[...])
            sample.append(Array("[203.0.113.\(index)] \"GET /\(index)\" 200".utf8)[...])
        }
        sample.append([UInt8](repeating: 0x61, count: 101)[...])
        let library = try #require(SuggestSupport.libraries[.legacy])
        let suggestion = GrokSuggester(library: library, series: .legacy).suggest(sample)
        #expect(suggestion.lineCount == 50)
        #expect(suggestion.proposals.count == 1)
        for limit in ["maximumLines", "maximumLineBytes", "maximumPatterns"] {
            #expect(suggestion.notes.contains { $0.contains(limit) }, "\(limit)")
        }
    }

    @Test("the field names are unique")
    func uniqueNames() throws {
        let suggestion = try suggest(
            """
            10.0.0.1 -> 10.0.0.2 port 1 port 2 id=1 level=info
            10.0.0.3 -> 10.0.0.4 port 3 port 4 id=2 level=warn
            10.0.0.5 -> 10.0.0.6 port 5 port 6 id=3 level=info
            """)
        let names = try #require(suggestion.proposals.first).captures.map(\.name).filter { $0 != "message" }
        #expect(names == ["clientip", "ip", "port", "port_2", "id", "level"])
    }

    @Test(
        "times of many kinds are one field",
        arguments: [
            "2026-11-24T18:22:44Z", "2026-11-24 18:22:44,615", "2026-11-24T18:22:44.615+01:00",
            "2026-11-24 18:22:44 +0100",
            "24/Nov/2026:18:22:44 +0000", "Nov 24 18:22:44", "Nov  4 18:22:44.123", "2026/11/24 18:22:44",
            "24.11.2026 18:22:44",
            "11/24/2026 18:22:44", "Tue Nov 24 18:22:44 2026", "Tue Nov 24 18:22:44 UTC 2026",
            "Tue, 24 Nov 2026 18:22:44 +0100",
            "Tue, 24 Nov 2026 18:22:44 GMT", "24-Nov-2026 18:22:44.615", "24 Nov 2026 18:22:44", "24 Nov 18:22:44",
            "Nov 24, 2026 6:22:44 PM", "2026-11-24 18:22:44.615 CET", "20261124T182244", "2026-11-24T18:22",
        ])
    func times(_ time: String) throws {
        let suggestion = try suggest("\(time) [x] begin\n\(time) [y] end")
        let captures = try #require(suggestion.proposals.first).captures
        #expect(captures.first { $0.name == "timestamp" }?.text == Array(time.utf8))
        #expect(suggestion.uncoveredCount == 0)
    }

    @Test("of a long line the beginning makes the fields, the rest is text")
    func longLines() throws {
        let words = Array(repeating: "word 17", count: 300).joined(separator: " ")
        let suggestion = try suggest("2026-11-24 18:22:44 INFO \(words)\n2026-11-24 18:22:45 WARN \(words)x")
        #expect(suggestion.proposals.count == 1 && suggestion.uncoveredCount == 0)
        let captures = try #require(suggestion.proposals.first).captures
        #expect(captures.prefix(2).map(\.name) == ["timestamp", "level"] && captures.contains { $0.name == "message" })
    }

    @Test("a level or an address before running text is enough to share a pattern")
    func shortHeads() throws {
        let levels = try suggest("INFO Server started\nWARN Disk is nearly full\nERROR Could not write it")
        #expect(levels.proposals.map(\.expression) == ["^%{LOGLEVEL:level} %{GREEDYDATA:message}"])
        let addresses = try suggest("10.0.0.1 Began to send\n10.0.0.2 Ended\n10.0.0.3 Went away again")
        #expect(addresses.proposals.map(\.expression) == ["^%{IP:clientip} %{GREEDYDATA:message}"])
    }

    @Test(
        "known formats are called by their name",
        arguments: [
            ("[    0.057240] Inode-cache hash table entries: 2097152", "kernel log (dmesg), seconds since the start"),
            ("2026-11-24 18:22:44 status installed libc6:amd64 2.36-9", "dpkg log, state of a package"),
            ("2026-11-24 18:22:44 install vim:amd64 <none> 2:9.0", "dpkg log, action on a package"),
            ("2026-11-24 18:22:44 startup archives unpack", "dpkg log, start"),
            ("[2026-11-24T18:22:44,615][INFO ][o.e.n.Node               ] [node-1] started", "Elasticsearch log"),
            ("2026-11-24 18:22:44,615 - app.db - ERROR - no connection", "Python logging"),
            ("[2026-11-24 18:22:44,615] INFO started (kafka.server.KafkaServer)", "log4j, class at the end (Kafka)"),
            ("I1124 18:22:44.615172    1234 main.go:17] Starting", "glog or klog (Kubernetes components)"),
            ("2026-11-24T18:22:44.615172Z stdout F hello there", "container log (CRI)"),
            ("2026-11-24 18:22:44,615 INFO  [io.quarkus] (main) Keycloak started", "JBoss, WildFly or Quarkus log"),
            (
                "2026-11-24 18:22:44,615 [myid:1] - INFO  [main:QuorumPeerConfig@174] - Reading configuration",
                "ZooKeeper log"
            ),
            (
                "[2026-11-24T18:22:44.123+0000][0.512s][info][gc] GC(0) Pause Young 24M->4M(256M) 3.5ms",
                "JVM log (-Xlog)"
            ),
            ("[0.512s][debug  ][gc,heap] Heap region size: 1M", "JVM log (-Xlog)"),
            ("[2026-11-24T18:22:44.123+0000][4711][gc,start    ] GC(7) Pause Young", "JVM log (-Xlog)"),
            ("2026-11-24 18:22:44.615123+00:00 [info] <0.684.0> accepting AMQP connection", "RabbitMQ log"),
            ("24-Nov-2026 18:22:46.000 lame-servers: info: connection refused", "BIND log with categories"),
            ("77:M 24 Nov 2026 18:22:44.615 * Ready to accept connections", "Redis log"),
            ("2026-11-24T18:22:44.615172Z 0 [System] [MY-010116] [Server] starting as process 1", "MySQL error log"),
            ("2026-11-24 18:22:44 +0000 [info]: #0 fluentd worker is now running worker=0", "Fluentd log"),
            ("2026-11-24T18:22:44.615+0000 I NETWORK  [conn12] end connection", "MongoDB log"),
            ("<34>1 2026-11-24T18:22:44Z web-1 su 12 ID1 - 'su root' failed", "syslog, RFC 5424"),
            ("<34>Nov 24 18:22:44 web-1 su[12]: 'su root' failed", "syslog with priority"),
            ("2026-11-24 18:22:44.615  INFO 4711 --- [           main] o.acme.App   : Started App", "Spring Boot log"),
            ("[Tue Nov 24 18:22:44.654321 2026] [core:error] [pid 12:tid 14] AH00035: denied", "Apache error log"),
        ])
    func knownFormats(_ line: String, _ title: String) throws {
        for series in PatternSeries.allCases {
            let suggestion = try SuggestSampleTests.suggest(Array(line.utf8), series)
            #expect(suggestion.proposals.map(\.title) == [title])
            #expect(suggestion.uncoveredCount == 0)
        }
    }

    @Test("the time of klog lines is the event's, of the year that is now")
    func klogTime() throws {
        let suggestion = try suggest(
            """
            I0312 08:01:02.123456       1 controller.go:120] Starting controller "node"
            W1213 18:01:03.223456   23117 reflector.go:533] watch of Pod ended
            """)
        #expect(suggestion.proposals.map(\.time?.field) == ["timestamp"])
        #expect(suggestion.proposals.map(\.time?.formats) == [["%m%d %H:%M:%S.%N"]])
        #expect(suggestion.notes.contains { $0.contains("no year") })
    }

    @Test(
        "four digits before a time are a day only as glog writes them",
        arguments: [
            "1312 08:01:02.123456 server up", "0312 08:01:02.123 server up", "0300 08:01:02.123456 server up",
            "took 0312 08:01:02.123456 server up",
        ])
    func otherDigits(_ line: String) throws {
        let suggestion = try suggest(line)
        #expect(suggestion.proposals.allSatisfy { $0.time == nil })
    }

    @Test("stack traces are noticed")
    func continuation() throws {
        let suggestion = try suggest(
            """
            2026-11-24 18:22:44 ERROR failed badly here
            \tat org.acme.Main.main(Main.java:12)
            \tat org.acme.Other.run(Other.java:99)
            Caused by: java.io.IOException
            2026-11-24 18:22:45 INFO went on working
            """)
        #expect(suggestion.notes.contains { $0.contains("multiline_grok") } && suggestion.uncoveredCount == 0)
    }

    @Test("the section for fluent.conf has each pattern, and the time where it can be read")
    func configuration() throws {
        let one = try suggest("2026-11-24 18:22:44 INFO Server started\n2026-11-24 18:22:45 WARN Disk is full")
        #expect(
            one.configuration == """
                <parse>
                  @type grok
                  grok_pattern ^%{TIMESTAMP_ISO8601:timestamp} %{LOGLEVEL:level} %{GREEDYDATA:message}
                  time_key timestamp
                  time_format %Y-%m-%d %H:%M:%S
                  keep_time_key true
                </parse>

                """)
        let elastic = try SuggestSampleTests.suggest(Array("10.0.0.1 began\n10.0.0.2 ended".utf8), .ecsV1)
        #expect(
            elastic.configuration.hasPrefix("<parse>\n  @type grok\n  grok_pattern_series ecs-v1\n  grok_pattern ^"))
        let text = try SuggestSampleTests.sample("syslog") + SuggestSampleTests.sample("apache-combined")
        let both = try SuggestSampleTests.suggest(text).configuration
        #expect(both.contains("    time_key timestamp\n    time_format %b %d %H:%M:%S\n    keep_time_key true\n"))
        #expect(both.contains("    time_key timestamp\n    time_format %d/%b/%Y:%H:%M:%S %z\n    keep_time_key true\n"))
    }

    @Test("ten thousand lines of many formats take seconds at most")
    func speed() throws {
        var lines: [[UInt8]] = []
        for name in Self.files { lines += try SuggestSampleTests.sample(name).split(separator: 0x0A).map { Array($0) } }
        var text: [UInt8] = []
        for index in 0..<10_000 { text += lines[index % lines.count] + [0x0A] }
        let start = ThreadTime.seconds
        let suggestion = try SuggestSampleTests.suggest(text)
        let elapsed = ThreadTime.seconds - start
        #expect(suggestion.lineCount == 10_000 && suggestion.uncoveredCount == 0)
        #if DEBUG
            // Unoptimised code is some ten times slower; this only catches what does not end.
            #expect(elapsed < 300)
        #else
            #expect(elapsed < 3)
        #endif
    }
}
