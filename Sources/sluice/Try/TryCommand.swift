import CommandLine
import ConfigFile
import Events
import Glibc
import Logging
import Outputs
import Pipeline
import Time

/// `sluice try -c FILE [--tag TAG] [INPUT…]`: events through the real filters of a configuration, and what each stage made
/// of them.
enum TryCommand {
    /// Exit status 0 when every event reached an output or was dropped on purpose; 1 when one was refused, or nothing takes
    /// it.
    static func run(_ parsed: ParsedCommand) -> Int32 {
        guard let target = EventTarget(parsed) else { return ExitStatus.configuration }
        do {
            let trial = try Trial(target.plan, path: target.path, standardOutput: .nowhere())
            var run = TryRun(trial, parsed, target)
            return try run.run(GrokLines(parsed.arguments, separator: 0x0A))
        } catch {
            StandardError.write("sluice try: \(error)\n")
            return ExitStatus.cannotRead
        }
    }
}

extension TextSink {
    /// Where stdout filters print while a plan is tried: their lines have no place between those of the command.
    static func nowhere() throws -> TextSink {
        TextSink(descriptor: unsafe open("/dev/null", O_WRONLY | O_CLOEXEC), writer: try WriterThread())
    }
}

/// One pass over all lines.
private struct TryRun: ~Copyable {
    private let trial: Trial
    private let source: TrialSource?
    private let label: String
    private let asJSON: Bool
    private let text = TryText(Terminal.standardOutput)
    private var reader: TryEventReader
    private var out = ByteBuffer(capacity: 64 * 1024)
    private var tags: [[UInt8]: Tag] = [:]
    private var status = ExitStatus.success

    init(_ trial: Trial, _ parsed: ParsedCommand, _ target: EventTarget) {
        self.trial = trial
        source = target.source
        label = target.label
        asJSON = parsed.value(TryOptions.format) == "json"
        reader = TryEventReader(parsed, target.texts)
    }

    mutating func run(_ source: consuming GrokLines) throws(GrokLines.ReadError) -> Int32 {
        var lines = source
        try lines.each(takesEmpty: self.source != nil) { number, line in
            one(line, number)
            if out.count > GrokLines.blockBytes { StandardOutput.flush(&out) }
            return true
        } afterBlock: {
            StandardOutput.flush(&out)
        }
        end()
        return status
    }

    /// What stages held until the end.
    private mutating func end() {
        let steps = (source.map { trial.finish($0) } ?? []) + trial.finish()
        guard !steps.isEmpty else { return }
        if !TryVerdict(steps).isFine { status = ExitStatus.failure }
        if asJSON { TryJSON.writeEnd(steps, to: &out) } else { out.append(text.end(steps)) }
        StandardOutput.flush(&out)
    }

    private mutating func one(_ line: [UInt8], _ number: Int) {
        do {
            let input = try reader.read(line)
            let steps = try steps(input)
            let verdict = TryVerdict(steps)
            if !verdict.isFine { status = ExitStatus.failure }
            if asJSON {
                TryJSON.write(number, input, steps, verdict, to: &out)
            } else {
                out.append(text.event(number, input, steps, verdict))
            }
        } catch {
            StandardOutput.flush(&out)
            StandardError.write("sluice try: line \(number): \(error)\n")
            status = ExitStatus.failure
        }
    }
}

extension TryRun {
    private mutating func steps(_ input: TryInput) throws -> [TrialStep] {
        switch input {
        case .text(let text): return source.map { trial.send(text: text, through: $0) } ?? []
        case .event(let event):
            let tag = tags[event.tag] ?? Tag(event.tag)
            tags[event.tag] = tag
            return try trial.send(tag: tag, time: event.time, record: event.record, to: label)
        }
    }
}

/// What became of an event in the end.
enum TryVerdict {
    case taken
    /// By a stage that waits for more.
    case held
    /// By a filter, as it was told, or by a source that made nothing of a text.
    case dropped(stage: String)
    case refused(stage: String)
    /// No `<match>` has its tag.
    case unmatched

    init(_ steps: [TrialStep]) {
        var (isTaken, isHeld, refused, dropped) = (false, false, String?.none, String?.none)
        for step in steps {
            switch step.change {
            case .taken: isTaken = true
            case .retagged: break
            case .held: isHeld = true
            case .refused: refused = refused ?? step.stage
            case .filtered(let into, let reasons), .read(let into, let reasons):
                if !reasons.isEmpty { refused = refused ?? step.stage }
                if into.isEmpty, reasons.isEmpty { dropped = dropped ?? step.stage }
            }
        }
        self =
            if let refused { .refused(stage: refused) } else if isTaken { .taken } else if isHeld {
                .held
            } else if let dropped {
                .dropped(stage: dropped)
            } else { .unmatched }
    }

    var isFine: Bool {
        switch self {
        case .taken, .held, .dropped: true
        case .refused, .unmatched: false
        }
    }

    /// In JSON.
    var name: String {
        switch self {
        case .taken: "taken"
        case .held: "held"
        case .dropped: "dropped"
        case .refused: "refused"
        case .unmatched: "unmatched"
        }
    }
}
