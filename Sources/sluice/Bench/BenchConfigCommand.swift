import CommandLine
import Events
import Glibc
import Outputs
import Pipeline
import Time

/// `sluice bench-config -c FILE [--tag TAG] [INPUT…]`: what each stage of a configuration takes for an event.
enum BenchConfigCommand {
    /// What is held in memory; what the input has beyond is left out, and said.
    static let maximumBytes = 1 << 28
    static let maximumEvents = 2_000_000

    /// Exit status 0 when something was measured; 1 when there is no event, or one cannot be read; 2 when the
    /// configuration cannot be run.
    static func run(_ parsed: ParsedCommand) -> Int32 {
        guard let target = EventTarget(parsed) else { return ExitStatus.configuration }
        do {
            let countsAllocations = Allocator.countAllocations()
            guard let sample = try Sample(parsed, target.texts) else { return ExitStatus.failure }
            let timing = try PlanTiming(
                target.plan, source: target.source, label: target.label, standardOutput: .nowhere(),
                allocations: Allocator.allocationCount)
            var bench = ConfigBench(
                timing, sample, seconds: parsed.seconds(BenchConfigOptions.duration) ?? 2,
                slowest: parsed.integer(BenchConfigOptions.slowest) ?? 5)
            var result = bench.run()
            result.hasAllocations = countsAllocations
            StandardOutput.write(
                parsed.value(TryOptions.format) == "json"
                    ? BenchConfigReport.json(result) : BenchConfigReport.text(result, Terminal.standardOutput))
            return ExitStatus.success
        } catch {
            StandardError.write("sluice bench-config: \(error)\n")
            return ExitStatus.cannotRead
        }
    }
}

/// The events of a measurement: each for itself, and in batches of one tag as they would come in a message.
struct Sample {
    struct Event {
        /// Of the input, from 1.
        let line: Int
        let text: [UInt8]
        let event: TryEvent
        /// The place of the last text of which the source made it; nil: it came as a record.
        let textPlace: Int?
    }

    private(set) var events: [Event] = []
    /// All that went to the source, also what it made no event of.
    private(set) var texts: [[UInt8]] = []
    private(set) var tags: [[UInt8]: Tag] = [:]
    let batchSize: Int

    /// nil: there is nothing to measure, and standard error has why.
    init?(_ parsed: ParsedCommand, _ texts: EventTarget.Texts) throws {
        batchSize = parsed.integer(BenchConfigOptions.batch) ?? BenchConfigOptions.defaultBatch
        var reader = TryEventReader(parsed, texts)
        var (events, tags, sent) = ([Event](), [[UInt8]: Tag](), [[UInt8]]())
        var (byteCount, refusedCount) = (0, 0)
        func add(_ event: TryEvent, _ number: Int, _ text: [UInt8], isOfText: Bool = false) {
            if tags[event.tag] == nil { tags[event.tag] = Tag(event.tag) }
            events.append(
                Event(line: number, text: text, event: event, textPlace: isOfText ? sent.count - 1 : nil))
        }
        func parse(_ text: [UInt8]?, _ number: Int) {
            guard case .source(let source, _) = texts else { return }
            let made = source.events(of: text)
            if let text { sent.append(text) }
            for one in made.events {
                let event = TryEvent(tag: one.tag, time: one.time, record: one.record)
                add(event, number, text ?? one.record, isOfText: true)
            }
            refusedCount += made.refused.count
        }
        var lineCount = 0
        var failure: String?
        var isCut = false
        let progress = GrokProgress("reading")
        var lines = GrokLines(parsed.arguments, separator: 0x0A, progress: progress)
        let takesEmpty = if case .source = texts { true } else { false }
        try lines.each(takesEmpty: takesEmpty) { number, text in
            do {
                lineCount = number
                switch try reader.read(text) {
                case .event(let event): add(event, number, text)
                case .text(let text): parse(text, number)
                }
            } catch {
                failure = "line \(number): \(error)"
                return false
            }
            byteCount += text.count
            isCut = byteCount > BenchConfigCommand.maximumBytes || events.count >= BenchConfigCommand.maximumEvents
            progress.done = number
            progress.update()
            return !isCut
        }
        progress.finish()
        // Also what is cut off ends here, so that nothing is held when it is parsed again.
        if failure == nil { parse(nil, lineCount) }
        if refusedCount > 0 { StandardError.write("note: \(refusedCount) texts are no events, and not measured\n") }
        if isCut { StandardError.write("note: only the first \(events.count) events are measured\n") }
        if failure == nil, events.isEmpty { failure = "there is no event to measure" }
        if let failure {
            StandardError.write("sluice bench-config: \(failure)\n")
            return nil
        }
        (self.events, self.tags, self.texts) = (events, tags, sent)
    }
}

