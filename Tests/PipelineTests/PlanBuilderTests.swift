import ConfigFile
import Foundation
import Pipeline
import Testing

@Suite struct PlanBuilderTests {
    /// Those of Fluentd's runs, and the four that this project began with.
    static let running = Repository.names(in: Repository.corpus, ending: ".conf")

    @Test("a configuration that Fluentd runs is accepted without a word", arguments: running)
    func accepts(_ name: String) throws {
        let checked = Checked(path: Repository.corpus + "/" + name)
        #expect(checked.rendered == "")
        #expect(!checked.plan.sources.isEmpty)
        #expect(checked.plan.labels.contains { !$0.rules.isEmpty })
    }

    @Test("the four v0.12 configurations give the plan that they mean", arguments: FirstUsers.all)
    func firstUsers(_ configuration: FirstUsers) {
        let checked = Checked(configuration.text)
        #expect(checked.rendered == "")
        let rules = checked.plan.labels[0].rules
        #expect(
            rules.map { rule in
                switch rule {
                case .filter(let pattern, let filter): "\(pattern.text) \(filter.type) \(filter.summary)"
                case .match(let pattern, let output):
                    "\(pattern.text) \(output.type) \(output.children.map(\.type).joined(separator: "+"))"
                }
            } == configuration.rules)
    }

    @Test("every configuration under config/ is accepted, with and without Elasticsearch", arguments: [true, false])
    func shipped(_ withSearch: Bool) throws {
        let root = Repository.root + "/config"
        let enumerator = try #require(FileManager.default.enumerator(atPath: root))
        var count = 0
        for case let name as String in enumerator where name.hasSuffix(".conf") && !name.hasPrefix("outputs/") {
            let variables = withSearch ? ["ELASTICSEARCH_URL": "http://localhost:9200"] : [:]
            let checked = Checked(path: root + "/" + name, variables: variables)
            #expect(checked.diagnostics.errorCount == 0, "\(name): \(checked.rendered)")
            count += 1
        }
        #expect(count >= 5)
    }

    @Test("labels of two workers with one name are one")
    func workers() {
        let checked = Checked(
            """
            <source>
              @type forward
              @label @L
            </source>
            <worker 0>
              <label @L>
                <filter a>
                  @type stdout
                </filter>
              </label>
            </worker>
            <worker 1>
              <label @L>
                <match **>
                  @type null
                </match>
              </label>
            </worker>
            """)
        #expect(checked.diagnostics.errorCount == 0, "\(checked.rendered)")
        #expect(checked.plan.label("@L")?.rules.count == 2)
    }

    @Test("what is right but cannot be meant is a warning at its place")
    func warnings() {
        let checked = Checked(
            """
            <source>
              @type forward
            </source>
            <match a.**>
              @type null
            </match>
            <filter a.b>
              @type stdout
            </filter>
            <match {a,b}.c>
              @type null
            </match>
            <match *.**>
              @type null
            </match>
            <match b>
              @type stdout
            </match>
            <label @UNUSED>
              <match **>
                @type null
              </match>
            </label>
            """)
        #expect(
            checked.messages == [
                "7:1 warning no event reaches this section: <match a.**> above it takes them",
                "16:1 warning no event reaches this section: <match *.**> above it takes them",
                "19:1 warning nothing sends events to <label @UNUSED>",
            ])
    }

    @Test("labels that send events round in circles are an error")
    func circles() {
        let checked = Checked(
            """
            <source>
              @type forward
              @label @A
            </source>
            <label @A>
              <match x.**>
                @type copy
                <store>
                  @type relabel
                  @label @B
                </store>
              </match>
            </label>
            <label @B>
              <match **>
                @type relabel
                @label @A
              </match>
            </label>
            """)
        #expect(checked.errors.count == 1)
        #expect(checked.errors.first?.message == "events would go round in circles: @A → @B → @A")
        #expect(checked.errors.first?.line == 3)
    }

    @Test("a source that only watches Ruby is left out with a warning")
    func needless() {
        let checked = Checked(
            "<source>\n@type debug_agent\nport 24220\n</source>\n<source>\n@type forward\n</source>\n"
                + "<match **>\n@type null\n</match>\n")
        #expect(
            checked.messages == [
                "2:7 warning the source type 'debug_agent' is left out: there is no Ruby to look into"
            ])
        #expect(checked.plan.sources.count == 1)
    }
}

/// The four configurations of the user who lost an evening to each of two characters.
struct FirstUsers: CustomTestStringConvertible, Sendable {
    let testDescription: String
    let text: String
    let rules: [String]

    private static let source = """
        <source>
          @type forward
          port 24224
          bind 0.0.0.0
        </source>

        """
    private static let json = """
        <filter service.post>
          @type parser
          format json
          key_name log
        </filter>

        """
    private static let grok = #"""
        <filter service.ui>
          @type parser
          key_name log
          format grok
          grok_pattern %{RUBY_LOGGER}
        </filter>
        <filter service.ui>
          @type parser
          format grok
          <grok>
            pattern service=%{WORD:service} \| event=%{WORD:event} \| request_id=%{GREEDYDATA:request_id} \| message='%{GREEDYDATA:message}'
          </grok>
          <grok>
            pattern service=%{WORD:service} \| event=%{WORD:event} \| path=%{URIPATH:path} \| request_id=%{GREEDYDATA:request_id} \| remote_addr=%{IP:remote_addr} \| method= %{WORD:message} \| response_status=%{INT:response_status}
          </grok>
          key_name message
          reserve_data true
        </filter>

        """#
    private static let regexp = #"""
        <filter service.ui>
          @type parser
          key_name log
          format /\[(?<time>[^\]]*)\]  (?<level>\S+) (?<user>\S+)[\W]*service=(?<service>\S+)[\W]*event=(?<event>\S+)[\W]*(?:path=(?<path>\S+)[\W]*)?request_id=(?<request_id>\S+)[\W]*(?:remote_addr=(?<remote_addr>\S+)[\W]*)?(?:method= (?<method>\S+)[\W]*)?(?:response_status=(?<response_status>\S+)[\W]*)?(?:message='(?<message>[^\']*)[\W]*)?/
        </filter>

        """#
    private static let match = """
        <match *.**>
          @type copy
          <store>
            @type elasticsearch
            host elasticsearch
            port 9200
            logstash_format true
            logstash_prefix fluentd
            logstash_dateformat %Y%m%d
            include_tag_key true
            type_name access_log
            tag_key @log_name
            flush_interval 1s
          </store>
          <store>
            @type stdout
          </store>
        </match>

        """
    private static let end = "*.** copy elasticsearch+stdout"

    static let all = [
        FirstUsers(
            testDescription: "grok", text: source + json + grok + match,
            rules: [
                "service.post parser json, log", "service.ui parser grok, log", "service.ui parser grok, message", end,
            ]),
        FirstUsers(
            testDescription: "regexp", text: source + json + regexp + match,
            rules: ["service.post parser json, log", "service.ui parser regexp, log", end]),
        FirstUsers(
            testDescription: "json", text: source + json + match, rules: ["service.post parser json, log", end]),
        FirstUsers(testDescription: "no filter", text: source + match, rules: [end]),
    ]
}
