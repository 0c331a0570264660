package import Events

/// No parsing: the whole text under one key.
package final class NoneParser: TextParser {
    private let key: ConstantText

    init(messageKey: String) { key = ConstantText([Array(messageKey.utf8)]) }

    package func beginBatch(storage: inout ByteBuffer) { key.write(&storage) }

    package func parse(_ text: Slice, storage: inout ByteBuffer, rows: inout Rows) -> ParseResult {
        if let key = key.slice(0, &storage) { rows.fields.append(Field(key: key, value: .string(text))) }
        return .matched(time: nil)
    }

    /// Any value is one.
    package func parse(other value: Value, storage: inout ByteBuffer, rows: inout Rows) -> ParseResult {
        if let key = key.slice(0, &storage) { rows.fields.append(Field(key: key, value: value)) }
        return .matched(time: nil)
    }
}
