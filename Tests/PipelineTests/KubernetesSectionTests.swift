import ConfigFile
import Pipeline
import TestSupport
import Testing

/// What is said about sections of Kubernetes, and about the outputs that give events back under other tags.
@Suite struct KubernetesSectionTests {
    private static let end = "\n<match **>\n@type null\n</match>"

    private func filter(_ parameters: String) -> String {
        "<source>\n@type forward\n</source>\n<filter **>\n@type kubernetes_metadata\n\(parameters)\n</filter>"
            + Self.end
    }

    private func match(_ type: String, _ parameters: String) -> String {
        "<source>\n@type forward\n</source>\n<match a.**>\n@type \(type)\n\(parameters)\n</match>" + Self.end
    }

    @Test(
        "a wrong parameter of kubernetes_metadata is told at its place",
        arguments: [
            ("", ["4:1 warning <filter **> of type kubernetes_metadata knows no API server"]),
            ("kubernetes_url https://10.0.0.1/api", []),
            ("kubernetes_url 10.0.0.1", ["6:16 error 'kubernetes_url' is '10.0.0.1', which is no URL"]),
            (
                "kubernetes_url https://u:p@h/api\ncache_size 0",
                ["7:12 error 'cache_size' is '0', which is too small"]
            ),
            (
                "kubernetes_url http://h\ntag_to_kubernetes_name_regexp (?<namespace>a)(?<pod_name>b)",
                ["7:31 error 'tag_to_kubernetes_name_regexp' has no group 'container_name'"]
            ),
            ("kubernetes_url http://h\nannotation_match [\"(\"]", ["7:18 error '(' is no expression"]),
            (
                "kubernetes_url http://h\nde_dot true\nde_dot_separator a.b",
                ["8:18 error 'de_dot_separator' holds '.' itself"]
            ),
            (
                "kubernetes_url http://h\nstats_interval 30",
                ["7:1 note 'stats_interval' in <filter **> of type kubernetes_metadata has no effect"]
            ),
            ("kubernetes_url http://h\nskip_lables true", ["7:1 error unknown parameter 'skip_lables'"]),
        ])
    func metadata(_ parameters: String, _ expected: [String]) { Checked.expect(filter(parameters), expected) }

    @Test("the daemonset's own line for the URL is understood, with names and addresses of both families")
    func daemonset() throws {
        let line = """
            kubernetes_url "#{ENV['FLUENT_FILTER_KUBERNETES_URL'] || (host = ENV.fetch('KUBERNETES_SERVICE_HOST'); \
            port = ENV.fetch('KUBERNETES_SERVICE_PORT'); host = (IPAddr.new(host).ipv6? ? '[' + host + ']' : host rescue \
            host); 'https://' + host + ':' + port + '/api')}"
            verify_ssl "#{ENV['KUBERNETES_VERIFY_SSL'] || true}"
            ca_file "#{ENV['KUBERNETES_CA_FILE'] || ''}"
            """
        for (host, shown) in [("10.0.0.1", "10.0.0.1"), ("fd00::1", "[fd00::1]"), ("api.local", "api.local")] {
            let environment = ConfigEnvironment(
                variables: ["KUBERNETES_SERVICE_HOST": host, "KUBERNETES_SERVICE_PORT": "443"])
            let document = ConfigDocument.parse(
                bytes: Array(filter(line).utf8), environment: environment, from: MemoryFiles([:]))
            let plan = PlanBuilder.build(document, environment: environment)
            #expect(!document.diagnostics.hasErrors, "\(DiagnosticRenderer().render(document.diagnostics, file: "f"))")
            guard case .filter(_, let filter)? = plan.labels[0].rules.first else {
                Issue.record("no filter")
                continue
            }
            #expect(filter.summary == "https://\(shown):443/api")
        }
    }

    @Test(
        "outputs that give events back need a new tag, and do not lead to themselves",
        arguments: [
            (
                "parser", "key_name k\nformat json",
                ["4:1 error <match a.**> of type parser would get its own events again"]
            ),
            (
                "parser", "key_name k\nformat json\ntag b\nadd_prefix c",
                ["9:1 error 'add_prefix' and 'tag' exclude each other"]
            ),
            ("parser", "key_name k\nformat json\nadd_prefix b", []),
            ("parser", "format json\ntag b", ["4:1 error 'key_name' is required in <match a.**> of type parser"]),
            (
                "record_reformer", "a ${record[\"b\"]}",
                ["4:1 error <match a.**> of type record_reformer does not say under which tag"]
            ),
            ("record_reformer", "tag b.${tag}\nx ${y}\n<record>\nz ${tags[0]}\n</record>", []),
            (
                "record_reformer", "output_tag b\nkeep_keys a",
                ["7:11 error keep_keys has a meaning only with renew_record"]
            ),
            ("record_reformer", "tag b\nx ${system('ls')}", ["7:5 error"]),
        ])
    func retagging(_ type: String, _ parameters: String, _ expected: [String]) {
        Checked.expect(match(type, parameters), expected)
    }

    @Test("an output that sends events to itself is told") func circle() {
        for section in ["@type record_reformer\ntag a.${tag}", "@type parser\nkey_name k\nformat json\nadd_prefix a"] {
            let checked = Checked("<source>\n@type forward\n</source>\n<match a.**>\n\(section)\n</match>" + Self.end)
            let isTold = checked.messages.contains { $0.contains("events come back here under their new tag") }
            #expect(isTold, "\(checked.messages)")
        }
    }
}
