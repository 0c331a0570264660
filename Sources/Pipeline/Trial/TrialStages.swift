internal import Events
internal import Filters

/// What the stages of a trial note, in the order in which they see the event.
final class TrialRecorder {
    private(set) var steps: [TrialStep] = []

    func note(_ step: TrialStep) { steps.append(step) }

    /// Before what has followed from it.
    func note(_ step: TrialStep, at place: Int) { steps.insert(step, at: place) }

    func take() -> [TrialStep] {
        defer { steps.removeAll() }
        return steps
    }
}

/// Which stage notes something.
struct TrialPlace {
    let stage: Stage
    let type: String
    let label: String
    /// The configuration's own path, for places in other files.
    let path: String

    func step(_ tag: Tag, _ record: TrialRecord, _ change: TrialStep.Change) -> TrialStep {
        TrialStep(
            stage: stage.id.description, type: type, place: stage.origin.shown(in: path), label: label, tag: tag.text,
            record: record, change: change)
    }
}

/// The filter itself, between two looks at the records.
final class TrialFilter: Filter {
    private let filter: any Filter
    private let place: TrialPlace
    private let recorder: TrialRecorder

    init(_ filter: any Filter, at place: TrialPlace, _ recorder: TrialRecorder) {
        (self.filter, self.place, self.recorder) = (filter, place, recorder)
    }

    var takesWholeStreams: Bool { filter.takesWholeStreams }
    var showsOrder: Bool { filter.showsOrder }
    var holder: (any EventHolder)? { filter.holder }

    /// A trial sends events one by one, but a stage before may have made several of one.
    func apply(_ batch: Batch, storage: inout ByteBuffer, rows: inout Rows) {
        let records = rows.records
        var kept: [Record] = []
        let holder = filter.holder
        // Whoever drives the chain settles one batch, whatever is in it.
        if holder != nil, records.isEmpty { filter.apply(batch, storage: &storage, rows: &rows) }
        for (index, record) in records.enumerated() {
            let before = TrialRecord(record, rows, storage)
            let refusals = rows.rejections.count
            rows.records = [record]
            filter.apply(batch, storage: &storage, rows: &rows)
            let after = rows.records.map { TrialRecord($0, rows, storage) }
            let reasons = rows.rejections[refusals...].map(\.reason)
            let isHeld = holder != nil && after.isEmpty && reasons.isEmpty
            recorder.note(
                place.step(batch.tag, before, isHeld ? .held : .filtered(into: after, refused: reasons)))
            if index < records.count - 1 { holder?.settle(isTaken: true) }
            kept += rows.records
        }
        rows.records = kept
    }
}

/// In an output's place: notes what it would send.
final class TrialOutput: RunningOutput {
    private let plan: OutputPlan
    private let place: TrialPlace
    private let recorder: TrialRecorder

    init(_ plan: OutputPlan, at place: TrialPlace, _ recorder: TrialRecorder) {
        (self.plan, self.place, self.recorder) = (plan, place, recorder)
    }

    func makeEmitter(_ context: LoopContext) -> any Emitter { TrialEmitter(plan.preview?(), place, recorder) }
}

private final class TrialEmitter: Emitter {
    private let preview: (any OutputPreview)?
    private let place: TrialPlace
    private let recorder: TrialRecorder

    init(_ preview: (any OutputPreview)?, _ place: TrialPlace, _ recorder: TrialRecorder) {
        (self.preview, self.place, self.recorder) = (preview, place, recorder)
    }

    func emit(_ batch: Batch, storage: inout ByteBuffer, rows: inout Rows) -> Acceptance {
        for record in rows.records {
            let seen = TrialRecord(record, rows, storage)
            let refusals = rows.rejections.count
            let parts = preview?.parts(of: record, tag: batch.tag, storage: &storage, rows: &rows) ?? []
            let refused = rows.rejections.count > refusals ? rows.rejections[refusals].reason : nil
            recorder.note(place.step(batch.tag, seen, refused.map { .refused($0) } ?? .taken(parts)))
        }
        return .accepted
    }
}

/// An output that gives events new tags, at work: notes which.
final class TrialRewriting: RunningOutput {
    private let output: any RunningOutput
    private let place: TrialPlace
    private let recorder: TrialRecorder

    init(_ output: any RunningOutput, at place: TrialPlace, _ recorder: TrialRecorder) {
        (self.output, self.place, self.recorder) = (output, place, recorder)
    }

    func makeEmitter(_ context: LoopContext) -> any Emitter {
        let emitter = output.makeEmitter(context)
        if let rewriting = emitter as? any RetaggingEmitter { return TrialRewritingEmitter(rewriting, place, recorder) }
        if let joining = emitter as? DetectExceptionsEmitter { return TrialJoiningEmitter(joining, place, recorder) }
        return emitter
    }
}

private final class TrialRewritingEmitter: Emitter {
    private let emitter: any RetaggingEmitter
    private let place: TrialPlace
    private let recorder: TrialRecorder

    init(_ emitter: any RetaggingEmitter, _ place: TrialPlace, _ recorder: TrialRecorder) {
        (self.emitter, self.place, self.recorder) = (emitter, place, recorder)
    }

    func emit(_ batch: Batch, storage: inout ByteBuffer, rows: inout Rows) -> Acceptance {
        for record in rows.records {
            let change: TrialStep.Change =
                switch emitter.newTag(of: record, in: batch, &storage, &rows) {
                case .tag(let tag, _): .retagged(tag.text)
                case .none: .filtered(into: [], refused: [])
                case .refused(_, let reason): .refused(reason)
                }
            recorder.note(place.step(batch.tag, TrialRecord(record, rows, storage), change))
        }
        return emitter.emit(batch, storage: &storage, rows: &rows)
    }
}

private final class TrialJoiningEmitter: Emitter {
    private let emitter: DetectExceptionsEmitter
    private let place: TrialPlace
    private let recorder: TrialRecorder

    init(_ emitter: DetectExceptionsEmitter, _ place: TrialPlace, _ recorder: TrialRecorder) {
        (self.emitter, self.place, self.recorder) = (emitter, place, recorder)
    }

    func emit(_ batch: Batch, storage: inout ByteBuffer, rows: inout Rows) -> Acceptance {
        var acceptance = Acceptance.accepted
        for record in rows.records {
            let seen = TrialRecord(record, rows, storage)
            let before = recorder.steps.count
            rows.records = [record]
            acceptance = acceptance.combined(with: emitter.emit(batch, storage: &storage, rows: &rows))
            let tag = emitter.newTag(batch.tag)
            let change: TrialStep.Change =
                if let reason = rows.rejections.last?.reason, tag == nil {
                    .refused(reason)
                } else if let tag,
                    recorder.steps.count > before
                { .retagged(tag.text) } else { .held }
            recorder.note(place.step(batch.tag, seen, change), at: before)
        }
        return acceptance
    }
}
