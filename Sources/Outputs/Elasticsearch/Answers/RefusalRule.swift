/// One kind of refusal: how servers word it, and what an operator can do about it.
///
/// Sources: `DocumentParser.java`, `MappingLookup.java`, `MapperService.java`, `FieldMapper.java`, `ObjectMapper.java` of
/// Elasticsearch 5 to 9 and of OpenSearch 1 to 3, and what released servers answered.
struct RefusalRule: Sendable {
    struct Facts {
        var index: String
        var field: String?
        var value: String?
        /// The type that the field is mapped as.
        var mapped: String?
        /// The text that the rule was found by.
        var reason: String
        /// Another one that goes with it; empty: none.
        var cause: String

        var place: String { "index '\(index)'" }
        var name: String { field ?? "a field" }
        var what: String {
            let subject = field.map { "field '\($0.shortened())'" } ?? "a field"
            return value.map { "\(subject) = '\($0.shortened())'" } ?? subject
        }
        var because: String { cause.isEmpty ? "" : " (\(cause.shortened(300)))" }
    }

    /// One of them is in the error's reason, or in its cause's.
    var words: [String]
    /// Between which texts the field's name stands; the first that is there counts.
    var fields: [(String, String)] = []
    /// Whether the field's value helps.
    var showsValue = false
    /// The value does not fit what the field is mapped as; under another name it would.
    var isMappingConflict = false
    var sentence: @Sendable (Facts) -> String

    /// The first that matches counts.
    static let table: [RefusalRule] = [
        RefusalRule(
            words: ["is a metadata field and cannot be added inside a document"], fields: [("Field [", "]")],
            showsValue: true
        ) { facts in
            let advice =
                facts.field == "_id"
                ? "use it as the id with 'id_key _id' and 'remove_keys _id'"
                : facts.field == "_routing"
                    ? "use 'routing_key _routing' and 'remove_keys _routing'" : "leave it out with remove_keys"
            return
                "\(facts.what) has the name of metadata, which no document in \(facts.place) may have: \(advice), or rename "
                + "it (record_transformer)"
        },
        RefusalRule(words: ["Limit of total fields"]) { facts in
            let limit = facts.reason.between("fields [", "]") ?? "its limit of"
            return
                "\(facts.place) already has \(limit) fields and the document would add more: send fewer different keys "
                + "(remove_keys, or the varying part as a value), or raise index.mapping.total_fields.limit"
        },
        RefusalRule(words: ["Limit of mapping depth"], fields: [("object field [", "]")]) { facts in
            "field '\(facts.name)' is nested deeper than \(facts.place) allows: send it flat (flatten_hashes true), or raise "
                + "index.mapping.depth.limit"
        },
        RefusalRule(
            words: ["Document nesting depth", "Depth (1001) exceeds", "allowed limit for nesting"]
        ) { facts in
            "the document is nested deeper than \(facts.place) can read: send the deep part as text"
        },
        RefusalRule(words: ["Limit of nested fields", "number of nested documents has exceeded"]) { facts in
            "the document has more nested fields or objects than \(facts.place) allows: send fewer, or raise "
                + "index.mapping.nested_fields.limit or index.mapping.nested_objects.limit"
        },
        RefusalRule(
            words: ["is longer than the limit of", "is too long. The limit is set to"], fields: [("ield name [", "]")]
        ) { facts in
            "the name of field '\(facts.name.shortened())' is longer than \(facts.place) allows: shorten it, or raise "
                + "index.mapping.field_name_length.limit"
        },
        RefusalRule(
            words: ["dynamic introduction of ["], fields: [("introduction of [", "]")]
        ) { facts in
            "\(facts.place) takes only the fields of its mapping and '\(facts.name)' is not one of them: add it to the mapping, "
                + "or remove it (remove_keys)"
        },
        RefusalRule(
            words: ["tried to parse field [", "tried to parse as object, but found a concrete value"],
            fields: [("tried to parse field [", "]"), ("mapping for [", "]")], showsValue: true,
            isMappingConflict: true
        ) { facts in
            "\(facts.what) does not fit the mapping of \(facts.place)\(facts.because): it is an object in earlier documents "
                + "and a plain value here: rename the field, or send an object"
        },
        RefusalRule(
            words: ["must be of type object but found"],
            fields: [("Existing mapping for [", "]"), ("mapping for field [", "]")], showsValue: true,
            isMappingConflict: true
        ) { facts in
            let found = facts.reason.between("but found [", "]").map { " (\($0))" } ?? ""
            return
                "\(facts.what) does not fit the mapping of \(facts.place): it is a plain value\(found) in earlier documents "
                + "and an object here: rename the field, or set flatten_hashes true"
        },
        RefusalRule(
            words: [
                "an't merge a non object mapping", "an't merge a non-nested mapping", "an't merge a nested mapping",
            ],
            fields: [("mapping [", "]")], showsValue: true,
            isMappingConflict: true
        ) { facts in
            "\(facts.what) does not fit the mapping of \(facts.place): it is an object in some documents and a plain value in "
                + "others: rename the field, or set flatten_hashes true"
        },
        RefusalRule(
            words: ["cannot be changed from type", "of different type, current_type"], fields: [("apper [", "]")],
            showsValue: true, isMappingConflict: true
        ) { facts in
            let types = [facts.reason.between("from type [", "]"), facts.reason.between("current_type [", "]")]
            let mapped = types.lazy.compactMap(\.self).first.map { " as \($0)" } ?? " otherwise"
            return
                "\(facts.what) is mapped\(mapped) in \(facts.place) and would need another type: rename the field, or send the "
                + "same type always (types in <parse>)"
        },
        RefusalRule(words: ["the final mapping would have more than 1 type"]) { facts in
            let types = facts.reason.between("more than 1 type: [", "]").map { " (\($0))" } ?? ""
            return
                "\(facts.place) has documents of another _type\(types), and one index has one: set type_name to the one that "
                + "it has"
        },
        RefusalRule(words: ["immense term in field"], fields: [("in field=\"", "\"")], showsValue: false) { facts in
            "field '\(facts.name)' is longer than the 32,766 bytes that \(facts.place) can index as one term: map it as text or "
                + "with ignore_above, or send less of it"
        },
        RefusalRule(words: ["routing is required for"]) { facts in
            "\(facts.place) wants a routing value and the record has none: set routing_key to a field that all records have"
        },
        RefusalRule(
            words: ["must contain a single-valued timestamp field", "data stream timestamp field"],
            fields: [("timestamp field '", "'"), ("timestamp field [", "]")]
        ) { facts in
            "\(facts.place) is a data stream, whose documents need one '\(facts.field ?? "@timestamp")': set include_timestamp true"
        },
        RefusalRule(words: ["is outside of ranges of currently writable indices"], fields: [("timestamp [", "]")]) {
            facts in
            "the time '\(facts.name)' is too old or too new for \(facts.place): raise the stream's index.look_back_time, or send "
                + "it to another index"
        },
        RefusalRule(
            words: [
                "object resolution ambiguous", "name cannot be an empty string", "name cannot be empty",
                "cannot contain only whitespace",
            ], fields: [("ambiguous: [", "]"), ("whitespace: [", "]")]
        ) { facts in
            let name = facts.field.map { "field '\($0)'" } ?? "a field with an empty name"
            return
                "\(name) has a name that \(facts.place) cannot have (dots at an end or side by side, or nothing between them): "
                + "rename it (record_transformer) or remove it (remove_keys)"
        },
        RefusalRule(words: ["Cannot write to a field alias"], fields: [("alias [", "]")]) { facts in
            "field '\(facts.name)' is an alias in \(facts.place), and aliases take no values: rename it, or remove it (remove_keys)"
        },
        RefusalRule(words: ["Invalid index name [", "must be lowercase", "must not contain the following characters"]) {
            facts in
            "'\(facts.index)' cannot be the name of an index (\(facts.reason.shortened(300))): change index_name, "
                + "logstash_prefix or what target_index_key holds"
        },
        RefusalRule(words: ["id is too long", "is too long, must be no longer than 512 bytes"]) { facts in
            "the id is longer than the 512 bytes that servers take: set id_key to a shorter field (a hash of this one)"
        },
        RefusalRule(words: ["version conflict"], fields: [("[", "]")]) { facts in
            "a document with the id '\(facts.name)' is in \(facts.place) already, in another version: leave id_key out, or use "
                + "ids that do not repeat"
        },
        RefusalRule(words: ["document missing"]) { facts in
            "\(facts.place) has no document with this id to update: set write_operation upsert"
        },
        RefusalRule(words: ["not present as part of path ["], fields: [("field [", "]"), ("path [", "]")]) { facts in
            "the ingest pipeline wants the field '\(facts.name)' and the record has none: let the pipeline ignore that "
                + "(ignore_missing), or send the field"
        },
        RefusalRule(
            words: ["failed to parse field [", "failed to parse ["],
            fields: [("failed to parse field [", "]"), ("failed to parse [", "]")], showsValue: true,
            isMappingConflict: true
        ) { facts in
            let mapped =
                facts.mapped.map { " is mapped as \($0) in \(facts.place)" }
                ?? " does not fit the mapping of \(facts.place)"
            return "\(facts.what)\(mapped)\(facts.because): \(facts.adviceForType)"
        },
    ]
}

