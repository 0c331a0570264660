internal import Events

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
