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
        guard let trial else { return "the plan cannot be tried" }
        let results = file.cases.map { CaseResult($0, ends(of: $0, trial)) }
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
            let result = CaseResult(one, ends(of: one, trial))
            if !result.differences.isEmpty { return "updated, and differs: \(result.differences)\n\(updated)" }
        }
        return nil
    }

    private static func ends(of one: Case, _ trial: Trial) -> [SeenEnd] {
        let records: [[UInt8]]
        switch one.input {
        case .records(let given): records = given
        case .lines(let lines):
            records = lines.map { line in
                var record = ByteBuffer()
                record.append("{")
                record.appendJSONString(one.key)
                record.append(":")
                record.appendJSONString(line)
                record.append("}")
                return record.array()
            }
        case .file: records = []
        }
        let ends = records.flatMap { record in
            let steps = try? trial.send(
                tag: Tag(one.tag), time: one.time, record: record, to: one.label ?? LabelPlan.rootName)
            return SeenEnd.of(steps ?? [], tag: one.tag)
        }
        let rest = trial.finish()
        return rest.isEmpty ? ends : ends + SeenEnd.of(rest, tag: one.tag)
    }

    nonisolated(unsafe) private static let trial: Trial? = {
        let document = ConfigDocument.parse(
            """
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
        return try? Trial(plan, path: "", standardOutput: TextSink(descriptor: nowhere, writer: writer))
    }()
}
