internal import Events
import Grok
internal import Parsing

/// Reads records with a parser other than grok, and notes what their fields hold.
struct StructuredReading {
    /// Fields that are told about.
    private static let maximumFields = 200
    /// What the time of an event is called.
    private static let timeNames = ["@timestamp", "timestamp", "time", "ts", "datetime", "date", "at", "when"]

    private let parser: (any TextParser)?
    private let faults = ConversionFaults()
    private(set) var fields: [GrokSuggestion.Field] = []
    private var times: [String: ValueSummary] = [:]
    /// Fields whose value is a number and no text.
    private var numbers: Set<String> = []

    init(_ recipe: ParserRecipe?) { parser = recipe?.makeParser(noting: faults) }

    /// Whether the parser takes a record.
    func takes(_ record: [UInt8]) -> Bool {
        var storage = ByteBuffer(capacity: record.count * 2 + 1024)
        var rows = Rows(fieldCapacity: 64)
        guard let parser else { return false }
        parser.beginBatch(storage: &storage)
        let text = storage.append(copyOf: record)
        // A time that is read as a number and is far from now is none.
        if case .matched = parser.parse(text, storage: &storage, rows: &rows) { return faults.take().isEmpty }
        return false
    }

    mutating func note(_ record: [UInt8]) {
        guard let parser else { return }
        var storage = ByteBuffer(capacity: record.count * 2 + 1024)
        var rows = Rows(fieldCapacity: 64)
        parser.beginBatch(storage: &storage)
        let text = storage.append(copyOf: record)
        guard case .matched = parser.parse(text, storage: &storage, rows: &rows) else { return }
        for index in 0..<rows.fields.count {
            let name = storage.text(rows.fields[index].key)
            let value = rows.fields[index].value
            var written = ByteBuffer(capacity: 64)
            written.appendText(value, storage)
            note(name, written.array(), isNumber: !value.isText)
        }
    }

    private mutating func note(_ name: String, _ value: [UInt8], isNumber: Bool) {
        if Self.timeNames.contains(name) {
            times[name, default: ValueSummary()].add(text: value[...], in: value)
            if isNumber { numbers.insert(name) }
        }
        if let index = fields.firstIndex(where: { $0.name == name }) {
            fields[index].recordCount += 1
            if fields[index].values.count < 3, !fields[index].values.contains(value) {
                fields[index].values.append(value)
            }
            return
        }
        guard fields.count < Self.maximumFields else { return }
        var field = GrokSuggestion.Field(name: name, type: .string, isFreeText: false)
        field.recordCount = 1
        field.values = [value]
        field.first = GrokSuggestion.Capture(name: name, type: .string, text: value)
        fields.append(field)
    }

    /// The field with the event's time, and what reads it.
    var time: GrokSuggestion.TimeKey? {
        for name in Self.timeNames {
            guard let summary = times[name], let found = ShapeExpression.time(summary, name) else { continue }
            // A number is seconds since 1970 by default; a text has its format.
            let isNumber = numbers.contains(name)
            if isNumber, !summary.isEpochSeconds { continue }
            return GrokSuggestion.TimeKey(
                field: name, formats: isNumber ? [] : found.formats, javaFormats: found.javaFormats)
        }
        return nil
    }
}
