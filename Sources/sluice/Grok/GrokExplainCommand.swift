import CommandLine
import Events
import Glibc
import Grok
import Parsing

/// `sluice grok explain`: where a line leaves an expression.
enum GrokExplainCommand {
    static func run(_ parsed: ParsedCommand) -> Int32 {
        GrokCommand.run { () throws(GrokCommand.Failure) in
            if let chain = try GrokChain.read(parsed) { return try explain(chain, try lines(parsed)) }
            let options = try GrokCommand.options(parsed)
            let lines = try lines(parsed)
            let faults = ConversionFaults()
            let parser = try GrokCommand.parser(options, noting: faults)
            return explain(lines, options, parser, faults)
        }
    }

    /// The first line that does not match, or the only one.
    private static func explain(
        _ lines: [[UInt8]], _ options: GrokOptions, _ parser: GrokParser, _ faults: ConversionFaults
    ) -> Int32 {
        var out = ByteBuffer(capacity: 4096)
        var rows = Rows(fieldCapacity: 64)
        for (index, line) in lines.enumerated() {
            var storage = ByteBuffer(capacity: line.count + 4096)
            storage.append(line)
            parser.beginBatch(storage: &storage)
            rows.clear()
            let text = Slice(offset: 0, length: line.count)
            let result = parser.parse(text, storage: &storage, rows: &rows)
            let missed = faults.take()
            if case .matched = result, parser.lastHit != nil, index + 1 < lines.count { continue }
            if index > 0 || lines.count > 1, !(isHit(result, parser)) {
                out.append(
                    "line \(index + 1) of \(lines.count)" + (index > 0 ? ", the first that does not match\n" : "\n"))
            }
            if case .matched = result, parser.lastHit == nil {
                StandardOutput.flush(&out)
                StandardOutput.write(report(line, options))
                return GrokCommand.Status.unmatched
            }
            if isHit(result, parser), lines.count > 1 {
                out.append("all \(lines.count) lines match\n")
                StandardOutput.flush(&out)
                return GrokCommand.Status.matched
            }
            GrokPretty(.standardOutput).write(
                text, result, parser, rows, &storage, showsSection: options.sections.count > 1, faults: missed, to: &out
            )
            if isHit(result, parser) { out.append("\nthe line matches\n" + unset(parser)) }
            StandardOutput.flush(&out)
            return isHit(result, parser) ? GrokCommand.Status.matched : GrokCommand.Status.unmatched
        }
        return GrokCommand.Status.matched
    }

    /// The fields of the expression that took no part: a `|` that was meant as text leaves all behind it without one.
    private static func unset(_ parser: GrokParser) -> String {
        guard let hit = parser.lastHit else { return "" }
        let fields = parser.matcher.set.members[hit].pattern.fields
        let set = Set(fields.indices.filter { parser.matcher.range(of: $0).isSet }.map { fields[$0].name })
        var names: [String] = []
        for field in fields where !set.contains(field.name) && !names.contains(field.name) { names.append(field.name) }
        return names.isEmpty ? "" : "without a text for \(names.joined(separator: ", "))\n"
    }

    private static func isHit(_ result: ParseResult, _ parser: GrokParser) -> Bool {
        if case .matched = result { parser.lastHit != nil } else { false }
    }

    /// Each stage with what it did, and why the line does not come further.
    private static func explain(_ chain: GrokChain, _ lines: [[UInt8]]) throws(GrokCommand.Failure) -> Int32 {
        for (index, line) in lines.enumerated() {
            let passages = chain.run(line)
            let isLast = index + 1 == lines.count
            guard let failing = passages.firstIndex(where: \.isRefused) else {
                guard isLast else { continue }
                let end = lines.count == 1 ? "the line passes" : "all \(lines.count) lines pass"
                let text = lines.count == 1 ? GrokChainMatch.text(line, passages, chain) : ""
                StandardOutput.write(text + "\n\(end) all \(chain.stages.count) filters\n")
                return GrokCommand.Status.matched
            }
            var text = lines.count > 1 ? "line \(index + 1) of \(lines.count), the first that does not pass\n" : ""
            text += GrokChainMatch.text(line, passages, chain) + "\n"
            let stage = chain.stages[failing]
            if let grok = stage.grok, let refused = passages[failing].text {
                text += "\(stage.title)\n\n" + report(refused, grok)
            } else {
                text += "\(stage.title) is where the line stops\n"
            }
            StandardOutput.write(text)
            return GrokCommand.Status.unmatched
        }
        return GrokCommand.Status.matched
    }

    /// Other commands take files where this one takes lines.
    private static func isFile(_ name: String) -> Bool {
        var facts = stat()
        return unsafe stat(name, &facts) == 0 && facts.st_mode & S_IFMT == S_IFREG
    }

    /// The lines to explain: those of the command line, or those of standard input.
    private static func lines(_ parsed: ParsedCommand) throws(GrokCommand.Failure) -> [[UInt8]] {
        if let first = parsed.arguments.first {
            if isFile(first) {
                StandardError.write("'\(first)' is read as a line; for the lines of that file write: < \(first)\n\n")
            }
            return parsed.arguments.map { Array($0.utf8) }
        }
        var storage = ByteBuffer(capacity: 4096)
        var result: [[UInt8]] = []
        do throws(GrokLines.ReadError) {
            let progress = GrokProgress("waiting for a line:")
            defer { progress.finish() }
            var lines = GrokLines([], separator: 0x0A, progress: progress)
            while try lines.read(into: &storage) {
                var start = 0
                while start < storage.count {
                    let text = GrokLines.text(storage, from: start, limit: storage.count, separator: 0x0A)
                    start = text.end + 1
                    result.append(storage.array(text))
                }
            }
        } catch {
            throw GrokCommand.Failure("Error: \(error)\n", ExitStatus.cannotRead)
        }
        return result.isEmpty ? [[]] : result
    }

    /// Why none of the patterns matches a line; the one that came nearest first.
    private static func report(_ line: [UInt8], _ options: GrokOptions) -> String {
        // The daemon repairs what is not UTF-8 before it matches, too.
        let text = SubjectText.classify(line.span) == .invalid ? SubjectText.repaired(line.span) : line
        let compiler = GrokCompiler(library: options.library)
        let isList = options.sections.count > 1
        // Each may take its seconds.
        let progress = GrokProgress("explaining", of: options.sections.count, unit: "patterns")
        defer { progress.finish() }
        var reports: [(text: String, reach: Int)] = []
        for (index, section) in options.sections.enumerated() {
            progress.done = index
            progress.update()
            let title = isList ? "pattern \(section.name ?? "\(index)")" : ""
            var body: String
            var reach = -1
            do throws(GrokError) {
                if let found = try compiler.explain(section.expression, line: text, multiline: options.isMultiline) {
                    body = GrokReport(found, expression: section.expression, line: text, .standardOutput).text
                    reach = found.reach
                } else {
                    body = "no match, and no element is to blame alone\n"
                }
            } catch {
                body = GrokPlaces.text(error, expression: section.expression, on: .standardOutput)
            }
            reports.append((isList ? "\(title)\n\n\(body)" : body, reach))
        }
        let ordered = reports.enumerated().sorted { ($1.element.reach, $0.offset) < ($0.element.reach, $1.offset) }
        let texts = ordered.map(\.element.text)
        return (isList ? "none of \(texts.count) patterns matches; the nearest first\n\n" : "")
            + texts.joined(separator: "\n")
    }
}
