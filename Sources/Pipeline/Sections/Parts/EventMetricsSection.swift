internal import ConfigFile
internal import Events
internal import Filters
internal import Monitor

/// `@type prometheus` as a filter or an output: `<metric>` and `<labels>` (github.com/fluent/fluent-plugin-prometheus, README).
enum EventMetricsSection {
    static func readFilter(_ reader: SectionReader, _ builder: PlanBuilder) -> FilterPlan? {
        guard let rules = rules(reader, builder) else { return nil }
        let hostname = Array(builder.environment.hostname.utf8)
        return FilterPlan(type: "prometheus", summary: summary(rules)) { filter(rules, hostname, $0) }
    }

    static func readOutput(_ reader: SectionReader, _ builder: PlanBuilder) -> OutputPlan? {
        guard let rules = rules(reader, builder) else { return nil }
        let hostname = Array(builder.environment.hostname.utf8)
        return OutputPlan(
            type: "prometheus", summary: summary(rules),
            makeOutput: { _ in DirectOutput { EventMetricsEmitter(filter(rules, hostname, $0)) } })
    }

    private static func filter(
        _ rules: [EventMetricRule], _ hostname: [UInt8], _ context: LoopContext
    ) -> EventMetricsFilter {
        EventMetricsFilter(
            rules.map { ($0, context.metrics.eventMetric($0.definition)) }, hostname: hostname, log: context.log)
    }

    private static func summary(_ rules: [EventMetricRule]) -> String {
        rules.count == 1 ? rules[0].definition.name : "\(rules.count) metrics"
    }

    // MARK: - Metrics

    /// A label as it was written, and what it is.
    private typealias Label = (name: String, written: String, value: EventMetricRule.Label)

    /// What goes for all `<metric>` sections of one filter.
    private struct Common {
        var labels: [Label]
        var maximumSeries: Int
    }

    /// nil: something is wrong, which was said.
    private static func rules(_ reader: SectionReader, _ builder: PlanBuilder) -> [EventMetricRule]? {
        let errorsBefore = reader.diagnostics.errorCount
        reader.ignore(
            ["ignore_error_log_interval"], reason: "what a metric drops is told once, and then how often",
            severity: .note)
        let common = Common(
            labels: labels(reader, builder), maximumSeries: maximumSeries(reader, EventMetricRule.standardMaximumSeries)
        )
        let sections = reader.sections(named: "metric")
        var rules: [EventMetricRule] = []
        for section in sections {
            let inner = SectionReader(section, description: "<metric>", diagnostics: reader.diagnostics)
            if let rule = rule(inner, common, builder) {
                builder.eventMetrics.define(rule.definition, at: section.place, reader.diagnostics)
                rules.append(rule)
            }
            inner.finish()
        }
        if sections.isEmpty {
            reader.diagnostics.warning(
                reader.section.place, "\(reader.description) has no <metric>, so it measures nothing",
                hint: "add <metric> with 'name', 'type' and 'desc'")
        }
        return reader.diagnostics.errorCount == errorsBefore ? rules : nil
    }

    private static func rule(
        _ reader: SectionReader, _ common: Common, _ builder: PlanBuilder
    ) -> EventMetricRule? {
        let name = reader.string("name", required: true)
        let kind = reader.string("type", required: true)
        let help = reader.string("desc", required: true)
        if let name { checkName(name, reader.diagnostics) }
        let own = labels(reader, builder)
        let all = common.labels.filter { label in !own.contains { $0.name == label.name } } + own
        let maximumSeries = maximumSeries(reader, common.maximumSeries)
        let key = reader.string("key", required: kind != nil && kind?.value != "counter")
        let place = key.flatMap { AccessorText.read($0, reader) }
        let buckets = buckets(reader, kind?.value)
        let begun = begun(reader, all, builder)
        guard let name, let kind, let help, let kindValue = EventMetricDefinition.Kind(rawValue: kind.value) else {
            if let kind, EventMetricDefinition.Kind(rawValue: kind.value) == nil {
                reader.error(
                    "type", "'type' is '\(kind.value)', which is no kind of metric",
                    hint: "there are counter, gauge, summary and histogram")
            }
            return nil
        }
        var definition = EventMetricDefinition(
            name: name.value, kind: kindValue, help: help.value, labelNames: all.map(\.name))
        if kindValue == .histogram { definition.buckets = buckets }
        if let own = definition.exposedNames.first(where: FluentdMonitor.metricNames.contains) {
            reader.diagnostics.error(
                name.place, "'\(own)' is a metric of the daemon itself", hint: "give '\(name.value)' another name")
            return nil
        }
        var rule = EventMetricRule(definition, labels: all.map(\.value))
        rule.value = place
        rule.maximumSeries = maximumSeries
        rule.begun = begun
        return rule
    }

