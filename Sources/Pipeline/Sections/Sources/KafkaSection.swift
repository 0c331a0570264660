internal import ConfigFile
internal import Events
internal import Inputs
internal import Kafka
internal import Parsing
internal import Time

/// `<source> @type kafka_group` and `kafka` (fluent-plugin-kafka's `in_kafka_group.rb` and `in_kafka.rb`).
enum KafkaSection {
    static func readGroup(_ reader: SectionReader, _ builder: PlanBuilder) -> SourcePlan? {
        let errorsBefore = reader.diagnostics.errorCount
        let client = KafkaClientSection.read(reader, builder, defaultClientID: "kafka")
        let group = reader.string("consumer_group", required: true)
        let topics = readTopics(reader, required: true, takesPatterns: true)
        if topics.isEmpty { _ = reader.string("topics", required: true) }
        var settings = KafkaInputSettings(brokers: client.brokers, subscription: .group(topics: topics))
        settings.properties = client.properties
        func add(_ name: String, _ value: String) { settings.properties.append(KafkaProperty(name, value)) }
        if let group { add("group.id", group.value) }
        let fromStart = reader.bool("start_from_beginning", default: true)
        add("auto.offset.reset", fromStart ? "earliest" : "latest")
        add(
            "auto.commit.interval.ms",
            "\(Int(reader.time("offset_commit_interval", default: 10, range: 0.1...86_400) * 1000))")
        if let timeout = reader.time("session_timeout", range: 6...3600) {
            add("session.timeout.ms", "\(Int(timeout.value * 1000))")
        }
        if let interval = reader.time("refresh_topic_interval", range: 1...3600) {
            add("topic.metadata.refresh.interval.ms", "\(Int(interval.value * 1000))")
        }
        reader.ignore(
            ["offset_commit_threshold", "fetcher_max_queue_size"],
            reason: "what is safe is committed after offset_commit_interval, and what is fetched ahead has a limit",
            severity: .note)
        reader.ignore(
            ["retry_emit_limit"], reason: "messages wait for as long as the buffers are full", severity: .note)
        reader.ignore(
            ["retry_wait_seconds", "disable_retry_limit", "retry_limit"],
            reason: "brokers are tried again until they answer", severity: .note)
        readCommon(reader, &settings)
        guard reader.diagnostics.errorCount == errorsBefore, let group else { return nil }
        return plan(
            "kafka_group", settings,
            ([client.brokers, "group \(group.value)", topics.joined(separator: ",")] + client.notes))
    }

    static func readSingle(_ reader: SectionReader, _ builder: PlanBuilder) -> SourcePlan? {
        let errorsBefore = reader.diagnostics.errorCount
        var client = KafkaClientSection.read(reader, builder, defaultClientID: "kafka")
        let host = reader.string("host")?.value
        let port = reader.int("port", range: 1...65535)?.value
        if host != nil || port != nil {
            client.brokers = "\(host ?? "localhost"):\(port ?? 9092)"
            client.properties.append(KafkaProperty("bootstrap.servers", client.brokers))
        }
        let places = readPlaces(reader)
        var settings = KafkaInputSettings(brokers: client.brokers, subscription: .places(places))
        settings.properties = client.properties
        // Only places are read: librdkafka wants a name all the same.
        settings.properties.append(KafkaProperty("group.id", "sluice"))
        settings.properties.append(KafkaProperty("enable.auto.commit", "false"))
        settings.properties.append(KafkaProperty("auto.offset.reset", "latest"))
        settings.addsOffset = reader.bool("add_offset_in_record", default: false)
        if reader.enumeration("tag_source", ["topic": false, "record": true], default: false) {
            reader.error(
                "tag_source", "the tag of an event is its topic's",
                hint: "a <match> of type rewrite_tag_filter gives it that of a field")
        }
        reader.accept(["record_tag_key"])
        reader.ignore(["interval"], reason: "messages are read as they come", severity: .note)
        readCommon(reader, &settings)
        guard reader.diagnostics.errorCount == errorsBefore else { return nil }
        reader.diagnostics.warning(
            reader.section.place,
            "no position is kept: what is written to the topics while sluice does not run is not read",
            hint: "'@type kafka_group' with 'consumer_group NAME' goes on where it was")
        let names = places.map { "\($0.topic)/\($0.partition)" }
        return plan("kafka", settings, [client.brokers, names.joined(separator: ",")] + client.notes)
    }

    private static func plan(_ type: String, _ settings: KafkaInputSettings, _ summary: [String]) -> SourcePlan {
        let patterns: PatternMeter? = if case .parser(let recipe) = settings.format { recipe.meter } else { nil }
        return SourcePlan(
            type: type, summary: summary.joined(separator: ", "), readsFiles: false, patterns: patterns,
            texts: SourceTexts(tag: nil) { topic in TopicIntake(settings, topic: topic ?? "") }
        ) { context in
            guard context.isFirst else { return nil }
            return KafkaInput(
                settings, on: context.loop, emitter: context.emitter, log: context.log, pressure: context.pressure)
        }
    }

