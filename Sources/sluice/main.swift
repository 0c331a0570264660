import CommandLine
import Glibc

/// The version this program calls itself.
let version = "0.1.0"

/// What the command line asks for → an exit status. One function a command; each lives in its own file.
func dispatch(_ words: [String]) -> Int32 {
    switch SluiceCommands.table.parse(words) {
    case .failure(let error):
        StandardStreams.error(error.text(width: Terminal.standardError.width))
        return ExitStatus.usage
    case .success(.version):
        StandardStreams.output("sluice \(version)\n")
        return ExitStatus.success
    case .success(.help(let path, let includingHidden)):
        StandardStreams.output(
            HelpText(path: path, width: Terminal.standardOutput.width, includingHidden: includingHidden).text)
        return ExitStatus.success
    case .success(.command(let parsed)):
        for warning in parsed.warnings { StandardStreams.error("warning: \(warning)\n") }
        switch parsed.name {
        case "send": return SendCommand.run(parsed)
        case "completion": return CompletionCommand.run(parsed)
        case "manual":
            StandardStreams.output(ManPage(table: SluiceCommands.table, version: version).text)
            return ExitStatus.success
        default:
            StandardStreams.error("sluice: this build has no command '\(parsed.name)'\n")
            return ExitStatus.usage
        }
    }
}

exit(dispatch(Array(Swift.CommandLine.arguments.dropFirst())))
