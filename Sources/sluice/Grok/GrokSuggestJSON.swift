import Events
import Grok

/// Proposals as one JSON object, for programs.
enum GrokSuggestJSON {
    /// `{"lines":…,"covered":…,"patterns":[…],"configuration":"<parse>…","uncovered":{"count":…,"first":[…]},"notes":[…]}`
    /// and a line feed.
    static func write(_ suggestion: GrokSuggestion, to out: inout ByteBuffer) {
        object(suggestion, to: &out)
        out.append("\n")
    }

    private static func object(_ suggestion: GrokSuggestion, to out: inout ByteBuffer) {
        out.append("{\"lines\":\(suggestion.lineCount),\"covered\":\(suggestion.coveredCount),\"patterns\":[" as String)
        for (index, proposal) in suggestion.proposals.enumerated() {
            if index > 0 { out.append(",") }
            pattern(proposal, to: &out)
        }
        out.append("],\"configuration\":")
        out.appendJSONString(suggestion.configuration)
        out.append(",\"uncovered\":{\"count\":\(suggestion.uncoveredCount),\"first\":[" as String)
        for (index, line) in suggestion.uncovered.enumerated() {
            if index > 0 { out.append(",") }
            out.appendJSONString(line)
        }
        out.append("]},\"notes\":[")
        for (index, note) in suggestion.notes.enumerated() {
            if index > 0 { out.append(",") }
            out.appendJSONString(note)
        }
        out.append("]}")
    }

    private static func pattern(_ proposal: GrokSuggestion.Proposal, to out: inout ByteBuffer) {
        out.append("{\"type\":\"\(proposal.parser.rawValue)\"" as String)
        if proposal.parser == .grok {
            out.append(",\"pattern\":")
            out.appendJSONString(proposal.expression)
        }
        if let title = proposal.title {
            out.append(",\"title\":")
            out.appendJSONString(title)
        }
        if let time = proposal.time {
            out.append(",\"time_key\":")
            out.appendJSONString(time.field)
            if let format = time.format {
                out.append(",\"time_format\":")
                out.appendJSONString(format)
            }
        }
        out.append(",\"lines\":\(proposal.lineCount),\"sample\":" as String)
        out.appendJSONString(proposal.sample)
        out.append(",\"captures\":{")
        for (index, capture) in proposal.captures.enumerated() {
            if index > 0 { out.append(",") }
            out.appendJSONString(capture.name)
            out.append(":")
            value(capture, to: &out)
        }
        out.append("}")
        if let inner = proposal.inner {
            out.append(",\"inner\":{\"field\":")
            out.appendJSONString(inner.field)
            out.append(",\"suggestion\":")
            object(inner.suggestion, to: &out)
            out.append("}")
        }
        out.append("}")
    }

    /// The captured text with its type, as the pipeline would have it.
    private static func value(_ capture: GrokSuggestion.Capture, to out: inout ByteBuffer) {
        switch CaptureValue(capture.text, as: capture.type) {
        case .integer(let digits): out.append(digits)
        case .float(let number) where number.isFinite: out.append("\(number)" as String)
        case .bool(let flag): out.append(flag ? "true" as String : "false")
        default: out.appendJSONString(capture.text)
        }
    }
}
