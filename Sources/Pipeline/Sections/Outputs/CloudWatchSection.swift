internal import Buffering
internal import ConfigFile
internal import Events
internal import HTTPClient
internal import Outputs
internal import Time

/// `<match> @type cloudwatch_logs`: the parameters of fluent-plugin-cloudwatch-logs (its README.md).
enum CloudWatchSection {
    static func read(_ reader: SectionReader, _ builder: PlanBuilder) -> OutputPlan? {
        let errorsBefore = reader.diagnostics.errorCount
        let region = AWSSection.region("region", reader, builder)
        let endpoint = reader.string("endpoint").map { HTTPOutputParts.checkURL($0, "endpoint", reader.diagnostics) }
        // One that is written and is none was told of; while only a variable is missing, as a warning of `check`.
        if region == nil, endpoint == nil, !reader.has("region") {
            reader.diagnostics.error(
                reader.section.place, "\(reader.description) has no region",
                hint: "add 'region us-east-1', or set AWS_REGION in the environment")
        }
        var source = AWSSection.read(reader, builder, region: region ?? "us-east-1")
        if reader.bool("aws_use_sts", default: false) {
            source = readRole(reader, region ?? "us-east-1", base: source)
        } else {
            reader.accept([
                "aws_sts_role_arn", "aws_sts_session_name", "aws_sts_external_id", "aws_sts_policy",
                "aws_sts_duration_seconds", "aws_sts_endpoint_url",
            ])
        }
        let secondary = SecondarySection.read(reader, builder)
        let hasFormat = !reader.section.sections(named: "format").isEmpty
        let format = hasFormat ? FormatSection.read(reader, default: .json) : nil
        var injection = InjectSection.read(reader, builder)
        let buffering = HTTPOutputParts.readBuffer(reader, builder)
        let group = name("log_group_name", usesTag: reader.bool("use_tag_as_group", default: false), buffering, reader)
        let stream = name(
            "log_stream_name", usesTag: reader.bool("use_tag_as_stream", default: false), buffering, reader)
        let none = CloudWatchSettings.Name.template(ChunkTemplate())
        var settings = CloudWatchSettings(group: group ?? none, stream: stream ?? none)
        settings.url = endpoint ?? "https://logs.\(region ?? "").amazonaws.com"
        settings.removedKeys = removedKeys(reader)
        settings.keys = buffering.fieldReaders
        settings.createsStreams = reader.bool("auto_create_stream", default: false)
        readGroups(reader, &settings)
        settings.messageKeys = (reader.array("message_keys")?.value ?? []).filter { !$0.isEmpty }
        settings.maximumMessageLength = reader.int("max_message_length", range: 1...(1 << 20))?.value
        settings.maximumEvents = reader.int("max_events_per_batch", default: 10_000, range: 1...10_000)
        settings.format = format
        let isLocal = reader.bool("localtime", default: false)
        // Not as v0.12's parameter of this name: the plugin's times are UTC's unless it is told otherwise.
        if reader.bool("include_time_key", default: false), reader.sections(named: "inject").isEmpty {
            injection = timeInjection(isLocal: isLocal)
        }
        settings.injection = injection
        settings.slice = HTTPOutputParts.slice(buffering)
        settings.http.timeoutSeconds = 60
        settings.http.connectTimeoutSeconds = 10
        settings.http.verifiesCertificate = reader.bool("ssl_verify_peer", default: true)
        if let proxy = reader.string("http_proxy"), !proxy.value.isEmpty { settings.http.proxy = proxy.value }
        readIgnored(reader)
        guard reader.diagnostics.errorCount == errorsBefore else { return nil }
        let fixed = settings
        let service = CloudWatchService(fixed)
        return HTTPOutputParts.plan(
            type: "cloudwatch_logs", summary: fixed.url, buffering, reader, secondary,
            format: CloudWatchService.format, service: service, timeoutSeconds: fixed.http.timeoutSeconds,
            signing: AWSPlan(source: source, region: region ?? "us-east-1", service: "logs"),
            makeWriter: { CloudWatchWriter(fixed) },
            preview: { chunk in
                service.preview(chunk).map {
                    [OutputPart("stream", $0.stream), OutputPart("event", $0.event, isJSON: true)]
                } ?? []
            })
    }

