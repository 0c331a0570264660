internal import Events

/// Which dead letters somebody wants to be sent again.
package struct ReplayWish: Sendable, Equatable {
    package var output: String
    /// Those of one reason, as the page groups them; nil: all.
    package var group: Group?

    package struct Group: Sendable, Equatable {
        package var status: Int
        package var type: String
        package var reason: String

        package init(status: Int, type: String, reason: String) {
            (self.status, self.type, self.reason) = (status, type, reason)
        }
    }

    package init(output: String, group: Group? = nil) { (self.output, self.group) = (output, group) }

    /// `{"output":NAME}`, or with `"status"`, `"type"` and `"reason"` of a group, all of them texts.
    init(_ question: PageQuestion) throws(PageRefusal) {
        output = try question.text("output")
        guard question.has("reason") else { return }
        guard let status = Int(question.text("status", default: "0")) else {
            throw PageRefusal(400, "\"status\" is no number")
        }
        group = Group(status: status, type: question.text("type", default: ""), reason: try question.text("reason"))
    }
}

/// How far a replay of dead letters is that somebody began on the page.
package struct ReplayState: Sendable, Equatable {
    /// The output's name; empty: there was no replay yet.
    package var output = ""
    package var isRunning = false
    /// Events that the output has taken.
    package var sent = 0
    /// Of those, the ones that are delivered, or, refused again, in `@ERROR` or new dead letters.
    package var settled = 0
    /// Why some stay where they are; nil: none does.
    package var problem: String?

    package init() {}

    /// - Parameter isAllowed: whether whoever asks may begin one.
    func json(isAllowed: Bool) -> ByteBuffer {
        var out = ByteBuffer(capacity: 256)
        out.append(
            "{\"allowed\":\(isAllowed),\"running\":\(isRunning),\"sent\":\(sent),\"settled\":\(settled),\"output\":")
        out.appendJSONString(output)
        if let problem {
            out.append(",\"problem\":")
            out.appendJSONString(problem)
        }
        out.append("}")
        return out
    }
}
