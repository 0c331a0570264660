import Grok

/// What near-misses are made of.
enum NearMissSource: String, CaseIterable, Sendable {
    /// Operators' expressions for public formats.
    case formats = "public formats"
    /// The shipped definitions with their sample lines.
    case legacy = "shipped definitions, legacy"
    case ecs = "shipped definitions, ecs-v1"
    /// The shipped definitions with lines that fluent-plugin-grok-parser was seen to match.
    case legacyLines = "shipped definitions, legacy, on other lines"
    case ecsLines = "shipped definitions, ecs-v1, on other lines"

    var series: PatternSeries {
        switch self {
        case .formats, .legacy, .legacyLines: .legacy
        case .ecs, .ecsLines: .ecsV1
        }
    }

    /// The share of near-misses of which the right element is to be named. Some shipped definitions take any text in several
    /// places of a line, so that nobody can tell what is missing.
    var namedFloor: Double {
        switch self {
        case .formats, .legacy, .ecs: 0.97
        case .legacyLines, .ecsLines: 0.95
        }
    }

    /// Definitions of the set with a line of several elements each: one of a single element has nothing to be right about.
    func pairs(_ library: PatternLibrary) throws -> [(definition: String?, expression: String, line: String)] {
        let lines: [(String, String)]
        switch self {
        case .formats: return NearMissPairs.all.map { (nil, $0.expression, $0.line) }
        case .legacy, .ecs:
            lines = library.names.sorted().compactMap { name in
                library.definition(of: name)?.sample.map { (name, $0) }
            }
        case .legacyLines, .ecsLines:
            lines = try GoldenFile.objects("cases.jsonl").compactMap { object in
                guard object["series"]?.string == series.rawValue, object["matched"] == .bool(true),
                    let expression = object["expression"]?.string, expression.hasPrefix("%{"),
                    expression.hasSuffix("}"),
                    let line = String(validating: object.line, as: UTF8.self)
                else { return nil }
                return (String(expression.dropFirst(2).dropLast()), line)
            }
        }
        return lines.compactMap { name, line in
            guard line.contains(" "), let definition = library.definition(of: name) else { return nil }
            return (name, definition.expression, line)
        }
    }
}
