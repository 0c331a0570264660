import Buffering
import Events
import Foundation
import HTTPServer
import Testing

@testable import Monitor

/// A daemon with one stage of each kind; `change` says what is not well.
private func report(_ change: (inout MonitorReport) -> Void = { _ in }) -> MonitorReport {
    var input = StageReport(id: "in", category: .input, type: "forward")
    input.settings = [("@type", "forward"), ("port", "24224")]
    input.counts.eventsIn = 7
    var output = StageReport(id: "out", category: .output, type: "elasticsearch")
    output.settings = [("@type", "elasticsearch"), ("password", "xxxxxx")]
    output.counts.eventsIn = 6
    output.counts.batchesIn = 2
    var buffer = BufferStatistics()
    (buffer.stagedChunks, buffer.stagedBytes, buffer.totalBytes, buffer.totalLimitBytes) = (1, 100, 250, 1000)
    (buffer.counts.acceptedEvents, buffer.counts.deliveredEvents, buffer.counts.attempts) = (6, 5, 3)
    output.buffer = buffer
    var copy = StageReport(id: "copy", category: .output, type: "copy")
    copy.isDistributor = true
    var filter = StageReport(id: "filter \"1\"", category: .filter, type: "grep")
    (filter.counts.eventsIn, filter.counts.eventsOut) = (7, 6)
    var process = ProcessReport()
    process.version = "1.2.3"
    process.configurationPath = "/etc/a\"b.conf"
    var report = MonitorReport(process: process, stages: [input, copy, output, filter])
    change(&report)
    return report
}

private func object(_ bytes: [UInt8]) throws -> [String: Any] {
    try #require(JSONSerialization.jsonObject(with: Data(bytes)) as? [String: Any])
}

private func plugins(_ target: String, showsConfig: Bool = true, _ report: MonitorReport = report()) throws
    -> [[String: Any]]
{
    let query = PluginsAnswer.Query(HTTPTarget(target), showsConfig: showsConfig, showsRetry: true)
    return try #require(object(PluginsAnswer(report, query).json().array())["plugins"] as? [[String: Any]])
}

