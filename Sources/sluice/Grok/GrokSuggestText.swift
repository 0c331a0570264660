import CommandLine
import Grok
import Suggest

/// Proposals for reading: each expression with its share of the lines, its fields with their types and values, then the
/// section for fluent.conf.
struct GrokSuggestText {
    private let style: Style

    init(_ terminal: Terminal) { style = Style(terminal) }

    func text(_ suggestion: GrokSuggestion) -> String {
        var text = summary(suggestion) + "\n"
        for (index, proposal) in suggestion.proposals.enumerated() {
            text += "\n" + self.proposal(proposal, number: index + 1, of: suggestion)
        }
        if !suggestion.proposals.isEmpty {
            text += "\n" + style.bold("For fluent.conf") + "\n" + indented(suggestion.configuration)
        }
        if let concatenation = suggestion.concatenation {
            text += "\n" + style.bold("Where each line arrives as an event: for the Fluentd that sends them") + "\n"
            text += indented(concatenation)
        }
        for proposal in suggestion.proposals {
            guard let inner = proposal.inner else { continue }
            text += "\n" + style.bold("And a filter behind it, for what '\(inner.field)' holds") + "\n"
            text += indented(inner.suggestion.filter(key: inner.field))
        }
        if suggestion.uncoveredCount > 0 {
            let shown = suggestion.uncovered.count
            let count = suggestion.uncoveredCount
            text += "\n" + style.failure("No pattern for \(lines(count))")
            text += shown < count ? ", the first \(shown) of them:\n" : ":\n"
            for line in suggestion.uncovered { text += "  \(Self.shortened(line, 300))\n" }
        }
        if !suggestion.notes.isEmpty { text += "\n" }
        for note in suggestion.notes { text += "note: \(note)\n" }
        return text
    }

    private func summary(_ suggestion: GrokSuggestion) -> String {
        let count = suggestion.proposals.count
        guard count > 0 else { return style.failure("No pattern found for \(lines(suggestion.lineCount)).") }
        let patterns = count == 1 ? "1 pattern covers" : "\(count) patterns, in the order to try them, cover"
        let covered = suggestion.coveredCount
        let share = "\(covered) of \(lines(suggestion.lineCount))"
        let extracted = Self.percent(suggestion.extractedPerMille, of: 1000)
        return "\(patterns) \(covered == suggestion.lineCount ? style.success(share) : share); "
            + "\(extracted) of their text is in named fields."
    }

    private func proposal(_ proposal: GrokSuggestion.Proposal, number: Int, of suggestion: GrokSuggestion) -> String {
        let share = Self.percent(proposal.lineCount, of: suggestion.lineCount)
        let title = proposal.title ?? "built from what the lines share"
        var text = style.bold("\(number). \(title)") + style.faint("  \(lines(proposal.lineCount)), \(share)") + "\n"
        if proposal.parser == .grok {
            text += "   \(style.success(Self.shown(proposal.expression)))\n"
        } else {
            text += "   needs no grok: \(style.success("@type \(proposal.parser.rawValue)"))\n"
        }
        text += "\n   \(Self.shortened(proposal.sample, 300))\n" + table(proposal, indentation: 5)
        if let inner = proposal.inner {
            let covered = inner.suggestion.coveredCount
            text +=
                "\n   In \(style.bold(inner.field)), \(covered) of \(lines(inner.suggestion.lineCount)) "
                + "hold fields of their own:\n"
            for one in inner.suggestion.proposals {
                let what = one.parser == .grok ? Self.shown(one.expression) : "@type \(one.parser.rawValue)"
                text += "     \(style.success(what))\n" + table(one, indentation: 7)
            }
        }
        return text
    }

    /// A field a row: name and type, the share of records that have it, up to three values.
    private func table(_ proposal: GrokSuggestion.Proposal, indentation: Int) -> String {
        let width = min(proposal.fields.map { label($0).count }.max() ?? 0, 40)
        return proposal.fields.enumerated().map { index, field in
            let label = self.label(field)
            let padding = String(repeating: " ", count: indentation)
            let gap = String(repeating: " ", count: max(width - label.count, 0) + 2)
            let share = Self.percent(field.recordCount, of: proposal.recordCount)
            let column = String(repeating: " ", count: max(6 - share.count, 0)) + share + "  "
            let room = field.isFreeText ? 60 : 32
            let values = field.values.map { $0.isEmpty ? style.faint("(empty)") : Self.shortened($0, room) }
            let row = padding + style.capture(label, index) + gap + style.faint(column)
            return row + values.joined(separator: style.faint(" | ")) + "\n"
        }.joined()
    }

    private func label(_ field: GrokSuggestion.Field) -> String {
        field.type == .string ? field.name : "\(field.name):\(field.type.name)"
    }

    private func lines(_ count: Int) -> String { count == 1 ? "1 line" : "\(count) lines" }

    private func indented(_ text: String) -> String {
        text.split(separator: "\n").map { "  \(Self.shown(String($0)))\n" }.joined()
    }

    /// An expression holds words of the lines: nothing of them may act upon a terminal.
    private static func shown(_ text: String) -> String { GrokPlaces.visible(Array(text.utf8)[...]) }

    /// The beginning of a long text; what a terminal would act upon is made visible.
    private static func shortened(_ bytes: [UInt8], _ maximumBytes: Int) -> String {
        guard bytes.count > maximumBytes else { return GrokPlaces.visible(bytes[...]) }
        var end = maximumBytes
        // Not within a character.
        while end > 0, bytes[end] & 0xC0 == 0x80 { end -= 1 }
        return GrokPlaces.visible(bytes[..<end]) + "…"
    }

    /// A share with one digit behind the point, none for whole numbers.
    private static func percent(_ part: Int, of whole: Int) -> String {
        guard whole > 0 else { return "0 %" }
        let tenths = part * 1000 / whole
        return tenths % 10 == 0 ? "\(tenths / 10) %" : "\(tenths / 10).\(tenths % 10) %"
    }
}
