package import Events
internal import Grok

/// A regular expression with named groups: each group that took part becomes a field, in the order of the names.
package final class RegexpParser: TextParser {
    private let matcher: PatternMatcher
    private let columns: Columns

    init(_ regex: Regex, types: [ValueType?] = [], _ rules: FieldRules, limits: MatchLimits = MatchLimits()) {
        matcher = PatternMatcher(regex, limits: limits)
        columns = Columns(matcher.names, types: types, rules)
    }

    package func beginBatch(storage: inout ByteBuffer) { columns.beginBatch(&storage) }

    package func parse(_ text: Slice, storage: inout ByteBuffer, rows: inout Rows) -> ParseResult {
        var subject = text
        switch matcher.match(&subject, &storage) {
        case .noMatch: return .noMatch
        case .gaveUp(let reason): return .gaveUp(reason: "the expression gave up: \(reason)")
        case .matched: break
        }
        let first = rows.fields.count
        columns.beginRecord(&storage)
        for index in 0..<columns.count {
            guard let group = matcher.group(index, in: subject) else { continue }
            if !columns.add(index, group, &storage, &rows) {
                rows.fields.truncate(to: first)
                return .invalidTime(reason: columns.failure ?? "")
            }
        }
        return .matched(time: columns.time)
    }
}
