/// Why a configuration is not taken: its messages as `sluice check` shows them.
package struct ConfigurationRefusal: Error {
    package let messages: String

    package init(messages: String) { self.messages = messages }
}

/// How far a reload is, and what earlier ones have left behind. Of the first loop alone.
///
/// ```
/// idle → preparing (each loop opens new sources) → [winding down → resting → ending] → connecting (each loop) → idle
///             └── a source cannot be opened ──────────────── abandoning (each loop) ───────────────┘
/// ```
/// The steps in brackets are needed only where a new output wants the files of an old one: nothing is read while they change
/// hands.
final class Reload {
    /// Somewhere between the two ends of the diagram. Which step is next is what each waits for.
    var isUnderWay = false
    let readAgain: (() -> Result<PipelinePlan, ConfigurationRefusal>)?
    /// Read, and not in force yet.
    var candidate: PipelinePlan?
    /// Another was asked for meanwhile.
    var isAskedAgain = false
    /// A signal to stop came meanwhile.
    var stopAfterwards: String?
    /// Who wants to know how it ends, told once: `ok`, or the reason.
    var askers: [(String) -> Void] = []
    /// Those of the present one.
    var answering: [(String) -> Void] = []
    /// Why the present one has changed nothing.
    var refusal: String?
    /// Replaced outputs that still deliver what they have.
    var retiring: [LiveOutputs.Entry] = []

    init(_ readAgain: (() -> Result<PipelinePlan, ConfigurationRefusal>)?) { self.readAgain = readAgain }
}
