package import Events

/// Why a server refused a document, for the operator: field, value, index, reason, and what to do.
///
/// Sources: the reasons that the servers in servers/README give, in their three spellings.
package struct MappingExplanation: Sendable, Equatable {
    package var field: String?
    package var value: String?
    package var sentence: String

    /// nil when nothing more can be said than the server did.
    ///
    /// - reason, cause: the error's own reason and that of its `caused_by`.
    /// - document: where the document is in `bytes`; asked for the value when the server does not show it.
    package init?(
        type: String, reason: String, cause: String, index: String, _ bytes: borrowing ByteBuffer, document: Slice
    ) {
        let field = Self.between(reason, "field [", "]") ?? Self.between(reason, "mapping for [", "]")
        let mapped = Self.between(reason, "of type [", "]")
        let shown = Self.between(reason, "Preview of field's value: '", "'")
        let value = shown ?? field.flatMap { Self.value(of: $0, bytes, document) }
        let place = "index '\(index)'"
        let subject = field.map { "field '\($0)'" } ?? "a field"
        let what = value.map { "\(subject) = '\(Self.short($0))'" } ?? subject
        if reason.contains("Limit of total fields") {
            let limit = Self.between(reason, "fields [", "]") ?? "its limit of"
            sentence =
                "\(place) already has \(limit) fields and the document would add more: send fewer different keys "
                + "(remove_keys, or the varying part as a value), or raise index.mapping.total_fields.limit"
            return
        }
        if type == "strict_dynamic_mapping_exception" {
            let name = Self.between(reason, "introduction of [", "]") ?? "a field"
            self.field = name
            sentence =
                "\(place) takes only the fields of its mapping and '\(name)' is not one of them: add it to the mapping, "
                + "or remove it (remove_keys)"
            return
        }
        if reason.contains("only write ops with an op_type of create are allowed in data streams") {
            sentence = "\(place) is a data stream, which takes only creations: set write_operation create"
            return
        }
        if type == "invalid_index_name_exception" {
            sentence =
                "'\(index)' cannot be the name of an index (\(cause.isEmpty ? reason : cause)): change index_name, "
                + "logstash_prefix or what target_index_key holds"
            return
        }
        if type == "illegal_argument_exception", let pipeline = Self.between(reason, "pipeline with id [", "]") {
            sentence = "the ingest pipeline '\(pipeline)' does not exist: create it, or change 'pipeline'"
            return
        }
        let isParsing = reason.hasPrefix("failed to parse") || reason.hasPrefix("object mapping for")
        guard isParsing, field != nil else { return nil }
        self.field = field
        self.value = value
        var advice: String
        switch mapped {
        case "date", "date_nanos":
            advice = "send it as ISO 8601 (2019-12-17T17:55:04Z), rename the field, or map it with the format it has"
        case "long", "integer", "short", "byte", "double", "float", "half_float", "scaled_float", "unsigned_long":
            advice = "send a number (types \(field ?? ""):integer in <parse>), rename the field, or map it as keyword"
        case "boolean": advice = "send true or false, rename the field, or map it as keyword"
        case "ip": advice = "send an address, rename the field, or map it as keyword"
        default:
            advice =
                value?.first == "{" || value?.first == "["
                ? "send text, rename the field, or set flatten_hashes true" : "rename the field, or change its mapping"
        }
        if reason.hasPrefix("object mapping for") {
            advice = "it is an object in earlier documents and a plain value here: rename the field, or send an object"
        }
        let because = mapped.map { " is mapped as \($0) in \(place)" } ?? " does not fit the mapping of \(place)"
        sentence = "\(what)\(because)\(cause.isEmpty ? "" : " (\(Self.short(cause, 300)))"): \(advice)"
    }

    private static func short(_ text: String, _ limit: Int = 100) -> String {
        text.count > limit ? text.prefix(limit) + "…" : text
    }

    /// What stands between two texts, at their first place.
    private static func between(_ text: String, _ before: String, _ after: String) -> String? {
        var rest = Substring(text)
        while !rest.isEmpty, !rest.hasPrefix(before) { rest.removeFirst() }
        guard !rest.isEmpty else { return nil }
        rest.removeFirst(before.count)
        var found = ""
        while !rest.isEmpty, !rest.hasPrefix(after) { found.append(rest.removeFirst()) }
        return rest.isEmpty ? nil : found
    }

    /// The field's value in the document: by its whole name, else by its path.
    private static func value(of field: String, _ bytes: borrowing ByteBuffer, _ document: Slice) -> String? {
        var storage = ByteBuffer(capacity: Int(document.length))
        storage.append(document, of: bytes)
        var rows = Rows(fieldCapacity: 64)
        guard (try? rows.appendFields(json: Slice(offset: 0, length: storage.count), &storage)) != nil else {
            return nil
        }
        let record = Record(time: EventTime(seconds: 0), firstField: 0, fieldCount: rows.fields.count)
        var value: Value?
        if let found = rows.find(Array(field.utf8), in: record, storage) {
            value = rows.fields[found].value
        } else if let path = try? RecordAccessor("$.\(field)") {
            value = rows.value(at: path, in: record, storage)
        }
        guard let value else { return nil }
        var text = ByteBuffer()
        text.appendText(value, storage)
        return text.text(Slice(offset: 0, length: text.count))
    }
}
