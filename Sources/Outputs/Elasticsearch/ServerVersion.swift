package import Events

/// What a server says it is (`GET /`).
package struct ServerVersion: Sendable, Equatable, CustomStringConvertible {
    package var major: Int
    package var text: String
    package var isOpenSearch: Bool

    package init(major: Int, text: String? = nil, isOpenSearch: Bool = false) {
        self.major = major
        self.text = text ?? String(major)
        self.isOpenSearch = isOpenSearch
    }

    /// From the answer's body; nil when it says nothing of the kind.
    package init?(_ body: borrowing ByteBuffer) {
        var storage = ByteBuffer(capacity: body.count)
        storage.append(body)
        var rows = Rows(fieldCapacity: 16)
        guard (try? rows.appendFields(json: Slice(offset: 0, length: storage.count), &storage)) != nil,
            let numberPlace = try? RecordAccessor("$.version.number"),
            let distributionPlace = try? RecordAccessor("$.version.distribution")
        else { return nil }
        let record = Record(time: EventTime(seconds: 0), firstField: 0, fieldCount: rows.fields.count)
        guard let number = rows.value(at: numberPlace, in: record, storage), number.isText else { return nil }
        text = storage.text(number.slice)
        guard let major = Int(text.prefix(while: { $0 != "." })) else { return nil }
        self.major = major
        isOpenSearch =
            rows.value(at: distributionPlace, in: record, storage)
            .map { $0.isText && storage.text($0.slice) == "opensearch" } ?? false
    }

    package var description: String { (isOpenSearch ? "OpenSearch " : "Elasticsearch ") + text }

    /// fluent-plugin-elasticsearch's default for `type_name`.
    static let defaultType = "fluentd"

    /// How bulk actions are spelled for it: `_type` went with version 8 and is deprecated in 7 ("Removal of mapping types"
    /// in Elasticsearch's reference). An index of version 6 has one type, so it must be the one that Fluentd gave it.
    package func dialect(_ settings: ElasticsearchSettings) -> BulkDialect {
        var dialect = BulkDialect(type: nil, pipeline: settings.pipeline)
        dialect.namesIndexInURL = settings.includesIndexInURL
        // OpenSearch has its own (Index State Management), and Elasticsearch since 6.6.
        dialect.hasLifecycles = !isOpenSearch && major >= 6
        if isOpenSearch || major >= 8 { return dialect }
        switch major {
        // Deprecated and always `_doc`: only for those who asked for a type, as the plugin does.
        case 7: dialect.type = settings.typeName != nil && !settings.suppressTypeName ? "_doc" : nil
        default: dialect.type = settings.typeName ?? Self.defaultType
        }
        if major < 7 { dialect.routingField = "_routing" }
        return dialect
    }
}