@Suite("Monitor: Fluentd's answers")
struct PluginsAnswerTests {
    @Test("every stage is there once, in the order of the report")
    func all() throws {
        #expect(
            try plugins("/api/plugins.json").map { $0["plugin_id"] as? String } == [
                "in", "copy", "out", "filter \"1\"",
            ])
    }

    @Test(
        "queries choose stages, and what is shown of them",
        arguments: [
            ("?@id=out", ["out"]), ("?@id=none", []), ("?@type=grep", ["filter \"1\""]), ("?type=copy", ["copy"]),
            ("?@id=in&@type=grep", ["in"]),
        ])
    func queries(_ query: String, _ ids: [String]) throws {
        #expect(try plugins("/api/plugins.json" + query).map { $0["plugin_id"] as? String } == ids)
    }

    @Test("the configuration is left out where the source or the request says so")
    func config() throws {
        func shows(_ query: String, _ standard: Bool) throws -> Bool {
            try plugins("/api/plugins.json?@id=in&" + query, showsConfig: standard)[0]["config"] != nil
        }
        #expect(try shows("", true))
        #expect(try !shows("", false))
        #expect(try !shows("with_config=no", true))
        #expect(try !shows("with_config=false", true))
        #expect(try shows("with_config=yes", false))
    }

    @Test("an output tells its buffer; an input has no retries to tell of; a copy is no output")
    func fields() throws {
        let stages = try plugins("/api/plugins.json")
        #expect(stages[0]["retry_count"] is NSNull)
        #expect(stages[0]["emit_records"] as? Int == 7)
        #expect(stages[1]["output_plugin"] as? Bool == false)
        #expect(stages[1]["buffer_stage_length"] == nil)
        #expect(stages[2]["output_plugin"] as? Bool == true)
        #expect(stages[2]["buffer_stage_length"] as? Int == 1)
        #expect(stages[2]["buffer_available_buffer_space_ratios"] as? Double == 75)
        #expect(stages[2]["write_count"] as? Int == 3)
        #expect((stages[2]["retry"] as? [String: Any])?.isEmpty == true)
    }

    @Test("a run of failures is told with its beginning and its next attempt")
    func retry() throws {
        let failing = report {
            $0.stages[2].buffer?.retry = .init(
                failures: 3, startedAtSeconds: 1_715_000_000, nextAttemptAtSeconds: 1_715_000_008, waitSeconds: 8)
        }
        let retry = try #require(plugins("/api/plugins.json?@id=out", failing)[0]["retry"] as? [String: Any])
        #expect(retry["steps"] as? Int == 2)
        #expect(retry["start"] as? String == "2024-05-06 12:53:20 +0000")
        #expect(retry["next_time"] as? String == "2024-05-06 12:53:28 +0000")
    }

    @Test("LTSV has a line a stage, and no value can break it")
    func ltsv() {
        let odd = report { $0.stages[0].id = "a\tb\nc" }
        let query = PluginsAnswer.Query(HTTPTarget("/api/plugins"), showsConfig: true, showsRetry: true)
        let lines = String(decoding: PluginsAnswer(odd, query).ltsv().array(), as: UTF8.self).split(separator: "\n")
        #expect(lines.count == 4)
        #expect(lines[0].hasPrefix("plugin_id:a b c\tplugin_category:input\ttype:forward\t"))
    }

    @Test("the process and its configuration are told, whatever the path is called")
    func process() throws {
        let answer = try object(ConfigAnswer(report().process).json().array())
        #expect(answer["config_path"] as? String == "/etc/a\"b.conf")
        #expect(answer["root_dir"] is NSNull)
        #expect((answer["plugin_dirs"] as? [String])?.isEmpty == true)
    }
}

@Suite("Monitor: health")
struct HealthAnswerTests {
    @Test(
        "what is wrong is said, and the status says what to do about it",
        arguments: [
            (false, false, 0, true, "ok", 200, 200), (true, false, 0, true, "degraded", 200, 200),
            (true, true, 0, true, "full", 200, 503), (false, false, 1, true, "stuck", 503, 503),
            (false, false, 0, false, "not ready", 503, 503),
        ])
    func states(
        isFailing: Bool, isFull: Bool, stuck: Int, isReady: Bool, word: String, health: Int, ready: Int
    ) throws {
        let now = report {
            $0.process.isReady = isReady
            $0.process.stuckLoops = stuck
            if isFailing {
                $0.stages[2].buffer?.retryCount = 2
                $0.stages[2].buffer?.retry = .init(failures: 2, startedAtSeconds: 1_715_000_000)
                $0.stages[2].buffer?.lastFailure = "connection \"refused\""
            }
            if isFull { $0.stages[2].buffer?.totalBytes = 1000 }
        }
        let answers = (HealthAnswer(now, .health), HealthAnswer(now, .ready))
        #expect(answers.0.status == health)
        #expect(answers.1.status == ready)
        let body = try object(answers.0.body)
        #expect(body["status"] as? String == word)
        let outputs = try #require(body["outputs"] as? [[String: Any]])
        #expect(outputs.map { $0["id"] as? String } == (isFailing || isFull ? ["out"] : []))
        if isFailing {
            #expect(outputs[0]["reason"] as? String == "connection \"refused\"")
            #expect(outputs[0]["failing_since"] as? String == "2024-05-06T12:53:20+00:00")
        }
    }
}

