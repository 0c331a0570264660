package import Events
internal import Grok

/// Apache's combined log. All eight fields are in every record: `-` and what is missing are null, code and size integers.
package final class Apache2Parser: TextParser {
    private enum Column: Int, CaseIterable {
        case host, user, method, path, code, size, referer, agent, time
    }

    private let matcher: PatternMatcher
    private let columns: Columns
    /// The number of the expression's group for each column.
    private let groups: [Int]

    init(_ regex: Regex, _ rules: FieldRules, limits: MatchLimits, _ faults: ConversionFaults) {
        matcher = PatternMatcher(regex, limits: limits)
        let groupNames = regex.groups.map(\.name)
        groups = Column.allCases.map { groupNames.firstIndex(of: "\($0)") ?? 0 }
        columns = Columns(Column.allCases.map { Array("\($0)".utf8) }, rules, faults)
    }

    package func beginBatch(storage: inout ByteBuffer) { columns.beginBatch(&storage) }

    package func parse(_ text: Slice, storage: inout ByteBuffer, rows: inout Rows) -> ParseResult {
        var subject = text
        if let failure = matcher.begin(&subject, columns, &storage) { return failure }
        let first = rows.fields.count
        for column in Column.allCases {
            guard let group = matcher.group(groups[column.rawValue], in: subject) else {
                columns.add(column.rawValue, value: .null, &rows)
                continue
            }
            let isDash = group.length == 1 && storage[Int(group.offset)] == UInt8(ascii: "-")
            switch column {
            case .code:
                let code = RubyNumber.integer(group, &storage)
                columns.add(column.rawValue, value: code.kind == .int && code.intValue == 0 ? .null : code, &rows)
            case .size:
                columns.add(column.rawValue, value: isDash ? .null : RubyNumber.integer(group, &storage), &rows)
            case .host where isDash, .user where isDash, .referer where isDash, .agent where isDash:
                columns.add(column.rawValue, value: .null, &rows)
            default:
                if !columns.add(column.rawValue, group, &storage, &rows) {
                    return columns.refuse(first, &rows)
                }
            }
        }
        return .matched(time: columns.time)
    }
}