    private static func maximumSeries(_ reader: SectionReader, _ standard: Int) -> Int {
        let most = EventMetricRule.largestMaximumSeries
        let number = reader.int("max_series_per_metric", default: standard, range: 0...most)
        return number == 0 ? most : number
    }

    private static func checkName(_ name: Setting<String>, _ diagnostics: Diagnostics) {
        let isName =
            name.value.utf8.first.map { !isDigit($0) } ?? false
            && name.value.utf8.allSatisfy { isDigit($0) || isLetter($0) || $0 == 0x5F || $0 == 0x3A }
        if !isName {
            diagnostics.error(
                name.place, "'\(name.value)' is no name of a metric",
                hint: "letters, digits, '_' and ':', no digit first")
        } else if let own = ["sluice_", "process_"].first(where: name.value.hasPrefix) {
            diagnostics.error(
                name.place, "'\(name.value)' begins as metrics of the daemon itself do: '\(own)'",
                hint: "give it another name")
        }
    }

    private static func isDigit(_ byte: UInt8) -> Bool { byte &- 0x30 < 10 }
    private static func isLetter(_ byte: UInt8) -> Bool { (byte | 0x20) &- 0x61 < 26 }

    private static func buckets(_ reader: SectionReader, _ kind: String?) -> [Double] {
        guard let list = reader.array("buckets") else { return EventMetricDefinition.standardBuckets }
        if kind != "histogram" {
            reader.warning("buckets", "'buckets' has an effect only in a histogram")
        }
        var bounds: [Double] = []
        for text in list.value {
            guard let bound = Double(text), bound.isFinite, bound > bounds.last ?? -.infinity else {
                reader.error(
                    "buckets", "'\(text)' in 'buckets' is no number above the one before",
                    hint: "write rising numbers: 0.1, 1, 5, 10")
                break
            }
            bounds.append(bound)
        }
        return bounds
    }

    // MARK: - Labels

    private static func labels(_ reader: SectionReader, _ builder: PlanBuilder) -> [Label] {
        guard let section = reader.section(named: "labels") else { return [] }
        var labels: [Label] = []
        let inner = SectionReader(section, description: "<labels>", diagnostics: reader.diagnostics)
        for parameter in inner.allParameters() {
            let text = parameter.text ?? ""
            if !MonitorSection.isLabelName(parameter.key) || ["le", "quantile"].contains(parameter.key) {
                reader.diagnostics.error(
                    parameter.keyPlace, "'\(parameter.key)' is no name of a label",
                    hint: "letters, digits and '_', no digit first; 'le' and 'quantile' are Prometheus' own")
            }
            labels.removeAll { $0.name == parameter.key }
            if text.hasPrefix("$.") || text.hasPrefix("$[") {
                guard let place = AccessorText.read(Setting(text, parameter), reader) else { continue }
                labels.append((parameter.key, text, .place(place)))
            } else {
                labels.append((parameter.key, text, .template(template(text))))
            }
        }
        inner.finish()
        return labels
    }

