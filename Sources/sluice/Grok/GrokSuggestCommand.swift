import CommandLine
import Events
import Grok
import Suggest

/// `sluice grok suggest`: expressions for sample lines.
enum GrokSuggestCommand {
    /// Exit status 0 when the proposals cover every line, 1 when some line has none, 2 for a bad definition.
    static func run(_ parsed: ParsedCommand) -> Int32 {
        GrokCommand.run { () throws(GrokCommand.Failure) in
            let series =
                parsed.has(GrokCommandOptions.ecs)
                ? .ecsV1 : PatternSeries(rawValue: parsed.value(GrokCommandOptions.series) ?? "") ?? .legacy
            let library = try GrokCommand.library(parsed, series: series)
            let input = try sample(parsed.arguments)
            guard input.lines.seenCount > 0 else {
                throw GrokCommand.Failure(
                    "Error: no lines to look at; give a file, or lines on standard input\n",
                    GrokCommand.Status.unmatched)
            }
            var suggestion = GrokSuggester(library: library, series: series).suggest(input.lines)
            suggestion.notes += input.notes
            var out = ByteBuffer(capacity: 64 * 1024)
            switch parsed.value(GrokCommandOptions.suggestFormat) ?? "" {
            case "json": GrokSuggestJSON.write(suggestion, to: &out)
            case "filter": out.append(suggestion.filter())
            case "ingest": out.append(IngestPipeline(suggestion).json)
            default: out.append(GrokSuggestText(.standardOutput).text(suggestion))
            }
            StandardOutput.flush(&out)
            let isComplete = suggestion.uncoveredCount == 0 && suggestion.lineCount > 0
            return isComplete ? GrokCommand.Status.matched : GrokCommand.Status.unmatched
        }
    }

    /// The lines of files, up to `maximumInputBytes`.
    private static func sample(
        _ paths: [String]
    ) throws(GrokCommand.Failure) -> (lines: SampleLines, notes: [String]) {
        var sample = SampleLines()
        let progress = GrokProgress("reading")
        defer { progress.finish() }
        var lines = GrokLines(paths, separator: 0x0A, progress: progress)
        var storage = ByteBuffer(capacity: GrokLines.blockBytes * 2)
        var bytes = 0
        do throws(GrokLines.ReadError) {
            while try lines.read(into: &storage) {
                var start = 0
                while start < storage.count {
                    let text = GrokLines.text(storage, from: start, limit: storage.count, separator: 0x0A)
                    start = text.end + 1
                    sample.append(storage.array(text)[...])
                }
                bytes += storage.count
                progress.done = sample.seenCount
                progress.update()
                if bytes >= sample.limits.maximumInputBytes {
                    let limit = sample.limits.maximumInputBytes
                    return (sample, ["read the first \(limit) bytes (maximumInputBytes) and left out the rest"])
                }
            }
        } catch {
            throw GrokCommand.Failure("Error: \(error)\n", ExitStatus.cannotRead)
        }
        return (sample, [])
    }
}
