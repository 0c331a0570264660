internal import Buffering
internal import Events

/// The metrics of fluent-plugin-prometheus' monitors under its names, so that dashboards made for it go on
/// (github.com/fluent/fluent-plugin-prometheus, "prometheus_monitor" and "prometheus_output_monitor"). All are gauges
/// there, counts too.
struct FluentdMetrics {

    private let report: MonitorReport

    init(_ report: MonitorReport) { self.report = report }

    func families(_ monitor: FluentdMonitor) -> [MetricFamily] {
        switch monitor {
        case .buffers(let labels): buffers(labels)
        case .outputs(let labels): outputs(labels)
        }
    }

    private typealias Value = (StageReport) -> Double?

    private func family(
        _ name: String, _ help: String, _ labels: (StageReport) -> [(name: String, value: String)], _ value: Value
    ) -> MetricFamily {
        var family = MetricFamily(name: name, kind: .gauge, help: help)
        for stage in report.stages where stage.category == .output {
            if let value = value(stage) { family.add(value, labels(stage)) }
        }
        return family
    }

    private func buffers(_ own: [(name: String, value: String)]) -> [MetricFamily] {
        let labels: (StageReport) -> [(name: String, value: String)] = { stage in
            own + [("plugin_id", stage.id), ("plugin_category", stage.category.rawValue), ("type", stage.type)]
        }
        return [
            family("fluentd_status_buffer_queue_length", "Current buffer queue length.", labels) {
                $0.buffer.map { Double($0.queuedChunks) }
            },
            family("fluentd_status_buffer_total_bytes", "Current total size of queued buffers.", labels) {
                $0.buffer.map { Double($0.stagedBytes + $0.queuedBytes) }
            },
            family("fluentd_status_retry_count", "Current retry counts.", labels) {
                Double($0.buffer?.retryCount ?? 0)
            },
        ]
    }

    private func outputs(_ own: [(name: String, value: String)]) -> [MetricFamily] {
        let prefix = "fluentd_output_status_"
        let labels: (StageReport) -> [(name: String, value: String)] = { stage in
            own + [("plugin_id", stage.id), ("type", stage.type)]
        }
        func ofBuffer(_ name: String, _ help: String, _ value: @escaping (BufferStatistics) -> Double) -> MetricFamily {
            family(prefix + name, help, labels) { $0.buffer.map(value) }
        }
        func ofOutput(_ name: String, _ help: String, _ value: @escaping Value) -> MetricFamily {
            family(prefix + name, help, labels) { $0.isDistributor ? nil : value($0) }
        }
        func ofCounts(_ name: String, _ help: String, _ value: @escaping (BufferCounts) -> Double) -> MetricFamily {
            ofOutput(name, help) { value($0.buffer?.counts ?? BufferCounts()) }
        }
        return [
            ofBuffer("buffer_total_bytes", "Current total size of stage and queue buffers.") {
                Double($0.stagedBytes + $0.queuedBytes)
            },
            ofBuffer("buffer_stage_length", "Current length of stage buffers.") { Double($0.stagedChunks) },
            ofBuffer("buffer_stage_byte_size", "Current total size of stage buffers.") { Double($0.stagedBytes) },
            ofBuffer("buffer_queue_length", "Current length of queue buffers.") { Double($0.queuedChunks) },
            ofBuffer("buffer_queue_byte_size", "Current total size of queue buffers.") { Double($0.queuedBytes) },
            ofBuffer("buffer_available_space_ratio", "Ratio of available space in buffer.") { $0.freeShare * 100 },
            family(prefix + "retry_count", "Current retry counts.", labels) { Double($0.buffer?.retryCount ?? 0) },
            family(prefix + "num_errors", "Current number of errors.", labels) {
                Double($0.buffer?.counts.failedAttempts ?? 0)
            },
            ofOutput("emit_count", "Current emit counts.") { Double($0.counts.batchesIn) },
            ofOutput("emit_records", "Current emit records.") {
                Double($0.buffer?.counts.acceptedEvents ?? $0.counts.eventsIn)
            },
            ofCounts("write_count", "Current write counts.") { Double($0.attempts) },
            ofCounts("rollback_count", "Current rollback counts.") { Double($0.failedAttempts) },
            ofCounts("flush_time_count", "Total flush time.") { ($0.attemptSeconds * 1000).rounded() },
            ofCounts("slow_flush_count", "Current slow flush counts.") { Double($0.slowAttempts) },
            ofBuffer("retry_wait", "Current retry wait.") { $0.retry?.waitSeconds ?? 0 },
        ]
    }
}

extension FluentdMonitor {
    /// The names of all metrics that these sources add, with and without what marks a counter. Fluentd's own guide has users
    /// give names of their own that begin like them (docs.fluentd.org, "Monitoring by Prometheus":
    /// `fluentd_output_status_num_records_total`).
    package static let metricNames: Set<String> = {
        let metrics = FluentdMetrics(MonitorReport(process: ProcessReport(), stages: []))
        let monitors: [FluentdMonitor] = [.buffers(labels: []), .outputs(labels: [])]
        let names = monitors.flatMap(metrics.families).map(\.name) + [EventMetricReading.droppedName]
        return Set(names + names.map { $0 + "_total" })
    }()
}
