import ConfigFile
import Foundation
import Logging
import Outputs
import Pipeline
import Synchronization
import TestSupport
import Testing

@Suite struct StageTests {
    private static func ids(_ plan: PipelinePlan) -> [String] {
        func of(_ output: OutputPlan) -> [String] { [output.stage.id.description] + output.children.flatMap(of) }
        return plan.sources.map(\.stage.id.description)
            + plan.labels.flatMap(\.rules).flatMap { rule in
                switch rule {
                case .filter(_, let filter): [filter.stage.id.description]
                case .match(_, let output): of(output)
                }
            }
    }

    private static let source = "<source>\n  @type forward\n  @id in\n</source>\n"

    @Test("a stage is called by its @id, or by the place where its section begins")
    func names() {
        let checked = Checked(
            """
            <source>
              @type forward
              id old
            </source>
            <filter>
              @type stdout
              @id f
            </filter>
            <match>
              @type copy
              @id c
              <store>
                @type stdout
                @id s
              </store>
              <store>
                @type null
              </store>
            </match>
            <label @ERROR>
              @include part.conf
              @include part.conf
            </label>
            """, files: ["part.conf": "<match>\n  @type null\n</match>\n"])
        #expect(
            Self.ids(checked.plan) == ["old", "f", "c", "s", "store:16", "match:part.conf:1", "match:part.conf:1#2"],
            "\(checked.rendered)")
    }

    @Test(
        "one @id for two sections is an error with both places, whatever the two are",
        arguments: [
            "<filter>\n@type stdout\n@id in\n</filter>", "<match>\n@type null\n@id in\n</match>",
            "<match>\n@type copy\n<store>\n@type null\n@id in\n</store>\n</match>",
            "<label @ERROR>\n<match>\n@type null\nid in\n</match>\n</label>",
            "<match>\n@type elasticsearch\n<secondary>\n@type stdout\n@id in\n</secondary>\n</match>",
        ])
    func twice(_ second: String) throws {
        let checked = Checked(Self.source + second)
        let error = try #require(checked.errors.first)
        #expect(checked.errors.count == 1 && error.message == "'in' is the '@id' of two sections")
        #expect(error.line > 4 && error.related.first?.line == 3, "\(checked.rendered)")
    }

    @Test("two workers may use one @id, which Fluentd reads in two processes")
    func workers() {
        let match = "<match>\n@type null\n@id m\n</match>\n"
        let checked = Checked(Self.source + "<worker 0>\n\(match)</worker>\n<worker 1>\n\(match)</worker>\n")
        #expect(checked.diagnostics.errorCount == 0, "\(checked.rendered)")
        #expect(Self.ids(checked.plan) == ["in", "m", "m#2"])
        #expect(Checked(Self.source + "<worker 0>\n\(match)\(match)</worker>\n").errors.count == 1)
    }

    @Test("a fingerprint is that of what counts: values after variables and includes, not their spelling or place")
    func fingerprints() throws {
        func fingerprint(_ lines: String, argument: String = "a") throws -> Fingerprint {
            let text = Self.source + "<match \(argument)>\n\(lines)\n</match>"
            let checked = Checked(text, files: ["part.conf": "@type stdout\n"])
            guard case .match(_, let output)? = checked.plan.labels[0].rules.first else { throw CancellationError() }
            return output.stage.fingerprint
        }
        let plain = try fingerprint("@type stdout")
        for same in [
            "# c\n  @type   \"stdout\" # d", "@include part.conf", "@type null\n@type stdout", "@type \"#{'stdout'}\"",
        ] {
            #expect(try fingerprint(same) == plain, "\(same)")
        }
        var seen: Set<Fingerprint> = [plain]
        for other in [
            "@type null", "@type stdout\n@id x", "@type stdout\nab c", "@type stdout\na bc", "@type stdout\nab",
            "@type stdout\n<format>\n</format>", "@type stdout\n<format>\na b\n</format>",
            "@type stdout\n<format>\n</format>\na b", "@type stdout\n<format>\n</format>\n<format>\n</format>",
            "@type stdout\n<format a>\n</format>", "@type stdout\nab \"#{use_nil}\"",
        ] {
            #expect(seen.insert(try fingerprint(other)).inserted, "\(other)")
        }
        #expect(seen.insert(try fingerprint("@type stdout", argument: "b")).inserted)
        #expect(try fingerprint("@type stdout\nab \"#{use_default}\"") == plain)
    }

    @Test("each name has a folder of its own, which lies inside the one it is made in")
    func folders() {
        let names = [
            "main", "match:12", "a/b", "a_b", "a%2Fb", "..", ".", ".x", "", "ä", "a b", "/etc", "a\0b", "%", "%2E.",
            "x.y",
        ]
        let folders = names.map { StageID($0).folderName }
        #expect(Set(folders).count == names.count)
        #expect(
            folders.allSatisfy {
                !$0.isEmpty && !$0.hasPrefix(".") && !$0.contains("/") && $0.utf8.allSatisfy { $0 < 0x7F }
            })
        #expect(folders[0] == "main" && folders[1] == "match%3A12" && folders.last == "x.y")
    }

    @Test("a filter speaks under its name and with its own level")
    func log() {
        let checked = Checked(
            """
            \(Self.source)<filter **>
              @type grep
              @id words
              @log_level error
              <regexp>
                key a
                pattern b
              </regexp>
            </filter>
            <match **>
              @type null
              @id away
            </match>
            """)
        guard case .filter(_, let filter)? = checked.plan.labels[0].rules.first else {
            Issue.record("no filter")
            return
        }
        let lines = Lines()
        let log = filter.stage.log(Log(handler: lines), as: .filter)
        log.warn("not said")
        log.error("said")
        #expect(lines.all.map(\.message) == ["said"])
        #expect(lines.all.first?.fields == [LogField("filter", "words")])
    }
}

/// Keeps what is logged.
private final class Lines: LogHandler {
    private let kept = Mutex<[LogEntry]>([])
    var all: [LogEntry] { kept.withLock { $0 } }

    func handle(_ entry: LogEntry) { kept.withLock { $0.append(entry) } }
}
