import ConfigFile

/// What each stage does in a second: the difference of two answers of `/api/pipeline`. A value, tested without a daemon.
struct StageRates {
    struct Stage {
        var id: String
        var category: String
        var type: String
        var label: String?
        var eventsIn = 0.0
        var eventsOut = 0.0
        var refused = 0.0
        var buffer: Buffer?
    }

    struct Buffer {
        var bytes: Double
        var limitBytes: Double
        var oldestSeconds: Double?
        var retries: Int
        var failingSince: String?
        var reason: String?
    }

    private struct Counts {
        var eventsIn = 0.0
        var eventsOut = 0.0
        var refused = 0.0
    }

    private var before: [String: Counts] = [:]
    private var takenAt: Int64?
    private(set) var state = ""
    private(set) var stages: [Stage] = []

    /// - Parameter now: of a clock that never goes back.
    mutating func take(_ answer: JSONValue, atMilliseconds now: Int64) {
        let seconds = takenAt.map { max(Double(now - $0) / 1000, 0.001) }
        takenAt = now
        state = answer.string("state") ?? ""
        var counted: [String: Counts] = [:]
        stages = answer.items("nodes").compactMap { node in
            guard let id = node.string("id"), let counts = node.member("counts") else { return nil }
            var stage = Stage(id: id, category: node.string("category") ?? "", type: node.string("type") ?? "")
            stage.label = node.string("label")
            let total = Counts(
                eventsIn: counts.number("in") ?? 0, eventsOut: counts.number("out") ?? 0,
                refused: counts.number("refused") ?? 0)
            counted[id] = total
            if let last = before[id], let seconds {
                // A daemon that has started anew counts from the beginning.
                stage.eventsIn = max(total.eventsIn - last.eventsIn, 0) / seconds
                stage.eventsOut = max(total.eventsOut - last.eventsOut, 0) / seconds
                stage.refused = max(total.refused - last.refused, 0) / seconds
            }
            stage.buffer = node.member("buffer").map { buffer in
                Buffer(
                    bytes: buffer.number("bytes") ?? 0, limitBytes: buffer.number("limit") ?? 0,
                    oldestSeconds: buffer.number("oldest_seconds"), retries: Int(buffer.number("retries") ?? 0),
                    failingSince: buffer.string("failing_since"), reason: buffer.string("reason"))
            }
            return stage
        }
        before = counted
    }

    /// One line: `{"state":"ok","stages":[{"id":…,"in_per_second":…}]}`.
    func json() -> String {
        let stages = stages.map { stage -> JSONValue in
            var members: [JSONValue.Member] = [
                .init(key: "id", value: .string(stage.id)), .init(key: "category", value: .string(stage.category)),
                .init(key: "type", value: .string(stage.type)),
                .init(key: "in_per_second", value: Self.number(stage.eventsIn)),
                .init(key: "out_per_second", value: Self.number(stage.eventsOut)),
                .init(key: "refused_per_second", value: Self.number(stage.refused)),
            ]
            if let label = stage.label { members.append(.init(key: "label", value: .string(label))) }
            if let buffer = stage.buffer {
                members += [
                    .init(key: "buffer_bytes", value: Self.number(buffer.bytes)),
                    .init(key: "buffer_limit_bytes", value: Self.number(buffer.limitBytes)),
                    .init(key: "oldest_seconds", value: buffer.oldestSeconds.map(Self.number) ?? .null),
                    .init(key: "retries", value: .number("\(buffer.retries)")),
                    .init(key: "reason", value: buffer.reason.map { .string($0) } ?? .null),
                ]
            }
            return .object(members)
        }
        return JSONValue.object([
            .init(key: "state", value: .string(state)), .init(key: "stages", value: .array(stages)),
        ]).text
    }

    private static func number(_ value: Double) -> JSONValue {
        .number(value == value.rounded() ? "\(Int(value))" : "\((value * 10).rounded() / 10)")
    }
}
