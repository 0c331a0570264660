import CommandLine
import Testing

@Suite struct ParserTests {
    private func command(_ words: String..., sourceLocation: SourceLocation = #_sourceLocation) throws -> ParsedCommand
    {
        let request = try SluiceCommands.table.parse(words).get()
        guard case .command(let parsed) = request else {
            throw UnexpectedRequest(request: request)
        }
        return parsed
    }

    private struct UnexpectedRequest: Error { let request: CommandLineRequest }

    @Test(
        "a value is read in every spelling",
        arguments: [
            ["--config", "a.conf"], ["--config=a.conf"], ["-c", "a.conf"], ["-ca.conf"], ["-c=a.conf"], ["-vqca.conf"],
        ])
    func spellings(_ words: [String]) throws {
        let request = try SluiceCommands.table.parse(["run"] + words).get()
        guard case .command(let parsed) = request else { throw UnexpectedRequest(request: request) }
        #expect(parsed.value(RunOptions.config) == "a.conf")
        #expect(parsed.name == "run")
    }

    @Test("a command line of fluentd runs, without naming a subcommand") func fluentd() throws {
        let parsed = try command(
            "-c", "/etc/fluent/fluent.conf", "-o", "/var/log/fluent.log", "-vv", "-d", "/run/fluent.pid", "--user",
            "nobody",
            "--log-rotate-age", "3", "--log-rotate-size", "1000000", "--umask", "0027", "--suppress-config-dump")
        #expect(parsed.name == "run")
        #expect(parsed.value(RunOptions.config) == "/etc/fluent/fluent.conf")
        #expect(parsed.value(RunOptions.log) == "/var/log/fluent.log")
        #expect(parsed.count(RunOptions.verbose) == 2)
        #expect(parsed.value(RunOptions.logRotateAge) == "3")
        #expect(parsed.octal(RunOptions.umask) == 0o27)
        #expect(parsed.has(RunOptions.suppressConfigDump))
        #expect(!parsed.has(RunOptions.dryRun))
        #expect(parsed.warnings.isEmpty)
    }

    @Test("nothing at all runs with the defaults") func nothing() throws {
        #expect(try command().name == "run")
    }

    @Test(
        "where a configuration is looked for: FLUENTD_CONF, FLUENT_CONF, then the usual places",
        arguments: [
            (nil, nil, ["/fluentd/etc/fluent.conf", "/etc/fluent/fluent.conf", "./fluent.conf"]),
            ("", "", ["/fluentd/etc/fluent.conf", "/etc/fluent/fluent.conf", "./fluent.conf"]),
            (nil, "x.conf", ["x.conf"]), ("a.conf", nil, ["/fluentd/etc/a.conf"]),
            ("a.conf", "x.conf", ["/fluentd/etc/a.conf"]), ("/b/a.conf", nil, ["/b/a.conf"]),
        ] as [(String?, String?, [String])])
    func candidates(_ fluentdConf: String?, _ fluentConf: String?, _ paths: [String]) {
        #expect(RunOptions.configurationCandidates(fluentdConf: fluentdConf, fluentConf: fluentConf) == paths)
    }

    @Test("FLUENTD_OPT has options, separated by blanks") func imageOptions() {
        #expect(FluentdImage.options(fluentdOpt: nil) == [])
        #expect(FluentdImage.options(fluentdOpt: " -v  --no-supervisor\n") == ["-v", "--no-supervisor"])
    }

    @Test("fluentd is another name of run, as the image fluent/fluentd is called") func imageCommand() throws {
        let parsed = try command("fluentd", "-c", "/fluentd/etc/a.conf", "-p", "/fluentd/plugins")
        #expect(parsed.name == "run")
        #expect(parsed.value(RunOptions.config) == "/fluentd/etc/a.conf")
    }

    @Test("every option that fluentd 1.16 lists is accepted, those for Ruby with a warning") func fluentdOptions()
        throws
    {
        let flags = [
            "--dry-run", "--under-supervisor", "--no-supervisor", "--log-event-verbose", "--without-source",
            "--use-v1-config", "--use-v0-config", "--strict-config-value", "--enable-input-metrics",
            "--enable-size-metrics",
            "-v", "--verbose", "-q", "--quiet", "--suppress-config-dump", "--disable-shared-socket", "-s", "--setup",
            "--suppress-repeated-stacktrace",
        ]
        let withValue = [
            "-c", "--config", "-p", "--plugin", "-I", "-r", "-d", "--daemon", "--user", "--group", "-o", "--log", "-i",
            "--inline-config", "-g", "--gemfile", "-G", "--gem-path", "--conf-encoding", "--show-plugin-config",
        ]
        let withNumber = ["--workers", "--umask", "--log-rotate-age", "--log-rotate-size", "--emit-error-log-interval"]
        for flag in flags { _ = try command(flag) }
        for option in withValue { _ = try command(option, "x") }
        for option in withNumber { _ = try command(option, "7") }
        let parsed = try command("-p", "/plugins", "-r", "json", "-I", "/lib", "--no-supervisor")
        #expect(
            parsed.warnings.map { $0.prefix { $0 != ":" } } == [
                "Option '--plugin' is ignored", "Option '-r' is ignored", "Option '-I' is ignored",
            ])
    }

