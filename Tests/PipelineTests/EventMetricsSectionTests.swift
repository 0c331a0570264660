import ConfigFile
import Pipeline
import Testing

/// `@type prometheus`, `typecast`, `dedot` and `elasticsearch_timestamp_check`: what is said of a wrong line, and where.
@Suite struct EventMetricsSectionTests {
    private static func metric(_ lines: String) -> String {
        "@type prometheus\n<metric>\nname m\ntype counter\ndesc d\n\(lines)\n</metric>"
    }

    static let filters: [(String, [String])] = [
        (metric("key $.a.b\n<labels>\ntag ${tag}\nx $['y z']\n</labels>\nmax_series_per_metric 0"), []),
        ("@type prometheus", ["1:1 warning <filter **> of type prometheus has no <metric>, so it measures nothing"]),
        (
            "@type prometheus\n<metric>\ntype counter\ndesc d\n</metric>",
            ["3:1 error 'name' is required in <metric>"]
        ),
        (
            "@type prometheus\n<metric>\nname m\ntype gauge\ndesc d\n</metric>",
            ["3:1 error 'key' is required in <metric>"]
        ),
        (
            "@type prometheus\n<metric>\nname m\ntype meter\ndesc d\nkey k\n</metric>",
            ["5:6 error 'type' is 'meter', which is no kind of metric"]
        ),
        (
            "@type prometheus\n<metric>\nname my-m\ntype counter\ndesc d\n</metric>",
            ["4:6 error 'my-m' is no name of a metric"]
        ),
        (
            "@type prometheus\n<metric>\nname sluice_m\ntype counter\ndesc d\n</metric>",
            ["4:6 error 'sluice_m' begins as metrics of the daemon itself do: 'sluice_'"]
        ),
        // The metric of Fluentd's own guide, "Monitoring by Prometheus".
        (
            "@type prometheus\n<metric>\nname fluentd_output_status_num_records_total\ntype counter\ndesc d\n</metric>",
            []
        ),
        (
            "@type prometheus\n<metric>\nname fluentd_output_status_retry_count_total\ntype counter\ndesc d\n</metric>",
            ["4:6 error 'fluentd_output_status_retry_count_total' is a metric of the daemon itself"]
        ),
        (
            "@type prometheus\n<metric>\nname fluentd_output_status_emit\ntype summary\ndesc d\nkey k\n</metric>",
            ["4:6 error 'fluentd_output_status_emit_count' is a metric of the daemon itself"]
        ),
        (
            "@type prometheus\n<metric>\nname fluentd_prometheus_dropped_label_sets\ntype gauge\ndesc d\nkey k\n</metric>",
            ["4:6 error 'fluentd_prometheus_dropped_label_sets' is a metric of the daemon itself"]
        ),
        (
            "@type prometheus\n<metric>\nname m\ntype histogram\ndesc d\nkey k\nbuckets 1, 0.5\n</metric>",
            ["8:9 error '0.5' in 'buckets' is no number above the one before"]
        ),
        (metric("buckets 1,2"), ["7:9 warning 'buckets' has an effect only in a histogram"]),
        (metric("<labels>\n1a x\n</labels>"), ["8:1 error '1a' is no name of a label"]),
        (metric("<labels>\nle x\n</labels>"), ["8:1 error 'le' is no name of a label"]),
        (metric("<labels>\nx $.a[\n</labels>"), ["8:6 error '$.a[' is no place in a record: '[' is never closed"]),
        (
            metric("max_series_per_metric many"),
            [
                "7:23 error 'max_series_per_metric' is 'many', which is not a whole number (in <metric>)"
            ]
        ),
        (metric("keey k"), ["7:1 error unknown parameter 'keey' in <metric>"]),
        (
            metric("</metric>\n<metric>\nname m\ntype gauge\ndesc d\nkey k"),
            ["8:1 error the metric 'm' has another 'type' than before"]
        ),
        (
            metric("</metric>\n<metric>\nname m\ntype counter\ndesc d\n<labels>\na b\n</labels>"),
            ["8:1 error the metric 'm' has another 'labels' than before"]
        ),
        (metric("</metric>\n<metric>\nname m\ntype counter\ndesc d\nkey other"), []),
        (
            metric(
                "</metric>\n<metric>\nname x\ntype summary\ndesc d\nkey k\n</metric>\n<metric>\nname x_count\ntype gauge\n"
                    + "desc d\nkey k"),
            ["14:1 error 'x_count' is a part of the summary 'x', and cannot be a metric of its own"]
        ),
        (
            metric(
                "</metric>\n<metric>\nname m_bucket\ntype counter\ndesc d\n</metric>\n<metric>\nname x_sum\ntype counter\ndesc d\n"
                    + "</metric>\n<metric>\nname x\ntype histogram\ndesc d\nkey k"),
            ["18:1 error 'x_sum' is a part of the histogram 'x', and cannot be a metric of its own"]
        ),
        (metric("initialized true\n<labels>\na b\nh ${hostname}\n</labels>"), []),
        (
            metric("initialized true\n<labels>\na $.a\n</labels>"),
            ["7:13 error nothing says with which 'a' the metric begins"]
        ),
        (metric("initialized true\n<labels>\na $.a\n</labels>\n<initlabels>\na x\n</initlabels>"), []),
        (
            metric("initialized true\n<labels>\na $.a\n</labels>\n<initlabels>\nb x\n</initlabels>"),
            [
                "11:1 error <initlabels> says nothing of the label 'a'",
                "12:1 error 'b' is no label that comes from a record or a tag",
            ]
        ),
        ("@type typecast\ntypes a:integer,b:float", []),
        ("@type typecast", ["1:1 error 'types' is required in <filter **> of type typecast"]),
        ("@type typecast\ntypes a:number", ["3:7 error unknown type 'number'"]),
        ("@type dedot\nde_dot true\nde_dot_separator _\nde_dot_nested true", []), ("@type dedot", []),
        ("@type dedot\nde_dot_separator _._", ["3:18 error 'de_dot_separator' has a dot in it itself"]),
        (
            "@type dedot\nde_dot_separator 12345678901234567",
            ["3:18 error 'de_dot_separator' has more than 16 bytes"]
        ),
        (
            "@type dedot\nde_dot false\nde_dot_nested true",
            ["3:8 warning with 'de_dot false' this filter changes nothing"]
        ),
        ("@type elasticsearch_timestamp_check\nsubsecond_precision 6", []),
        (
            "@type elasticsearch_timestamp_check\nsubsecond_precision 12",
            [
                "3:21 error 'subsecond_precision' is '12', which is too large (in <filter **> of type elasticsearch_timestamp_check)"
            ]
        ),
    ]

    /// Without which there is more to say.
    private static let around = "<source>\n@type forward\n</source>\n<match **>\n@type null\n</match>\n"

    @Test("a line of a filter", arguments: filters.indices)
    func filter(_ index: Int) {
        Checked.expect("<filter **>\n\(Self.filters[index].0)\n</filter>\n" + Self.around, Self.filters[index].1)
    }

    @Test("as an output it takes its events, and as a store it counts beside the others")
    func outputs() throws {
        let metric = Self.metric("")
        let checked = Checked("<match a.**>\n\(metric)\n</match>\n<match **>\n@type stdout\n</match>")
        let text = try Run(checked.plan).output(
            of: #"{"tag":"a.b","record":{"n":1}}"# + "\n" + #"{"tag":"b.b","record":{"n":2}}"#)
        #expect(!text.contains("a.b") && text.contains("b.b"), "\(text)")
        Checked.expect(
            "<match **>\n@type copy\n<store>\n\(metric)\n</store>\n<store>\n@type stdout\n</store>\n</match>\n"
                + "<source>\n@type forward\n</source>\n", [])
    }
}
