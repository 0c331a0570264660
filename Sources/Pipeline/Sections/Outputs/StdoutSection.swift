internal import ConfigFile
internal import Events
internal import Filters
internal import Outputs

/// `@type stdout`, as an output and as a filter.
enum StdoutSection {
    static func read(_ reader: SectionReader, _ builder: PlanBuilder) -> OutputPlan? {
        let format = format(reader)
        reader.ignore(["use_logger"], reason: "lines always go to standard output", severity: .note)
        let injection = InjectSection.read(reader, builder)
        if let buffer = reader.bufferSection() {
            reader.diagnostics.note(buffer.place, "stdout writes at once; <buffer> has no effect")
        }
        return OutputPlan(
            type: "stdout", summary: summary(format), preview: { LinePreview(format, injection) },
            makeOutput: { context in StdoutOutput(context.standardOutput, format: format, injection: injection) })
    }

    static func readFilter(_ reader: SectionReader, _ builder: PlanBuilder) -> FilterPlan? {
        let format = format(reader)
        let injection = InjectSection.read(reader, builder)
        return FilterPlan(type: "stdout", summary: summary(format)) { context in
            TapFilter(
                StdoutEmitter(sink: context.standardOutput, format: format, injection: injection, purpose: .view))
        }
    }

    private static func summary(_ format: RecordFormat) -> String {
        format.kind == .stdout ? "" : format.kind.rawValue
    }

    private static func format(_ reader: SectionReader) -> RecordFormat {
        let format = FormatSection.read(reader, default: .stdout)
        if !format.isText {
            reader.diagnostics.error(
                reader.section.place, "standard output takes lines of text, and msgpack is none",
                hint: "write '@type json' into <format>")
        }
        return format
    }
}
