import ConfigFile
import Pipeline
import TestSupport
import Testing

/// Nothing that is printed about a configuration shows a secret of it, however damaged the configuration is.
@Suite struct SecretTests {
    /// Every place that holds a secret; each is one of `secrets`.
    static let text = """
        <source>
          @type forward
          <security>
            self_hostname x
            shared_key sEcReT00x
            user_auth true
            <user>
              username joe
              password "sEcReT01x"
            </user>
          </security>
          <transport tls>
            cert_path /c.pem
            private_key_path /k.pem
            private_key_passphrase 'sEcReT02x'
          </transport>
        </source>
        <match a.**>
          @type elasticsearch
          user joe
          password sEcReT03x
          custom_headers {"Authorization":"Bearer sEcReT04x","X-Team":"sEcReT05x"}
        </match>
        <match b.**>
          @type elasticsearch
          hosts http://joe:sEcReT06x@127.0.0.1:9200,https://eve:sEcReT07x@es.example
          api_key sEcReT08x
          custom_headers {
            "X-Api-Key": "sEcReT09x",
            "Content-Type": "application/json"
          }
        </match>

        """

    @Test(
        "a secret whose name was broken in two, or that stands behind another parameter, is hidden",
        arguments: [
            "api key sEcReT0", "shared key sEcReT0", "pass word sEcReT0", "port 99 password sEcReT0",
            "foo joe password sEcReT0", "foo a b c d password sEcReT0",
        ])
    func brokenNames(_ line: String) {
        let printed = Self.printed("<match **>\n  @type elasticsearch\n  \(line)\n</match>\n")
        #expect(!printed.contains("sEcReT0"), "\(printed)")
        #expect(printed.contains(line.split(separator: " ")[0]), "the line is spoken of")
    }

