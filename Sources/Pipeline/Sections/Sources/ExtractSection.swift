internal import ConfigFile
internal import Events
internal import Inputs
internal import Parsing
internal import Time

/// `<extract>` of a source.
enum ExtractSection {
    /// - Parameter parserGivesTime: `<parse>` gives each event a time, also where its text has none: then the one of the
    ///   record is not looked at, as in Fluentd.
    static func read(_ reader: SectionReader, parserGivesTime: Bool) -> Extraction? {
        guard let section = reader.section(named: "extract") else { return nil }
        let inner = SectionReader(section, diagnostics: reader.diagnostics)
        defer { inner.finish() }
        var extraction = Extraction()
        extraction.tagKey = inner.string("tag_key")?.value
        let key = inner.string("time_key")
        let type = inner.enumeration(
            "time_type", ["float": TimeType.float, "unixtime": .unixtime, "string": .string], default: .float)
        var options = ParseSection.commonOptions(inner)
        options.timeType = type
        if let key {
            do throws(SettingError) {
                extraction.time = .init(key: key.value, source: try options.timeSource(), zone: try options.zone())
            } catch {
                ParseSection.report(error, inner)
            }
            if parserGivesTime {
                inner.warning(
                    "time_key", "'time_key' has no effect: <parse> gives each event a time, as in Fluentd",
                    hint: "write 'estimate_current_event false' in <parse>, or 'time_key' there")
            }
        }
        if key == nil, extraction.tagKey == nil {
            inner.diagnostics.warning(section.place, "<extract> takes nothing", hint: "add tag_key or time_key")
        }
        return extraction
    }
}
