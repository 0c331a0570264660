import Cases
import Events

/// One JSON object a case and line:
/// `{"file":…,"line":…,"name":…,"passed":…,"differences":[{"place":…,"expected":…,"seen":…}]}`; `expected` and `seen` are
/// texts or null.
enum TestReportJSON {
    static func text(_ outcomes: [TestCommand.Outcome]) -> String {
        var out = ByteBuffer(capacity: 4096)
        for outcome in outcomes {
            for result in outcome.results {
                out.append("{\"file\":")
                out.appendJSONString(outcome.path)
                out.append(",\"line\":\(result.wanted.line),\"name\":" as String)
                out.appendJSONString(result.wanted.name)
                out.append(",\"passed\":\(result.differences.isEmpty),\"differences\":[" as String)
                for (index, difference) in result.differences.enumerated() {
                    out.append(index == 0 ? "{\"place\":" : ",{\"place\":")
                    out.appendJSONString(difference.place)
                    for (name, value) in [("expected", difference.expected), ("seen", difference.seen)] {
                        out.append(",\"\(name)\":" as String)
                        if let value { out.appendJSONString(value) } else { out.append("null") }
                    }
                    out.append("}")
                }
                out.append("]}\n")
            }
        }
        return out.text(Slice(offset: 0, length: out.count))
    }
}

/// JUnit's XML, as continuous integration reads it (github.com/testmoapp/junitxml): a suite a file, a test case each.
enum TestReportJUnit {
    static func text(_ outcomes: [TestCommand.Outcome]) -> String {
        var text = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites>\n"
        for outcome in outcomes {
            let failed = outcome.results.count { !$0.differences.isEmpty }
            text += "  <testsuite name=\"\(escaped(outcome.path))\" tests=\"\(outcome.results.count)\""
            text += " failures=\"\(failed)\">\n"
            for result in outcome.results {
                text += "    <testcase name=\"\(escaped(result.wanted.name))\" file=\"\(escaped(outcome.path))\""
                text += " line=\"\(result.wanted.line)\""
                guard let first = result.differences.first else {
                    text += "/>\n"
                    continue
                }
                text += ">\n      <failure message=\"\(escaped(first.place))\">"
                text += result.differences.map { difference in
                    escaped(
                        "\(difference.place): expected \(difference.expected ?? "nothing"),"
                            + " seen \(difference.seen ?? "nothing")")
                }.joined(separator: "\n")
                text += "</failure>\n    </testcase>\n"
            }
            text += "  </testsuite>\n"
        }
        return text + "</testsuites>\n"
    }

    /// XML 1.0, 2.2 and 2.4: control characters cannot be written at all.
    private static func escaped(_ text: String) -> String {
        var out = ""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "&": out += "&amp;"
            case "<": out += "&lt;"
            case ">": out += "&gt;"
            case "\"": out += "&quot;"
            case "\n": out += "&#10;"
            case _ where scalar.value < 0x20 || scalar.value == 0xFFFE || scalar.value == 0xFFFF: out += "\u{FFFD}"
            default: out.unicodeScalars.append(scalar)
            }
        }
        return out
    }
}
