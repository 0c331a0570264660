import CommandLine
import ConfigFile
import Events
import Glibc
import Pipeline
import Time

/// `sluice tap [TAG PATTERN]`: events of a running daemon as they pass, with what each stage makes of them.
enum TapCommand {
    private static let pollMicroseconds: UInt32 = 300_000

    /// Runs until it is stopped, or has shown `--count` events; exit status 1 when the daemon does not answer.
    static func run(_ parsed: ParsedCommand) -> Int32 {
        do throws(MonitorClient.Failure) {
            let client = try MonitorClient(
                at: parsed.value(MonitorOptions.address), token: MonitorOptions.token(parsed),
                authorities: parsed.value(MonitorOptions.caFile))
            defer { client.close() }
            try watch(client, parsed)
            return ExitStatus.success
        } catch {
            StandardError.write("sluice tap: \(error)\n")
            return ExitStatus.failure
        }
    }

    private static func watch(_ client: MonitorClient, _ parsed: ParsedCommand) throws(MonitorClient.Failure) {
        let question = question(parsed)
        let stage = parsed.value(TapOptions.after)
        let isJSON = parsed.value(TapOptions.format) == "json"
        let text = TryText(Terminal.standardOutput)
        var left = parsed.integer(TapOptions.count) ?? .max
        var next: Int?
        var missed = 0.0
        while left > 0 {
            let answer = try client.json(question + (next.map { "&since=\($0)" } ?? ""))
            // A daemon that has started anew counts from the beginning.
            let first = Int(answer.number("next") ?? 0)
            next = first
            for event in answer.items("events").prefix(left) {
                left -= 1
                if isJSON {
                    StandardOutput.write(event.text + "\n")
                } else {
                    StandardOutput.write(TappedEvent(event).text(text, after: stage))
                }
            }
            let total = answer.number("missed") ?? 0
            if total > missed, !isJSON, left > 0, Terminal.standardError.isTerminal {
                StandardError.write("… \(Int(total - missed)) more events passed; --rate shows more of them\n")
            }
            missed = total
            if left > 0 { usleep(pollMicroseconds) }
        }
    }

    private static func question(_ parsed: ParsedCommand) -> String {
        var pairs: [String] = []
        func add(_ name: String, _ value: String?) {
            if let value, !value.isEmpty { pairs.append("\(name)=\(escaped(value))") }
        }
        add("tag", parsed.argument(0))
        add("text", parsed.value(TapOptions.text))
        add("after", parsed.value(TapOptions.after))
        add("rate", parsed.value(TapOptions.rate))
        return "/api/tap?" + pairs.joined(separator: "&")
    }

    /// RFC 3986, 2.3: what need not be escaped.
    private static func escaped(_ text: String) -> String {
        text.utf8.map { byte in
            switch byte {
            case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"),
                UInt8(ascii: "~"):
                String(UnicodeScalar(byte))
            default: "%" + (byte < 16 ? "0" : "") + String(byte, radix: 16, uppercase: true)
            }
        }.joined()
    }
}

/// An event of `/api/tap`, in the words of `sluice try`.
struct TappedEvent {
    private let tag: String
    private let time: String
    private let record: JSONValue
    private let steps: [JSONValue]

    init(_ event: JSONValue) {
        tag = event.string("tag") ?? ""
        time = event.string("time") ?? ""
        record = event.member("record") ?? .null
        steps = event.items("steps")
    }

    /// - Parameter stage: one line, as the event is behind this stage; nil: all stages.
    func text(_ text: TryText, after stage: String?) -> String {
        guard let stage else { return text.passing(tag: tag, time: time, record: record.text, trialSteps) }
        let place = steps.last { $0.string("stage") == stage }
        return (place?.items("records") ?? []).map {
            text.passing(tag: tag, time: time, record: $0.text, [])
        }.joined()
    }

    private var trialSteps: [TrialStep] {
        var seen = TrialRecord(record)
        return steps.map { step in
            let records = step.items("records").map(TrialRecord.init)
            let reason = step.string("reason") ?? ""
            let change: TrialStep.Change =
                switch step.string("result") {
                case "passed": .filtered(into: records, refused: [])
                case "held": .held
                case "refused", "full": .refused(reason)
                case "taken": .taken([OutputPart("taken", "")])
                default: .filtered(into: [], refused: [])
                }
            defer { if let last = records.last { seen = last } }
            return TrialStep(
                stage: step.string("stage") ?? "", type: step.string("type") ?? "", place: "",
                label: step.string("label") ?? "", tag: tag, record: seen, change: change)
        }
    }
}

extension TrialRecord {
    fileprivate init(_ value: JSONValue) {
        var fields: [Field] = []
        if case .object(let members) = value {
            fields = members.map { Field(name: $0.key, value: $0.value.text) }
        }
        self.init(time: EventTime(seconds: 0), fields: fields)
    }
}
