internal import Dispatch
internal import EventLoop
internal import Events
internal import Synchronization

/// Dead letters come to their outputs again on the first loop, past all filters.
extension RunningPipeline {
    /// Letters are taken from now on.
    func takeLetters() {
        view.letters.onHand { [loop, unowned self] output, letters, receipt in
            let answer = Mutex(LetterReplay.Answer.gone)
            let isDone = DispatchSemaphore(value: 0)
            let isTaken = loop.submit {
                let said = self.hand(letters, receipt, to: output)
                answer.withLock { $0 = said }
                isDone.signal()
            }
            // A loop that ends in this moment runs nothing more.
            if isTaken { _ = isDone.wait(timeout: .now() + Self.longestHandSeconds) }
            return answer.withLock { $0 }
        }
    }

    func refuseLetters() { view.letters.onHand(nil) }

    private static let longestHandSeconds = 60.0

    private func hand(_ letters: LetterReplay.Letters, _ receipt: Receipt, to output: String) -> LetterReplay.Answer {
        guard lifecycle.state == .running, let stages = workers.first?.stages,
            let entry = context?.live.entries.first(where: { $0.plan.stage.id.description == output })
        else { return .gone }
        return letterEmitter.emit(letters, receipt, to: entry, of: stages, in: self)
    }
}

/// Gives letters to the emitter of their output. On the first loop alone.
final class LetterEmitter {
    private var storage = ByteBuffer(capacity: 64 * 1024)
    private var rows = Rows(fieldCapacity: 1024)
    /// Of the output that was given some last.
    private var emitter: (output: any RunningOutput, emitter: any Emitter)?
    private var wait = RoomWait()

    func emit(
        _ letters: LetterReplay.Letters, _ receipt: Receipt, to entry: LiveOutputs.Entry, of stages: LoopStages,
        in pipeline: RunningPipeline
    ) -> LetterReplay.Answer {
        guard wait.isOver(stages) else { return .full }
        let emitter = emitter(of: entry, stages, pipeline)
        storage.clear()
        rows.clear()
        for event in letters.events {
            // It was read as JSON when its line was.
            if (try? rows.appendRecord(json: event.record, event.time, &storage)) == nil { receipt.note(.lost) }
        }
        let isTaken = wait.emit(
            Batch(Tag(letters.tag), receipt: receipt), to: emitter, &storage, &rows, of: stages)
        // What the output's own form cannot hold stays in the file.
        if !rows.rejections.isEmpty { receipt.note(.lost) }
        return isTaken ? .taken : .full
    }

    private func emitter(
        of entry: LiveOutputs.Entry, _ stages: LoopStages, _ pipeline: RunningPipeline
    ) -> any Emitter {
        if let emitter, emitter.output === entry.output { return emitter.emitter }
        let context = LoopContext(
            log: pipeline.log, standardOutput: pipeline.standardOutput, metrics: pipeline.metrics,
            pressure: stages.pressure, reachesNetwork: true)
        let made = context.counting(entry.output.makeEmitter(context), entry.plan.stage)
        emitter = (entry.output, made)
        return made
    }
}
