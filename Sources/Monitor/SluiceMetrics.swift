internal import Buffering
internal import Events
internal import Grok

/// The daemon's metrics under its own names: by stage, so that their number is that of the configuration's sections.
struct SluiceMetrics {
    private let report: MonitorReport

    init(_ report: MonitorReport) { self.report = report }

    func families() -> [MetricFamily] { process() + stages() + sources() + outputs() + buffers() }

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
        var kinds = MetricFamily(
            name: "sluice_stage_refusals", kind: .counter,
            help: "Events that a stage refused, by the name of the error.")
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
            for (kind, count) in stage.counts.refusedByKind.sorted(by: { $0.key < $1.key }) {
                kinds.add(Double(count), [("stage", stage.id), ("kind", kind)])
            }
            batchesRefused.add(Double(stage.counts.batchesRefused), labels)
        }
        return [eventsIn, eventsOut, refused, kinds, patterns(), batches, batchesRefused]
    }

    /// By the configuration's patterns, however many lines come.
    private func patterns() -> MetricFamily {
        var lines = MetricFamily(
            name: "sluice_pattern_lines", kind: .counter,
            help: "Lines that a grok pattern was tried on: hit, miss, or gave_up where a limit was reached first.")
        for stage in report.stages {
            for (index, pattern) in stage.patterns.enumerated() {
                // Two may have one name.
                let labels = [("stage", stage.id), ("number", "\(index)"), ("pattern", pattern.name)]
                let counters = pattern.counters
                for (result, count) in [
                    ("hit", counters.hits), ("miss", counters.misses), ("gave_up", counters.gaveUp),
                ] {
                    lines.add(Double(count), labels + [("result", result)])
                }
            }
        }
        return lines
    }

    // MARK: - Sources

    private func sources() -> [MetricFamily] {
        let sources = report.stages.compactMap { stage in
            stage.intake.map { (labels: [("stage", stage.id), ("type", stage.type)], intake: $0) }
        }
        func family(
            _ name: String, _ kind: MetricFamily.Kind, _ help: String, _ value: (IntakeReading) -> Double
        ) -> MetricFamily {
            var family = MetricFamily(name: name, kind: kind, help: help)
            for (labels, intake) in sources { family.add(value(intake), labels) }
            return family
        }
        var acks = MetricFamily(
            name: "sluice_source_ack_seconds", kind: .histogram,
            help: "From the last bytes of a message to its ack; one sample for those that came together.")
        for (labels, intake) in sources where intake.acks.count > 0 { acks.add(intake.acks, labels) }
        return [
            family("sluice_source_bytes", .counter, "Bytes that a source has read.") { Double($0.bytes) },
            family("sluice_source_connections", .gauge, "Clients that are connected.") { Double($0.connections) },
            family("sluice_source_accepted_connections", .counter, "Clients that have connected.") {
                Double($0.acceptedConnections)
            },
            family(
                "sluice_source_held_seconds", .counter,
                "Time in which a source held its clients back because outputs were full, of all loops together."
            ) { $0.heldSeconds },
            acks,
        ]
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
        var letters = MetricFamily(
            name: "sluice_dead_letter_events", kind: .counter,
            help: "Events that an output has put into its dead letters.")
        for stage in report.stages where stage.buffer != nil {
            letters.add(Double(stage.deadLetters), [("stage", stage.id), ("type", stage.type)])
        }
        var durations = MetricFamily(
            name: "sluice_output_attempt_seconds", kind: .histogram, help: "What deliveries took, failed ones too.")
        for (labels, buffer) in buffered { durations.add(buffer.counts.attemptDurations, labels) }
        var sizes = MetricFamily(
            name: "sluice_output_request_bytes", kind: .histogram,
            help: "Requests that were sent, packed where they are packed, of outputs that send in requests.")
        for stage in report.stages {
            guard let requests = stage.requestSizes else { continue }
            sizes.add(requests, [("stage", stage.id), ("type", stage.type)])
        }
        return [
            events,
            letters,
            family("sluice_output_attempts", .counter, "Deliveries tried.") { Double($0.counts.attempts) },
            family("sluice_output_failed_attempts", .counter, "Deliveries that failed, in whole or in part.") {
                Double($0.counts.failedAttempts)
            },
            family("sluice_output_slow_attempts", .counter, "Deliveries over slow_flush_log_threshold.") {
                Double($0.counts.slowAttempts)
            },
            durations,
            sizes,
            family("sluice_output_bytes", .counter, "Bytes of delivered events, as they are in the buffer.") {
                Double($0.counts.deliveredBytes)
            },
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
            family(
                "sluice_buffer_oldest_seconds", .gauge,
                "How long the oldest event has waited; 0: none waits. What grows is not delivered."
            ) { $0.oldestSeconds ?? 0 },
            family("sluice_buffer_held_bytes", .gauge, "What total_limit_size counts.") { Double($0.totalBytes) },
            family("sluice_buffer_limit_bytes", .gauge, "total_limit_size.") { Double($0.totalLimitBytes) },
            family(
                "sluice_buffer_refused_events", .counter,
                "Events that found the buffer full or its disk failing, and were not taken."
            ) { Double($0.counts.refusedEvents) },
        ]
    }
}
