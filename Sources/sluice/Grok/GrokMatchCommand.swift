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
            let options = try GrokCommand.options(parsed)
            let parser = try GrokCommand.parser(options)
            var run = GrokMatchRun(
                parser, asJSON: parsed.value(GrokCommandOptions.format) == "json", sections: options.sections.count,
                progress)
            return try run.run(lines, separator: separator)
        }
    }
}

/// One pass over all lines.
struct GrokMatchRun: ~Copyable {
    private let parser: GrokParser
    private let asJSON: Bool
    private let sections: Int
    private var writer = GrokResultWriter()
    private let pretty = GrokPretty(Terminal.standardOutput)
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

    init(_ parser: GrokParser, asJSON: Bool, sections: Int, _ progress: GrokProgress) {
        self.parser = parser
        self.asJSON = asJSON
        self.sections = sections
        self.progress = progress
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
        if !asJSON {
            let names = parser.matcher.set.members.map { ($0.index, $0.name) }
            out.append(
                pretty.summary(
                    tally, sections: sections, names: names,
                    milliseconds: Clock.monotonicMilliseconds() - startMilliseconds))
            StandardOutput.flush(&out)
        }
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
            if asJSON {
                writer.write(result, parser, rows, storage, to: &out)
            } else {
                pretty.write(text, result, parser, rows, storage, showsSection: sections > 1, to: &out)
            }
            if out.count >= 256 * 1024 { StandardOutput.flush(&out) }
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

/// Writes results as JSON, one object a line.
struct GrokResultWriter {
    private var times = TimeWriter(.iso8601(fractionDigits: 9), offset: 0)

    /// `rows` holds the fields of this result alone.
    mutating func write(
        _ result: ParseResult, _ parser: GrokParser, _ rows: borrowing Rows, _ storage: borrowing ByteBuffer,
        to out: inout ByteBuffer
    ) {
        switch result {
        case .matched(let time):
            guard let hit = parser.lastHit else {
                out.append("{\"matched\":false}\n")
                return
            }
            let member = parser.matcher.set.members[hit]
            out.append("{\"matched\":true,\"pattern\":")
            out.append(String(member.index))
            if let name = member.name {
                out.append(",\"name\":")
                out.appendJSONString(name)
            }
            if let time {
                out.append(",\"time\":\"")
                times.write(time, to: &out)
                out.append("\"")
            }
            out.append(",\"captures\":")
            let record = Record(time: EventTime(seconds: 0), firstField: 0, fieldCount: rows.fields.count)
            out.appendJSONObject(record, rows, storage)
            out.append("}\n")
        case .gaveUp: out.append("{\"matched\":false,\"gave_up\":true}\n")
        case .invalidTime(let reason): Self.write(error: reason, to: &out)
        case .noMatch, .malformed, .matchedMany, .parts: out.append("{\"matched\":false}\n")
        }
    }

    static func write(error: String, to out: inout ByteBuffer) {
        out.append("{\"matched\":false,\"error\":")
        out.appendJSONString(error)
        out.append("}\n")
    }
}
