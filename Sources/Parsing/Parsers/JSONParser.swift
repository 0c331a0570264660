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
        let start = rows.fields.count
        var records: [ParsedRecord] = []
        var place = Self.afterSpace(storage, Int(text.offset), text.end)
        guard place < text.end, storage[place] == UInt8(ascii: "[") else { return .noMatch }
        while true {
            place = Self.afterSpace(storage, place + 1, text.end)
            guard place < text.end, storage[place] == UInt8(ascii: "{"),
                let end = try? JSONTranscoder.valueEnd(storage, from: place), end <= text.end
            else { break }
            let first = rows.fields.count
            guard (try? rows.appendFields(json: Slice(offset: place, length: end - place), &storage)) != nil else {
                break
            }
            let result = finisher.finish(first: first, storage: &storage, rows: &rows)
            guard case .matched(let time) = result else {
                rows.fields.truncate(to: start)
                return result
            }
            records.append(ParsedRecord(fields: first..<rows.fields.count, time: time))
            place = Self.afterSpace(storage, end, text.end)
            guard place < text.end, storage[place] == UInt8(ascii: ",") else { return .matchedMany(records) }
        }
        rows.fields.truncate(to: start)
        return .noMatch
    }

    /// The next offset that is neither white space nor in a comment.
    private static func afterSpace(_ storage: borrowing ByteBuffer, _ start: Int, _ end: Int) -> Int {
        var place = start
        while place < end {
            if isSpace(storage[place]) {
                place += 1
            } else if storage[place] == UInt8(ascii: "/"), place + 1 < end {
                let isLine = storage[place + 1] == UInt8(ascii: "/")
                place += 2
                while place < end,
                    isLine
                        ? storage[place] != 0x0A
                        : !(storage[place - 1] == UInt8(ascii: "*") && storage[place] == UInt8(ascii: "/"))
                {
                    place += 1
                }
                place += isLine ? 0 : 1
            } else {
                break
            }
        }
        return place
    }
}
