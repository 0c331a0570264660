internal import ConfigFile
internal import Events

/// `<match> @type roundrobin` with its `<store>` sections (Fluentd's `out_roundrobin.rb`).
enum RoundRobinSection {
    /// The order has as many places as the weights say: more would be memory, and no finer share.
    private static let largestWeight = 10_000

    static func read(_ reader: SectionReader, _ builder: PlanBuilder) -> OutputPlan? {
        var stores: [(plan: OutputPlan, weight: Int)] = []
        var leftOut: OutputPlan?
        let sections = reader.sections(named: "store")
        for section in sections {
            let inner = SectionReader(section, diagnostics: reader.diagnostics)
            // The weight belongs to the store, whatever its type is.
            let weight = inner.int("weight", default: 1, range: 0...largestWeight)
            guard let type = inner.type(required: true), let plan = builder.output(inner, type) else { continue }
            if plan.isLeftOut { leftOut = plan } else { stores.append((plan, weight)) }
        }
        if stores.isEmpty, let leftOut { return builder.leftOut(leftOut.type, around: reader) }
        if sections.isEmpty {
            reader.diagnostics.error(
                reader.section.place, "\(reader.description) has no <store>", hint: "add <store> … </store> sections")
        } else if !stores.isEmpty, stores.allSatisfy({ $0.weight == 0 }) {
            reader.diagnostics.error(
                reader.section.place, "every <store> of \(reader.description) has weight 0",
                hint: "give one of them a weight of 1 or more")
        }
        let fixed = stores
        return OutputPlan(
            type: "roundrobin", summary: "", children: stores.map(\.plan),
            makeOutput: { context in
                var generator = SystemRandomNumberGenerator()
                return RoundRobinOutput(
                    try fixed.map { (try $0.plan.makeOutput(context), $0.plan.stage) },
                    turns: StoreTurns(weights: fixed.map(\.weight), using: &generator))
            })
    }
}

/// The stores of a roundrobin, at work.
private final class RoundRobinOutput: RunningOutput {
    private let stores: [(output: any RunningOutput, stage: Stage)]
    private let turns: StoreTurns

    init(_ stores: [(output: any RunningOutput, stage: Stage)], turns: StoreTurns) {
        self.stores = stores
        self.turns = turns
    }

    func makeEmitter(_ context: LoopContext) -> any Emitter {
        RoundRobinEmitter(
            stores.map { context.counting($0.output.makeEmitter(context), $0.stage) }, turns: turns)
    }

    var drains: [OutputDrain] { stores.flatMap(\.output.drains) }
}
