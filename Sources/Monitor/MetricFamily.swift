internal import Events

/// One metric with its samples, as Prometheus and OpenMetrics have them.
struct MetricFamily {
    enum Kind: String {
        case counter, gauge, info, histogram, summary
        /// A counter of somebody else's, whose name stays as it is. OpenMetrics knows no such counter.
        case namedCounter
    }

    struct Sample {
        /// Behind the family's name: `_bucket`, `_sum`, `_count` of a histogram.
        var suffix = ""
        var labels: [(name: String, value: String)]
        var value: Double
    }

    /// Without `_total`: OpenMetrics names a counter's family so.
    var name: String
    var kind: Kind
    var help: String
    var samples: [Sample] = []

    mutating func add(_ histogram: Histogram, _ labels: [(name: String, value: String)] = []) {
        var sum = 0
        for (index, count) in histogram.counts.enumerated() {
            sum += count
            let bound = index < histogram.bounds.count ? MetricsText.number(histogram.bounds[index]) : "+Inf"
            samples.append(Sample(suffix: "_bucket", labels: labels + [("le", bound)], value: Double(sum)))
        }
        samples.append(Sample(suffix: "_sum", labels: labels, value: histogram.sum))
        samples.append(Sample(suffix: "_count", labels: labels, value: Double(sum)))
    }

    mutating func add(_ value: Double, _ labels: [(name: String, value: String)] = []) {
        samples.append(Sample(labels: labels, value: value))
    }
}

/// Metrics as text: Prometheus' exposition format 0.0.4 (prometheus.io/docs/instrumenting/exposition_formats) or
/// OpenMetrics 1.0 (openmetrics.io).
struct MetricsText {
    enum Format {
        case prometheus, openMetrics

        /// What a client asks for with its `Accept` header. Prometheus' own comes first only where OpenMetrics is not named.
        init(accept: String?) {
            self = accept?.contains("application/openmetrics-text") == true ? .openMetrics : .prometheus
        }

        var contentType: String {
            switch self {
            case .prometheus: "text/plain; version=0.0.4; charset=utf-8"
            case .openMetrics: "application/openmetrics-text; version=1.0.0; charset=utf-8"
            }
        }
    }

    static func write(_ families: [MetricFamily], as format: Format) -> String {
        var out = ""
        for family in families where !family.samples.isEmpty {
            let sampleName = sampleName(family)
            // Prometheus knows neither the kind nor the rule for names.
            let familyName = format == .openMetrics ? family.name : sampleName
            let kind =
                switch (family.kind, format) {
                case (.info, .prometheus): "gauge"
                case (.namedCounter, .prometheus): "counter"
                case (.namedCounter, .openMetrics): "unknown"
                default: family.kind.rawValue
                }
            out += "# HELP \(familyName) \(escaped(family.help, quotes: format == .openMetrics))\n"
            out += "# TYPE \(familyName) \(kind)\n"
            for sample in family.samples {
                out += sampleName + sample.suffix
                if !sample.labels.isEmpty {
                    let labels = sample.labels.map { "\($0.name)=\"\(escaped($0.value, quotes: true))\"" }
                    out += "{\(labels.joined(separator: ","))}"
                }
                out += " \(number(sample.value))\n"
            }
        }
        if format == .openMetrics { out += "# EOF\n" }
        return out
    }

    private static func sampleName(_ family: MetricFamily) -> String {
        switch family.kind {
        case .counter: family.name + "_total"
        case .info: family.name + "_info"
        case .gauge, .histogram, .summary, .namedCounter: family.name
        }
    }

    private static func escaped(_ text: String, quotes: Bool) -> String {
        var out = ""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\\": out += "\\\\"
            case "\n": out += "\\n"
            case "\"" where quotes: out += "\\\""
            default: out.unicodeScalars.append(scalar)
            }
        }
        return out
    }

    static func number(_ value: Double) -> String {
        if value.isNaN { return "NaN" }
        if value.isInfinite { return value > 0 ? "+Inf" : "-Inf" }
        return value == value.rounded() && abs(value) < 1e15 ? "\(Int(value))" : "\(value)"
    }
}
