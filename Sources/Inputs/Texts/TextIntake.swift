package import Events

/// What a source makes of texts without what they come from: a line of a file, a message of a socket or a topic, the body of
/// a request. It is done by the reader that the source itself works with. For tries: nothing is opened.
package protocol TextIntake: AnyObject {
    /// Takes a text, and hands on what it makes of it, or of one before that is complete now.
    ///
    /// - Returns: why it, or a part of it, is no record.
    func take(_ text: [UInt8], _ handOn: HandOn) -> [String]

    /// No more texts come: what belongs together so far is complete.
    func finish(_ handOn: HandOn) -> [String]

    /// Whether texts wait for others that belong to them.
    var isWaiting: Bool { get }

    /// What is in events at work and not here, because no text has it: a sentence; nil: nothing.
    var unseen: String? { get }
}

extension TextIntake {
    /// Takes the records of a tag, which are then gone.
    package typealias HandOn = (Tag, inout ByteBuffer, inout Rows) -> Void

    package var isWaiting: Bool { false }
    package var unseen: String? { nil }
    package func finish(_ handOn: HandOn) -> [String] { [] }
}

/// Why texts made no record.
final class IntakeRefusals {
    private var reasons: [String] = []

    func note(_ reason: String) { reasons.append(reason) }

    func take() -> [String] {
        defer { reasons = [] }
        return reasons
    }
}
