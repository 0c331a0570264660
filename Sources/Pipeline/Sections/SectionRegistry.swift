internal import ConfigFile

/// Which section is read by whom: a stage is added by one line here and a file in one of the folders beside it.
enum SectionRegistry {
    typealias Read<Plan> = (SectionReader, PlanBuilder) -> Plan?

    static var sources: [(String, Read<SourcePlan>)] {
        [
            ("forward", ForwardSection.read),
            ("unix", ForwardSection.readUnix),
            ("http", HTTPSection.read),
            ("tail", TailSection.read),
            ("syslog", SyslogSection.read),
            ("tcp", SocketSection.readTCP),
            ("udp", SocketSection.readUDP),
            ("gelf", GELFSourceSection.read),
            ("systemd", SystemdSection.read),
            ("kafka_group", KafkaSection.readGroup),
            ("kafka", KafkaSection.readSingle),
            ("sample", SampleSection.read),
            ("dummy", SampleSection.read),
            ("monitor_agent", MonitorSection.readAgent),
            ("prometheus", MonitorSection.readPrometheus),
            ("prometheus_monitor", MonitorSection.readMonitor),
            ("prometheus_output_monitor", MonitorSection.readOutputMonitor),
        ]
    }

    static var filters: [(String, Read<FilterPlan>)] {
        [
            ("parser", ParserFilterSection.read),
            ("grep", GrepSection.read),
            ("record_transformer", RecordTransformerSection.read),
            ("record_modifier", RecordModifierSection.read),
            ("concat", ConcatSection.read),
            ("kubernetes_metadata", KubernetesMetadataSection.read),
            ("elasticsearch_genid", GenerateIDSection.read),
            ("opensearch_genid", GenerateIDSection.read),
            ("elasticsearch_timestamp_check", TimestampCheckSection.read),
            ("typecast", TypecastSection.read),
            ("dedot", DedotSection.read),
            ("geoip", GeoIPSection.readFilter),
            ("prometheus", EventMetricsSection.readFilter),
            ("stdout", StdoutSection.readFilter),
        ]
    }

    static var outputs: [(String, Read<OutputPlan>)] {
        [
            ("elasticsearch", ElasticsearchSection.read(.elasticsearch)),
            ("elasticsearch_data_stream", ElasticsearchSection.read(.elasticsearchDataStream)),
            ("elasticsearch_dynamic", ElasticsearchSection.read(.elasticsearchDynamic)),
            ("aws-elasticsearch-service", ElasticsearchSection.read(.awsElasticsearchService)),
            ("opensearch", ElasticsearchSection.read(.openSearch)),
            ("opensearch_data_stream", ElasticsearchSection.read(.openSearchDataStream)),
            ("stdout", StdoutSection.read),
            ("file", FileOutputSection.read),
            ("forward", ForwardOutputSection.read),
            ("kafka2", KafkaOutputSection.readKafka2),
            ("rdkafka2", KafkaOutputSection.readRdkafka2),
            ("kafka_buffered", KafkaOutputSection.readBuffered),
            ("kafka", KafkaOutputSection.readKafka),
            ("rdkafka", KafkaOutputSection.readRdkafka),
            ("http", HTTPOutputSection.read),
            ("gelf", GELFSection.read),
            ("loki", LokiSection.read),
            ("splunk_hec", SplunkSection.read),
            ("s3", S3Section.read),
            ("cloudwatch_logs", CloudWatchSection.read),
            ("influxdb2", InfluxSection.readVersion2),
            ("influxdb", InfluxSection.readVersion1),
            ("copy", CopySection.read),
            ("roundrobin", RoundRobinSection.read),
            ("relabel", RelabelSection.read),
            ("rewrite_tag_filter", RewriteTagFilterSection.read),
            ("record_reformer", RecordReformerSection.read),
            ("parser", ParserOutputSection.read),
            ("geoip", GeoIPSection.readOutput),
            ("detect_exceptions", DetectExceptionsSection.read),
            ("prometheus", EventMetricsSection.readOutput),
            ("null", NullSection.read),
        ]
    }
}
