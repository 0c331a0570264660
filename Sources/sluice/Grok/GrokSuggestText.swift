import CommandLine
import Grok

/// Proposals for reading: each expression with its share of the lines and what it captures in one of them, then the
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
            text += "\n" + style.bold("For fluent.conf") + "\n" + indented(suggestion.configuration, 2)
        }
        for proposal in suggestion.proposals {
            guard let inner = proposal.inner else { continue }
            let section = indented(inner.suggestion.configuration, 2)
            text += "\n" + style.bold("And a filter behind it, for what '\(inner.field)' holds") + "\n"
            text += indented(
                "<filter TAG>\n  @type parser\n  key_name \(inner.field)\n  reserve_data true\n\(section)</filter>\n", 2
            )
        }
        if suggestion.uncoveredCount > 0 {
            let shown = suggestion.uncovered.count
            let count = suggestion.uncoveredCount
            text += "\n" + style.failure("No pattern for \(lines(count))")
            text += shown < count ? ", the first \(shown) of them:\n" : ":\n"
            for line in suggestion.uncovered { text += "  \(Self.shortened(line))\n" }
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
        return "\(patterns) \(covered == suggestion.lineCount ? style.success(share) : share)."
    }

    private func proposal(_ proposal: GrokSuggestion.Proposal, number: Int, of suggestion: GrokSuggestion) -> String {
        let share = Self.percent(proposal.lineCount, of: suggestion.lineCount)
        let title = proposal.title ?? "built from what the lines share"
        var text = style.bold("\(number). \(title)") + style.faint("  \(lines(proposal.lineCount)), \(share)") + "\n"
        switch proposal.parser {
        case .grok: text += "   \(style.success(proposal.expression))\n"
        case .json: text += "   needs no grok: \(style.success("@type json"))\n"
        case .ltsv: text += "   needs no grok: \(style.success("@type ltsv"))\n"
        }
        text += "\n   \(Self.shortened(proposal.sample))\n" + table(proposal.captures, indent: 5)
        if let inner = proposal.inner {
            let innerCount = inner.suggestion.coveredCount
            text +=
                "\n   In \(style.bold(inner.field)), "
                + "\(innerCount) of \(lines(inner.suggestion.lineCount)) hold fields of their own:\n"
            for one in inner.suggestion.proposals {
                let what = one.parser == .grok ? one.expression : "@type \(one.parser.rawValue)"
                text += "     \(style.success(what))\n" + table(one.captures, indent: 7)
            }
        }
        return text
    }

    private func table(_ captures: [GrokSuggestion.Capture], indent: Int) -> String {
        let width = min(captures.map { label($0).count }.max() ?? 0, 40)
        return captures.enumerated().map { index, capture in
            let label = self.label(capture)
            let padding = String(repeating: " ", count: indent)
            let gap = String(repeating: " ", count: max(width - label.count, 0) + 2)
            let value = capture.text.isEmpty ? style.faint("(empty)") : Self.shortened(capture.text)
            return "\(padding)\(style.capture(label, index))\(gap)\(value)\n"
        }.joined()
    }

    private func label(_ capture: GrokSuggestion.Capture) -> String {
        capture.type == .string ? capture.name : "\(capture.name):\(capture.type.name)"
    }

    private func lines(_ count: Int) -> String { count == 1 ? "1 line" : "\(count) lines" }

    private func indented(_ text: String, _ columns: Int) -> String {
        text.split(separator: "\n").map { String(repeating: " ", count: columns) + $0 + "\n" }.joined()
    }

    /// The beginning of a long text; what a terminal would act upon is made visible.
    private static func shortened(_ bytes: [UInt8]) -> String {
        let maximumShownBytes = 300
        guard bytes.count > maximumShownBytes else { return GrokPlaces.visible(bytes[...]) }
        var end = maximumShownBytes
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