    /// `${worker_id}` is that of the only worker.
    private static func template(_ text: String) -> TextTemplate {
        TextTemplate(
            text.split(separator: "${worker_id}", omittingEmptySubsequences: false).joined(separator: "0"),
            bareFields: true)
    }

    /// `initialized true` and `<initlabels>`: the series that are there from the start.
    private static func begun(_ reader: SectionReader, _ labels: [Label], _ builder: PlanBuilder) -> [[String]] {
        let isInitialized = reader.bool("initialized", default: false)
        let sections = reader.sections(named: "initlabels")
        guard isInitialized else { return [] }
        func fixed(_ label: Label) -> String? {
            switch label.written {
            case "${hostname}": builder.environment.hostname
            case "${worker_id}": "0"
            default: label.written.hasPrefix("$") ? nil : label.written
            }
        }
        let open = labels.filter { fixed($0) == nil }.map(\.name)
        if sections.isEmpty, let first = open.first {
            reader.error(
                "initialized", "nothing says with which '\(first)' the metric begins",
                hint: "add <initlabels> with a line '\(first) VALUE'")
            return []
        }
        let blocks = sections.map { section in
            let inner = SectionReader(section, description: "<initlabels>", diagnostics: reader.diagnostics)
            var values: [String: String] = [:]
            for parameter in inner.allParameters() {
                if !open.contains(parameter.key) {
                    reader.diagnostics.error(
                        parameter.keyPlace, "'\(parameter.key)' is no label that comes from a record or a tag",
                        hint: open.isEmpty ? "leave it out" : "there are \(open.joined(separator: ", "))")
                }
                values[parameter.key] = parameter.text ?? ""
            }
            inner.finish()
            for name in open where values[name] == nil {
                reader.diagnostics.error(
                    section.place, "<initlabels> says nothing of the label '\(name)'", hint: "add '\(name) VALUE'")
            }
            return values
        }
        return (sections.isEmpty ? [[:]] : blocks).map { values in
            labels.map { fixed($0) ?? values[$0.name] ?? "" }
        }
    }
}

/// The metrics that a configuration makes of events, by name: several sections may feed one, if they mean the same.
struct EventMetricNames {
    private var defined: [String: (definition: EventMetricDefinition, place: Place)] = [:]

    /// Which metric keeps a name that Prometheus will see.
    private var exposed: [String: String] = [:]

    mutating func define(_ definition: EventMetricDefinition, at place: Place, _ diagnostics: Diagnostics) {
        guard let first = defined[definition.name] else {
            guard !isTaken(definition, at: place, diagnostics) else { return }
            defined[definition.name] = (definition, place)
            for name in definition.exposedNames { exposed[name] = definition.name }
            return
        }
        let difference =
            if first.definition.kind != definition.kind {
                "type"
            } else if first.definition.help != definition.help {
                "desc"
            } else if first.definition.labelNames != definition.labelNames {
                "labels"
            } else if first.definition.buckets != definition.buckets {
                "buckets"
            } else {
                ""
            }
        if difference.isEmpty { return }
        diagnostics.error(
            place, "the metric '\(definition.name)' has another '\(difference)' than before",
            hint: "sections of one name must agree in type, desc, buckets and the names of labels",
            related: [.init(first.place, "the first one is here")])
    }

    /// Whether another metric has one of the names already: `took_count` beside a summary `took`.
    private func isTaken(
        _ definition: EventMetricDefinition, at place: Place, _ diagnostics: Diagnostics
    ) -> Bool {
        guard let name = definition.exposedNames.first(where: { exposed[$0] != nil }),
            let other = exposed[name].flatMap({ defined[$0] })
        else { return false }
        let isOfOther = name != other.definition.name
        let owner = isOfOther ? other.definition : definition
        diagnostics.error(
            place,
            "'\(name)' is a part of the \(owner.kind.rawValue) '\(owner.name)', and cannot be a metric of its own",
            hint: "give one of the two another name", related: [.init(other.place, "the other metric is here")])
        return true
    }
}
