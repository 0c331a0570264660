package import Events
internal import Grok

/// A regular expression with named groups: each group that took part becomes a field, in the order of the names.
package final class RegexpParser: TextParser {
    private let matcher: PatternMatcher
    private let columns: Columns

    init(_ regex: Regex, _ rules: FieldRules, limits: MatchLimits, _ faults: ConversionFaults) {
        matcher = PatternMatcher(regex, limits: limits)
        columns = Columns(matcher.names, rules, faults)
    }

    package func beginBatch(storage: inout ByteBuffer) { columns.beginBatch(&storage) }

    package func parse(_ text: Slice, storage: inout ByteBuffer, rows: inout Rows) -> ParseResult {
        var subject = text
        if let failure = matcher.begin(&subject, columns, &storage) { return failure }
        let first = rows.fields.count
        for index in 0..<columns.count {
            guard let group = matcher.group(index, in: subject) else { continue }
            if !columns.add(index, group, &storage, &rows) {
                return columns.refuse(first, &rows)
            }
        }
        return .matched(time: columns.time)
    }
}
