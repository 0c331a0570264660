package import Events

/// Writes records as GELF messages: `{"version":"1.1","host":"web-1","short_message":"…","timestamp":1576605304.123,…}`.
///
/// Source: Graylog's "GELF Payload Specification" 1.1; which field becomes what is as in fluent-plugin-gelf-hs. Names that
/// Graylog does not take are changed: letters, digits, `_`, `.` and `-` stay, others become `_`, and `_id` becomes `_id_`.
package struct GELFWriter: ItemWriter {
    private let settings: GELFSettings
    private let hostname: [UInt8]

    package init(_ settings: GELFSettings) {
        self.settings = settings
        hostname = Array(settings.hostname.utf8)
    }

    package var isWhole: Bool { false }

    /// Fields that a message has under their own names.
    private static let ownNames = ["full_message", "facility", "line", "file"].map { Array($0.utf8) }
    /// What stands in for `short_message`, the first that says something.
    private static let messageNames = ["message", "_message", "msg", "_msg", "log", "_log", "record", "_record"]
        .map { Array($0.utf8) }

    package mutating func write(
        _ record: Record, tag: Tag, _ storage: inout ByteBuffer, _ rows: inout Rows, to out: inout ByteBuffer
    ) -> WrittenItem {
        let start = out.count
        /// Fields that are written already, by their place.
        var taken: Set<Int> = []
        out.append("{\"version\":\"1.1\",\"host\":")
        var sender = hostname
        if settings.usesRecordHost, let place = rows.find(Array("host".utf8), in: record, storage) {
            let text = rows.text(at: place, storage)
            if Self.saysSomething(text) { sender = text }
            taken.insert(place)
        }
        out.appendJSONString(sender)
        appendMessage(record, rows, storage, &taken, to: &out)
        appendTime(record, rows, storage, &taken, to: &out)
        appendLevel(record, rows, storage, &taken, to: &out)
        var hasFacility = false
        for name in Self.ownNames {
            guard let place = rows.find(name, in: record, storage) else { continue }
            taken.insert(place)
            if rows.fields[place].value.kind == .null { continue }
            if name == Self.ownNames[1] { hasFacility = true }
            out.append(UInt8(ascii: ","))
            out.appendJSONString(name)
            out.append(UInt8(ascii: ":"))
            Self.append(rows.fields[place].value, storage, to: &out)
        }
        if !hasFacility { out.append(",\"facility\":\"fluentd\"") }
        var names: Set<[UInt8]> = []
        for index in record.fieldRange where !taken.contains(index) {
            let field = rows.fields[index]
            if field.value.kind == .null { continue }
            let name = Self.name(storage.array(field.key))
            guard names.insert(name).inserted else { continue }
            out.append(UInt8(ascii: ","))
            out.appendJSONString(name)
            out.append(UInt8(ascii: ":"))
            Self.append(field.value, storage, to: &out)
        }
        if !names.contains(Array("_tag".utf8)) {
            out.append(",\"_tag\":")
            out.appendJSONString(tag.bytes)
        }
        out.append("}")
        return .item(recordAt: start, fields: [])
    }

    // MARK: - Message, time, level

    private func appendMessage(
        _ record: Record, _ rows: borrowing Rows, _ storage: borrowing ByteBuffer, _ taken: inout Set<Int>,
        to out: inout ByteBuffer
    ) {
        out.append(",\"short_message\":")
        if let place = rows.find(Array("short_message".utf8), in: record, storage) {
            taken.insert(place)
            let text = rows.text(at: place, storage)
            if Self.saysSomething(text) { return out.appendJSONString(text) }
        }
        for name in Self.messageNames {
            guard let place = rows.find(name, in: record, storage) else { continue }
            let text = rows.text(at: place, storage)
            guard Self.saysSomething(text) else { continue }
            taken.insert(place)
            return out.appendJSONString(text)
        }
        out.append("\"(no message)\"")
    }

    /// Graylog refuses messages of white space alone.
    private static func saysSomething(_ text: [UInt8]) -> Bool { text.contains { $0 > 0x20 && $0 != 0x7F } }

    /// Seconds with milliseconds, rounded, as the plugin has them.
    private func appendTime(
        _ record: Record, _ rows: borrowing Rows, _ storage: borrowing ByteBuffer, _ taken: inout Set<Int>,
        to out: inout ByteBuffer
    ) {
        out.append(",\"timestamp\":")
        if settings.addsMilliseconds, let place = rows.find(Array("msec".utf8), in: record, storage) {
            let digits = rows.text(at: place, storage)
            if !digits.isEmpty, digits.count <= 9, digits.allSatisfy({ (0x30...0x39).contains($0) }) {
                taken.insert(place)
                out.appendDecimal(record.time.seconds)
                out.append(UInt8(ascii: "."))
                return out.append(digits)
            }
        }
        let milliseconds = (record.time.nanoseconds + 500_000) / 1_000_000
        out.appendDecimal(record.time.seconds + (milliseconds == 1000 ? 1 : 0))
        guard milliseconds % 1000 > 0 else { return }
        out.append(UInt8(ascii: "."))
        out.appendDecimal(milliseconds % 1000, width: 3)
    }

    /// A level that is none stays a field; without one the message has the specification's default.
    private func appendLevel(
        _ record: Record, _ rows: borrowing Rows, _ storage: borrowing ByteBuffer, _ taken: inout Set<Int>,
        to out: inout ByteBuffer
    ) {
        var level: UInt8 = 1
        if let place = rows.find(Array("level".utf8), in: record, storage),
            let found = Self.severity(rows.text(at: place, storage))
        {
            level = found
            taken.insert(place)
        }
        out.append(",\"level\":")
        out.append(0x30 + level)
    }

    /// Syslog's severity (RFC 5424, 6.2.1) of a number 0 to 7, a name such as `warning`, or a letter such as `W`.
    package static func severity(_ text: [UInt8]) -> UInt8? {
        let lower = text.map { (0x41...0x5A).contains($0) ? $0 | 0x20 : $0 }
        if lower.count == 1 {
            if (0x30...0x37).contains(lower[0]) { return lower[0] - 0x30 }
            return letters.first { $0.0 == lower[0] }?.1
        }
        return beginnings.first { lower.starts(with: $0.0) }?.1
    }

    private static let letters: [(UInt8, UInt8)] = [
        (UInt8(ascii: "a"), 1), (UInt8(ascii: "c"), 2), (UInt8(ascii: "f"), 2), (UInt8(ascii: "e"), 3),
        (UInt8(ascii: "w"), 4), (UInt8(ascii: "n"), 5), (UInt8(ascii: "i"), 6), (UInt8(ascii: "d"), 7),
    ]
    private static let beginnings: [([UInt8], UInt8)] = [
        ("emerg", 0), ("panic", 0), ("alert", 1), ("crit", 2), ("fatal", 2), ("err", 3), ("warn", 4), ("notice", 5),
        ("info", 6), ("debug", 7), ("trace", 7),
    ].map { (Array($0.0.utf8), $0.1) }

    // MARK: - Fields

    /// Text and numbers are all that there is: what is nested is its JSON.
    private static func append(_ value: Value, _ storage: borrowing ByteBuffer, to out: inout ByteBuffer) {
        guard value.isNested else { return out.appendJSON(value, storage) }
        var json = ByteBuffer(capacity: Int(value.length) + 64)
        json.appendJSON(value, storage)
        out.appendJSONString(Slice(offset: 0, length: json.count), json)
    }

    static func name(_ key: [UInt8]) -> [UInt8] {
        var name = key.first == UInt8(ascii: "_") ? key : [UInt8(ascii: "_")] + key
        for index in name.indices {
            switch name[index] {
            case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, UInt8(ascii: "_"), UInt8(ascii: "."), UInt8(ascii: "-"): break
            default: name[index] = UInt8(ascii: "_")
            }
        }
        return name == Array("_id".utf8) ? Array("_id_".utf8) : name
    }
}

extension Rows {
    /// The text of the field at a place.
    fileprivate func text(at place: Int, _ storage: borrowing ByteBuffer) -> [UInt8] {
        var text = ByteBuffer(capacity: 64)
        text.appendText(fields[place].value, storage)
        return text.array()
    }
}
