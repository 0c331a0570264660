import ConfigFile
import Testing

@Suite struct EmbeddedCodeTests {
    @Test(
        "embedded code gives what Ruby gives",
        arguments: [
            ("#{ENV['X']}", "x"),
            ("a#{ENV[\"X\"]}b#{ENV['Y']}c", "axbyc"),
            ("#{ENV.fetch('X', 'd')}", "x"),
            ("#{ENV.fetch('NO', 'd')}", "d"),
            ("#{ENV.fetch('NO', ENV['X'])}", "x"),
            ("#{ENV['NO'] || 'd}'}", "d}"),
            ("#{ENV['NO'] || ENV['X'] || use_nil}", "x"),
            ("#{ENV['X'] || use_default}", "x"),
            ("#{hostname}.#{Socket.gethostname}", "host.example.host.example"),
            ("#{worker_id}", "3"),
            ("#{ENV['X'] == 'x' ? 'yes' : 'no'}", "yes"),
            ("#{ENV['NO'] ? ENV['NO'] : 'no'}", "no"),
            ("#{ENV['X'] != 'x' ? 'a' : (ENV['Y'] ? 'b' : 'c')}", "b"),
            ("#{ENV.key?('NO') ? 'a' : 'b'}", "b"),
            ("#{ENV['X'] && ENV['Y']}", "y"),
            ("#{ 'a' }", "a"),
            ("#{ENV['NO'] || 'http://' + ENV.fetch('X') + ':9200'}", "http://x:9200"),
            ("#{File.read('/run/secrets/es').strip}|", "pw|"),
            ("#{File.read(ENV['NO'] || '/run/secrets/es').chomp}|", "pw |"),
            ("#{File.open('/run/secrets/es').read.chomp}|", "pw |"),
            ("#{File.join('/a/', '/b', 'c')}", "/a/b/c"),
            ("#{File.exist?('/none') ? File.read('/none') : 'd'}", "d"),
            ("#{ENV.fetch('NO') { 'd' }}", "d"),
            ("#{ENV['NO'].to_s.empty? ? 'none' : 'some'}", "none"),
            (##"#{"http://#{ENV['X']}:1"}"##, "http://x:1"),
            ("#{(ENV['NO'] || ' d ').strip.upcase}", "D"),
            ("#{Socket.gethostname.split('.').first}", "host"),
            ("#{ENV['X'].inspect}", "\"x\""),
            ("#{ENV['NO']&.strip || 'd'}", "d"),
            ("#{!ENV['NO'] && 1 + 2}", "3"),
            ("#{'a-b'.gsub('-', '_')}", "a_b"),
            ("#{ENV['NO'] or 'd'}", "d"),
            (#"#{"a\n'b"}"#, "a\n'b"),
            (##"\#{x}"##, "#{x}"),
            ("#", "#"),
        ])
    func evaluates(_ code: String, _ expected: String) {
        let parsed = Parsed(
            source("k \"\(code)\""), environment: ["X": "x", "Y": "y"], files: ["/run/secrets/es": "pw \n"])
        #expect(parsed.text("k") == expected)
        #expect(parsed.messages == [])
    }

    @Test("use_nil and use_default replace the whole value")
    func special() {
        #expect(Parsed(source("k \"a#{use_nil}b\"")).value("k") == Parameter.Value.none)
        #expect(Parsed(source("k \"#{ENV['NO'] || use_default}b\"")).value("k") == .useDefault)
        #expect(Parsed(source("k \"#{use_default}#{ENV['NO'] || use_nil}\"")).value("k") == Parameter.Value.none)
    }

    @Test(
        "anything else is an error with its place that names what is supported",
        arguments: [
            ("#{`ls`}", "2:6"), ("#{system('x')}", "2:6"), ("#{ENV}", "2:6"), ("#{ENV['X'}", "2:13"), ("#{", "2:4"),
            ("#{}", "2:6"), ("#{((((((((((((((((((1))))))))))))))))))}", "2:14"),
            ("#{'b' + 1}", "2:6"), ("#{'b'.eval('1')}", "2:6"), ("#{ENV.delete('X')}", "2:6"),
            ("#{99999999999999999999}", "2:6"),
        ])
    func refuses(_ code: String, _ place: String) {
        let parsed = Parsed(source("k \"\(code)\""), environment: ["X": "x"])
        let errors = parsed.diagnostics.errors
        #expect(errors.count == 1, "\(parsed.rendered)")
        if code != "#{" {
            #expect(errors.first.map { "\($0.line):\($0.column)" } == place)
            #expect(errors.first?.hint?.hasPrefix("supported are ENV['X']") == true)
        }
    }

    @Test("a variable that is not set is a warning when its value counts, and an error for fetch")
    func unset() {
        let parsed = Parsed(source("a \"x#{ENV['NO']}\"\nb \"#{ENV['NO'] || ENV['NO2']}\"\nc \"#{ENV.fetch('NO')}\""))
        #expect(
            parsed.messages == [
                "2:7 warning the environment variable NO is not set; the value is empty",
                "3:6 warning the environment variable NO is not set; the value is empty",
                "3:19 warning the environment variable NO2 is not set; the value is empty",
                "4:6 error the environment variable NO is not set",
            ])
        #expect(parsed.text("a") == "x")
    }
}
