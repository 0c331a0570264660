import Events
import Pipeline
import Time

/// A tried event as one JSON object on one line.
///
/// ```
/// {"line":1,"tag":…,"time":…,"record":{…},"verdict":"taken","steps":[
///   {"stage":"filter:7","type":"parser","place":"line 7","label":"@ROOT","records":[{"time":…,"record":{…}}],"refused":[…]},
///   {"stage":"match:20","type":"elasticsearch",…,"output":{"action":{…},"document":{…}}}]}
/// ```
/// A text that goes through a source has `"text":…` for tag, time and record, and the source as its first step, with the tag
/// that it gives. `verdict`: `taken`, `held` (by a stage that waits for more), `dropped`, `refused` or `unmatched`.
enum TryJSON {
    static func write(
        _ number: Int, _ input: TryInput, _ steps: [TrialStep], _ verdict: TryVerdict, to out: inout ByteBuffer
    ) {
        switch input {
        case .event(let event):
            out.append("{\"line\":\(number),\"tag\":" as String)
            out.appendJSONString(event.tag)
            out.append(",\"time\":\"\(TimeWriter.iso8601(event.time))\",\"record\":" as String)
            out.append(event.record)
        case .text(let text):
            out.append("{\"line\":\(number),\"text\":" as String)
            out.appendJSONString(text)
        }
        out.append(",\"verdict\":\"\(verdict.name)\",\"steps\":[" as String)
        for (index, step) in steps.enumerated() {
            if index > 0 { out.append(",") }
            write(step, to: &out)
        }
        out.append("]}\n")
    }

    /// After the last event: `{"line":null,"steps":[…]}`, what happens to events that a stage still holds.
    static func writeEnd(_ steps: [TrialStep], to out: inout ByteBuffer) {
        out.append("{\"line\":null,\"steps\":[")
        for (index, step) in steps.enumerated() {
            if index > 0 { out.append(",") }
            write(step, to: &out)
        }
        out.append("]}\n")
    }

    private static func write(_ step: TrialStep, to out: inout ByteBuffer) {
        for (index, (name, value)) in [
            ("stage", step.stage), ("type", step.type), ("place", step.place), ("label", step.label),
        ].enumerated() {
            out.append((index == 0 ? "{\"" : ",\"") + name + "\":")
            out.appendJSONString(value)
        }
        if case .read = step.change {
            out.append(",\"tag\":")
            out.appendJSONString(step.tag)
        }
        switch step.change {
        case .filtered(let into, let refused), .read(let into, let refused):
            out.append(",\"records\":[")
            for (index, record) in into.enumerated() {
                if index > 0 { out.append(",") }
                out.append("{\"time\":\"\(TimeWriter.iso8601(record.time))\",\"record\":" as String)
                write(record, to: &out)
                out.append("}")
            }
            out.append("],\"refused\":[")
            for (index, reason) in refused.enumerated() {
                if index > 0 { out.append(",") }
                out.appendJSONString(reason)
            }
            out.append("]}")
        case .held: out.append(",\"held\":true}")
        case .retagged(let tag):
            out.append(",\"tag\":")
            out.appendJSONString(tag)
            out.append("}")
        case .refused(let reason):
            out.append(",\"refused\":[")
            out.appendJSONString(reason)
            out.append("]}")
        case .taken(let parts):
            out.append(",\"output\":{")
            for (index, part) in parts.enumerated() {
                if index > 0 { out.append(",") }
                out.appendJSONString(part.name)
                out.append(":")
                if part.isJSON { out.append(part.text) } else { out.appendJSONString(part.text) }
            }
            out.append("}}")
        }
    }

    private static func write(_ record: TrialRecord, to out: inout ByteBuffer) {
        out.append("{")
        for (index, field) in record.fields.enumerated() {
            if index > 0 { out.append(",") }
            out.appendJSONString(field.name)
            out.append(":" + field.value)
        }
        out.append("}")
    }
}
