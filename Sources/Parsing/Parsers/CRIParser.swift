package import Events
internal import Time

/// A line of a container's log as Kubernetes' runtimes write it (CRI, `time stream logtag message`), as the plugin
/// fluent-plugin-parser-cri reads it: `logtag` is `F` for a whole line and the last piece of one, `P` for the others.
///
/// Another parser may take the message apart. The time is then the one that it finds, and the line's own where it finds
/// none. The message is all that follows the third blank, blanks at its beginning too.
package final class CRIParser: TextParser {
    private let finisher: FieldFinisher
    private let message: (any TextParser)?
    private let mergesFields: Bool
    private let keys: ConstantText
    private let reader: TimeReader

    private enum Key: Int { case stream, logtag, message, time }

    /// - Parameters:
    ///   - message: the parser of messages; nil: they stay text.
    ///   - mergesFields: whether stream and logtag go to the fields of the message's parser.
    init(_ rules: FieldRules, message: (any TextParser)?, mergesFields: Bool, _ faults: ConversionFaults) {
        finisher = FieldFinisher(rules, faults)
        self.message = message
        self.mergesFields = mergesFields
        reader = TimeReader(rules.timeSource, zone: rules.zone)
        keys = ConstantText([
            Array("stream".utf8), Array("logtag".utf8), Array("message".utf8), rules.timeKey ?? Array("time".utf8),
        ])
    }

    package func beginBatch(storage: inout ByteBuffer) {
        keys.write(&storage)
        message?.beginBatch(storage: &storage)
    }

    package func parse(_ text: Slice, storage: inout ByteBuffer, rows: inout Rows) -> ParseResult {
        guard let parts = Self.split(text, storage) else { return .noMatch }
        let first = rows.fields.count
        guard let message else {
            add(.stream, parts.stream, &storage, &rows)
            add(.logtag, parts.logtag, &storage, &rows)
            add(.message, parts.message, &storage, &rows)
            add(.time, parts.time, &storage, &rows)
            return finisher.finish(first: first, storage: &storage, rows: &rows)
        }
        var result = message.parse(parts.message, storage: &storage, rows: &rows)
        var own: EventTime?
        if case .time(let time) = reader.read(parts.time, storage) { own = time }
        switch result {
        case .matched(nil): result = .matched(time: own)
        case .matchedMany(let records):
            result = .matchedMany(records.map { ParsedRecord(fields: $0.fields, time: $0.time ?? own) })
        default: break
        }
        guard mergesFields else { return result }
        let fields = [(Key.stream, parts.stream), (.logtag, parts.logtag)].compactMap { key, value in
            keys.slice(key.rawValue, &storage).map { Field(key: $0, value: .string(value)) }
        }
        return result.adding(fields, from: first, storage, &rows)
    }

    private func add(_ key: Key, _ value: Slice, _ storage: inout ByteBuffer, _ rows: inout Rows) {
        guard let name = keys.slice(key.rawValue, &storage) else { return }
        rows.fields.append(Field(key: name, value: .string(value)))
    }

    private static func split(
        _ text: Slice, _ storage: borrowing ByteBuffer
    ) -> (time: Slice, stream: Slice, logtag: Slice, message: Slice)? {
        var starts = [Int(text.offset)]
        var place = Int(text.offset)
        while place < text.end, starts.count < 4 {
            if storage[place] == 0x20 { starts.append(place + 1) }
            place += 1
        }
        guard starts.count == 4 else { return nil }
        func part(_ index: Int) -> Slice {
            let end = index < 3 ? starts[index + 1] - 1 : text.end
            return Slice(offset: starts[index], length: end - starts[index])
        }
        guard (0..<3).allSatisfy({ part($0).length > 0 }) else { return nil }
        return (part(0), part(1), part(2), part(3))
    }
}
