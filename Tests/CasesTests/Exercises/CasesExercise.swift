import ConfigFile
import Events
import Glibc
import Logging
import Outputs
import Pipeline
import YAML

@testable import Cases

/// Files of cases of any bytes, run on a plan and updated. Fuzzed by `Tests/Fuzz/Cases`, and its findings replayed here.
enum CasesExercise {
    /// Cases of a file that are run.
    private static let maximumCases = 16

    /// A file of cases runs on a plan with filters of several kinds and two outputs. What `--update` makes of it is a file
    /// of as many cases, and they pass; a file that passes stays as it is.
    ///
    /// - Returns: what is wrong; nil: nothing.
    static func fault(of input: [UInt8]) -> String? {
        guard let file = try? CaseFile(input), file.cases.count <= maximumCases else { return nil }
        guard let tried else { return "the plan cannot be tried" }
        let results = file.cases.map { CaseResult($0, ends(of: $0, tried)) }
        guard let text = String(validating: input, as: UTF8.self) else { return "cases that are no text" }
        let isDifferent = results.contains { !$0.differences.isEmpty }
        let updated: String
        do throws(YAMLError) {
            updated = try CaseRewriting.text(text, results)
        } catch {
            // Nothing is written then.
            return nil
        }
        guard isDifferent else { return updated == text ? nil : "a file that passes was changed" }
        guard let written = try? CaseFile(Array(updated.utf8)) else { return "no cases any more:\n\(updated)" }
        guard written.cases.count == file.cases.count else { return "other cases:\n\(updated)" }
        for (one, old) in zip(written.cases, file.cases) {
            guard one.tag == old.tag, one.name == old.name, one.key == old.key else {
                return "another case:\n\(updated)"
            }
            let result = CaseResult(one, ends(of: one, tried))
            if !result.differences.isEmpty { return "updated, and differs: \(result.differences)\n\(updated)" }
        }
        return nil
    }

    private static func ends(of one: Case, _ tried: Tried) -> [SeenEnd] {
        var steps: [[TrialStep]] = []
        switch one.input {
        case .file: break
        case .records(let records): steps = records.map { tried.steps($0, one) }
        case .lines(let lines):
            if let name = one.source {
                guard let source = try? tried.plan.trialSource(name, tag: one.tag, label: one.label, path: "") else {
                    return []
                }
                steps = lines.map { tried.trial.send(text: Array($0.utf8), through: source) }
                steps.append(tried.trial.finish(source))
            } else {
                steps = lines.map { line in
                    var record = ByteBuffer()
                    record.append("{")
                    record.appendJSONString(one.key)
                    record.append(":")
                    record.appendJSONString(line)
                    record.append("}")
                    return tried.steps(record.array(), one)
                }
            }
        }
        let tag = one.tag ?? ""
        let ends = steps.flatMap { one.source != nil && $0.isEmpty ? [] : SeenEnd.of($0, tag: tag) }
        let rest = tried.trial.finish()
        return rest.isEmpty ? ends : ends + SeenEnd.of(rest, tag: tag)
    }

    private struct Tried {
        let plan: PipelinePlan
        let trial: Trial

        func steps(_ record: [UInt8], _ one: Case) -> [TrialStep] {
            let steps = try? trial.send(
                tag: Tag(one.tag ?? ""), time: one.time, record: record, to: one.label ?? LabelPlan.rootName)
            return steps ?? []
        }
    }

    nonisolated(unsafe) private static let tried: Tried? = {
        let document = ConfigDocument.parse(
            """
            <source>
              @type tail
              path /var/log/app.log
              pos_file /var/lib/app.pos
              tag app.held
              <parse>
                @type multiline
                format_firstline /^\\d/
                format1 /^(?<n>\\d+) (?<log>.*)/
              </parse>
            </source>
            <source>
              @type syslog
              tag app
            </source>
            <source>
              @type http
              add_remote_addr true
            </source>
            <source>
              @type systemd
              tag app
              matches [{"_SYSTEMD_UNIT":"a.service"},{"PRIORITY":["3","4"]}]
              <storage>
                @type local
                path /var/lib/journal.json
              </storage>
              <entry>
                field_map {"MESSAGE":"log","_PID":["n","log"]}
                fields_lowercase true
              </entry>
            </source>
            <filter app.**>
              @type parser
              key_name log
              <parse>
                @type json
              </parse>
            </filter>
            <filter app.held>
              @type concat
              key log
              multiline_start_regexp /^a/
            </filter>
            <filter app.**>
              @type grep
              <exclude>
                key took
                pattern /^1$/
              </exclude>
            </filter>
            <filter app.**>
              @type record_transformer
              <record>
                shown ${tag_parts[0]} ${record["n"]}
              </record>
            </filter>
            <match app.**>
              @type elasticsearch
              host es
              logstash_format true
              id_key n
            </match>
            <match other>
              @type stdout
            </match>
            """)
        let plan = PlanBuilder.build(document, environment: ConfigEnvironment(hostname: "host.example"))
        let nowhere = unsafe open("/dev/null", O_WRONLY)
        guard !document.diagnostics.hasErrors, let writer = try? WriterThread() else { return nil }
        guard let trial = try? Trial(plan, path: "", standardOutput: TextSink(descriptor: nowhere, writer: writer))
        else { return nil }
        return Tried(plan: plan, trial: trial)
    }()
}
