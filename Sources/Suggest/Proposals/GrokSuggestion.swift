package import Grok

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
    /// A regular expression for the first lines of records; nil when each line is one.
    package var firstLine: String?
    /// Lines that belong to the one before.
    package var continuationCount = 0
    /// What else an operator should know, one sentence each.
    package var notes: [String] = []

    package init(series: PatternSeries) { self.series = series }

    /// A way to parse some of the lines.
    package struct Proposal: Sendable, Equatable {
        /// Which parser reads the lines.
        package enum Parser: String, Sendable, Equatable {
            case grok, json, ltsv, csv, tsv
        }

        package let parser: Parser
        /// The grok expression; empty for another parser.
        package let expression: String
        /// What the lines are, when they are a known format: `Apache access log, combined`.
        package let title: String?
        /// The names of the columns, for `csv` and `tsv`.
        package var keys: [String] = []
        /// Types of fields that the expression does not hold: `csv` and `tsv`.
        package var types: [String] = []
        /// The byte between the columns of `csv`.
        package var delimiter: UInt8 = 0x2C
        /// Lines that this proposal gets, those before it having had their turn.
        package var lineCount = 0
        /// Records, which are lines unless some continue others.
        package var recordCount = 0
        /// The first of them.
        package var sample: [UInt8] = []
        package var fields: [Field] = []
        /// The share of the lines' bytes that fields hold which are no running text, in thousandths.
        package var extractedPerMille = 0
        /// The field that holds the time of the line, when the parser can read it.
        package var time: TimeKey?
        /// What a captured text holds in turn: a second parser filter with this `key_name` makes fields of it.
        package var inner: Inner?

        init(parser: Parser, expression: String = "", title: String?, time: TimeKey? = nil) {
            self.parser = parser
            self.expression = expression
            self.title = title
            self.time = time
        }

        /// What is captured in the first record.
        package var captures: [Capture] { fields.compactMap(\.first) }
    }

    /// A field in all lines of a proposal.
    package struct Field: Sendable, Equatable {
        package let name: String
        package let type: FieldType
        /// Records that have it.
        package var recordCount = 0
        /// Up to three different values.
        package var values: [[UInt8]] = []
        /// Running text.
        package let isFreeText: Bool
        /// What it is in the first record; nil when that has none.
        package var first: Capture?
    }

    /// A captured field of a sample line.
    package struct Capture: Sendable, Equatable {
        package let name: String
        package let type: FieldType
        package let text: [UInt8]
    }

    /// The field with the time of a line, and what reads it: one format, several to try, none where the parser guesses.
    package struct TimeKey: Sendable, Equatable {
        package let field: String
        package let formats: [String]
        /// The same for Elasticsearch's date processor.
        package let javaFormats: [String]
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

    /// The share of all bytes of the lines that proposals take which named fields hold, in thousandths.
    package var extractedPerMille: Int {
        let lines = proposals.reduce(0) { $0 + $1.lineCount }
        return lines == 0 ? 0 : proposals.reduce(0) { $0 + $1.extractedPerMille * $1.lineCount } / lines
    }
}
