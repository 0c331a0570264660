internal import Events
import Grok

/// A suggestion as an ingest pipeline of Elasticsearch, for comparison: the processors `grok`, `date` and `convert`.
/// Source: the processor reference of Elasticsearch's documentation.
package struct IngestPipeline {
    private let suggestion: GrokSuggestion

    package init(_ suggestion: GrokSuggestion) { self.suggestion = suggestion }

    /// The body of `PUT _ingest/pipeline/NAME`.
    package var json: String {
        var processors: [String] = []
        let groks = suggestion.proposals.filter { $0.parser == .grok }
        if !groks.isEmpty {
            let patterns = groks.map { Self.string(Self.untyped($0.expression)) }.joined(separator: ",\n          ")
            let series = suggestion.series == .legacy ? "disabled" : "v1"
            processors.append(
                """
                "grok": {
                        "field": "message",
                        "ecs_compatibility": "\(series)",
                        "patterns": [
                          \(patterns)
                        ]
                      }
                """)
        }
        for proposal in suggestion.proposals {
            switch proposal.parser {
            case .json: processors.append("\"json\": { \"field\": \"message\", \"add_to_root\": true }")
            case .csv, .tsv:
                let separator = proposal.parser == .tsv ? "\\t" : String(Unicode.Scalar(proposal.delimiter))
                let keys = proposal.keys.map(Self.string).joined(separator: ", ")
                processors.append(
                    "\"csv\": { \"field\": \"message\", \"separator\": \"\(separator)\", \"target_fields\": [\(keys)] }"
                )
            case .ltsv:
                processors.append(
                    "\"kv\": { \"field\": \"message\", \"field_split\": \"\\t\", \"value_split\": \":\" }")
            case .grok: break
            }
        }
        var seen: Set<String> = []
        for proposal in suggestion.proposals {
            guard let time = proposal.time, !time.javaFormats.isEmpty, seen.insert(time.field).inserted else {
                continue
            }
            let formats = suggestion.proposals.filter { $0.time?.field == time.field }.flatMap {
                $0.time?.javaFormats ?? []
            }
            var unique: [String] = []
            for format in formats where !unique.contains(format) { unique.append(format) }
            let list = unique.map(Self.string).joined(separator: ", ")
            processors.append(
                "\"date\": { \"field\": \(Self.string(time.field)), \"formats\": [\(list)], \"ignore_failure\": true }")
        }
        var converted: Set<String> = []
        for field in suggestion.proposals.filter({ $0.parser == .grok }).flatMap(\.fields) {
            let type =
                switch field.type {
                case .integer: "long"
                case .float: "double"
                case .bool: "boolean"
                default: ""
                }
            guard !type.isEmpty, converted.insert(field.name).inserted else { continue }
            processors.append(
                "\"convert\": { \"field\": \(Self.string(field.name)), \"type\": \"\(type)\", \"ignore_missing\": true }"
            )
        }
        return "{\n  \"processors\": [\n" + processors.map { "    { \($0) }" }.joined(separator: ",\n") + "\n  ]\n}\n"
    }

    /// The types are those of the convert processors.
    private static func untyped(_ expression: String) -> String {
        var text: [UInt8] = []
        let bytes = Array(expression.utf8)
        let types = [":integer}", ":float}", ":bool}"].map { Array($0.utf8) }
        var index = 0
        while index < bytes.count {
            if bytes[index] == UInt8(ascii: ":"),
                let type = types.first(where: { bytes[index...].starts(with: $0) }), isWithinReference(bytes, index)
            {
                index += type.count - 1
                continue
            }
            text.append(bytes[index])
            index += 1
        }
        return String(decoding: text, as: UTF8.self)
    }

    /// Whether a type stands behind a name, and a name behind a reference: `%{INT:n:integer}`.
    private static func isWithinReference(_ bytes: [UInt8], _ colon: Int) -> Bool {
        let open = bytes[..<colon].lastIndex(of: UInt8(ascii: "{"))
        return open.map { bytes[$0..<colon].contains(UInt8(ascii: ":")) } ?? false
    }

    /// A JSON string (RFC 8259).
    package static func string(_ text: String) -> String {
        var out = ByteBuffer(capacity: text.utf8.count + 8)
        out.appendJSONString(text)
        return out.text(Slice(offset: 0, length: out.count))
    }
}
