internal import Buffering
internal import ConfigFile
internal import Events
internal import Kafka
internal import Outputs
internal import Time

/// `<match> @type kafka2`, `rdkafka2`, `kafka` and `kafka_buffered`: the parameters of fluent-plugin-kafka's outputs.
enum KafkaOutputSection {
    /// Which of the plugins it is: they differ in a few defaults.
    private enum Plugin: String {
        case kafka2, rdkafka2, rdkafka, kafka
        case buffered = "kafka_buffered"

        /// Of v0.12: the format is `output_data_type`.
        var isOld: Bool { self == .kafka || self == .buffered || self == .rdkafka }
        var isLibrdKafka: Bool { self == .rdkafka2 || self == .rdkafka }
        var clientID: String? { self == .kafka2 ? "fluentd" : isLibrdKafka ? nil : "kafka" }
    }

    static func readKafka2(_ reader: SectionReader, _ builder: PlanBuilder) -> OutputPlan? {
        read(reader, builder, .kafka2)
    }
    static func readRdkafka2(_ reader: SectionReader, _ builder: PlanBuilder) -> OutputPlan? {
        read(reader, builder, .rdkafka2)
    }
    static func readRdkafka(_ reader: SectionReader, _ builder: PlanBuilder) -> OutputPlan? {
        read(reader, builder, .rdkafka)
    }
    static func readKafka(_ reader: SectionReader, _ builder: PlanBuilder) -> OutputPlan? {
        read(reader, builder, .kafka)
    }
    static func readBuffered(_ reader: SectionReader, _ builder: PlanBuilder) -> OutputPlan? {
        read(reader, builder, .buffered)
    }

    private static func read(_ reader: SectionReader, _ builder: PlanBuilder, _ plugin: Plugin) -> OutputPlan? {
        let errorsBefore = reader.diagnostics.errorCount
        let client = KafkaClientSection.read(
            reader, builder, defaultClientID: plugin.clientID, demandsTLS: !plugin.isLibrdKafka)
        var (format, injection) = readFormat(reader, builder, plugin)
        let secondary = SecondarySection.read(reader, builder)
        let buffering = readBuffer(reader, builder)
        var settings = KafkaOutputSettings(brokers: client.brokers, topic: readTopic(reader, buffering, plugin))
        settings.properties = client.properties
        let isIdempotent = readSending(reader, &settings)
        readFields(reader, &settings)
        readHeaders(reader, &settings)
        if settings.recordKey != nil, format.kind != .json {
            reader.error(
                "record_key", "'record_key' goes with the format json", hint: "write <format> with '@type json'")
        }
        if settings.recordKey != nil { format.addsNewline = false }
        readIgnored(reader)
        guard reader.diagnostics.errorCount == errorsBefore else { return nil }
        let (fixed, line, injected) = (settings, format, injection)
        injection = nil
        var notes = client.notes
        if !isIdempotent { notes.append("not idempotent") }
        return OutputPlan(
            type: plugin.rawValue,
            summary: ([client.brokers, "topic \(topicSummary(reader, fixed.topic))"] + notes).joined(separator: ", "),
            secondary: secondary?.type, secondaryLabel: secondary?.label, isDurable: buffering.settings.waitsForDisk,
            buffer: buffering.place, preview: { ItemPreview(kafka: fixed, line, injected) },
            makeOutput: { context in
                try KafkaOutput(fixed, line, injected, buffering, secondary: secondary, context: context)
            })
    }

    private static func topicSummary(_ reader: SectionReader, _ rule: KafkaTopicRule) -> String {
        if let topic = reader.section.parameter("topic")?.text, rule.template != nil { return topic }
        let fallback = rule.fallback.map { String(decoding: $0, as: UTF8.self) } ?? "the tag"
        guard let key = rule.key else { return fallback }
        return "of field \(String(decoding: key, as: UTF8.self)), else \(fallback)"
    }

    // MARK: - Topic

