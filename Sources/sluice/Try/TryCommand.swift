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
        guard let path = ConfigurationLoader.path(parsed.value(RunOptions.config)) else {
            StandardError.write(ConfigurationLoader.noConfiguration)
            return ExitStatus.configuration
        }
        guard let plan = ConfigurationLoader.runnable(path) else { return ExitStatus.configuration }
        let label = parsed.value(TryOptions.label) ?? LabelPlan.rootName
        guard plan.label(label) != nil else {
            let names = plan.labels.filter { !$0.isHidden }.map(\.name).joined(separator: ", ")
            return fail("there is no label \(label); there are \(names)", ExitStatus.usage)
        }
        do {
            let trial = try Trial(plan, path: path, standardOutput: .nowhere())
            var run = TryRun(trial, parsed, label: label)
            return try run.run(GrokLines(parsed.arguments, separator: 0x0A))
        } catch {
            return fail("\(error)", ExitStatus.cannotRead)
        }
    }

    private static func fail(_ sentence: String, _ status: Int32) -> Int32 {
        StandardError.write("sluice try: \(sentence)\n")
        return status
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
    private let label: String
    private let asJSON: Bool
    private let text = TryText(Terminal.standardOutput)
    private var reader: TryEventReader
    private var out = ByteBuffer(capacity: 64 * 1024)
    private var tags: [[UInt8]: Tag] = [:]
    private var status = ExitStatus.success

    init(_ trial: Trial, _ parsed: ParsedCommand, label: String) {
        self.trial = trial
        self.label = label
        asJSON = parsed.value(TryOptions.format) == "json"
        reader = TryEventReader(
            tag: parsed.value(TryOptions.tag).map { Array($0.utf8) },
            key: Array((parsed.value(TryOptions.key) ?? TryOptions.defaultKey).utf8),
            takesLines: parsed.has(TryOptions.lines))
    }

    mutating func run(_ source: consuming GrokLines) throws(GrokLines.ReadError) -> Int32 {
        var lines = source
        var storage = ByteBuffer(capacity: GrokLines.blockBytes * 2)
        var number = 0
        while try lines.read(into: &storage) {
            var start = 0
            for place in 0..<storage.count where storage[place] == 0x0A {
                number += 1
                if place > start { one(storage.array(Slice(offset: start, length: place - start)), number) }
                start = place + 1
            }
            StandardOutput.flush(&out)
        }
        return status
    }

    private mutating func one(_ line: [UInt8], _ number: Int) {
        do {
            let event = try reader.read(line)
            let tag = tags[event.tag] ?? Tag(event.tag)
            tags[event.tag] = tag
            let steps = try trial.send(tag: tag, time: event.time, record: event.record, to: label)
            let verdict = TryVerdict(steps)
            if !verdict.isFine { status = ExitStatus.failure }
            if asJSON {
                TryJSON.write(number, event, steps, verdict, to: &out)
            } else {
                out.append(text.event(number, event, steps, verdict))
            }
        } catch {
            StandardOutput.flush(&out)
            StandardError.write("sluice try: line \(number): \(error)\n")
            status = ExitStatus.failure
        }
    }
}

/// What became of an event in the end.
enum TryVerdict {
    case taken
    /// By a filter, as it was told.
    case dropped(stage: String)
    case refused(stage: String)
    /// No `<match>` has its tag.
    case unmatched

    init(_ steps: [TrialStep]) {
        var (isTaken, refused, dropped) = (false, String?.none, String?.none)
        for step in steps {
            switch step.change {
            case .taken: isTaken = true
            case .refused: refused = refused ?? step.stage
            case .filtered(let into, let reasons):
                if !reasons.isEmpty { refused = refused ?? step.stage }
                if into.isEmpty, reasons.isEmpty { dropped = dropped ?? step.stage }
            }
        }
        self =
            if let refused { .refused(stage: refused) } else if isTaken { .taken } else if let dropped {
                .dropped(stage: dropped)
            } else { .unmatched }
    }

    var isFine: Bool {
        switch self {
        case .taken, .dropped: true
        case .refused, .unmatched: false
        }
    }

    /// In JSON.
    var name: String {
        switch self {
        case .taken: "taken"
        case .dropped: "dropped"
        case .refused: "refused"
        case .unmatched: "unmatched"
        }
    }
}
