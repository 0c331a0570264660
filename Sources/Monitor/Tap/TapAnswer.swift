package import Events
internal import Time

/// `/api/tap`: events that passed, oldest first.
package struct TapAnswer: Sendable {
    /// What `since` of the next question should be.
    package var next: Int
    /// Events of the tag that passed and were not looked at, since the watch began: the rate is limited.
    package var missed: Int
    package var events: [(number: Int, event: TapEvent)]

    package init(next: Int, missed: Int, events: [(number: Int, event: TapEvent)]) {
        (self.next, self.missed, self.events) = (next, missed, events)
    }

    package func json() -> ByteBuffer {
        var out = ByteBuffer(capacity: 1024)
        out.append("{\"next\":\(next),\"missed\":\(missed),\"events\":[")
        for (index, (number, event)) in events.enumerated() {
            if index > 0 { out.append(",") }
            Self.write(event, number, to: &out)
        }
        out.append("]}")
        return out
    }

    private static func write(_ event: TapEvent, _ number: Int, to out: inout ByteBuffer) {
        out.append("{\"seq\":\(number),\"tag\":")
        out.appendJSONString(event.tag)
        out.append(",\"time\":\"\(TimeWriter.iso8601(event.time, fractionDigits: 3))\",\"label\":")
        out.appendJSONString(event.label)
        out.append(",\"record\":\(event.record),\"steps\":[")
        for (index, step) in event.steps.enumerated() {
            out.append(index > 0 ? ",{\"stage\":" : "{\"stage\":")
            out.appendJSONString(step.stage)
            out.append(",\"type\":")
            out.appendJSONString(step.type)
            out.append(",\"label\":")
            out.appendJSONString(step.label)
            out.append(",\"result\":\"\(step.result.rawValue)\",\"records\":[")
            out.append(step.records.joined(separator: ","))
            out.append("]")
            if let reason = step.reason {
                out.append(",\"reason\":")
                out.appendJSONString(reason)
            }
            out.append("}")
        }
        out.append("]}")
    }
}
