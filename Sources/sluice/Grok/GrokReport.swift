import CommandLine
import Grok

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
            for suggestion in found.suggestions { text += remedy(suggestion) }
        } else {
            text +=
                found.isOnlyProblem
                ? "\nall that follows would match\n" : "\nmore of the line may not match behind this\n"
        }
        for remark in GrokRemarks.of(line) { text += "note: \(remark)\n" }
        if found.isCutShort {
            text += "\nsome attempts took too long on this line and were given up: there may be more to it\n"
        }
        return text
    }

    /// A change: what to do, what to write, and what it captures.
    private func remedy(_ remedy: GrokRemedy) -> String {
        var text = "  \(remedy.advice)\n"
        if let definition = remedy.definition {
            text +=
                "    with this definition in the place of \(definition.name), in a file of custom_pattern_path or --define:\n"
            text +=
                "    \(style.success("\(definition.name) \(GrokPlaces.visible(Array(definition.expression.utf8)[...]))"))\n"
        } else {
            text += "    \(style.success(GrokPlaces.visible(Array(remedy.expression.utf8)[...])))\n"
        }
        for capture in remedy.captures.prefix(8) {
            text +=
                style.faint("      \(capture.field): \(quoted(shortened(GrokPlaces.visible(line[capture.range]))))")
                + "\n"
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
