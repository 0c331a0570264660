import CommandLine
import Pipeline

/// Where a command's events go: the plan of a configuration, and the label where a source would send them.
struct EventTarget {
    let path: String
    let plan: PipelinePlan
    let label: String

    /// nil: there is no such place, and standard error has why.
    init?(_ parsed: ParsedCommand, label option: Option) {
        guard let path = ConfigurationLoader.path(parsed.value(RunOptions.config)) else {
            StandardError.write(ConfigurationLoader.noConfiguration)
            return nil
        }
        guard let plan = ConfigurationLoader.runnable(path) else { return nil }
        label = parsed.value(option) ?? LabelPlan.rootName
        guard plan.label(label) != nil else {
            let names = plan.labels.filter { !$0.isHidden }.map(\.name).joined(separator: ", ")
            StandardError.write("sluice \(parsed.name): there is no label \(label); there are \(names)\n")
            return nil
        }
        (self.path, self.plan) = (path, plan)
    }
}
