import ConfigFile
import Events
import Glibc
import Logging
import Outputs
import Pipeline

/// A configuration and lines for it, of any bytes: what `try` does with them. Fuzzed by `Tests/Fuzz/Try`, and its findings
/// replayed here.
///
/// The input is a configuration, a line of `%%`, and lines. Nothing is opened: no socket, no file of an output.
enum TryExercise {
    /// Bytes of a configuration that is tried, and lines of one input; what is longer says nothing new.
    private static let maximumConfigurationBytes = 4096
    private static let maximumLines = 16
    /// Sources of one configuration that lines go through.
    private static let maximumSources = 4

    /// Each line that goes through a source is read, held or refused, and is not just gone; what was held comes at the end,
    /// once; and an event that a source made goes through the filters by itself as it did behind the source.
    ///
    /// - Returns: what is wrong; nil: nothing.
    static func fault(of input: [UInt8]) -> String? {
        let (configuration, lines) = parts(of: input)
        guard configuration.count <= maximumConfigurationBytes,
            let text = String(validating: configuration, as: UTF8.self), let nowhere
        else { return nil }
        let document = ConfigDocument.parse(text)
        let plan = PlanBuilder.build(document, environment: ConfigEnvironment(hostname: "host.example"))
        guard !document.diagnostics.hasErrors else { return nil }
        guard let trial = try? Trial(plan, path: "", standardOutput: nowhere) else { return nil }
        for name in plan.textSources.prefix(maximumSources) {
            // A source may want a tag, or have one of its own.
            let source =
                (try? plan.trialSource(name, tag: nil, label: nil, path: ""))
                ?? (try? plan.trialSource(name, tag: "app.x", label: nil, path: ""))
            guard let source else { continue }
            for line in lines where trial.send(text: line, through: source).isEmpty {
                return "a line is gone in \(name)"
            }
            _ = trial.finish(source)
            if !trial.finish(source).isEmpty { return "what was held comes twice in \(name)" }
            _ = trial.finish()
            if !trial.finish().isEmpty { return "what filters held comes twice" }
            if let fault = again(lines, source, trial) { return "\(fault) of \(name)" }
        }
        return nil
    }

    /// The events of a source by themselves are records that a trial takes.
    private static func again(_ lines: [[UInt8]], _ source: TrialSource, _ trial: Trial) -> String? {
        let texts = lines.map(Optional.some) + [nil]
        for event in texts.flatMap({ source.events(of: $0).events }) {
            guard let tag = String(validating: event.tag, as: UTF8.self) else { continue }
            do {
                _ = try trial.send(tag: Tag(tag), time: event.time, record: event.record, to: source.label)
            } catch {
                return "an event that is no JSON object: \(String(decoding: event.record, as: UTF8.self))"
            }
        }
        _ = trial.finish()
        return nil
    }

    private static func parts(of input: [UInt8]) -> (configuration: [UInt8], lines: [[UInt8]]) {
        let all = input.split(separator: 0x0A, omittingEmptySubsequences: false).map(Array.init)
        guard let mark = all.firstIndex(of: Array("%%".utf8)) else { return (input, []) }
        return (Array(all[..<mark].joined(separator: [0x0A])), Array(all[(mark + 1)...].prefix(maximumLines)))
    }

    private static let nowhere: TextSink? = {
        let descriptor = unsafe open("/dev/null", O_WRONLY | O_CLOEXEC)
        return (try? WriterThread()).map { TextSink(descriptor: descriptor, writer: $0) }
    }()
}
