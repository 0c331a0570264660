import Testing

/// Sources other than forward: what is said about their sections, and where. Line numbers count from the `<source>`.
@Suite struct SourceSectionTests {
    static let httpLines: [(String, [String])] = [
        ("<transport tls>\ninsecure true\n</transport>", []),
        ("<transport tcp>\n</transport>", []),
        ("handshake_timeout 3s\nadded_field_limit 100", []),
        ("time_key date\ntime_format %Y-%m-%dT%H:%M:%S.%L%:z", []), ("<parse>\ntime_key date\n</parse>", []),
        ("time_key date\ntime_format %!", ["4:13 error unknown directive '%!'"]),
        ("<parse>\ntypes a:integer\n</parse>", ["4:7 warning 'types' has no effect without a type of parser"]),
        ("<transport tls>\n</transport>", ["3:1 error <transport tls> has no certificate"]),
        ("<transport tsl>\n</transport>", ["3:12 error unknown transport 'tsl'"]),
        ("<transport udp>\n</transport>", ["3:12 error unknown transport 'udp'"]),
        (
            "<transport>\ncert_path a.pem\n</transport>",
            ["4:11 error 'cert_path' is given, and <transport> is plain TCP"]
        ),
        ("<transport tls>\ncert_path a.pem\n</transport>", ["4:11 error cert_path needs private_key_path"]),
        (
            "<transport tls>\ninsecure true\nmin_version TLS1_3\nmax_version TLS1_2\n</transport>",
            ["6:13 error max_version TLS 1.2 is older than min_version TLS 1.3"]
        ),
    ]

    @Test("http", arguments: httpLines.indices)
    func http(_ index: Int) {
        Checked.expect(
            "<source>\n@type http\n\(Self.httpLines[index].0)\n</source>\n<match **>\n@type null\n</match>\n",
            Self.httpLines[index].1)
    }

    /// What is read of a limit of datagrams, which have at most 64 KiB: more is no mistake.
    static let udpLines: [(String, [String])] = [
        ("message_length_limit 1MB", []), ("body_size_limit 1MB", []),
        ("message_length_limit 0", ["6:22 error 'message_length_limit' is '0', which is too small"]),
        ("message_length_limit 1GB", ["6:22 error 'message_length_limit' is '1GB', which is too large"]),
    ]

    @Test("udp, and syslog over it", arguments: udpLines.indices, ["udp", "syslog"])
    func udp(_ index: Int, _ type: String) {
        let (line, expected) = Self.udpLines[index]
        // syslog has no other name for it.
        guard type == "udp" || !line.hasPrefix("body") else { return }
        Checked.expect(
            "<source>\n@type \(type)\ntag t\nport 5140\n<parse>\n@type \(type == "udp" ? "none" : "syslog")\n</parse>\n"
                + "\(line)\n</source>\n<match **>\n@type null\n</match>\n",
            expected.map { $0.replacing("6:", with: "8:") })
    }

    static let gelfLines: [(String, [String])] = [
        ("tag g", []), ("tag g\nprotocol_type tcp\nport 0", []),
        ("tag g\ntrust_client_timestamp false\nclient_timestamp_to_i true\nremove_timestamp_record false", []),
        ("tag g\n<parse>\n@type json\ntime_key at\n</parse>", []),
        (
            "tag g\nformat json\nblocking_timeout 1",
            [
                "5:1 note 'blocking_timeout' in <source> of type gelf has no effect"
            ]
        ),
        ("port 1", ["1:1 error 'tag' is required in <source> of type gelf"]),
        ("tag g\nprotocol_type sctp", ["4:15 error 'protocol_type' is 'sctp'"]),
        ("tag g\nmessage_length_limit 10", ["4:22 error 'message_length_limit' is '10', which is too small"]),
        ("tag g\nstrip_leading_underscores false", ["4:1 error unknown parameter 'strip_leading_underscores'"]),
    ]

    @Test("gelf", arguments: gelfLines.indices)
    func gelf(_ index: Int) {
        Checked.expect(
            "<source>\n@type gelf\n\(Self.gelfLines[index].0)\n</source>\n<match **>\n@type null\n</match>\n",
            Self.gelfLines[index].1)
    }