    @Test(
        "a variable's name is shown, and the default behind it is not",
        arguments: [
            (##"port "#{ENV['ES_PASSWORD']}x""##, ##"port "#{ENV['ES_PASSWORD']}x""##),
            (##"port "#{ENV['ES_PASSWORD'] || 'sEcReT0'}x""##, ##"port "#{ENV['ES_PASSWORD'] || 'xxxxxx"##),
            (##"port "#{ENV.fetch('ES_PASSWORD', 'sEcReT0')}x""##, ##"port "#{ENV.fetch('ES_PASSWORD', 'xxxxxx"##),
            (##"port "#{ENV.fetch("ES_PASSWORD")}x""##, ##"port "#{ENV.fetch("ES_PASSWORD")}x""##),
        ])
    func variables(_ line: String, _ shown: String) {
        let printed = Self.printed("<match **>\n  @type elasticsearch\n  \(line)\n</match>\n")
        #expect(!printed.contains("sEcReT0"), "\(printed)")
        #expect(printed.contains(shown), "\(printed)")
    }

    @Test(
        "a variable that is not set is named, whatever it and its parameter are called",
        arguments: [##""#{ENV['ES_PASSWORD']}""##, ##""#{ENV['ES_PASSWORD']}"  # from the vault"##])
    func unset(_ value: String) {
        let printed = Self.printed("<match **>\n  @type elasticsearch\n  password \(value)\n</match>\n")
        #expect(printed.contains("the environment variable ES_PASSWORD is not set"), "\(printed)")
        #expect(printed.contains("password \(value)\n"), "\(printed)")
        let quoted = Self.printed("<match **>\n  @type elasticsearch\n  passwrod x\n  password \"sEcReT0\"\n</match>\n")
        #expect(!quoted.contains("sEcReT0"), "\(quoted)")
        let told = Self.printed("<match **>\n  @type elasticsearch\n  password \(value) password sEcReT0\n</match>\n")
        #expect(!told.contains("sEcReT0"), "\(told)")
    }

    @Test(
        "whatever a header is called, its value is hidden unless it is known to be harmless",
        arguments: [("http", "headers"), ("elasticsearch", "custom_headers"), ("splunk_hec", "custom_headers")])
    func headers(_ type: String, _ key: String) {
        let line = #"\#(key) {"X-Customer":"sEcReT0","User-Agent":"agent"}"#
        let printed = Self.printed("<match **>\n  @type \(type)\n  \(line)\n</match>\n")
        #expect(!printed.contains("sEcReT0"), "\(printed)")
        #expect(printed.contains("X-Customer"), "\(printed)")
    }

    @Test("a path is shown, whatever its parameter and its variable are called")
    func paths() {
        let transport =
            ##"cert_path "#{ENV['X_CRT'] || '/no/sluice/a.crt'}"\nprivate_key_path "#{ENV['X_K'] || '/no/sluice/a.key'}""##
        let printed = Self.printed(
            "<source>\n@type forward\n<transport tls>\n\(transport)\ncert_pth x\n</transport>\n</source>\n"
                + "<match **>\n@type null\n</match>\n")
        #expect(!printed.contains("xxxxxx"), "\(printed)")
    }

    @Test(
        "what stands on the next line of a broken value is no name",
        arguments: ["\"x\n  Hunter2Hunter2\" y", "x \"y\n  Hunter2Hunter2 z\"", "'x\n  a Hunter2Hunter2' y"])
    func brokenValue(_ value: String) {
        let printed = Self.printed(
            "<match **>\n  @type elasticsearch\n  user u\n  password \(value)\n  port 9200\n</match>\n")
        #expect(!printed.contains("Hunter2"))
        #expect(printed.contains("xxxxxx") || !printed.contains("password"))
    }

    /// All that is ever printed about a configuration.
    static func printed(_ text: String) -> String {
        let checked = Checked(text)
        return checked.rendered + PlanReport.json(checked.plan, diagnostics: checked.diagnostics)
            + checked.document.root.dump(checked.diagnostics) + PlanReport.text(checked.plan, path: "f")
    }

    /// A secret, or enough of it to be worth something.
    static func leaks(_ printed: String) -> [Substring] {
        printed.ranges(of: "ReT").map { range in
            let end = printed.index(range.upperBound, offsetBy: 3, limitedBy: printed.endIndex) ?? printed.endIndex
            return printed[range.lowerBound..<end]
        }
    }

    @Test("a sound configuration is dumped with its secrets hidden, and with everything else")
    func sound() {
        let printed = Self.printed(Self.text)
        #expect(Self.leaks(printed) == [])
        for shown in [
            "password xxxxxx", #"custom_headers {"Authorization":"xxxxxx","X-Team":"xxxxxx"}"#,
            #"hosts "http://xxxxxx@127.0.0.1:9200,https://xxxxxx@es.example""#, #""Content-Type":"application/json""#,
            #"username "joe""#, #"private_key_path "/k.pem""#,
        ] {
            #expect(printed.contains(shown), "\(shown) is not in \(printed)")
        }
    }

    /// The lines that hold secrets, each in the smallest configuration that has it.
    static let lines = [
        ("source>\n@type forward\n<security", "shared_key sEcReT00x"),
        ("source>\n@type forward\n<transport tls", "private_key_passphrase 'sEcReT02x'"),
        ("match a.**", "password \"sEcReT03x\""), ("match a.**", "api_key sEcReT08x"),
        ("match a.**", #"custom_headers {"Authorization":"Bearer sEcReT04x","X-Team":"sEcReT05x"}"#),
        ("match a.**", "hosts http://joe:sEcReT06x@127.0.0.1:9200,https://eve:sEcReT07x@es.example"),
    ]

    /// What may be written too much: what ends, opens or separates something.
    private static let strays = Array("\n \t\"'x:,@#/\\{}[]<>$".utf8)

    /// All texts that one slip of the pen makes of a line at an offset.
    private static func slips(_ bytes: [UInt8], at offset: Int) -> [[UInt8]] {
        var texts = [Array(bytes[..<offset] + bytes[(offset + 1)...])]
        for byte in LongTests.areOn ? strays : Array("\n\"x,@{".utf8) {
            texts.append(Array(bytes[..<offset] + [byte] + bytes[offset...]))
            if LongTests.areOn { texts.append(Array(bytes[..<offset] + [byte] + bytes[(offset + 1)...])) }
        }
        if offset + 1 < bytes.count {
            var swapped = bytes
            swapped.swapAt(offset, offset + 1)
            texts.append(swapped)
        }
        return texts
    }

    /// Whether a slip at an offset would make another secret of one of `secret…`.
    private static func isInSecret(_ bytes: [UInt8], _ offset: Int, _ secret: String) -> Bool {
        (max(0, offset - 8)...min(offset + 1, bytes.count)).contains { bytes[$0...].starts(with: secret.utf8) }
    }

    @Test(
        "whichever character is missing, doubled, swapped or wrong, no secret is shown",
        arguments: 0..<lines.count, ["sEcReT", "Qw7ReT"])
    func damaged(_ number: Int, _ secret: String) {
        let (section, line) = Self.lines[number]
        let bytes = Array(line.replacing("sEcReT", with: secret).utf8)
        let type = section.hasPrefix("match") ? "@type elasticsearch\n  " : ""
        for offset in LongTests.sample(bytes.indices, count: 6) where !Self.isInSecret(bytes, offset, secret) {
            for damaged in Self.slips(bytes, at: offset) {
                let text = "<\(section)>\n  \(type)\(String(decoding: damaged, as: UTF8.self))\n  user joe\n</match>\n"
                let leaks = Self.leaks(Self.printed(text))
                if !leaks.isEmpty { Issue.record("\(leaks.prefix(3)) with \(text)") }
            }
        }
    }

    @Test("a slip of the pen anywhere in a file with all kinds of secrets shows none", arguments: ["sEcReT", "Qw7ReT"])
    func damagedFile(_ secret: String) {
        let bytes = Array(Self.text.replacing("sEcReT", with: secret).utf8)
        for offset in stride(from: 3, to: bytes.count, by: LongTests.areOn ? 7 : 151)
        where !Self.isInSecret(bytes, offset, secret) {
            for damaged in Self.slips(bytes, at: offset) {
                let text = String(decoding: damaged, as: UTF8.self)
                let leaks = Self.leaks(Self.printed(text))
                if !leaks.isEmpty {
                    let line = bytes[..<offset].count { $0 == 0x0A } + 1
                    Issue.record("\(leaks.prefix(3)) with line \(line): \(text.split(separator: "\n")[line - 1])")
                }
            }
        }
    }

    @Test(
        "a secret is known by its name, however that is spelt and wherever it stands",
        arguments: [
            "pasword sEcReT1x", "passwrd 'sEcReT1x'", "Password: sEcReT1x", "password=sEcReT1x", "api_keyy sEcReT1x",
            "apikey sEcReT1x", "shared_keey \"sEcReT1x\"", "sharedkey sEcReT1x", "passwordsEcReT1x",
            "shared_keysEcReT1x", "password \\\n sEcReT1x", "password\n sEcReT1x", "client_key_pas sEcReT1x",
            "password \"sEcReT1x", "password \"one\n sEcReT1x\nthree\"", "token [\n\"sEcReT1x\"\n]",
            "custom_header {\"X\":\"sEcReT1x\"}", "custom_headers {\"X\":\n\"sEcReT1x\"}", "custom_headers X:sEcReT1x",
            "user joe password sEcReT1x", "port 1 # password sEcReT1x", "\"password\": \"sEcReT1x\",",
            "<password>sEcReT1x</password>", "@password sEcReT1x", "　password sEcReT1x", "password　sEcReT1x",
            "password “sEcReT1x”", "host joe:sEcReT1x@es", "hosts https://joe:sEcReT1x@es:92x0",
            "hosts http//joe:sEcReT1x@es", "hosts https://joe:p@sEcReT1x@es:9 0", "url \"https://sEcReT1x@es\"",
            "path https://joe:sEcReT1x@es", "@include https://joe:sEcReT1x@es/a.conf", "foo Bearer sEcReT1x",
            "foo {\"password\":\"sEcReT1x\"}", "ssl_verify https://u:sEcReT1x@h", "port \"x https://u:sEcReT1x@h\"",
            "private_key_password sEcReT1x", "aws_sec_key sEcReT1x", "access_token sEcReT1x", "X-Api-Key sEcReT1x",
            "password \"#{ENV['NO'] || 'sEcReT1x'}\"",
        ])
    func names(_ line: String) {
        for section in [
            "<match>\n@type elasticsearch", "<source>\n@type forward", "<mtch>\n@type", "<match>\n<bufer>\n",
        ] {
            let printed = Self.printed("\(section)\n\(line)\n<x>\n</match>\n")
            #expect(Self.leaks(printed) == [], "\(printed)")
        }
    }

    @Test("what the environment gives to a secret's parameter or under a secret's name is hidden as well")
    func environment() {
        let environment = ConfigEnvironment(
            variables: ["PW": "sEcReT1x", "ES_PASSWORD": "sEcReT2x", "SEARCH": "http://u:sEcReT3x@h:x"])
        let document = ConfigDocument.parse(
            """
            <match>
              @type elasticsearch
              pasword "#{ENV['PW']}"
              scheme "#{ENV['ES_PASSWORD']}"
              port "#{ENV['PW']}"
              hosts "#{ENV['SEARCH']}"
            </match>
            """, environment: environment)
        let plan = PlanBuilder.build(document, environment: environment)
        let printed =
            DiagnosticRenderer().render(document.diagnostics, file: "f") + document.root.dump(document.diagnostics)
            + PlanReport.json(plan, diagnostics: document.diagnostics)
        #expect(Self.leaks(printed) == [], "\(printed)")
    }

    @Test(
        "what only sounds like a secret is shown",
        arguments: [
            "routing_key abcdef", "id_key abcdef", "key_name abcdef", "private_key_path abcdef", "tag_key abcdef",
            "client_key abcdef", "remove_keys password,abcdef", "client_cert abcdef", "user abcdef",
            "types token:abcdef",
            "pattern %{WORD:password} abcdef", "target_index_key abcdef", "time_key abcdef", "include_tag_key abcdef",
            "index_name abcdef@x", "path /abcdef", "grok_pattern %{URIPROTO:p}://%{USER:abcdef}@%{HOST}",
        ])
    func harmless(_ line: String) {
        #expect(Self.printed("<match>\n@type elasticsearch\n\(line)\n</match>").contains("abcdef"))
    }

    @Test("the caret stands under its character behind a hidden secret, and under the mask when it stands in one")
    func carets() {
        let checked = Checked(
            "<match>\n  @type null\n  shared_keey abcdefghijkl\n  user a password bcdef  @x\n</match> z\n")
        #expect(
            checked.rendered.contains("    3 |   shared_keey xxxxxx\n      |   ^~~~~~~~~~~\n"), "\(checked.rendered)")
        let behind = Checked("<match>\n  @type null\n  custom_headers {\"a\":\"0123456789\" 7}\n</match>")
        #expect(
            behind.rendered.contains(
                "    3 |   custom_headers {\"a\":\"xxxxxx\" xxxxxx\n      |                                ^~~~~~\n"),
            "\(behind.rendered)")
        #expect(behind.errors.first?.column == 36)
        let inside = Checked("<match>\n  @type null\n  password \"0123456789\n</match>")
        #expect(inside.rendered.contains("    3 |   password \"xxxxxx\n      |            ^\n"), "\(inside.rendered)")
    }
}
