import ConfigFile
import Pipeline
import Testing

/// Outputs to services: one wrong line in each, what is said and where; and what is taken.
@Suite("<match> of outputs to services")
struct HTTPOutputSectionTests {
    /// The type, and what stands between its line (2) and `</match>`. A message may be shortened.
    static let matches: [(String, String, [String])] = [
        ("http", "endpoint http://h/x", []),
        ("http", "", ["1:1 error 'endpoint' is required in <match **> of type http"]),
        ("http", "endpoint h/x", ["3:10 error 'endpoint' is 'h/x', which is no URL"]),
        ("http", "endpoint http://h/x y", ["3:10 error 'endpoint' holds a blank"]),
        ("http", "endpoint http://h/${tag}", ["3:19 error '${tag}' in 'endpoint' needs the chunk key 'tag'"]),
        (
            "http", "endpoint http://h/${tag}/${usr}\n<buffer tag, user>\n</buffer>",
            ["3:26 error '${usr}' in 'endpoint' is"]
        ),
        (
            "http",
            "endpoint http://h\nhttp_method put\nproxy http://p:1\ncontent_type text/x\njson_array true\n"
                + "headers {\"a\":\"b\"}\nopen_timeout 1\nread_timeout 2\ntls_verify_mode none\n"
                + "error_response_as_unrecoverable false\nretryable_response_codes 500, 503\ncompress gzip\n"
                + "<auth>\nmethod basic\nusername u\npassword p\n</auth>", []
        ),
        (
            "http", "endpoint http://h\njson_array true\n<format>\n@type csv\nfields a\n</format>",
            ["4:12 error 'json_array' needs"]
        ),
        ("http", "endpoint http://h\nretryable_response_codes 5000", ["4:26 error '5000' is no status of HTTP"]),
        (
            "http", "endpoint http://h\n<auth>\nmethod aws_sigv4\nusername u\n</auth>",
            ["5:8 error 'method' is 'aws_sigv4'"]
        ),
        (
            "http", "endpoint http://h\nheaders_from_placeholders {\"x\":\"${tag}\"}",
            ["4:27 error '${tag}' in 'headers_from_placeholders'"]
        ),
        (
            "http", "endpoint http://h\nretry_wait 1s",
            ["4:1 warning 'retry_wait' in <match **> of type http has no effect"]
        ),
        ("loki", "url http://l:3100\nextra_labels {\"job\":\"a\"}", []),
        ("loki", "url http://l:3100", ["1:1 warning <match **> of type loki has no labels"]),
        (
            "loki",
            "url http://l:3100\nusername u\npassword p\ntenant ${tag}\nremove_keys a,b\nline_format json\n"
                + "drop_single_key true\nextract_kubernetes_labels true\ninclude_thread_label true\n"
                + "<label>\napp\npod $.k.pod\n</label>\n<buffer tag>\nflush_interval 5s\n</buffer>", []
        ),
        (
            "loki", "url http://l:3100\n<label>\napp.io/x\n</label>",
            ["5:1 note the label 'app.io/x' is named 'app_io_x'"]
        ),
        ("loki", "url http://l:3100\n<label>\napp $.a.\n</label>", ["5:5 error '$.a.' is no place in a record"]),
        (
            "loki", "endpoint_url http://l:3100\nlabels {\"env\":\"prod\",\"app.io\":\"a\"}",
            ["4:1 note the label 'app.io'"]
        ),
        (
            "http", "endpoint http://h/${tag\n<buffer tag>\n</buffer>",
            ["3:19 warning '${' in 'endpoint' has no '}'"]
        ),
        ("loki", "url http://l:3100\nline_format xml\nextra_labels a:b", ["4:13 error 'line_format' is 'xml'"]),
        ("splunk_hec", "hec_host s\nhec_token t", []),
        ("splunk_hec", "hec_host s", ["1:1 error 'hec_token' is required"]),
        (
            "splunk_hec", "hec_host s\nhec_token t\nindex a\nindex_key b",
            ["5:7 error 'index' and 'index_key' cannot both"]
        ),
        (
            "splunk_hec", "hec_host s\nhec_token t\ndata_type metric\nmetrics_from_event false",
            ["1:1 error a metric needs"]
        ),
        (
            "splunk_hec",
            "hec_host s\nhec_token t\n<fields>\na\nb $.c\n</fields>\n<format>\n@type json\n</format>\n"
                + "insecure_ssl true\nsource ${tag}\nsourcetype _json\nkeep_keys true\ngzip_compression true", []
        ),
        (
            "splunk_hec", "hec_host s\nhec_token t\n<format a.**>\n@type json\n</format>",
            ["5:1 error <format> for some tags"]
        ),
        ("splunk_hec", "host s\nport 8089\ntoken t\nuse_ssl true\nssl_verify false\nevent_host h\nsourcetype j", []),
        ("splunk_hec", "host s\ntoken t t", ["4:7 error 'token' holds a blank"]),
        ("s3", "s3_bucket b\n<buffer []>\n</buffer>", []),
        ("s3", "s3_bucket b", ["1:1 warning <match **> of type s3 keeps up to 24 hours"]),
        ("s3", "<buffer []>\n</buffer>", ["1:1 error 's3_bucket' is required"]),
        (
            "s3",
            "s3_bucket b\ns3_region eu-west-1\naws_key_id a\naws_sec_key s\npath l/${tag}/%Y\nstore_as json\n"
                + "s3_object_key_format %{path}%{time_slice}_%{index}_%{hostname}.%{file_extension}\nacl private\n"
                + "storage_class STANDARD_IA\nuse_server_side_encryption AES256\nindex_format %04d\n"
                + "<buffer tag, time>\n@type file\npath /d/b\ntimekey 1h\n</buffer>", []
        ),
        ("s3", "s3_bucket b\naws_key_id a\n<buffer []>\n</buffer>", ["4:1 error 'aws_key_id' is given without"]),
        (
            "s3", "s3_bucket b\ns3_object_key_format %{pth}%{index}\n<buffer []>\n</buffer>",
            ["4:22 error '%{pth}' stands for nothing"]
        ),
        (
            "s3", "s3_bucket b\ns3_object_key_format x\n<buffer []>\n</buffer>",
            ["4:22 warning two chunks may get one name"]
        ),
        ("s3", "s3_bucket b\nstore_as lzo\n<buffer []>\n</buffer>", ["4:10 error 'store_as' is 'lzo'"]),
        (
            "s3",
            "s3_bucket b\n<assume_role_credentials>\nrole_arn a\nrole_session_name s\nexternal_id e\n"
                + "</assume_role_credentials>\n<buffer []>\n</buffer>", []
        ),
        (
            "s3", "s3_bucket b\nsse_customer_key k\n<buffer []>\n</buffer>",
            ["4:1 error 'sse_customer_key' is not supported"]
        ),
        ("cloudwatch_logs", "region us-east-1\nlog_group_name g\nlog_stream_name s", []),
        (
            "cloudwatch_logs", "log_group_name g\nlog_stream_name s",
            ["1:1 error <match **> of type cloudwatch_logs has no region"]
        ),
        (
            "cloudwatch_logs", "region \"#{ENV['R']}\"\nlog_group_name g\nlog_stream_name s",
            ["3:8 error 'region' is '', which is no region", "3:11 warning the environment variable R is not set"]
        ),
        (
            "cloudwatch_logs", "region a.b\nlog_group_name g\nlog_stream_name s",
            ["3:8 error 'region' is 'a.b', which is no region"]
        ),
        (
            "cloudwatch_logs", "region r\nlog_stream_name s",
            ["1:1 error <match **> of type cloudwatch_logs needs one of"]
        ),
        ("cloudwatch_logs", "region r\nlog_group_name g\nuse_tag_as_group true\nlog_stream_name s", ["4:1 error"]),
        (
            "cloudwatch_logs",
            "region r\nuse_tag_as_group true\nlog_stream_name_key $.k.s\nremove_log_stream_name_key true\n"
                + "auto_create_stream true\nmessage_keys a,b\nmax_message_length 100\nretention_in_days 7\n"
                + "max_events_per_batch 100\ninclude_time_key true\nlocaltime true\nconcurrency 2",
            ["14:1 note 'concurrency'"]
        ),
        ("influxdb2", "url http://d:8086\ntoken t\nbucket b\norg o", []),
        ("influxdb2", "url http://d:8086\ntoken t\nbucket b", ["1:1 error 'org' is required"]),
        (
            "influxdb2", "url http://d:8086\ntoken t\nbucket b\norg o\nuse_ssl true",
            ["7:9 warning 'use_ssl' has no effect"]
        ),
        (
            "influxdb2", "url http://d:8086\ntoken t\nbucket b\norg o\ntime_precision h",
            ["7:16 error 'time_precision' is 'h'"]
        ),
        ("influxdb", "", []),
        (
            "influxdb",
            "host d\nport 8087\ndbname b\nuser u\npassword p\nuse_ssl true\nverify_ssl false\ntime_precision ms\n"
                + "auto_tags true\ntag_keys [\"a\"]\nsequence_tag s\nmeasurement m\ncast_number_to_float true\n"
                + "default_retention_policy r\ntime_key t", []
        ),
        ("influxdb", "host a,b", ["3:6 error 'host' names 2 servers"]),
        ("influxdb", "host http://d", ["3:6 error 'host' is 'http://d'"]),
        ("influxdb", "retention_policy_key k", ["3:22 error 'retention_policy_key' is not supported yet"]),
        ("gelf", "host g", []), ("gelf", "port 12201", ["1:1 error 'host' is required in <match **> of type gelf"]),
        ("gelf", "host udp://g", ["3:6 error 'host' is 'udp://g', which is not a name or an address alone"]),
        (
            "gelf",
            "host ::1\nport 12202\nprotocol tcp\ntls true\ntls_options {\"no_verify\":false}\nuse_record_host true\n"
                + "add_msec_time true\nudp_transport_type LAN\n<buffer>\nflush_interval 1s\n</buffer>", []
        ),
        ("gelf", "host g\nprotocol sctp", ["4:10 error 'protocol' is 'sctp'"]),
        ("gelf", "host g\ntls true", ["4:5 error there is no TLS over UDP"]),
        (
            "gelf", "host g\nprotocol tcp\ntls_options {\"ca\":\"/a\"}",
            ["5:1 error 'tls_options' is given, and <match **> of type gelf sends plain text"]
        ),
        (
            "gelf", "host g\nprotocol tcp\ntls true\ntls_options {\"no_verify\":true,\"caa\":\"/a\"}",
            ["6:13 warning no certificate is looked at", "6:13 warning 'caa' is no option of TLS here"]
        ),
        ("gelf", "host g\nmax_bytes 3200", ["4:1 note 'max_bytes' in <match **> of type gelf has no effect"]),
    ]

