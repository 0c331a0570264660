internal import ConfigFile
internal import Events
internal import Filters
internal import Grok

/// `<filter> @type grep`, with v0.12's `regexp1 key pattern` and `exclude1 key pattern`.
enum GrepSection {
    static func read(_ reader: SectionReader, _ builder: PlanBuilder) -> FilterPlan? {
        var required: [GrepFilter.Group] = []
        var excluded: [GrepFilter.Group] = []
        read(reader, &required, &excluded)
        for (name, needsAll) in [("and", true), ("or", false)] {
            for section in reader.sections(named: name) {
                let inner = SectionReader(section, description: "<\(name)>", diagnostics: reader.diagnostics)
                let regexps = conditions(inner, "regexp")
                let excludes = conditions(inner, "exclude")
                inner.finish()
                if !regexps.isEmpty { required.append(.init(regexps, needsAll: needsAll)) }
                if !excludes.isEmpty { excluded.append(.init(excludes, needsAll: needsAll)) }
            }
        }
        if required.isEmpty && excluded.isEmpty && !reader.diagnostics.hasErrors {
            reader.diagnostics.warning(
                reader.section.place, "\(reader.description) has no condition, so it keeps everything",
                hint: "add <regexp> or <exclude> with 'key' and 'pattern'")
        }
        let (keep, drop) = (required, excluded)
        let count = (keep + drop).reduce(0) { $0 + $1.conditions.count }
        return FilterPlan(type: "grep", summary: "\(count) condition\(count == 1 ? "" : "s")") { _ in
            GrepFilter(required: keep, excluded: drop)
        }
    }

    private static func read(
        _ reader: SectionReader, _ required: inout [GrepFilter.Group], _ excluded: inout [GrepFilter.Group]
    ) {
        let regexps = conditions(reader, "regexp")
        for condition in regexps { required.append(.init([condition], needsAll: true)) }
        for condition in conditions(reader, "exclude") { excluded.append(.init([condition], needsAll: true)) }
        for number in 1...20 {
            if let condition = oldCondition(reader, "regexp\(number)") {
                required.append(.init([condition], needsAll: true))
            }
            if let condition = oldCondition(reader, "exclude\(number)") {
                excluded.append(.init([condition], needsAll: true))
            }
        }
    }

    private static func conditions(_ reader: SectionReader, _ name: String) -> [GrepFilter.Condition] {
        var seen: [String: Place] = [:]
        return reader.sections(named: name).compactMap { section in
            let inner = SectionReader(section, description: "<\(name)>", diagnostics: reader.diagnostics)
            let key = inner.string("key", required: true)
            let pattern = inner.regexp("pattern", required: true)
            inner.finish()
            if let key, let first = seen[key.value] {
                // Fluentd refuses to start: it would keep only the last.
                reader.diagnostics.error(
                    key.place, "'\(key.value)' has a second <\(name)> in \(reader.description)",
                    hint: "put both into one pattern: /one|other/, or into <and> or <or>",
                    related: [.init(first, "the first one is here")])
            }
            if let key { seen[key.value] = key.place }
            guard let key, let pattern, let accessor = AccessorText.read(key, inner),
                let regex = pattern.compiled(reader.diagnostics)
            else { return nil }
            return .init(key: accessor, pattern: regex)
        }
    }

    /// `regexp1 key pattern`
    private static func oldCondition(_ reader: SectionReader, _ name: String) -> GrepFilter.Condition? {
        guard let setting = reader.pattern(name) else { return nil }
        let parts = setting.value.split(separator: " ", maxSplits: 1).map(String.init)
        guard parts.count == 2 else {
            reader.error(
                name, "'\(name)' is '\(setting.value)'", hint: "write \(name) KEY PATTERN, or a <regexp> section")
            return nil
        }
        let offset = setting.value.utf8.count - parts[1].utf8.count
        do throws(PatternError) {
            return .init(key: RecordAccessor(key: parts[0]), pattern: try Regex(parts[1]))
        } catch {
            reader.diagnostics.error(
                setting.parameter.place(ofOffset: offset + error.offset, length: max(error.length, 1)), error.message,
                hint: error.hint)
            return nil
        }
    }
}