    // MARK: - Topics

    /// A name between slashes is a regular expression; librdkafka knows them by a `^` in front.
    private static func readTopics(_ reader: SectionReader, required: Bool, takesPatterns: Bool) -> [String] {
        (reader.array("topics")?.value ?? []).filter { !$0.isEmpty }.map { topic in
            if topic.hasPrefix("/"), topic.hasSuffix("/"), topic.utf8.count > 2, takesPatterns {
                let body = String(topic.dropFirst().dropLast())
                // librdkafka looks for a pattern anywhere behind its `^`.
                return body.hasPrefix("^") ? body : "^.*(\(body))"
            }
            if let problem = KafkaTopic.problem(Array(topic.utf8)) { reader.error("topics", problem) }
            return topic
        }
    }

    private static func readPlaces(_ reader: SectionReader) -> [KafkaPlace] {
        let partition = reader.int("partition", default: 0, range: 0...Int(Int32.max))
        let offset = reader.int("offset", default: -1, range: -2...Int.max)
        var places = readTopics(reader, required: false, takesPatterns: false).map {
            KafkaPlace(topic: $0, partition: Int32(partition), offset: Int64(offset))
        }
        for section in reader.sections(named: "topic") {
            let inner = SectionReader(section, description: "<topic>", diagnostics: reader.diagnostics)
            let topic = inner.string("topic", required: true)
            let partition = inner.int("partition", default: 0, range: 0...Int(Int32.max))
            let offset = inner.int("offset", default: -1, range: -2...Int.max)
            inner.finish()
            if let topic {
                places.append(KafkaPlace(topic: topic.value, partition: Int32(partition), offset: Int64(offset)))
            }
        }
        if places.isEmpty {
            reader.missing(
                "topics", "\(reader.description) names no topic", hint: "add 'topics NAME', or <topic> sections")
        }
        return places
    }

    // MARK: - Messages

    private static func readCommon(_ reader: SectionReader, _ settings: inout KafkaInputSettings) {
        func add(_ name: String, _ value: String) { settings.properties.append(KafkaProperty(name, value)) }
        if let bytes = reader.size("max_bytes", range: 1...1_000_000_000) {
            add("max.partition.fetch.bytes", "\(bytes.value)")
        }
        if let bytes = reader.size("min_bytes", range: 1...100_000_000) { add("fetch.min.bytes", "\(bytes.value)") }
        if let time = reader.time("max_wait_time", range: 0...300) {
            add("fetch.wait.max.ms", "\(Int(time.value * 1000))")
        } else if let time = reader.int("max_wait_ms", range: 0...300_000) {
            add("fetch.wait.max.ms", "\(time.value)")
        }
        settings.tagPrefix = reader.string("add_prefix").flatMap { $0.value.isEmpty ? nil : $0.value }
        settings.tagSuffix = reader.string("add_suffix").flatMap { $0.value.isEmpty ? nil : $0.value }
        settings.keyField = reader.string("kafka_message_key").flatMap { $0.value.isEmpty ? nil : $0.value }
        settings.addsHeaders = reader.bool("add_headers", default: false)
        readTime(reader, &settings)
        readFormat(reader, &settings)
        settings.properties += KafkaClientSection.properties("rdkafka_options", reader)
    }

    private static func readTime(_ reader: SectionReader, _ settings: inout KafkaInputSettings) {
        let usesRecord = reader.bool("use_record_time", default: false)
        let source = reader.enumeration(
            "time_source", ["now": KafkaInputSettings.TimeChoice.now, "kafka": .message, "record": .parsed])
        let key = reader.string("record_time_key", default: "time")
        let format = reader.string("time_format")
        let isOfRecord = if case .parsed? = source?.value { true } else { usesRecord }
        guard isOfRecord else {
            settings.time = source?.value ?? .now
            return
        }
        do throws(SettingError) {
            let times = try format.map { text throws(SettingError) in try TimeSource(format: text.value) } ?? .float
            settings.time = .field(key: key, times, zone: .local)
        } catch {
            ParseSection.report(error, reader)
        }
    }

    private static func readFormat(_ reader: SectionReader, _ settings: inout KafkaInputSettings) {
        if reader.section.sections(named: "parse").isEmpty {
            switch reader.string("format")?.value ?? "json" {
            case "json":
                reader.accept(["message_key"])
                return
            case "msgpack":
                reader.accept(["message_key"])
                settings.format = .messagePack
                return
            case "text":
                settings.format = .text(key: reader.string("message_key", default: "message"))
                return
            default: break
            }
        }
        guard let section = ParseSection.find(in: reader, isRequired: false),
            let parsed = ParseSection.read(section, reader.diagnostics)
        else { return }
        settings.format = .parser(parsed.recipe.counted())
        if case .now = settings.time, reader.section.parameter("time_source") == nil,
            !reader.section.sections(named: "parse").isEmpty
        {
            settings.time = .parsed
        }
    }
}
