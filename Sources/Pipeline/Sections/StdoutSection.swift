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
        ignoreInject(reader)
        return OutputPlan(
            type: "stdout", summary: format == .stdout ? "" : format.rawValue,
            preview: { LinePreview(LineFormat(format)) },
            makeOutput: { context in
                let sink = context.standardOutput
                return StdoutOutput(sink, format: LineFormat(format))
            })
    }

    static func readFilter(_ reader: SectionReader, _ builder: PlanBuilder) -> FilterPlan? {
        let format = format(reader)
        ignoreInject(reader)
        return FilterPlan(type: "stdout", summary: format == .stdout ? "" : format.rawValue) { context in
            TapFilter(StdoutEmitter(sink: context.standardOutput, format: LineFormat(format), purpose: .view))
        }
    }

    private static func ignoreInject(_ reader: SectionReader) {
        guard let inject = reader.injectSection() else { return }
        reader.diagnostics.warning(
            inject.parameters.first?.keyPlace ?? inject.place, "<inject> is not supported yet: nothing is added",
            hint: "a filter of type record_transformer adds '${tag}' and '${time}' to the record")
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
