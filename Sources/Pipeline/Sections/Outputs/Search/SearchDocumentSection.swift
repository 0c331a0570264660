internal import ConfigFile
internal import Events
internal import Expressions
internal import Outputs
internal import Parsing
internal import Time

/// Where documents of an output to a search engine go, and what they hold.
enum SearchDocumentSection {
    static func readTarget(
        _ reader: SectionReader, _ builder: PlanBuilder, _ type: SearchOutputType,
        _ settings: inout ElasticsearchSettings
    ) {
        if type.isDynamic {
            settings.takesExpressions = true
            settings.expressionContext.hostname = Array(builder.environment.hostname.utf8)
            settings.expressionContext.variables = builder.environment.variables
        }
        settings.pipeline = reader.string("pipeline")?.value
        if type.isDataStream { return }
        settings.logstashDateFormat = reader.string("logstash_dateformat", default: settings.logstashDateFormat)
        settings.indexName = name("index_name", reader, settings) ?? settings.indexName
        settings.logstashFormat = reader.bool("logstash_format", default: false)
        settings.logstashPrefix = name("logstash_prefix", reader, settings) ?? settings.logstashPrefix
        settings.logstashPrefixSeparator = reader.string("logstash_prefix_separator", default: "-")
        settings.utcIndex = reader.bool("utc_index", default: true)
        settings.targetIndexKey = accessor("target_index_key", reader)
        if type.product == .elasticsearch {
            settings.typeName = reader.string("type_name")?.value
            settings.suppressTypeName = reader.bool("suppress_type_name", default: false)
        }
    }

    private static func name(_ key: String, _ reader: SectionReader, _ settings: ElasticsearchSettings) -> String? {
        guard let text = reader.string(key)?.value else { return nil }
        return settings.takesExpressions
            ? SearchExpressions.text(text, dateFormat: settings.logstashDateFormat) : text
    }

    static func readDocument(
        _ reader: SectionReader, _ type: SearchOutputType, _ settings: inout ElasticsearchSettings
    ) {
        if !type.isDataStream {
            settings.includeTimestamp = reader.bool("include_timestamp", default: false)
            settings.idKey = accessor("id_key", reader)
        }
        if !(type.isDataStream && type.product == .elasticsearch) { readTime(reader, &settings) }
        settings.timePrecision = reader.int("time_precision", default: 9, range: 0...9)
        settings.generatesIDs = reader.bool("generate_id", default: false)
        settings.routingKey = accessor("routing_key", reader)
        settings.parentKey = accessor("parent_key", reader)
        for key in list("remove_keys", reader) {
            guard key.hasPrefix("$.") || key.hasPrefix("$[") else {
                settings.removeKeys.append(key)
                continue
            }
            do {
                let place = try RecordAccessor(key)
                if place.topLevelKey == nil {
                    settings.removePlaces.append(place)
                } else {
                    settings.removeKeys.append(String(decoding: place.firstKey, as: UTF8.self))
                }
            } catch {
                reader.error(
                    "remove_keys", "'\(key)' is no place in a record: \(error.message)",
                    hint: "write $.a.b, or a key without '$' in front")
            }
        }
        settings.includeTagKey = reader.bool("include_tag_key", default: false)
        settings.tagKey = reader.string("tag_key", default: "tag")
        if !type.isDataStream { readOperation(reader, &settings) }
        settings.renamesConflicts =
            reader.enumeration("on_mapping_conflict", ["dead_letter": false, "rename": true])?.value ?? false
        settings.flattenHashes = reader.bool("flatten_hashes", default: false)
        settings.flattenHashesSeparator = reader.string("flatten_hashes_separator", default: "_")
    }

    private static func readTime(_ reader: SectionReader, _ settings: inout ElasticsearchSettings) {
        settings.timeKey = reader.string("time_key")?.value
        if let format = reader.string("time_key_format") {
            do throws(SettingError) {
                settings.timeKeySource = try TimeSource(format: format.value)
            } catch {
                reader.error("time_key_format", error.message, hint: error.hint)
            }
        }
        settings.timeKeyExcludesTimestamp = reader.bool("time_key_exclude_timestamp", default: false)
    }

    private static func readOperation(_ reader: SectionReader, _ settings: inout ElasticsearchSettings) {
        settings.writeOperation =
            reader.enumeration(
                "write_operation",
                [
                    "index": ElasticsearchSettings.WriteOperation.index, "create": .create, "update": .update,
                    "upsert": .upsert,
                ])?.value ?? .index
        if [.update, .upsert].contains(settings.writeOperation) && settings.idKey == nil {
            reader.error(
                "write_operation", "write_operation \(settings.writeOperation.rawValue) needs id_key",
                hint: "name the field that holds the document's id: id_key FIELD")
        }
        settings.suppressDocWrap = reader.bool("suppress_doc_wrap", default: false)
        readUpdates(reader, &settings)
    }

    /// What is said about updates alone.
    private static func readUpdates(_ reader: SectionReader, _ settings: inout ElasticsearchSettings) {
        let isUpdate = [.update, .upsert].contains(settings.writeOperation)
        settings.removeKeysOnUpdate = list("remove_keys_on_update", reader)
        settings.removeKeysOnUpdateKey = reader.string("remove_keys_on_update_key")?.value
        let hasAffinity = reader.bool("target_index_affinity", default: false)
        settings.hasIndexAffinity =
            hasAffinity && isUpdate && settings.logstashFormat && settings.idKey != nil
        let named = [
            ("remove_keys_on_update", !settings.removeKeysOnUpdate.isEmpty && !isUpdate),
            ("remove_keys_on_update_key", settings.removeKeysOnUpdateKey != nil && !isUpdate),
        ]
        for (key, isIdle) in named where isIdle {
            reader.warning(key, "'\(key)' has an effect only with write_operation update or upsert")
        }
        if hasAffinity && !settings.hasIndexAffinity {
            reader.warning(
                "target_index_affinity",
                "'target_index_affinity' has an effect only with logstash_format true, id_key and write_operation update "
                    + "or upsert")
        }
    }

    /// A key with dots means a path here: `id_key a.b` is `$.a.b`, as in the plugin.
    private static func accessor(_ key: String, _ reader: SectionReader) -> RecordAccessor? {
        guard let setting = reader.string(key) else { return nil }
        if setting.value.hasPrefix("$") || !setting.value.contains(".") { return AccessorText.read(setting, reader) }
        return try? RecordAccessor("$." + setting.value)
    }

    private static func list(_ key: String, _ reader: SectionReader) -> [String] {
        (reader.array(key)?.value ?? []).filter { !$0.isEmpty }
    }
}
