import ConfigFile
import Testing

/// Fluentd's YAML gives the tree that its classic format gives.
@Suite struct YAMLConfigurationTests {
    private func parsed(
        _ text: String, files: [String: String] = [:], variables: [String: String] = [:]
    ) -> ConfigDocument {
        ConfigDocument.parse(
            text, path: "fluent.yaml", environment: ConfigEnvironment(variables: variables, hostname: "host.example"),
            from: MemoryFiles(files))
    }

    /// The tree as a dump, and the messages.
    private func shown(_ document: ConfigDocument) -> String {
        document.root.dump(document.diagnostics)
            + document.diagnostics.inFileOrder.map { "\($0.line):\($0.column) \($0.message)\n" }.joined()
    }

    /// A pair of texts in both formats.
    struct Pair: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let yaml: String
        let classic: String

        init(_ name: String, _ yaml: String, _ classic: String) {
            (testDescription, self.yaml, self.classic) = (name, yaml, classic)
        }
    }

    static let pairs = [
        Pair(
            "system and sections, in Fluentd's order",
            """
            config:
              - source: {$type: forward, $id: in, $label: '@A', $log_level: warn, port: 24224}
              - match: {$tag: '**', $type: 'null'}
                filter: {$tag: a, $type: grep}
              - label:
                  $name: '@A'
                  config:
                    - match: {$type: stdout}
              - worker: {$arg: 0-1, config: [{source: {$type: tail}}]}
            system:
              log_level: debug
            """,
            """
            <system>
              log_level debug
            </system>
            <source>
              @type forward
              @id in
              @label @A
              @log_level warn
              port 24224
            </source>
            <filter a>
              @type grep
            </filter>
            <match **>
              @type null
            </match>
            <label @A>
              <match>
                @type stdout
              </match>
            </label>
            <worker 0-1>
              <source>
                @type tail
              </source>
            </worker>
            """),
        Pair(
            "nested sections, one by one and as lists, with arguments",
            """
            config:
              - match:
                  $tag: [a.*, b]
                  $type: copy
                  store:
                    - $type: stdout
                    - $type: elasticsearch
                      $arg: ignore_error
                      buffer: {$arg: [tag, time], timekey: 1d}
                  format: {$type: json}
            """,
            """
            <match a.* b>
              @type copy
              <store>
                @type stdout
              </store>
              <store ignore_error>
                @type elasticsearch
                <buffer tag, time>
                  timekey 1d
                </buffer>
              </store>
              <format>
                @type json
              </format>
            </match>
            """),
        Pair(
            "values: texts, truths, numbers as they stand, lists, JSON",
            #"""
            config:
              - source:
                  a: 0644
                  b: 7.10
                  c: On
                  d: "no"
                  e: [x, 2, true]
                  f: !fluent/json {"k": "v", "n": [1, ~, "2"]}
                  g: !!str yes
                  h: 'it''s'
                  i: 2026-01-01
            """#,
            #"""
            <source>
              a 0644
              b 7.10
              c true
              d no
              e ["x",2,true]
              f {"k":"v","n":[1,null,"2"]}
              g yes
              h "it's"
              i 2026-01-01
            </source>
            """#),
        Pair(
            "anchors, aliases and merges",
            """
            common: &common
              host: es
              port: 9200
            config:
              - match: {$type: x, <<: *common, port: 1}
              - match:
                  $type: y
                  <<: [*common]
            """,
            """
            <match>
              @type x
              host es
              port 1
            </match>
            <match>
              @type y
              host es
              port 9200
            </match>
            """),
        Pair(
            "code in texts that ask for it",
            ##"""
            config:
              - source:
                  a: !fluent/s "#{hostname}-x"
                  b: !fluent/s '#{ENV["X"] || "d"}:\n1'
                  c: !fluent/s "#{use_nil}"
                  d: a#{b}
            """##,
            ##"""
            <source>
              a "#{hostname}-x"
              b "#{ENV["X"] || "d"}:\n1"
              c "#{use_nil}"
              d a#{b}
            </source>
            """##),
    ]

    @Test("a YAML configuration is the tree of the classic one", arguments: pairs)
    func trees(_ pair: Pair) {
        let classic = ConfigDocument.parse(
            pair.classic, environment: ConfigEnvironment(hostname: "host.example"))
        #expect(shown(parsed(pair.yaml)) == shown(classic))
    }

    @Test("includes are sections, lists of them, and the contents of a section")
    func includes() {
        let document = parsed(
            """
            system: !include sys.yaml
            config:
              - !include conf.d/*.yaml
              - match: {$type: x, <<: !include common.yml, buffer: !include buffer.yaml}
            """,
            files: [
                "sys.yaml": "log_level: debug", "conf.d/b.yaml": "source: {$type: b}\nfilter: {$type: f}",
                "conf.d/a.yaml": "- source: {$type: a}\n- !include c/d.yaml", "conf.d/c/d.yaml": "- source: {$type: d}",
                "common.yml": "host: h", "buffer.yaml": "timekey: 1d",
            ])
        #expect(document.diagnostics.all.isEmpty)
        #expect(document.root.sections.map { $0.type?.text ?? $0.name } == ["system", "a", "d", "b", "f", "x"])
        let match = document.root.sections[5]
        #expect(match.parameter("host")?.keyPlace.file.path == "common.yml")
        #expect(match.sections[0].parameter("timekey")?.text == "1d")
        #expect(match.sections[0].parameter("timekey")?.valuePlace.text == "1d")
    }

    @Test(
        "a file that includes itself is told, wherever it does",
        arguments: [
            "config:\n  - !include fluent.yaml", "config:\n  - source: {<<: !include a.yaml}",
            "config:\n  - source: {x: !include a.yaml}", "config:\n  - !include b.yaml",
        ])
    func circles(_ text: String) {
        let document = parsed(
            text,
            files: [
                "fluent.yaml": text, "a.yaml": "x: {<<: !include a.yaml}", "b.yaml": "- !include b.yaml",
            ])
        #expect(document.diagnostics.errorCount >= 1)
        #expect(document.diagnostics.all.allSatisfy { $0.line > 0 })
    }

    @Test("places inside of values are those of the file, in every style")
    func places() throws {
        let document = parsed(
            #"""
            # Grüße
            config:
              - source:
                  a: plain text
                  b: 'quoted text'
                  c: |
                    first
                    second text
                  d: "an escaped\ttext"
            """#)
        let section = document.root.sections[0]
        for (key, line) in [("a", 4), ("b", 5), ("c", 8)] {
            let parameter = try #require(section.parameter(key))
            let offset = try #require(parameter.text?.utf8.count)
            let text = try #require(parameter.text)
            let start = text.utf8.distance(from: text.startIndex, to: try #require(text.range(of: "text")).lowerBound)
            let place = parameter.place(ofOffset: start, length: 4)
            #expect(place.line == line && place.text == "text", "\(key): \(place.text) of \(offset)")
        }
        #expect(section.parameter("d")?.valuePlace.text == #""an escaped\ttext""#)
        #expect(section.place.text == "source")
    }

    @Test(
        "secrets are in no message and in no dump, however they are written",
        arguments: [
            "password: sEcReT77", "password: 'sEcReT77'", "password: |\n        sEcReT77\n        sEcReT77",
            "shared_key: >-\n        sEcReT77",
            "auth: {password: sEcReT77}", "api_key: [sEcReT77]", "password: !fluent/s \"#{ENV['PW']}\"",
            "password: !fluent/s \"#{File.read('/s').chomp}\"", "user: {<<: {token: sEcReT77}}",
        ])
    func secrets(_ line: String) {
        let document = parsed(
            "config:\n  - source:\n      \(line)\n      oops: [x", files: ["/s": "sEcReT77\n"],
            variables: ["PW": "sEcReT77"])
        let sound = parsed(
            "config:\n  - source:\n      \(line)\n      $oops: x\n", files: ["/s": "sEcReT77\n"],
            variables: ["PW": "sEcReT77"])
        let texts = [
            sound.root.dump(sound.diagnostics), DiagnosticRenderer().render(sound.diagnostics, file: "fluent.yaml"),
            DiagnosticRenderer().render(document.diagnostics, file: "fluent.yaml"),
        ]
        for text in texts { #expect(!text.contains("sEcReT"), "\(text)") }
        #expect(!sound.diagnostics.hasErrors && document.diagnostics.hasErrors)
    }

    @Test("a file says by its name that it is YAML, or a caller does")
    func formats() {
        let text = "config: [{source: {$type: forward}}]"
        for (path, format) in [("a.yaml", ConfigDocument.Format.byName), ("a.yml", .byName), ("a.conf", .yaml)] {
            let document = ConfigDocument.load(
                path: path, as: format, appending: ["<match>\n@type x\n</match>"], environment: ConfigEnvironment(),
                from: MemoryFiles([path: text]))
            #expect(document.root.sections.map(\.name) == ["source", "match"])
            #expect(document.diagnostics.all.isEmpty)
        }
        let classic = ConfigDocument.load(
            path: "a.yaml", as: .classic, environment: ConfigEnvironment(),
            from: MemoryFiles(["a.yaml": "<source>\n@type x\n</source>"]))
        #expect(classic.root.sections.map(\.name) == ["source"])
    }

    @Test(
        "config_include_dir brings the files of a folder, in either format",
        arguments: [
            "<system>\nconfig_include_dir conf.d\n</system>", "",
        ])
    func includeFolder(_ classic: String) {
        let files = [
            "conf.d/a.conf": "<source>\n@type a\n</source>", "conf.d/x/b.yml": "config: [{source: {$type: b}}]",
            "conf.d/c.txt": "<source>",
        ]
        let document =
            classic.isEmpty
            ? parsed("system: {config_include_dir: conf.d/}", files: files)
            : ConfigDocument.parse(classic, from: MemoryFiles(files))
        #expect(document.diagnostics.all.isEmpty)
        #expect(document.root.sections.map { $0.type?.text ?? $0.name } == ["system", "a", "b"])
        let missing = parsed("system: {config_include_dir: none}")
        #expect(missing.diagnostics.all.map(\.message) == ["there is no folder 'none'"])
    }

    @Test("bombs of aliases and of nesting are refused", .timeLimit(.minutes(5)))
    func bombs() {
        var text = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n"
        for level in 1..<9 {
            let aliases = Array(repeating: "*a\(level - 1)", count: 10).joined(separator: ", ")
            text += "a\(level): &a\(level) [\(aliases)]\n"
        }
        #expect(parsed(text).diagnostics.errors.first?.message.contains("more than 100000 values") == true)
        let deep = parsed("config: " + String(repeating: "[", count: 10_000))
        #expect(deep.diagnostics.errors.first?.message.contains("levels of nesting") == true)
        let sections =
            "config: [{source: " + String(repeating: "{a: ", count: 55) + "1" + String(repeating: "}", count: 55) + "}]"
        #expect(parsed(sections).diagnostics.all.isEmpty)
        let wide = "config:\n - source:\n" + (0..<20_000).map { "     k\($0): \"a\\tb\"\n" }.joined()
        #expect(parsed(wide).root.sections[0].parameters.count == 20_000)
    }
}
