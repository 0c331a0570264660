import CommandLine
import Events
import Grok
import Parsing

/// `sluice grok explain`: where a line leaves an expression.
enum GrokExplainCommand {
    static func run(_ parsed: ParsedCommand) -> Int32 {
        GrokCommand.run { () throws(GrokCommand.Failure) in
            let options = try GrokCommand.options(parsed)
            let line = try line(parsed)
            let parser = try GrokCommand.parser(options)
            let terminal = Terminal.standardOutput
            var storage = ByteBuffer(capacity: line.count + 4096)
            storage.append(line)
            parser.beginBatch(storage: &storage)
            var rows = Rows(fieldCapacity: 64)
            let text = Slice(offset: 0, length: line.count)
            let result = parser.parse(text, storage: &storage, rows: &rows)
            if case .matched = result, parser.lastHit == nil {
                // Each may take its seconds.
                let progress = GrokProgress("explaining", of: options.sections.count, unit: "patterns")
                defer { progress.finish() }
                let reports = options.sections.enumerated().map { index, section in
                    progress.done = index
                    progress.update()
                    let title = options.sections.count > 1 ? "pattern \(section.name ?? "\(index)")\n\n" : ""
                    return title + explain(section.expression, line, options, terminal)
                }
                progress.finish()
                StandardOutput.write(reports.joined(separator: "\n"))
                return GrokCommand.Status.unmatched
            }
            var out = ByteBuffer(capacity: 4096)
            let pretty = GrokPretty(terminal)
            pretty.write(
                text, result, parser, rows, storage, showsSection: options.sections.count > 1, to: &out)
            if case .matched = result { out.append("\nthe line matches\n") }
            StandardOutput.flush(&out)
            if case .matched = result { return GrokCommand.Status.matched }
            return GrokCommand.Status.unmatched
        }
    }

    private static func line(_ parsed: ParsedCommand) throws(GrokCommand.Failure) -> [UInt8] {
        if let line = parsed.argument(0) { return Array(line.utf8) }
        var storage = ByteBuffer(capacity: 4096)
        do throws(GrokLines.ReadError) {
            let progress = GrokProgress("waiting for a line:")
            defer { progress.finish() }
            var lines = GrokLines([], separator: 0x0A, progress: progress)
            guard try lines.read(into: &storage) else { return [] }
        } catch {
            throw GrokCommand.Failure("Error: \(error)\n", ExitStatus.cannotRead)
        }
        return storage.array(GrokLines.text(storage, from: 0, limit: storage.count, separator: 0x0A))
    }

    private static func explain(
        _ expression: String, _ line: [UInt8], _ options: GrokOptions, _ terminal: Terminal
    ) -> String {
        // The daemon repairs what is not UTF-8 before it matches, too.
        let text = SubjectText.classify(line.span) == .invalid ? SubjectText.repaired(line.span) : line
        do throws(GrokError) {
            let compiler = GrokCompiler(library: options.library)
            guard let found = try compiler.explain(expression, line: text, multiline: options.isMultiline) else {
                return "no match, and no element is to blame alone\n"
            }
            return GrokReport(found, expression: expression, line: text, terminal).text
        } catch {
            return GrokPlaces.text(error, expression: expression, on: terminal)
        }
    }
}

/// An explanation as text.
struct GrokReport {
    private let found: GrokExplanation
    private let expression: [UInt8]
    private let line: [UInt8]
    private let style: Style
    private let width: Int

    init(_ found: GrokExplanation, expression: String, line: [UInt8], _ terminal: Terminal) {
        self.found = found
        self.expression = Array(expression.utf8)
        self.line = line
        style = Style(terminal)
        width = terminal.width
    }

    var text: String {
        var text = style.failure("no match") + "\n\n"
        let element = found.places.last.map { Array($0.text.utf8)[$0.range] } ?? []
        let name = element.isEmpty ? "the end of the expression" : quoted(GrokPlaces.visible(element))
        text += row("stops at", name + (found.places.last?.definition.map { ", in \($0)" } ?? ""))
        text += row("wanted", found.wanted)
        text += row("found", foundText)
        text += "\n"
        text += style.bold("expression") + "\n"
        text += GrokPlaces.marked(expression, found.expressionRange, style, width: width, indentation: 2)
        for place in found.places.dropFirst() {
            text += "in \(place.definition ?? "")\n"
            text += GrokPlaces.marked(Array(place.text.utf8), place.range, style, width: width, indentation: 2)
        }
        text += style.bold("line") + "\n"
        text += GrokPlaces.marked(
            line, found.found, style, width: width, indentation: 2, label: "column \(column(found.found.lowerBound))")
        text += "\n" + matches
        if !found.suggestions.isEmpty {
            text += "\n" + style.bold("with a small change the whole line matches:") + "\n"
            for suggestion in found.suggestions {
                text += "  \(suggestion.advice)\n"
                if let expression = suggestion.expression { text += "    \(style.success(expression))\n" }
            }
        } else {
            text +=
                found.isOnlyProblem
                ? "\nall that follows would match\n" : "\nmore of the line may not match behind this\n"
        }
        if found.isCutShort {
            text += "\nsome attempts took too long on this line and were given up: there may be more to it\n"
        }
        return text
    }

    private var matches: String {
        guard let range = found.lineRange else {
            return row("matches", "nothing: this is the first element of the expression")
        }
        let part = String(decoding: expression[..<found.expressionRange.lowerBound], as: UTF8.self)
        var text = ""
        if !part.isEmpty { text += row("matches", shortened(part)) }
        text += row(part.isEmpty ? "matches" : "as", quoted(shortened(GrokPlaces.visible(line[range]))))
        return text
    }

    private var foundText: String {
        let behind = found.taken.map { ", behind " + quoted(shortened(GrokPlaces.visible(line[$0]))) } ?? ""
        if found.found.isEmpty {
            let place = found.found.lowerBound >= line.count ? "the end of the line" : "nothing"
            return place + behind
        }
        return quoted(shortened(GrokPlaces.visible(line[found.found]))) + behind
    }

    /// Characters up to a byte, from 1.
    private func column(_ place: Int) -> Int {
        String(decoding: line[..<min(place, line.count)], as: UTF8.self).unicodeScalars.count + 1
    }

    private func row(_ label: String, _ value: String) -> String {
        style.bold(label) + String(repeating: " ", count: max(10 - label.count, 1)) + value + "\n"
    }

    private func quoted(_ text: String) -> String { "'\(text)'" }

    private func shortened(_ text: String) -> String {
        let room = max(width - 16, 20)
        return text.count > room ? "…" + text.suffix(room - 1) : text
    }
}
