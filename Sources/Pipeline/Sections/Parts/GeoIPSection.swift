internal import ConfigFile
internal import Events
internal import Filters
internal import Time
internal import Words

/// `@type geoip` (fluent-plugin-geoip): the filter, and the output that the plugin had before its version 1.
enum GeoIPSection {
    static func readFilter(_ reader: SectionReader, _ builder: PlanBuilder) -> FilterPlan? {
        let errorsBefore = reader.diagnostics.errorCount
        let naming = naming(reader, fallback: .geoip2_c)
        let keys = readKeys(reader, nestsAtDots: false)
        for (parameter, name) in oldFields(reader) {
            let path = GeoIPPlaceholder.Naming.geoip.path(of: name) ?? [name]
            reader.diagnostics.error(
                parameter.keyPlace, "'\(parameter.key)' was of fluent-plugin-geoip before version 1",
                hint: "write <record> with '\(parameter.text ?? "NAME") "
                    + "${\(path.joined(separator: "."))[\"\(keys.first?.name ?? "host")\"]}'")
        }
        let settings = GeoIPRecord.read(reader, keys, naming, [])
        let file = readDatabase(reader, builder, skipsNull: settings.skipsNull)
        ignoreInjection(reader)
        reader.ignore(
            ["hostname_command", "flush_interval"], reason: "it is of the output that the plugin had before version 1",
            severity: .note)
        guard reader.diagnostics.errorCount == errorsBefore else { return nil }
        return FilterPlan(type: "geoip", summary: summary(settings, keys)) { context in
            GeoIPFilter(settings, file: file, log: context.log)
        }
    }

    static func readOutput(_ reader: SectionReader, _ builder: PlanBuilder) -> OutputPlan? {
        let errorsBefore = reader.diagnostics.errorCount
        let ownLabel = reader.label()
        if let ownLabel { builder.use(label: ownLabel.value, at: ownLabel.place) }
        let label = ownLabel?.value ?? builder.label
        let naming = naming(reader, fallback: .geoip)
        let keys = readKeys(reader, nestsAtDots: true)
        let settings = GeoIPRecord.read(reader, keys, naming, oldFields(reader))
        let file = readDatabase(reader, builder, skipsNull: settings.skipsNull)
        let change = readTag(reader, builder)
        ignoreInjection(reader)
        reader.ignore(
            [
                "flush_interval", "buffer_type", "buffer_path", "buffer_chunk_limit", "buffer_queue_limit",
                "retry_wait", "retry_limit", "max_retry_wait", "disable_retry_limit", "num_threads",
                "flush_at_shutdown",
            ], reason: "events go on at once, without a buffer of its own", severity: .note)
        reader.ignore(
            ["hostname_command", "enable_placeholder_hostname", "enable_placeholder_upcase"],
            reason: "${hostname}, __TAG__ and __HOSTNAME__ always stand for what they say", severity: .note)
        guard let change, reader.diagnostics.errorCount == errorsBefore else { return nil }
        return OutputPlan(
            type: "geoip", summary: summary(settings, keys),
            rewrites: [TagRewrite(label: label) { tag in change.changed(tag) }],
            makeOutput: { output in
                DirectOutput { context in
                    FilteringEmitter(
                        GeoIPFilter(settings, file: file, log: output.log), change,
                        target: context.emitter(toLabel: label))
                }
            })
    }

    private static func summary(_ settings: GeoIPFilter.Settings, _ keys: [LookUpKey]) -> String {
        let count = settings.fields.count
        return "\(count) field\(count == 1 ? "" : "s") of \(keys.map(\.name).joined(separator: ", "))"
    }

    // MARK: - Keys

    /// A field in which an address stands.
    struct LookUpKey {
        /// As it is written, also in placeholders.
        var name: String
        /// Where it is: the first that is there.
        var places: [RecordAccessor]
    }

    /// - Parameter nestsAtDots: `a.b` is also `b` in `a`, as it was before version 1.
    private static func readKeys(_ reader: SectionReader, nestsAtDots: Bool) -> [LookUpKey] {
        let list = reader.array("geoip_lookup_keys")
        // The old one counts where both are set.
        let old = reader.array("geoip_lookup_key")
        let name = old == nil ? "geoip_lookup_keys" : "geoip_lookup_key"
        let names = old?.value ?? list?.value ?? ["host"]
        return names.compactMap { text in
            guard let place = try? RecordAccessor(text), !text.isEmpty else {
                reader.error(name, "'\(text)' is no place in a record", hint: "write key, $.outer.inner or $['a key']")
                return nil
            }
            guard text.contains("."), !text.hasPrefix("$") else { return LookUpKey(name: text, places: [place]) }
            let nested = try? RecordAccessor("$." + text)
            if nestsAtDots { return LookUpKey(name: text, places: [place] + [nested].compactMap { $0 }) }
            reader.warning(
                name, "'\(text)' is one key that has dots, not a place inside of others, as in Fluentd",
                hint: "the place is $.\(text), here and in placeholders")
            return LookUpKey(name: text, places: [place])
        }
    }

