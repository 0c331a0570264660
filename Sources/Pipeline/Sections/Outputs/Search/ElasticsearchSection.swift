internal import Buffering
internal import ConfigFile
internal import Events
internal import Expressions
internal import HTTPClient
internal import Logging
internal import Outputs
internal import Parsing

/// `<match> @type elasticsearch` and its relatives: the parameters of fluent-plugin-elasticsearch and
/// fluent-plugin-opensearch (their README.md, `out_elasticsearch.rb`, `out_opensearch.rb` and the files beside them).
enum ElasticsearchSection {
    static func read(_ type: SearchOutputType) -> SectionRegistry.Read<OutputPlan> {
        { reader, builder in read(reader, builder, type) }
    }

    private static func read(
        _ reader: SectionReader, _ builder: PlanBuilder, _ type: SearchOutputType
    ) -> OutputPlan? {
        var settings = ElasticsearchSettings()
        let errorsBefore = reader.diagnostics.errorCount
        SearchServersSection.read(reader, builder, type, &settings)
        if type.isDataStream { SearchDataStreamSection.readIgnored(reader, type) }
        SearchDocumentSection.readTarget(reader, builder, type, &settings)
        SearchDocumentSection.readDocument(reader, type, &settings)
        let signing = SearchEndpointSection.read(reader, builder, type, &settings)
        let setup = SearchSetupSection(reader, builder, type)
        readIgnored(reader, type)
        let secondary = SecondarySection.read(reader, builder)
        let buffering = readBuffer(reader, builder, &settings)
        let stream =
            type.isDataStream
            ? SearchDataStreamSection(
                reader, type, hasTimeKey: settings.resolvesTimePlaceholders,
                chunkKeys: buffering.settings.keys.fieldNames, &settings) : nil
        checkNames(settings, buffering, type, reader)
        checkFormatter(settings, reader)
        guard reader.diagnostics.errorCount == errorsBefore else { return nil }
        let fixed = settings
        let makeOutput: (RunContext) throws -> any RunningOutput = { context in
            let log = context.log
            var settings = fixed
            settings.setup = try setup.make(fixed, stream)
            let forms = BulkForms()
            let client = try context.httpClient()
            let destination = ElasticsearchDestination(
                settings, client: client, signer: signing?.signer(client), forms: forms, log: log)
            // Chunks in files outlive what is known of the server.
            let written = buffering.files == nil ? forms : nil
            return try BufferedOutput(
                buffering, format: ElasticsearchFormatter.format, name: destination.name, destination: destination,
                reader: ElasticsearchItemReader(),
                secondary: secondary, context: context
            ) { formatter(fixed, forms: written) { problem, tag in tell(problem, tag, log) } }
        }
        return OutputPlan(
            type: type.name, summary: summary(fixed, type), secondary: secondary?.type,
            secondaryLabel: secondary?.label, isDurable: buffering.settings.waitsForDisk, buffer: buffering.place,
            preview: { ItemPreview(document: formatter(fixed)) }, makeOutput: makeOutput)
    }

    private static func summary(_ settings: ElasticsearchSettings, _ type: SearchOutputType) -> String {
        let hosts = settings.hosts.map(\.baseURL).joined(separator: ",")
        if type.isDataStream { return "\(hosts), data stream \(settings.indexName)" }
        let index =
            settings.logstashFormat
            ? settings.logstashPrefix + settings.logstashPrefixSeparator + settings.logstashDateFormat
            : settings.indexName
        return "\(hosts), index \(index)"
    }

    private static func formatter(
        _ settings: ElasticsearchSettings, forms: BulkForms? = nil,
        onProblem: ((DocumentProblem, Tag) -> Void)? = nil
    ) -> ElasticsearchFormatter {
        do {
            return try ElasticsearchFormatter(settings, forms: forms, onProblem: onProblem)
        } catch {
            preconditionFailure("the formatter was made once before: \(error)")
        }
    }

    private static func tell(_ problem: DocumentProblem, _ tag: Tag, _ log: Log) {
        switch problem {
        case .time(let value, let reason, _):
            log.limited(
                .warn, kind: "time", subject: ["tag": tag.text],
                "cannot read '\(value)' as a time; the event's own time names the index", ["reason": reason])
        case .emptyPlaceholder(let name, let index):
            log.limited(
                .warn, kind: "placeholder", subject: ["tag": tag.text],
                "nothing stands for \(name) in a record with this tag, so its index is named '\(index)'; give the record"
                    + " that field before (record_transformer), or name the index without it")
        }
    }

