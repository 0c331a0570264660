import ConfigFile
import Pipeline
import Testing

/// What a configuration says that cannot work, or works otherwise than it looks: told when it is read, at its place.
@Suite struct ConfigurationCheckTests {
    private static func elasticsearch(_ lines: String) -> Checked {
        Checked("<source>\n@type forward\n</source>\n<match **>\n@type elasticsearch\n\(lines)\n</match>\n")
    }

    @Test(
        "a placeholder that nothing fills in is an error with what was meant",
        arguments: [
            ("${tag_parts[1]}", "write ${tag[1]}"), ("${tags}", "did you mean '${tag}'?"),
            ("${servce}", "did you mean '${service}'?"),
            ("${Time.now}", nil), ("${}", nil), ("${tag", nil), ("${tag[x]}", nil), ("${tag[99]}", nil),
        ] as [(String, String?)])
    func placeholders(_ placeholder: String, _ hint: String?) {
        for (line, column) in [("index_name app-", 16), ("logstash_format true\nlogstash_prefix x", 18)] {
            let checked = Self.elasticsearch("\(line)\(placeholder)\n<buffer service>\n</buffer>")
            #expect(checked.errors.count == 1, "\(checked.rendered)")
            #expect(checked.errors.first?.column == column)
            if let hint { #expect(checked.errors.first?.hint == hint) }
        }
    }

    @Test(
        "what can be filled in is taken",
        arguments: ["${tag}", "${tag[0]}", "${tag[-1]}", "${service}", "a-${tag}-b.${service}_1"])
    func filled(_ text: String) {
        let checked = Self.elasticsearch("index_name x\(text)\n<buffer tag, service>\n</buffer>")
        #expect(checked.rendered == "")
    }

    @Test("time directives without the chunk key 'time' are a warning, and none with it or beside the date of Logstash")
    func directives() {
        let plain = Self.elasticsearch("index_name logs-%Y.%m.%d")
        #expect(plain.messages == ["6:17 warning '%Y' in 'index_name' is not filled in without the chunk key 'time'"])
        let timed = "index_name logs-%Y.%m.%d\n<buffer tag, time>\ntimekey 1d\n</buffer>"
        #expect(Self.elasticsearch(timed).rendered == "")
        #expect(Self.elasticsearch("logstash_format true\nlogstash_dateformat %Y%m").rendered == "")
    }

    @Test(
        "a name that no index can have is an error",
        arguments: [
            "_private", "-a", "+a", "a*", "a b", "a/b", #"a\b"#, "a?", "a<b", "a>b", "a|b", "a,b", "a#b", "'a\"b'", ".",
            "..", String(repeating: "a", count: 256),
        ])
    func indexNames(_ name: String) {
        let checked = Self.elasticsearch("index_name \(name)")
        #expect(checked.errors.count == 1, "\(checked.rendered)")
        #expect(checked.errors.first?.line == 6)
        if name.count > 2 && name.count < 20 {
            let prefix = Self.elasticsearch("logstash_format true\nlogstash_prefix \(name)")
            #expect(prefix.errors.count == 1, "\(prefix.rendered)")
        }
    }

    @Test("capitals of an index are no fault, and a word is said")
    func capitals() {
        let checked = Self.elasticsearch("index_name MyLogs")
        #expect(checked.diagnostics.errorCount + checked.diagnostics.warningCount == 0)
        #expect(checked.rendered.contains("note: capitals in 'index_name' are written in lower case"))
    }

    @Test(
        "what is no host alone is an error that shows where it belongs",
        arguments: ["https://search.example:9243", "search.example:9243", "a/b", "a,b", "u@h", "http://h"])
    func hosts(_ host: String) {
        let checked = Self.elasticsearch("host \(host)")
        #expect(checked.errors.map(\.line) == [6], "\(checked.rendered)")
        #expect(checked.errors.first?.hint?.contains("hosts \(host == "u@h" ? "xxxxxx@h" : host)") == true)
    }

    @Test("names and addresses are hosts", arguments: ["localhost", "10.0.0.1", "::1", "a-b.c_d", "münchen"])
    func goodHosts(_ host: String) { #expect(Self.elasticsearch("host \(host)").rendered == "") }

    @Test("two sources on one port, or on one socket, are an error with both places")
    func ports() {
        func two(_ first: String, _ second: String) -> Checked {
            Checked(
                "<source>\n\(first)\n</source>\n<source>\n\(second)\n</source>\n<match **>\n@type null\n</match>\n")
        }
        for (first, second) in [
            ("@type forward", "@type forward"), ("@type forward\nport 1", "@type forward\nport 1\nbind 127.0.0.1"),
            ("@type unix\npath /a", "@type unix\npath /a"),
        ] {
            let errors = two(first, second).errors
            #expect(errors.count == 1 && errors.first?.related.count == 1)
            #expect((errors.first?.line ?? 0) > (errors.first?.related.first?.line ?? 9))
        }
        for (first, second) in [
            ("@type forward", "@type forward\nport 1"), ("@type forward\nport 0", "@type forward\nport 0"),
            ("@type forward\nbind 127.0.0.1", "@type forward\nbind 127.0.0.2"), ("@type forward", "@type unix"),
        ] { #expect(two(first, second).rendered == "") }
    }

    @Test("sections that no event reaches are a warning with both places")
    func unreached() throws {
        let checked = Checked(
            """
            <source>
              @type forward
              @label @in
            </source>
            <match app.**>
              @type relabel
              @label @far
            </match>
            <label @in>
              <match **>
                @type null
              </match>
            </label>
            <label @far>
              <match **>
                @type null
              </match>
            </label>
            <label @FLUENT_LOG>
              <match **>
                @type null
              </match>
            </label>
            """)
        #expect(
            checked.messages == [
                "5:1 warning no event reaches the sections at the top level: every <source> has a '@label'",
                "15:3 warning no event reaches <label @far>",
            ])
        #expect(checked.diagnostics.all.map(\.related.count) == [1, 1])
    }

    @Test("types and time_key that name no group of the expression are a warning")
    func groups() {
        func parse(_ lines: String) -> Checked {
            Checked(
                "<source>\n@type forward\n</source>\n<filter **>\n@type parser\nkey_name log\n<parse>\n@type regexp\n"
                    + "expression /(?<t>\\S+) (?<size>\\d+)/\n\(lines)\n</parse>\n</filter>\n<match **>\n@type null\n</match>\n"
            )
        }
        #expect(parse("time_key when").messages.map { $0.hasPrefix("10:10 warning 'time_key' is 'when'") } == [true])
        #expect(parse("types siz:integer").diagnostics.warningCount == 1)
        #expect(parse("types {\"siz\":\"integer\"}").diagnostics.warningCount == 1)
        for good in ["time_key t", "types size:integer", "types {\"size\":\"integer\"}", ""] {
            #expect(parse(good).rendered == "")
        }
    }

    @Test(
        "' #' and lost backslashes are told for every pattern, and for no path",
        arguments: [
            (
                "<filter **>\n@type parser\nkey_name log\n<parse>\n@type grok\ngrok_pattern ^%{WORD:v} #%{INT:t}$\n</parse>\n</filter>",
                1
            ),
            (
                "<filter **>\n@type parser\nkey_name log\n<parse>\n@type grok\n<grok>\npattern %{WORD:v} #x\n</grok>\n</parse>\n</filter>",
                1
            ),
            ("<filter **>\n@type grep\n<regexp>\nkey log\npattern ticket #[0-9]+$\n</regexp>\n</filter>", 1),
            ("<filter **>\n@type grep\nregexp1 log ticket #[0-9]+$\n</filter>", 1),
            ("<filter **>\n@type parser\nkey_name log\nformat /^(?<a>x) #(?<b>y)$/\n</filter>", 2),
            (
                "<filter **>\n@type parser\nkey_name log\nformat grok\ngrok_pattern \"^%{WORD:a}\\.%{WORD:b}$\"\n</filter>",
                1
            ),
            ("<filter **>\n@type grep\n<exclude>\nkey log\npattern \"a\\[b\"\n</exclude>\n</filter>", 2),
            ("<filter **>\n@type grep\n<regexp>\nkey log\npattern /ticket/ # a comment\n</regexp>\n</filter>", 0),
            ("<filter **>\n@type grep\n<regexp>\nkey log\npattern 'a\\.b'\n</regexp>\n</filter>", 0),
            ("<filter **>\n@type grep\n<regexp>\nkey /a/b # the key\npattern x\n</regexp>\n</filter>", 0),
            ("<system>\nroot_dir /srv/app/buffers   # one folder\n</system>", 0),
        ])
    func patterns(_ section: String, _ count: Int) {
        let checked = Checked("<source>\n@type forward\n</source>\n\(section)\n<match **>\n@type null\n</match>\n")
        #expect(checked.diagnostics.all.count == count, "\(checked.rendered)")
        #expect(checked.diagnostics.all.allSatisfy { !($0.hint ?? "").contains("double quotes") })
    }

    @Test(
        "Ruby that is not covered is refused at its place, with what to write",
        arguments: [
            (#"${record["x"] = 1}"#, "8:17 error assignments are not covered"),
            (#"${require "json"; 1}"#, "8:5 error 'require' is not covered"),
            (#"x ${record = 1}"#, "8:14 error 'record' cannot be assigned anew"),
            (#"${record["a"].blank?}"#, "8:17 error the method 'blank?' is not covered"),
            (#"${record["a"].upcas}"#, "8:17 error the method 'upcas' is not covered"),
            (#"${record["a"].gsub!("x", "")}"#, "8:17 error 'gsub!' would change its receiver"),
            (#"${record["a"] << "x"}"#, "8:17 error '<<' would change the record"),
            ("${File.read('/etc/hostname')}", "8:5 error files are not read"),
            ("${Net::HTTP.get('x')}", "8:5 error the network is not asked"),
            ("${`id`}", "8:5 error commands are not run"),
            ("${while true do 1 end}", "8:5 error loops are not covered"),
            (#"${record["a"] =~ /(/}"#, "8:21 error"), ("${record[}", "8:12 error"),
            (#"{"k":"${record[}"}"#, "8:3 error"),
        ])
    func ruby(_ value: String, _ message: String) {
        let checked = Checked(
            "<source>\n@type forward\n</source>\n<filter **>\n@type record_transformer\nenable_ruby true\n<record>\nb "
                + "\(value)\n</record>\n</filter>\n<match **>\n@type null\n</match>\n")
        #expect(checked.errors.count == 1, "\(checked.rendered)")
        #expect(checked.messages.first?.hasPrefix(message) == true, "\(checked.rendered)")
    }

    @Test(
        "what Fluentd takes is taken: with a warning where it warns",
        arguments: [
            ("// settings of the edge\n", 1), ("cat <<EOF\n", 1), ("@type forward\nport 1\n", 1), ("{\n", 1),
        ])
    func topLevel(_ text: String, _ warnings: Int) {
        let checked = Checked(text + "<source>\n@type forward\n</source>\n<match **>\n@type null\n</match>\n")
        #expect(
            checked.diagnostics.errorCount == 0 && checked.diagnostics.warningCount == warnings, "\(checked.rendered)")
    }

    @Test("a file without a source is a warning, as the sources may be included later")
    func noSource() {
        let checked = Checked("<match **>\n@type null\n</match>\n")
        #expect(checked.messages == ["1:1 warning the configuration has no <source>, so no event will ever arrive"])
    }

    @Test(
        "parameters that Fluentd reads are read",
        arguments: [
            ("default_elasticsearch_version 7.17.10", 0), ("template_name \"#{ENV['T'] || use_nil}\"", 0),
            ("template_overwrite false", 0), ("template_name x", 1), ("remove_keys [\"x\\.y\"]", 1),
            ("hosts \"#{ENV['SEARCH'] || 'http://' + 'h' + ':9200'}\"", 0),
            ("reserve_data on", 1), ("<buffer>\n</buffer>\nflush_interval 2s", 1),
            ("<buffer>\n</buffer>\nbuffer_type x", 1),
        ])
    func taken(_ lines: String, _ warnings: Int) {
        let checked = Self.elasticsearch(lines)
        #expect(
            checked.diagnostics.errorCount == 0 && checked.diagnostics.warningCount == warnings, "\(checked.rendered)")
    }

    @Test(
        "a hint names what was meant",
        arguments: [
            ("ssl_verify on", "did you mean 'true'?"), ("ssl_verify off", "did you mean 'false'?"),
            ("<buffer>\n</buffer>\nflush_interval 2s", "it belongs into <buffer>: flush_interval 2s"),
            ("<buffer>\n</buffer>\nbuffer_path /a", "it belongs into <buffer>: path /a"),
            ("reserve_data true", "it belongs into <filter> of type parser"),
        ])
    func hints(_ lines: String, _ hint: String) {
        #expect(Self.elasticsearch(lines).diagnostics.all.compactMap(\.hint) == [hint])
    }

    @Test(
        "one fault is one message",
        arguments: [
            "remove_keys ['host','code']", "remove_keys [\"a\",]", "custom_headers {\"a\": \"b\",}",
            "custom_headers {'a': 'b'}", "remove_keys [“a”]", "hosts “h”", "id_key　x", "id_key\u{200B} x", "　id_key x",
        ])
    func single(_ line: String) {
        let checked = Self.elasticsearch(line)
        #expect(checked.diagnostics.all.count == 1 && checked.errors.first?.line == 6, "\(checked.rendered)")
    }

    @Test("a misspelt section, its end tag spelt alike, is one error")
    func misspelt() {
        let checked = Checked("<sorce>\n@type forward\n</sorce>\n<match **>\n@type null\n</match>\n")
        #expect(checked.messages == ["1:2 error unknown section <sorce> at the top level"])
    }

    @Test("a character that only looks right is named at its column")
    func lookalikes() {
        let checked = Checked(
            "<source>\n\u{3000}@type forward\n  bind \u{201C}127.0.0.1\u{201D}\n  port\u{A0}1\n</source>\n"
                + "<match\u{3000}a.**>\n@type\u{200B} null\n</match>\n")
        #expect(
            checked.messages == [
                "2:1 error U+3000, an ideographic space, is no blank",
                "3:8 error U+201C, a left double quotation mark, is not '\"'",
                "4:7 error U+00A0, a no-break space, is no blank",
                "6:7 error U+3000, an ideographic space, is no blank",
                "7:6 error U+200B, a zero width space, stands here, where nothing can be seen",
            ])
    }

    @Test("texts may hold any character: in <record>, in quotes, in the middle of a pattern")
    func texts() {
        let checked = Checked(
            "<source>\n@type forward\n</source>\n<filter **>\n@type record_transformer\n<record>\na “x” said\nｋ \"“y”\"\n"
                + "</record>\n</filter>\n<match **>\n@type null\n</match>\n")
        #expect(checked.rendered == "")
    }

    @Test("code without double quotes is told in tags, labels and paths as well")
    func code() {
        let checked = Checked(
            "<match app.#{ENV[\"STAGE\"]}.**>\n@type null\n</match>\n<label @#{ENV['L']}>\n</label>\n")
        #expect(checked.messages.filter { $0.contains("'#{…}' is not evaluated") }.count == 2, "\(checked.rendered)")
    }

    @Test("certificates without TLS are an error")
    func plainText() {
        let checked = Checked(
            "<source>\n@type forward\n<transport tcp>\ncert_path c.pem\nprivate_key_path k.pem\n</transport>\n</source>\n"
                + "<match **>\n@type null\n</match>\n")
        #expect(checked.messages == ["4:11 error 'cert_path' is given, and <transport tcp> is plain TCP"])
    }

    @Test("a secret read again as text stays one in the dump")
    func secretTwice() throws {
        let checked = Checked("<match>\n@type null\nx1 abc\n</match>\n")
        let reader = SectionReader(checked.document.root.sections[0], diagnostics: checked.diagnostics)
        _ = reader.secret("x1")
        _ = reader.string("x1")
        #expect(checked.document.root.dump(checked.diagnostics).contains("x1 xxxxxx"))
    }

    @Test("files are opened when asked, and a fault has its line")
    func openings() {
        let text = """
            <system>
              root_dir /proc/none
            </system>
            <source>
              @type forward
              <transport tls>
                cert_path /nowhere/c.pem
                private_key_path /proc
              </transport>
            </source>
            <match **>
              @type elasticsearch
              ca_file /nowhere/ca.pem
            </match>
            """
        #expect(Checked(text).rendered == "")
        let document = ConfigDocument.parse(text)
        _ = PlanBuilder.build(document, environment: ConfigEnvironment(), opensFiles: true)
        #expect(document.diagnostics.inFileOrder.map(\.line) == [2, 7, 8, 13])
        #expect(document.diagnostics.errorCount == 4)
    }
}
