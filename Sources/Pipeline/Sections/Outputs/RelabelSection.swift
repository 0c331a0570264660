internal import ConfigFile
internal import Events
internal import Outputs

/// `<match> @type relabel`: on to a label.
enum RelabelSection {
    static func read(_ reader: SectionReader, _ builder: PlanBuilder) -> OutputPlan? {
        guard let label = reader.label() else {
            reader.diagnostics.error(
                reader.section.place, "\(reader.description) does not say where events go", hint: "add @label @NAME")
            return nil
        }
        builder.use(label: label.value, at: label.place)
        let name = label.value
        return OutputPlan(
            type: "relabel", summary: name, label: name,
            makeOutput: { _ in DirectOutput { context in context.emitter(toLabel: name) } })
    }
}

/// `<match> @type null`: away with it.
enum NullSection {
    static func read(_ reader: SectionReader, _ builder: PlanBuilder) -> OutputPlan? {
        reader.ignore(["never_flush"], reason: "nothing is buffered", severity: .note)
        if let buffer = reader.bufferSection() {
            reader.diagnostics.note(buffer.place, "null keeps nothing; <buffer> has no effect")
        }
        return OutputPlan(type: "null", summary: "", makeOutput: { _ in DirectOutput { _ in NullEmitter() } })
    }
}
