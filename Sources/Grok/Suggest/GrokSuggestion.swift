/// What is proposed for a sample of lines.
package struct GrokSuggestion: Sendable, Equatable {
    /// The definitions the expressions are for.
    package let series: PatternSeries
    /// In the order for first-hit matching: a pattern that takes the lines of another stands behind it.
    package var proposals: [Proposal] = []
    /// Lines that were looked at.
    package var lineCount = 0
    /// Lines that no proposal covers.
    package var uncoveredCount = 0
    /// The first of them.
    package var uncovered: [[UInt8]] = []
    /// What else an operator should know, one sentence each.
    package var notes: [String] = []

    package init(series: PatternSeries) { self.series = series }

    /// A way to parse some of the lines.
    package struct Proposal: Sendable, Equatable {
        /// Which parser reads the lines.
        package enum Parser: String, Sendable, Equatable {
            case grok, json, ltsv
        }

        package let parser: Parser
        /// The grok expression; empty for another parser.
        package let expression: String
        /// What the lines are, when they are a known format: `Apache access log, combined`.
        package let title: String?
        /// Lines that this proposal gets, those before it having had their turn.
        package var lineCount = 0
        /// The first of these lines.
        package var sample: [UInt8] = []
        /// What the expression captures in it.
        package var captures: [Capture] = []
        /// The field that holds the time of the line, when the parser can read it.
        package let time: TimeKey?
        /// What a captured text holds in turn: a second parser filter with this `key_name` makes fields of it.
        package var inner: Inner?

        init(
            parser: Parser, expression: String = "", title: String?, time: TimeKey? = nil
        ) {
            self.parser = parser
            self.expression = expression
            self.title = title
            self.time = time
        }
    }

    /// A captured field of a sample line.
    package struct Capture: Sendable, Equatable {
        package let name: String
        package let type: FieldType
        package let text: [UInt8]
    }

    /// The field with the time of a line, and the format it is read with; nil where the parser guesses right.
    package struct TimeKey: Sendable, Equatable {
        package let field: String
        package let format: String?
    }

    /// Proposals for the text of a captured field.
    package struct Inner: Sendable, Equatable {
        package let field: String
        /// One element; an array because a structure cannot hold itself.
        private let boxed: [GrokSuggestion]
        package var suggestion: GrokSuggestion { boxed[0] }

        init(field: String, suggestion: GrokSuggestion) {
            self.field = field
            boxed = [suggestion]
        }
    }

    /// Lines that a proposal covers.
    package var coveredCount: Int { lineCount - uncoveredCount }
}

extension GrokSuggestion {
    /// The `<parse>` sections for fluent.conf: one for each parser, since one section has one type.
    package var configuration: String {
        var text = ""
        // The legacy definitions are the default of the parser.
        let opening =
            "<parse>\n  @type grok\n" + (series == .legacy ? "" : "  grok_pattern_series \(series.rawValue)\n")
        let groks = proposals.filter { $0.parser == .grok }
        if groks.count == 1, let only = groks.first {
            text += opening + "  grok_pattern \(only.expression)\n"
            text += only.timeLines(indent: "  ") + "</parse>\n"
        } else if !groks.isEmpty {
            text += opening
            for grok in groks {
                text += "  <grok>\n    pattern \(grok.expression)\n" + grok.timeLines(indent: "    ") + "  </grok>\n"
            }
            text += "</parse>\n"
        }
        for other in proposals where other.parser != .grok {
            text += "<parse>\n  @type \(other.parser.rawValue)\n</parse>\n"
        }
        return text
    }
}

extension GrokSuggestion.Proposal {
    fileprivate func timeLines(indent: String) -> String {
        guard let time else { return "" }
        var text = "\(indent)time_key \(time.field)\n"
        if let format = time.format { text += "\(indent)time_format \(format)\n" }
        return text + "\(indent)keep_time_key true\n"
    }
}
