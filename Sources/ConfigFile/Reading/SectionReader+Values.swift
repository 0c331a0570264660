internal import Words

extension SectionReader {
    // MARK: - Text

    /// The value as text; nil when it is not set, or set to `use_nil`.
    package func string(_ key: String, aliases: [String] = [], required: Bool = false) -> Setting<String>? {
        text(key, aliases, required, .text)
    }

    /// The value as text, or the default.
    package func string(_ key: String, aliases: [String] = [], default fallback: String) -> String {
        string(key, aliases: aliases)?.value ?? fallback
    }

    /// As `string`, for passwords and keys: the dump prints `xxxxxx`.
    package func secret(_ key: String, aliases: [String] = [], required: Bool = false) -> Setting<String>? {
        text(key, aliases, required, .secret)
    }

    // MARK: - Numbers

    /// A whole number within a range. Digits may be grouped with `_`; anything else is an error, not 0.
    package func int(
        _ key: String, aliases: [String] = [], required: Bool = false, range: ClosedRange<Int> = Int.min...Int.max
    ) -> Setting<Int>? {
        guard let setting = text(key, aliases, required, .plain) else { return nil }
        guard let number = UnitText.integer(setting.value) else {
            return reject(
                setting, "'\(key)' is '\(setting.value)', which is not a whole number", "write digits, such as 10")
        }
        return check(number, setting, key, range, String.init)
    }

    /// A whole number, or the default.
    package func int(
        _ key: String, aliases: [String] = [], default fallback: Int, range: ClosedRange<Int> = Int.min...Int.max
    ) -> Int {
        int(key, aliases: aliases, range: range)?.value ?? fallback
    }

    /// A number.
    package func float(
        _ key: String, aliases: [String] = [], required: Bool = false,
        range: ClosedRange<Double> = -.greatestFiniteMagnitude...Double.greatestFiniteMagnitude
    ) -> Setting<Double>? {
        guard let setting = text(key, aliases, required, .plain) else { return nil }
        guard let number = UnitText.float(setting.value) else {
            return reject(
                setting, "'\(key)' is '\(setting.value)', which is not a number", "write a number, such as 0.5")
        }
        return check(number, setting, key, range) { "\($0)" }
    }

    /// A number, or the default.
    package func float(
        _ key: String, aliases: [String] = [], default fallback: Double,
        range: ClosedRange<Double> = -.greatestFiniteMagnitude...Double.greatestFiniteMagnitude
    ) -> Double {
        float(key, aliases: aliases, range: range)?.value ?? fallback
    }

    /// Bytes: digits, with k, m, g or t for powers of 1024. `1.5m` is an error; Fluentd takes it for 5 MiB.
    package func size(
        _ key: String, aliases: [String] = [], required: Bool = false, range: ClosedRange<Int> = Int.min...Int.max
    ) -> Setting<Int>? {
        guard let setting = text(key, aliases, required, .plain) else { return nil }
        switch UnitText.size(setting.value) {
        case .success(let bytes): return check(bytes, setting, key, range) { "\($0) bytes" }
        case .failure(let problem):
            return reject(setting, "'\(key)' is '\(setting.value)', which is not a size", problem.hint)
        }
    }

    /// Bytes, or the default.
    package func size(
        _ key: String, aliases: [String] = [], default fallback: Int, range: ClosedRange<Int> = Int.min...Int.max
    ) -> Int {
        size(key, aliases: aliases, range: range)?.value ?? fallback
    }

    /// Seconds: a number, or digits with s, m, h or d. `100ms` is an error; Fluentd takes it for 6000 s.
    package func time(
        _ key: String, aliases: [String] = [], required: Bool = false,
        range: ClosedRange<Double> = -.greatestFiniteMagnitude...Double.greatestFiniteMagnitude
    ) -> Setting<Double>? {
        guard let setting = text(key, aliases, required, .plain) else { return nil }
        switch UnitText.time(setting.value) {
        case .success(let seconds): return check(seconds, setting, key, range) { "\($0) s" }
        case .failure(let problem):
            return reject(setting, "'\(key)' is '\(setting.value)', which is not a time", problem.hint)
        }
    }

    /// Seconds, or the default.
    package func time(
        _ key: String, aliases: [String] = [], default fallback: Double,
        range: ClosedRange<Double> = -.greatestFiniteMagnitude...Double.greatestFiniteMagnitude
    ) -> Double {
        time(key, aliases: aliases, range: range)?.value ?? fallback
    }

    // MARK: - Choices

