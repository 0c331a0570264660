import CommandLine
import ConfigFile
internal import Events
import Grok
import Parsing
import Pipeline

/// What the commands below `sluice grok` share: where expressions and definitions come from, and how a bad one is shown.
enum GrokCommand {
    /// Exit statuses of these commands.
    enum Status {
        /// Every line matched.
        static let matched: Int32 = 0
        /// Some line did not, or could not be read.
        static let unmatched: Int32 = 1
        /// An expression or a definition is bad.
        static let badPattern: Int32 = 2
    }

    /// A reason to end at once: a text for standard error and the exit status.
    struct Failure: Error {
        let text: String
        let status: Int32

        init(_ text: String, _ status: Int32 = Status.badPattern) {
            self.text = text
            self.status = status
        }
    }

    /// The command's end, its failure written.
    static func run(_ body: () throws(Failure) -> Int32) -> Int32 {
        do throws(Failure) {
            return try body()
        } catch {
            StandardError.write(error.text)
            return error.status
        }
    }

    /// The shipped definitions with those of `--patterns` and `--define`.
    static func library(_ parsed: ParsedCommand, series: PatternSeries? = nil) throws(Failure) -> PatternLibrary {
        var library: PatternLibrary
        do throws(PatternLibraryError) {
            let name = parsed.value(GrokCommandOptions.series) ?? ""
            library = try PatternLibrary(series: series ?? PatternSeries(rawValue: name) ?? .legacy)
            for path in parsed.values(GrokCommandOptions.patterns) { try library.add(path: path) }
        } catch {
            throw Failure("Error: \(error)\n")
        }
        for text in parsed.values(GrokCommandOptions.define) {
            var alone = PatternLibrary()
            alone.add(text: text, file: "--define")
            guard alone.names.count == 1 else {
                throw Failure("Error: --define '\(text)' is no definition; write 'NAME regexp'\n")
            }
            library.add(text: text, file: "--define")
        }
        return library
    }

    /// The expressions to try: those of `-p`, or of a configuration's filter.
    static func options(_ parsed: ParsedCommand) throws(Failure) -> GrokOptions {
        let given = parsed.values(GrokCommandOptions.pattern)
        let tag = parsed.value(GrokCommandOptions.filter)
        if let tag {
            guard given.isEmpty else {
                throw Failure("Error: give either -p or --filter\n", ExitStatus.usage)
            }
            return try configured(parsed, tag)
        }
        guard !parsed.has(GrokCommandOptions.config) else {
            throw Failure(
                "Error: -c needs --filter TAG, the tag whose grok filter is meant\n", ExitStatus.usage)
        }
        guard !given.isEmpty else {
            throw Failure(
                "Error: no expression is given\n  write one behind -p, as in -p '%{IP:client} %{WORD:verb}',\n"
                    + "  or take those of a configuration: -c FILE --filter TAG\n", ExitStatus.usage)
        }
        var options = GrokOptions(
            given.map { GrokOptions.Section($0) }, library: try library(parsed))
        options.isMultiline = parsed.has(GrokCommandOptions.multiline)
        return options
    }

    private static func configured(_ parsed: ParsedCommand, _ tag: String) throws(Failure) -> GrokOptions {
        guard let path = ConfigurationLoader.path(parsed.value(GrokCommandOptions.config)) else {
            throw Failure(ConfigurationLoader.noConfiguration)
        }
        let loaded = ConfigurationLoader.load(path)
        if loaded.document.diagnostics.hasErrors {
            throw Failure(ConfigurationLoader.report(loaded, to: .standardError))
        }
        let filters = loaded.plan.grokFilters(matching: tag)
        guard let first = filters.first else {
            let others = loaded.plan.labels.flatMap(\.rules).compactMap { rule -> String? in
                guard case .filter(let pattern, let filter) = rule, filter.grok != nil else { return nil }
                return pattern.text
            }
            let hint =
                others.isEmpty
                ? "the configuration has no filter with '@type grok' in its <parse>"
                : "its grok filters are for \(others.map { "'\($0)'" }.joined(separator: ", "))"
            throw Failure("Error: \(path): no grok filter is for the tag '\(tag)'; \(hint)\n")
        }
        if filters.count > 1 {
            StandardError.write(
                "note: \(filters.count) grok filters are for '\(tag)'; this is the first, "
                    + "<filter \(first.pattern.text)> (\(first.filter.summary))\n")
        }
        var options = first.grok
        for path in parsed.values(GrokCommandOptions.patterns) {
            do throws(PatternLibraryError) {
                try options.library.add(path: path)
            } catch {
                throw Failure("Error: \(error)\n")
            }
        }
        return options
    }

    /// A parser of all expressions; every bad one is shown with its place.
    ///
    /// - Parameter faults: what could not be converted is noted there.
    static func parser(
        _ options: GrokOptions, noting faults: ConversionFaults = ConversionFaults()
    ) throws(Failure) -> GrokParser {
        let compiler = GrokCompiler(library: options.library)
        var texts: [String] = []
        for section in options.sections {
            let bytes = Array(section.expression.utf8)
            let unclosed = compiler.unclosedReferences(in: section.expression)
            texts += unclosed.map { GrokPlaces.text($0, expression: section.expression, on: .standardError) }
            for range in compiler.looseReferences(in: section.expression) {
                let part = String(decoding: bytes[range], as: UTF8.self)
                guard part.hasSuffix("}") else { continue }
                StandardError.write(
                    "warning: '\(part)' is no reference and stands for itself; write %{NAME:field:type} without spaces\n"
                )
            }
            for name in compiler.typedGroupNames(in: section.expression) {
                StandardError.write(
                    "warning: (?<\(name)>…) names a field '\(name)' that is text; types are written in %{NAME:field:type},"
                        + " or in the parameter types\n")
            }
            if !unclosed.isEmpty { continue }
            do throws(GrokError) {
                _ = try compiler.compile(section.expression, multiline: options.isMultiline)
            } catch {
                texts.append(GrokPlaces.text(error, expression: section.expression, on: .standardError))
            }
        }
        if !texts.isEmpty { throw Failure(texts.joined(separator: "\n")) }
        do throws(SettingError) {
            guard let parser = try ParserRecipe.grok(options).makeParser(noting: faults) as? GrokParser else {
                throw SettingError("grok_pattern", "the expressions make no grok parser")
            }
            return parser
        } catch {
            throw Failure("Error: \(error)\n")
        }
    }
}
