internal import ConfigFile
internal import Events
internal import Outputs
internal import Time

/// `<format>` of an output that writes text, and v0.12's parameters for it (Fluentd's `plugin/formatter_*.rb`).
enum FormatSection {
    private static let kinds: KeyValuePairs<String, RecordFormat.Kind> = [
        "out_file": .outFile, "json": .json, "ltsv": .ltsv, "csv": .csv, "tsv": .tsv, "single_value": .singleValue,
        "hash": .hash, "msgpack": .msgpack, "stdout": .stdout,
    ]
    /// What v0.12 wrote beside `format` whatever the format was.
    private static let oldKeys = [
        "delimiter", "force_quote", "keys", "fields", "label_delimiter", "output_time", "output_tag", "localtime",
        "utc", "timezone", "time_format", "message_key", "add_newline", "output_type",
    ]

    /// - Parameters:
    ///   - kind: without a section, or a type in it.
    ///   - addsNewline: where nothing is said about it.
    static func read(
        _ reader: SectionReader, default kind: RecordFormat.Kind, addsNewline: Bool = true
    ) -> RecordFormat {
        guard let section = reader.formatSection() else {
            var format = RecordFormat(kind)
            format.addsNewline = addsNewline
            return format
        }
        let isOld = reader.section.sections(named: "format").isEmpty
        let inner = SectionReader(
            section, description: isOld ? reader.description : "<format>", diagnostics: reader.diagnostics)
        var format = RecordFormat(inner.enumeration("@type", aliases: ["type"], kinds)?.value ?? kind)
        format.addsNewline = inner.bool("add_newline", default: addsNewline)
        format.newline = inner.enumeration("newline", ["lf": RecordFormat.Newline.lf, "crlf": .crlf])?.value ?? .lf
        inner.ignore(["json_parser", "pack_json"], reason: "sluice writes JSON in one way", severity: .note)
        switch format.kind {
        case .outFile:
            format.writesTime = inner.bool("output_time", default: true)
            format.writesTag = inner.bool("output_tag", default: true)
            if let delimiter = inner.string("delimiter")?.value.uppercased() {
                format.delimiter = [delimiter.contains("SPACE") ? 0x20 : delimiter.contains("COMMA") ? 0x2C : 0x09]
            }
            format.time = time(inner) ?? .iso8601
        case .ltsv:
            if let text = text("delimiter", inner) { format.delimiter = text }
            if let text = text("label_delimiter", inner) { format.labelDelimiter = text }
            if let text = inner.string("replacement") { format.replacement = Array(text.value.utf8) }
        case .csv:
            if let text = text("delimiter", inner) {
                format.delimiter = ["\\t", "TAB"].contains(String(decoding: text, as: UTF8.self)) ? [0x09] : text
            }
            format.forcesQuotes = inner.bool("force_quotes", default: true)
            format.fields = fields("fields", inner) { field($0, inner) }
        case .tsv:
            if let text = text("delimiter", inner) { format.delimiter = text }
            format.fields = fields("keys", inner) { RecordAccessor(key: $0) }
        case .singleValue:
            format.fields = [RecordAccessor(key: inner.string("message_key", default: "message"))]
        case .stdout:
            format.body =
                inner.enumeration(
                    "output_type",
                    ["json": RecordFormat.Kind.json, "ltsv": .ltsv, "hash": .hash, "msgpack": .msgpack])?.value
                ?? .json
        case .json, .hash, .msgpack: break
        }
        if isOld { inner.accept(oldKeys) }
        inner.finish()
        return format
    }

    /// Text that is not empty.
    private static func text(_ key: String, _ reader: SectionReader) -> [UInt8]? {
        guard let setting = reader.string(key) else { return nil }
        if setting.value.isEmpty {
            reader.error(key, "'\(key)' is empty", hint: "write it in double quotes: \(key) \"\\t\"")
            return nil
        }
        return Array(setting.value.utf8)
    }

    private static func fields(
        _ key: String, _ reader: SectionReader, _ make: (String) -> RecordAccessor?
    ) -> [RecordAccessor] {
        let names = reader.array(key, required: true)
        let found = (names?.value ?? []).filter { !$0.isEmpty }
        if names != nil, found.isEmpty {
            reader.error(key, "'\(key)' names no field", hint: "write \(key) a,b,c")
        }
        return found.compactMap(make)
    }

    private static func field(_ name: String, _ reader: SectionReader) -> RecordAccessor? {
        do throws(RecordAccessor.SyntaxError) {
            return try RecordAccessor(name)
        } catch {
            reader.error(
                "fields", "'\(name)' in 'fields' is no place in a record: \(error.message)",
                hint: "write key, $.outer.inner or $['a key']['inner']")
            return nil
        }
    }

    /// `time_type`, `time_format`, `timezone`, `utc`, `localtime`; nil when none of them is set, or one is wrong.
    static func time(_ reader: SectionReader) -> TimeText? {
        let keys = ["time_type", "time_format", "timezone", "utc", "localtime"]
        let type = reader.enumeration("time_type", types)
        let format = reader.string("time_format")
        let zone = reader.string("timezone")
        let utc = reader.bool("utc")
        let local = reader.bool("localtime")
        if let utc, let local, utc.value == local.value {
            reader.error("utc", "'utc' and 'localtime' say the opposite of each other", hint: "remove one of them")
        }
        guard keys.contains(where: { reader.section.parameter($0) != nil }) else { return nil }
        switch type?.value ?? .text {
        case .float: return .float
        case .integer(let unit): return .integer(unit)
        case .text: break
        }
        do throws(SettingError) {
            let isUTC = zone == nil && (utc?.value ?? local.map { !$0.value } ?? false)
            var rule: TimeZoneRule? = isUTC ? nil : .local
            if let zone { rule = try TimeZoneRule(zone.value) }
            return try TimeText(format: format?.value, zone: rule)
        } catch {
            ParseSection.report(error, reader)
            return nil
        }
    }

    /// `time_type`.
    enum TimeType: Sendable {
        case float, text
        case integer(TimeText.Unit)
    }

    static let types: KeyValuePairs<String, TimeType> = [
        "string": .text, "float": .float, "unixtime": .integer(.seconds), "unixtime_millis": .integer(.milliseconds),
        "unixtime_micros": .integer(.microseconds), "unixtime_nanos": .integer(.nanoseconds),
    ]
}