extension RefusalRule.Facts {
    /// What a value that cannot be parsed should have been. Version 5 does not tell the type; the cause does.
    fileprivate var adviceForType: String {
        let isNested = value?.first == "{" || value?.first == "[" || cause.holds("START_OBJECT")
        switch mapped ?? typeByCause {
        case "date", "date_nanos":
            return cause.holds("2262") || cause.holds("1970")
                ? "date_nanos holds 1970 to 2262 only: map it as date, or rename the field"
                : "send it as ISO 8601 (2019-12-17T17:55:04Z), rename the field, or map it with the format it has"
        case "long", "integer", "short", "byte", "double", "float", "half_float", "scaled_float", "unsigned_long":
            return cause.holds("out of range")
                ? "send a smaller number, rename the field, or map it as a larger type (long, double) or keyword"
                : "send a number (types \(name):integer in <parse>), rename the field, or map it as keyword"
        case "boolean": return "send true or false, rename the field, or map it as keyword"
        case "ip": return "send an address, rename the field, or map it as keyword"
        case "geo_point", "geo_shape":
            return "send {\"lat\":…,\"lon\":…} within -90 to 90 and -180 to 180, or rename the field"
        default:
            return isNested
                ? "send text, rename the field, or set flatten_hashes true" : "rename the field, or change its mapping"
        }
    }

    private var typeByCause: String {
        if cause.holds("Invalid format: \"") || cause.holds("date field") { return "date" }
        if cause.holds("For input string") || cause.holds("out of range") { return "long" }
        if cause.holds("boolean") { return "boolean" }
        if cause.holds("is not an IP string literal") { return "ip" }
        return ""
    }
}