@Suite("Monitor: metrics")
struct MetricsTextTests {
    @Test("a family has its help and type once, and its samples with escaped labels")
    func text() {
        var family = MetricFamily(name: "a_b", kind: .counter, help: "One\\two\nthree.")
        family.add(3, [("x", "q\"\\\n")])
        family.add(0.5)
        #expect(
            MetricsText.write([family], as: .prometheus)
                == """
                # HELP a_b_total One\\\\two\\nthree.
                # TYPE a_b_total counter
                a_b_total{x="q\\"\\\\\\n"} 3
                a_b_total 0.5

                """)
        #expect(
            MetricsText.write([family], as: .openMetrics).hasSuffix("a_b_total 0.5\n# EOF\n"))
        #expect(MetricsText.write([family], as: .openMetrics).contains("# TYPE a_b counter\n"))
    }

    @Test("metrics of events have the names of the configuration, and are what each format knows")
    func events() {
        func reading(
            _ name: String, _ kind: EventMetricDefinition.Kind, _ help: String, _ series: [EventMetricReading.Series]
        ) -> EventMetricReading {
            EventMetricReading(EventMetricDefinition(name: name, kind: kind, help: help), series: series)
        }
        var plain = reading(
            "hits", .counter, "Hits.", [.init(labels: ["x"], value: 2), .init(labels: ["\"y"], value: 0.5)])
        (plain.definition.labelNames, plain.dropped) = (["a"], 3)
        let total = reading("hits_total", .counter, "All.", [.init(labels: [], value: 1)])
        var times = reading(
            "took", .histogram, "Times.", [.init(labels: [], value: 12.25, count: 4, buckets: [1, 2, 1])])
        times.definition.buckets = [0.5, 10]
        let sizes = reading("size", .summary, "Sizes.", [.init(labels: [], value: 7, count: 2)])
        let families = EventMetricReading.families([plain, total, times, sizes])
        let text = MetricsText.write(families, as: .prometheus)
        for line in [
            "# TYPE hits counter", "hits{a=\"x\"} 2", "hits{a=\"\\\"y\"} 0.5", "# TYPE hits_total counter",
            "hits_total 1", "# TYPE took histogram", "took_bucket{le=\"0.5\"} 1", "took_bucket{le=\"10\"} 3",
            "took_bucket{le=\"+Inf\"} 4", "took_sum 12.25", "took_count 4", "# TYPE size summary", "size_sum 7",
            "size_count 2", "fluentd_prometheus_dropped_label_sets_total{name=\"hits\"} 3",
        ] {
            #expect(text.split(separator: "\n").contains(Substring(line)), "\(line) in \(text)")
        }
        let open = MetricsText.write(families, as: .openMetrics)
        // Only names that end so are counters there.
        #expect(open.contains("# TYPE hits unknown\n") && open.contains("\nhits{a=\"x\"} 2\n"), "\(open)")
        #expect(!MetricsText.write(EventMetricReading.families([total]), as: .prometheus).contains("dropped"))
    }

    @Test("OpenMetrics is written only for who asks for it")
    func negotiation() {
        #expect(MetricsText.Format(accept: nil) == .prometheus)
        #expect(MetricsText.Format(accept: "text/plain;version=0.0.4;q=1") == .prometheus)
        #expect(
            MetricsText.Format(accept: "application/openmetrics-text;version=1.0.0,text/plain;q=0.5") == .openMetrics)
    }

    @Test("all samples of a name stand together, each with another set of labels")
    func families() {
        let families =
            SluiceMetrics(report()).families()
            + [.buffers(labels: [("host", "a")]), .outputs(labels: [])].flatMap {
                FluentdMetrics(report()).families($0)
            }
        #expect(Set(families.map(\.name)).count == families.count)
        for family in families {
            let labels = family.samples.map {
                $0.suffix + $0.labels.map { "\($0.name)=\($0.value)" }.joined(separator: ",")
            }
            #expect(Set(labels).count == labels.count, "\(family.name)")
        }
        let delivered = families.first { $0.name == "sluice_output_events" }?.samples.first
        #expect(delivered?.value == 5)
        #expect(families.contains { $0.name == "fluentd_output_status_buffer_available_space_ratio" })
    }
}