    // MARK: - Buffer, the rest

    private static func readBuffer(
        _ reader: SectionReader, _ builder: PlanBuilder, _ settings: inout ElasticsearchSettings
    ) -> BufferSection.Read {
        var buffering = BufferSection.read(reader.bufferSection(chunkKeys: ""), reader.diagnostics, builder)
        reader.ignore(BufferSection.keysInside, reason: "it belongs into <buffer>")
        // Fluentd has this one outside of the section.
        if let threshold = reader.time("slow_flush_log_threshold", range: 0...1e9) {
            buffering.settings.slowFlushLogThresholdSeconds = threshold.value
        }
        settings.resolvesTimePlaceholders = buffering.settings.keys.timekeySeconds != nil
        return buffering
    }

    private static func readIgnored(_ reader: SectionReader, _ type: SearchOutputType) {
        reader.ignore(type.needless, reason: "sluice does the right thing by itself", severity: .note)
        reader.ignore(["target_type_key"], reason: "Elasticsearch has one type an index since version 6")
        if let metadata = reader.section(named: "metadata") {
            reader.diagnostics.warning(metadata.place, "<metadata> is not supported yet: no chunk id is added")
        }
    }

    /// Names and placeholders of the index that documents go to; what is not used is not looked at.
    private static func checkNames(
        _ settings: ElasticsearchSettings, _ buffering: BufferSection.Read, _ type: SearchOutputType,
        _ reader: SectionReader
    ) {
        if type.isDynamic {
            SearchExpressions.check(settings, reader)
        } else if !type.isDataStream {
            let keys = settings.logstashFormat ? ["logstash_prefix", "logstash_prefix_separator"] : ["index_name"]
            for key in keys {
                guard let setting = reader.string(key) else { continue }
                IndexNameCheck.check(
                    setting, key, chunkKeys: buffering.settings.keys.fieldNames,
                    hasTimeKey: settings.resolvesTimePlaceholders, isFirst: key != "logstash_prefix_separator",
                    reader.diagnostics)
            }
        }
        if settings.logstashFormat, let format = reader.string("logstash_dateformat") {
            IndexNameCheck.check(
                format, "logstash_dateformat", chunkKeys: [], hasTimeKey: true, isFirst: false, reader.diagnostics)
        }
        for key in ["pipeline", "type_name"] {
            guard let text = reader.parameter(key)?.text, text.contains("${") else { continue }
            reader.warning(key, "placeholders in '\(key)' are not filled in: it is sent as it stands")
        }
    }

    /// Index names and formats are compiled once here, so that an error has its place.
    private static func checkFormatter(_ settings: ElasticsearchSettings, _ reader: SectionReader) {
        do throws(SettingError) {
            _ = try ElasticsearchFormatter(settings)
        } catch {
            ParseSection.report(error, reader)
        }
    }
}

/// `elasticsearch_dynamic`: Ruby in names of indices.
enum SearchExpressions {
    private static let keys = ["index_name", "logstash_prefix"]

    /// What the plugin's README writes in a name: its own parameter.
    static func text(_ text: String, dateFormat: String) -> String {
        text.replacing("@logstash_dateformat", with: "'\(dateFormat)'")
    }

    static func check(_ settings: ElasticsearchSettings, _ reader: SectionReader) {
        reader.accept(["delimiter"])
        for parameter in reader.section.parameters {
            guard let text = parameter.text, text.contains("${") else { continue }
            if keys.contains(parameter.key) {
                checkNames(in: SearchExpressions.text(text, dateFormat: settings.logstashDateFormat), parameter, reader)
            } else if !["template_name", "customize_template", "application_name", "deflector_alias", "ilm_policy_id"]
                .contains(parameter.key)
            {
                reader.error(
                    parameter.key, "'\(parameter.key)' cannot depend on the event",
                    hint: "index_name and logstash_prefix can; events of several kinds are parted by tags and <match>")
            }
        }
    }

    /// Names that nothing is known by: Ruby would raise for every event. What is wrong in itself is told of when the name
    /// is compiled.
    private static func checkNames(in text: String, _ parameter: Parameter, _ reader: SectionReader) {
        guard let template = try? ExpressionTemplate(text) else { return }
        for name in template.expressions.flatMap(\.unknownNames) {
            reader.diagnostics.error(
                parameter.place(ofOffset: name.offset, length: name.name.utf8.count),
                "nothing is known as '\(name.name)'",
                hint: "there are record, tag, tag_parts and time")
        }
    }
}
