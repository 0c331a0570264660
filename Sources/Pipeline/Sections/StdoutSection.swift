internal import ConfigFile
internal import Events
internal import Filters
internal import Outputs

/// `@type stdout`, as an output and as a filter.
enum StdoutSection {
    static func read(_ reader: SectionReader, _ builder: PlanBuilder) -> OutputPlan? {
        let format = format(reader)
        reader.ignore(["output_type"], reason: "use <format>")
        reader.ignore(["use_logger"], reason: "lines always go to standard output", severity: .note)
        if let buffer = reader.bufferSection() {
            reader.diagnostics.note(buffer.place, "stdout writes at once; <buffer> has no effect")
        }
        return OutputPlan(type: "stdout", summary: format.rawValue == "stdout" ? "" : format.rawValue) { context in
            let sink = TextSink(log: context.log)
            return DirectOutput { _ in StdoutEmitter(sink: sink, format: LineFormat(format)) }
        }
    }

    static func readFilter(_ reader: SectionReader, _ builder: PlanBuilder) -> FilterPlan? {
        let format = format(reader)
        return FilterPlan(type: "stdout", summary: "") { context in
            TapFilter(StdoutEmitter(sink: TextSink(log: context.log), format: LineFormat(format)))
        }
    }

    private static func format(_ reader: SectionReader) -> LineFormat.Kind {
        guard let section = reader.formatSection() else { return .stdout }
        let inner = SectionReader(section, description: "<format>", diagnostics: reader.diagnostics)
        defer { inner.finish() }
        inner.ignore(
            [
                "output_type", "time_format", "localtime", "utc", "timezone", "add_newline", "json_parser", "delimiter",
                "label_delimiter",
            ], reason: "stdout's formats have a fixed form")
        return inner.enumeration(
            "@type", aliases: ["type"], ["stdout": LineFormat.Kind.stdout, "json": .json, "ltsv": .ltsv])?
            .value ?? .stdout
    }
}