    /// `enable_key_city NAME`, and which name of the old database it asks for.
    private static func oldFields(_ reader: SectionReader) -> [(parameter: Parameter, name: String)] {
        let prefix = "enable_key_"
        let found = reader.section.parameters.filter { $0.key.hasPrefix(prefix) && $0.key != prefix }
        reader.accept(found.map(\.key))
        return found.map { ($0, String($0.key.dropFirst(prefix.count))) }
    }

    /// The plugin can add the tag and the time, too.
    private static func ignoreInjection(_ reader: SectionReader) {
        let reason = "geoip adds no tag and no time: record_transformer does"
        reader.ignore(
            ["include_tag_key", "tag_key", "include_time_key", "time_key", "time_format"], reason: reason,
            defaults: ["include_tag_key": "false", "include_time_key": "false"])
        for section in reader.sections(named: "inject") {
            reader.diagnostics.warning(section.place, "<inject> in \(reader.description) has no effect: \(reason)")
        }
    }

    // MARK: - The database

    private static func naming(
        _ reader: SectionReader, fallback: GeoIPPlaceholder.Naming
    ) -> GeoIPPlaceholder.Naming {
        reader.enumeration(
            "backend_library", ["geoip2_c": .geoip2_c, "geoip2_compat": .geoip2_compat, "geoip": .geoip],
            default: fallback)
    }

    private static func readDatabase(
        _ reader: SectionReader, _ builder: PlanBuilder, skipsNull: Bool
    ) -> GeoIPDatabaseFile {
        let path = reader.string("geoip2_database").flatMap { $0.value.isEmpty ? nil : $0 }
        reader.ignore(
            ["geoip_database"],
            reason: "databases of the old format (.dat) are not read: 'geoip2_database FILE.mmdb' names one of GeoIP2")
        reader.ignore(["use_fast_geoip"], reason: "there is one library", severity: .note)
        let file = GeoIPDatabaseFile(path.map { [$0.value] } ?? GeoIPDatabaseFile.usualPaths)
        let place = path?.parameter.valuePlace ?? reader.section.place
        builder.openings.add { diagnostics in
            guard let problem = file.problemAtStart(at: Clock.monotonicMilliseconds()) else { return }
            let until = skipsNull ? "records stay as they are" : "its fields are null"
            let hint =
                problem.holds("apt-get install")
                ? "install it; no restart is needed"
                : "geoipupdate of MaxMind brings GeoLite2-City.mmdb; "
                    + (path == nil ? "or name one with geoip2_database" : "no restart is needed")
            diagnostics.warning(place, "\(problem); until then \(until)", hint: hint)
        }
        return file
    }

    // MARK: - The tag

    private static func readTag(_ reader: SectionReader, _ builder: PlanBuilder) -> TagChange? {
        var affixes = TagAffixes()
        affixes.hostname = Array(builder.environment.hostname.utf8)
        let tag = reader.string("tag")
        let others = ["remove_tag_prefix", "remove_tag_suffix", "add_tag_prefix", "add_tag_suffix"].map {
            reader.string($0)?.value
        }
        guard tag != nil || others.contains(where: { $0 != nil }) else {
            reader.missing(
                "tag", "\(reader.description) would get its own events again, under the tag they have",
                hint: "add tag, add_tag_prefix or remove_tag_prefix; or use the filter: <filter> with '@type geoip'")
            return nil
        }
        func bytes(_ text: String?) -> [UInt8] { Array((text ?? "").utf8) }
        (affixes.removedPrefix, affixes.removedSuffix) = (bytes(others[0]), bytes(others[1]))
        (affixes.addedPrefix, affixes.addedSuffix) = (bytes(others[2]), bytes(others[3]))
        if let tag {
            let template = TagTemplate(tag.value)
            for name in template.unknownNames {
                reader.warning(
                    "tag", "unknown placeholder '\(name)' will be empty",
                    hint: "there are ${tag}, ${tag_parts[N]} and ${hostname}")
            }
            affixes.template = template
        }
        return .affixes(affixes)
    }
}
