internal import Words
internal import YAML

/// YAML → the tree that the classic format gives, with the places of the YAML: `system:`, and under `config:` a list of
/// sources, filters, matches, labels and workers (docs.fluentd.org/configuration/config-file-yaml).
///
/// `$type`, `$label`, `$id` and `$log_level` are the parameters with `@`; `$tag`, `$name` and `$arg` what stands behind the
/// section's name. A mapping is a section, a list of mappings several; all else is a parameter. `!include` is replaced by
/// what the files hold, and `<<` by the entries of a mapping.
struct YAMLBuilder {
    let session: ParseSession
    var diagnostics: Diagnostics { session.diagnostics }

    init(session: ParseSession) { self.session = session }

    /// In Fluentd's order, where one item of the list has several.
    private static let directives = ["label", "source", "filter", "match", "worker"]
    private static let special = ["$type", "$label", "$id", "$log_level", "$tag", "$name", "$arg"]

    static let includeTag = "!include"
    static let textTag = "!fluent/s"
    static let jsonTag = "!fluent/json"

    /// Puts what a file says into the innermost open section.
    func build(_ yaml: YAMLFile) {
        guard let root = yaml.root else { return }
        session.reading(yaml.file.path) {
            guard root.entries != nil else {
                diagnostics.error(
                    yaml.place(of: root).firstLine, "a YAML configuration begins with 'config:' or 'system:'",
                    hint: "write 'config:' and under it a list: - source: …")
                return
            }
            let entries = entries(of: root, yaml)
            for entry in entries where entry.key == "system" {
                each(entry.value, entry.yaml) { add(section("system", entry.place, $0, $1, in: "ROOT", depth: 1)) }
            }
            for entry in entries where entry.key == "config" {
                each(entry.value, entry.yaml) { list($0, $1, in: "ROOT", depth: 0) { add($0) } }
            }
            for entry in entries where !["system", "config"].contains(entry.key) { reportUnused(entry) }
        }
    }

    private func add(_ section: Section?) {
        guard let section else { return }
        session.open[session.open.count - 1].section.sections.append(section)
    }

    /// Fluentd says nothing: other keys hold what aliases name.
    private func reportUnused(_ entry: Entry) {
        if Self.directives.contains(entry.key) {
            diagnostics.warning(
                entry.place, "'\(entry.key)' stands outside of 'config:' and is not used",
                hint: "put it into the list: config: - \(entry.key): …")
        } else if let near = EditDistance.nearest(to: entry.key, in: ["system", "config"]) {
            diagnostics.warning(entry.place, "'\(entry.key)' is not used", hint: "did you mean '\(near)'?")
        }
    }

    // MARK: - Lists of sections

    private func list(
        _ node: YAMLNode, _ yaml: YAMLFile, in parent: String, depth: Int, _ take: (Section) -> Void
    ) {
        if depth > session.limits.maximumSectionDepth { return reportDepth(yaml.place(of: node)) }
        if let items = node.items {
            for item in items { each(item, yaml) { list($0, $1, in: parent, depth: depth + 1, take) } }
            return
        }
        guard node.entries != nil else {
            if node.parameterText == nil { return }
            diagnostics.error(
                yaml.place(of: node).firstLine, "a section is expected here",
                hint: "write '- source:' and its parameters under it")
            return
        }
        let entries = entries(of: node, yaml)
        let allowed = SectionNames.allowed(in: parent) ?? Self.directives
        for directive in Self.directives {
            for entry in entries where entry.key == directive {
                if !allowed.contains(directive) {
                    diagnostics.warning(
                        entry.place, "'\(directive)' in <\(parent)> has no effect",
                        hint: "known are \(allowed.joined(separator: ", "))")
                }
                each(entry.value, entry.yaml) { value, yaml in
                    if let section = section(directive, entry.place, value, yaml, in: parent, depth: depth + 1) {
                        take(section)
                    }
                }
            }
        }
        for entry in entries where !Self.directives.contains(entry.key) {
            diagnostics.error(
                entry.place, "unknown section '\(entry.key)'",
                hint: EditDistance.nearest(to: entry.key, in: Self.directives).map { "did you mean '\($0)'?" }
                    ?? (entry.key == "system"
                        ? "'system:' stands beside 'config:', not in it"
                        : "known are \(Self.directives.joined(separator: ", "))"))
        }
    }

    private func reportDepth(_ place: Place) {
        diagnostics.error(
            place.firstLine, "sections are nested more than \(session.limits.maximumSectionDepth) deep",
            hint: "the rest was not read")
    }

    // MARK: - A section

