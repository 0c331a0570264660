import Events
import Filters
import Logging
import TestSupport
import Testing

@Suite struct EventMetricsTests {
    private static func rule(
        _ kind: EventMetricDefinition.Kind = .counter, key: String? = "n", _ labels: [(String, String)] = [],
        _ change: (inout EventMetricRule) -> Void = { _ in }
    ) throws -> EventMetricRule {
        var definition = EventMetricDefinition(name: "m", kind: kind, help: "h", labelNames: labels.map(\.0))
        if kind == .histogram { definition.buckets = [1, 10] }
        var rule = EventMetricRule(
            definition,
            labels: try labels.map { _, text in
                text.hasPrefix("$.")
                    ? .place(try RecordAccessor(text)) : .template(TextTemplate(text, bareFields: true))
            })
        rule.value = try key.map { try RecordAccessor($0) }
        change(&rule)
        return rule
    }

    /// What the metric holds after the records, and why some were refused.
    private func run(
        _ rule: EventMetricRule, _ records: [String], tag: String = "a.b.c"
    ) throws -> (series: [EventMetricReading.Series], dropped: Int, refused: [String], lines: [String]) {
        let metric = EventMetric(rule.definition)
        let filter = EventMetricsFilter([(rule, metric)], hostname: Array("h1".utf8), log: .discarding)
        let batch = EventBatch(tag: tag)
        for record in records { try batch.add(record) }
        filter.apply(Events.Batch(batch.tag), storage: &batch.storage, rows: &batch.rows)
        let reading = metric.reading
        return (reading.series, reading.dropped, batch.rows.rejections.map(\.reason), batch.lines)
    }

