internal import Buffering
internal import ConfigFile
internal import Events
internal import HTTPClient
internal import Outputs

/// `<match> @type influxdb2`: the parameters of fluent-plugin-influxdb-v2 (its README.md).
enum InfluxSection {
    static func read(_ reader: SectionReader, _ builder: PlanBuilder) -> OutputPlan? {
        let errorsBefore = reader.diagnostics.errorCount
        var settings = InfluxSettings()
        if let url = reader.string("url") {
            settings.url = HTTPOutputParts.checkURL(url, "url", reader.diagnostics)
        }
        settings.token = reader.secret("token", required: true)?.value ?? ""
        settings.bucket = reader.string("bucket", required: true)?.value ?? ""
        settings.organisation = reader.string("org", required: true)?.value ?? ""
        settings.measurement = reader.string("measurement").flatMap { $0.value.isEmpty ? nil : $0.value }
        settings.precision =
            reader.enumeration(
                "time_precision",
                ["ns": InfluxSettings.Precision.nanoseconds, "us": .microseconds, "ms": .milliseconds, "s": .seconds])?
            .value ?? .nanoseconds
        settings.tagKeys = (reader.array("tag_keys")?.value ?? []).filter { !$0.isEmpty }
        settings.fieldKeys = (reader.array("field_keys")?.value ?? []).filter { !$0.isEmpty }
        settings.tagName = reader.bool("tag_fluentd", default: false) ? "fluentd" : nil
        settings.castsToFloat = reader.bool("field_cast_to_float", default: false)
        settings.timeKey = reader.string("time_key").flatMap { $0.value.isEmpty ? nil : $0.value }
        settings.http.timeoutSeconds = 60
        settings.http.connectTimeoutSeconds = 10
        settings.isCompressed = reader.bool("gzip", default: false)
        if let usesTLS = reader.bool("use_ssl"), usesTLS.value != settings.url.hasPrefix("https") {
            reader.warning(
                "use_ssl", "'use_ssl' has no effect: the scheme of 'url' says whether TLS is used",
                hint: "write \(usesTLS.value ? "https" : "http") in 'url'")
        }
        settings.http.verifiesCertificate =
            reader.enumeration("verify_mode", ["1": true, "peer": true, "0": false, "none": false])?.value ?? true
        let secondary = SecondarySection.read(reader, builder)
        let buffering = HTTPOutputParts.readBuffer(reader, builder)
        guard reader.diagnostics.errorCount == errorsBefore else { return nil }
        let fixed = settings
        let service = InfluxService(fixed)
        return HTTPOutputParts.plan(
            type: "influxdb2", summary: "\(fixed.url), bucket \(fixed.bucket)", buffering, reader, secondary,
            format: InfluxService.format, service: service, timeoutSeconds: fixed.http.timeoutSeconds,
            makeWriter: { InfluxWriter(fixed) },
            preview: { chunk in service.preview(chunk).map { [OutputPart("point", $0)] } ?? [] })
    }
}
