import ConfigFile
import Pipeline
import Testing

/// `sluice check --migrate`: what differs from Fluentd comes from the readers of the sections.
@Suite struct MigrationTests {
    private func differences(_ text: String) -> [Difference] {
        let checked = Checked(text)
        #expect(!checked.diagnostics.hasErrors, "\(checked.rendered)")
        return checked.diagnostics.differences
    }

    @Test("a parameter without effect is told with the reason that the check gives")
    func withoutEffect() throws {
        let text =
            "<source>\n@type forward\n</source>\n<match **>\n@type elasticsearch\nreload_connections true\n</match>"
        let difference = try #require(differences(text).first { $0.kind == .withoutEffect })
        #expect(difference.parameter == "reload_connections" && difference.isMissing)
        #expect(difference.line == 6 && difference.sectionLine == 4)
        let message = Checked(text).diagnostics.all.first { $0.line == 6 }?.message
        #expect(message?.hasSuffix(difference.what) == true)
    }

    @Test(
        "a deliberate difference is told where it applies, and not where a parameter settles it",
        arguments: [
            ("<match>\n@type elasticsearch\n</match>", "overflow_action", true),
            (
                "<match>\n@type elasticsearch\n<buffer>\noverflow_action block\n</buffer>\n</match>", "overflow_action",
                false
            ),
            ("<match>\n@type elasticsearch\nbuffer_queue_full_action block\n</match>", "overflow_action", false),
            ("<match>\n@type stdout\n</match>", "overflow_action", false),
            ("<match>\n@type elasticsearch\n</match>", "request_timeout", true),
            ("<match>\n@type elasticsearch\nrequest_timeout 5s\n</match>", "request_timeout", false),
            ("<source>\n@type forward\n</source>", "chunk_size_limit", true),
            ("<source>\n@type forward\nchunk_size_limit 1m\n</source>", "chunk_size_limit", false),
            ("<filter>\n@type record_transformer\nenable_ruby true\n</filter>", "enable_ruby", true),
            ("<filter>\n@type record_transformer\nenable_ruby false\n</filter>", "enable_ruby", false),
            ("<filter>\n@type record_transformer\n</filter>", "enable_ruby", false),
            ("<system>\nworkers 2\n</system>", "workers", true),
        ])
    func deviations(_ text: String, _ parameter: String, _ isTold: Bool) {
        let found = differences(text).filter { $0.parameter == parameter }
        #expect(found.count == (isTold ? 1 : 0), "\(found)")
        #expect(found.allSatisfy { $0.kind == .deviation && !$0.isMissing })
    }

    @Test("what is left out is told, and the report has it all, aligned")
    func report() {
        let all = differences("<source>\n@type syslog\ntag a\n</source>\n<match **>\n@type mongo\nuser a\n</match>")
        #expect(
            MigrationReport.text(all, path: "fluent.conf") == """
                fluent.conf: 1 difference from Fluentd: 1 left out

                fluent.conf:5  <match **> of type mongo
                  left out: sluice does not write to MongoDB
                  → events that come here are dropped, and the log says so

                """)
        #expect(MigrationReport.text([], path: "a.conf") == "a.conf: nothing differs from Fluentd\n")
        let json = MigrationReport.json(all, diagnostics: Diagnostics())
        #expect(
            json == """
                {"ok":true,"errors":0,"differences":[{"kind":"left-out","file":"fluent.conf","line":5,\
                "section":"<match **> of type mongo","what":"sluice does not write to MongoDB",\
                "advice":"events that come here are dropped, and the log says so"}]}

                """)
    }

    @Test("no secret is told")
    func secrets() {
        let all = differences(
            "<match>\n@type elasticsearch\npassword sesame-open\nreload_on_failure sesame-open\n</match>")
        #expect(!MigrationReport.text(all, path: "f").contains("sesame"))
    }
}
