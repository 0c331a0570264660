import CommandLine
import Events
import Grok
import Parsing
import Time

/// `sluice grok bench`: how fast expressions are on the lines of a file, and on which of them they are slow.
enum GrokBenchCommand {
    /// What is held in memory; what a file has beyond is left out, and said.
    static let maximumBytes = 1 << 28
    static let maximumLines = 4_000_000

    static func run(_ parsed: ParsedCommand) -> Int32 {
        GrokCommand.run { () throws(GrokCommand.Failure) in
            let options = try GrokCommand.options(parsed)
            let parser = try GrokCommand.parser(options)
            let separator: UInt8 = parsed.has(GrokCommandOptions.null) ? 0 : 0x0A
            var bench = GrokBench(
                parser, try read(parsed.arguments, separator: separator), separator: separator)
            StandardOutput.write(
                bench.report(
                    seconds: parsed.seconds(GrokCommandOptions.duration) ?? 2,
                    slowest: parsed.integer(GrokCommandOptions.slowest) ?? 5, sections: options.sections.count))
            return GrokCommand.Status.matched
        }
    }

    private static func read(_ paths: [String], separator: UInt8) throws(GrokCommand.Failure) -> [UInt8] {
        let progress = GrokProgress("reading")
        defer { progress.finish() }
        var lines = GrokLines(paths, separator: separator, progress: progress)
        var all: [UInt8] = []
        var storage = ByteBuffer(capacity: GrokLines.blockBytes * 2)
        do throws(GrokLines.ReadError) {
            while try lines.read(into: &storage) {
                let block = storage.array()
                all.append(contentsOf: block)
                progress.done += block.count { $0 == separator }
                progress.update()
                if all.count > maximumBytes || progress.done > maximumLines {
                    progress.finish()
                    StandardError.write(
                        "note: only the first \(progress.done) lines (\(all.count >> 20) MiB) are measured\n")
                    break
                }
            }
        } catch {
            throw GrokCommand.Failure("Error: \(error)\n", ExitStatus.cannotRead)
        }
        guard !all.isEmpty else {
            throw GrokCommand.Failure("Error: there is no line to measure\n", GrokCommand.Status.unmatched)
        }
        return all
    }
}

/// The measurements.
struct GrokBench: ~Copyable {
    /// Each line's own time is the least of so many attempts, so that an interrupt does not make it slow.
    static let attempts = 3

    private let parser: GrokParser
    private var lines: [Slice]
    /// Lines that there was no time for.
    private var leftOut = 0
    private var storage: ByteBuffer
    private var rows = Rows(fieldCapacity: 64)

    init(_ parser: GrokParser, _ bytes: [UInt8], separator: UInt8) {
        self.parser = parser
        storage = ByteBuffer(capacity: bytes.count + 64 * 1024)
        storage.append(bytes)
        var lines: [Slice] = []
        var start = 0
        while start < bytes.count {
            let text = GrokLines.text(storage, from: start, limit: bytes.count, separator: separator)
            lines.append(text)
            start = text.end + 1
        }
        self.lines = lines
        parser.beginBatch(storage: &storage)
    }

    private enum Outcome { case matched, unmatched, gaveUp }

    private struct Timing {
        var nanoseconds = Int64.max
        var outcome = Outcome.unmatched
    }

    private mutating func parse(_ line: Slice) -> Outcome {
        rows.clear()
        switch parser.parse(line, storage: &storage, rows: &rows) {
        case .matched: return parser.lastHit == nil ? .unmatched : .matched
        case .gaveUp: return .gaveUp
        case .invalidTime: return .matched
        case .noMatch, .malformed, .matchedMany, .parts: return .unmatched
        }
    }

