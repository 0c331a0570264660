internal import EventLoop
internal import Monitor

/// The monitor, as the plan in force wants it.
extension RunningPipeline {
    /// Answers where the plan says. Throws what the operator must mend.
    func openMonitor(_ plan: PipelinePlan) throws {
        let endpoints = plan.sources.compactMap(\.monitor)
        guard !endpoints.isEmpty || monitor != nil else { return }
        let made: MonitorServer
        if let monitor { made = monitor } else { made = try MonitorServer(log: log, daemon: view) }
        monitor = made
        try made.listen(on: endpoints, plan.sources.compactMap(\.fluentdMonitor))
        isMonitorAwaited = false
    }

    /// A daemon that this one takes over from has the addresses until it ends.
    func openAwaitedMonitor() {
        guard isMonitorAwaited else { return }
        try? openMonitor(plan)
    }

    /// What is in force is what is shown.
    func showInMonitor() { view.show(plan, context?.live.entries ?? []) }

    func closeMonitor() {
        monitor?.close()
        monitor = nil
    }
}
