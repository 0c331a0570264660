internal import Events
import Grok
internal import Parsing

/// Runs records through the parser that the daemon makes of the proposed section: the same expressions, time options and
/// definitions. What it refuses is not claimed.
///
/// A class, because the parser keeps scratch between calls.
final class SectionCheck {
    /// An expression with its time options, as a `<grok>` section has them.
    struct Member {
        let expression: String
        let time: GrokSuggestion.TimeKey?
    }

    /// What became of a record.
    enum Outcome {
        /// A member took it, and these are the places of its fields.
        case taken(member: Int)
        case refused
    }

    private let parser: GrokParser
    private let faults = ConversionFaults()
    private var storage = ByteBuffer(capacity: 32 * 1024)
    private var rows = Rows(fieldCapacity: 256)

    /// nil when no parser can be made of it.
    init?(_ members: [Member], library: PatternLibrary, isMultiline: Bool) {
        var options = GrokOptions(
            members.map { GrokOptions.Section($0.expression, options: Self.options($0.time)) }, library: library)
        options.isMultiline = isMultiline
        // Less than the daemon allows: an expression that needs more is none to propose.
        options.options.matchLimits.matchSteps = 200_000
        options.options.matchLimits.timeoutNanoseconds = 10_000_000
        guard let recipe = try? ParserRecipe.grok(options), recipe.warnings.isEmpty,
            let parser = recipe.makeParser(noting: faults) as? GrokParser
        else { return nil }
        self.parser = parser
    }

    /// The time options that the section prints.
    static func options(_ time: GrokSuggestion.TimeKey?) -> ParserOptions {
        var options = ParserOptions()
        guard let time else { return options }
        options.timeKey = time.field
        options.keepTimeKey = true
        options.timeFormat = time.formats.first
        if time.formats.count > 1 {
            options.timeType = .mixed
            options.timeFormatFallbacks = Array(time.formats.dropFirst())
        }
        return options
    }

    /// What the parser makes of a record. A value that its type cannot hold is no match, either.
    func run(_ record: [UInt8]) -> Outcome {
        storage.clear()
        rows.clear()
        parser.beginBatch(storage: &storage)
        let text = storage.append(copyOf: record)
        guard case .matched = parser.parse(text, storage: &storage, rows: &rows), let member = parser.lastHit else {
            return .refused
        }
        if !faults.isEmpty {
            _ = faults.take()
            return .refused
        }
        return .taken(member: parser.matcher.set.members[member].index)
    }

    /// The fields of the last record that was taken.
    func fields(of member: Int) -> [GrokField] { self.member(member)?.pattern.fields ?? [] }

    private func member(_ index: Int) -> GrokSet.Member? { parser.matcher.set.members.first { $0.index == index } }

    /// Where the field of the last record that was taken stands; nil when it has none.
    func range(_ field: Int) -> Range<Int>? {
        let range = parser.matcher.range(of: field)
        return range.isSet ? Int(range.start)..<Int(range.end) : nil
    }
}
