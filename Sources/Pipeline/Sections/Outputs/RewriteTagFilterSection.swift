internal import ConfigFile
internal import Events
internal import Filters
internal import Grok

/// `<match> @type rewrite_tag_filter`: back into the routes under another tag (fluent-plugin-rewrite-tag-filter).
enum RewriteTagFilterSection {
    static func read(_ reader: SectionReader, _ builder: PlanBuilder) -> OutputPlan? {
        let errorsBefore = reader.diagnostics.errorCount
        let ownLabel = reader.label()
        if let ownLabel { builder.use(label: ownLabel.value, at: ownLabel.place) }
        var labels: [String] = []
        func number(of label: String) -> Int {
            if let known = labels.firstIndex(of: label) { return known }
            labels.append(label)
            return labels.count - 1
        }
        refuseOldRules(reader)
        var rules: [TagRewriteRule] = []
        let sections = reader.sections(named: "rule")
        for section in sections {
            let inner = SectionReader(section, description: "<rule>", diagnostics: reader.diagnostics)
            let label = inner.string("label")
            if let label { builder.use(label: label.value, at: label.place) }
            if var rule = rule(inner) {
                rule.target = number(of: label?.value ?? ownLabel?.value ?? builder.label)
                rules.append(rule)
            }
            inner.finish()
        }
        if sections.isEmpty, reader.diagnostics.errorCount == errorsBefore {
            reader.diagnostics.error(
                reader.section.place, "\(reader.description) has no <rule>, so it would drop everything",
                hint: "add <rule> with 'key', 'pattern' and 'tag'")
        }
        var settings = TagRewriteSettings(rules: rules)
        settings.hostname = Array(builder.environment.hostname.utf8)
        settings.capitalizes = reader.bool("capitalize_regex_backreference", default: false)
        settings.removedPrefix = reader.string("remove_tag_prefix").map { Array($0.value.utf8) }
        let removed = reader.regexp("remove_tag_regexp")
        settings.removedPattern = removed?.compiled(reader.diagnostics)
        if let removed, settings.removedPrefix != nil {
            reader.diagnostics.warning(
                removed.parameter.keyPlace, "'remove_tag_regexp' has no effect beside 'remove_tag_prefix'",
                hint: "put both into one expression")
        }
        reader.ignore(
            ["hostname_command"], reason: "${hostname} is the name that the system gives this host", severity: .note)
        reader.ignore(["emit_mode"], reason: "events of one tag go on together", severity: .note)
        guard reader.diagnostics.errorCount == errorsBefore else { return nil }
        let (fixed, targets) = (settings, labels)
        return OutputPlan(
            type: "rewrite_tag_filter", summary: summary(fixed.rules.count, targets, builder.label),
            rewrites: fixed.rules.map { TagRewrite(label: targets[$0.target], example: $0.tag.example) },
            makeOutput: { _ in
                DirectOutput { context in
                    RewriteTagEmitter(fixed, targets: targets.map { context.emitter(toLabel: $0) })
                }
            })
    }

    private static func summary(_ count: Int, _ labels: [String], _ own: String) -> String {
        let others = labels.filter { $0 != own }
        return "\(count) rule\(count == 1 ? "" : "s")"
            + (others.isEmpty
                ? "" : ", to \(others.map { $0 == LabelPlan.rootName ? "events" : $0 }.joined(separator: " and "))")
    }

    private static func rule(_ reader: SectionReader) -> TagRewriteRule? {
        let key = reader.string("key", required: true)
        let pattern = reader.regexp("pattern", required: true)
        let tag = reader.string("tag", required: true)
        let isInverted = reader.bool("invert", default: false)
        guard let key, let pattern, let tag else { return nil }
        let accessor = AccessorText.read(key, reader)
        guard let regex = pattern.compiled(reader.diagnostics), let accessor else { return nil }
        let template = TagTemplate(tag.value)
        warn(template, tag, regex, isInverted, reader.diagnostics)
        var rule = TagRewriteRule(key: accessor, pattern: regex, tag: template)
        rule.isInverted = isInverted
        return rule
    }

    private static func warn(
        _ template: TagTemplate, _ tag: Setting<String>, _ pattern: Regex, _ isInverted: Bool,
        _ diagnostics: Diagnostics
    ) {
        for name in template.unknownNames {
            let isGroup = pattern.groups.contains { name == "${\($0.name)}" }
            diagnostics.warning(
                tag.place, "unknown placeholder '\(name)' will be empty",
                hint: isGroup
                    ? "groups have numbers here: $1 is the first one"
                    : "there are $1, ${tag}, ${tag_parts[N]} and ${hostname}")
        }
        guard let last = template.lastCapture else { return }
        if isInverted {
            diagnostics.warning(
                tag.place, "'$\(last)' will be empty: with 'invert true' the pattern has matched nothing",
                hint: "leave it out")
        } else if last > pattern.captureCount || last == 0 {
            let count = pattern.captureCount
            diagnostics.warning(
                tag.place, "'$\(last)' will be empty: the pattern has \(count) group\(count == 1 ? "" : "s")",
                hint: "a group is what stands between ( and ); the first is $1")
        }
    }

    /// `rewriterule1 KEY PATTERN TAG`, which the plugin itself does not read any more.
    private static func refuseOldRules(_ reader: SectionReader) {
        for parameter in reader.section.parameters where parameter.key.hasPrefix("rewriterule") {
            reader.accept([parameter.key])
            let words = (parameter.text ?? "").split(separator: " ").map(String.init)
            let rule =
                words.count >= 3
                ? "<rule>, key \(words[0]), pattern \(words[1..<(words.count - 1)].joined(separator: " ")), "
                    + "tag \(words[words.count - 1]), </rule>, each on a line of its own"
                : "<rule> with 'key', 'pattern' and 'tag'"
            reader.diagnostics.error(
                parameter.keyPlace, "'\(parameter.key)' is the form of older versions, which is not read any more",
                hint: "write \(rule)")
        }
    }
}