    @Test("sections", arguments: matches)
    func sections(_ type: String, _ body: String, _ expected: [String]) {
        let lines = body.isEmpty ? "" : body + "\n"
        Checked.expect("<match **>\n@type \(type)\n\(lines)</match>\n<source>\n@type forward\n</source>\n", expected)
    }

    @Test(
        "the plan says where events go",
        arguments: [
            ("http", "endpoint http://h/x/", "http://h/x, json"),
            ("loki", "url http://l:1/\nextra_labels a:b", "http://l:1, labels a"),
            ("splunk_hec", "hec_host s\nhec_token t", "https://s:8088"),
            ("s3", "s3_bucket b1\n<buffer []>\n</buffer>", "https://b1.s3.us-east-1.amazonaws.com, gzip, out_file"),
            (
                "s3", "s3_bucket b1\ns3_endpoint http://127.0.0.1:9000\n<buffer []>\n</buffer>",
                "http://127.0.0.1:9000/b1, gzip, out_file"
            ),
            (
                "s3",
                "s3_bucket b1\ns3_endpoint http://minio:9000/\nforce_path_style true\nstore_as text\n<buffer []>\n</buffer>",
                "http://minio:9000/b1, text, out_file"
            ),
            (
                "s3", "s3_bucket b1\ns3_endpoint http://store.example:9000\n<buffer []>\n</buffer>",
                "http://b1.store.example:9000, gzip, out_file"
            ),
            (
                "cloudwatch_logs", "region eu-west-1\nlog_group_name g\nlog_stream_name s",
                "https://logs.eu-west-1.amazonaws.com"
            ),
        ])
    func summaries(_ type: String, _ body: String, _ summary: String) {
        let plan = Checked("<match **>\n@type \(type)\n\(body)\n</match>\n").plan
        guard case .match(_, let output)? = plan.labels.first?.rules.first else {
            Issue.record("no output")
            return
        }
        #expect(output.summary == summary)
    }
}
