internal import Buffering
internal import ConfigFile
internal import Events
internal import HTTPClient
internal import Outputs

/// `<match> @type loki`: the parameters of fluent-plugin-grafana-loki.
enum LokiSection {
    static func read(_ reader: SectionReader, _ builder: PlanBuilder) -> OutputPlan? {
        let errorsBefore = reader.diagnostics.errorCount
        var settings = LokiSettings()
        if let url = reader.string("url", aliases: ["endpoint_url"]) {
            settings.url = HTTPOutputParts.checkURL(url, "url", reader.diagnostics)
        }
        readHTTP(reader, builder, &settings)
        readLabels(reader, &settings)
        settings.removedKeys = (reader.array("remove_keys")?.value ?? []).filter { !$0.isEmpty }.compactMap {
            accessor($0, "remove_keys", reader)
        }
        settings.lineFormat =
            reader.enumeration("line_format", ["json": LokiSettings.LineFormat.json, "key_value": .keyValue])?.value
            ?? .keyValue
        settings.dropsSingleKey = reader.bool("drop_single_key", default: false)
        reader.ignore(
            ["include_thread_label"], reason: "entries leave in the order of their times, whichever worker sends them",
            severity: .note, defaults: ["include_thread_label": "true"])
        let tenant = reader.string("tenant")
        let secondary = SecondarySection.read(reader, builder)
        let buffering = HTTPOutputParts.readBuffer(reader, builder)
        settings.tenant = tenant.flatMap { HTTPOutputParts.template($0, "tenant", buffering, reader) }
        if settings.tenant?.dependsOnFields == true { settings.keys = buffering.fieldReaders }
        guard reader.diagnostics.errorCount == errorsBefore else { return nil }
        let fixed = settings
        let service = LokiService(fixed)
        let names = (fixed.extraLabels.map(\.name) + fixed.labels.map(\.name))
        return HTTPOutputParts.plan(
            type: "loki", summary: "\(fixed.url), labels \(names.joined(separator: ","))", buffering, reader, secondary,
            format: LokiService.format, service: service, timeoutSeconds: fixed.http.timeoutSeconds,
            makeWriter: { LokiWriter(fixed) },
            preview: { chunk in
                service.preview(chunk).map {
                    [OutputPart("stream", $0.stream, isJSON: true), OutputPart("entry", $0.entry, isJSON: true)]
                } ?? []
            })
    }

    private static func readHTTP(_ reader: SectionReader, _ builder: PlanBuilder, _ settings: inout LokiSettings) {
        settings.http.timeoutSeconds = 60
        settings.http.connectTimeoutSeconds = 10
        settings.http.user = reader.string("username")?.value
        settings.http.password = reader.secret("password")?.value
        settings.http.verifiesCertificate = !reader.bool("insecure_tls", default: false)
        HTTPOutputParts.readTLS(
            .init(authorityFile: "ca_cert", certificate: "cert", key: "key"), reader, builder, &settings.http)
        settings.http.minimumTLS = reader.enumeration("min_version", HTTPOutputParts.tlsVersions)?.value
        reader.ignore(["ciphers"], reason: "OpenSSL's own ciphers are used", severity: .note)
        settings.headers = HTTPOutputParts.headers("custom_headers", reader)
        settings.isCompressed = reader.enumeration("compress", ["gzip": true])?.value ?? false
        guard let file = reader.string("bearer_token_file") else { return }
        settings.bearerTokenFile = file.value
        builder.openings.add { diagnostics in
            guard let reason = OpeningChecks.problem(ofFile: file.value) else { return }
            diagnostics.error(file.place, "cannot read 'bearer_token_file' '\(file.value)': \(reason)")
        }
    }

    private static func readLabels(_ reader: SectionReader, _ settings: inout LokiSettings) {
        // `labels` and `endpoint_url` are what fluent-plugin-loki, another plugin of this type, calls them.
        let extra = reader.hash("extra_labels", aliases: ["labels"])
        for (name, value) in extra?.value ?? [] {
            let place = extra?.parameter.keyPlace ?? reader.section.place
            settings.extraLabels.append((label(name, place, reader), value))
        }
        for section in reader.sections(named: "label") {
            let inner = SectionReader(section, description: "<label>", diagnostics: reader.diagnostics)
            for parameter in inner.allParameters() {
                let place = parameter.text.flatMap { $0.isEmpty ? nil : $0 } ?? parameter.key
                guard let accessor = accessor(place, parameter.key, inner) else { continue }
                settings.labels.append((label(parameter.key, parameter.keyPlace, reader), accessor))
            }
            inner.finish()
        }
        settings.extractsKubernetesLabels = reader.bool("extract_kubernetes_labels", default: false)
        if settings.extraLabels.isEmpty, reader.section.sections(named: "label").isEmpty,
            !settings.extractsKubernetesLabels
        {
            reader.diagnostics.warning(
                reader.section.place, "\(reader.description) has no labels, and Loki refuses entries without any",
                hint: "add 'extra_labels {\"job\":\"sluice\"}', or a <label> section")
        }
    }

    /// Loki's rules for names are Prometheus': what does not fit becomes `_`, which is told.
    private static func label(_ name: String, _ place: Place, _ reader: SectionReader) -> String {
        let made = LokiWriter.labelName(name)
        if made != name {
            reader.diagnostics.add(
                Diagnostic(
                    .note, at: place, "the label '\(name)' is named '\(made)': letters, digits and _ are allowed"))
        }
        return made
    }

    private static func accessor(_ text: String, _ key: String, _ reader: SectionReader) -> RecordAccessor? {
        do throws(RecordAccessor.SyntaxError) {
            return try RecordAccessor(text)
        } catch {
            reader.error(
                key, "'\(text)' is no place in a record: \(error.message)",
                hint: "write key, $.outer.inner or $['a key']['inner']")
            return nil
        }
    }
}
