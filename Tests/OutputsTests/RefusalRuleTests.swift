import Events
import Outputs
import TestSupport
import Testing

@Suite("Reasons of the servers' versions")
struct RefusalRuleTests {
    /// What servers say (reason, cause), the field that it is about, and words of the advice.
    private static let wordings: [(reason: String, cause: String, field: String?, advice: String)] = [
        // A number, a date, an address, a truth value, a place that it is not: 8 and 9, 7 and OpenSearch, 6, 5.
        (
            "[1:23] failed to parse field [n] of type [long] in document with id 'k'. Preview of field's value: 'abc'",
            "For input string: \"abc\"", "n", "send a number"
        ),
        (
            "failed to parse field [n] of type [long] in document with id 'k'. Preview of field's value: 'abc'", "",
            "n",
            "send a number"
        ),
        (
            "failed to parse field [n] of type [long] in document with id 'k'", "For input string: \"abc\"", "n",
            "a number"
        ),
        ("failed to parse [n]", "For input string: \"abc\"", "n", "send a number"),
        ("failed to parse [at]", "Invalid format: \"abc\" is malformed at \"abc\"", "at", "ISO 8601"),
        (
            "[1:9] failed to parse field [at] of type [date] in document with id 'k'. Preview of field's value: 'abc'",
            "failed to parse date field [abc] with format [strict_date_optional_time||epoch_millis]", "at", "ISO 8601"
        ),
        (
            "[1:9] failed to parse field [at] of type [date_nanos] in document with id 'k'. Preview of field's value: '3000'",
            "date[3000-01-01T00:00:00Z] is after 2262-04-11T23:47:16.854775807 and cannot be stored in nanosecond resolution",
            "at", "1970 to 2262"
        ),
        (
            "failed to parse field [ip] of type [ip] in document with id 'k'. Preview of field's value: 'x'",
            "'x' is not an IP string literal.", "ip", "send an address"
        ),
        ("failed to parse [ip]", "'x' is not an IP string literal.", "ip", "send an address"),
        (
            "failed to parse field [b] of type [boolean] in document with id 'k'. Preview of field's value: 'x'",
            "Failed to parse value [x] as only [true] or [false] are allowed.", "b", "true or false"
        ),
        (
            "failed to parse field [g] of type [geo_point]", "illegal latitude value [999.0] for g", "g",
            "-90 to 90"
        ),
        (
            "[1:9] failed to parse field [n] of type [integer] in document with id 'k'. Preview of field's value: '9999999999'",
            "Numeric value (9999999999) out of range of int (-2147483648 - 2147483647)", "n", "a smaller number"
        ),
        (
            "failed to parse field [s] of type [text] in document with id 'k'",
            "Can't get text on a START_OBJECT at 1:6", "s", "flatten"
        ),
        // Objects and plain values, both ways.
        (
            "[1:9] object mapping for [o] tried to parse field [o] as object, but found a concrete value", "", "o",
            "send an object"
        ),
        (
            "object mapping for [o] tried to parse field [x] as object, but found a concrete value", "", "x",
            "send an object"
        ),
        (
            "Could not dynamically add mapping for field [a.b]. Existing mapping for [a] must be of type object but found [text].",
            "", "a", "flatten_hashes"
        ),
        ("Can't merge a non object mapping [a] with an object mapping [a]", "", "a", "flatten_hashes"),
        ("can't merge a non object mapping [a] with an object mapping", "", "a", "flatten_hashes"),
        ("mapper [a] cannot be changed from type [long] to [text]", "", "a", "is mapped as long"),
        ("mapper [a] of different type, current_type [long], merged_type [text]", "", "a", "is mapped as long"),
        (
            "Rejecting mapping update to [i] as the final mapping would have more than 1 type: [_doc, fluentd]", "",
            nil,
            "set type_name"
        ),
        // Names.
        (
            "[1:8] Field [_id] is a metadata field and cannot be added inside a document. Use the index API request parameters.",
            "", "_id", "id_key _id"
        ),
        (
            "failed to parse field [_id] of type [_id] in document with id 'k'. Preview of field's value: 'a'",
            "Field [_id] is a metadata field and cannot be added inside a document. Use the index API request parameters.",
            "_id", "remove_keys _id"
        ),
        ("Field [_source] is a metadata field and cannot be added inside a document.", "", "_source", "remove_keys"),
        ("object field starting or ending with a [.] makes object resolution ambiguous: [a.]", "", "a.", "rename it"),
        (
            "[1:5] field name starting or ending with a [.] makes object resolution ambiguous: [.a]", "", ".a",
            "rename it"
        ),
        ("failed to parse", "field name cannot be an empty string", nil, "rename it"),
        ("name cannot be empty string", "", nil, "rename it"),
        ("object field cannot contain only whitespace: ['a. .b']", "", "'a. .b'", "rename it"),
        (
            "mapping set to strict, dynamic introduction of [foo] within [_doc] is not allowed", "", "foo",
            "add it to the mapping"
        ),
        (
            "[1:9] mapping set to strict, dynamic introduction of [foo] within [_doc] is not allowed", "", "foo",
            "remove_keys"
        ),
        ("Cannot write to a field alias [x].", "", "x", "alias"),
        (
            "Field name [looong] in index [i] is too long. The limit is set to [10] characters but was [20] characters",
            "", "looong", "name_length"
        ),
        ("Field name [looong] is longer than the limit of [10] characters!", "", "looong", "name_length"),
        // Limits.
        ("Limit of total fields [1000] has been exceeded while adding new fields [1]", "", nil, "1000 fields"),
        ("Limit of total fields [1000] in index [i] has been exceeded", "", nil, "total_fields.limit"),
        ("Limit of mapping depth [20] has been exceeded due to object field [a.b]", "", "a.b", "depth.limit"),
        (
            "Limit of mapping depth [20] in index [i] has been exceeded due to object field [a.b]", "", "a.b",
            "depth.limit"
        ),
        ("The number of nested documents has exceeded the allowed limit of [10000].", "", nil, "nested_objects.limit"),
        (
            "Document contains at least one immense term in field=\"msg\" (whose UTF8 encoding is longer than the max length 32766), all of which were skipped.",
            "", "msg", "ignore_above"
        ),
        (
            "Validation Failed: 1: id [aaa] is too long, must be no longer than 512 bytes but was: 600;", "", nil,
            "512 bytes"
        ),
        // The action.
        ("[k]: version conflict, document already exists (current version [1])", "", "k", "id_key"),
        (
            "[_doc][k]: version conflict, document already exists (current version [1])", "", "_doc",
            "ids that do not repeat"
        ),
        ("routing is required for [i]/[_doc]/[k]", "", nil, "routing_key"),
        ("routing is required for [i]/[k]", "", nil, "routing_key"),
        ("[k]: document missing", "", nil, "write_operation upsert"),
        ("Invalid index name [Bad Name], must be lowercase", "", nil, "change index_name"),
        ("documents must contain a single-valued timestamp field '@timestamp'", "", "@timestamp", "include_timestamp"),
        ("[1:2] data stream timestamp field [@timestamp] is missing", "", "@timestamp", "include_timestamp"),
        ("field [a] not present as part of path [a]", "", "a", "ignore_missing"),
    ]