    private static func readRole(
        _ reader: SectionReader, _ region: String, base: AWSCredentialSource
    ) -> AWSCredentialSource {
        guard let arn = reader.string("aws_sts_role_arn", required: true) else { return base }
        var role = AWSRole(arn: arn.value, region: region)
        role.sessionName = reader.string("aws_sts_session_name", default: "fluentd")
        role.externalID = reader.string("aws_sts_external_id")?.value
        role.policy = reader.string("aws_sts_policy")?.value
        role.durationSeconds = reader.int("aws_sts_duration_seconds", default: 3600, range: 900...43_200)
        if let url = reader.string("aws_sts_endpoint_url") {
            role.url = HTTPOutputParts.checkURL(url, "aws_sts_endpoint_url", reader.diagnostics)
        }
        return .role(role, base: base)
    }

    /// One of three ways to name a group or a stream.
    private static func name(
        _ parameter: String, usesTag: Bool, _ buffering: BufferSection.Read, _ reader: SectionReader
    ) -> CloudWatchSettings.Name? {
        let text = reader.string(parameter)
        let key = reader.string("\(parameter)_key")
        let ways = [text != nil, key != nil, usesTag].count { $0 }
        guard ways == 1 else {
            let tagWay = parameter == "log_group_name" ? "use_tag_as_group" : "use_tag_as_stream"
            reader.diagnostics.error(
                text?.parameter.keyPlace ?? reader.section.place,
                "\(reader.description) needs one of '\(parameter)', '\(parameter)_key' and '\(tagWay) true'",
                hint: ways == 0 ? "add '\(parameter) NAME'" : "remove all but one")
            return nil
        }
        if usesTag { return (try? ChunkTemplate("${tag}", parameter: parameter)).map { .template($0) } }
        if let key { return AccessorText.read(key, reader).map { .field($0) } }
        guard let text else { return nil }
        return HTTPOutputParts.template(text, parameter, buffering, reader).map { .template($0) }
    }

    private static func removedKeys(_ reader: SectionReader) -> [RecordAccessor] {
        var places: [RecordAccessor] = []
        for name in ["log_group_name_key", "log_stream_name_key"] {
            let isRemoved = reader.bool("remove_\(name)", default: false)
            if isRemoved, let place = reader.string(name).flatMap({ AccessorText.read($0, reader) }) {
                places.append(place)
            }
        }
        return places
    }

    private static func readGroups(_ reader: SectionReader, _ settings: inout CloudWatchSettings) {
        settings.retentionDays = reader.int("retention_in_days", range: 1...3653)?.value
        settings.groupTags = reader.hash("log_group_aws_tags")?.value.map { (name: $0.key, value: $0.value) } ?? []
        for key in ["retention_in_days_key", "log_group_aws_tags_key"] {
            guard let parameter = reader.parameter(key), parameter.text?.isEmpty == false else { continue }
            reader.diagnostics.error(
                parameter.keyPlace, "'\(key)' is not supported", hint: "write the value itself: \(key.dropLast(4))")
        }
        reader.accept(["remove_retention_in_days_key", "remove_log_group_aws_tags_key"])
    }

    /// `time` in the record, as the plugin writes it.
    private static func timeInjection(isLocal: Bool) -> Injection? {
        var injection = Injection()
        injection.timeKey = Array("time".utf8)
        guard let text = try? TimeText(format: nil, zone: isLocal ? .local : nil) else { return nil }
        injection.time = .text(text)
        return injection
    }

    private static func readIgnored(_ reader: SectionReader) {
        reader.ignore(
            [
                "put_log_events_retry_wait", "put_log_events_retry_limit", "put_log_events_disable_retry_limit",
                "throttling_retry_seconds", "concurrency", "json_handler",
            ], reason: "sluice sends a chunk again as its <buffer> says", severity: .note)
        reader.ignore(
            ["log_rejected_request"], reason: "an event that is refused is kept with its reason", severity: .note)
    }
}
