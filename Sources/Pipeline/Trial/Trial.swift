package import Events
internal import Logging
package import Outputs

/// A plan that is tried: events go one by one through its real filters and labels, and where an output stands they are
/// formatted and not sent. Nothing is opened: no socket, no file, no buffer.
///
/// What a stage does only with time (retries, limits of a rate) or with other events is not seen here.
package final class Trial {
    private let rehearsal: Rehearsal
    private let recorder = TrialRecorder()

    /// - Parameters:
    ///   - path: the configuration that was asked for.
    ///   - standardOutput: where the stdout filters write.
    package init(_ plan: PipelinePlan, path: String, standardOutput: TextSink) throws {
        let recorder = recorder
        var labels: [StageID: String] = [:]
        for label in plan.labels {
            for output in label.outputs { labels[output.stage.id] = label.name }
        }
        rehearsal = try Rehearsal(
            plan.wrappingFilters { filter, plan, label in
                TrialFilter(
                    filter, at: TrialPlace(stage: plan.stage, type: plan.type, label: label, path: path), recorder)
            }, log: .discarding, stateDirectory: nil, standardOutput: standardOutput
        ) { [labels] output, make in
            let place = TrialPlace(
                stage: output.stage, type: output.type, label: labels[output.stage.id] ?? "", path: path)
            return output.rewrites.isEmpty
                ? TrialOutput(output, at: place, recorder) : TrialRewriting(try make(), at: place, recorder)
        }
    }

    /// Sends one event into a label.
    ///
    /// - Parameters:
    ///   - record: a JSON object.
    ///   - label: where its source would send it.
    /// - Returns: what each stage made of it, in the order of its way; empty when nothing takes its tag.
    /// - Throws: `JSONError`.
    package func send(
        tag: Tag, time: EventTime, record: [UInt8], to label: String = LabelPlan.rootName
    ) throws -> [TrialStep] {
        var storage = ByteBuffer(capacity: record.count * 2)
        var rows = Rows(fieldCapacity: 64)
        try rows.appendRecord(json: record, time, &storage)
        _ = rehearsal.emit(tag: tag, storage: &storage, rows: &rows, label: label)
        return recorder.take()
    }

    /// Sends a text through a source, as a line of its file or a message of its socket.
    ///
    /// - Returns: what the source made of it, and then each stage.
    package func send(text: [UInt8], through source: TrialSource) -> [TrialStep] {
        take(text, through: source)
    }

    /// No more texts come from a source: what it holds goes on as it is. Before `finish()`.
    package func finish(_ source: TrialSource) -> [TrialStep] { take(nil, through: source) }

    private func take(_ text: [UInt8]?, through source: TrialSource) -> [TrialStep] {
        source.take(text, recorder) { tag, storage, rows in
            _ = rehearsal.emit(tag: tag, storage: &storage, rows: &rows, label: source.label)
        }
        return recorder.take()
    }

    /// No more events come: what stages still hold goes on as it is.
    package func finish() -> [TrialStep] {
        rehearsal.releaseHeld(isLast: true)
        return recorder.take()
    }
}
