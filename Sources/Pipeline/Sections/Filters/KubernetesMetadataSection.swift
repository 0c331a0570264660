internal import ConfigFile
internal import Events
internal import Filters
internal import Grok
internal import HTTPClient
internal import Logging
internal import Synchronization

/// `<filter> @type kubernetes_metadata` (fluent-plugin-kubernetes_metadata_filter).
enum KubernetesMetadataSection {
    /// Where a pod finds its service account, as Kubernetes mounts it.
    private static let secretFolder = "/var/run/secrets/kubernetes.io/serviceaccount"
    /// A token of a service account has a kilobyte or two.
    private static let tokenLimitBytes = 64 << 10
    /// How soon pods are asked for again with `watch true`, where that is sooner than `cache_ttl`.
    private static let watchMilliseconds: Int64 = 300_000

    static func read(_ reader: SectionReader, _ builder: PlanBuilder) -> FilterPlan? {
        let errorsBefore = reader.diagnostics.errorCount
        let names = readNames(reader)
        let url = readURL(reader, builder)
        let selection = readSelection(reader, url)
        var directory = readDirectory(reader)
        directory.hasNamespaces = selection.hasNamespaces
        let limits = HeldLimits(
            bytes: reader.size("buffer_limit_size", default: HeldLimits.defaultLimitBytes, range: 1 << 16...1 << 40),
            streams: reader.int("held_event_limit", default: 100_000, range: 1...10_000_000),
            streamsName: "held_event_limit")
        var settings = KubernetesAPI.Settings(url: url.map(path) ?? "")
        settings.version = reader.string("apiVersion", default: "v1")
        settings.directory = directory
        settings.selection = selection
        readAccess(reader, builder, &settings)
        reader.ignore(
            ["stats_interval", "ignore_nil", "test_api_adapter"], reason: "what goes wrong is counted in the log",
            severity: .note)
        reader.ignore(
            ["ssl_partial_chain"], reason: "an authority in ca_file is trusted wherever it stands in the chain",
            severity: .note)
        guard let names, reader.diagnostics.errorCount == errorsBefore else { return nil }
        let shared = url == nil ? nil : SharedAPI(settings)
        let patience = directory.patienceMilliseconds
        return FilterPlan(
            type: "kubernetes_metadata", summary: url.map { SecretText.masked($0) } ?? "names only"
        ) { context in
            KubernetesMetadataFilter(
                selection, names: ContainerNames(names),
                lookup: context.reachesNetwork ? shared?.api(context.log) : nil, limits: limits,
                patienceMilliseconds: patience, log: context.log)
        }
    }

    // MARK: - Names

    private static func readNames(_ reader: SectionReader) -> ContainerNames.Settings? {
        let tagPattern = pattern("tag_to_kubernetes_name_regexp", ContainerNames.defaultTagPattern, reader)
        let usesJournal = reader.bool("use_journal", default: false)
        let journalPattern = pattern(
            "container_name_to_kubernetes_regexp", ContainerNames.defaultJournalPattern, reader)
        guard let tagPattern else { return nil }
        var names = ContainerNames.Settings(tagPattern: tagPattern)
        names.readsFields = reader.bool("lookup_from_k8s_field", default: true)
        names.journalPattern = usesJournal ? journalPattern : nil
        return names
    }

    private static func pattern(_ key: String, _ fallback: String, _ reader: SectionReader) -> Regex? {
        guard let setting = reader.regexp(key) else { return try? Regex(fallback) }
        guard let regex = setting.compiled(reader.diagnostics) else { return nil }
        let missing = ContainerNames.requiredGroups.filter { name in !regex.groups.contains { $0.name == name } }
        guard missing.isEmpty else {
            reader.error(
                key, "'\(key)' has no group \(missing.map { "'\($0)'" }.joined(separator: " and "))",
                hint:
                    "it needs (?<namespace>…), (?<pod_name>…), (?<container_name>…), and (?<docker_id>…) or (?<pod_uuid>…)"
            )
            return nil
        }
        return regex
    }

    // MARK: - The server

    /// As it goes into `master_url`; nil: there is none to ask.
    private static func readURL(_ reader: SectionReader, _ builder: PlanBuilder) -> String? {
        if let url = reader.string("kubernetes_url"), !url.value.isEmpty {
            let hasScheme = ["http://", "https://"].contains { url.value.lowercased().hasPrefix($0) }
            if !hasScheme || url.value.utf8.contains(where: { $0 <= 0x20 }) {
                reader.error(
                    "kubernetes_url", "'kubernetes_url' is '\(SecretText.masked(url.value))', which is no URL",
                    hint: "write https://HOST:PORT/api, or leave it out inside a cluster")
            }
            return url.value
        }
        let variables = builder.environment.variables
        if let host = variables["KUBERNETES_SERVICE_HOST"], let port = variables["KUBERNETES_SERVICE_PORT"],
            !host.isEmpty, !port.isEmpty
        {
            return "https://\(HostCheck.forURL(host)):\(port)/api"
        }
        reader.diagnostics.warning(
            reader.section.place, "\(reader.description) knows no API server, so it only adds what the tag says",
            hint: "in a cluster KUBERNETES_SERVICE_HOST and KUBERNETES_SERVICE_PORT are set; else add kubernetes_url")
        return nil
    }

