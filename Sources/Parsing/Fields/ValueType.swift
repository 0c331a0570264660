package import Events
package import Time

/// What a field's text is turned into.
package enum ValueType: Sendable {
    case string, integer, float, bool
    case time(TimeSource, TimeZoneRule)
    case array(separator: [UInt8])

    /// A type as `types` and grok patterns write it: `integer`, `array:;`, `time:Asia/Tokyo:%Y-%m-%d`.
    ///
    /// `int`, `long`, `double` and `boolean` are accepted besides Fluentd's names, because Logstash users write them.
    package init(_ text: String, parameter: String = "types") throws(SettingError) {
        let colon = text.utf8.firstIndex(of: UInt8(ascii: ":"))
        let name = colon.map { String(text[..<$0]) } ?? text
        let option = colon.map { String(text[text.utf8.index(after: $0)...]) }
        switch name {
        case "string": self = .string
        case "integer", "int", "long": self = .integer
        case "float", "double": self = .float
        case "bool", "boolean": self = .bool
        case "array": self = .array(separator: Array((option ?? ",").utf8))
        case "time":
            guard let option, !option.isEmpty else {
                self = .time(.lenient, .local)
                return
            }
            let (zone, format) = Self.splitZone(option)
            self = .time(try TimeSource(format: format, parameter: parameter), zone ?? .local)
        default:
            throw SettingError(
                parameter, "unknown type '\(name)'", hint: "the types are string, integer, float, bool, time and array")
        }
    }

    /// As `types` names it.
    var name: String {
        switch self {
        case .string: "string"
        case .integer: "integer"
        case .float: "float"
        case .bool: "bool"
        case .time: "time"
        case .array: "array"
        }
    }

    /// `ZONE:FORMAT` or `FORMAT`. A zone is tried only where a colon follows; `+09:00` therefore cannot stand here.
    private static func splitZone(_ option: String) -> (TimeZoneRule?, String) {
        guard let colon = option.utf8.firstIndex(of: UInt8(ascii: ":")),
            let zone = try? TimeZoneRule(String(option[..<colon]))
        else { return (nil, option) }
        return (zone, String(option[option.utf8.index(after: colon)...]))
    }
}

/// One entry of `types`.
package struct TypedKey: Sendable {
    package var key: [UInt8]
    package var type: ValueType

    package init(key: [UInt8], type: ValueType) {
        self.key = key
        self.type = type
    }

    /// The value of a `types` parameter: a list `key:type[:option],…`, or a JSON object of such types.
    package static func list(_ text: String) throws(SettingError) -> [TypedKey] {
        let trimmed = trim(Substring(text))
        if trimmed.hasPrefix("{") { return try object(trimmed) }
        var result: [TypedKey] = []
        for entry in trimmed.split(separator: ",") {
            guard let colon = entry.firstIndex(of: ":") else {
                throw SettingError(
                    "types", "'\(entry)' has no type", hint: "write key:type, for example \(trim(entry)):integer")
            }
            let key = trim(entry[..<colon])
            let type = try ValueType(String(trim(entry[entry.index(after: colon)...])))
            add(TypedKey(key: Array(key.utf8), type: type), to: &result)
        }
        return result
    }

    private static func object(_ text: Substring) throws(SettingError) -> [TypedKey] {
        var storage = ByteBuffer()
        storage.append(String(text))
        var rows = Rows(fieldCapacity: 16)
        do {
            try rows.appendFields(json: Slice(offset: 0, length: storage.count), &storage)
        } catch {
            throw SettingError(
                "types", "the value begins with { but is no JSON object", hint: "write key:type,key:type")
        }
        var result: [TypedKey] = []
        for index in 0..<rows.fields.count {
            let field = rows.fields[index]
            guard field.value.isText else {
                throw SettingError("types", "the type of '\(storage.text(field.key))' is no string")
            }
            let type = storage.text(
                field.value.kind == .jsonString ? storage.appendUnescaped(field.value.slice) : field.value.slice)
            add(TypedKey(key: storage.array(field.key), type: try ValueType(type)), to: &result)
        }
        return result
    }

    /// The last type given for a key counts.
    private static func add(_ entry: TypedKey, to list: inout [TypedKey]) {
        list.removeAll { $0.key == entry.key }
        list.append(entry)
    }

    private static func trim(_ text: Substring) -> Substring {
        let left = text.drop { $0 == " " || $0 == "\t" }
        guard let last = left.lastIndex(where: { $0 != " " && $0 != "\t" }) else { return "" }
        return left[...last]
    }
}
