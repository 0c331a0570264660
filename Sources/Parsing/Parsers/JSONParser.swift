package import Events
internal import Time

/// JSON objects: the fields of the top level; what is nested stays text. A list of objects is one record each.
///
/// Differs from Fluentd on purpose: other JSON values (`[1,2]`, `"x"`) are no record (deviations.json).
package final class JSONParser: TextParser {
    private let finisher: FieldFinisher

    init(_ rules: FieldRules, _ faults: ConversionFaults) { finisher = FieldFinisher(rules, faults) }

    /// A number is judged like a text: no JSON object.
    package func parse(other value: Value, storage: inout ByteBuffer, rows: inout Rows) -> ParseResult { .noMatch }

    package func parse(_ text: Slice, storage: inout ByteBuffer, rows: inout Rows) -> ParseResult {
        let first = rows.fields.count
        do {
            try rows.appendFields(json: text, &storage)
        } catch .notAnObject {
            return parseList(text, storage: &storage, rows: &rows)
        } catch .tooDeep(let limit) {
            return .gaveUp(reason: "the JSON text is nested deeper than \(limit) levels")
        } catch {
            return .noMatch
        }
        return finisher.finish(first: first, storage: &storage, rows: &rows)
    }

    /// The text is one valid JSON value that is no object.
    private func parseList(_ text: Slice, storage: inout ByteBuffer, rows: inout Rows) -> ParseResult {
        guard let objects = storage.jsonObjects(inArray: text), !objects.isEmpty else { return .noMatch }
        let start = rows.fields.count
        var records: [ParsedRecord] = []
        for object in objects {
            let first = rows.fields.count
            guard (try? rows.appendFields(json: object, &storage)) != nil else {
                rows.fields.truncate(to: start)
                return .noMatch
            }
            let result = finisher.finish(first: first, storage: &storage, rows: &rows)
            guard case .matched(let time) = result else {
                rows.fields.truncate(to: start)
                return result
            }
            records.append(ParsedRecord(fields: first..<rows.fields.count, time: time))
        }
        return .matchedMany(records)
    }
}