    /// `true`, `yes`, or nothing behind the key; `false`, `no`. Anything else is a warning and counts as not set,
    /// as Fluentd takes it.
    package func bool(_ key: String, aliases: [String] = [], required: Bool = false) -> Setting<Bool>? {
        guard let setting = text(key, aliases, required, .plain) else { return nil }
        switch setting.value {
        case "true", "yes", "": return Setting(true, setting.parameter)
        case "false", "no": return Setting(false, setting.parameter)
        case let value where value.hasPrefix("#"): return Setting(true, setting.parameter)
        case let value:
            let other = ["on": "true", "1": "true", "enable": "true", "enabled": "true"]
            let another = ["off": "false", "0": "false", "disable": "false", "disabled": "false"]
            let word = value.lowercased()
            let near =
                other[word] ?? another[word]
                ?? EditDistance.nearest(
                    to: word, in: ["true", "false", "yes", "no"], limit: word.utf8.count < 4 ? 0 : 2)
            diagnostics.warning(
                setting.place, "'\(key)' is '\(value)', which is neither true nor false; the default is used",
                hint: near.map { "did you mean '\($0)'?" } ?? "write true or false")
            return nil
        }
    }

    /// True or false, or the default.
    package func bool(_ key: String, aliases: [String] = [], default fallback: Bool) -> Bool {
        bool(key, aliases: aliases)?.value ?? fallback
    }

    /// One of a list of words; the error names them all.
    package func enumeration<Value: Sendable>(
        _ key: String, aliases: [String] = [], _ allowed: KeyValuePairs<String, Value>, required: Bool = false
    ) -> Setting<Value>? {
        guard let setting = text(key, aliases, required, .plain) else { return nil }
        if let match = allowed.first(where: { $0.key == setting.value }) {
            return Setting(match.value, setting.parameter)
        }
        let words = allowed.map(\.key)
        let list = "valid are \(words.joined(separator: ", "))"
        let near = EditDistance.nearest(to: setting.value, in: words)
        return reject(
            setting, "'\(key)' is '\(setting.value)', which is not valid",
            near.map { "did you mean '\($0)'? \(list)" } ?? list)
    }

    /// One of a list of words, or the default.
    package func enumeration<Value: Sendable>(
        _ key: String, aliases: [String] = [], _ allowed: KeyValuePairs<String, Value>, default fallback: Value
    ) -> Value {
        enumeration(key, aliases: aliases, allowed)?.value ?? fallback
    }

    // MARK: - Collections

    /// A JSON array or a comma list, as text: strings as they are, other JSON values as JSON.
    package func array(_ key: String, aliases: [String] = [], required: Bool = false) -> Setting<[String]>? {
        guard let setting = text(key, aliases, required, .plain) else { return nil }
        if setting.value.hasPrefix("[") {
            guard case .array(let items)? = JSONScanner.parse(setting.value) else {
                return reject(setting, "'\(key)' is not a JSON array", "write [\"a\", \"b\"] or a,b")
            }
            return Setting(items.map(\.plainText), setting.parameter)
        }
        return Setting(UnitText.list(setting.value), setting.parameter)
    }

    /// A JSON object or `k:v,k:v`, in order; a key that comes twice has its last value.
    package func hash(
        _ key: String, aliases: [String] = [], required: Bool = false
    ) -> Setting<[(key: String, value: String)]>? {
        guard let setting = text(key, aliases, required, .plain) else { return nil }
        var pairs: [(key: String, value: String)] = []
        func set(_ name: String, _ value: String) {
            if let index = pairs.firstIndex(where: { $0.key == name }) {
                pairs[index].value = value
            } else {
                pairs.append((name, value))
            }
        }
        if setting.value.hasPrefix("{") {
            guard case .object(let members)? = JSONScanner.parse(setting.value) else {
                return reject(setting, "'\(key)' is not a JSON object", "write {\"k\": \"v\"} or k:v")
            }
            for member in members { set(member.key, member.value.plainText) }
        } else {
            for item in UnitText.list(setting.value) {
                guard let colon = item.firstIndex(of: ":") else {
                    return reject(
                        setting, "'\(key)' holds '\(item)', which has no ':'", "write k:v,k:v or a JSON object")
                }
                set(String(item[..<colon]), String(item[item.index(after: colon)...]))
            }
        }
        return Setting(pairs, setting.parameter)
    }

    /// Any JSON value.
    package func jsonValue(_ key: String, aliases: [String] = [], required: Bool = false) -> Setting<JSONValue>? {
        guard let setting = text(key, aliases, required, .plain) else { return nil }
        guard let value = JSONScanner.parse(setting.value) else {
            return reject(setting, "'\(key)' is not JSON", "text is written in quotes: \"…\"")
        }
        return Setting(value, setting.parameter)
    }

    // MARK: - Regular expressions

