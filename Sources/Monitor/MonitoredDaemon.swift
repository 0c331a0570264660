/// What the monitor asks of the daemon. Every call comes on the monitor's thread, and waits for no loop: whoever asks why
/// nothing moves gets an answer.
package protocol MonitoredDaemon: Sendable {
    func report() -> MonitorReport

    /// The plan in force, as it is drawn.
    func graph() -> PipelineGraph

    /// What is wrong with a configuration that somebody pasted, as `sluice check --format json` says it. Reads no file
    /// and no variable of this machine. May take a while: called on a thread of its own.
    func check(_ configuration: String) -> String

    /// What lies in the dead letters, by reason, as `sluice dead-letters --format json` says it, or `{"note":…}` too.
    /// May take a while: called on a thread of its own.
    func deadLetters() -> String

    /// Begins to send the dead letters of an output to it again, on a thread of its own.
    ///
    /// - Returns: why it cannot; nil: it has begun.
    func replay(_ wish: ReplayWish) -> String?

    func replayState() -> ReplayState

    /// Events as they pass, since the last answer to the same question. The first question begins a watch, and one that
    /// nobody repeats ends it.
    ///
    /// - Parameter since: `next` of the answer before; nil: what comes from now on.
    func tap(_ query: TapQuery, since: Int?) throws(TapRefusal) -> TapAnswer
}
