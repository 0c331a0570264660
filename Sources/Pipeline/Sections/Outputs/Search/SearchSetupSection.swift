internal import ConfigFile
internal import HTTPClient
internal import Outputs
internal import Words

/// Index templates, lifecycle policies and rollover aliases of an output to a search engine: read here, put together when
/// the output is made, because the templates are files.
struct SearchSetupSection {
    struct Template {
        var name: String
        var file: SearchTemplateFile
        /// It takes part in rollover and lifecycle, as `template_name` does and those of `templates` do not.
        var isMain: Bool
        /// Where the file is named.
        var key: String
    }

    private(set) var templates: [Template] = []
    var isLegacy = true
    private var overwrites = false
    private var rollsOver = false
    private var hasLifecycle = false
    /// Without one it is the index's name.
    private var alias: String?
    private var application = "default"
    private var datePattern = "now/d"
    private var separator = "-"
    private var policyID = "logstash-policy"
    private var policies: [JSONValue.Member] = []
    private var overwritesPolicy = false
    private var againAfterSeconds: Double?
    private var attemptLimit: Int?

    init(_ reader: SectionReader, _ builder: PlanBuilder, _ type: SearchOutputType) {
        isLegacy = reader.bool("use_legacy_template", default: !type.isDataStream)
        overwrites = reader.bool("template_overwrite", default: false)
        readTemplates(reader, builder, type)
        rollsOver = reader.bool("rollover_index", default: false)
        hasLifecycle = reader.bool("enable_ilm", default: false)
        alias = reader.string("deflector_alias")?.value
        application = reader.string("application_name", default: application)
        datePattern = reader.string("index_date_pattern", default: datePattern)
        separator = reader.string("index_separator", default: separator)
        readPolicies(reader)
        reader.ignore(
            ["index_prefix"], reason: "it is obsolete; the index is named by index_name or logstash_prefix")
        againAfterSeconds = reader.time("truncate_caches_interval", range: 1...1e9)?.value
        let attempts = reader.int("max_retry_putting_template", default: 10, range: 0...1_000_000)
        if !reader.bool("fail_on_putting_template_retry_exceed", default: true) { attemptLimit = attempts }
        checkUse(reader, type)
    }

    private mutating func readTemplates(_ reader: SectionReader, _ builder: PlanBuilder, _ type: SearchOutputType) {
        let name = reader.string("template_name")
        let path = reader.string("template_file")
        let replacements = reader.hash("customize_template")?.value ?? []
        reader.ignore(["template"], reason: "a template has its name from 'template_name'")
        if let path {
            let file = SearchTemplateFile(path: path.value, replacements: replacements, files: builder.files)
            // A data stream's template has the name that the stream gives it.
            if name != nil || type.isDataStream {
                templates.append(
                    Template(name: name?.value ?? "", file: file, isMain: true, key: "template_file"))
            } else {
                reader.warning(
                    "template_file", "no template is put without 'template_name'", hint: "add template_name NAME")
            }
        } else if name != nil {
            reader.warning(
                "template_name", "no template is put without 'template_file'", hint: "add template_file PATH")
        }
        if path == nil, !replacements.isEmpty {
            reader.warning("customize_template", "'customize_template' has an effect only with 'template_file'")
        }
        for (name, path) in reader.hash("templates")?.value ?? [] {
            templates.append(
                Template(
                    name: name, file: SearchTemplateFile(path: path, files: builder.files), isMain: false,
                    key: "templates"))
        }
        let fixed = templates
        builder.openings.add { diagnostics in
            for template in fixed {
                do throws(SearchTemplateFile.Failure) {
                    _ = try template.file.read()
                } catch {
                    diagnostics.error(reader.place(of: template.key), error.description)
                }
            }
        }
    }

    private mutating func readPolicies(_ reader: SectionReader) {
        policyID = reader.string("ilm_policy_id", default: policyID)
        overwritesPolicy = reader.bool("ilm_policy_overwrite", default: false)
        if let one = reader.jsonValue("ilm_policy") {
            if case .object(let members) = one.value {
                if !members.isEmpty { policies = [.init(key: policyID, value: one.value)] }
            } else {
                reader.error(
                    "ilm_policy", "'ilm_policy' is not a JSON object", hint: "write {\"policy\":{\"phases\":…}}")
            }
        }
        if let many = reader.jsonValue("ilm_policies") {
            guard case .object(let members) = many.value else {
                reader.error(
                    "ilm_policies", "'ilm_policies' is not a JSON object",
                    hint: "write {\"NAME\":{\"policy\":{\"phases\":…}}}")
                return
            }
            if !members.isEmpty, !policies.isEmpty {
                reader.error("ilm_policies", "'ilm_policy' and 'ilm_policies' exclude each other")
            }
            policies += members
        }
        if overwritesPolicy, policies.isEmpty {
            reader.error(
                "ilm_policy_overwrite", "ilm_policy_overwrite needs a policy that overwrites", hint: "add ilm_policy")
        }
    }

