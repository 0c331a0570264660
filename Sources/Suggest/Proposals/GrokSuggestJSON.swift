package import Events
internal import Grok

/// Proposals as one JSON object, for programs.
package enum GrokSuggestJSON {
    /// `{"lines":…,"covered":…,"extracted":…,"patterns":[…],"configuration":"<parse>…","uncovered":{"count":…,"first":[…]},
    /// "notes":[…]}` and a line feed. `extracted` is the share of the bytes of covered lines that named fields hold.
    package static func write(_ suggestion: GrokSuggestion, to out: inout ByteBuffer) {
        object(suggestion, to: &out)
        out.append("\n")
    }

    private static func object(_ suggestion: GrokSuggestion, to out: inout ByteBuffer) {
        out.append("{\"lines\":\(suggestion.lineCount),\"covered\":\(suggestion.coveredCount)" as String)
        out.append(",\"extracted\":\(share(suggestion.extractedPerMille))" as String)
        if let firstLine = suggestion.firstLine {
            out.append(",\"multiline_start_regexp\":")
            out.appendJSONString(firstLine)
        }
        out.append(",\"patterns\":[")
        list(suggestion.proposals, to: &out, pattern)
        out.append("],\"configuration\":")
        out.appendJSONString(suggestion.configuration)
        if let concatenation = suggestion.concatenation {
            out.append(",\"concat\":")
            out.appendJSONString(concatenation)
        }
        out.append(",\"uncovered\":{\"count\":\(suggestion.uncoveredCount),\"first\":[" as String)
        list(suggestion.uncovered, to: &out) { $1.appendJSONString($0) }
        out.append("]},\"notes\":[")
        list(suggestion.notes, to: &out) { $1.appendJSONString($0) }
        out.append("]}")
    }

    private static func list<Element>(
        _ elements: [Element], to out: inout ByteBuffer, _ write: (Element, inout ByteBuffer) -> Void
    ) {
        for (index, element) in elements.enumerated() {
            if index > 0 { out.append(",") }
            write(element, &out)
        }
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
        if !proposal.keys.isEmpty {
            out.append(",\"keys\":[")
            list(proposal.keys, to: &out) { $1.appendJSONString($0) }
            out.append("]")
        }
        if let time = proposal.time {
            out.append(",\"time_key\":")
            out.appendJSONString(time.field)
            if let format = time.formats.first {
                out.append(",\"time_format\":")
                out.appendJSONString(format)
            }
            if time.formats.count > 1 {
                out.append(",\"time_format_fallbacks\":[")
                list(Array(time.formats.dropFirst()), to: &out) { $1.appendJSONString($0) }
                out.append("]")
            }
        }
        out.append(",\"lines\":\(proposal.lineCount),\"extracted\":\(share(proposal.extractedPerMille))" as String)
        out.append(",\"fields\":[")
        list(proposal.fields, to: &out) { field, out in
            out.append("{\"name\":")
            out.appendJSONString(field.name)
            out.append(",\"type\":\"\(field.type.name)\",\"records\":\(field.recordCount)" as String)
            if field.isFreeText { out.append(",\"text\":true") }
            out.append(",\"values\":[")
            list(field.values, to: &out) { $1.appendJSONString($0) }
            out.append("]}")
        }
        out.append("],\"sample\":")
        out.appendJSONString(proposal.sample)
        out.append(",\"captures\":{")
        list(proposal.captures, to: &out) { capture, out in
            out.appendJSONString(capture.name)
            out.append(":")
            out.appendJSON(captured: capture.text, as: capture.type)
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

    /// Thousandths as a share of 1.
    private static func share(_ perMille: Int) -> String {
        perMille >= 1000 ? "1" : "0." + String(repeating: "0", count: 3 - "\(perMille)".utf8.count) + "\(perMille)"
    }
}
