internal import Events

/// `<entry>`: what the fields of a journal's entry are called in the record.
package struct JournalEntryRules: Sendable {
    /// A field of the record, and those of the entry that it is made of.
    struct Mapped: Sendable {
        let name: [UInt8]
        var sources: [[UInt8]]
    }

    private var mapped: [Mapped] = []
    private var sources: Set<[UInt8]> = []
    /// `field_map_strict`: only mapped fields are in the record.
    package var isStrict = false
    /// `fields_strip_underscores`: of fields that are not mapped.
    package var stripsUnderscores = false
    /// `fields_lowercase`: of fields that are not mapped.
    package var lowercases = false

    package init() {}

    /// `field_map`: a field of the entry stands under these names.
    package mutating func map(_ source: String, to names: [String]) {
        let source = Array(source.utf8)
        sources.insert(source)
        for name in names.map({ Array($0.utf8) }) {
            if let known = mapped.firstIndex(where: { $0.name == name }) {
                if !mapped[known].sources.contains(source) { mapped[known].sources.append(source) }
            } else {
                mapped.append(Mapped(name: name, sources: [source]))
            }
        }
    }

    /// Appends the record's fields; answers how many.
    ///
    /// Fields that come together under one name are joined by a blank; one that an entry has several times is an array.
    ///
    /// - Parameter data: an entry's fields, in its order; one may come again.
    func append(
        _ data: [(key: Slice, value: Slice)], _ storage: inout ByteBuffer, to rows: inout Rows
    ) -> Int {
        var entry: [(key: [UInt8], values: [Slice])] = []
        for (key, value) in data {
            let name = storage.array(key)
            if let known = entry.firstIndex(where: { $0.key == name }) {
                entry[known].values.append(value)
            } else {
                entry.append((name, [value]))
            }
        }
        var record: [(name: [UInt8], parts: [[Slice]])] = []
        for field in mapped {
            let parts = field.sources.compactMap { source in entry.first { $0.key == source }?.values }
            if !parts.isEmpty { record.append((field.name, parts)) }
        }
        if !isStrict {
            for (key, values) in entry where !sources.contains(key) {
                let name = name(key)
                if let known = record.firstIndex(where: { $0.name == name }) {
                    record[known].parts.insert(values, at: 0)
                } else {
                    record.append((name, [values]))
                }
            }
        }
        for (name, parts) in record {
            let key = storage.append(copyOf: name)
            rows.fields.append(Field(key: key, value: Self.value(parts, &storage)))
        }
        return record.count
    }

    private func name(_ key: [UInt8]) -> [UInt8] {
        let name = stripsUnderscores ? Array(key.drop { $0 == UInt8(ascii: "_") }) : key
        return lowercases ? name.map { (0x41...0x5A).contains($0) ? $0 | 0x20 : $0 } : name
    }

    private static func value(_ parts: [[Slice]], _ storage: inout ByteBuffer) -> Value {
        if parts.count == 1, parts[0].count == 1 { return .string(parts[0][0]) }
        let start = storage.count
        if parts.count == 1 {
            var json = ByteBuffer(capacity: 256)
            for (index, value) in parts[0].enumerated() {
                json.append(UInt8(ascii: index == 0 ? "[" : ","))
                json.appendJSONString(value, storage)
            }
            json.append(UInt8(ascii: "]"))
            storage.append(json)
            return Value(.json, Slice(offset: start, length: storage.count - start))
        }
        for (index, value) in parts.joined().enumerated() {
            if index > 0 { storage.append(UInt8(ascii: " ")) }
            storage.append(slice: value)
        }
        return .string(Slice(offset: start, length: storage.count - start))
    }
}
