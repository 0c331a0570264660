import CommandLine
import ConfigFile
import Pipeline

/// `sluice check FILE`: everything that is wrong with a configuration, or the plan it makes.
enum CheckCommand {
    static func run(_ parsed: ParsedCommand) -> Int32 {
        if let named = parsed.argument(0), let other = parsed.value(RunOptions.config), named != other {
            StandardError.write("Error: two configurations are named, \(other) and \(named); check one at a time\n")
            return ExitStatus.usage
        }
        guard let path = ConfigurationLoader.path(parsed.argument(0) ?? parsed.value(RunOptions.config)) else {
            StandardError.write(ConfigurationLoader.noConfiguration)
            return ExitStatus.configuration
        }
        if let what = parsed.value(CheckOptions.list) {
            StandardOutput.write(ConfigurationLoader.load(path).plan.names(what).map { $0 + "\n" }.joined())
            return ExitStatus.success
        }
        var manner = ConfigurationLoader.Manner(parsed)
        manner.toleratesUnset = true
        let asJSON = parsed.value(CheckOptions.format) == "json"
        if parsed.has(CheckOptions.migrate) { return migrate(path, manner, asJSON: asJSON) }
        return check(path, manner, isStrict: parsed.has(CheckOptions.strict), asJSON: asJSON)
    }

    static func check(
        _ path: String, _ manner: ConfigurationLoader.Manner, isStrict: Bool, asJSON: Bool
    ) -> Int32 {
        let loaded = ConfigurationLoader.load(path, manner, opensFiles: true)
        let diagnostics = loaded.document.diagnostics
        let failed = diagnostics.hasErrors || isStrict && diagnostics.warningCount > 0
        if asJSON {
            StandardOutput.write(PlanReport.json(loaded.plan, diagnostics: diagnostics, isStrict: isStrict))
        } else {
            StandardError.write(ConfigurationLoader.report(loaded, to: .standardError))
            if failed && !diagnostics.hasErrors {
                StandardError.write("Error: with --strict the warnings above count as errors\n")
            }
            if !failed { StandardOutput.write(PlanReport.text(loaded.plan, path: path)) }
        }
        return failed ? ExitStatus.configuration : ExitStatus.success
    }

    /// `--migrate`: what is not as in Fluentd. Messages are told only where they keep it from running.
    private static func migrate(_ path: String, _ manner: ConfigurationLoader.Manner, asJSON: Bool) -> Int32 {
        let loaded = ConfigurationLoader.load(path, manner)
        let diagnostics = loaded.document.diagnostics
        if asJSON {
            StandardOutput.write(MigrationReport.json(diagnostics.differences, diagnostics: diagnostics))
        } else {
            if diagnostics.hasErrors { StandardError.write(ConfigurationLoader.report(loaded, to: .standardError)) }
            StandardOutput.write(MigrationReport.text(diagnostics.differences, path: path))
        }
        if diagnostics.hasErrors { return ExitStatus.configuration }
        return diagnostics.differences.contains(where: \.isMissing) ? ExitStatus.failure : ExitStatus.success
    }
}

extension PipelinePlan {
    /// What `check --list` may be asked for, each once, in the order of the file.
    fileprivate func names(_ what: String) -> [String] {
        let shown = labels.filter { !$0.isHidden }
        let rules = shown.flatMap(\.rules)
        let names =
            switch what {
            case "labels": shown.map(\.name)
            case "outputs": OutputReplay.names(in: self)
            case "sources": textSources
            case "tags": rules.map(\.pattern.text)
            default:
                rules.compactMap { rule in
                    if case .filter(let pattern, let filter) = rule, filter.grok != nil { pattern.text } else { nil }
                }
            }
        var seen = Set<String>()
        return names.filter { seen.insert($0).inserted }
    }
}
