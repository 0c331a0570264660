import Events
import Foundation
import Logging
import Outputs
import Testing

@testable import Pipeline

@Suite("Events tried on a plan")
struct TrialTests {
    /// `filter:2 parser +took -log`, `match:9 stdout line=…` for each step.
    private func steps(_ text: String, tag: String = "app.a", _ record: String, label: String = "@ROOT") throws
        -> [String]
    {
        let checked = Checked(text)
        #expect(checked.errors.isEmpty, "\(checked.rendered)")
        let nowhere = TextSink(descriptor: open("/dev/null", O_WRONLY), writer: try WriterThread())
        let trial = try Trial(checked.plan, path: "fluent.conf", standardOutput: nowhere)
        let all = try trial.send(
            tag: Tag(tag), time: EventTime(seconds: 1_576_605_304), record: Array(record.utf8), to: label)
        return all.map { step in
            let front = "\(step.label) \(step.type) \(step.tag)"
            switch step.change {
            case .taken(let parts): return front + parts.map { " \($0.name)=\($0.text)" }.joined()
            case .held: return "\(front) held"
            case .retagged(let tag): return "\(front) → \(tag)"
            case .refused(let reason): return "\(front) refused: \(reason)"
            case .filtered(let into, let refused), .read(let into, let refused):
                let made = into.map { record in
                    record.fields.filter { step.record.value(of: $0.name) != $0.value }.map {
                        "+\($0.name)=\($0.value)"
                    }
                        + step.record.fields.filter { record.value(of: $0.name) == nil }.map { "-\($0.name)" }
                }
                return ([front] + made.map { $0.joined(separator: " ") } + refused.map { "refused: \($0)" })
                    .joined(separator: " ")
            }
        }
    }

    private static let parser =
        "<filter app.**>\n@type parser\nkey_name log\n<parse>\n@type json\n</parse>\n</filter>\n"

    @Test("a new tag is seen, and what no rule fits is dropped") func retagged() throws {
        let text = """
            <match app.**>
              @type rewrite_tag_filter
              <rule>
                key level
                pattern ^e
                tag alert.${tag}
              </rule>
            </match>
            <match alert.**>
              @type stdout
            </match>
            """
        let taken = try steps(text, #"{"level":"error"}"#)
        #expect(taken.count == 2)
        #expect(taken[0] == "@ROOT rewrite_tag_filter app.a → alert.app.a")
        #expect(taken.last?.hasPrefix("@ROOT stdout alert.app.a line=") == true)
        #expect(try steps(text, #"{"level":"info"}"#) == ["@ROOT rewrite_tag_filter app.a"])
    }

    @Test("each stage is seen in its order, through labels, with what it changed") func way() throws {
        let text =
            Self.parser
                + """
                <match app.**>
                  @type relabel
                  @label @X
                </match>
                <label @X>
                  <filter>
                    @type grep
                    <exclude>
                      key took
                      pattern ^1$
                    </exclude>
                  </filter>
                  <match>
                    @type copy
                    <store>
                      @type stdout
                      <format>
                        @type json
                      </format>
                    </store>
                    <store>
                      @type elasticsearch
                      index_name logs
                    </store>
                    <store>
                      @type null
                    </store>
                  </match>
                </label>
                """
        #expect(
            try steps(text, #"{"log":"{\"took\":12}"}"#) == [
                #"@ROOT parser app.a +took=12 -log"#, "@X grep app.a ", #"@X stdout app.a line={"took":12}"#,
                #"@X elasticsearch app.a action={"index":{"_index":"logs"}} document={"took":12}"#, "@X null app.a",
            ])
        #expect(try steps(text, #"{"log":"{\"took\":1}"}"#).last == "@X grep app.a")
        #expect(try steps(text, #"{"took":2}"#, label: "@X").count == 4)
    }

    @Test("what is refused is told with its reason, and goes on to @ERROR where there is one") func refused() throws {
        let output = "<match **>\n@type null\n</match>\n"
        let alone = try steps(Self.parser + output, #"{"log":"x"}"#)
        #expect(alone == ["@ROOT parser app.a refused: pattern not matched"])
        let labelled = try steps(
            Self.parser + output + "<label @ERROR>\n<match **>\n@type stdout\n</match>\n</label>\n", #"{"log":"x"}"#)
        #expect(labelled.count == 2 && labelled[1].hasPrefix("@ERROR stdout app.a line="))
    }

    @Test("a tag that nothing takes has no steps, and what an output cannot take is refused there") func ends() throws {
        #expect(try steps("<match b>\n@type null\n</match>\n", "{}") == [])
        let update = "<match **>\n@type elasticsearch\nwrite_operation update\nid_key id\n</match>\n"
        #expect(try steps(update, #"{"a":1}"#).first?.contains("refused: write_operation update needs an id") == true)
    }

    @Test("nothing is opened: no buffer, no port, no state") func opensNothing() throws {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("trial-\(UUID().uuidString)").path
        let text = """
            <source>
              @type forward
              port 1
            </source>
            <match **>
              @type forward
              <server>
                host nowhere.invalid
              </server>
              <buffer>
                @type file
                path \(folder)
              </buffer>
            </match>
            """
        #expect(try steps(text, #"{"a":1}"#) == [#"@ROOT forward app.a tag=app.a record={"a":1}"#])
        #expect(!FileManager.default.fileExists(atPath: folder))
    }
}
