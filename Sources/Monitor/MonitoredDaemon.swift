/// What the monitor asks of the daemon. Every call comes on the monitor's thread, and waits for no loop: whoever asks why
/// nothing moves gets an answer.
package protocol MonitoredDaemon: Sendable {
    func report() -> MonitorReport

    /// Events as they pass, since the last answer to the same question. The first question begins a watch, and one that
    /// nobody repeats ends it.
    ///
    /// - Parameter since: `next` of the answer before; nil: what comes from now on.
    func tap(_ query: TapQuery, since: Int?) throws(TapRefusal) -> TapAnswer
}
