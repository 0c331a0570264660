import CommandLine
import Pipeline

/// Where a command's events go: the plan of a configuration, the source that texts go through, and the label where a source
/// would send events.
struct EventTarget {
    /// What becomes of a text.
    enum Texts {
        /// The field of a record.
        case field(String)
        /// What a source makes of it; `all`: of JSON objects as well.
        case source(TrialSource, all: Bool)
        /// It cannot be told which source would get it: a sentence.
        case unknown(String)
    }

    let path: String
    let plan: PipelinePlan
    let texts: Texts
    /// That texts go through; nil: there is none.
    var source: TrialSource? { if case .source(let source, _) = texts { source } else { nil } }
    let label: String

    /// nil: there is no such place, and standard error has why.
    init?(_ parsed: ParsedCommand) {
        guard let path = ConfigurationLoader.path(parsed.value(RunOptions.config)) else {
            StandardError.write(ConfigurationLoader.noConfiguration)
            return nil
        }
        guard let plan = ConfigurationLoader.runnable(path) else { return nil }
        let label = parsed.value(TryOptions.label)
        if let label, plan.label(label) == nil {
            let names = plan.labels.filter { !$0.isHidden }.map(\.name).joined(separator: ", ")
            StandardError.write("sluice \(parsed.name): there is no label \(label); there are \(names)\n")
            return nil
        }
        do throws(TrialSource.Failure) {
            texts = try Self.texts(parsed, plan, label: label, path: path)
        } catch {
            StandardError.write("sluice \(parsed.name): \(error)\n")
            return nil
        }
        (self.path, self.plan) = (path, plan)
        if case .source(let source, _) = texts {
            if let unseen = source.unseen { StandardError.write("note: \(unseen)\n") }
            self.label = source.label
        } else {
            self.label = label ?? LabelPlan.rootName
        }
    }

    private static func texts(
        _ parsed: ParsedCommand, _ plan: PipelinePlan, label: String?, path: String
    ) throws(TrialSource.Failure) -> Texts {
        let tag = parsed.value(TryOptions.tag)
        if let name = parsed.value(TryOptions.source) {
            return .source(try plan.trialSource(name, tag: tag, label: label, path: path), all: true)
        }
        if let key = parsed.value(TryOptions.key) { return .field(key) }
        guard let tag else { return .field(TryOptions.defaultKey) }
        do throws(TrialSource.Failure) {
            guard let source = try plan.trialSource(giving: tag, label: label, path: path) else {
                return .field(TryOptions.defaultKey)
            }
            return .source(source, all: parsed.has(TryOptions.lines))
        } catch {
            // Records may come all the same.
            return .unknown("\(error); name one with --source, or a field for texts with --key")
        }
    }
}
