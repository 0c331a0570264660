package import Events
internal import Inputs

/// A source of a plan that is tried: texts go through its own parser into its label.
package final class TrialSource {
    /// Why there is none: a sentence.
    package struct Failure: Error, CustomStringConvertible {
        package let description: String
    }

    private let intake: any TextIntake
    private let plan: SourcePlan
    private let place: TrialPlace
    /// Where its events go.
    package let label: String
    /// For a step before the source has given one.
    private let tag: Tag

    /// - Parameters:
    ///   - plan: of a source that texts come to.
    ///   - tag: what events are to be called where the source leaves that to others; nil: not said.
    ///   - label: nil: the source's own.
    ///   - path: the configuration that was asked for.
    init(
        _ plan: SourcePlan, tag: String?, label: String?, path: String
    ) throws(Failure) {
        guard let texts = plan.texts else {
            throw Failure(
                description: "the source \(plan.stage.id) (\(plan.type)) takes whole events: it has no parser")
        }
        if let own = texts.tag, let tag, !texts.gives(tag) {
            throw Failure(description: "the source \(plan.stage.id) gives its events the tag \(own), and not \(tag)")
        }
        if texts.tag == nil, tag?.isEmpty ?? true {
            throw Failure(
                description: "whoever sends to the source \(plan.stage.id) (\(plan.type)) names the tag; give one")
        }
        self.plan = plan
        self.label = label ?? plan.label ?? LabelPlan.rootName
        intake = texts.make(tag)
        self.tag = Tag(tag ?? texts.tag ?? "")
        place = TrialPlace(stage: plan.stage, type: plan.type, label: self.label, path: path)
    }

    /// What is in its events at work and not in these, because no text has it: a sentence; nil: nothing.
    package var unseen: String? { intake.unseen }

    /// - Parameter text: nil: no more texts come.
    func take(_ text: [UInt8]?, _ recorder: TrialRecorder, _ handOn: TextIntake.HandOn) {
        var isRead = false
        // A step for the records of each tag, each before what follows from it, and one for what has made none.
        func noted(_ tag: Tag, _ storage: inout ByteBuffer, _ rows: inout Rows) {
            isRead = true
            let records = rows.records.map { TrialRecord($0, rows, storage) }
            recorder.note(step(tag, .read(into: records, refused: [])))
            handOn(tag, &storage, &rows)
        }
        let reasons: [String]
        if let text {
            reasons = intake.take(text, noted)
        } else {
            guard intake.isWaiting else { return }
            reasons = intake.finish(noted)
        }
        if !reasons.isEmpty {
            recorder.note(step(tag, .read(into: [], refused: reasons)))
        } else if !isRead {
            recorder.note(step(tag, intake.isWaiting ? .held : .read(into: [], refused: [])))
        }
    }

    /// An event by itself.
    package struct Event: Sendable {
        package let tag: [UInt8]
        package let time: EventTime
        /// A JSON object.
        package let record: [UInt8]
    }

    /// What the source makes of a text, and why it or parts of it are no events. Nothing goes on.
    ///
    /// - Parameter text: nil: no more texts come.
    package func events(of text: [UInt8]?) -> (events: [Event], refused: [String]) {
        var events: [Event] = []
        let handOn: TextIntake.HandOn = { tag, storage, rows in
            for record in rows.records {
                var json = ByteBuffer(capacity: 256)
                json.appendJSONObject(record, rows, storage)
                events.append(Event(tag: tag.bytes, time: record.time, record: json.array()))
            }
        }
        let refused = text.map { intake.take($0, handOn) } ?? intake.finish(handOn)
        return (events, refused)
    }

    /// Its line among the stages of a measurement.
    var time: StageTime { StageTime(stage: place.stage.id.description, type: place.type, label: label) }

    /// Makes events of a text and lets them go.
    ///
    /// - Parameter text: nil: no more texts come.
    /// - Returns: how often something was refused.
    func parse(_ text: [UInt8]?) -> Int {
        let nowhere: TextIntake.HandOn = { _, _, _ in }
        return (text.map { intake.take($0, nowhere) } ?? intake.finish(nowhere)).count
    }

    private func step(_ tag: Tag, _ change: TrialStep.Change) -> TrialStep {
        // A text is no record yet: all of what comes of it is new.
        place.step(tag, TrialRecord(time: EventTime(seconds: 0), fields: []), change)
    }
}

extension PipelinePlan {
    /// The source that texts are to go through.
    ///
    /// - Parameters:
    ///   - name: its `@id` or its name in the log (`source:3`), the place in that name (`3`), or its type when no other
    ///     source is of it.
    ///   - tag: of its events, where it gives none itself.
    ///   - label: where they go; nil: where the source sends them.
    ///   - path: the configuration's.
    package func trialSource(
        _ name: String, tag: String?, label: String?, path: String
    ) throws(TrialSource.Failure) -> TrialSource {
        let events = sources.filter { $0.monitor == nil && $0.fluentdMonitor == nil }
        var found = events.filter { [name, "source:" + name].contains("\($0.stage.id)") }
        if found.isEmpty { found = events.filter { $0.type == name } }
        if found.count == 1 { return try TrialSource(found[0], tag: tag, label: label, path: path) }
        let shown = (found.isEmpty ? events : found).map { "\($0.stage.id) (\($0.type))" }.joined(separator: ", ")
        throw TrialSource.Failure(
            description: found.isEmpty
                ? "there is no source \(name); " + (events.isEmpty ? "there is none at all" : "there are \(shown)")
                : "\(found.count) sources are of the type \(name): \(shown)")
    }

    /// The sources with a parser whose own events may have a tag.
    ///
    /// - Throws: when there are several.
    package func trialSource(
        giving tag: String, label: String?, path: String
    ) throws(TrialSource.Failure) -> TrialSource? {
        let found = sources.filter { $0.texts?.gives(tag) == true }
        guard found.count <= 1 else {
            let shown = found.map { "\($0.stage.id) (\($0.type))" }.joined(separator: ", ")
            throw TrialSource.Failure(description: "\(found.count) sources give the tag \(tag): \(shown)")
        }
        return try found.first.map { source throws(TrialSource.Failure) in
            try TrialSource(source, tag: tag, label: label, path: path)
        }
    }

    /// The names of the sources that take texts.
    package var textSources: [String] { sources.filter { $0.texts != nil }.map { "\($0.stage.id)" } }
}