    @Test("a counter adds up what records have, or one for each, and they pass unchanged")
    func counters() throws {
        let records = [#"{"n":2}"#, #"{"n":0.5}"#, #"{"n":null}"#, #"{"x":1}"#, #"{"n":100000000000000000000}"#]
        let added = try run(Self.rule(), Array(records.prefix(4)))
        #expect(added.series.map(\.value) == [2.5] && added.refused.isEmpty)
        #expect(added.lines == Array(records.prefix(4)))
        #expect(try run(Self.rule(), [records[4]]).series.map(\.value) == [100_000_000_000_000_000_000])
        #expect(try run(Self.rule(key: nil), records).series.map(\.value) == [5])
        #expect(try run(Self.rule(key: "$.a.b"), [#"{"a":{"b":4}}"#, #"{"a":1}"#]).series.map(\.value) == [4])
    }

    @Test("what is no number is refused for the metric alone, and a counter never falls")
    func refused() throws {
        let result = try run(Self.rule(), [#"{"n":"7"}"#, #"{"n":-1}"#, #"{"n":true}"#, #"{"n":1}"#])
        #expect(result.series.map(\.value) == [1])
        #expect(
            result.refused == [
                "metric m: the value must be a number", "metric m: a counter takes no negative number",
                "metric m: the value must be a number",
            ])
        #expect(result.lines.count == 4)
        let gauge = try run(Self.rule(.gauge), [#"{"n":-3}"#, #"{"n":false}"#, #"{"n":-4.5}"#])
        #expect(gauge.series.map(\.value) == [-4.5] && gauge.refused.isEmpty)
    }

    @Test("a histogram counts by bucket, a summary only sums up")
    func distributions() throws {
        let records = [#"{"n":1}"#, #"{"n":1.5}"#, #"{"n":11}"#, #"{"n":-2}"#]
        let histogram = try #require(try run(Self.rule(.histogram), records).series.first)
        #expect(histogram.buckets == [2, 1, 1] && histogram.count == 4 && histogram.value == 11.5)
        let summary = try #require(try run(Self.rule(.summary), records).series.first)
        #expect(summary.buckets.isEmpty && summary.count == 4 && summary.value == 11.5)
    }

    @Test(
        "labels come from the tag, the record and the host",
        arguments: [
            ("${tag}", "a.b.c"), ("${tag_parts[1]}", "b"), ("${tag_parts[-1]}", "c"), ("${tag_parts[7]}", ""),
            ("${tag_prefix[1]}", "a.b"), ("${tag_suffix[1]}", "b.c"), ("${tag_suffix[0]}", "c"),
            ("on ${hostname}", "on h1"), ("$.k.p", "x"), ("$.k", #"{"p"=>"x"}"#), ("${level}", "info"),
            ("${time}", "now"), ("${nothing}-", "-"), ("$.nothing", ""), ("plain", "plain"), ("$.i", "5"),
        ])
    func labels(_ written: String, _ expected: String) throws {
        let record = #"{"n":1,"k":{"p":"x"},"level":"info","time":"now","i":5}"#
        #expect(try run(Self.rule(.counter, [("l", written)]), [record]).series.map(\.labels) == [[expected]])
    }

    @Test("records of the same labels are one series, also where their bytes only look alike")
    func series() throws {
        let rule = try Self.rule(.counter, [("a", "$.a"), ("b", "$.b")])
        let result = try run(
            rule, [#"{"n":1,"a":"x","b":"yz"}"#, #"{"n":2,"a":"xy","b":"z"}"#, #"{"n":4,"a":"x","b":"yz"}"#])
        #expect(result.series.map(\.value) == [5, 2])
        #expect(result.series.map(\.labels) == [["x", "yz"], ["xy", "z"]])
        let long = String(repeating: "é", count: 600)
        let cut = try run(
            Self.rule(.counter, [("a", "$.a")]), [#"{"n":1,"a":"\#(long)1"}"#, #"{"n":1,"a":"\#(long)2"}"#])
        #expect(cut.series.map(\.value) == [2])
        #expect(cut.series[0].labels == [String(repeating: "é", count: EventMetricsFilter.maximumLabelBytes / 2)])
    }

    @Test("many series are found again, each by all of its labels")
    func manySeries() throws {
        let rule = try Self.rule(.counter, key: nil, [("a", "$.a"), ("b", "$.b")])
        let records = (0..<3000).map { #"{"a":"\#($0 % 1000)","b":"\#($0 / 2 % 500)"}"# }
        let series = try run(rule, records).series
        #expect(series.count == 1000)
        #expect(series.allSatisfy { $0.value == 3 })
        #expect(Set(series.map(\.labels)).count == 1000)
        #expect(series[999].labels == ["999", "499"])
    }

    @Test("a metric that is full counts on for the series that it has, and the others are dropped")
    func limit() throws {
        let rule = try Self.rule(.counter, key: nil, [("a", "$.a")]) { $0.maximumSeries = 2 }
        let records = (0..<6).map { #"{"a":"\#($0 % 3)"}"# }
        let result = try run(rule, records)
        #expect(result.series.map(\.value) == [2, 2] && result.dropped == 2 && result.refused.isEmpty)
        #expect(result.lines == records)
    }

    @Test("series can be there from the start, at zero, once however many loops there are")
    func begun() throws {
        let rule = try Self.rule(.counter, [("a", "$.a")]) { $0.begun = [["x"], ["y"]] }
        let metric = EventMetric(rule.definition)
        for _ in 0..<2 { _ = EventMetricsFilter([(rule, metric)], hostname: [], log: .discarding) }
        #expect(metric.reading.series.map(\.labels) == [["x"], ["y"]])
        #expect(metric.reading.series.map(\.value) == [0, 0])
    }

    @Test("it keeps the rules of all filters")
    func rules() throws {
        try FilterRules.check([#"{"n":1,"a":"x"}"#, #"{"n":"x"}"#, #"{"a":"y"}"#, "{}"]) {
            let rule = try Self.rule(.counter, [("t", "${tag_parts[0]}"), ("a", "${a}")])
            return EventMetricsFilter([(rule, EventMetric(rule.definition))], hostname: [], log: .discarding)
        }
    }
}