    private static func readTopic(
        _ reader: SectionReader, _ buffering: BufferSection.Read, _ plugin: Plugin
    ) -> KafkaTopicRule {
        let topic = reader.string("topic").flatMap { $0.value.isEmpty ? nil : $0 }
        let key = reader.string("topic_key", default: "topic")
        let fallback = reader.string("default_topic").flatMap { $0.value.isEmpty ? nil : $0 }
        if let fallback { checkName(fallback, "default_topic", reader) }
        var rule = KafkaTopicRule(fallback: fallback?.value)
        // Fluentd's plugins look at the field where it is a chunk key, which it is unless the section names others.
        let names = buffering.settings.keys.fieldNames
        if plugin.isOld || names.contains(key) { rule.key = Array(key.utf8) }
        guard let topic else { return rule }
        let hasSlices = buffering.settings.keys.timekeySeconds != nil
        do throws(SettingError) {
            rule.template = try TopicTemplate(topic.value, zone: hasSlices ? buffering.zone : nil)
        } catch {
            reader.error("topic", error.message, hint: error.hint)
        }
        if !topic.value.contains("${"), !hasSlices { checkName(topic, "topic", reader) }
        return rule
    }

    private static func checkName(_ topic: Setting<String>, _ key: String, _ reader: SectionReader) {
        if topic.value.contains("${") {
            reader.error(key, "'\(key)' is a name: nothing is filled in", hint: "write 'topic \(topic.value)'")
        } else if let problem = KafkaTopic.problem(Array(topic.value.utf8)) {
            reader.error(key, problem)
        }
    }

    // MARK: - Format, buffer

    private static func readFormat(
        _ reader: SectionReader, _ builder: PlanBuilder, _ plugin: Plugin
    ) -> (RecordFormat, Injection?) {
        let old = reader.string("output_data_type")
        let includesTag = reader.bool("output_include_tag", default: false)
        let includesTime = reader.bool("output_include_time", default: false)
        let separator = reader.string("field_separator")?.value.uppercased() ?? "TAB"
        var format: RecordFormat
        if let old, reader.section.sections(named: "format").isEmpty {
            format = oldFormat(old, separator, reader)
        } else {
            format = FormatSection.read(reader, default: .json, addsNewline: false)
            if let old {
                reader.warning(
                    "output_data_type", "'output_data_type' has no effect beside <format>",
                    hint: "remove '\(old.parameter.key)'")
            }
        }
        var injection = InjectSection.read(reader, builder)
        if includesTag || includesTime {
            var made = injection ?? Injection()
            if includesTag { made.tagKey = Array("tag".utf8) }
            if includesTime {
                made.timeKey = Array("time".utf8)
                made.time = .integer(.seconds)
            }
            injection = made
        }
        return (format, injection)
    }

    private static func oldFormat(
        _ setting: Setting<String>, _ separator: String, _ reader: SectionReader
    ) -> RecordFormat {
        if setting.value.hasPrefix("attr:") {
            var format = RecordFormat(.tsv)
            format.fields = setting.value.dropFirst(5).split(separator: ",").map { name in
                RecordAccessor(key: String(name.drop { $0 == " " }))
            }
            format.delimiter =
                separator.contains("SPACE")
                ? [0x20] : separator.contains("COMMA") ? [0x2C] : separator.contains("SOH") ? [1] : [0x09]
            format.addsNewline = false
            if format.fields.isEmpty {
                reader.error("output_data_type", "'attr:' names no field", hint: "write attr:time,message")
            }
            return format
        }
        guard let kind = RecordFormat.Kind(rawValue: setting.value), ![.csv, .tsv].contains(kind) else {
            reader.error(
                "output_data_type", "'\(setting.value)' is no format",
                hint: "json, ltsv, msgpack and attr:FIELD,FIELD are; others go into <format>")
            return RecordFormat(.json)
        }
        var format = RecordFormat(kind)
        format.addsNewline = false
        return format
    }