    private func section(
        _ name: String, _ place: Place, _ node: YAMLNode, _ yaml: YAMLFile, in parent: String, depth: Int
    ) -> Section? {
        if depth > session.limits.maximumSectionDepth {
            reportDepth(place)
            return nil
        }
        var section = Section(
            name: name, argument: Argument(text: "", place: Place(place.file, place.end, place.end)), place: place)
        guard node.entries != nil else {
            // Nothing behind the colon: a section without parameters.
            if node.isScalar, node.parameterText == nil { return section }
            diagnostics.error(
                yaml.place(of: node).firstLine, "the section '\(name)' holds no parameters",
                hint: "write them under it, one on each line: key: value")
            return nil
        }
        let entries = entries(of: node, yaml)
        let argumentKey = name == "filter" || name == "match" ? "$tag" : name == "label" ? "$name" : "$arg"
        if let argument = entries.first(where: { $0.key == argumentKey }) { section.argument = self.argument(argument) }
        let holdsList = name == "label" || name == "worker"
        for entry in entries where entry.key != argumentKey {
            if holdsList, entry.key == "config" {
                each(entry.value, entry.yaml) { value, yaml in
                    list(value, yaml, in: name, depth: depth + 1) { section.sections.append($0) }
                }
            } else {
                add(entry, to: &section, depth)
            }
        }
        if holdsList, !entries.contains(where: { $0.key == "config" }) {
            diagnostics.warning(place, "\(section.tag) has no 'config:'", hint: "write 'config:' and under it a list")
        }
        return section
    }

    private func add(_ entry: Entry, to section: inout Section, _ depth: Int) {
        var key = entry.key
        if key.hasPrefix("$") {
            let known = ["$type", "$label", "$id", "$log_level"]
            if known.contains(key) {
                key = "@" + key.dropFirst()
            } else {
                let near = EditDistance.nearest(to: key, in: Self.special)
                let message = "'\(key)' in \(section.tag) is not used"
                if let near, near != key {
                    diagnostics.error(
                        entry.place, "unknown '\(key)' in \(section.tag)", hint: "did you mean '\(near)'?")
                } else {
                    diagnostics.warning(entry.place, message, hint: "there are \(known.joined(separator: ", "))")
                }
                return
            }
        }
        each(entry.value, entry.yaml) { value, yaml in
            switch value.content {
            case .mapping where value.tag != Self.jsonTag:
                if let nested = self.section(key, entry.place, value, yaml, in: section.name, depth: depth + 1) {
                    section.sections.append(nested)
                }
            case .sequence(let items) where value.tag != Self.jsonTag && items.first.map(isSection) == true:
                for item in items {
                    each(item, yaml) { value, yaml in
                        let place = yaml === entry.yaml ? yaml.place(of: item).firstLine : entry.place
                        if let nested = self.section(key, place, value, yaml, in: section.name, depth: depth + 1) {
                            section.sections.append(nested)
                        }
                    }
                }
            default:
                let parameter = parameter(key, entry.place, value, yaml)
                SectionNames.checkReserved(parameter, section.name, section.tag, diagnostics)
                section.parameters.append(parameter)
            }
        }
    }

    private func isSection(_ node: YAMLNode) -> Bool { !node.isScalar || node.tag == Self.includeTag }

    // MARK: - Includes and merges

    /// An entry of a mapping, whichever file it comes from.
    struct Entry {
        let key: String
        let place: Place
        let value: YAMLNode
        let yaml: YAMLFile
    }

    /// The entries of a mapping, those that `<<` brings in its place; of two with one key the later counts.
    private func entries(of node: YAMLNode, _ yaml: YAMLFile) -> [Entry] {
        var entries: [Entry] = []
        var places: [String: Int] = [:]
        func set(_ entry: Entry) {
            if let index = places[entry.key] {
                entries[index] = entry
            } else {
                places[entry.key] = entries.count
                entries.append(entry)
            }
        }
        for entry in node.entries ?? [] {
            guard entry.key == "<<" else {
                set(Entry(key: entry.key, place: yaml.place(ofKey: entry), value: entry.value, yaml: yaml))
                continue
            }
            each(entry.value, yaml) { value, yaml in
                for one in value.items ?? [value] {
                    if one.entries == nil {
                        diagnostics.error(
                            yaml.place(of: one).firstLine, "'<<' takes a mapping", hint: "write '<<: *name'")
                    }
                    self.entries(of: one, yaml).forEach(set)
                }
            }
        }
        return entries
    }

    /// The node, or what the files hold that it includes.
    func each(_ node: YAMLNode, _ yaml: YAMLFile, _ body: (YAMLNode, YAMLFile) -> Void) {
        guard node.tag == Self.includeTag else { return body(node, yaml) }
        let place = yaml.place(of: node)
        guard let path = node.text, !path.isEmpty else {
            return diagnostics.error(place.firstLine, "'!include' without a path", hint: "write !include conf.d/*.yaml")
        }
        for match in session.matches(of: path, at: place) where !session.isStopped {
            guard session.mayInclude(match, at: place) else { continue }
            guard ConfigDocument.isYAML(match) else {
                diagnostics.error(
                    place, "'\(match)' is no YAML by its name, and a YAML configuration includes no other",
                    hint: "write it as YAML, with the ending .yaml")
                continue
            }
            guard let bytes = session.bytes(of: match, at: place) else { continue }
            let included = YAMLFile(
                path: match, bytes: ConfigDocument.repaired(bytes, path: match, diagnostics), diagnostics)
            guard let root = included.root else { continue }
            session.reading(match) { each(root, included, body) }
        }
    }
}

extension Place {
    /// Up to the end of its first line.
    var firstLine: Place {
        let line = file.lineRange(file.lineIndex(at: start))
        return Place(file, start, min(end, line.upperBound))
    }
}