    private func checkUse(_ reader: SectionReader, _ type: SearchOutputType) {
        let hasMain = templates.contains { $0.isMain }
        for (key, isSet) in [("enable_ilm", hasLifecycle), ("rollover_index", rollsOver)] where isSet {
            if !hasMain {
                reader.warning(
                    key, "'\(key)' has an effect only with template_name and template_file",
                    hint: "what rolls over has its settings from a template")
            } else if type.isDataStream {
                reader.warning(key, "'\(key)' has no effect: a data stream rolls over by itself")
            }
        }
        if hasLifecycle, alias != nil {
            reader.error(
                "deflector_alias", "'deflector_alias' and 'enable_ilm' exclude each other",
                hint: "with enable_ilm the index's name is the alias")
        }
        for key in ["template_name", "deflector_alias", "application_name", "ilm_policy_id", "customize_template"] {
            Self.checkPlaceholders(key, reader)
        }
    }

    /// Only the tag is known when a server is set up.
    static func checkPlaceholders(_ key: String, _ reader: SectionReader) {
        guard let text = reader.parameter(key)?.text else { return }
        var rest = Substring(text)
        while let open = rest.firstRange(of: "${"), let close = rest[open.upperBound...].firstIndex(of: "}") {
            let name = rest[open.upperBound..<close]
            if name != "tag", !(name.hasPrefix("tag[") && name.hasSuffix("]")) {
                reader.error(
                    key, "nothing stands for '${\(name)}' in '\(key)'", hint: "there are ${tag} and ${tag[1]}")
                return
            }
            rest = rest[rest.index(after: close)...]
        }
    }

    // MARK: - Steps

    /// For an output whose documents go to indices named like that.
    ///
    /// - Parameter stream: the data stream that they are added to; nil: they go to indices.
    func make(
        _ settings: ElasticsearchSettings, _ stream: SearchDataStreamSection?
    ) throws(SearchTemplateFile.Failure) -> ServerSetup {
        var setup = start()
        let names = RolloverNames(settings, alias: alias, separator: separator, application: application)
        setup.rolloverPrefix = names.prefix
        setup.separator = settings.logstashFormat ? settings.logstashPrefixSeparator : separator
        var streamTemplate: [JSONValue.Member]?
        for template in templates {
            if stream != nil, template.name.isEmpty {
                streamTemplate = try template.file.read()
                continue
            }
            let rolls = template.isMain && (rollsOver || hasLifecycle) && stream == nil
            var members = try template.file.read()
            var name = template.name
            var plain: [JSONValue.Member]?
            if rolls, hasLifecycle {
                plain = members
                members = withLifecycle(members, names)
                name = names.alias
                plain = plain.map { withoutLifecycle($0, like: members) }
            }
            setup.steps.append(step(name, members, plain))
            if rolls { setup.steps += rolloverSteps(names) }
        }
        if let stream { setup.steps += stream.steps(template: streamTemplate) }
        return setup
    }

    private func start() -> ServerSetup {
        var setup = ServerSetup()
        setup.applicationName = application
        setup.againAfterSeconds = againAfterSeconds
        setup.attemptLimit = attemptLimit
        return setup
    }

    /// - Parameter plain: for servers without lifecycles, where that is another one.
    private func step(_ name: String, _ members: [JSONValue.Member], _ plain: [JSONValue.Member]?) -> SetupStep {
        let what = "index template '\(name)'"
        let path = (isLegacy ? "/_template/" : "/_index_template/") + SetupTarget.pathTemplate(name)
        var put = SetupRequest(.put, path, body: JSONValue.object(members).text)
        put.bodyWithoutLifecycles = plain.map { JSONValue.object($0).text }
        return overwrites
            ? .put(put, what: what)
            : .unlessThere(SetupRequest(.get, path), what: what, [.put(put, what: what)])
    }