    mutating func report(seconds: Double, slowest: Int, sections: Int) -> String {
        var timings = [Timing](repeating: Timing(), count: lines.count)
        let keys = storage.count
        let began = Clock.monotonicNanoseconds()
        let budget = Int64(min(max(seconds, 0.01), 3600) * 1e9)
        let progress = GrokProgress("measuring", of: lines.count)
        defer { progress.finish() }
        var attempt = 0
        while attempt == 0 || attempt < Self.attempts && Clock.monotonicNanoseconds() - began < budget {
            for index in lines.indices {
                let start = Clock.monotonicNanoseconds()
                // The first attempt ends in time as well, with as many lines as it got to.
                if attempt == 0, index > 0, start - began > budget {
                    leftOut = lines.count - index
                    lines.removeLast(leftOut)
                    timings.removeLast(leftOut)
                    break
                }
                timings[index].outcome = parse(lines[index])
                let end = Clock.monotonicNanoseconds()
                timings[index].nanoseconds = min(timings[index].nanoseconds, end - start)
                if index % 256 == 0 || end - start > 1_000_000 {
                    progress.done = index
                    progress.update()
                }
                if storage.count > keys + (1 << 20) { storage.truncate(to: keys) }
            }
            attempt += 1
        }
        let slow = timings.map { $0.nanoseconds > Self.slowNanoseconds }
        let whole = throughput(budget: budget / 2, slow) { bench, line in _ = bench.parse(line) }
        let match = throughput(budget: budget / 2, slow) { bench, line in
            let span = bench.storage.span.extracting(Int(line.offset)..<line.end)
            _ = bench.parser.matcher.match(span, as: SubjectText.classify(span))
        }
        return text(timings, match: match, whole: whole, slowest: slowest, sections: sections)
    }

    /// A line after which the clock is asked, which for others would be much of what is measured.
    private static let slowNanoseconds: Int64 = 100_000

    /// Nanoseconds a line, over passes for about the given time; a pass that takes longer is not ended.
    private mutating func throughput(
        budget: Int64, _ slow: [Bool], _ body: (inout GrokBench, Slice) -> Void
    ) -> Double {
        let keys = storage.count
        let start = Clock.monotonicNanoseconds()
        var count = 0
        repeat {
            for index in lines.indices {
                body(&self, lines[index])
                count += 1
                if storage.count > keys + (1 << 20) { storage.truncate(to: keys) }
                if slow[index] || index % 4096 == 4095, Clock.monotonicNanoseconds() - start > budget { break }
            }
            storage.truncate(to: keys)
        } while Clock.monotonicNanoseconds() - start < budget
        return Double(Clock.monotonicNanoseconds() - start) / Double(count)
    }

    private func text(_ timings: [Timing], match: Double, whole: Double, slowest: Int, sections: Int) -> String {
        let matched = timings.count { $0.outcome == .matched }
        let gaveUp = timings.count { $0.outcome == .gaveUp }
        func share(_ count: Int) -> String { "\(count) (\(Double(count * 1000 / max(lines.count, 1)) / 10) %)" }
        let bytes = lines.reduce(0) { $0 + Int($1.length) }
        var text = "lines      \(lines.count), \(bytes / max(lines.count, 1)) bytes on average\n"
        if leftOut > 0 { text += "left out   \(leftOut): the time was over, see --seconds\n" }
        text += "match      \(rounded(match)) ns a line (\(rounded(1e9 / match)) lines/s)\n"
        text += "parse      \(rounded(whole)) ns a line (\(rounded(1e9 / whole)) lines/s), fields and types included\n"
        text += "matched    \(share(matched))\n"
        text += "unmatched  \(share(timings.count - matched - gaveUp))\n"
        text += "gave up    \(share(gaveUp))\(gaveUp > 0 ? " at the limit of time or steps" : "")\n"
        if sections > 1 {
            // Counted since the start, so each as a share of all attempts.
            text += "\npattern    hits     misses   gave up, of all attempts\n"
            for (index, counters) in parser.counters.enumerated() {
                let member = parser.matcher.set.members[index]
                text += "  \(padded(member.name ?? "\(member.index)", 9))\(padded("\(counters.hits)", 9))"
                text += "\(padded("\(counters.misses)", 9))\(counters.gaveUp)\n"
            }
        }
        guard slowest > 0 else { return text }
        let order = timings.indices.sorted { timings[$0].nanoseconds > timings[$1].nanoseconds }.prefix(slowest)
        text += "\nslowest lines\n"
        let width = Terminal.standardOutput.width
        for index in order {
            let outcome =
                switch timings[index].outcome {
                case .matched: ""
                case .unmatched: "no match  "
                case .gaveUp: "gave up  "
                }
            let head = "  \(padded("\(timings[index].nanoseconds)", 9)) ns  line \(index + 1)  \(outcome)"
            let room = max(width - head.count, 20)
            let line = GrokPlaces.visible(storage.array(lines[index]).prefix(4096))
            text += head + (line.count > room ? line.prefix(room - 1) + "…" : line) + "\n"
        }
        return text
    }

    private func padded(_ text: String, _ width: Int) -> String {
        text + String(repeating: " ", count: max(width - text.count, 0))
    }

    private func rounded(_ value: Double) -> String {
        value.isFinite ? String(Int64(min(value, 9e15).rounded())) : "-"
    }
}
