internal import EventLoop
internal import Logging
internal import Monitor

/// The monitor, as the plan in force wants it.
extension RunningPipeline {
    /// Answers where the plan says. Throws what the operator must mend; that the standard address is another's is none of
    /// it, as several daemons may run on one machine.
    func openMonitor(_ plan: PipelinePlan) throws {
        var wanted: [MonitorEndpoint] = []
        for source in plan.sources {
            guard var endpoint = source.monitor else { continue }
            endpoint.tls = try source.monitorTLS?.makeContext()
            wanted.append(endpoint)
        }
        var standard: MonitorEndpoint?
        switch plan.system.monitor {
        case .off: break
        case .at(var endpoint):
            endpoint.token = plan.system.monitorToken
            wanted.append(endpoint)
        case .standard:
            if !wanted.contains(where: { $0.port == MonitorEndpoint.standard.port }) { standard = .standard }
            standard?.token = plan.system.monitorToken
        }
        for index in wanted.indices { wanted[index].allowsReplay = plan.system.allowsReplay }
        standard?.allowsReplay = plan.system.allowsReplay
        guard !wanted.isEmpty || standard != nil || monitor != nil else {
            monitorRetryAtMilliseconds = nil
            return
        }
        let made: MonitorServer
        if let monitor { made = monitor } else { made = try MonitorServer(log: log, daemon: view) }
        monitor = made
        let monitors = plan.sources.compactMap(\.fluentdMonitor)
        do throws(LoopError) {
            try made.listen(on: wanted + [standard].compactMap { $0 }, monitors)
        } catch {
            guard let standard else { throw error }
            try made.listen(on: wanted, monitors)
            // A daemon that this one takes over from has it until it ends.
            guard !isTakingOver else { throw error }
            if monitorRetryAtMilliseconds == nil {
                log.info(
                    "the monitor does not answer: \(error)",
                    [
                        "at": "\(standard.host):\(standard.port)",
                        "again": "every \(Self.monitorRetryMilliseconds / 1000) s",
                        "hint": "'monitor HOST:PORT' or 'monitor off' in <system>",
                    ])
            }
            monitorRetryAtMilliseconds = loop.now + Self.monitorRetryMilliseconds
            isMonitorAwaited = false
            return
        }
        isMonitorAwaited = false
        monitorRetryAtMilliseconds = nil
    }

    /// Between two tries of the standard address while another has it.
    private static let monitorRetryMilliseconds: UInt64 = 10_000

    /// A daemon that this one takes over from has the addresses until it ends; whoever else has the standard one may go.
    func openAwaitedMonitor() {
        let isDue = monitorRetryAtMilliseconds.map { loop.now >= $0 } ?? false
        guard isMonitorAwaited || isDue else { return }
        try? openMonitor(plan)
    }

    /// What is in force is what is shown.
    func showInMonitor() { view.show(plan, context?.live.entries ?? []) }

    func closeMonitor() {
        monitor?.close()
        monitor = nil
    }
}
