internal import ConfigFile
internal import Filters

/// `<filter> @type elasticsearch_genid` (`opensearch_genid`): the parameters of the plugins' README.ElasticsearchGenID.md.
enum GenerateIDSection {
    static func read(_ reader: SectionReader, _ builder: PlanBuilder) -> FilterPlan? {
        let key = reader.string("hash_id_key", default: "_hash")
        var seed = GenerateIDFilter.Seed()
        seed.usesTag = reader.bool("include_tag_in_seed", default: false)
        seed.usesTime = reader.bool("include_time_in_seed", default: false)
        let usesKeys = reader.bool("use_record_as_seed", default: false)
        seed.usesWholeRecord = reader.bool("use_entire_record", default: false)
        seed.keys = (reader.array("record_keys")?.value ?? []).map { Array($0.utf8) }
        seed.separator = Array(reader.string("separator", default: "_").utf8)
        if reader.string("hash_type")?.value == "sha512" {
            reader.error("hash_type", "hash_type sha512 is not supported yet", hint: "write hash_type sha256")
        } else {
            seed.hash = reader.enumeration(
                "hash_type", ["md5": .md5, "sha1": .sha1, "sha256": .sha256], default: .sha1)
        }
        let hasSeed = usesKeys || seed.usesWholeRecord
        if usesKeys, seed.keys.isEmpty, !seed.usesWholeRecord {
            reader.error(
                "use_record_as_seed", "use_record_as_seed needs record_keys",
                hint: "name the fields: record_keys id,host")
        }
        if !hasSeed {
            for key in ["include_tag_in_seed", "include_time_in_seed", "record_keys"] where reader.has(key) {
                reader.warning(
                    key, "'\(key)' has an effect only with use_record_as_seed or use_entire_record: ids are random")
            }
        }
        let fixed = hasSeed ? seed : nil
        let type = reader.type()?.value ?? "elasticsearch_genid"
        return FilterPlan(type: type, summary: hasSeed ? "\(key), from the record" : "\(key), random") { _ in
            GenerateIDFilter(key: Array(key.utf8), seed: fixed)
        }
    }
}