    @Test("an optional value is taken when one follows, and assumed when not") func optionalValue() throws {
        #expect(try command("--setup").value(RunOptions.setup) == "/etc/fluent")
        #expect(try command("-s", "-v").value(RunOptions.setup) == "/etc/fluent")
        #expect(try command("-s", "/tmp/a").value(RunOptions.setup) == "/tmp/a")
        #expect(try command("--setup=/tmp/b").value(RunOptions.setup) == "/tmp/b")
    }

    @Test("the last value counts, and a repeatable option keeps all") func repetition() throws {
        let parsed = try command("-c", "a", "-c", "b", "-i", "one", "--inline-config=two=2")
        #expect(parsed.value(RunOptions.config) == "b")
        #expect(parsed.values(RunOptions.inlineConfig) == ["one", "two=2"])
    }

    @Test("two dashes end the options, one dash alone is a word") func dashes() throws {
        #expect(try command("send", "--ack", "--", "--tag").arguments == ["--tag"])
        #expect(try command("check", "-").argument(0) == "-")
        #expect(try command("run", "-c", "-").value(RunOptions.config) == "-")
        #expect(try command("check").argument(0) == nil)
    }

    @Test("an alias is its command") func aliases() throws {
        #expect(try command("validate", "x.conf").name == "check")
        #expect(try command("cat", "a.b", "-p24225").integer(SendOptions.port) == 24225)
    }

    @Test("seconds may have a fraction") func seconds() throws {
        #expect(try command("send", "t", "--timeout", "0.5").seconds(SendOptions.timeout) == 0.5)
    }

    @Test(
        "help is asked for in many ways, and goes before mistakes",
        arguments: [
            (["--help"], ["sluice"]), (["-h"], ["sluice"]), (["help"], ["sluice"]),
            (["help", "send"], ["sluice", "send"]),
            (["send", "-h"], ["sluice", "send"]), (["send", "--nonsense", "--help"], ["sluice", "send"]),
            (["help", "send", "-h"], ["sluice", "send"]), (["-c", "x", "--help"], ["sluice", "run"]),
            (["help", "cat"], ["sluice", "send"]),
        ])
    func help(_ words: [String], _ expected: [String]) throws {
        guard case .help(let path, false) = try SluiceCommands.table.parse(words).get() else {
            Issue.record("no help for \(words)")
            return
        }
        #expect(path.map(\.name) == expected)
    }

    @Test(
        "the version is asked for as a command or an option",
        arguments: [["version"], ["--version"], ["-c", "x", "--version"]])
    func version(_ words: [String]) throws {
        #expect(try SluiceCommands.table.parse(words).get() == .version)
    }

    @Test("words after -- are no request for help") func helpAfterDashes() {
        guard case .failure(let error) = SluiceCommands.table.parse(["send", "a", "--", "-h"]) else {
            Issue.record("an unexpected argument was taken")
            return
        }
        #expect(error.message == "Unexpected argument '-h'")
    }

    @Test(
        "suggestions are near, and never far-fetched",
        arguments: [
            ("--confg", "--config"), ("--conf", "--config"), ("--cofnig", "--config"), ("--x", nil), ("--xyzzy", nil),
            ("--dry", "--dry-run"),
        ])
    func suggestions(_ typed: String, _ expected: String?) {
        let names = RunOptions.all.compactMap { $0.long.map { "--\($0)" } }
        #expect(Suggestion.nearest(to: typed, in: names) == expected)
    }
}
