import Events
import Grok
import Parsing
import Time

/// Fields of type time with their fraction, which a record of the daemon does not keep.
struct GrokTimes {
    private let parser: GrokParser
    /// By member and field.
    private var readers: [Int: TimeReader] = [:]

    init(_ parser: GrokParser) { self.parser = parser }

    /// The time that a field of the last hit was read as; nil when it is of another type, or is no such time.
    ///
    /// - Parameter text: the text that was parsed.
    mutating func time(
        of name: String, in text: Slice, _ storage: inout ByteBuffer
    ) -> EventTime? {
        guard let hit = parser.lastHit else { return nil }
        let fields = parser.matcher.set.members[hit].pattern.fields
        guard let index = fields.firstIndex(where: { $0.name == name }), case .time(let format) = fields[index].type
        else { return nil }
        let range = parser.matcher.range(of: index)
        // A repaired text is another one than this.
        guard range.isSet, Int(range.end) <= Int(text.length) else { return nil }
        let key = hit << 16 | index
        if readers[key] == nil {
            guard case .time(let source, let zone)? = try? ValueType(format.map { "time:\($0)" } ?? "time") else {
                return nil
            }
            readers[key] = TimeReader(source, zone: zone)
        }
        let captured = Slice(offset: Int(text.offset) + Int(range.start), length: Int(range.end - range.start))
        guard case .time(let time)? = readers[key]?.read(.string(captured), &storage) else { return nil }
        return time
    }
}
