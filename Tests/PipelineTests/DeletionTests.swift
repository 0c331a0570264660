import ConfigFile
import Pipeline
import TestSupport
import Testing

/// The user who lost an evening to one missing character: some of them are tried, with `SLUICE_LONG_TESTS=1` all.
@Suite struct DeletionTests {
    @Test("one missing character: at most three errors, the first near it", arguments: FirstUsers.all)
    func deletesEachCharacter(_ configuration: FirstUsers) {
        let bytes = Array(configuration.text.utf8)
        var (silent, warned, failed) = (0, 0, 0)
        var accepted: [String] = []
        for index in LongTests.sample(bytes.indices, count: 120) {
            var damaged = bytes
            damaged.remove(at: index)
            let checked = Checked(bytes: damaged)
            let line = bytes[..<index].count { $0 == UInt8(ascii: "\n") } + 1
            let errors = checked.errors
            if let first = errors.first {
                failed += 1
                #expect(errors.count <= 3, "byte \(index), line \(line): \(checked.rendered)")
                // A section that is not closed is an error where it begins: all places that a message names count.
                let lines = [first.line] + first.related.map(\.line)
                #expect(lines.contains { abs($0 - line) <= 1 }, "byte \(index), line \(line): \(checked.rendered)")
            } else if checked.diagnostics.warningCount > 0 {
                warned += 1
            } else {
                silent += 1
                let lines = damaged.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
                accepted.append(String(decoding: lines[min(line, lines.count) - 1], as: UTF8.self))
            }
        }
        print("deletions in \(configuration.testDescription): \(failed) errors, \(warned) warned, \(silent) silent")
        if configuration.testDescription == "grok" {
            for (line, count) in Dictionary(grouping: accepted, by: { $0 }).mapValues(\.count).sorted(by: {
                $0.key < $1.key
            }) {
                print("  silent \(count)×: \(line)")
            }
        }
    }
}
