internal import ConfigFile
internal import Inputs

/// `<source> @type systemd` (fluent-plugin-systemd's `in_systemd.rb`).
enum SystemdSection {
    static func read(_ reader: SectionReader, _ builder: PlanBuilder) -> SourcePlan? {
        let errorsBefore = reader.diagnostics.errorCount
        let tag = reader.string("tag", required: true)
        var settings = SystemdSettings(tag: tag?.value ?? "")
        settings.folder = reader.string("path", default: settings.folder)
        settings.matches = matches(reader)
        settings.readsFromHead = reader.bool("read_from_head", default: false)
        readEntry(reader, &settings.entry)
        let storage = storage(reader, builder, tag: settings.tag)
        builder.openings.add { diagnostics in
            do throws(LibSystemd.Failure) { _ = try LibSystemd() } catch {
                diagnostics.error(reader.section.place, "\(error)")
            }
        }
        guard reader.diagnostics.errorCount == errorsBefore else { return nil }
        let texts = SourceTexts(tag: settings.tag) { [settings] _ in EntryIntake(settings) }
        return SourcePlan(type: "systemd", summary: settings.folder, texts: texts) { [settings] context in
            guard context.isFirst else { return nil }
            var settings = settings
            settings.positionFile = storage.map { $0() }
            return SystemdInput(
                settings, on: context.loop, emitter: context.emitter, log: context.log, pressure: context.pressure)
        }
    }

    // MARK: - Matches

    /// `[{"_SYSTEMD_UNIT":"a.service"}, {"PRIORITY":["0","1"]}]`: entries that fit one of these.
    private static func matches(_ reader: SectionReader) -> [[(field: String, value: String)]] {
        let old = reader.jsonValue("filters")
        guard let given = reader.jsonValue("matches") ?? old else { return [] }
        func wrong() {
            reader.diagnostics.error(
                given.place, "'\(given.parameter.key)' is an array of objects whose values are texts",
                hint: #"write [{"_SYSTEMD_UNIT":"docker.service"}]"#)
        }
        guard case .array(let items) = given.value else {
            wrong()
            return []
        }
        var found: [[(field: String, value: String)]] = []
        for item in items {
            guard case .object(let members) = item else {
                wrong()
                return []
            }
            var match: [(field: String, value: String)] = []
            for member in members {
                if case .array(let values) = member.value {
                    match += values.map { (member.key, $0.plainText) }
                } else {
                    match.append((member.key, member.value.plainText))
                }
            }
            for (field, _) in match where !isName(field.uppercased()) {
                reader.diagnostics.error(
                    given.place, "'\(field)' is no field of a journal",
                    hint: "their names have letters, digits and '_': `journalctl -o verbose -n 1` shows some")
                return []
            }
            if !match.isEmpty { found.append(match) }
        }
        return found
    }

    private static func isName(_ text: String) -> Bool {
        !text.isEmpty
            && text.utf8.allSatisfy {
                $0 == UInt8(ascii: "_") || (0x30...0x39).contains($0) || (0x41...0x5A).contains($0)
            }
    }

    // MARK: - Entries

    private static func readEntry(_ reader: SectionReader, _ rules: inout JournalEntryRules) {
        // Of the plugin's first versions.
        rules.stripsUnderscores = reader.bool("strip_underscores", default: false)
        guard let section = reader.section(named: "entry") else { return }
        let inner = SectionReader(section, description: "<entry>", diagnostics: reader.diagnostics)
        let map = inner.jsonValue("field_map")
        if let map {
            if case .object(let members) = map.value {
                for member in members {
                    let names = if case .array(let items) = member.value { items } else { [member.value] }
                    rules.map(member.key, to: names.map(\.plainText))
                }
            } else {
                inner.error("field_map", "'field_map' is no JSON object", hint: #"write {"MESSAGE":"message"}"#)
            }
        }
        rules.isStrict = inner.bool("field_map_strict", default: false)
        rules.stripsUnderscores = inner.bool("fields_strip_underscores", default: rules.stripsUnderscores)
        rules.lowercases = inner.bool("fields_lowercase", default: false)
        if rules.isStrict, map == nil {
            inner.error(
                "field_map_strict", "without 'field_map' no field is left",
                hint: #"add field_map {"MESSAGE":"message"}"#)
        }
        inner.finish()
    }

    // MARK: - Position

    /// The file with the position, found when the source is made; nil: none.
    private static func storage(
        _ reader: SectionReader, _ builder: PlanBuilder, tag: String
    ) -> (() -> String)? {
        if let old = reader.string("pos_file"), !old.value.isEmpty {
            builder.keeps(positionsAt: old.value, at: old.place)
            return { old.value }
        }
        guard let section = reader.section(named: "storage") else {
            warn(reader.section, reader)
            return nil
        }
        let inner = SectionReader(section, description: "<storage>", diagnostics: reader.diagnostics)
        if let type = inner.type(), type.value != "local" {
            reader.diagnostics.error(
                type.place, "a storage of type '\(type.value)' is not supported", hint: "write '@type local'")
            return nil
        }
        let isPersistent = inner.bool("persistent", default: false)
        let path = inner.string("path")
        inner.ignore(
            ["autosave", "autosave_interval", "save_at_shutdown", "pretty_print", "mode", "dir_mode"],
            reason: "the position is written when it moves", severity: .note)
        inner.finish()
        if let path, !path.value.isEmpty {
            builder.keeps(positionsAt: path.value, at: path.place)
            return {
                let isFile = OpeningChecks.problem(ofFile: path.value) == nil
                return SystemdSettings.storageFile(path.value, isFile: isFile)
            }
        }
        guard isPersistent else {
            warn(section, reader)
            return nil
        }
        let name = reader.id()?.value ?? "systemd-\(tag)"
        let root = builder.plan.system.rootDirectory
        return {
            let folder = root ?? StateDirectory.found() ?? "."
            return "\(folder)/worker0/\(StageID(name).folderName)/storage.json"
        }
    }

    private static func warn(_ section: Section, _ reader: SectionReader) {
        reader.diagnostics.warning(
            section.place,
            "no position is kept: what is written to the journal while sluice does not run is not read,"
                + " or all is read again",
            hint: "add '<storage>' with '@type local' and 'path /var/lib/sluice/journal.json'")
    }
}
