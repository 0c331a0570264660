/// Why an event is kept instead of delivered: what a line of a kept file says beside the event itself.
package struct KeptCause: Sendable, Equatable {
    /// The output's `@id`, or the place of its section.
    package var output: String
    /// Where the destination was to put it, such as an index; empty where that is not known.
    package var index = ""
    /// The destination's answer as a number (HTTP); 0 when it gave none.
    package var status = 0
    /// The destination's name for the error, or a word for what went wrong: `mapper_parsing_exception`, `unreachable`.
    package var type: String
    package var reason: String
    /// How often it was sent in vain; 0 when that is not known.
    package var attempts = 0

    package init(
        output: String, index: String = "", status: Int = 0, type: String, reason: String, attempts: Int = 0
    ) {
        self.output = output
        self.index = index
        self.status = status
        self.type = type
        self.reason = reason
        self.attempts = attempts
    }
}