    static let tailLines: [(String, [String])] = [
        (
            #"<group>\#npattern /^.*\/(?<app>[a-z]+)-(?<n>\d)\.log$/\#nrate_period 3s\#n<rule>\#nmatch {"app": "/web/i"}\#nlimit 2\#n</rule>\#n</group>"#,
            []
        ),
        ("<group>\n<rule>\nmatch {\"namespace\": \"/kube/\"}\nlimit 0\n</rule>\n</group>", []),
        ("<group>\n</group>", ["9:1 error <group> has no <rule>"]),
        (
            "<group>\npattern /(?<app>/\n<rule>\nlimit 1\n</rule>\n</group>",
            ["10:10 error"]
        ),
        (
            "<group>\npattern /(?<app>x)/\n<rule>\nmatch {\"pod\": \"/x/\"}\nlimit 1\n</rule>\n</group>",
            ["12:7 error 'pod' is no group of the pattern"]
        ),
        (
            "<group>\npattern /(?<app>x)/\n<rule>\nmatch {\"app\": \"/(/\"}\nlimit 1\n</rule>\n</group>",
            ["12:7 error"]
        ),
        ("<group>\n<rule>\nlimit -2\n</rule>\n</group>", ["11:7 error 'limit' is '-2', which is too small"]),
        ("<group>\nrate_perid 3\n<rule>\nlimit 1\n</rule>\n</group>", ["10:1 error unknown parameter 'rate_perid'"]),
    ]

    @Test("tail", arguments: tailLines.indices)
    func tail(_ index: Int) {
        Checked.expect(
            "<source>\n@type tail\npath /x.log\ntag t\npos_file /p\n<parse>\n@type none\n</parse>\n\(Self.tailLines[index].0)\n</source>\n<match **>\n@type null\n</match>\n",
            Self.tailLines[index].1)
    }

    @Test("<group> of tail is no <grok>, whatever parser is written in v0.12's way", arguments: ["none", "grok"])
    func tailGroup(_ format: String) {
        let parser = format == "grok" ? "format grok\ngrok_pattern %{WORD:a}" : "format none"
        let group = "<group>\npattern /(?<app>x)/\n<rule>\nmatch {\"app\": \"/x/\"}\nlimit 1\n</rule>\n</group>"
        func lines(_ more: String) -> String {
            "<source>\n@type tail\npath /x.log\ntag t\npos_file /p\n\(parser)\n\(more)\n</source>\n<match **>\n@type null\n</match>\n"
        }
        Checked.expect(lines(group), [])
        // A name that nobody has is still read as what was meant.
        guard format == "grok" else { return }
        Checked.expect(
            lines("<gork>\npattern %{WORD:b}\n</gork>"),
            ["8:1 warning <grok> has no effect beside grok_pattern", "8:2 error unknown section <gork>"])
    }

    static let monitorLines: [(String, String, [String])] = [
        ("monitor_agent", "<transport tls>\ninsecure true\n</transport>", []),
        ("monitor_agent", "<transport tls>\n</transport>", ["3:1 error <transport tls> has no certificate"]),
        (
            "prometheus", "<transport tls>\ncert_path a.pem\n</transport>",
            ["4:11 error cert_path needs private_key_path"]
        ),
        ("prometheus", "<transport tcp>\n</transport>", []),
        ("prometheus", "<ssl>\nenable false\ncertificate_path a.pem\n</ssl>", []),
        ("prometheus", "<ssl>\nenable true\n</ssl>", []),
        (
            "prometheus", "<ssl>\nenable true\ncertificate_path a.pem\n</ssl>",
            ["5:18 error cert_path needs private_key_path"]
        ),
        ("prometheus", "<ssl>\nenabel true\n</ssl>", ["4:1 error unknown parameter 'enabel'"]),
        (
            "prometheus", "<ssl>\nextra_conf {\"SSLCertName\":[]}\n</ssl>",
            ["4:1 warning 'extra_conf' in <ssl> has no effect"]
        ),
    ]

    @Test("monitor_agent and prometheus", arguments: monitorLines.indices)
    func monitor(_ index: Int) {
        let (type, lines, expected) = Self.monitorLines[index]
        Checked.expect("<source>\n@type \(type)\n\(lines)\n</source>\n<match **>\n@type null\n</match>\n", expected)
    }

    static let tcpLines: [(String, [String])] = [
        ("<extract>\ntag_key a\n</extract>", []),
        ("<extract>\ntag_key a\ntag_kye b\n</extract>", ["9:1 error unknown parameter 'tag_kye' in <extract>"]),
        ("<extract>\n</extract>", ["7:1 warning <extract> takes nothing"]),
        (
            "<extract>\ntime_key a\n</extract>",
            ["8:10 warning 'time_key' has no effect: <parse> gives each event a time"]
        ),
    ]

    @Test("tcp", arguments: tcpLines.indices)
    func tcp(_ index: Int) {
        Checked.expect(
            "<source>\n@type tcp\ntag t\n<parse>\n@type json\n</parse>\n\(Self.tcpLines[index].0)\n</source>\n<match **>\n@type null\n</match>\n",
            Self.tcpLines[index].1)
    }
}
