import Cases
import CommandLine
import ConfigFile
import Events
import Glibc
import Logging
import Outputs
import Pipeline
import Time
import YAML

/// `sluice test [FILE…]`: the cases beside a configuration.
enum TestCommand {
    struct Failure: Error, CustomStringConvertible {
        let description: String
        let status: Int32
    }

    /// What was found out about one file.
    struct Outcome {
        let path: String
        let results: [CaseResult]
    }

    /// Exit status 0 when every case passes, 1 when one does not, 2 when a configuration or a file of cases cannot be read.
    static func run(_ parsed: ParsedCommand) -> Int32 {
        var outcomes: [Outcome] = []
        var status = ExitStatus.success
        let paths = parsed.arguments.isEmpty ? CaseFiles.found() : parsed.arguments.flatMap(CaseFiles.expand)
        if paths.isEmpty {
            StandardError.write("sluice test: no cases: there is no tests/*.yaml here; name files or folders\n")
            return ExitStatus.configuration
        }
        // The text of a day must not depend on where it is run.
        unsafe setenv("TZ", "UTC", 1)
        tzset()
        for path in paths {
            do throws(Failure) {
                let (text, results) = try one(path)
                outcomes.append(Outcome(path: path, results: results))
                let differs = results.contains { !$0.differences.isEmpty }
                if differs, parsed.has(TestOptions.update) {
                    try CaseFiles.write(updated(text, results, path), to: path)
                } else if differs, status == ExitStatus.success {
                    status = ExitStatus.failure
                }
            } catch {
                StandardError.write("sluice test: \(error)\n")
                status = error.status
            }
        }
        switch parsed.value(TestOptions.format) {
        case "json": StandardOutput.write(TestReportJSON.text(outcomes))
        case "junit": StandardOutput.write(TestReportJUnit.text(outcomes))
        default:
            StandardOutput.write(TestReport(Terminal.standardOutput).text(outcomes, parsed.has(TestOptions.update)))
        }
        return status
    }

    private static func updated(
        _ text: String, _ results: [CaseResult], _ path: String
    ) throws(Failure) -> String {
        do throws(YAMLError) {
            return try CaseRewriting.text(text, results)
        } catch {
            throw Failure(description: "\(path):\(error)", status: ExitStatus.failure)
        }
    }

    private static func one(_ path: String) throws(Failure) -> (String, [CaseResult]) {
        let bytes = try CaseFiles.read(path)
        let file: CaseFile
        do throws(YAMLError) {
            file = try CaseFile(bytes)
        } catch {
            throw Failure(description: "\(path):\(error)", status: ExitStatus.configuration)
        }
        let config = try CaseFiles.configuration(of: path, file.config)
        guard let plan = ConfigurationLoader.runnable(config, variables: file.environment) else {
            throw Failure(description: "\(config) cannot be run", status: ExitStatus.configuration)
        }
        do {
            let nowhere = try TextSink.nowhere()
            var results: [CaseResult] = []
            for one in file.cases {
                Clock.stop(atSeconds: one.time.seconds)
                // A case must not see what an earlier one has left in a filter.
                let trial = try Trial(plan, path: config, standardOutput: nowhere)
                var source: TrialSource?
                do throws(TrialSource.Failure) {
                    source = try one.source.map { name throws(TrialSource.Failure) in
                        try plan.trialSource(name, tag: one.tag, label: one.label, path: config)
                    }
                } catch {
                    throw Failure(
                        description: "\(path):\(one.line): \(error)", status: ExitStatus.configuration)
                }
                results.append(CaseResult(one, try ends(of: one, trial, source, beside: path)))
            }
            return (String(decoding: bytes, as: UTF8.self), results)
        } catch let error as Failure { throw error } catch {
            throw Failure(description: "\(path): \(error)", status: ExitStatus.configuration)
        }
    }

    private static func ends(
        of one: Case, _ trial: Trial, _ source: TrialSource?, beside path: String
    ) throws -> [SeenEnd] {
        let texts: [[UInt8]]
        switch one.input {
        case .records(let records): return try ends(of: one, trial, records: records)
        case .lines(let lines): texts = lines.map { Array($0.utf8) }
        case .file(let name):
            var bytes = try CaseFiles.read(CaseFiles.path(name, beside: path))
            if bytes.last == 0x0A { bytes.removeLast() }
            // An empty line may end or belong to a text of several.
            texts = bytes.split(separator: 0x0A, omittingEmptySubsequences: source == nil).map { Array($0) }
        }
        guard let source else {
            let key = Array(one.key.utf8)
            return try ends(of: one, trial, records: texts.map { TryEventReader.record($0, key: key) })
        }
        let steps = texts.map { trial.send(text: $0, through: source) } + [trial.finish(source)]
        return steps.filter { !$0.isEmpty }.flatMap { SeenEnd.of($0, tag: one.tag ?? "") } + held(by: trial, one)
    }

    private static func ends(of one: Case, _ trial: Trial, records: [[UInt8]]) throws -> [SeenEnd] {
        let tag = Tag(one.tag ?? "")
        let label = one.label ?? LabelPlan.rootName
        let ends = try records.flatMap { record in
            SeenEnd.of(
                try trial.send(tag: tag, time: one.time, record: record, to: label), tag: one.tag ?? "")
        }
        return ends + held(by: trial, one)
    }

    /// What filters hold behind the last event.
    private static func held(by trial: Trial, _ one: Case) -> [SeenEnd] {
        let rest = trial.finish()
        return rest.isEmpty ? [] : SeenEnd.of(rest, tag: one.tag ?? "")
    }
}
