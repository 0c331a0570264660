internal import ConfigFile
internal import Events
internal import Logging
internal import Words

/// `<match> @type copy` with its `<store>` sections.
enum CopySection {
    static func read(_ reader: SectionReader, _ builder: PlanBuilder) -> OutputPlan? {
        reader.ignore(
            ["copy_mode", "deep_copy"], reason: "stores never see each other's changes", severity: .note)
        var leftOut: OutputPlan?
        var stores: [(plan: OutputPlan, ignoresError: Bool, ignoresIfPreviousSucceeded: Bool)] = []
        let sections = reader.sections(named: "store")
        for section in sections {
            let inner = SectionReader(section, diagnostics: reader.diagnostics)
            guard let type = inner.type(required: true), let plan = builder.output(inner, type) else { continue }
            var (ignoresError, ignoresIfPreviousSucceeded) = (false, false)
            for word in section.argument.text.split(whereSeparator: { " \t".contains($0) }) {
                switch word {
                case "ignore_error": ignoresError = true
                case "ignore_if_prev_success":
                    ignoresIfPreviousSucceeded = true
                    if stores.isEmpty && section.place == sections.first?.place {
                        reader.diagnostics.error(
                            section.argument.place, "the first <store> has none before it that could succeed",
                            hint: "ignore_if_prev_success is for the second <store> and those after it")
                    }
                default:
                    reader.diagnostics.error(
                        section.argument.place, "<store> does not know '\(word)'",
                        hint: EditDistance.nearest(
                            to: String(word), in: ["ignore_error", "ignore_if_prev_success"], limit: 4
                        ).map { "did you mean '\($0)'?" } ?? "there are ignore_error and ignore_if_prev_success")
                }
            }
            if plan.isLeftOut {
                leftOut = plan
            } else {
                stores.append((plan, ignoresError, ignoresIfPreviousSucceeded))
            }
        }
        if stores.isEmpty, let leftOut { return builder.leftOut(leftOut.type, around: reader) }
        if sections.isEmpty {
            reader.diagnostics.error(
                reader.section.place, "\(reader.description) has no <store>", hint: "add <store> … </store> sections")
        }
        let fixed = stores
        return OutputPlan(
            type: "copy", summary: "", children: stores.map(\.plan),
            makeOutput: { context in
                CopyOutput(
                    try fixed.map { store in
                        (
                            try store.plan.makeOutput(context), store.plan.stage, store.ignoresError,
                            store.ignoresIfPreviousSucceeded
                        )
                    }, log: context.log)
            })
    }
}

/// The stores of a copy, at work.
private final class CopyOutput: RunningOutput {
    typealias Store = (
        output: any RunningOutput, stage: Stage, ignoresError: Bool, ignoresIfPreviousSucceeded: Bool
    )
    private let stores: [Store]
    private let log: Log

    init(_ stores: [Store], log: Log) {
        self.stores = stores
        self.log = log
    }

    func makeEmitter(_ context: LoopContext) -> any Emitter {
        CopyEmitter(
            stores.map { store in
                var made = CopyEmitter.Store(context.counting(store.output.makeEmitter(context), store.stage))
                made.ignoresError = store.ignoresError
                made.ignoresIfPreviousSucceeded = store.ignoresIfPreviousSucceeded
                return made
            }, log: log)
    }

    var drains: [OutputDrain] { stores.flatMap(\.output.drains) }
}