    /// The API's root: `/api`, where the URL has no path of its own.
    private static func path(_ url: String) -> String {
        var url = url[...]
        while url.hasSuffix("/") { url = url.dropLast() }
        let rest = url.firstRange(of: "://").map { url[$0.upperBound...] } ?? url
        return rest.contains("/") ? String(url) : url + "/api"
    }

    private static func readAccess(
        _ reader: SectionReader, _ builder: PlanBuilder, _ settings: inout KubernetesAPI.Settings
    ) {
        let folder = reader.string("secret_dir", default: secretFolder)
        func file(_ key: String, or name: String? = nil) -> String? {
            if let path = reader.string(key)?.value, !path.isEmpty { return path }
            guard let name, builder.files.exists("\(folder)/\(name)") else { return nil }
            return "\(folder)/\(name)"
        }
        settings.options.verifiesCertificate = reader.bool("verify_ssl", default: true)
        settings.options.authorityFile = file("ca_file", or: "ca.crt")
        settings.options.clientCertificateFile = file("client_cert")
        settings.options.clientKeyFile = file("client_key")
        settings.options.connectTimeoutSeconds = reader.time("open_timeout", default: 3, range: 0.1...300)
        settings.options.timeoutSeconds = reader.time("read_timeout", default: 10, range: 0.1...300)
        SearchServersSection.checkCertificates(reader, builder)
        guard let token = file("bearer_token_file", or: "token") else { return }
        if let given = reader.section.parameter("bearer_token_file"), given.text?.isEmpty == false {
            builder.openings.add { diagnostics in
                guard let reason = OpeningChecks.problem(ofFile: token) else { return }
                diagnostics.error(given.valuePlace, "cannot read 'bearer_token_file' '\(token)': \(reason)")
            }
        }
        let files = builder.files
        settings.token = {
            let bytes = try files.read(token, maximumBytes: tokenLimitBytes)
            return String(decoding: bytes.filter { $0 > 0x20 && $0 < 0x7F }, as: UTF8.self)
        }
    }

    private static func readDirectory(_ reader: SectionReader) -> PodDirectory.Settings {
        var directory = PodDirectory.Settings()
        directory.capacity = reader.int("cache_size", default: 1000, range: 1...10_000_000)
        let life = reader.time("cache_ttl", default: 3600)
        directory.lifeMilliseconds = life < 0 ? nil : Int64(min(life, 1e9) * 1000)
        if reader.bool("watch", default: true) {
            directory.lifeMilliseconds = min(directory.lifeMilliseconds ?? .max, watchMilliseconds)
        }
        reader.ignore(
            ["watch_retry_interval", "watch_retry_exponential_backoff_base", "watch_retry_max_times"],
            reason: "with watch true pods are asked for again every five minutes; what fails is tried again",
            severity: .note)
        directory.patienceMilliseconds = Int64(reader.time("metadata_timeout", default: 5, range: 0...300) * 1000)
        return directory
    }

    // MARK: - What is added

    private static func readSelection(_ reader: SectionReader, _ url: String?) -> MetadataSelection {
        var selection = MetadataSelection()
        let skipsLabels = reader.bool("skip_labels", default: false)
        selection.hasPodLabels = !reader.bool("skip_pod_labels", default: false) && !skipsLabels
        selection.hasNamespaceLabels = !reader.bool("skip_namespace_labels", default: false) && !skipsLabels
        selection.hasContainers = !reader.bool("skip_container_metadata", default: false)
        selection.hasNamespaces = !reader.bool("skip_namespace_metadata", default: false)
        selection.hasOwners = reader.bool("include_ownerrefs_metadata", default: false)
        selection.masterURL = reader.bool("skip_master_url", default: false) ? nil : url.map { SecretText.masked($0) }
        for text in reader.array("annotation_match")?.value ?? [] {
            do throws(PatternError) {
                selection.annotations.append(try Regex(text))
            } catch {
                reader.error("annotation_match", "'\(text)' is no expression: \(error.message)", hint: error.hint)
            }
        }
        selection.keys.dot = separator("de_dot", ".", "_", reader)
        selection.keys.slash = separator("de_slash", "/", "__", reader)
        let name = reader.string("orphaned_namespace_name", default: ".orphaned")
        let id = reader.string("orphaned_namespace_id", default: "orphaned")
        selection.orphans = reader.bool("allow_orphans", default: true) ? (name, id) : nil
        return selection
    }

    /// What stands for a character in keys: nil, unless it is asked for, as in the plugin since version 3.
    private static func separator(
        _ key: String, _ character: String, _ fallback: String, _ reader: SectionReader
    ) -> String? {
        let isWanted = reader.bool(key, default: false)
        let separator = reader.string("\(key)_separator", default: fallback)
        if separator.contains(character) {
            reader.error(
                "\(key)_separator", "'\(key)_separator' holds '\(character)' itself", hint: "write \(fallback)")
        }
        return isWanted ? separator : nil
    }
}

/// One for all loops, made when the first of them has its filter.
private final class SharedAPI: Sendable {
    private let settings: KubernetesAPI.Settings
    private let made = Mutex<KubernetesAPI?>(nil)

    init(_ settings: KubernetesAPI.Settings) { self.settings = settings }

    func api(_ log: Log) -> KubernetesAPI {
        made.withLock { made in
            if let made { return made }
            let api = KubernetesAPI(settings, log: log)
            made = api
            return api
        }
    }
}
