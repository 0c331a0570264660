internal import Buffering
internal import Events
internal import HTTPServer
internal import Time

/// `/api/plugins.json` and `/api/plugins`: what each stage is and has done, in the form of Fluentd's monitor_agent
/// (docs.fluentd.org, "monitor_agent"; `lib/fluent/plugin/in_monitor_agent.rb`).
struct PluginsAnswer {
    /// What of a stage is shown, and which stages.
    struct Query {
        var showsConfig: Bool
        var showsRetry: Bool
        var id: String?
        var type: String?

        /// - Parameters:
        ///   - showsConfig: `include_config` of the source that answers.
        ///   - showsRetry: `include_retry`.
        init(_ target: HTTPTarget, showsConfig: Bool, showsRetry: Bool) {
            self.showsConfig = Self.flag(target.value("with_config")) ?? showsConfig
            self.showsRetry = Self.flag(target.value("with_retry")) ?? showsRetry
            id = target.value("@id")
            type = target.value("@type") ?? target.value("type")
        }

        /// Any value but these two says yes.
        private static func flag(_ text: String?) -> Bool? { text.map { $0 != "no" && $0 != "false" } }

        func wants(_ stage: StageReport) -> Bool {
            if let id { return stage.id == id }
            return type.map { stage.type == $0 } ?? true
        }
    }

    private let stages: [StageReport]
    private let query: Query

    init(_ report: MonitorReport, _ query: Query) {
        stages = report.stages.filter(query.wants)
        self.query = query
    }

    func json() -> ByteBuffer {
        var out = ByteBuffer(capacity: 512 * (stages.count + 1))
        out.append("{\"plugins\":[")
        for (index, stage) in stages.enumerated() {
            if index > 0 { out.append(",") }
            out.append("{")
            for (place, field) in fields(of: stage).enumerated() {
                if place > 0 { out.append(",") }
                out.appendJSONString(field.name)
                out.append(":")
                field.value.write(to: &out)
            }
            out.append("}")
        }
        out.append("]}")
        return out
    }

    /// A line a stage, `name:value` and a tab between (ltsv.org); what has parts is left out, as by Fluentd.
    func ltsv() -> ByteBuffer {
        var out = ByteBuffer(capacity: 256 * (stages.count + 1))
        for stage in stages {
            var isFirst = true
            for field in fields(of: stage) {
                guard let text = field.value.plain else { continue }
                out.append(isFirst ? "" : "\t")
                isFirst = false
                out.append("\(field.name):\(LTSVText.escaped(text))")
            }
            out.append("\n")
        }
        return out
    }

    // MARK: - Fields

    private enum Value {
        case null
        case text(String)
        case number(Int)
        case flag(Bool)
        /// With one digit behind the point.
        case ratio(Double)
        case numbers([Int])
        case members([(name: String, value: Value)])

        func write(to out: inout ByteBuffer) {
            switch self {
            case .text(let text): out.appendJSONString(text)
            case .numbers(let numbers): out.append("[\(numbers.map(String.init).joined(separator: ","))]")
            case .members(let members):
                out.append("{")
                for (index, member) in members.enumerated() {
                    if index > 0 { out.append(",") }
                    out.appendJSONString(member.name)
                    out.append(":")
                    member.value.write(to: &out)
                }
                out.append("}")
            case .null: out.append("null")
            case .number, .flag, .ratio: out.append(plain ?? "")
            }
        }

        var plain: String? {
            switch self {
            case .null: ""
            case .text(let text): text
            case .number(let number): String(number)
            case .flag(let flag): flag ? "true" : "false"
            case .ratio(let ratio): "\((ratio * 10).rounded() / 10)"
            case .numbers, .members: nil
            }
        }
    }

    private func fields(of stage: StageReport) -> [(name: String, value: Value)] {
        var fields: [(name: String, value: Value)] = [
            ("plugin_id", .text(stage.id)), ("plugin_category", .text(stage.category.rawValue)),
            ("type", .text(stage.type)),
        ]
        if query.showsConfig {
            fields.append(("config", .members(stage.settings.map { ($0.name, .text($0.value)) })))
        }
        fields.append(("output_plugin", .flag(stage.category == .output && !stage.isDistributor)))
        guard stage.category == .output else {
            return fields + [
                ("retry_count", .null), ("emit_records", .number(stage.counts.eventsIn)), ("emit_size", .number(0)),
            ]
        }
        if stage.isDistributor { return fields + [("retry_count", .number(0))] }
        let buffer = stage.buffer
        if let buffer {
            fields += [
                ("buffer_queue_length", .number(buffer.queuedChunks)), ("buffer_timekeys", .numbers([])),
                ("buffer_total_queued_size", .number(buffer.stagedBytes + buffer.queuedBytes)),
            ]
        }
        let counts = buffer?.counts ?? BufferCounts()
        fields += [
            ("retry_count", .number(buffer?.retryCount ?? 0)),
            ("emit_records", .number(buffer == nil ? stage.counts.eventsIn : counts.acceptedEvents)),
            ("emit_size", .number(0)), ("emit_count", .number(stage.counts.batchesIn)),
            ("write_count", .number(counts.attempts)), ("rollback_count", .number(counts.failedAttempts)),
            ("slow_flush_count", .number(counts.slowAttempts)),
            ("flush_time_count", .number(Int(counts.attemptSeconds * 1000))),
        ]
        if let buffer {
            fields += [
                ("buffer_stage_length", .number(buffer.stagedChunks)),
                ("buffer_stage_byte_size", .number(buffer.stagedBytes)),
                ("buffer_queue_byte_size", .number(buffer.queuedBytes)),
                ("buffer_available_buffer_space_ratios", .ratio(buffer.freeShare * 100)),
            ]
        }
        fields += stage.figures.map { ($0.name, .number($0.value)) }
        if query.showsRetry { fields.append(("retry", .members(retry(buffer)))) }
        return fields
    }

    private func retry(_ buffer: BufferStatistics?) -> [(name: String, value: Value)] {
        guard let retry = buffer?.retry else { return [] }
        return [
            ("start", .text(Self.time(retry.startedAtSeconds))), ("steps", .number(max(retry.failures - 1, 0))),
            ("next_time", .text(Self.time(retry.nextAttemptAtSeconds))),
        ]
    }

    /// `2024-05-06 12:53:20 +0000`: as Ruby shows a time.
    private static func time(_ seconds: Double) -> String {
        var formatter = try? TimeFormatter("%Y-%m-%d %H:%M:%S %z", zone: .utc)
        var out = ByteBuffer(capacity: 40)
        formatter?.write(EventTime(seconds: Int64(seconds)), to: &out)
        return out.text(Slice(offset: 0, length: out.count))
    }
}

/// What a value of LTSV cannot hold.
enum LTSVText {
    static func escaped(_ text: String) -> String {
        text.contains { $0.isNewline || $0 == "\t" }
            ? String(text.map { $0.isNewline || $0 == "\t" ? " " : $0 }) : text
    }
}