/// The measurement: whole batches for as long as there is time, then each event alone.
struct ConfigBench: ~Copyable {
    /// Each event's own time is the least of so many attempts, so that an interrupt does not make it slow.
    private static let attempts = 3

    struct Slow {
        let line: Int
        let text: [UInt8]
        let nanoseconds: Int64
        /// The stage that took most of it.
        let stage: String
        let stageNanoseconds: Int64
    }

    struct Result {
        var events = 0
        var byteCount = 0
        var tagCount = 0
        var batchSize = 0
        /// Of all passes together.
        var passes = 0
        var nanoseconds: Int64 = 0
        var allocations = 0
        var hasAllocations = false
        var stages: [StageTime] = []
        var slowest: [Slow] = []
        /// Events that there was no time for, one by one.
        var notTimedAlone = 0
    }

    private let timing: PlanTiming
    private let sample: Sample
    private let budget: Int64
    private let slowest: Int

    init(_ timing: PlanTiming, _ sample: Sample, seconds: Double, slowest: Int) {
        (self.timing, self.sample, self.slowest) = (timing, sample, slowest)
        budget = Int64(min(max(seconds, 0.01), 3600) * 1e9)
    }

    mutating func run() -> Result {
        var result = Result()
        result.events = sample.events.count
        result.byteCount = sample.events.reduce(0) { $0 + $1.text.count }
        result.tagCount = sample.tags.count
        result.batchSize = sample.batchSize
        let progress = GrokProgress("measuring", of: 100, unit: "%")
        defer { progress.finish() }
        let start = Clock.monotonicNanoseconds()
        let share = slowest > 0 ? budget / 2 : budget
        var deadline = start
        // The first pass warms caches up and is not counted.
        repeat {
            pass { [budget] in
                progress.done = Int(min((Clock.monotonicNanoseconds() - start) * 100 / budget, 99))
                progress.update()
            }
            if deadline == start {
                deadline = start + share
                timing.reset()
            } else {
                result.passes += 1
            }
        } while result.passes == 0 || Clock.monotonicNanoseconds() < deadline
        (result.nanoseconds, result.allocations) = (timing.nanoseconds, timing.allocationCount)
        result.stages = timing.makers + timing.stages
        // A half of its own: a slow pass before must not leave it without.
        if slowest > 0 { timeAlone(until: Clock.monotonicNanoseconds() + budget - share, &result) }
        return result
    }

    /// All events once, in batches.
    private func pass(_ tick: () -> Void) {
        var (next, parsed) = (0, 0)
        while next < sample.events.count {
            let first = sample.events[next]
            guard let tag = sample.tags[first.event.tag] else { return }
            var batch = SampleBatch(tag: tag)
            var last = first
            while next < sample.events.count, sample.events[next].event.tag == first.event.tag,
                (sample.events[next].textPlace == nil) == (first.textPlace == nil),
                batch.eventCount < sample.batchSize
            {
                last = sample.events[next]
                try? batch.append(record: last.event.record, time: last.event.time)
                next += 1
            }
            if let place = last.textPlace {
                let end = max(parsed, next == sample.events.count ? sample.texts.count : place + 1)
                timing.send(batch, of: sample.texts[parsed..<end], isLast: end == sample.texts.count)
                parsed = end
            } else {
                timing.send(batch)
            }
            tick()
        }
    }

    private func timeAlone(until deadline: Int64, _ result: inout Result) {
        var slow: [Slow] = []
        for (index, event) in sample.events.enumerated() {
            if index > 0, Clock.monotonicNanoseconds() > deadline {
                result.notTimedAlone = sample.events.count - index
                break
            }
            guard let tag = sample.tags[event.event.tag] else { continue }
            var least: Slow?
            var batch = SampleBatch(tag: tag)
            try? batch.append(record: event.event.record, time: event.event.time)
            for _ in 0..<Self.attempts {
                timing.reset()
                if let place = event.textPlace {
                    timing.send(batch, of: sample.texts[place...place], isLast: true)
                } else {
                    timing.send(batch)
                }
                guard timing.nanoseconds < least?.nanoseconds ?? .max else { continue }
                let most = (timing.makers + timing.stages).max { $0.nanoseconds < $1.nanoseconds }
                least = Slow(
                    line: event.line, text: event.text, nanoseconds: timing.nanoseconds, stage: most?.stage ?? "",
                    stageNanoseconds: most?.nanoseconds ?? 0)
            }
            if let least { slow.append(least) }
            if slow.count > 4 * slowest + 64 { slow = Array(sorted(slow)) }
        }
        result.slowest = Array(sorted(slow))
    }

    private func sorted(_ slow: [Slow]) -> ArraySlice<Slow> {
        slow.sorted { $0.nanoseconds > $1.nanoseconds }.prefix(slowest)
    }
}
