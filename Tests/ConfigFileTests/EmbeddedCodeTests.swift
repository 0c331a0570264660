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
            ("#{(a = ENV['X']; b = 'z'; a + b)}", "xz"),
            ("#{ENV['X'] || (a = ENV.fetch('NO'); a + 'b')}", "x"),
            ("#{(IPAddr.new('fd00::1').ipv6? ? '[' + ENV['X'] + ']' : ENV['X'] rescue 'no')}", "[x]"),
            ("#{(IPAddr.new('10.0.0.1').ipv6? ? 'six' : 'four' rescue 'no')}", "four"),
            ("#{(IPAddr.new(ENV['X']).ipv6? ? 'six' : 'four' rescue ENV['X'])}", "x"),
            ("#{(a = ENV['X']; a = (a == 'x' ? a + 'y' : a rescue a); a)}", "xy"),
            (#"#{"a\n'b"}"#, "a\n'b"),
            (##"\#{x}"##, "#{x}"),
            ("#", "#"),
            ("#{}", ""),
            (
                "#{ENV['NO'] || 'https://' + ENV.fetch('X') + '.example:' + ENV.fetch('NO', '9200')}",
                "https://x.example:9200"
            ),
            ("#{File.open(ENV['NO'] || '/run/secrets/es') { |f| f.read }.strip}|", "pw|"),
            ("#{File.join(Dir.pwd, 'a')}", "./a"),
            ("#{File.basename('/a/b.conf', '.conf')}-#{File.dirname('/a/b')}-#{File.extname('b.c')}", "b-/a-.c"),
            ("#{ENV['X'].split(',').map(&:upcase).join('-')}", "X"),
            ("#{%w[a b].include?(ENV['X']) ? 'in' : 'out'}", "out"),
            ("#{if ENV['X'] == 'x' then 'a' else 'b' end}", "a"),
            ("#{Time.at(0).utc.strftime('%Y')}", "1970"),
            ("#{ENV['X'] =~ /^X$/i ? 'y' : 'n'}", "y"),
            ("#{worker_id + 'a'}", "3a"),
            ("#{use_nil rescue 'x'}", nil),
            ("#{ENV.fetch('NO') rescue 'd'}", "d"),
            ("#{ENV['A,B'] ||\n 'two lines'}", "two lines"),
        ] as [(String, String?)])
    func evaluates(_ code: String, _ expected: String?) {
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
        "what cannot be evaluated is an error with its place, and what to write",
        arguments: [
            ("#{`ls`}", "2:6", "commands are not run"), ("#{%x(ls)}", "2:6", "commands are not run"),
            ("#{system('x')}", "2:6", "commands are not run"), ("#{ENV['X'}", "2:13", "'}' is not expected here"),
            ("#{" + String(repeating: "(", count: 100) + "1}", "2:26", "the expression is too deeply nested"),
            ("#{'b' + 1}", "2:6", "no implicit conversion of Integer into String"),
            ("#{'b'.eval('1')}", "2:10", "the method 'eval' is not covered"),
            ("#{99999999999999999999}", "2:6", "the number has more than 64 bits"),
            ("#{record['x']}", "2:6", "there is no 'record' while the configuration is read"),
            ("#{hostnam}", "2:6", "nothing is known by the name 'hostnam'"),
            ("#{File.read('/no')}", "2:6", "cannot read '/no': no such file"),
            ("#{File.open('/no', 'w')}", "2:6", "files are not written here"),
            ("#{ENV['NO'].strip}", "2:6", "the environment variable NO is not set"),
            ("#{ENV['X'] ||}", "2:17", "'}' is not expected here"),
        ])
    func refuses(_ code: String, _ place: String, _ message: String) {
        let parsed = Parsed(source("k \"\(code)\""), environment: ["X": "x"])
        let errors = parsed.diagnostics.errors
        #expect(errors.count == 1, "\(parsed.rendered)")
        #expect(errors.first.map { "\($0.line):\($0.column)" } == place)
        #expect(errors.first?.message == message)
    }

    @Test("code without its end is told on its line, and the rest is read")
    func unclosed() {
        let parsed = Parsed(source("k \"#{\nl \"#{ENV['X'\"\nm n"), environment: ["X": "x"])
        #expect(parsed.diagnostics.errors.map(\.line).allSatisfy { (2...3).contains($0) }, "\(parsed.rendered)")
        #expect(parsed.diagnostics.errorCount > 0)
    }

    @Test("a value whose code is wrong is judged by nobody else")
    func once() {
        let parsed = Parsed(source("k \"#{ENV.fetch('NO')}\""))
        let reader = SectionReader(parsed.root.sections[0], diagnostics: parsed.diagnostics)
        #expect(reader.int("k", required: true) == nil)
        #expect(parsed.diagnostics.errorCount == 1)
    }

    @Test("what a file holds is hidden, and it has 64 KiB at most")
    func files() {
        let secret = Parsed(source("k \"#{File.read('/s').chomp}\""), files: ["/s": "sesame-open\n"])
        #expect(secret.text("k") == "sesame-open")
        #expect(!secret.root.dump(secret.diagnostics).contains("sesame"))
        let large = Parsed(
            source("k \"#{File.read('/s')}\""), files: ["/s": String(repeating: "x", count: 65_537)])
        #expect(large.diagnostics.errors.first?.message.hasPrefix("cannot read '/s': larger than 65536 bytes") == true)
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
