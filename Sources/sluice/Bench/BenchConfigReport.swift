import CommandLine
import Events
import Pipeline

/// The results of `sluice bench-config`.
enum BenchConfigReport {
    static func text(_ result: ConfigBench.Result, _ terminal: Terminal) -> String {
        let passed = result.events * result.passes
        let whole = Double(result.nanoseconds) / Double(max(passed, 1))
        var text = "events  \(result.events), \(result.byteCount / max(result.events, 1)) bytes on average"
        text += result.tagCount > 1 ? ", \(result.tagCount) tags\n" : "\n"
        text += "all     \(rounded(whole)) ns an event (\(rounded(1e9 / whole)) events/s on one core), "
        if result.hasAllocations { text += "\(hundredths(result.allocations, passed)) allocations, " }
        text += "in batches of up to \(result.batchSize)\n\n"
        var table = Table([
            ("stage", .left), ("type", .left), ("label", .left), ("events", .right), ("refused", .right),
            ("ns/event", .right), ("share", .right), ("allocs", .right),
        ])
        for stage in result.stages {
            table.append([
                stage.stage, stage.type, stage.label, "\(stage.eventCount / max(result.passes, 1))",
                "\(stage.refusedCount / max(result.passes, 1))",
                stage.eventCount == 0 ? "-" : rounded(Double(stage.nanoseconds) / Double(stage.eventCount)),
                tenths(Int(stage.nanoseconds) * 100, Int(result.nanoseconds)) + " %",
                stage.eventCount == 0 || !result.hasAllocations
                    ? "-" : hundredths(stage.allocationCount, stage.eventCount),
            ])
        }
        text += table.text()
        guard !result.slowest.isEmpty else { return text }
        text += "\nslowest events, one by one"
        if result.notTimedAlone > 0 {
            text += " (\(result.notTimedAlone) left out: the time was over, see --seconds)"
        }
        text += "\n"
        for slow in result.slowest {
            let head = "  \(slow.nanoseconds) ns  line \(slow.line)  \(slow.stageNanoseconds) in \(slow.stage)  "
            let line = GrokPlaces.visible(slow.text.prefix(4096))
            let room = max(terminal.width - head.count, 20)
            text += head + (line.count > room ? line.prefix(room - 1) + "…" : line) + "\n"
        }
        return text
    }

    /// ```
    /// {"events":…,"bytes_per_event":…,"batch":…,"ns_per_event":…,"events_per_second":…,"allocations_per_event":…,
    ///  "stages":[{"stage":…,"type":…,"label":…,"events":…,"refused":…,"ns_per_event":…,"share":…,"allocations_per_event":…}],
    ///  "slowest":[{"line":…,"ns":…,"stage":…,"stage_ns":…,"text":…}]}
    /// ```
    /// `events` of a stage: those that it was given in one pass over the input. `share`: of the whole time, from 0 to 1.
    /// Without `allocations_per_event` where they cannot be counted.
    static func json(_ result: ConfigBench.Result) -> String {
        let (passed, passes) = (max(result.events * result.passes, 1), max(result.passes, 1))
        let whole = Double(result.nanoseconds) / Double(passed)
        var out = ByteBuffer(capacity: 4096)
        out.append(
            "{\"events\":\(result.events),\"bytes_per_event\":\(result.byteCount / max(result.events, 1))" as String)
        out.append(",\"batch\":\(result.batchSize),\"ns_per_event\":\(rounded(whole))" as String)
        out.append(",\"events_per_second\":\(rounded(1e9 / whole))" as String)
        if result.hasAllocations {
            out.append(",\"allocations_per_event\":\(hundredths(result.allocations, passed))" as String)
        }
        out.append(",\"stages\":[")
        for (index, stage) in result.stages.enumerated() {
            out.append(index == 0 ? "{\"stage\":" : ",{\"stage\":")
            out.appendJSONString(stage.stage)
            out.append(",\"type\":")
            out.appendJSONString(stage.type)
            out.append(",\"label\":")
            out.appendJSONString(stage.label)
            let events = max(stage.eventCount, 1)
            out.append(
                ",\"events\":\(stage.eventCount / passes),\"refused\":\(stage.refusedCount / passes)" as String)
            out.append(",\"ns_per_event\":\(rounded(Double(stage.nanoseconds) / Double(events)))" as String)
            out.append(",\"share\":\(hundredths(Int(stage.nanoseconds), Int(result.nanoseconds)))" as String)
            if result.hasAllocations {
                out.append(",\"allocations_per_event\":\(hundredths(stage.allocationCount, events))" as String)
            }
            out.append("}")
        }
        out.append("],\"slowest\":[")
        for (index, slow) in result.slowest.enumerated() {
            out.append((index == 0 ? "" : ",") + "{\"line\":\(slow.line),\"ns\":\(slow.nanoseconds),\"stage\":")
            out.appendJSONString(slow.stage)
            out.append(",\"stage_ns\":\(slow.stageNanoseconds),\"text\":" as String)
            out.appendJSONString(slow.text)
            out.append("}")
        }
        out.append("]}\n")
        return out.text(Slice(offset: 0, length: out.count))
    }

    private static func rounded(_ value: Double) -> String {
        value.isFinite ? String(Int64(min(value, 9e15).rounded())) : "0"
    }

    private static func tenths(_ part: Int, _ whole: Int) -> String {
        "\((Double(part) * 10 / Double(max(whole, 1))).rounded() / 10)"
    }

    private static func hundredths(_ part: Int, _ whole: Int) -> String {
        "\((Double(part) * 100 / Double(max(whole, 1))).rounded() / 100)"
    }
}
