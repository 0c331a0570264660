import Foundation
import Pipeline
import Testing

/// What a configuration does with events, one folder of `Tests/Behaviour` each: `fluent.conf`, `input.jsonl` with lines
/// of `{"tag", "time", "record"}`, and what standard output must hold, `expected-stdout.txt`.
///
/// A case without the last fails and shows what came out; `SLUICE_UPDATE_GOLDEN=1` writes it down. Read it before it is
/// committed: it must be what Fluentd prints.
@Suite(.serialized) struct BehaviourTests {
    static let names = Repository.names(in: Repository.behaviour)

    @Test("a configuration does with events what it says", arguments: names)
    func behaves(_ name: String) throws {
        let folder = Repository.behaviour + "/" + name
        let checked = Checked(path: folder + "/fluent.conf")
        #expect(checked.diagnostics.errorCount == 0, "\(checked.rendered)")
        let output = try Run(checked.plan).output(of: try Repository.text(folder + "/input.jsonl"))
        let expected = folder + "/expected-stdout.txt"
        if ProcessInfo.processInfo.environment["SLUICE_UPDATE_GOLDEN"] != nil {
            try output.write(toFile: expected, atomically: true, encoding: .utf8)
        }
        #expect(output == (try? Repository.text(expected)), "\(name) printed:\n\(output)")
    }

    @Test("there are cases")
    func cases() { #expect(Self.names.count >= 25) }
}
