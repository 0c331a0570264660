package import Events
internal import Grok

/// A parser that was checked and compiled once, from which each loop thread makes its own.
package struct ParserRecipe: Sendable {
    private let make: @Sendable (ConversionFaults) -> any TextParser
    /// What is wrong but does not prevent the start: bad patterns of a grok list whose others are good.
    package let warnings: [SettingError]
    /// What a grok parser was made of, for tools that try its expressions; nil for every other parser.
    package let grok: GrokOptions?
    /// How lines make texts for it, where it comes line by line.
    package private(set) var lines = LineJoining.single
    /// What the grok patterns of all its parsers have done; nil: nobody counts, or there are none.
    package private(set) var meter: PatternMeter?

    private init(
        warnings: [SettingError] = [], grok: GrokOptions? = nil,
        _ make: @escaping @Sendable (ConversionFaults) -> any TextParser
    ) {
        self.make = make
        self.warnings = warnings
        self.grok = grok
    }

    /// A parser for the calling thread. What it could not convert it notes in `faults`, which its owner empties.
    package func makeParser(noting faults: ConversionFaults = ConversionFaults()) -> any TextParser {
        let parser = make(faults)
        return meter.map { CountedParser(parser, $0) } ?? parser
    }

    /// The same, and what the grok patterns of its parsers do is counted together.
    package func counted() -> ParserRecipe {
        let names = make(ConversionFaults()).patternNames
        guard !names.isEmpty else { return self }
        var recipe = self
        recipe.meter = PatternMeter(names: names)
        return recipe
    }

    // MARK: - Parsers

    /// `json`. Defaults: `time_key time`; `time_type float`, or string when a `time_format` is given.
    package static func json(_ options: ParserOptions = ParserOptions()) throws(SettingError) -> ParserRecipe {
        let rules = try FieldRules(jsonDefaults(options))
        return ParserRecipe { JSONParser(rules, $0) }
    }

    private static func jsonDefaults(_ options: ParserOptions) -> ParserOptions {
        var options = options.with(defaultTimeKey: "time")
        if options.timeType == nil { options.timeType = options.timeFormat == nil ? .float : .string }
        return options
    }

    /// `regexp`. The expression is `/…/imx` or bare, and needs at least one named group. Default: `time_key time`.
    package static func regexp(
        _ expression: String, ignoringCase: Bool = false, multiline: Bool = false,
        _ options: ParserOptions = ParserOptions()
    ) throws(SettingError) -> ParserRecipe {
        var flags: RubyPattern.Options = []
        if ignoringCase { flags.insert(.ignoringCase) }
        if multiline { flags.insert(.dotMatchesNewline) }
        let regex = try compileRegex(expression, parameter: "expression", options: flags)
        guard !regex.groups.isEmpty else {
            throw SettingError(
                "expression", "no named group in the expression, so it would make empty records",
                hint: "name what you want to keep: (?<name>…)")
        }
        return try regexp(regex, options.with(defaultTimeKey: "time"))
    }

    private static func regexp(_ regex: Regex, _ options: ParserOptions) throws(SettingError) -> ParserRecipe {
        let rules = try FieldRules(options)
        let limits = options.matchLimits
        return ParserRecipe { RegexpParser(regex, rules, limits: limits, $0) }
    }

    /// `grok` and `multiline_grok`. Default: `time_key time`.
    package static func grok(_ options: GrokOptions) throws(SettingError) -> ParserRecipe {
        guard !options.sections.isEmpty else {
            throw SettingError(
                "grok_pattern", "no grok_pattern is given", hint: "add grok_pattern or <grok> sections")
        }
        let set: GrokSet
        do {
            set = try GrokSet(
                options.sections.map { GrokSet.Source($0.expression, name: $0.name, pattern: $0.pattern) },
                compiler: GrokCompiler(library: options.library), multiline: options.isMultiline)
        } catch {
            throw setupError(error)
        }
        var program = GrokParser.Program(
            set: set, rules: [], types: [], nameKey: options.nameKey.map { Array($0.utf8) },
            failureKey: options.failureKey.map { Array($0.utf8) }, messageKey: Array(options.messageKey.utf8),
            limits: options.options.matchLimits)
        for member in set.members {
            let section = options.sections[member.index]
            let sectionOptions = (section.options ?? options.options).with(defaultTimeKey: "time")
            var rules = try FieldRules(sectionOptions)
            // Fields of grok expressions bring a type each, which replace the parameter.
            if section.expression.utf8.contains(UInt8(ascii: ":")), section.expression.contains("%{") {
                rules.types = []
            }
            program.rules.append(rules)
            program.types.append(try member.pattern.fields.map(valueType))
        }
        let finished = program
        var single = options
        single.firstLine = nil  // tools try expressions on single records
        var recipe = ParserRecipe(warnings: set.rejected.map { setupError($0.error) }, grok: single) {
            GrokParser(finished, $0)
        }
        if options.isMultiline { recipe.lines = .untilMatch }
        return try recipe.cut(
            at: options.firstLine, parameter: "multiline_start_regexp", options.options.matchLimits)
    }

    private static func setupError(_ error: GrokError) -> SettingError {
        let path = error.path.isEmpty ? "" : " (in \(error.path.joined(separator: " → ")))"
        return SettingError("grok_pattern", error.message + path, hint: error.hint, offset: error.offset)
    }

    private static func valueType(_ field: GrokField) throws(SettingError) -> ValueType? {
        switch field.type {
        case .string: return nil
        case .integer: return .integer
        case .float: return .float
        case .bool: return .bool
        case .time(let format): return try ValueType(format.map { "time:" + $0 } ?? "time", parameter: "grok_pattern")
        case .array(let separator): return .array(separator: Array(separator.utf8))
        }
    }

    /// `ltsv`. Default: `time_key time`.
    package static func ltsv(
        delimiter: String = "\t", labelDelimiter: String = ":", _ options: ParserOptions = ParserOptions()
    ) throws(SettingError) -> ParserRecipe {
        guard !delimiter.isEmpty else { throw SettingError("delimiter", "the delimiter is empty") }
        guard !labelDelimiter.isEmpty else { throw SettingError("label_delimiter", "the delimiter is empty") }
        let rules = try FieldRules(options.with(defaultTimeKey: "time"))
        return ParserRecipe {
            LTSVParser(delimiter: Array(delimiter.utf8), labelDelimiter: Array(labelDelimiter.utf8), rules, $0)
        }
    }

    /// `none`: the whole text under one key.
    package static func none(messageKey: String = "message") -> ParserRecipe {
        ParserRecipe { _ in NoneParser(messageKey: messageKey) }
    }

    /// `csv`: one byte as delimiter. No time key unless given.
    package static func csv(
        keys: [String], delimiter: String = ",", _ options: ParserOptions = ParserOptions()
    ) throws(SettingError) -> ParserRecipe {
        let names = try columnNames(keys)
        let bytes = Array(delimiter.utf8)
        guard bytes.count == 1, bytes[0] != 0x22, bytes[0] != 0x0A, bytes[0] != 0x0D else {
            throw SettingError(
                "delimiter", "'\(delimiter)' cannot be a delimiter of csv", hint: "give one character such as , or ;")
        }
        let rules = try FieldRules(options)
        return ParserRecipe { CSVParser(keys: names, delimiter: bytes[0], rules, $0) }
    }

    /// `tsv`. No time key unless given.
    package static func tsv(
        keys: [String], delimiter: String = "\t", _ options: ParserOptions = ParserOptions()
    ) throws(SettingError) -> ParserRecipe {
        let names = try columnNames(keys)
        guard !delimiter.isEmpty else { throw SettingError("delimiter", "the delimiter is empty") }
        let rules = try FieldRules(options)
        return ParserRecipe { TSVParser(keys: names, delimiter: Array(delimiter.utf8), rules, $0) }
    }

    private static func columnNames(_ keys: [String]) throws(SettingError) -> [[UInt8]] {
        guard !keys.isEmpty else {
            throw SettingError("keys", "no keys are given", hint: "name the columns: keys time,host,message")
        }
        var names: [[UInt8]] = []
        for key in keys {
            let name = Array(key.utf8)
            guard !names.contains(name) else { throw SettingError("keys", "the key '\(key)' is given twice") }
            names.append(name)
        }
        return names
    }

    /// `apache2`: the combined log. Defaults: `time_key time`, `time_format %d/%b/%Y:%H:%M:%S %z`.
    package static func apache2(_ options: ParserOptions = ParserOptions()) throws(SettingError) -> ParserRecipe {
        let regex = try compileRegex(AccessLogPatterns.apache2, parameter: "@type")
        var options = withAccessLogTime(options)
        options.timeKey = "time"  // the name of the expression's own group
        let rules = try FieldRules(options)
        let limits = options.matchLimits
        return ParserRecipe { Apache2Parser(regex, rules, limits: limits, $0) }
    }

    /// `apache_error`. Default: `time_key time`.
    package static func apacheError(_ options: ParserOptions = ParserOptions()) throws(SettingError) -> ParserRecipe {
        try regexp(
            compileRegex(AccessLogPatterns.apacheError, parameter: "@type"), options.with(defaultTimeKey: "time"))
    }

    /// `nginx`. Defaults: `time_key time`, `time_format %d/%b/%Y:%H:%M:%S %z`.
    package static func nginx(_ options: ParserOptions = ParserOptions()) throws(SettingError) -> ParserRecipe {
        try regexp(compileRegex(AccessLogPatterns.nginx, parameter: "@type"), withAccessLogTime(options))
    }

    /// The options with the time of web servers' access logs, where they name no other.
    package static func withAccessLogTime(_ options: ParserOptions) -> ParserOptions {
        var options = options.with(defaultTimeKey: "time")
        if options.timeFormat == nil, options.timeType == nil { options.timeFormat = AccessLogPatterns.timeFormat }
        return options
    }

    /// `syslog`. Defaults: `time_key time`, `time_format %b %d %H:%M:%S`.
    package static func syslog(_ options: SyslogOptions = SyslogOptions()) throws(SettingError) -> ParserRecipe {
        let priority = options.withPriority ? SyslogParser.priority : ""
        // RFC 5424 has a version after the priority; without one the message begins with the time.
        let rfc5424 = try compileRegex(
            #"\A"# + (options.withPriority ? priority + #"[1-9]\d{0,2} "# : "") + SyslogParser.rfc5424,
            parameter: "@type", options: .dotMatchesNewline)
        var options3164 = options.options
        options3164.timeKey = "time"  // the name of the expressions' own group
        if options3164.timeFormat == nil, options3164.timeType == nil { options3164.timeFormat = "%b %d %H:%M:%S" }
        var options5424 = options3164
        options5424.timeType = .mixed
        options5424.timeFormat = options.rfc5424TimeFormat
        options5424.timeFormatFallbacks = ["%Y-%m-%dT%H:%M:%S%z"]
        let timeFormat3164 = options3164.timeFormat ?? ""
        let timeWords = timeFormat3164.split(separator: " ").count
        let rfc3164 = try compileRegex(
            "^" + priority + SyslogParser.rfc3164(timeWords: timeWords == 0 ? 3 : timeWords), parameter: "@type")
        let program = SyslogParser.Program(
            rfc3164: rfc3164, rfc5424: rfc5424, rules3164: try FieldRules(options3164),
            rules5424: try FieldRules(options5424), format: options.messageFormat,
            priority: options.withPriority ? try compileRegex("^" + priority, parameter: "@type") : nil,
            priority5424: options.withPriority
                ? try compileRegex(#"\A"# + priority + #"[1-9]\d{0,2} "#, parameter: "@type") : nil,
            timeWords: timeWords, limits: options.options.matchLimits)
        return ParserRecipe { SyslogParser(program, $0) }
    }

    /// `msgpack`. Defaults: `time_key time`, `time_type float` or string when a `time_format` is given, as json.
    package static func messagePack(_ options: ParserOptions = ParserOptions()) throws(SettingError) -> ParserRecipe {
        let rules = try FieldRules(jsonDefaults(options))
        return ParserRecipe { MessagePackParser(rules, $0) }
    }

    /// `multiline`: `format1`, `format2` … are one expression in which the dot matches newlines. Default: `time_key time`.
    ///
    /// - Parameter firstLine: `format_firstline`; a text that holds several records is cut at the lines it matches.
    package static func multiline(
        formats: [String], firstLine: String? = nil, _ options: ParserOptions = ParserOptions()
    ) throws(SettingError) -> ParserRecipe {
        guard !formats.isEmpty else {
            throw SettingError("format1", "no format1 is given", hint: "give format1 /…/, format2 /…/ and so on")
        }
        var expression = ""
        for (index, format) in formats.enumerated() {
            // Each by itself first, so that an error is reported for the right one.
            _ = try compileRegex(format, parameter: "format\(index + 1)", options: .dotMatchesNewline)
            expression += RubyPattern.split(literal: format)?.expression ?? format
        }
        let regex: Regex
        do { regex = try Regex(expression, options: .dotMatchesNewline) } catch {
            throw SettingError("format1", "bad regular expression: \(error.message)", hint: error.hint)
        }
        guard !regex.groups.isEmpty else {
            throw SettingError(
                "format1", "no named group in the formats", hint: "name what you want to keep: (?<name>…)")
        }
        var recipe = try regexp(regex, options.with(defaultTimeKey: "time"))
        recipe.lines = .untilMatch
        return try recipe.cut(at: firstLine, parameter: "format_firstline", options.matchLimits)
    }

    /// The same parser for texts that may hold several records, each of which begins with a line that matches.
    private func cut(
        at firstLine: String?, parameter: String, _ limits: MatchLimits
    ) throws(SettingError) -> ParserRecipe {
        guard let firstLine else { return self }
        let regex = try compileRegex(firstLine, parameter: parameter)
        let make = make
        var recipe = ParserRecipe(warnings: warnings, grok: grok) {
            MultilineCutter(regex, limits: limits, inner: make($0))
        }
        recipe.lines = .untilFirstLine(FirstLine(regex: regex, limits: limits))
        return recipe
    }

    /// `kubernetes`: what the components of Kubernetes log (klog's `Lmmdd hh:mm:ss.uuuuuu threadid file:line] message`),
    /// with the lines that follow.
    package static func kubernetes(_ options: ParserOptions = ParserOptions()) throws(SettingError) -> ParserRecipe {
        var options = options
        options.timeFormat = "%m%d %H:%M:%S.%N"
        return try multiline(
            formats: [#"/^(?<severity>\w)(?<time>\d{4} [^\s]*)\s+(?<pid>\d+)\s+(?<source>[^ \]]+)\] (?<message>.*)/"#],
            firstLine: #"/^\w\d{4}/"#, options)
    }

    /// `cri`. Defaults: `time_key time`, `time_format %Y-%m-%dT%H:%M:%S.%L%z`.
    ///
    /// - Parameters:
    ///   - message: the parser of messages (a `<parse>` in `<parse>`); nil: they stay text.
    ///   - mergesFields: `merge_cri_fields`.
    package static func cri(
        message: ParserRecipe? = nil, mergesFields: Bool = true, _ options: ParserOptions = ParserOptions()
    ) throws(SettingError) -> ParserRecipe {
        var options = options.with(defaultTimeKey: "time")
        if options.timeFormat == nil, options.timeType == nil { options.timeFormat = "%Y-%m-%dT%H:%M:%S.%L%z" }
        let rules = try FieldRules(options)
        return ParserRecipe(warnings: message?.warnings ?? []) { faults in
            CRIParser(rules, message: message?.makeParser(noting: faults), mergesFields: mergesFields, faults)
        }
    }

    /// `multi_format`: the first of several that matches.
    ///
    /// - Parameters:
    ///   - formatKey: the field that says which one it was; nil: none does.
    ///   - names: what it says, for each recipe; nil: nothing.
    package static func firstMatch(
        _ recipes: [ParserRecipe], formatKey: String? = nil, names: [String?] = []
    ) throws(SettingError) -> ParserRecipe {
        guard !recipes.isEmpty else { throw SettingError("pattern", "no <pattern> section is given") }
        return ParserRecipe(warnings: recipes.flatMap(\.warnings)) { faults in
            FirstMatchParser(
                recipes.map { $0.makeParser(noting: faults) }, formatKey: formatKey.map { Array($0.utf8) },
                names: names.map { $0.map { Array($0.utf8) } })
        }
    }
}