    private static func readBuffer(_ reader: SectionReader, _ builder: PlanBuilder) -> BufferSection.Read {
        var defaults = BufferSection.Defaults()
        defaults.chunkKeys = ["topic"]
        let section =
            reader.bufferSection(chunkKeys: "topic")
            ?? Section(
                name: "buffer", argument: Argument(text: "topic", place: reader.section.place),
                place: reader.section.place)
        var buffering = BufferSection.read(section, reader.diagnostics, builder, defaults)
        reader.ignore(BufferSection.keysInside.filter { $0 != "compress" }, reason: "it belongs into <buffer>")
        if let threshold = reader.time("slow_flush_log_threshold", range: 0...1e9) {
            buffering.settings.slowFlushLogThresholdSeconds = threshold.value
        }
        return buffering
    }

    // MARK: - Sending

    /// Answers whether messages are stored once.
    private static func readSending(_ reader: SectionReader, _ settings: inout KafkaOutputSettings) -> Bool {
        var isIdempotent = reader.bool("idempotent", default: true)
        let acks = reader.int("required_acks", range: -1...1000)
        func add(_ name: String, _ value: String) { settings.properties.append(KafkaProperty(name, value)) }
        if let acks, acks.value != -1 {
            if reader.section.parameter("idempotent") != nil, isIdempotent {
                reader.error(
                    "required_acks", "'idempotent true' needs the acks of all replicas",
                    hint: "write 'required_acks -1', or 'idempotent false'")
            }
            isIdempotent = false
            reader.warning(
                "required_acks",
                acks.value == 0
                    ? "without acks nobody knows what arrives: messages are lost when a broker ends"
                    : "an ack of \(acks.value) of the replicas: messages may be lost, or stored twice, when a broker ends",
                hint: "leave it out: -1, the acks of all replicas")
            add("request.required.acks", "\(acks.value)")
        } else {
            add("request.required.acks", "-1")
        }
        add("enable.idempotence", "\(isIdempotent)")
        if let timeout = reader.time("ack_timeout", range: 0.001...900) {
            add("request.timeout.ms", "\(max(Int(timeout.value * 1000), 1))")
        }
        if let codec = reader.enumeration(
            "compression_codec",
            ["none": "none", "gzip": "gzip", "snappy": "snappy", "lz4": "lz4", "zstd": "zstd"])
        {
            add("compression.codec", codec.value)
        }
        settings.hash =
            reader.enumeration("partitioner_hash_function", ["crc32": KafkaPartitionHash.crc32, "murmur2": .murmur2])?
            .value ?? .crc32
        settings.usesEventTime = reader.bool("use_event_time", default: false)
        settings.messageBytes = reader.size("max_send_limit_bytes", range: 1...(1 << 30))?.value
        settings.refusesFailed = reader.bool("discard_kafka_delivery_failed", default: false)
        if reader.has("discard_kafka_delivery_failed_regex") {
            reader.error(
                "discard_kafka_delivery_failed_regex", "what fails is not told by its words",
                hint: "remove it: what a topic refuses for good goes to @ERROR or the dead letters by itself")
        }
        if reader.bool("use_default_for_unknown_topic", default: false) {
            if let name = reader.section.parameter("default_topic")?.text, !name.isEmpty {
                settings.topicForUnknown = name
            } else {
                reader.error(
                    "use_default_for_unknown_topic", "'use_default_for_unknown_topic' needs 'default_topic'",
                    hint: "add 'default_topic NAME'")
            }
        }
        if reader.bool("use_default_for_unknown_partition_error", default: false) {
            reader.warning(
                "use_default_for_unknown_partition_error",
                "an event that names a partition which its topic does not have is refused",
                hint: "remove the field, or let it name one that there is")
        }
        readProperties(reader, &settings)
        let chosen = settings.properties.last { ["enable.idempotence"].contains($0.name) }
        return chosen?.value == "true"
    }

