import Events
import Parsing
import Testing

/// Runs a parser on single texts and shows the answer in a form that reads well in a test.
struct Trial {
    enum Answer: Equatable, CustomStringConvertible {
        /// The record as JSON, and its time.
        case record(String, EventTime?)
        case records([String])
        case noMatch
        case invalidTime(String)
        case malformed(String)
        case gaveUp(String)

        var description: String {
            switch self {
            case .record(let json, let time):
                "\(json) at \(time.map { "\($0.seconds).\($0.nanoseconds)" } ?? "no time")"
            case .records(let list): "\(list)"
            case .noMatch: "no match"
            case .invalidTime(let reason): "invalid time: \(reason)"
            case .malformed(let reason): "malformed: \(reason)"
            case .gaveUp(let reason): "gave up: \(reason)"
            }
        }
    }

    static func run(_ parser: any TextParser, _ text: [UInt8], padding: String = "") -> Answer {
        var storage = ByteBuffer()
        var rows = Rows(fieldCapacity: 16)
        storage.append(padding)
        parser.beginBatch(storage: &storage)
        let start = storage.count
        storage.append(text)
        let result = parser.parse(
            Slice(offset: start, length: text.count), storage: &storage, rows: &rows)
        return answer(result, storage, rows, first: 0)
    }

    static func run(_ recipe: ParserRecipe, _ text: String) -> Answer { run(recipe.makeParser(), Array(text.utf8)) }

    static func answer(
        _ result: ParseResult, _ storage: borrowing ByteBuffer, _ rows: borrowing Rows, first: Int,
        fields: Range<Int>? = nil
    ) -> Answer {
        switch result {
        case .matched(let time): .record(json(fields ?? first..<rows.fields.count, storage, rows), time)
        case .matchedMany(let records): .records(records.map { json($0.fields, storage, rows) })
        case .noMatch: .noMatch
        case .invalidTime(let reason): .invalidTime(reason)
        case .parts(let parts):
            .records(
                parts.map { "\(answer($0.result, storage, rows, first: 0, fields: $0.fields))" })
        case .malformed(let reason): .malformed(reason)
        case .gaveUp(let reason): .gaveUp(reason)
        }
    }

    static func json(_ fields: Range<Int>, _ storage: borrowing ByteBuffer, _ rows: borrowing Rows) -> String {
        var out = ByteBuffer()
        out.appendJSONObject(
            Record(time: EventTime(seconds: 0), firstField: fields.lowerBound, fieldCount: fields.count), rows, storage)
        return out.text(Slice(offset: 0, length: out.count))
    }
}

/// What every parser must keep, whatever it parses. Hand it a parser, a text it takes and one it refuses.
enum ParserRules {
    static func check(
        _ recipe: ParserRecipe, accepts: String, refuses: String?, location: SourceLocation = #_sourceLocation
    ) {
        let whole = Trial.run(recipe, accepts)
        checkPlaces(recipe, accepts, whole, location)
        checkAppending(recipe, accepts, refuses, location)
        checkForgottenBatch(recipe, accepts, whole, location)
        checkEscapes(recipe, accepts, whole, location)
        if let refuses { #expect(!isRecord(Trial.run(recipe, refuses)), sourceLocation: location) }
        // Bytes that are no UTF-8 must neither trap nor make keys that are no UTF-8.
        for position in [0, accepts.utf8.count / 2, accepts.utf8.count] {
            var bytes = Array(accepts.utf8)
            bytes.insert(contentsOf: [0xFF, 0xC3], at: position)
            _ = Trial.run(recipe.makeParser(), bytes)
        }
        // Neither must any beginning of the text.
        for length in 0..<accepts.utf8.count { _ = Trial.run(recipe.makeParser(), Array(accepts.utf8.prefix(length))) }
    }

    private static func isRecord(_ answer: Trial.Answer) -> Bool { if case .record = answer { true } else { false } }

    /// The answer does not depend on where in the storage the text lies.
    private static func checkPlaces(
        _ recipe: ParserRecipe, _ text: String, _ whole: Trial.Answer, _ location: SourceLocation
    ) {
        for padding in ["x", "{\"", String(repeating: "y", count: 37)] {
            #expect(
                Trial.run(recipe.makeParser(), Array(text.utf8), padding: padding) == whole, sourceLocation: location)
        }
    }

    /// Earlier fields stay, keys are unique, and nothing is left behind by a refusal.
    private static func checkAppending(
        _ recipe: ParserRecipe, _ accepts: String, _ refuses: String?, _ location: SourceLocation
    ) {
        let parser = recipe.makeParser()
        var storage = ByteBuffer()
        var rows = Rows(fieldCapacity: 16)
        parser.beginBatch(storage: &storage)
        let refused = refuses.map { Slice(offset: storage.append(returningStart: $0), length: $0.utf8.count) }
        let accepted = Slice(offset: storage.append(returningStart: accepts), length: accepts.utf8.count)
        var shown: [String] = []
        for _ in 0..<3 {
            if let refused {
                let before = rows.fields.count
                _ = parser.parse(refused, storage: &storage, rows: &rows)
                #expect(rows.fields.count == before, "a refusal left fields behind", sourceLocation: location)
            }
            let first = rows.fields.count
            let result = parser.parse(accepted, storage: &storage, rows: &rows)
            guard case .matched = result else { return }
            var keys: Set<String> = []
            for index in first..<rows.fields.count {
                let key = storage.text(rows.fields[index].key)
                #expect(keys.insert(key).inserted, "the key \(key) comes twice", sourceLocation: location)
            }
            shown.append(Trial.json(first..<rows.fields.count, storage, rows))
            #expect(Trial.json(0..<rows.fields.count, storage, rows).hasPrefix(shown[0].dropLast()))
        }
        #expect(Set(shown).count == 1, sourceLocation: location)
    }

    /// A caller that forgot `beginBatch` loses speed, not data.
    private static func checkForgottenBatch(
        _ recipe: ParserRecipe, _ text: String, _ whole: Trial.Answer, _ location: SourceLocation
    ) {
        let parser = recipe.makeParser()
        for _ in 0..<2 {
            var storage = ByteBuffer()
            var rows = Rows(fieldCapacity: 16)
            storage.append(text)
            let result = parser.parse(Slice(offset: 0, length: text.utf8.count), storage: &storage, rows: &rows)
            #expect(Trial.answer(result, storage, rows, first: 0) == whole, sourceLocation: location)
        }
    }

    /// The same text inside a JSON string with escapes.
    private static func checkEscapes(
        _ recipe: ParserRecipe, _ text: String, _ whole: Trial.Answer, _ location: SourceLocation
    ) {
        let parser = recipe.makeParser()
        var storage = ByteBuffer()
        var rows = Rows(fieldCapacity: 16)
        for unit in text.utf16 {
            storage.append("\\u")
            for shift in [12, 8, 4, 0] {
                storage.append(Array("0123456789abcdef".utf8)[Int(unit >> UInt16(shift) & 15)])
            }
        }
        let value = Value(.jsonString, Slice(offset: 0, length: storage.count))
        guard let result = parser.parse(value, storage: &storage, rows: &rows) else {
            Issue.record("text with escapes was not parsed", sourceLocation: location)
            return
        }
        #expect(Trial.answer(result, storage, rows, first: 0) == whole, sourceLocation: location)
    }
}

extension ByteBuffer {
    mutating func append(returningStart text: String) -> Int {
        let start = count
        append(text)
        return start
    }
}
