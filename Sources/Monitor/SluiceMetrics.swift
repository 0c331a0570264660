internal import Buffering

/// The daemon's metrics under its own names: by stage, so that their number is that of the configuration's sections.
struct SluiceMetrics {
    private let report: MonitorReport

    init(_ report: MonitorReport) { self.report = report }

    func families() -> [MetricFamily] { process() + stages() + outputs() + buffers() }

    // MARK: - Process

    private func process() -> [MetricFamily] {
        let process = report.process
        let usage = process.usage
        func family(_ name: String, _ kind: MetricFamily.Kind, _ help: String, _ value: Double) -> MetricFamily {
            MetricFamily(name: name, kind: kind, help: help, samples: [.init(labels: [], value: value)])
        }
        var build = MetricFamily(name: "sluice_build", kind: .info, help: "What runs.")
        build.add(1, [("version", process.version)])
        return [
            build, family("sluice_ready", .gauge, "1 while events are taken.", process.isReady ? 1 : 0),
            family("process_cpu_seconds", .counter, "CPU time used, in seconds.", usage.cpuSeconds),
            family("process_resident_memory_bytes", .gauge, "Resident memory.", Double(usage.residentBytes)),
            family("process_open_fds", .gauge, "Open file descriptors.", Double(usage.openDescriptors)),
            family("process_max_fds", .gauge, "Most descriptors that may be open.", Double(usage.descriptorLimit)),
            family(
                "process_start_time_seconds", .gauge, "When the process started, in seconds of the epoch.",
                process.startedAtSeconds),
        ]
    }

    // MARK: - Stages

    private func labels(_ stage: StageReport) -> [(name: String, value: String)] {
        [("stage", stage.id), ("category", stage.category.rawValue), ("type", stage.type)]
    }

    private func stages() -> [MetricFamily] {
        var eventsIn = MetricFamily(
            name: "sluice_stage_events_in", kind: .counter,
            help: "Events that came to a stage; for an input, that it handed on.")
        var eventsOut = MetricFamily(
            name: "sluice_stage_events_out", kind: .counter, help: "Events that a filter passed on.")
        var refused = MetricFamily(
            name: "sluice_stage_events_refused", kind: .counter,
            help: "Events that a stage refused: lines that do not parse, documents that cannot be made.")
        var batches = MetricFamily(
            name: "sluice_stage_batches", kind: .counter, help: "Batches of events that came to a stage.")
        var batchesRefused = MetricFamily(
            name: "sluice_stage_batches_refused", kind: .counter,
            help: "Batches that were not taken: their senders keep them, or send them again.")
        for stage in report.stages {
            let labels = labels(stage)
            eventsIn.add(Double(stage.counts.eventsIn), labels)
            batches.add(Double(stage.counts.batchesIn), labels)
            if stage.category == .filter { eventsOut.add(Double(stage.counts.eventsOut), labels) }
            if stage.category != .input { refused.add(Double(stage.counts.eventsRefused), labels) }
            batchesRefused.add(Double(stage.counts.batchesRefused), labels)
        }
        return [eventsIn, eventsOut, refused, batches, batchesRefused]
    }

    // MARK: - Outputs

    private var buffered: [(labels: [(name: String, value: String)], buffer: BufferStatistics)] {
        report.stages.compactMap { stage in stage.buffer.map { ([("stage", stage.id), ("type", stage.type)], $0) } }
    }

    private func family(
        _ name: String, _ kind: MetricFamily.Kind, _ help: String, _ value: (BufferStatistics) -> Double
    ) -> MetricFamily {
        var family = MetricFamily(name: name, kind: kind, help: help)
        for (labels, buffer) in buffered { family.add(value(buffer), labels) }
        return family
    }

    private func outputs() -> [MetricFamily] {
        var events = MetricFamily(
            name: "sluice_output_events", kind: .counter,
            help: "What became of events: delivered, rejected one by one, abandoned with their chunk, dropped for room."
        )
        for (labels, buffer) in buffered {
            let counts = buffer.counts
            for (fate, count) in [
                ("delivered", counts.deliveredEvents), ("rejected", counts.rejectedEvents),
                ("abandoned", counts.abandonedEvents), ("dropped", counts.droppedEvents),
            ] { events.add(Double(count), labels + [("fate", fate)]) }
        }
        return [
            events,
            family("sluice_output_attempts", .counter, "Deliveries tried.") { Double($0.counts.attempts) },
            family("sluice_output_failed_attempts", .counter, "Deliveries that failed, in whole or in part.") {
                Double($0.counts.failedAttempts)
            },
            family("sluice_output_slow_attempts", .counter, "Deliveries over slow_flush_log_threshold.") {
                Double($0.counts.slowAttempts)
            },
            family("sluice_output_attempt_seconds", .counter, "Time spent in deliveries.") { $0.counts.attemptSeconds },
            family("sluice_output_up", .gauge, "1 while the destination works, 0 while it is retried.") {
                $0.retryCount == 0 ? 1 : 0
            },
            family("sluice_output_retries", .gauge, "Failures in a row.") { Double($0.retryCount) },
        ]
    }

    // MARK: - Buffers

    private func buffers() -> [MetricFamily] {
        var bytes = MetricFamily(name: "sluice_buffer_bytes", kind: .gauge, help: "Bytes of chunks by state.")
        var chunks = MetricFamily(name: "sluice_buffer_chunks", kind: .gauge, help: "Chunks by state.")
        for (labels, buffer) in buffered {
            bytes.add(Double(buffer.stagedBytes), labels + [("state", "staged")])
            bytes.add(Double(buffer.queuedBytes), labels + [("state", "queued")])
            chunks.add(Double(buffer.stagedChunks), labels + [("state", "staged")])
            chunks.add(Double(buffer.queuedChunks), labels + [("state", "queued")])
            chunks.add(Double(buffer.inFlightChunks), labels + [("state", "in_flight")])
        }
        return [
            bytes, chunks,
            family("sluice_buffer_held_bytes", .gauge, "What total_limit_size counts.") { Double($0.totalBytes) },
            family("sluice_buffer_limit_bytes", .gauge, "total_limit_size.") { Double($0.totalLimitBytes) },
            family(
                "sluice_buffer_refused_events", .counter,
                "Events that found the buffer full or its disk failing, and were not taken."
            ) { Double($0.counts.refusedEvents) },
        ]
    }
}
