import ConfigFile
import Pipeline
import Testing

/// Sections of types that are not there, and yet keep nothing from running.
@Suite struct LeftOutTests {
    private static let source = "<source>\n@type forward\n</source>\n"

    private func plan(_ text: String, skipsUnknown: Bool = false) -> (plan: PipelinePlan, document: ConfigDocument) {
        let document = ConfigDocument.parse(text, environment: Checked.environment)
        let plan = PlanBuilder.build(document, environment: Checked.environment, skipsUnknown: skipsUnknown)
        return (plan, document)
    }

    /// `pattern type: summary` of each match, with the stores of a copy.
    private func outputs(_ plan: PipelinePlan) -> [String] {
        plan.labels.flatMap(\.rules).compactMap { rule in
            guard case .match(let pattern, let output) = rule else { return nil }
            let all = [output] + output.children
            return pattern.text + " " + all.map { $0.isLeftOut ? "-\($0.type)" : $0.type }.joined(separator: " ")
        }
    }

    @Test(
        "an output of MongoDB takes its events and is left out, a store is not there",
        arguments: [
            ("<match a.**>\n@type mongo\nhost x\n<buffer>\n@type file\n</buffer>\n</match>", ["a.** -mongo"], 1),
            ("<match>\ntype mongo_replset\nnodes a:1\n</match>", [" -mongo_replset"], 1),
            (
                "<match>\n@type copy\n<store>\n@type mongo\n</store>\n<store>\n@type null\n</store>\n</match>",
                [" copy null"], 1
            ),
            ("<match>\n@type copy\n<store>\n@type mongo\n</store>\n</match>", [" -mongo"], 2),
            (
                "<match>\n@type roundrobin\n<store>\n@type mongo\n</store>\n<store>\n@type null\n</store>\n</match>",
                [" roundrobin null"], 1
            ),
            (
                "<match>\n@type elasticsearch\n<buffer>\n</buffer>\n<secondary>\n@type mongo\n</secondary>\n</match>",
                [" elasticsearch"], 1
            ),
        ])
    func mongo(_ text: String, _ expected: [String], _ warnings: Int) {
        let (plan, document) = plan(Self.source + text)
        #expect(!document.diagnostics.hasErrors)
        #expect(outputs(plan) == expected)
        #expect(document.diagnostics.warningCount == warnings, "\(document.diagnostics.all.map(\.message))")
        #expect(
            document.diagnostics.all.first?.message.contains("is left out: sluice does not write to MongoDB") == true)
    }

    @Test("the output of td-agent's own example is left out, one with a key is an error")
    func example() {
        let (plan, document) = plan(Self.source + "<match td.*.*>\ntype tdlog\napikey YOUR_API_KEY\n</match>")
        #expect(!document.diagnostics.hasErrors && document.diagnostics.warningCount == 1)
        #expect(outputs(plan) == ["td.*.* -tdlog"])
        let real = self.plan(Self.source + "<match td.*.*>\ntype tdlog\napikey 1/abc\n</match>")
        #expect(real.document.diagnostics.hasErrors)
    }

    @Test("its events do not go on to the match below it")
    func taken() throws {
        let checked = Checked("<match a.**>\n@type mongo\n</match>\n<match **>\n@type stdout\n</match>")
        let text = try Run(checked.plan).output(
            of: #"{"tag":"a.b","record":{"n":1}}"# + "\n" + #"{"tag":"b.b","record":{"n":2}}"#)
        #expect(!text.contains("a.b") && text.contains("b.b"), "\(text)")
    }

    @Test("an unknown type is an error, and with --skip-unknown left out with a warning")
    func skipUnknown() {
        let text = """
            <source>
            @type netflow
            </source>
            <source>
            @type forward
            </source>
            <filter>
            @type geoip9
            <x>
            y z
            </x>
            </filter>
            <match a>
            @type bar
            unknown yes
            </match>
            <match>
            @type null
            </match>
            """
        #expect(plan(text).document.diagnostics.errorCount == 3)
        let (plan, document) = plan(text, skipsUnknown: true)
        #expect(document.diagnostics.all.map(\.severity) == [.warning, .warning, .warning])
        #expect(plan.sources.map(\.type) == ["forward"])
        #expect(outputs(plan) == ["a -bar", " null"])
        #expect(plan.labels[0].rules.count == 2)
        // What is there is not left out because of what is wrong with it.
        #expect(
            self.plan("<match>\n@type elasticsearch\nport x\n</match>", skipsUnknown: true).document.diagnostics
                .hasErrors)
        #expect(
            self.plan("<filter>\n@type parser\nkey_name a\n<parse>\n@type foo\n</parse>\n</filter>", skipsUnknown: true)
                .document.diagnostics.hasErrors)
    }
}