    private func rolloverSteps(_ names: RolloverNames) -> [SetupStep] {
        let what = "alias '\(names.alias)'"
        // One request makes both: an index without its alias would be found there, and never be written to.
        let aliases = JSONValue.object([
            .init(
                key: "aliases",
                value: .object([
                    .init(key: names.alias, value: .object([.init(key: "is_write_index", value: .bool(true))]))
                ])
            )
        ])
        let index = SetupRequest(.put, "/" + names.firstIndexPath(datePattern), body: aliases.text)
        var steps: [SetupStep] = [
            .unlessThere(
                SetupRequest(.head, "/_alias/" + SetupTarget.pathTemplate(names.alias)), what: what,
                [.put(index, what: what)])
        ]
        if hasLifecycle {
            steps.append(
                Self.policyStep(policyID, policies[policyID] ?? Self.defaultPolicy, overwrites: overwritesPolicy))
        }
        return steps
    }

    static func policyStep(_ id: String, _ policy: JSONValue, overwrites: Bool) -> SetupStep {
        let what = "lifecycle policy '\(id)'"
        let path = "/_ilm/policy/" + SetupTarget.pathTemplate(id)
        var put = SetupRequest(.put, path, body: policy.text)
        put.isLifecycle = true
        if overwrites { return .put(put, what: what) }
        var get = SetupRequest(.get, path)
        get.isLifecycle = true
        return .unlessThere(get, what: what, [.put(put, what: what)])
    }

    /// fluent-plugin-elasticsearch's own (`default-ilm-policy.json`): a new index after 50 GB or 30 days.
    static let defaultPolicy =
        JSONValue(
            parsing: #"{"policy":{"phases":{"hot":{"actions":{"rollover":{"max_size":"50gb","max_age":"30d"}}}}}}"#)
        ?? .null

    // MARK: - Templates with a lifecycle

    private func withLifecycle(_ members: [JSONValue.Member], _ names: RolloverNames) -> [JSONValue.Member] {
        func lifecycle(_ settings: [JSONValue.Member]) -> JSONValue {
            .object(
                settings.setting("index.lifecycle.name", .string(policyID))
                    .setting("index.lifecycle.rollover_alias", .string(names.alias)))
        }
        var members = members.setting("index_patterns", .string(names.target + separator + "*"))
        // In front of templates for shorter names.
        let depth = names.targetText.count { separator.contains($0) } + 1
        let order = isLegacy ? "order" : "priority"
        var base = isLegacy ? 50 : 100
        if case .number(let digits)? = members[order], let number = Int(digits) { base = number }
        if isLegacy {
            members = members.without("template").setting("settings", lifecycle(members.object("settings")))
        } else {
            let inner = members.object("template")
            members = members.setting(
                "template", .object(inner.setting("settings", lifecycle(inner.object("settings")))))
        }
        return members.setting(order, .number(String(base + depth)))
    }

    /// The same, but for the settings that a server without lifecycles does not know.
    private func withoutLifecycle(
        _ plain: [JSONValue.Member], like made: [JSONValue.Member]
    ) -> [JSONValue.Member] {
        let key = isLegacy ? "settings" : "template"
        let before = plain[key]
        return before.map { made.setting(key, $0) } ?? made.without(key)
    }
}

/// What is called how where an alias rolls over.
private struct RolloverNames {
    /// What documents are sent to.
    let alias: String
    /// What the names of the indices behind it begin with.
    let target: String
    /// The same with the placeholders of the configuration.
    let targetText: String
    /// Of the index's name: what the application's name is put behind.
    let prefix: String?
    private let isDated: Bool
    private let separator: String
    private let application: String

    init(_ settings: ElasticsearchSettings, alias: String?, separator: String, application: String) {
        self.separator = separator
        self.application = application
        isDated = settings.logstashFormat
        if settings.logstashFormat {
            let between = settings.logstashPrefixSeparator
            let prefix = settings.logstashPrefix + between
            self.prefix = prefix.holds("${") ? nil : prefix.lowercased()
            self.alias = alias ?? "${_index}"
            target = "${_rollover}"
            targetText = prefix + application + between + settings.logstashDateFormat
        } else {
            prefix = nil
            let isFixed =
                !settings.indexName.holds("${")
                && !(settings.resolvesTimePlaceholders && settings.indexName.contains("%"))
                && settings.targetIndexKey == nil
            let name = isFixed ? settings.indexName.lowercased() : "${_index}"
            self.alias = alias ?? name
            target = name
            targetText = settings.indexName
        }
    }

    /// `<logs-default-{now/d}-000001>`: a name with date math (Elasticsearch's reference, "Date math support in index names").
    func firstIndexPath(_ datePattern: String) -> String {
        if isDated { return SetupTarget.pathTemplate("<\(target)-000001>") }
        let date = datePattern.isEmpty ? "" : "{\(datePattern)}-"
        let front = SetupTarget.pathTemplate("<\(target)\(separator)\(application.lowercased())-")
        return front + SetupTarget.percentEncoded("\(date)000001>")
    }
}
