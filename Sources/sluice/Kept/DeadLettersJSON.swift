import Events
import KeptEvents

/// Reasons as one JSON object, for programs.
enum DeadLettersJSON {
    /// `{"events":…,"reasons":[{"events":…,"output":…,"status":…,"type":…,"reason":…,"indices":[…],"tags":[…],
    /// "first":TIME,"last":TIME,"example":{…}},…]}` and a line feed.
    static func write(_ survey: KeptSurvey, to out: inout ByteBuffer) {
        out.append("{\"events\":\(survey.eventCount),\"reasons\":[" as String)
        for (index, group) in survey.reasons.enumerated() {
            if index > 0 { out.append(",") }
            let cause = group.first
            out.append("{\"events\":\(group.count),\"status\":\(cause.status)" as String)
            for (name, value) in [("output", cause.output), ("type", cause.type), ("reason", cause.reason)] {
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
            out.append(",\"first\":\"\(DeadLettersCommand.moment(group.earliest))\"" as String)
            out.append(",\"last\":\"\(DeadLettersCommand.moment(group.latest))\",\"example\":" as String)
            out.append(group.example)
            out.append("}")
        }
        out.append("]}\n")
    }
}
