package import Events

/// Writes records as points of InfluxDB's line protocol: `measurement,tag=a field="b",n=1i 1576605304123456789`.
///
/// Source: InfluxData's "Line protocol" reference. Members of nested objects are fields with dots in their names; arrays are
/// text. A newline in a tag or a name, for which the protocol has no form, is written as `\n`.
package struct InfluxWriter: ItemWriter {
    private let settings: InfluxSettings
    private let tagKeys: [[UInt8]]
    private let fieldKeys: [[UInt8]]
    private let timeKey: [UInt8]?
    private var lastTime: PointTime?
    private var sequence = 0

    /// The number that stands behind a point: whole units, and the digits of the units below a second.
    private struct PointTime: Equatable {
        var whole: Int64
        var fraction: UInt32 = 0
        var digits = 0
    }

    package init(_ settings: InfluxSettings) {
        self.settings = settings
        tagKeys = settings.tagKeys.map { Array($0.utf8) }
        fieldKeys = settings.fieldKeys.map { Array($0.utf8) }
        timeKey = settings.timeKey.map { Array($0.utf8) }
    }

    package var isWhole: Bool { false }

    package mutating func write(
        _ record: Record, tag: Tag, _ storage: inout ByteBuffer, _ rows: inout Rows, to out: inout ByteBuffer
    ) -> WrittenItem {
        let start = out.count
        Self.appendName(settings.measurement.map { Array($0.utf8) } ?? tag.bytes, isMeasurement: true, to: &out)
        if let name = settings.tagName { Self.appendTag(Array(name.utf8), tag.bytes, to: &out) }
        for key in tagKeys {
            guard let place = rows.find(key, in: record, storage) else { continue }
            appendTag(key, rows.fields[place].value, storage, to: &out)
        }
        if settings.tagsText {
            for index in record.fieldRange where isTextTag(rows.fields[index], storage) {
                appendTag(storage.array(rows.fields[index].key), rows.fields[index].value, storage, to: &out)
            }
        }
        let time = time(of: record, rows, storage)
        if let name = settings.sequenceName {
            sequence = time == lastTime ? sequence + 1 : 0
            lastTime = time
            Self.appendTag(Array(name.utf8), Array(String(sequence).utf8), to: &out)
        }
        var hasFields = false
        for index in record.fieldRange {
            let field = rows.fields[index]
            if tagKeys.contains(where: { storage.equals(field.key, $0) }) { continue }
            if isTextTag(field, storage) { continue }
            if let timeKey, storage.equals(field.key, timeKey) { continue }
            if !fieldKeys.isEmpty, !fieldKeys.contains(where: { storage.equals(field.key, $0) }) { continue }
            append(storage.array(field.key), field.value, storage, &hasFields, to: &out)
        }
        guard hasFields else {
            return .refused(
                kind: "Fluent::Plugin::InfluxDBOutput::PointError",
                reason: "the record has no field, and a point without one does not exist in InfluxDB")
        }
        out.append(0x20)
        out.appendDecimal(time.whole)
        if time.digits > 0 { out.appendDecimal(time.fraction, width: time.digits) }
        out.append(0x0A)
        return .item(recordAt: start, fields: [])
    }

    /// Whether `auto_tags` makes a tag of a field.
    private func isTextTag(_ field: Field, _ storage: borrowing ByteBuffer) -> Bool {
        guard settings.tagsText, field.value.kind == .string || field.value.kind == .jsonString else { return false }
        if let timeKey, storage.equals(field.key, timeKey) { return false }
        return !tagKeys.contains { storage.equals(field.key, $0) }
    }

    private func time(of record: Record, _ rows: borrowing Rows, _ storage: borrowing ByteBuffer) -> PointTime {
        if let timeKey, let place = rows.find(timeKey, in: record, storage), rows.fields[place].value.kind == .int {
            return PointTime(whole: rows.fields[place].value.intValue)
        }
        let (seconds, nanoseconds) = (record.time.seconds, record.time.nanoseconds)
        switch settings.precision {
        case .hours: return PointTime(whole: seconds / 3600)
        case .minutes: return PointTime(whole: seconds / 60)
        case .seconds: return PointTime(whole: seconds)
        case .milliseconds: return PointTime(whole: seconds, fraction: nanoseconds / 1_000_000, digits: 3)
        case .microseconds: return PointTime(whole: seconds, fraction: nanoseconds / 1000, digits: 6)
        case .nanoseconds: return PointTime(whole: seconds, fraction: nanoseconds, digits: 9)
        }
    }

    private func appendTag(
        _ key: [UInt8], _ value: Value, _ storage: borrowing ByteBuffer, to out: inout ByteBuffer
    ) {
        var text = ByteBuffer(capacity: 32)
        text.appendText(value, storage)
        let bytes = text.array()
        // The plugin for version 1 makes no tag of blanks.
        if case .database = settings.store, bytes.allSatisfy({ $0 == 0x20 || $0 &- 0x09 < 5 }) { return }
        Self.appendTag(key, bytes, to: &out)
    }

    private func append(
        _ key: [UInt8], _ value: Value, _ storage: borrowing ByteBuffer, _ hasFields: inout Bool,
        to out: inout ByteBuffer
    ) {
        if value.kind == .null { return }
        if value.isNested {
            var json = ByteBuffer(capacity: Int(value.length) + 64)
            json.appendJSON(value, storage)
            var members = Rows(fieldCapacity: 16)
            let isObject = json.count > 0 && json[0] == UInt8(ascii: "{")
            if isObject, (try? members.appendFields(json: Slice(offset: 0, length: json.count), &json)) != nil {
                for index in 0..<members.fields.count {
                    let member = members.fields[index]
                    append(
                        key + [UInt8(ascii: ".")] + json.array(member.key), member.value, json, &hasFields, to: &out)
                }
                return
            }
        }
        out.append(hasFields ? "," : " ")
        hasFields = true
        Self.appendName(key, isMeasurement: false, to: &out)
        out.append(UInt8(ascii: "="))
        switch value.kind {
        case .true: out.append("true")
        case .false: out.append("false")
        case .int:
            out.appendDecimal(value.intValue)
            if !settings.castsToFloat { out.append(UInt8(ascii: "i")) }
        case .uint, .double, .number: out.appendText(value, storage)
        default:
            var text = ByteBuffer(capacity: 64)
            text.appendText(value, storage)
            out.append(0x22)
            for place in 0..<text.count {
                if text[place] == 0x22 || text[place] == 0x5C { out.append(0x5C) }
                out.append(text[place])
            }
            out.append(0x22)
        }
    }

    private static func appendTag(_ key: [UInt8], _ value: [UInt8], to out: inout ByteBuffer) {
        // A backslash at the end would take the comma behind it away, and an empty value does not exist.
        var value = value[...]
        while value.last == 0x5C { value.removeLast() }
        if value.isEmpty { return }
        out.append(UInt8(ascii: ","))
        appendName(key, isMeasurement: false, to: &out)
        out.append(UInt8(ascii: "="))
        appendName(Array(value), isMeasurement: false, to: &out)
    }

    private static func appendName(_ name: [UInt8], isMeasurement: Bool, to out: inout ByteBuffer) {
        var name = name[...]
        while name.last == 0x5C { name.removeLast() }
        for byte in name {
            switch byte {
            case 0x0A: out.append("\\n")
            case 0x20, UInt8(ascii: ","): out.append([0x5C, byte])
            case UInt8(ascii: "=") where !isMeasurement: out.append([0x5C, byte])
            case UInt8(ascii: "#") where isMeasurement: out.append([0x5C, byte])
            default: out.append(byte)
            }
        }
    }
}
