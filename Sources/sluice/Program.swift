import CommandLine

/// From the command line's words to a command's exit status.
enum Program {
    static let version = "0.1.0"

    static func run(_ words: [String]) -> Int32 {
        let table = SluiceCommands.table
        var request = table.parse(words)
        if case .success(.command(let parsed)) = request, parsed.name == "run" {
            let more = FluentdImage.options(fluentdOpt: ConfigurationLoader.environment("FLUENTD_OPT"))
            request = table.parse(words + more)
        }
        switch request {
        case .failure(let error):
            StandardError.write(error.text(width: Terminal.standardError.width))
            return ExitStatus.usage
        case .success(.version):
            StandardOutput.write("sluice \(version)\n")
            return ExitStatus.success
        case .success(.help(let path, let includingHidden)):
            let help = HelpText(path: path, width: Terminal.standardOutput.width, includingHidden: includingHidden)
            StandardOutput.write(help.text)
            return ExitStatus.success
        case .success(.command(let parsed)):
            for warning in parsed.warnings { StandardError.write("warning: \(warning)\n") }
            return run(parsed)
        }
    }

    private static func run(_ parsed: ParsedCommand) -> Int32 {
        switch parsed.name {
        case "run": RunCommand.run(parsed)
        case "check": CheckCommand.run(parsed)
        case "try": TryCommand.run(parsed)
        case "test": TestCommand.run(parsed)
        case "bench-config": BenchConfigCommand.run(parsed)
        case "reload": ReloadCommand.run(parsed)
        case "health": HealthCommand.run(parsed)
        case "top": TopCommand.run(parsed)
        case "tap": TapCommand.run(parsed)
        case "send": SendCommand.run(parsed)
        case "replay": ReplayCommand.run(parsed)
        case "dead-letters": DeadLettersCommand.run(parsed)
        case "completion": CompletionCommand.run(parsed)
        case "manual": printManual()
        case "match": GrokMatchCommand.run(parsed)
        case "explain": GrokExplainCommand.run(parsed)
        case "suggest": GrokSuggestCommand.run(parsed)
        case "patterns": GrokPatternsCommand.run(parsed)
        case "bench": GrokBenchCommand.run(parsed)
        default: preconditionFailure("the table has a command that nothing runs: \(parsed.name)")
        }
    }

    private static func printManual() -> Int32 {
        StandardOutput.write(ManPage(table: SluiceCommands.table, version: version).text)
        return ExitStatus.success
    }
}
