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
            var text = ByteBuffer(capacity: 32)
            text.appendText(rows.fields[place].value, storage)
            Self.appendTag(key, text.array(), to: &out)
        }
        var hasFields = false
        for index in record.fieldRange {
            let field = rows.fields[index]
            if tagKeys.contains(where: { storage.equals(field.key, $0) }) { continue }
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
        if let timeKey, let place = rows.find(timeKey, in: record, storage), rows.fields[place].value.kind == .int {
            out.appendDecimal(rows.fields[place].value.intValue)
        } else {
            appendTime(record.time, to: &out)
        }
        out.append(0x0A)
        return .item(recordAt: start, fields: [])
    }

    private func appendTime(_ time: EventTime, to out: inout ByteBuffer) {
        out.appendDecimal(time.seconds)
        switch settings.precision {
        case .seconds: break
        case .milliseconds: out.appendDecimal(time.nanoseconds / 1_000_000, width: 3)
        case .microseconds: out.appendDecimal(time.nanoseconds / 1000, width: 6)
        case .nanoseconds: out.appendDecimal(time.nanoseconds, width: 9)
        }
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
