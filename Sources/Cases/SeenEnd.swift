package import Pipeline
internal import YAML

/// Where an event, or what was made of it, ended.
package enum SeenEnd: Sendable {
    /// An output would take it.
    case output(TrialStep, [OutputPart])
    case dropped(TrialStep)
    case refused(TrialStep, reason: String)
    case unmatched(tag: String)

    /// The ends of one event; none, while a filter holds it.
    package static func of(_ steps: [TrialStep], tag: String) -> [SeenEnd] {
        var ends: [SeenEnd] = []
        var tag = tag
        var isHeld = false
        for step in steps {
            switch step.change {
            case .taken(let parts): ends.append(.output(step, parts))
            case .retagged(let new): tag = new
            case .held: isHeld = true
            case .refused(let reason): ends.append(.refused(step, reason: reason))
            case .read(let into, let reasons):
                tag = step.tag
                ends += reasons.map { .refused(step, reason: $0) }
                if into.isEmpty, reasons.isEmpty { ends.append(.dropped(step)) }
            case .filtered(let into, let reasons):
                ends += reasons.map { .refused(step, reason: $0) }
                if into.isEmpty, reasons.isEmpty { ends.append(.dropped(step)) }
            }
        }
        return ends.isEmpty && !isHeld ? [.unmatched(tag: tag)] : ends
    }

    /// `output es`, for a line about it.
    package var title: String {
        switch self {
        case .output(let step, _): "output \(step.stage)"
        case .dropped(let step): "dropped by \(step.stage)"
        case .refused(let step, let reason): "refused by \(step.stage): \(reason)"
        case .unmatched(let tag): "no <match> takes \(tag)"
        }
    }
}
