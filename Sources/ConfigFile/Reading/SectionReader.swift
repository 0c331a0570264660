internal import Words

/// Reads the parameters of one section as typed values, and reports everything that is wrong with them.
///
/// The reader knows which keys it was asked for; `finish()` holds the section against that list, so nobody writes
/// a list of known parameters by hand. Errors go to the shared `Diagnostics`; a method that reported one returns
/// nil (or the default), so that the caller goes on and finds the rest.
package final class SectionReader {
    package let section: Section
    /// How messages name the section: `<filter service.ui> of type parser`.
    package let description: String
    package let diagnostics: Diagnostics
    private var knownKeys: [String] = []
    /// The same for looking: a section knows dozens, in their order for suggestions.
    private var knownKeySet: Set<String> = []
    private var knownSections: [String] = []
    private var takesAnyKey = false
    private var takesAnySection = false
    /// Required keys that are missing while a line of the section looks like them: `finish` tells which of both it is.
    private var perhapsMissing: [(key: String, message: String, hint: String)] = []
    /// What `finish` is to ignore where nobody has asked for it.
    private var leftovers: [(key: String, reason: String)] = []

    /// A reader for a section; the description is the section's own when none is given.
    package init(_ section: Section, description: String? = nil, diagnostics: Diagnostics) {
        self.section = section
        self.description = description ?? section.summary
        self.diagnostics = diagnostics
    }

    // MARK: - Keys

    /// The line that counts for a key or one of its other names; nil when there is none or it says `use_default`.
    ///
    /// Marks all names as known. When several names are set, the first of the list counts and the others are reported.
    package func parameter(_ key: String, aliases: [String] = []) -> Parameter? {
        know(key, aliases)
        let found = ([key] + aliases).compactMap { section.parameter($0) }
        if found.count > 1 {
            diagnostics.warning(
                found[1].keyPlace, "'\(found[1].key)' and '\(found[0].key)' in \(description) are the same parameter",
                hint: "'\(found[0].key)' counts; remove the other",
                related: [.init(found[0].keyPlace, "the first is here")])
        }
        guard let first = found.first, first.value != .useDefault else { return nil }
        return first
    }

    /// Whether a key is set. Marks it as known.
    package func has(_ key: String, aliases: [String] = []) -> Bool {
        know(key, aliases)
        return ([key] + aliases).contains { section.parameter($0) != nil }
    }

    /// Whether a key was asked for or accepted before.
    package func knows(_ key: String) -> Bool { knownKeySet.contains(key) || SectionNames.reservedKeys.contains(key) }

    /// `@type` (or `type`), a word that names the plugin.
    package func type(required: Bool = false) -> Setting<String>? {
        let type = parameter("@type", aliases: ["type"])
        if let text = type?.text, !text.isEmpty, let type {
            // Fluentd prints the type of a plugin bare and that of a section inside of it in quotes.
            diagnostics.noteReading(SectionNames.reserving.contains(section.name) ? .plain : .text, of: type.valuePlace)
            return Setting(text, type)
        }
        if required, type == nil, let misspelt = section.parameters.first(where: Self.looksLikeType) {
            // Word for word what the parser says where '@' is reserved: it is said once.
            diagnostics.error(
                misspelt.keyPlace, "unknown parameter '\(misspelt.key)' in \(section.tag)",
                hint: "did you mean '@type'?")
        } else if required {
            diagnostics.error(
                type?.keyPlace ?? section.place, "\(section.tag) has no '@type'",
                hint: "add a line '\(line("@type", "NAME"))'")
        }
        return nil
    }

    private static func looksLikeType(_ parameter: Parameter) -> Bool {
        EditDistance.between(parameter.key, "@type", limit: 1) != nil
            || EditDistance.between(parameter.key, "type", limit: 1) != nil
    }

    /// `@id` (or `id`).
    package func id() -> Setting<String>? { string("@id", aliases: ["id"]) }

    /// `@label`: where events go.
    package func label() -> Setting<String>? { string("@label") }

    /// `@log_level` (or `log_level`).
    package func logLevel() -> Setting<String>? { string("@log_level", aliases: ["log_level"]) }

    /// All parameters, for a section whose keys are the user's own, such as `<record>`.
    package func allParameters() -> [Parameter] {
        takesAnyKey = true
        var last: [String: Int] = [:]
        for (index, parameter) in section.parameters.enumerated() { last[parameter.key] = index }
        return section.parameters.enumerated().filter { last[$0.element.key] == $0.offset }.map(\.element)
    }

    /// Accepts parameters that have no effect here, and says why.
    /// - Parameter defaults: values that need no word.
    package func ignore(
        _ keys: [String], reason: String, severity: Diagnostic.Severity = .warning, defaults: [String: String] = [:]
    ) {
        for key in keys {
            know(key)
            // What is nil, or says what is so anyway, asks for nothing.
            guard let parameter = section.parameter(key), let text = parameter.text, text != defaults[key] else {
                continue
            }
            diagnostics.add(
                Diagnostic(
                    severity, at: parameter.keyPlace, "'\(key)' in \(description) has no effect: \(reason)"))
            diagnostics.add(
                Difference(
                    .withoutEffect, at: parameter.keyPlace, of: section.place, section: description, parameter: key,
                    reason, advice: "remove it"))
        }
    }

    /// As `ignore`, but for those of the keys that somebody else has a use for, before or after.
    package func ignoreUnlessTaken(_ keys: [String], reason: String) {
        leftovers += keys.map { ($0, reason) }
    }

    /// Notes something that is not as in Fluentd on purpose, for who comes from there.
    package func differs(of parameter: String? = nil, _ what: String, advice: String? = nil) {
        let place = parameter.flatMap { section.parameter($0)?.keyPlace } ?? section.place
        diagnostics.add(
            Difference(
                .deviation, at: place, of: section.place, section: description, parameter: parameter, what,
                advice: advice))
    }

    /// Accepts parameters silently: read elsewhere, such as those a `<parse>` section is made from.
    package func accept(_ keys: [String]) { for key in keys { know(key) } }

    // MARK: - Sections

    /// The nested sections of a name, in the order of the file.
    package func sections(named name: String) -> [Section] {
        if !knownSections.contains(name) { knownSections.append(name) }
        return section.sections(named: name)
    }

    /// The only nested section of a name; a second one is an error.
    package func section(named name: String, required: Bool = false) -> Section? {
        let found = sections(named: name)
        if found.count > 1 {
            diagnostics.error(
                found[1].place, "<\(name)> stands a second time in \(description)", hint: "put both into one section",
                related: [.init(found[0].place, "the first one is here")])
        }
        if found.isEmpty && required {
            diagnostics.error(
                section.place, "\(description) needs a section <\(name)>", hint: "add <\(name)> … </\(name)>")
        }
        return found.first
    }

    /// All nested sections, for a section that takes any.
    package func allSections() -> [Section] {
        takesAnySection = true
        return section.sections
    }

    // MARK: - Messages

    /// An error about the value of a key (or the key when it has no value, or the tag when it is not set).
    package func error(_ key: String, _ message: String, hint: String? = nil) {
        diagnostics.error(place(of: key), message, hint: hint)
    }

    /// A warning about the value of a key.
    package func warning(_ key: String, _ message: String, hint: String? = nil) {
        diagnostics.warning(place(of: key), message, hint: hint)
    }

    /// Where the value of a key stands; its key when the value is empty; the tag when it is not set.
    package func place(of key: String) -> Place {
        guard let parameter = section.parameter(key) else { return section.place }
        return parameter.valuePlace.start < parameter.valuePlace.end ? parameter.valuePlace : parameter.keyPlace
    }

    /// Where byte `offset` of a parameter's value stands, for errors inside regular expressions and templates.
    package func place(ofOffset offset: Int, in parameter: Parameter, length: Int = 1) -> Place {
        parameter.place(ofOffset: offset, length: length)
    }

    /// How a parameter is written in the format of the section's file.
    private func line(_ key: String, _ value: String) -> String {
        if section.place.text.hasPrefix("<") || section.name == "ROOT" { return "\(key) \(value)" }
        return (key.hasPrefix("@") ? "$" + key.dropFirst() : key) + ": \(value)"
    }

    // MARK: - The end

    /// Reports what nobody asked for: an error when the name is close to a known one, a warning otherwise.
    ///
    /// - Parameters:
    ///   - misspelt: how grave it is that a parameter looks like a misspelling of one.
    ///   - isWhole: whether the section was read to its end. Behind a mistake that ended the reading before, what was not
    ///     asked for yet is not unknown.
    package func finish(misspelt: Diagnostic.Severity = .error, isWhole: Bool = true) {
        for (key, reason) in leftovers where !knownKeySet.contains(key) { ignore([key], reason: reason) }
        let known = knownKeys + SectionNames.reservedKeys
        var reported: Set<String> = []
        var meant: Set<String> = []
        // Names that begin with '@' were judged by the parser, which knows what is reserved where.
        for parameter in section.parameters where !takesAnyKey && !parameter.key.hasPrefix("@") {
            if known.contains(parameter.key) || !reported.insert(parameter.key).inserted { continue }
            if Self.oldNames.contains(parameter.key), SectionNames.reserving.contains(section.name) { continue }
            if let glued = Guess.glued(parameter, among: known) {
                diagnostics.error(
                    parameter.keyPlace, "unknown parameter '\(parameter.key)' in \(description)",
                    hint: "did you mean '\(glued.name) \(glued.rest)'?")
                meant.insert(glued.name)
                continue
            }
            if let home = SectionNames.home(of: parameter.key, besides: section.name) {
                diagnostics.warning(
                    parameter.keyPlace, "unknown parameter '\(parameter.key)' in \(description) is not used",
                    hint: "it belongs into \(home)")
                continue
            }
            let near = report(
                unknown: parameter.key, "parameter", at: parameter.keyPlace, known: known, misspelt, isWhole: isWhole)
            if let near { meant.insert(near) }
        }
        reportLostLines(&meant)
        for missing in perhapsMissing where !meant.contains(missing.key) {
            diagnostics.error(section.place, missing.message, hint: missing.hint)
        }
        perhapsMissing.removeAll()
        for nested in section.sections where !takesAnySection && !knownSections.contains(nested.name) {
            let place = nested.place
            let isTag = place.text.hasPrefix("<")
            let start = place.start + (isTag ? 1 : 0)
            if !isTag, known.contains(nested.name) {
                diagnostics.error(
                    place, "'\(nested.name)' in \(description) is a parameter, and a mapping is a section",
                    hint: "write \(nested.name): !fluent/json {…}")
                continue
            }
            _ = report(
                unknown: nested.name, "section", at: Place(place.file, start, start + nested.name.utf8.count),
                known: knownSections)
        }
    }

    /// Lines that stand inside the value of the line before, because the newline between them was lost.
    private func reportLostLines(_ meant: inout Set<String>) {
        guard !takesAnyKey else { return }
        for parameter in section.parameters {
            guard let lost = Guess.lostLine(parameter, among: knownKeys), section.parameter(lost.name) == nil else {
                continue
            }
            let isRequired = perhapsMissing.contains { $0.key == lost.name }
            diagnostics.add(
                Diagnostic(
                    isRequired ? .error : .warning, at: parameter.place(ofOffset: lost.offset, length: lost.length),
                    "'\(lost.name)' stands inside the value of '\(parameter.key)'",
                    hint: "write it on a line of its own"))
            meant.insert(lost.name)
        }
    }

    /// What v0.12 wrote for `@type`, `@id` and `@log_level`.
    private static let oldNames: Set<String> = ["type", "id", "log_level"]

    /// Answers the known name that was probably meant.
    private func report(
        unknown name: String, _ noun: String, at place: Place, known: [String],
        _ misspelt: Diagnostic.Severity = .error, isWhole: Bool = true
    ) -> String? {
        let shown = noun == "section" ? "<\(name)>" : "'\(name)'"
        if let near = EditDistance.nearest(to: name, in: known) {
            let meant = noun == "section" ? "<\(near)>" : "'\(near)'"
            let message = "unknown \(noun) \(shown) in \(description)"
            if misspelt == .error {
                diagnostics.error(place, message, hint: "did you mean \(meant)?")
            } else {
                diagnostics.warning(place, message + " is not used", hint: "did you mean \(meant)?")
            }
            return near
        }
        guard isWhole else { return nil }
        let nearest = EditDistance.ranked(known.filter { !$0.hasPrefix("@") }, by: name, count: 3)
        let list = nearest.map { noun == "section" ? "<\($0)>" : "'\($0)'" }.joined(separator: ", ")
        diagnostics.warning(
            place, "unknown \(noun) \(shown) in \(description) is not used",
            hint: list.isEmpty ? "\(description) takes no \(noun)s" : "the nearest known are \(list)")
        return nil
    }

    private func know(_ key: String, _ aliases: [String] = []) {
        if knownKeySet.insert(key).inserted { knownKeys.append(key) }
        for name in aliases where knownKeySet.insert(name).inserted { knownKeys.append(name) }
    }

    /// Reports a missing parameter at the section's tag; when a line looks like it, `finish` reports that line instead.
    func reportMissing(_ key: String) {
        missing(
            key, "'\(key)' is required in \(description)", hint: "add a line '\(line(key, "VALUE"))'")
    }

    /// An error about a parameter that is not there; when a line looks like it, `finish` reports that line instead.
    package func missing(_ key: String, _ message: String, hint: String) {
        if diagnostics.hasTagErrors { return }
        let isPerhapsThere =
            key.utf8.count > 2 && section.parameter(key) == nil
            && section.parameters.contains { parameter in
                EditDistance.nearest(to: parameter.key, in: [key]) != nil
                    || Guess.glued(parameter, among: [key]) != nil || Guess.lostLine(parameter, among: [key]) != nil
            }
        if isPerhapsThere {
            perhapsMissing.append((key, message, hint))
        } else {
            diagnostics.error(section.parameter(key)?.keyPlace ?? section.place, message, hint: hint)
        }
    }
}

/// A value that was read, with the line it came from.
package struct Setting<Value: Sendable>: Sendable {
    package let value: Value
    package let parameter: Parameter

    package init(_ value: Value, _ parameter: Parameter) {
        self.value = value
        self.parameter = parameter
    }

    /// Where the value stands; the key when the value is empty.
    package var place: Place {
        parameter.valuePlace.start < parameter.valuePlace.end ? parameter.valuePlace : parameter.keyPlace
    }
}
