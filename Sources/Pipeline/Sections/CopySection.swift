internal import ConfigFile
internal import Events

/// `<match> @type copy` with its `<store>` sections.
enum CopySection {
    static func read(_ reader: SectionReader, _ builder: PlanBuilder) -> OutputPlan? {
        reader.ignore(
            ["copy_mode", "deep_copy"], reason: "stores never see each other's changes", severity: .note)
        var stores: [(plan: OutputPlan, ignoresError: Bool, ignoresIfPreviousSucceeded: Bool)] = []
        let sections = reader.sections(named: "store")
        for section in sections {
            let inner = SectionReader(section, diagnostics: reader.diagnostics)
            guard let type = inner.type(required: true), let plan = builder.output(inner, type) else { continue }
            var (ignoresError, ignoresIfPreviousSucceeded) = (false, false)
            for word in section.argument.text.split(separator: " ") {
                switch word {
                case "ignore_error": ignoresError = true
                case "ignore_if_prev_success": ignoresIfPreviousSucceeded = true
                default:
                    reader.diagnostics.error(
                        section.argument.place, "<store> does not know '\(word)'",
                        hint: "ignore_error or ignore_if_prev_success")
                }
            }
            stores.append((plan, ignoresError, ignoresIfPreviousSucceeded))
        }
        if sections.isEmpty {
            reader.diagnostics.error(
                reader.section.place, "\(reader.description) has no <store>", hint: "add <store> … </store> sections")
        }
        let fixed = stores
        return OutputPlan(
            type: "copy", summary: "\(stores.count) store\(stores.count == 1 ? "" : "s")", children: stores.map(\.plan),
            makeOutput: { context in
                CopyOutput(
                    try fixed.map { store in
                        (try store.plan.makeOutput(context), store.ignoresError, store.ignoresIfPreviousSucceeded)
                    })
            })
    }
}

/// The stores of a copy, at work.
private final class CopyOutput: RunningOutput {
    typealias Store = (output: any RunningOutput, ignoresError: Bool, ignoresIfPreviousSucceeded: Bool)
    private let stores: [Store]

    init(_ stores: [Store]) { self.stores = stores }

    func makeEmitter(_ context: LoopContext) -> any Emitter {
        CopyEmitter(
            stores.map { store in
                var made = CopyEmitter.Store(store.output.makeEmitter(context))
                made.ignoresError = store.ignoresError
                made.ignoresIfPreviousSucceeded = store.ignoresIfPreviousSucceeded
                return made
            }, log: context.log)
    }

    func start() { for store in stores { store.output.start() } }

    func flushAll() { for store in stores { store.output.flushAll() } }

    func shutdown(within seconds: Double) async -> Int {
        // All at once: the slowest decides, not the sum.
        var left = 0
        for store in stores { left += await store.output.shutdown(within: seconds) }
        return left
    }

    func whenRoom(_ action: @escaping @Sendable () -> Void) {
        for store in stores { store.output.whenRoom(action) }
    }
}
