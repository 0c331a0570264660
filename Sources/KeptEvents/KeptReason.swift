/// One of the reasons for which events are kept, as `KeptSurvey` tells them apart: to choose the events of this one alone.
package struct KeptReason: Sendable {
    private enum Choice: Sendable {
        /// Of these words, or of a type of this name: what a person copies out of a survey.
        case named(String, words: String)
        case group(status: Int, type: String, words: String)
    }

    private let choice: Choice
    private let constantPart: @Sendable (String) -> String

    /// - Parameters:
    ///   - text: a reason of one of the events, or the name of their type.
    ///   - constantPart: what is the same in reasons alike.
    package init(named text: String, constantPart: @escaping @Sendable (String) -> String) {
        choice = .named(text, words: constantPart(text))
        self.constantPart = constantPart
    }

    /// The reason of an event that is kept.
    package init(
        status: Int, type: String, reason: String, constantPart: @escaping @Sendable (String) -> String
    ) {
        choice = .group(status: status, type: type, words: constantPart(reason))
        self.constantPart = constantPart
    }

    /// Whether an event is kept for this reason.
    package func holds(for cause: KeptCause) -> Bool {
        switch choice {
        case .named(let text, let words):
            text == cause.type || !cause.reason.isEmpty && words == constantPart(cause.reason)
        case .group(let status, let type, let words):
            status == cause.status && type == cause.type && words == constantPart(cause.reason)
        }
    }
}
