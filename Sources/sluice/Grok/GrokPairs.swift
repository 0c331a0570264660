import CommandLine
import Events
import Grok
import Parsing

/// `--pairs`: an expression and a text by turns, each text matched with its own expression.
///
/// For scripts and tests that have many expressions with a line or two each: one process does for all.
struct GrokPairs: ~Copyable {
    private let library: PatternLibrary
    private let multiline: Bool
    private var writer: GrokResultWriter?
    private var rows = Rows(fieldCapacity: 64)
    private var out = ByteBuffer(capacity: 64 * 1024)
    /// The last expression and what came of it.
    private var expression: [UInt8]?
    private var parser: GrokParser?
    private var problem = ""

    init(_ library: PatternLibrary, _ parsed: ParsedCommand) throws(GrokCommand.Failure) {
        guard parsed.value(GrokCommandOptions.format) == "json" else {
            throw GrokCommand.Failure("Error: --pairs needs --format json\n", ExitStatus.usage)
        }
        guard !parsed.has(GrokCommandOptions.pattern), !parsed.has(GrokCommandOptions.filter) else {
            throw GrokCommand.Failure(
                "Error: --pairs reads its expressions; leave -p and --filter out\n", ExitStatus.usage)
        }
        self.library = library
        multiline = parsed.has(GrokCommandOptions.multiline)
    }

    mutating func run(
        _ source: consuming GrokLines, separator: UInt8, _ progress: GrokProgress
    ) throws(GrokCommand.Failure) -> Int32 {
        var lines = source
        var storage = ByteBuffer(capacity: GrokLines.blockBytes * 2)
        var isText = false
        var status = GrokCommand.Status.matched
        do throws(GrokLines.ReadError) {
            while try lines.read(into: &storage) {
                let limit = storage.count
                var start = 0
                while start < limit {
                    let text = GrokLines.text(storage, from: start, limit: limit, separator: separator)
                    start = text.end + 1
                    if isText {
                        status = max(status, match(text, &storage))
                    } else {
                        take(storage.array(text))
                    }
                    isText.toggle()
                    progress.done += 1
                }
                progress.update()
                StandardOutput.flush(&out)
            }
        } catch {
            throw GrokCommand.Failure("Error: \(error)\n", ExitStatus.cannotRead)
        }
        if isText {
            throw GrokCommand.Failure("Error: the last expression has no text\n", ExitStatus.usage)
        }
        return status
    }

    private mutating func take(_ bytes: [UInt8]) {
        guard bytes != expression else { return }
        expression = bytes
        parser = nil
        guard let text = String(validating: bytes, as: UTF8.self) else {
            problem = "the expression is not valid UTF-8"
            return
        }
        var options = GrokOptions([GrokOptions.Section(text)], library: library)
        options.isMultiline = multiline
        do throws(SettingError) {
            let faults = ConversionFaults()
            parser = try ParserRecipe.grok(options).makeParser(noting: faults) as? GrokParser
            writer = parser.map { GrokResultWriter($0, faults, showsISOTimes: false) }
        } catch {
            problem = error.message
        }
    }

    private mutating func match(_ text: Slice, _ storage: inout ByteBuffer) -> Int32 {
        guard let parser else {
            GrokResultWriter.write(error: problem, to: &out)
            return GrokCommand.Status.badPattern
        }
        rows.clear()
        let result = parser.parse(text, storage: &storage, rows: &rows)
        writer?.write(result, in: text, rows, &storage, to: &out)
        if case .matched = result, parser.lastHit != nil { return GrokCommand.Status.matched }
        return GrokCommand.Status.unmatched
    }
}