    @Test("each is understood: what it is about, and what to do", arguments: 0..<wordings.count)
    func wording(number: Int) throws {
        let (reason, cause, field, advice) = Self.wordings[number]
        let document = ByteBuffer(#"{"n":"abc","_id":"a","a":{"b":1}}"#)
        let found = MappingExplanation(
            type: "any", reason: reason, cause: cause, index: "i", document, document: document.all)
        let explanation = try #require(found, "\(reason)")
        #expect(explanation.field == field)
        #expect(explanation.sentence.contains(advice), "\(explanation.sentence)")
        if let field { #expect(explanation.sentence.contains(field)) }
    }

    @Test("nobody is told to change the mapping of a metadata field; its value is shown")
    func metadata() throws {
        let document = ByteBuffer(#"{"_id":"a","x":1}"#)
        let found = MappingExplanation(
            type: "mapper_parsing_exception",
            reason: "Field [_id] is a metadata field and cannot be added inside a document.", cause: "", index: "i",
            document, document: document.all)
        let explanation = try #require(found)
        #expect(explanation.value == "a")
        #expect(
            explanation.sentence
                == "field '_id' = 'a' has the name of metadata, which no document in index 'i' may have: use it as the id with "
                + "'id_key _id' and 'remove_keys _id', or rename it (record_transformer)")
    }

    @Test(
        "a reason that nobody knows is still about a field of its own",
        arguments: [
            ("something is wrong with [alpha] here", "alpha"), ("[3:14] no 'beta', thank you", "beta"),
            ("a \"gamma\" of [delta]", "gamma"), ("no names at all", ""), ("[", ""), ("[]", ""),
        ])
    func unknown(reason: String, subject: String) {
        let document = ByteBuffer("{}")
        let found = MappingExplanation(
            type: "x", reason: reason, cause: "", index: "i", document, document: document.all)
        #expect(found == nil)
        #expect(MappingExplanation.subject(of: reason) == subject)
    }
}
