import CommandLine
import Foundation
import TestSupport
import Testing

/// What scripts and supervisors go by: how the finished program ends.
@Suite(.enabled(if: SluiceProgram.path != nil, "the program is built beside the tests; SLUICE_BIN names another one"))
struct StatusTests {
    private static let warnings = ["", "foo 1", "foo 1\nbar 2"]

    @Test(
        "check ends with 2 for errors, and for warnings only with --strict", arguments: 0...2,
        [[], ["--strict"], ["--format", "json"], ["--format", "json", "--strict"]])
    func check(warnings: Int, options: [String]) throws {
        let folder = try Folder()
        let source = "<source>\n@type forward\nport 0\n</source>\n"
        let file = try folder.write(source + "<match **>\n@type stdout\n\(Self.warnings[warnings])\n</match>")
        #expect(try Self.end(["check"] + options + [file]) == (warnings > 0 && options.contains("--strict") ? 2 : 0))
        let broken = try folder.write(source + "<match **>\n@type nonsense\n\(Self.warnings[warnings])\n</match>")
        #expect(try Self.end(["check"] + options + [broken]) == 2)
    }

    @Test("run does not start with a configuration that has errors, and starts with warnings") func run() throws {
        let folder = try Folder()
        #expect(try Self.end(["run", "-c", try folder.write("<match **>\n@type nonsense\n</match>")]) == 2)
        #expect(
            try Self.end(["run", "--dry-run", "-c", try folder.write("<match **>\n@type stdout\nfoo 1\n</match>")]) == 0
        )
    }

    @Test("a value that an option cannot have is an error of usage", arguments: ["-1", "-0.5", "inf", "x"])
    func usage(_ seconds: String) throws {
        #expect(try Self.end(["send", "--timeout", seconds, "t"]) == ExitStatus.usage)
    }

    private static func end(_ arguments: [String]) throws -> Int32? {
        let null = try #require(FileHandle(forWritingAtPath: "/dev/null"))
        guard case .status(let status) = try SluiceProgram.run(arguments, standardOutput: null).end else { return nil }
        return status
    }

    // MARK: - A daemon that is stopped

    @Test("what is undelivered at a stop and kept is no failure; what cannot be kept is", arguments: [true, false])
    func stop(keeps: Bool) throws {
        let folder = try Folder()
        let daemon = try Daemon(
            folder, Self.dead("a.**", folder, "disable_chunk_backup \(!keeps)") + Self.dead("**", folder, ""))
        try daemon.send(1)
        #expect(daemon.stop() == (keeps ? 0 : 1))
        #expect(folder.backups == (keeps ? 1 : 0))
    }

    @Test("events that were lost long before the stop are not forgotten") func lostBefore() throws {
        let folder = try Folder()
        let daemon = try Daemon(
            folder,
            Self.dead("**", folder, "disable_chunk_backup true\nflush_mode immediate\nretry_wait 0\nretry_max_times 1"))
        try daemon.send(1)
        daemon.wait(for: "they are lost")
        #expect(daemon.stop() == 1)
    }

    @Test("events for a standard output that nobody reads are lost in the end") func stdout() throws {
        let folder = try Folder()
        let daemon = try Daemon(folder, "<match **>\n@type stdout\n</match>")
        try daemon.send(3000)
        #expect(daemon.stop() == 1)
    }

    /// An output whose server is not there.
    private static func dead(_ pattern: String, _ folder: Folder, _ buffer: String) -> String {
        """
        <match \(pattern)>
          @type elasticsearch
          host 127.0.0.1
          port 1
          <buffer>
            \(buffer)
          </buffer>
        </match>

        """
    }
}

private final class Folder {
    let path = FileManager.default.temporaryDirectory.appendingPathComponent("sluice-\(UUID().uuidString)").path
    private var files = 0

    init() throws { try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true) }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    func write(_ text: String) throws -> String {
        files += 1
        try Data(text.utf8).write(to: URL(fileURLWithPath: "\(path)/\(files).conf"))
        return "\(path)/\(files).conf"
    }

    /// Backup files below it.
    var backups: Int {
        FileManager.default.enumerator(atPath: path)?.count { "\($0)".hasSuffix(".log") } ?? 0
    }
}

/// `sluice run` with a source on a socket, its standard output a pipe that nobody reads. A test runs on a thread of a pool,
/// where all signals are blocked, and the daemon inherits that: it must hear of SIGTERM all the same.
private final class Daemon {
    private let process = Process()
    private let errors = Pipe()
    private let output = Pipe()
    private let socket: String
    private var said = ""

    init(_ folder: Folder, _ rules: String) throws {
        socket = "\(folder.path)/s"
        let file = try folder.write(
            """
            <system>
              root_dir \(folder.path)
              shutdown_timeout 1
            </system>
            <source>
              @type unix
              path \(socket)
            </source>
            \(rules)
            """)
        process.executableURL = URL(fileURLWithPath: try #require(SluiceProgram.path))
        process.arguments = ["run", "-c", file]
        process.standardError = errors
        process.standardOutput = output
        try process.run()
        wait(for: "listening port")
    }

    deinit { if process.isRunning { kill(process.processIdentifier, SIGKILL) } }

    /// Reads the log up to a text, or to its end.
    func wait(for text: String) {
        while !said.contains(text) {
            let more = errors.fileHandleForReading.availableData
            if more.isEmpty {
                Issue.record("never said '\(text)': \(said)")
                return
            }
            said += String(decoding: more, as: UTF8.self)
        }
    }

    /// Sends so many events of about a hundred bytes, and waits until they are acknowledged.
    func send(_ count: Int) throws {
        let null = try #require(FileHandle(forWritingAtPath: "/dev/null"))
        let line = "{\"text\":\"\(String(repeating: "x", count: 100))\"}\n"
        let (end, errors) = try SluiceProgram.run(
            ["send", "--unix", socket, "--ack", "a.b"], input: String(repeating: line, count: count),
            standardOutput: null)
        #expect(end == .status(0), "\(errors)")
    }

    func stop() -> Int32 {
        process.terminate()
        process.waitUntilExit()
        return process.terminationReason == .exit ? process.terminationStatus : -process.terminationStatus
    }
}
