import Grok

/// A suggestion as text to copy into fluent.conf.
extension GrokSuggestion {
    /// The `<parse>` sections: one for each parser, since one section has one type.
    package var configuration: String {
        var text = ""
        let groks = proposals.filter { $0.parser == .grok }
        if !groks.isEmpty {
            text += "<parse>\n  @type \(firstLine == nil ? "grok" : "multiline_grok")\n"
            // The legacy definitions are the default of the parser.
            if series != .legacy { text += "  grok_pattern_series \(series.rawValue)\n" }
            if let firstLine { text += "  multiline_start_regexp /\(Self.inSlashes(firstLine))/\n" }
            if groks.count == 1, let only = groks.first {
                text += "  grok_pattern \(only.expression)\n" + only.timeLines(indent: "  ")
            } else {
                for grok in groks {
                    text +=
                        "  <grok>\n    pattern \(grok.expression)\n" + grok.timeLines(indent: "    ") + "  </grok>\n"
                }
            }
            text += "</parse>\n"
        }
        for other in proposals where other.parser != .grok {
            text += "<parse>\n  @type \(other.parser.rawValue)\n"
            if !other.keys.isEmpty { text += "  keys \(Self.list(other.keys))\n" }
            if other.parser == .csv, other.delimiter != 0x2C {
                text += "  delimiter \(Unicode.Scalar(other.delimiter))\n"
            }
            if !other.types.isEmpty { text += "  types \(other.types.joined(separator: ","))\n" }
            text += other.timeLines(indent: "  ") + "</parse>\n"
        }
        return text
    }

    /// A whole filter: the section in the place where it belongs, and one behind it for what a field holds in turn.
    package func filter(tag: String = "TAG", key: String = "message") -> String {
        let sections = configuration.split(separator: "</parse>\n").map { $0 + "</parse>\n" }
        var text = ""
        for section in sections {
            text += "<filter \(tag)>\n  @type parser\n  key_name \(key)\n  reserve_data true\n"
            text += section.split(separator: "\n").map { "  \($0)\n" }.joined() + "</filter>\n"
        }
        for proposal in proposals {
            if let inner = proposal.inner { text += inner.suggestion.filter(tag: tag, key: inner.field) }
        }
        return text
    }

    /// For a sender whose lines arrive one by one: Fluentd's `concat` filter joins them before the parser.
    package var concatenation: String? {
        guard let firstLine else { return nil }
        return "<filter TAG>\n  @type concat\n  key message\n  multiline_start_regexp /\(Self.inSlashes(firstLine))/\n"
            + "</filter>\n"
    }

    /// A list for a parameter: JSON where a comma is in it.
    static func list(_ items: [String]) -> String {
        let isPlain = items.allSatisfy { !$0.contains(",") && !$0.contains("\"") && !$0.contains("\\") }
        return isPlain
            ? items.joined(separator: ",") : "[" + items.map { IngestPipeline.string($0) }.joined(separator: ",") + "]"
    }

    private static func inSlashes(_ expression: String) -> String {
        expression.split(separator: "/", omittingEmptySubsequences: false).joined(separator: "\\/")
    }
}

extension GrokSuggestion.Proposal {
    fileprivate func timeLines(indent: String) -> String {
        guard let time else { return "" }
        var text = "\(indent)time_key \(time.field)\n"
        if time.formats.count > 1 {
            text += "\(indent)time_type mixed\n"
        }
        if let format = time.formats.first { text += "\(indent)time_format \(format)\n" }
        if time.formats.count > 1 {
            text += "\(indent)time_format_fallbacks \(GrokSuggestion.list(Array(time.formats.dropFirst())))\n"
        }
        return text + "\(indent)keep_time_key true\n"
    }
}
