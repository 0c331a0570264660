internal import ConfigFile
internal import Events
internal import Filters
internal import Logging
internal import Parsing

/// `<filter> @type parser`.
enum ParserFilterSection {
    /// What the filter and the output of this name have in common. The key is empty when it is not given or wrong, which
    /// was said.
    static func settings(_ reader: SectionReader) -> ParserFilter.Settings {
        let key = reader.string("key_name", required: true)
        let accessor = key.flatMap { AccessorText.read($0, reader) }
        var settings = ParserFilter.Settings(key: accessor ?? RecordAccessor(key: ""))
        settings.reservesData = reader.bool("reserve_data", default: false)
        settings.keyPrefix = Array(reader.string("inject_key_prefix", default: "").utf8)
        settings.hashValueField = (reader.string("hash_value_field")?.value).map { Array($0.utf8) }
        settings.replacesInvalidSequence = reader.bool("replace_invalid_sequence", default: false)
        return settings
    }

    static func read(_ reader: SectionReader, _ builder: PlanBuilder) -> FilterPlan? {
        let errorsBefore = reader.diagnostics.errorCount
        var settings = settings(reader)
        let isKeyWrong = settings.key.text.isEmpty || reader.diagnostics.errorCount > errorsBefore
        settings.reservesTime = reader.bool("reserve_time", default: false)
        settings.removesKey = reader.bool("remove_key_name_field", default: false)
        settings.emitsInvalidRecords = reader.bool("emit_invalid_record_to_error", default: true)
        settings.showsRecords = reader.bool("log_record_on_error", default: false)
        reader.ignore(
            ["suppress_parse_error_log", "ignore_key_not_exist"],
            reason: "errors are counted and summarised anyway", severity: .note)
        guard let section = ParseSection.find(in: reader) else { return nil }
        guard let parsed = ParseSection.read(section, reader.diagnostics), !isKeyWrong else { return nil }
        settings.estimatesCurrentEvent = parsed.estimatesCurrentEvent
        let (recipe, fixed) = (parsed.recipe, settings)
        return FilterPlan(
            type: "parser", summary: "\(parsed.type), \(settings.key.text)", grok: recipe.grok, parsedKey: settings.key
        ) { context in
            let faults = ConversionFaults()
            let parser = recipe.makeParser(noting: faults)
            return ParserFilter(
                fixed, parser: parser, faults: faults, log: context.log,
                meter: context.meter(ofPatterns: parser.patternNames))
        }
    }
}

/// Places in a record, with a caret under what is wrong with one.
enum AccessorText {
    static func read(_ setting: Setting<String>, _ reader: SectionReader) -> RecordAccessor? {
        do throws(RecordAccessor.SyntaxError) {
            return try RecordAccessor(setting.value)
        } catch {
            reader.diagnostics.error(
                setting.parameter.place(ofOffset: error.offset),
                "'\(setting.value)' is no place in a record: \(error.message)",
                hint: "write key, $.outer.inner or $['a key']['inner']")
            return nil
        }
    }
}
