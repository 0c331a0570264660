import Grok

/// An expression that may be proposed, and the records it was made from.
struct Candidate: Sendable {
    var expression: String
    let title: String?
    var time: GrokSuggestion.TimeKey?
    /// What is known about the captured time, for the notes.
    var timeField: TimeField?
    let records: [Int]
    /// Fields that hold running text.
    var freeText: Set<String> = ["message"]
}
