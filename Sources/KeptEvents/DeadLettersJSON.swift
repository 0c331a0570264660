package import Events
internal import Time

/// Reasons as one JSON object, for programs.
package enum DeadLettersJSON {
    /// `{"events":…,"reasons":[{"events":…,"output":…,"status":…,"type":…,"reason":…,"indices":[…],"tags":[…],
    /// "first":TIME,"last":TIME,"advice":…,"command":…,"example":{…}},…]}` and a line feed.
    ///
    /// - Parameter command: with which an output's events are sent again; nil: that is not known.
    package static func write(
        _ survey: KeptSurvey, to out: inout ByteBuffer, command: (_ output: String) -> String? = { _ in nil }
    ) {
        out.append("{\"events\":\(survey.eventCount),\"reasons\":[" as String)
        for (index, group) in survey.reasons.enumerated() {
            if index > 0 { out.append(",") }
            let cause = group.first
            out.append("{\"events\":\(group.count),\"status\":\(cause.status)" as String)
            var texts = [
                ("output", cause.output), ("type", cause.type), ("reason", cause.reason), ("advice", cause.advice),
            ]
            if let command = command(cause.output) { texts.append(("command", command)) }
            for (name, value) in texts {
                out.append(",\"\(name)\":" as String)
                out.appendJSONString(value)
            }
            for (name, values) in [("indices", group.indices), ("tags", group.tags)] {
                out.append(",\"\(name)\":[" as String)
                for (index, value) in values.enumerated() {
                    if index > 0 { out.append(",") }
                    out.appendJSONString(value)
                }
                out.append("]")
            }
            out.append(",\"first\":\"\(moment(group.earliest))\"" as String)
            out.append(",\"last\":\"\(moment(group.latest))\",\"example\":" as String)
            out.append(group.example)
            out.append("}")
        }
        out.append("]}\n")
    }

    /// With milliseconds.
    package static func moment(_ time: EventTime) -> String { TimeWriter.iso8601(time, fractionDigits: 3) }
}
