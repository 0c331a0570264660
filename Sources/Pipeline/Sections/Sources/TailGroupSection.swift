internal import ConfigFile
internal import Grok
internal import Inputs

/// `<group>` of `<source> @type tail` (docs.fluentd.org, "tail", "group_watch").
enum TailGroupSection {
    /// The names of containers' logs in Kubernetes, as Fluentd's default has them.
    private static let containers =
        #"^/var/log/containers/(?<podname>[a-z0-9]([-a-z0-9]*[a-z0-9])?(/[a-z0-9]([-a-z0-9]*[a-z0-9])?)*)"#
        + #"_(?<namespace>[^_]+)_(?<container>.+)-(?<docker_id>[a-z0-9]{64})\.log$"#
    /// What stands between the parts of a path that are compared, and between the expressions for them.
    private static let separator = "_"

    static func read(_ section: Section, _ diagnostics: Diagnostics) -> TailGroups? {
        let errorsBefore = diagnostics.errorCount
        let reader = SectionReader(section, diagnostics: diagnostics)
        let pattern: Regex?
        if let given = reader.regexp("pattern") {
            pattern = given.compiled(diagnostics)
        } else {
            pattern = try? Regex(containers)
        }
        let period = reader.time("rate_period", default: 5, range: 0.1...86_400)
        let sections = reader.sections(named: "rule")
        if sections.isEmpty {
            diagnostics.error(section.place, "<group> has no <rule>", hint: "add <rule> with 'match' and 'limit'")
        }
        let names = pattern?.groups.map(\.name) ?? []
        let rules = sections.map { rule($0, names, diagnostics) }
        reader.finish()
        guard diagnostics.errorCount == errorsBefore, let pattern else { return nil }
        // Rules that say more come first.
        let ordered = rules.compactMap(\.self).enumerated().sorted {
            ($1.element.count, $0.offset) < ($0.element.count, $1.offset)
        }.map(\.element)
        return TailGroups(periodMilliseconds: UInt64(period * 1000), limits: ordered.map(\.limit)) { path in
            let scratch = MatchScratch()
            guard let key = parts(of: path, pattern, scratch) else { return nil }
            let found = ordered.firstIndex { matches($0.expression, key, scratch) }
            return found.flatMap { ordered[$0].limit < 0 ? nil : $0 }
        }
    }

    private struct Rule: Sendable {
        let expression: Regex
        /// Of names in its `match`.
        let count: Int
        let limit: Int
    }

    private static func rule(_ section: Section, _ names: [String], _ diagnostics: Diagnostics) -> Rule? {
        let reader = SectionReader(section, description: "<rule>", diagnostics: diagnostics)
        defer { reader.finish() }
        let limit = reader.int("limit", default: -1, range: -1...(1 << 40))
        let setting = reader.hash("match")
        let pairs = setting?.value ?? []
        for pair in pairs where !names.contains(pair.key) {
            reader.error(
                "match", "'\(pair.key)' is no group of the pattern",
                hint: names.isEmpty ? "write (?<\(pair.key)>…) in it" : "it has \(names.joined(separator: ", "))")
            return nil
        }
        let expressions = names.map { name in pairs.first { $0.key == name }.map { inner($0.value) } ?? ".*" }
        do throws(PatternError) {
            return Rule(
                expression: try Regex(expressions.map { "(?:\($0))" }.joined(separator: separator)),
                count: pairs.count, limit: limit)
        } catch {
            reader.error("match", error.message, hint: error.hint)
            return nil
        }
    }

    /// What stands between slashes, with its options; or the whole.
    private static func inner(_ text: String) -> String {
        guard text.hasPrefix("/"), let end = text.lastIndex(of: "/"), end > text.startIndex else { return text }
        let body = text[text.index(after: text.startIndex)..<end]
        let options = text[text.index(after: end)...]
        return options.isEmpty ? String(body) : "(?\(options):\(body))"
    }

    /// What the named groups have found in a path.
    private static func parts(of path: String, _ pattern: Regex, _ scratch: MatchScratch) -> String? {
        let bytes = Array(path.utf8)
        guard case .matched = pattern.match(bytes.span, as: SubjectText.classify(bytes.span), scratch) else {
            return nil
        }
        return pattern.groups.map { group in
            guard let number = group.numbers.last(where: { scratch.start(of: $0) >= 0 }) else { return "" }
            return String(decoding: bytes[scratch.start(of: number)..<scratch.end(of: number)], as: UTF8.self)
        }.joined(separator: separator)
    }

    private static func matches(_ expression: Regex, _ key: String, _ scratch: MatchScratch) -> Bool {
        let bytes = Array(key.utf8)
        guard case .matched = expression.match(bytes.span, as: SubjectText.classify(bytes.span), scratch) else {
            return false
        }
        return true
    }
}
