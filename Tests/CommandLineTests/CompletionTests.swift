import CommandLine
import Foundation
import Testing

@Suite struct CompletionTests {
    @Test("each shell's script", arguments: CompletionShell.allCases) func scripts(_ shell: CompletionShell) throws {
        let script = shell.script(for: SluiceCommands.table)
        expectGolden(script, "completion.\(shell.rawValue)")
        guard
            let path = ["/usr/bin", "/bin", "/usr/local/bin"].map({ "\($0)/\(shell.rawValue)" })
                .first(where: FileManager.default.isExecutableFile)
        else { return }
        let (status, _, complaints) = try run(
            path, shell == .fish ? ["--no-execute", "/dev/stdin"] : ["-n"], input: script)
        #expect(status == 0)
        #expect(complaints == "")
    }

    @Test(
        "bash completes",
        arguments: [
            ("sluice ch", "check"), ("sluice --conf", "--config"), ("sluice send --for", "--format"),
            ("sluice send --format m", "msgpack"), ("sluice completion z", "zsh"), ("sluice help se", "send"),
            ("sluice -c /etc/host", "/etc/host.conf /etc/hostname /etc/hosts"),
            ("sluice check /etc/hostn", "/etc/hostname"),
            ("sluice send --po", "--port"), ("sluice cat --po", "--port"),
            ("sluice grok m", "match"), ("sluice grok match --fo", "--format"),
            ("sluice grok match --format j", "json"), ("sluice grok explain --ser", "--series"),
            ("sluice grok match -p x /etc/hostn", "/etc/hostname"), ("sluice help grok m", "match"),
            ("sluice help grok su", "suggest"), ("sluice grok patterns IPOR", "IPORHOST"),
            ("sluice grok match -c f.conf --filter app", "app.**"), ("sluice grok match --filter other", "other"),
            ("sluice try -c f.conf --label @w", "@web"), ("sluice try --config f.conf --tag ng", "nginx.*"),
            ("sluice bench-config -c f.conf -t ap", "app.**"), ("sluice replay -c f.conf --to e", "es"),
        ])
    func bash(_ line: String, _ expected: String) throws {
        let script = CompletionShell.bash.script(for: SluiceCommands.table)
        let words = line.split(separator: " ").map { "'\($0)'" }.joined(separator: " ")
        let driver = """
            \(script)
            sluice() {
                case "$*" in
                    "grok patterns --names") printf 'IPORHOST\\nIPV4\\n' ;;
                    "check --list grok-tags f.conf") echo 'app.**' ;;
                    "check --list grok-tags") echo other ;;
                    "check --list labels f.conf") printf '@ROOT\\n@web\\n' ;;
                    "check --list tags f.conf") printf 'app.**\\nnginx.*\\n' ;;
                    "check --list outputs f.conf") echo es ;;
                esac
            }
            COMP_WORDS=(\(words)); COMP_CWORD=$((${#COMP_WORDS[@]} - 1)); _sluice; echo "${COMPREPLY[@]}"
            """
        let (status, output, complaints) = try run("/bin/bash", ["--norc"], input: driver)
        #expect(status == 0)
        #expect(complaints == "")
        let replies = Set(output.split(whereSeparator: \.isWhitespace))
        #expect(Set(expected.split(separator: " ")).isSubset(of: replies), "\(output)")
        #expect(replies.allSatisfy { $0.hasPrefix(line.split(separator: " ").last ?? "") })
    }

    static let fishPath = "/usr/bin/fish"

    @Test(
        "fish completes", .enabled(if: FileManager.default.isExecutableFile(atPath: CompletionTests.fishPath)),
        arguments: [
            ("sluice ch", "check"), ("sluice send --for", "--format"), ("sluice send --format m", "msgpack"),
            ("sluice grok su", "suggest"), ("sluice grok patterns IPOR", "IPORHOST"),
            ("sluice grok match -c f.conf --filter app", "app.**"), ("sluice try -c f.conf --label @w", "@web"),
            ("sluice try --config f.conf --tag ng", "nginx.*"), ("sluice replay -c f.conf --to e", "es"),
        ])
    func fish(_ line: String, _ expected: String) throws {
        let driver = """
            \(CompletionShell.fish.script(for: SluiceCommands.table))
            function sluice
                switch "$argv"
                    case "grok patterns --names"; printf 'IPORHOST\\nIPV4\\n'
                    case "check --list grok-tags f.conf"; echo 'app.**'
                    case "check --list labels f.conf"; printf '@ROOT\\n@web\\n'
                    case "check --list tags f.conf"; printf 'app.**\\nnginx.*\\n'
                    case "check --list outputs f.conf"; echo es
                end
            end
            complete -C '\(line)'
            """
        let (status, output, complaints) = try run(Self.fishPath, ["--no-config"], input: driver)
        #expect(status == 0)
        #expect(complaints == "")
        let replies = output.split(separator: "\n").map { $0.prefix { $0 != "\t" } }
        #expect(replies == [Substring(expected)])
    }

    @Test("the shell is known by its path") func detection() {
        #expect(CompletionShell(shellPath: "/usr/bin/zsh") == .zsh)
        #expect(CompletionShell(shellPath: "bash") == .bash)
        #expect(CompletionShell(shellPath: "/bin/dash") == nil)
        #expect(CompletionShell(shellPath: "") == nil)
    }
}

/// Runs a program with a text as its standard input.
func run(_ path: String, _ arguments: [String], input: String) throws -> (status: Int32, output: String, errors: String)
{
    let process = Process()
    process.executableURL = URL(fileURLWithPath: path)
    process.arguments = arguments
    let (stdin, stdout, stderr) = (Pipe(), Pipe(), Pipe())
    process.standardInput = stdin
    process.standardOutput = stdout
    process.standardError = stderr
    try process.run()
    // Small enough for the pipes: a script of a few kilobytes in, less out.
    try stdin.fileHandleForWriting.write(contentsOf: Data(input.utf8))
    try stdin.fileHandleForWriting.close()
    let output = stdout.fileHandleForReading.readDataToEndOfFile()
    let errors = stderr.fileHandleForReading.readDataToEndOfFile()
    process.waitUntilExit()
    return (process.terminationStatus, String(decoding: output, as: UTF8.self), String(decoding: errors, as: UTF8.self))
}
