internal import Events
internal import Grok
internal import Time

/// The fields of a parser that knows their names beforehand: captures of an expression, columns of a table.
///
/// Their keys are written to the storage once for each batch, so a record costs no copy of a name and no comparison of
/// keys. One for each parser and thread.
final class Columns {
    /// The names one after another, as they lie in the storage.
    private let keyBlock: [UInt8]
    private let keyOffsets: [Int]
    private let keyLengths: [Int]
    private var keyStart = 0
    /// nil: text stays text.
    private let converters: [FieldConverter?]
    private let timeColumn: Int
    private let keepsTimeKey: Bool
    private let reader: TimeReader
    private let plausibility: TimePlausibility?
    private let nulls: NullRule
    private let hasNulls: Bool
    /// Every text is taken as it is: no time, no nulls, no types.
    private let isPlain: Bool

    private var foundTime: EventTime?
    private var foundFailure: String?

    /// The time of the record being filled, if a column held it. (Looked up only where there is such a column: every access
    /// to a variable of an object is checked, which costs as much as a field.)
    var time: EventTime? { timeColumn < 0 ? nil : foundTime }
    /// Why the time column holds no time.
    var failure: String? { timeColumn < 0 ? nil : foundFailure }

    /// Names must be distinct. `types` has an entry for each name; nil takes what the rules say.
    init(_ names: [[UInt8]], types: [ValueType?] = [], _ rules: FieldRules, _ faults: ConversionFaults) {
        keyBlock = Array(names.joined())
        keyLengths = names.map(\.count)
        var offsets: [Int] = []
        var offset = 0
        for name in names {
            offsets.append(offset)
            offset += name.count
        }
        keyOffsets = offsets
        converters = names.indices.map { index in
            let type = (index < types.count ? types[index] : nil) ?? rules.type(of: names[index])
            guard let converter = type.map({ FieldConverter($0, of: names[index], faults) }), !converter.keepsText
            else { return nil }
            return converter
        }
        timeColumn = rules.timeKey.flatMap { names.firstIndex(of: $0) } ?? -1
        keepsTimeKey = rules.keepsTimeKey
        reader = TimeReader(rules.timeSource, zone: rules.zone)
        plausibility = timeColumn < 0 ? nil : TimePlausibility(reader, key: names[timeColumn], faults)
        nulls = NullRule(rules)
        hasNulls = nulls.isActive
        isPlain = timeColumn < 0 && !hasNulls && converters.allSatisfy { $0 == nil }
    }

    var count: Int { keyOffsets.count }

    /// Whether a name is among the columns.
    func key(_ column: Int) -> Slice {
        Slice(offset: keyStart &+ keyOffsets[column], length: keyLengths[column])
    }

    func beginBatch(_ storage: inout ByteBuffer) {
        keyStart = storage.count
        storage.append(keyBlock)
    }

    /// Call it before the first `add` of a record. Should the storage be another than at `beginBatch` (a caller that did
    /// not call it), the keys are written again, so that a forgotten call costs speed and not data.
    func beginRecord(_ storage: inout ByteBuffer) {
        if timeColumn >= 0 {
            foundTime = nil
            foundFailure = nil
        }
        let block = Slice(offset: keyStart, length: keyBlock.count)
        if block.end > storage.count || !storage.equals(block, keyBlock) { beginBatch(&storage) }
    }

    /// Adds a field for each column that the expression captured. false: the time is invalid, see `failure`.
    func addCaptures(
        of matcher: GrokMatcher, in text: Slice, _ storage: inout ByteBuffer, _ rows: inout Rows
    ) -> Bool {
        let keyStart = keyStart
        for column in 0..<keyOffsets.count {
            let range = matcher.range(of: column)
            guard range.isSet else { continue }
            let value = Slice(offset: Int(text.offset) &+ Int(range.start), length: Int(range.end &- range.start))
            if isPlain {
                let key = Slice(offset: keyStart &+ keyOffsets[column], length: keyLengths[column])
                rows.fields.append(Field(key: key, value: .string(value)))
            } else if !add(column, value, &storage, &rows) {
                return false
            }
        }
        return true
    }

    /// Adds a field with a text, or takes it as the time. false: the time is invalid, see `failure`.
    @inline(__always)
    func add(_ column: Int, _ text: Slice, _ storage: inout ByteBuffer, _ rows: inout Rows) -> Bool {
        if column == timeColumn, !takeTime(text, storage) { return false }
        if column == timeColumn && !keepsTimeKey { return true }
        var value = Value.string(text)
        if hasNulls, nulls.isNull(text, storage) {
            value = .null
        } else if let converter = converters[column] {
            value = converter.convert(value, &storage)
        }
        rows.fields.append(Field(key: key(column), value: value))
        return true
    }

    /// Adds a field with a value that needs no conversion.
    func add(_ column: Int, value: Value, _ rows: inout Rows) {
        rows.fields.append(Field(key: key(column), value: value))
    }

    /// Takes back the fields of a record whose time is invalid.
    func refuse(_ first: Int, _ rows: inout Rows) -> ParseResult {
        rows.fields.truncate(to: first)
        return .invalidTime(reason: failure ?? "")
    }

    private func takeTime(_ text: Slice, _ storage: borrowing ByteBuffer) -> Bool {
        switch reader.read(text, storage) {
        case .time(let value):
            foundTime = value
            if !TimePlausibility.isPlausible(value) { plausibility?.note(value, .string(text), storage) }
            return true
        case .invalid(let reason):
            foundFailure = reason
            return false
        }
    }
}
