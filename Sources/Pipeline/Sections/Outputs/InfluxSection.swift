internal import Buffering
internal import ConfigFile
internal import Events
internal import HTTPClient
internal import Outputs

/// `<match> @type influxdb2`: the parameters of fluent-plugin-influxdb-v2; `@type influxdb`, for InfluxDB 1: those of
/// fluent-plugin-influxdb (their README.md).
enum InfluxSection {
    static func readVersion2(_ reader: SectionReader, _ builder: PlanBuilder) -> OutputPlan? {
        let errorsBefore = reader.diagnostics.errorCount
        var settings = InfluxSettings()
        if let url = reader.string("url") {
            settings.url = HTTPOutputParts.checkURL(url, "url", reader.diagnostics)
        }
        let bucket = reader.string("bucket", required: true)?.value ?? ""
        settings.store = .bucket(
            name: bucket, organisation: reader.string("org", required: true)?.value ?? "",
            token: reader.secret("token", required: true)?.value ?? "")
        settings.precision =
            reader.enumeration(
                "time_precision",
                ["ns": InfluxSettings.Precision.nanoseconds, "us": .microseconds, "ms": .milliseconds, "s": .seconds])?
            .value ?? .nanoseconds
        settings.fieldKeys = (reader.array("field_keys")?.value ?? []).filter { !$0.isEmpty }
        settings.tagName = reader.bool("tag_fluentd", default: false) ? "fluentd" : nil
        settings.castsToFloat = reader.bool("field_cast_to_float", default: false)
        settings.timeKey = name("time_key", reader)
        settings.isCompressed = reader.bool("gzip", default: false)
        if let usesTLS = reader.bool("use_ssl"), usesTLS.value != settings.url.hasPrefix("https") {
            reader.warning(
                "use_ssl", "'use_ssl' has no effect: the scheme of 'url' says whether TLS is used",
                hint: "write \(usesTLS.value ? "https" : "http") in 'url'")
        }
        settings.http.verifiesCertificate =
            reader.enumeration("verify_mode", ["1": true, "peer": true, "0": false, "none": false])?.value ?? true
        return finish("influxdb2", "bucket \(bucket)", settings, errorsBefore, reader, builder)
    }

    static func readVersion1(_ reader: SectionReader, _ builder: PlanBuilder) -> OutputPlan? {
        let errorsBefore = reader.diagnostics.errorCount
        var settings = InfluxSettings()
        let scheme = reader.bool("use_ssl", default: false) ? "https" : "http"
        let hosts = reader.array("host")?.value ?? []
        if hosts.count > 1 {
            reader.error(
                "host", "'host' names \(hosts.count) servers, and points are written to one",
                hint: "write one name, or two <store> of a copy")
        } else if let host = reader.string("host") {
            HostCheck.check(host, reader.diagnostics) { _ in "write the name or address alone, and 'port' below it" }
        }
        let port = reader.int("port", default: 8086, range: 1...65535)
        settings.url = "\(scheme)://\(hosts.first ?? "localhost"):\(port)"
        let database = reader.string("dbname", default: "fluentd")
        settings.store = .database(
            name: database, user: reader.string("user", default: "root"),
            password: reader.secret("password")?.value ?? "root",
            retentionPolicy: name("default_retention_policy", reader))
        settings.precision =
            reader.enumeration(
                "time_precision",
                [
                    "s": InfluxSettings.Precision.seconds, "h": .hours, "m": .minutes, "ms": .milliseconds,
                    "u": .microseconds, "us": .microseconds, "n": .nanoseconds, "ns": .nanoseconds,
                ])?.value ?? .seconds
        settings.timeKey = name("time_key", reader) ?? "time"
        settings.tagsText = reader.bool("auto_tags", default: false)
        settings.sequenceName = name("sequence_tag", reader)
        settings.castsToFloat = reader.bool("cast_number_to_float", default: false)
        settings.http.verifiesCertificate = reader.bool("verify_ssl", default: true)
        if reader.has("retention_policy_key") {
            _ = reader.string("retention_policy_key")
            reader.error(
                "retention_policy_key", "'retention_policy_key' is not supported yet",
                hint: "give each policy a <match> of its own, with default_retention_policy")
        }
        reader.ignore(["retry"], reason: "<buffer> says how often it is tried again", severity: .note)
        return finish("influxdb", "database \(database)", settings, errorsBefore, reader, builder)
    }

    private static func name(_ key: String, _ reader: SectionReader) -> String? {
        reader.string(key).flatMap { $0.value.isEmpty ? nil : $0.value }
    }

    private static func finish(
        _ type: String, _ place: String, _ given: InfluxSettings, _ errorsBefore: Int, _ reader: SectionReader,
        _ builder: PlanBuilder
    ) -> OutputPlan? {
        var settings = given
        settings.measurement = name("measurement", reader)
        settings.tagKeys = (reader.array("tag_keys")?.value ?? []).filter { !$0.isEmpty }
        settings.http.timeoutSeconds = 60
        settings.http.connectTimeoutSeconds = 10
        let secondary = SecondarySection.read(reader, builder)
        let buffering = HTTPOutputParts.readBuffer(reader, builder)
        guard reader.diagnostics.errorCount == errorsBefore else { return nil }
        let fixed = settings
        let service = InfluxService(fixed)
        return HTTPOutputParts.plan(
            type: type, summary: "\(fixed.url), \(place)", buffering, reader, secondary, format: InfluxService.format,
            service: service, timeoutSeconds: fixed.http.timeoutSeconds, makeWriter: { InfluxWriter(fixed) },
            preview: { chunk in service.preview(chunk).map { [OutputPart("point", $0)] } ?? [] })
    }
}