    private static func readProperties(_ reader: SectionReader, _ settings: inout KafkaOutputSettings) {
        for (key, property, range) in [
            ("rdkafka_buffering_max_ms", "queue.buffering.max.ms", 0...900_000),
            ("rdkafka_buffering_max_messages", "queue.buffering.max.messages", 1...10_000_000),
            ("rdkafka_message_max_bytes", "message.max.bytes", 1000...1_000_000_000),
            ("rdkafka_message_max_num", "batch.num.messages", 1...1_000_000),
        ] {
            if let number = reader.int(key, range: range) {
                settings.properties.append(KafkaProperty(property, "\(number.value)"))
            }
        }
        settings.properties += KafkaClientSection.properties("rdkafka_options", reader)
    }

    // MARK: - Fields

    private static func readFields(_ reader: SectionReader, _ settings: inout KafkaOutputSettings) {
        settings.messageKey = KafkaFieldRule(
            reader.string("message_key_key", default: "message_key"),
            default: reader.string("default_message_key")?.value)
        settings.partitionKey = KafkaFieldRule(
            reader.string("partition_key_key", default: "partition_key"),
            default: reader.string("default_partition_key")?.value)
        settings.partition = KafkaFieldRule(
            reader.string("partition_key", default: "partition"),
            default: reader.int("default_partition", range: 0...Int(Int32.max)).map { "\($0.value)" })
        var excluded: [[UInt8]] = []
        for (key, field) in [
            ("exclude_topic_key", Array(reader.string("topic_key", default: "topic").utf8)),
            ("exclude_message_key", settings.messageKey.key), ("exclude_partition_key", settings.partitionKey.key),
            ("exclude_partition", settings.partition.key),
        ] where reader.bool(key, default: false) { excluded.append(field) }
        for text in reader.array("exclude_fields")?.value ?? [] {
            guard let accessor = accessor(text, "exclude_fields", reader) else { continue }
            if let key = accessor.topLevelKey {
                excluded.append(key)
            } else {
                reader.error(
                    "exclude_fields", "'\(text)' lies inside of a field, and whole fields can be left out",
                    hint: "a filter of type record_transformer with 'remove_keys \(text)' takes it out")
            }
        }
        settings.excludedKeys = excluded
        if let place = reader.string("record_key"), !place.value.isEmpty {
            settings.recordKey = accessor(place.value, "record_key", reader)
        }
    }

    private static func readHeaders(_ reader: SectionReader, _ settings: inout KafkaOutputSettings) {
        for (name, value) in reader.hash("headers")?.value ?? [] {
            settings.headers.append(KafkaHeader(name: Array(name.utf8), value: Array(value.utf8)))
        }
        for (name, value) in reader.hash("headers_from_record")?.value ?? [] {
            if let accessor = accessor(value, "headers_from_record", reader) {
                settings.recordHeaders.append((Array(name.utf8), accessor))
            }
        }
    }

    private static func accessor(_ text: String, _ key: String, _ reader: SectionReader) -> RecordAccessor? {
        do throws(RecordAccessor.SyntaxError) {
            return try RecordAccessor(text)
        } catch {
            reader.error(
                key, "'\(text)' in '\(key)' is no place in a record: \(error.message)",
                hint: "write key, $.outer.inner or $['a key']['inner']")
            return nil
        }
    }

    private static func readIgnored(_ reader: SectionReader) {
        reader.ignore(
            ["max_send_retries"],
            reason: "a message is sent again under its number until message.timeout.ms (rdkafka_options) is over",
            severity: .note)
        reader.ignore(
            [
                "share_producer", "rdkafka_delivery_handle_poll_timeout", "max_enqueue_retries",
                "enqueue_retry_backoff", "kafka_agg_max_bytes", "kafka_agg_max_messages", "max_buffer_size",
                "max_buffer_bytesize", "max_queue_size", "kafka_producer_thread", "monitoring_list",
                "delivery_threshold",
                "delivery_interval",
            ], reason: "one producer serves the output, and each message has its own report", severity: .note)
        reader.ignore(
            ["max_enqueue_bytes_per_second"], reason: "the producer's queue has a limit of its own")
        reader.ignore(
            ["ignore_exceptions", "exception_backup"],
            reason: "what a topic refuses for good goes to @ERROR or the dead letters, and the rest is tried again")
    }
}
