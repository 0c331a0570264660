package import Events

/// `@type dedot`: dots in the names of fields become another text, since a search engine takes `a.b` for a field `b` within
/// `a` (fluent-plugin-dedot_filter: `de_dot_separator`, `de_dot_nested`).
///
/// Of fields that get the same name the last one's value stays, at the place of the first, as in a Ruby hash.
package final class DedotFilter: Filter {
    private let separator: [UInt8]
    /// As it is within a JSON string.
    private let escapedSeparator: [UInt8]
    private let isNested: Bool
    /// For nested values, one after the other.
    private var json = ByteBuffer(capacity: 256)
    /// Where the fields of a record are, by their new names.
    private var places: [[UInt8]: Int] = [:]

    /// - Parameter isNested: names within maps and arrays, too.
    package init(separator: [UInt8], isNested: Bool) {
        self.separator = separator
        self.isNested = isNested
        var escaped = ByteBuffer(capacity: 16)
        escaped.appendJSONString(separator)
        escapedSeparator = Array(escaped.array().dropFirst().dropLast())
    }

    package func apply(_ batch: Batch, storage: inout ByteBuffer, rows: inout Rows) {
        for index in rows.records.indices {
            let record = rows.records[index]
            let renamesFields = record.fieldRange.contains { storage.holds(Self.dot, in: rows.fields[$0].key) }
            guard renamesFields || isNested && record.fieldRange.contains(where: { rows.fields[$0].value.isNested })
            else { continue }
            let first = rows.copyFields(of: record)
            if isNested {
                for place in first..<first + Int(record.fieldCount) where rows.fields[place].value.isNested {
                    rename(&rows.fields[place].value, &storage)
                }
            }
            let count = renamesFields ? renameFields(from: first, &storage, &rows) : Int(record.fieldCount)
            rows.records[index] = Record(
                time: record.time, firstField: first, fieldCount: count, origin: record.origin)
        }
        json.clear()
        json.shrink(toAtMost: Self.keptBytes)
        if places.capacity > Self.keptPlaces { places = [:] }
    }

    /// What one large record leaves behind for the next.
    private static let keptBytes = 1 << 16
    private static let keptPlaces = 1 << 10

    private static var dot: UInt8 { UInt8(ascii: ".") }

    /// Renames the fields from `first` on, which nobody else has, and answers how many are left.
    private func renameFields(from first: Int, _ storage: inout ByteBuffer, _ rows: inout Rows) -> Int {
        places.removeAll(keepingCapacity: true)
        var end = first
        for place in first..<rows.fields.count {
            var field = rows.fields[place]
            if storage.holds(Self.dot, in: field.key) { field.key = renamed(field.key, &storage) }
            let name = storage.array(field.key)
            if let earlier = places[name] {
                rows.fields[earlier].value = field.value
            } else {
                places[name] = end
                rows.fields[end] = field
                end += 1
            }
        }
        rows.fields.truncate(to: end)
        return end - first
    }

    private func renamed(_ key: Slice, _ storage: inout ByteBuffer) -> Slice {
        let start = storage.count
        for offset in Int(key.offset)..<key.end {
            let byte = storage[offset]
            if byte == Self.dot { storage.append(separator) } else { storage.append(byte) }
        }
        return Slice(offset: start, length: storage.count - start)
    }

    private func rename(_ value: inout Value, _ storage: inout ByteBuffer) {
        // A dot of JSON text may be written as an escape.
        guard
            storage.holds(Self.dot, in: value.slice)
                || value.kind == .json && storage.holds(UInt8(ascii: "\\"), in: value.slice)
        else { return }
        json.clear()
        json.appendJSON(value, storage)
        let start = storage.count
        if storage.append(json, replacingDotsInKeysBy: escapedSeparator) {
            value = Value(.json, Slice(offset: start, length: storage.count - start))
        } else {
            storage.truncate(to: start)
        }
    }
}
