import ConfigFile
import Foundation
import Monitor
import Testing

@testable import Pipeline

private func graph(_ text: String) -> PipelineGraph {
    let checked = ConfigDocument.parse(text)
    return PlanBuilder.build(checked, environment: ConfigEnvironment()).graph
}

@Suite("A plan as it is drawn")
struct PlanGraphTests {
    private static let text = """
        <source>
          @type forward
          @id in
        </source>
        <source>
          @type monitor_agent
          bind 127.0.0.1
        </source>
        <filter app.*>
          @type grep
          @id grep
        </filter>
        <match app.*>
          @type copy
          @id copy
          <store>
            @type stdout
            @id first
          </store>
          <store>
            @type relabel
            @id on
            @label @NEXT
          </store>
        </match>
        <match **>
          @type null
          @id rest
        </match>
        <label @NEXT>
          <match **>
            @type stdout
            @id last
          </match>
        </label>
        """

    @Test("sources lead to labels, each pattern through its filters to its output, stores and labels further on")
    func edges() {
        let drawn = graph(Self.text)
        #expect(
            Set(drawn.edges.map { "\($0.from) \($0.tags.joined(separator: "|")) \($0.to)" }) == [
                "in  label @ROOT", "label @ROOT app.* grep", "grep app.* copy", "label @ROOT ** rest", "copy  first",
                "copy  on", "on  label @NEXT", "label @NEXT ** last",
            ])
        #expect(Set(drawn.nodes.map(\.id)).count == drawn.nodes.count)
        #expect(drawn.nodes.contains { $0.id == "last" && $0.label == "@NEXT" && $0.category == .output })
    }

    @Test("what is refused leads to @ERROR, what is not delivered to a secondary; and nothing from @ERROR to itself")
    func fallbacks() {
        let drawn = graph(
            """
            <source>
              @type forward
              @id in
            </source>
            <filter **>
              @type parser
              @id parse
              key_name log
              <parse>
                @type json
              </parse>
            </filter>
            <match a>
              @type elasticsearch
              @id es
              <secondary>
                @type stdout
                @id shown
              </secondary>
            </match>
            <match **>
              @type elasticsearch
              @id more
              <secondary>
                @type secondary_file
                directory /tmp/x
              </secondary>
            </match>
            <label @ERROR>
              <match **>
                @type elasticsearch
                @id errors
              </match>
            </label>
            """)
        #expect(
            Set(drawn.edges.filter(\.isFallback).map { "\($0.from) \($0.tags.joined()) \($0.to)" }) == [
                "parse refused label @ERROR", "es secondary shown", "es refused label @ERROR",
                "more secondary secondary of more", "more refused label @ERROR",
            ])
        #expect(Set(drawn.edges.flatMap { [$0.from, $0.to] }).isSubset(of: drawn.nodes.map(\.id)))
    }

    @Test("the monitor's own sources are no part of the pipeline")
    func monitor() {
        #expect(!graph(Self.text).nodes.contains { $0.type == "monitor_agent" })
    }

    @Test("every end of an edge is there", arguments: ["", text, "<match a>\n@type relabel\n@label @NO\n</match>"])
    func ends(_ text: String) {
        let drawn = graph(text)
        let ids = Set(drawn.nodes.map(\.id))
        #expect(drawn.edges.allSatisfy { ids.contains($0.from) && ids.contains($0.to) })
    }
}

@Suite("A pasted configuration")
struct PastedConfigurationTests {
    private func messages(_ text: String) throws -> [String] {
        let json = PastedConfiguration.check(text)
        let object = try #require(JSONSerialization.jsonObject(with: Data(json.utf8)) as? [String: Any])
        return try #require(object["diagnostics"] as? [[String: Any]]).compactMap { $0["message"] as? String }
    }

    @Test(
        "nothing of the machine is read, and each part that names it is told",
        arguments: [
            ("@include /etc/passwd", "is not included: no file is read here"),
            ("@include /etc/*.conf", "is not included: no file is read here"),
            (
                "<match **>\n@type stdout\n@id \"#{File.read('/etc/hostname')}\"\n</match>",
                "cannot read '/etc/hostname'"
            ),
            ("<match **>\n@type stdout\n@id \"#{ENV['HOME']}\"\n</match>", "HOME is not set"),
            (
                "<filter **>\n@type parser\nkey_name a\n<parse>\n@type grok\ncustom_pattern_path /etc/passwd\n"
                    + "grok_pattern %{root:a}\n</parse>\n</filter>", "'custom_pattern_path' is not read here"
            ),
        ])
    func machine(_ text: String, _ word: String) throws {
        let said = try messages(text)
        #expect(said.contains { $0.contains(word) }, "\(said)")
        #expect(!said.contains { $0.contains("root:") })
    }

    @Test("a good one is good")
    func good() throws {
        let text = "<source>\n@type forward\n</source>\n<match **>\n@type stdout\n</match>\n"
        #expect(try messages(text) == [])
        #expect(PastedConfiguration.check(text).hasPrefix("{\"ok\":true,"))
    }
}
