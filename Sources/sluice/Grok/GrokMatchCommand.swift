import CommandLine
import Events
import Grok
import Parsing
import Time

/// `sluice grok match`: lines through expressions, as JSON or for reading.
enum GrokMatchCommand {
    static func run(_ parsed: ParsedCommand) -> Int32 {
        GrokCommand.run { () throws(GrokCommand.Failure) in
            let separator: UInt8 = parsed.has(GrokCommandOptions.null) ? 0 : 0x0A
            let progress = GrokProgress("matching", besideResults: true)
            defer { progress.finish() }
            let lines = GrokLines(parsed.arguments, separator: separator, progress: progress)
            if parsed.has(GrokCommandOptions.pairs) {
                var pairs = try GrokPairs(try GrokCommand.library(parsed), parsed)
                return try pairs.run(lines, separator: separator, progress)
            }
            if let chain = try GrokChain.read(parsed) {
                return try GrokChainMatch(chain, asJSON: parsed.value(GrokCommandOptions.format) == "json", progress)
                    .run(lines, separator: separator)
            }
            let options = try GrokCommand.options(parsed)
            let faults = ConversionFaults()
            let parser = try GrokCommand.parser(options, noting: faults)
            var run = GrokMatchRun(parser, faults, try form(parsed), sections: options.sections.count, progress)
            return try run.run(lines, separator: separator)
        }
    }

    private static func form(_ parsed: ParsedCommand) throws(GrokCommand.Failure) -> GrokMatchRun.Form {
        let isOnlyUnmatched = parsed.has(GrokCommandOptions.onlyUnmatched)
        let field = parsed.value(GrokCommandOptions.countBy)
        guard !isOnlyUnmatched || field == nil else {
            throw GrokCommand.Failure("Error: give either --only-unmatched or --count-by\n", ExitStatus.usage)
        }
        return GrokMatchRun.Form(
            isJSON: parsed.value(GrokCommandOptions.format) == "json", isOnlyUnmatched: isOnlyUnmatched,
            countedField: field,
            showsISOTimes: parsed.has(GrokCommandOptions.isoTimes))
    }
}

/// One pass over all lines.
struct GrokMatchRun: ~Copyable {
    /// What is written of the lines.
    struct Form {
        var isJSON: Bool
        /// The lines that do not match, and nothing else.
        var isOnlyUnmatched: Bool
        /// The field whose values are counted.
        var countedField: String?
        var showsISOTimes: Bool
    }

    private let parser: GrokParser
    private let faults: ConversionFaults
    private let form: Form
    private let sections: Int
    private var writer: GrokResultWriter
    private let pretty = GrokPretty(Terminal.standardOutput)
    private var counts: GrokValueCounts?
    private var rows = Rows(fieldCapacity: 64)
    private var out = ByteBuffer(capacity: 512 * 1024)
    private var tally = Tally()
    private let progress: GrokProgress
    private let startMilliseconds = Clock.monotonicMilliseconds()

    /// What became of the lines.
    struct Tally {
        var lines = 0
        var matched = 0
        var gaveUp = 0
        var invalidTimes = 0
        var perSection: [Int: Int] = [:]
    }

    init(_ parser: GrokParser, _ faults: ConversionFaults, _ form: Form, sections: Int, _ progress: GrokProgress) {
        self.parser = parser
        self.faults = faults
        self.form = form
        self.sections = sections
        self.progress = progress
        counts = form.countedField.map { GrokValueCounts(field: $0) }
        writer = GrokResultWriter(parser, faults, showsISOTimes: form.showsISOTimes)
    }

    mutating func run(_ source: consuming GrokLines, separator: UInt8) throws(GrokCommand.Failure) -> Int32 {
        var lines = source
        var storage = ByteBuffer(capacity: GrokLines.blockBytes * 2)
        do throws(GrokLines.ReadError) {
            while try lines.read(into: &storage) {
                block(&storage, separator)
                StandardOutput.flush(&out)
                progress.done = tally.lines
                progress.update()
            }
        } catch {
            throw GrokCommand.Failure("Error: \(error)\n", ExitStatus.cannotRead)
        }
        progress.finish()
        if let counts {
            out.append(form.isJSON ? counts.json : counts.text)
        } else if !form.isJSON {
            let summary = pretty.summary(
                tally, sections: sections, names: parser.matcher.set.members.map { ($0.index, $0.name) },
                milliseconds: Clock.monotonicMilliseconds() - startMilliseconds)
            // The lines alone are for another program.
            if form.isOnlyUnmatched { StandardError.write(summary) } else { out.append(summary) }
        }
        StandardOutput.flush(&out)
        return tally.matched == tally.lines ? GrokCommand.Status.matched : GrokCommand.Status.unmatched
    }

    private mutating func block(_ storage: inout ByteBuffer, _ separator: UInt8) {
        let limit = storage.count
        parser.beginBatch(storage: &storage)
        var start = 0
        while start < limit {
            let text = GrokLines.text(storage, from: start, limit: limit, separator: separator)
            start = text.end + 1
            rows.clear()
            let result = parser.parse(text, storage: &storage, rows: &rows)
            count(result)
            write(text, result, separator, &storage)
            if out.count >= 256 * 1024 { StandardOutput.flush(&out) }
        }
    }

    private mutating func write(
        _ text: Slice, _ result: ParseResult, _ separator: UInt8, _ storage: inout ByteBuffer
    ) {
        var isMatch = false
        if case .matched = result { isMatch = parser.lastHit != nil }
        if form.isOnlyUnmatched {
            if isMatch { return }
            if form.isJSON {
                writer.write(result, in: text, rows, &storage, showsLine: true, to: &out)
            } else if Terminal.standardOutput.isTerminal {
                out.append(GrokPlaces.visible(storage.array(text)[...]) + "\n")
            } else {
                out.append(text, of: storage)
                out.append(separator)
            }
        } else if counts != nil {
            if isMatch { counts?.add(rows, storage) } else { counts?.addUnmatched() }
        } else if form.isJSON {
            writer.write(result, in: text, rows, &storage, to: &out)
        } else {
            pretty.write(
                text, result, parser, rows, &storage, showsSection: sections > 1, faults: faults.take(),
                times: form.showsISOTimes, to: &out)
        }
    }

    private mutating func count(_ result: ParseResult) {
        tally.lines += 1
        switch result {
        case .matched:
            guard let hit = parser.lastHit else { return }
            tally.matched += 1
            if sections > 1 { tally.perSection[parser.matcher.set.members[hit].index, default: 0] += 1 }
        case .gaveUp: tally.gaveUp += 1
        case .invalidTime: tally.invalidTimes += 1
        case .matchedMany, .parts, .malformed, .noMatch: break
        }
    }
}
