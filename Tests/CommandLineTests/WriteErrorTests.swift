import CommandLine
import Foundation
import TestSupport
import Testing

/// Every command of the table, with a standard output that cannot be written.
@Suite(.enabled(if: SluiceProgram.path != nil, "the program is built beside the tests; SLUICE_BIN names another one"))
struct WriteErrorTests {
    /// What makes each command write something, and what it reads. A command that is not here fails the first test.
    static let invocations: [String: (arguments: [String], input: String)?] = [
        // Its own standard output is held by the tests of the daemon; here it is a check.
        "run": (["run", "--dry-run", "-c", configuration], ""),
        "check": (["check", configuration], ""),
        "test": (["test", cases], ""),
        "try": (["try", "-c", configuration, "--tag", "a"], "x\n"),
        "bench-config": (["bench-config", "--seconds", "0.01", "-c", configuration, "--tag", "a"], "x\n"),
        // These say what they did on standard error alone.
        "send": nil, "replay": nil,
        // Needs a daemon.
        "reload": nil,
        "top": nil,
        "tap": nil,
        // Nobody answers, and that is what it says.
        "health": nil,
        "dead-letters": (["dead-letters", letters], ""),
        "grok match": (["grok", "match", "-p", "%{INT:n}"], "took 5 ms\n"),
        "grok explain": (["grok", "explain", "-p", "%{INT:n}", "x"], ""),
        "grok suggest": (["grok", "suggest"], "level=info took=5ms\nlevel=warn took=7ms\n"),
        "grok patterns": (["grok", "patterns"], ""),
        "grok bench": (["grok", "bench", "--seconds", "0.01", "-p", "%{INT:n}"], "took 5 ms\n"),
        "version": (["version"], ""), "help": (["help", "grok"], ""), "completion": (["completion", "bash"], ""),
        "manual": (["manual"], ""),
    ]

    static let written: [(arguments: [String], input: String)] =
        invocations.values.compactMap { $0 }
        + [
            (["--help"], ""), (["--version"], ""), (["--help-hidden"], ""), (["check", "--help"], ""),
            (["check", "--format", "json", configuration], ""), (["grok", "match", "--help"], ""),
            (["grok", "match", "--format", "json", "-p", "%{INT:n}"], "took 5 ms\n"),
            (["grok", "patterns", "IP"], ""), (["grok", "suggest", "--format", "json"], "level=info took=5ms\n"),
            (["check", "--list", "grok-tags", grokConfiguration], ""),
        ]

    static let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent()
    static let configuration = root.appendingPathComponent("config/default.conf").path
    static let cases = root.appendingPathComponent("config/tests").path
    static let grokConfiguration = {
        let path = FileManager.default.temporaryDirectory.appendingPathComponent("sluice-grok.conf")
        let text = """
            <filter app.**>
              @type parser
              key_name log
              <parse>
                @type grok
                grok_pattern %{INT:n}
              </parse>
            </filter>
            """
        try? Data(text.utf8).write(to: path)
        return path.path
    }()

    static let letters = {
        let path = FileManager.default.temporaryDirectory.appendingPathComponent("sluice-letters.ndjson")
        try? Data(#"{"tag":"a","time":"2019-12-17T17:55:04Z","record":{"n":1}}"#.utf8).write(to: path)
        return path.path
    }()

    @Test("each command of the table is tried") func complete() {
        let names = HelpTests.paths.filter { $0[$0.count - 1].subcommands.isEmpty }.map { path in
            path.dropFirst().map(\.name).joined(separator: " ")
        }
        #expect(Set(names).subtracting(Self.invocations.keys) == [])
    }

    @Test("a full disk ends it with 74 and a sentence", arguments: written)
    func full(_ arguments: [String], _ input: String) throws {
        let device = try #require(FileHandle(forWritingAtPath: "/dev/full"))
        let (end, errors) = try SluiceProgram.run(arguments, input: input, standardOutput: device)
        #expect(end == .status(ExitStatus.cannotWrite))
        #expect(errors.hasSuffix("sluice: cannot write to standard output: no space left on device\n"), "\(errors)")
    }

    @Test("a reader that has gone away ends it quietly, by SIGPIPE", arguments: written)
    func closedPipe(_ arguments: [String], _ input: String) throws {
        let pipe = Pipe()
        try pipe.fileHandleForReading.close()
        let (end, errors) = try SluiceProgram.run(
            arguments, input: input, standardOutput: pipe.fileHandleForWriting)
        #expect(end == .signal(SIGPIPE))
        #expect(!errors.contains("standard output"), "\(errors)")
    }

    @Test("with somewhere to write it ends otherwise", arguments: written)
    func sound(_ arguments: [String], _ input: String) throws {
        let null = try #require(FileHandle(forWritingAtPath: "/dev/null"))
        let (end, _) = try SluiceProgram.run(arguments, input: input, standardOutput: null)
        #expect(end == .status(0) || end == .status(1) && arguments[1] == "explain")
    }

    @Test(
        "a file that cannot be read is no line that does not match",
        arguments: [
            ["match", "-p", "%{INT:n}"], ["suggest"], ["bench", "-p", "%{INT:n}"],
            ["match", "--pairs", "--format", "json"],
        ], ["/nonexistent/lines", "/"])
    func unreadable(_ words: [String], _ path: String) throws {
        let null = try #require(FileHandle(forWritingAtPath: "/dev/null"))
        let (end, errors) = try SluiceProgram.run(["grok"] + words + [path], standardOutput: null)
        #expect(end == .status(ExitStatus.cannotRead))
        #expect(errors.contains("cannot read \(path)"), "\(errors)")
    }

    @Test("explain says that it takes a line when it is given the name of a file", arguments: [#filePath, "took 5 ms"])
    func lineOfFile(_ line: String) throws {
        let null = try #require(FileHandle(forWritingAtPath: "/dev/null"))
        let (_, errors) = try SluiceProgram.run(["grok", "explain", "-p", "%{IP:n}", line], standardOutput: null)
        #expect(errors.contains("< \(#filePath)") == (line == #filePath), "\(errors)")
    }

    @Test("a rehearsed start sees that the log file cannot be opened", arguments: ["/nowhere/sluice.log", "/"])
    func dryRun(_ path: String) throws {
        let null = try #require(FileHandle(forWritingAtPath: "/dev/null"))
        let (end, errors) = try SluiceProgram.run(
            ["run", "--dry-run", "-c", Self.configuration, "-o", path], standardOutput: null)
        #expect(end == .status(ExitStatus.failure))
        #expect(errors.contains("cannot open log file"))
    }
}
