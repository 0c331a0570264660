import Cases
import CommandLine

/// What the cases said, for reading.
struct TestReport {
    private let style: Style

    init(_ terminal: Terminal) { style = Style(terminal) }

    func text(_ outcomes: [TestCommand.Outcome], _ isUpdated: Bool) -> String {
        var text = ""
        var (passed, failed) = (0, 0)
        for outcome in outcomes {
            for result in outcome.results {
                let place = "\(outcome.path):\(result.wanted.line)"
                if result.differences.isEmpty {
                    passed += 1
                    text += "\(style.success("ok"))    \(place)  \(visible(result.wanted.name))\n"
                    continue
                }
                failed += 1
                text += "\(style.failure(isUpdated ? "new" : "FAIL"))  \(place)  \(visible(result.wanted.name))\n"
                for difference in result.differences { text += row(difference) }
            }
        }
        let count = passed + failed
        text += "\(count) case\(count == 1 ? "" : "s"): \(passed) passed"
        return text + (failed == 0 ? "" : isUpdated ? ", \(failed) written as seen" : ", \(failed) failed") + "\n"
    }

    private func row(_ difference: CaseDifference) -> String {
        var text = "        \(visible(difference.place))\n"
        if let expected = difference.expected { text += "          expected  \(visible(expected))\n" }
        return text + "          seen      \(difference.seen.map(visible) ?? style.faint("nothing"))\n"
    }

    private func visible(_ text: String) -> String { GrokPlaces.visible(Array(text.utf8)[...]) }
}
