internal import Events

/// A record as JSON for people: long values are cut, so that what is shown has a bound.
enum TapRecordText {
    /// Of one value; what is longer is shown as text that ends with `…`.
    static let valueBytes = 2048
    /// Of a record; fields behind that are left out, and one called `…` says how many.
    static let recordBytes = 16 * 1024

    static func json(_ record: Record, _ rows: borrowing Rows, _ storage: borrowing ByteBuffer) -> String {
        var out = ByteBuffer(capacity: 256)
        var value = ByteBuffer(capacity: 64)
        out.append("{")
        for (place, index) in record.fieldRange.enumerated() {
            if place > 0 { out.append(",") }
            if out.count > recordBytes {
                out.append("\"…\":\"\(record.fieldRange.count - place) more fields\"")
                break
            }
            let field = rows.fields[index]
            out.appendJSONString(cut(storage.text(field.key)))
            out.append(":")
            value.clear()
            value.appendJSON(field.value, storage)
            if value.count <= valueBytes {
                out.append(value.array())
            } else {
                out.appendJSONString(cut(value.text(Slice(offset: 0, length: value.count))))
            }
        }
        out.append("}")
        return out.text(Slice(offset: 0, length: out.count))
    }

    private static func cut(_ text: String) -> String {
        text.utf8.count <= valueBytes ? text : String(decoding: text.utf8.prefix(valueBytes), as: UTF8.self) + "…"
    }
}
