import CommandLine
import Glibc

/// `sluice completion [shell]`
enum CompletionCommand {
    static func run(_ parsed: ParsedCommand) -> Int32 {
        // Copied at once; no other thread changes the environment.
        let path = unsafe getenv("SHELL").map { unsafe String(cString: $0) } ?? ""
        let shell = parsed.argument(0).map { CompletionShell(rawValue: $0) } ?? CompletionShell(shellPath: path)
        guard let shell else {
            StandardError.write(
                "sluice completion: SHELL is '\(path)', for which there is no script; name bash, zsh or fish\n")
            return ExitStatus.usage
        }
        StandardOutput.write(shell.script(for: SluiceCommands.table))
        return ExitStatus.success
    }
}
