import CommandLine
import Grok

/// Shows places in expressions and lines with a caret under them.
enum GrokPlaces {
    /// A bad expression: what is wrong, where in the operator's text, and through which definitions.
    static func text(_ error: GrokError, expression: String, on terminal: Terminal) -> String {
        let style = Style(terminal)
        var text = "\(style.bold("Error:")) \(error.message)\n"
        var places = error.places
        if places.isEmpty {
            let end = min(error.offset + error.length, expression.utf8.count)
            places = [GrokPlace(definition: nil, text: expression, range: min(error.offset, end)..<end)]
        }
        text += Self.text(places, style, width: terminal.width)
        if let hint = error.hint { text += "\n  \(style.bold("hint:")) \(hint)\n" }
        return text
    }

    /// The way from the operator's expression to a place in a definition.
    static func text(_ places: [GrokPlace], _ style: Style, width: Int) -> String {
        var text = ""
        for place in places {
            text += place.definition.map { "\n  in \($0)\n" } ?? "\n"
            text += marked(Array(place.text.utf8), place.range, style, width: width, indentation: 4)
        }
        return text
    }

    /// A text on one line, cut to the width around `range`, with a caret line below it.
    static func marked(
        _ bytes: [UInt8], _ range: Range<Int>, _ style: Style, width: Int, indentation: Int, label: String = ""
    ) -> String {
        let room = max(width - indentation - 1, 24)
        let range = range.clamped(to: 0..<bytes.count)
        let before = visible(bytes[..<range.lowerBound])
        let inside = visible(bytes[range])
        let after = visible(bytes[range.upperBound...])
        // The place stays in sight: what is before it may take half of the room.
        var head = before
        if before.count + min(inside.count, room / 2) > room {
            let kept = max(room / 2 - 1, 1)
            head = "…" + before.suffix(kept)
        }
        var middle = inside
        if head.count + middle.count > room { middle = middle.prefix(max(room - head.count - 1, 1)) + "…" }
        var tail = after
        let left = room - head.count - middle.count
        if tail.count > left { tail = left > 1 ? tail.prefix(left - 1) + "…" : "" }
        let margin = String(repeating: " ", count: indentation)
        let carets = String(repeating: "^", count: max(middle.count, 1))
        let note = label.isEmpty ? "" : " " + label
        return margin + head + style.failure(middle) + tail + "\n" + margin
            + String(repeating: " ", count: head.count) + style.failure(carets) + note + "\n"
    }

    /// Text with control characters made visible, so that one character is one column.
    static func visible(_ bytes: ArraySlice<UInt8>) -> String {
        var text = ""
        for scalar in String(decoding: bytes, as: UTF8.self).unicodeScalars {
            switch scalar.value {
            case 0x09: text += "→"
            case 0x0A: text += "↵"
            case 0x0D: text += "␍"
            case 0..<0x20: text.unicodeScalars.append(Unicode.Scalar(UInt32(0x2400 + scalar.value)) ?? "?")
            case 0x7F: text += "␡"
            case 0x80..<0xA0: text += "?"
            default: text.unicodeScalars.append(scalar)
            }
        }
        return text
    }
}

/// Colours on a terminal that allows them, plain text elsewhere. SGR sequences of ECMA-48.
struct Style {
    private let isColoured: Bool

    init(_ terminal: Terminal) { isColoured = terminal.allowsColour }

    /// Colours of captures, told apart on dark and bright grounds: green, yellow, blue, magenta, cyan.
    private static let captures = ["32", "33", "34", "35", "36"]

    func bold(_ text: String) -> String { styled(text, "1") }
    func faint(_ text: String) -> String { styled(text, "2") }
    func failure(_ text: String) -> String { styled(text, "1;31") }
    func success(_ text: String) -> String { styled(text, "32") }
    func capture(_ text: String, _ index: Int) -> String { styled(text, Self.captures[index % Self.captures.count]) }

    private func styled(_ text: String, _ code: String) -> String {
        isColoured && !text.isEmpty ? "\u{1b}[\(code)m\(text)\u{1b}[0m" : text
    }
}