    /// Text that is a pattern of any kind: as `string`, and what the language does to it without a word is told.
    package func pattern(_ key: String, aliases: [String] = [], required: Bool = false) -> Setting<String>? {
        guard let setting = text(key, aliases, required, .text) else { return nil }
        let oddities = setting.parameter.oddities
        if let comment = oddities.comment, !Self.isClosed(setting.value) {
            let quotes = setting.value.contains("'") ? "" : "put it in single quotes, or "
            diagnostics.warning(comment, "the value ends here because of ' #'", hint: quotes + "write [#]")
        }
        if let lost = oddities.lostBackslash {
            diagnostics.warning(
                lost, "in double quotes '\(lost.text)' is '\(lost.text.dropFirst())'",
                hint: "put the value in single quotes, or write '\\\(lost.text)'")
        }
        return setting
    }

    /// `/…/` with options: what follows such a value is meant as a comment.
    private static func isClosed(_ text: String) -> Bool {
        guard text.hasPrefix("/"), let slash = text.lastIndex(of: "/"), slash > text.startIndex else { return false }
        return text[text.index(after: slash)...].allSatisfy { "imx".contains($0) }
    }

    /// A text such as a path as a regular expression, as it is meant to be written.
    private static func betweenSlashes(_ text: String) -> String {
        "/" + text.split(separator: "/", omittingEmptySubsequences: false).joined(separator: "\\/") + "/"
    }

    /// `/body/` with the options i, m, x; or the bare body. Says nothing about whether the body compiles.
    package func regexp(_ key: String, aliases: [String] = [], required: Bool = false) -> Setting<RegexpText>? {
        guard let setting = pattern(key, aliases: aliases, required: required) else { return nil }
        let bytes = Array(setting.value.utf8)
        guard bytes.first == Byte.slash else {
            return Setting(RegexpText(body: setting.value, options: "", bodyOffset: 0), setting.parameter)
        }
        guard let slash = bytes.lastIndex(of: Byte.slash), slash > 0 else {
            return reject(setting, "'\(key)' has no closing '/'", "write \(Self.betweenSlashes(setting.value))")
        }
        let options = String(decoding: bytes[(slash + 1)...], as: UTF8.self)
        if let bad = options.utf8.firstIndex(where: { !"imx".utf8.contains($0) }) {
            let offset = slash + 1 + options.utf8.distance(from: options.utf8.startIndex, to: bad)
            let place = setting.parameter.place(ofOffset: offset, length: bytes.count - offset)
            diagnostics.error(
                place, "'\(key)' has '\(options)' behind its closing '/'",
                hint: options.utf8.count <= 3
                    ? "options are i, m and x; write /…/i"
                    : "a pattern that begins with a slash needs two more around it: "
                        + Self.betweenSlashes(setting.value))
            return nil
        }
        let body = String(decoding: bytes[1..<slash], as: UTF8.self)
        return Setting(RegexpText(body: body, options: options, bodyOffset: 1), setting.parameter)
    }

    // MARK: - Shared

    private func text(
        _ key: String, _ aliases: [String], _ required: Bool, _ kind: ReadingKind
    ) -> Setting<String>? {
        let parameter = parameter(key, aliases: aliases)
        if let parameter { diagnostics.noteReading(kind, of: parameter.valuePlace) }
        if parameter?.oddities.isBroken == true { return nil }
        guard let parameter, let text = parameter.text else {
            if required { reportMissing(key) }
            return nil
        }
        return Setting(text, parameter)
    }

    private func reject<Value>(_ setting: Setting<String>, _ message: String, _ hint: String) -> Setting<Value>? {
        diagnostics.error(setting.place, "\(message) (in \(description))", hint: hint)
        return nil
    }

    private func check<Value: Comparable & Sendable>(
        _ value: Value, _ setting: Setting<String>, _ key: String, _ range: ClosedRange<Value>,
        _ show: (Value) -> String
    ) -> Setting<Value>? {
        if range.contains(value) { return Setting(value, setting.parameter) }
        let isLow = value < range.lowerBound
        return reject(
            setting, "'\(key)' is '\(setting.value)', which is too \(isLow ? "small" : "large")",
            isLow ? "at least \(show(range.lowerBound))" : "at most \(show(range.upperBound))")
    }
}

/// A regular expression as it was written, taken apart.
package struct RegexpText: Sendable, Hashable {
    /// Without slashes.
    package let body: String
    /// Ruby's options in the order written.
    package let options: String
    /// Bytes of the value before the body: what to add to an offset in the body to ask the parameter for its place.
    package let bodyOffset: Int

    package init(body: String, options: String, bodyOffset: Int) {
        self.body = body
        self.options = options
        self.bodyOffset = bodyOffset
    }

    package var isCaseInsensitive: Bool { options.contains("i") }
    /// Ruby's `m`: a dot matches a newline.
    package var dotMatchesNewline: Bool { options.contains("m") }
    package var isExtended: Bool { options.contains("x") }
}
