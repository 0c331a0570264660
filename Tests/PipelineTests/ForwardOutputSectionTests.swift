import ConfigFile
import Pipeline
import Testing

/// `<match>` of type forward: one wrong line in each, what is said and where; and what is taken.
@Suite("<match> of type forward and roundrobin")
struct ForwardOutputSectionTests {
    private static let server = "<server>\nhost a.example\n</server>"

    /// What stands between `@type forward` (line 2) and `</match>`. A message may be shortened.
    static let matches: [(String, [String])] = [
        (server, []),
        ("", ["1:1 error <match **> of type forward has no <server>"]),
        ("<server>\nport 24225\n</server>", ["3:1 error 'host' is required in <server>"]),
        ("<server>\nhost a.example:24225\n</server>", ["4:6 error 'host' is 'a.example:24225', which is not a name"]),
        ("<server>\nhost a\nport 0\n</server>", ["5:6 error 'port' is '0', which is too small"]),
        ("<server>\nhost a\nwieght 1\n</server>", ["5:1 error unknown parameter 'wieght' in <server>"]),
        ("<server>\nhost a\nweight -1\n</server>", ["5:8 error 'weight' is '-1', which is too small"]),
        (
            "<server>\nhost a\nweight 0\n</server>",
            ["1:1 error every server of <match **> of type forward has weight 0"]
        ),
        (
            "<server>\nhost a\n</server>\n<server>\nhost a\n</server>",
            ["6:1 warning <server> is a:24224 a second time"]
        ),
        (
            "<server>\nhost a\nusername me\n</server>",
            ["5:1 error 'username' is used only with <security>"]
        ),
        ("host a", ["3:1 error 'host' in <match **> of type forward was taken out of Fluentd"]),
        ("\(server)\n<security>\nself_hostname me\n</security>", ["6:1 error 'shared_key' is required in <security>"]),
        ("\(server)\nrequire_ack_respons true", ["6:1 error unknown parameter 'require_ack_respons'"]),
        ("\(server)\nack_response_timeout 1m", ["6:22 warning no ack is asked for, so none is waited for"]),
        ("\(server)\nkeepalive_timeout 1m", ["6:19 warning connections are not kept, so none is idle"]),
        ("\(server)\ncompress lz4", ["6:10 error 'compress' is 'lz4', which is not valid"]),
        ("\(server)\nheartbeat_type icmp", ["6:16 error 'heartbeat_type' is 'icmp', which is not valid"]),
        ("\(server)\nhard_timeout 0.5", ["6:14 warning hard_timeout is shorter than heartbeat_interval"]),
        ("\(server)\nexpire_dns_cache 60", ["6:1 note 'expire_dns_cache' in <match **> of type forward has no effect"]),
        (
            "\(server)\nverify_connection_at_startup true",
            ["6:1 warning 'verify_connection_at_startup' in <match **> of type forward has no effect"]
        ),
        ("\(server)\nverify_connection_at_startup false", []),
        ("\(server)\nretry_wait 1s", ["6:1 warning 'retry_wait' in <match **> of type forward has no effect"]),
        (
            "\(server)\n<buffer service>\n</buffer>",
            ["6:9 error the chunk keys of a forward output must include 'tag'"]
        ),
        ("\(server)\n<buffer tag, service>\n</buffer>", []), ("\(server)\n<buffer>\n</buffer>", []),
        (
            "\(server)\n<inject>\n</inject>",
            ["6:2 warning unknown section <inject> in <match **> of type forward is not"]
        ),
        (
            "\(server)\n<transport tls>\n</transport>",
            ["6:1 error <transport> is a section of <source>, and events would go out as plain text"]
        ),
        ("\(server)\ntls_cert_path a.pem", ["6:15 error 'tls_cert_path' is given, and"]),
        ("\(server)\ntransport tsl", ["6:11 error 'transport' is 'tsl', which is not valid"]),
        ("\(server)\ntransport tls\ntls_version TLSv1_4", ["7:13 error 'tls_version' is 'TLSv1_4'"]),
        (
            "\(server)\ntransport tls\ntls_insecure_mode true",
            ["7:19 warning no certificate is looked at: whoever sits in between can read and change all"]
        ),
        (
            "\(server)\ntransport tls\ntls_client_private_key_path a.key",
            ["7:1 error tls_client_private_key_path needs tls_client_cert_path"]
        ),
        (
            "<service_discovery>\n@type srv\n</service_discovery>",
            ["4:7 error service discovery of type 'srv' is not supported"]
        ),
        (
            "<service_discovery>\n@type static\n<service>\nhost a\nstandby\n</service>\n</service_discovery>", []
        ),
        // What Fluentd 0.12 wrote.
        ("\(server)\nflush_interval 1s\nbuffer_type memory\nnum_threads 2\nheartbeat_type tcp", []),
    ]

    @Test("what a forward output says, and where", arguments: matches.indices)
    func match(_ index: Int) {
        let (lines, expected) = Self.matches[index]
        Checked.expect("<match **>\n@type forward\n\(lines)\n</match>\n<source>\n@type forward\n</source>\n", expected)
    }

    static let roundrobins: [(String, [String])] = [
        ("", ["1:1 error <match **> of type roundrobin has no <store>"]),
        ("<store>\n@type null\nweight 2\n</store>\n<store>\n@type stdout\n</store>", []),
        (
            "<store>\n@type null\nweight 0\n</store>",
            ["1:1 error every <store> of <match **> of type roundrobin has weight 0"]
        ),
        ("<store>\n@type null\nweight x\n</store>", ["5:8 error 'weight' is 'x', which is not a whole number"]),
        ("<store>\nweight 1\n</store>", ["3:1 error <store> has no '@type'"]),
    ]

    @Test("what a roundrobin says, and where", arguments: roundrobins.indices)
    func roundrobin(_ index: Int) {
        let (lines, expected) = Self.roundrobins[index]
        Checked.expect(
            "<match **>\n@type roundrobin\n\(lines)\n</match>\n<source>\n@type forward\n</source>\n", expected)
    }

    @Test("the plan names servers, receipts, TLS and the shared key")
    func summary() {
        let checked = Checked(
            """
            <source>
              @type forward
            </source>
            <match **>
              @type forward
              require_ack_response true
              transport tls
              <security>
                self_hostname edge
                shared_key secret123
              </security>
              <server>
                host ::1
                port 24225
              </server>
              <server>
                host b.example
                standby
                shared_key other
              </server>
            </match>
            """)
        #expect(checked.rendered == "")
        guard case .match(_, let output)? = checked.plan.label("@ROOT")?.rules.first else {
            Issue.record("no output")
            return
        }
        #expect(output.summary == "[::1]:24225, b.example:24224 (standby), acks, TLS, shared key")
    }
}
