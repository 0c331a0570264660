// libFuzzer entry for the Cases room and what stands below it: YAML, events tried on a plan, results written back.
// ../run builds and runs it.

import Cases
import ConfigFile
import Events
import Glibc
import Logging
import Outputs
import Pipeline
import YAML

/// A file of cases runs on a plan with a filter of each kind and two outputs. What `--update` makes of it is a file of as
/// many cases, and they pass.
@_cdecl("LLVMFuzzerTestOneInput")
func fuzzCases(_ data: UnsafePointer<UInt8>?, _ size: Int) -> CInt {
    let input = unsafe Array(UnsafeBufferPointer(start: data, count: size))
    guard let file = try? CaseFile(input), let trial else { return 0 }
    let results = file.cases.prefix(16).map { CaseResult($0, ends(of: $0, trial)) }
    guard results.count == file.cases.count else { return 0 }
    let text = CaseRewriting.text(String(decoding: input, as: UTF8.self), results)
    guard results.contains(where: { !$0.differences.isEmpty }) else {
        let isText = String(validating: input, as: UTF8.self) != nil
        precondition(!isText || Array(text.utf8) == input, "a passing file changed")
        return 0
    }
    guard let written = try? CaseFile(Array(text.utf8)) else { fatalError("no cases any more:\n\(text)") }
    precondition(written.cases.count == file.cases.count, "other cases:\n\(text)")
    for one in written.cases {
        let result = CaseResult(one, ends(of: one, trial))
        precondition(result.differences.isEmpty, "written, and does not pass: \(result.differences)\n\(text)")
    }
    return 0
}

private func ends(of one: Case, _ trial: Trial) -> [SeenEnd] {
    var records: [[UInt8]] = []
    switch one.input {
    case .records(let given): records = given
    case .lines(let lines):
        for line in lines {
            var record = ByteBuffer()
            record.append("{")
            record.appendJSONString(one.key)
            record.append(":")
            record.appendJSONString(line)
            record.append("}")
            records.append(record.array())
        }
    case .file: break
    }
    return records.flatMap { record in
        let steps = try? trial.send(
            tag: Tag(one.tag), time: one.time, record: record, to: one.label ?? LabelPlan.rootName)
        return SeenEnd.of(steps ?? [], tag: one.tag)
    }
}

nonisolated(unsafe) private let trial: Trial? = {
    let document = ConfigDocument.parse(
        """
        <filter app.**>
          @type parser
          key_name log
          <parse>
            @type json
          </parse>
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
    precondition(!document.diagnostics.hasErrors, "the plan has errors")
    let nowhere = unsafe open("/dev/null", O_WRONLY)
    guard let writer = try? WriterThread() else { return nil }
    return try? Trial(plan, path: "", standardOutput: TextSink(descriptor: nowhere, writer: writer))
}()
