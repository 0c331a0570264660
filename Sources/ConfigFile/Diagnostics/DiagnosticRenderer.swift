/// Diagnostics as text for a terminal: `file:line:column: severity: message`, the line, a caret, a hint.
package struct DiagnosticRenderer: Sendable {
    /// Whether to use ANSI colours.
    package var colour: Bool
    /// Characters of a source line that are shown; a longer line is cut around the caret.
    package var maximumWidth: Int

    /// Plain text by default: what goes to a file or a pipe must not hold escape codes.
    package init(colour: Bool = false, maximumWidth: Int = 100) {
        self.colour = colour
        self.maximumWidth = max(20, maximumWidth)
    }

    /// All messages by file and line, and a last line that counts them, each line with its end.
    /// - Parameter file: the file the user asked for, named in the last line. Without messages the text is empty.
    package func render(_ diagnostics: Diagnostics, file: String) -> String {
        if diagnostics.all.isEmpty { return "" }
        var text = ""
        for diagnostic in diagnostics.inFileOrder { text += render(diagnostic) }
        if diagnostics.omittedCount > 0 { text += "and \(diagnostics.omittedCount) more\n" }
        text += Self.summary(diagnostics, file: file) + "\n"
        return text
    }

    /// The last line: `2 errors, 1 warning in fluent.conf`.
    package static func summary(_ diagnostics: Diagnostics, file: String) -> String {
        func counted(_ count: Int, _ noun: String) -> String { "\(count) \(noun)\(count == 1 ? "" : "s")" }
        let parts = [
            diagnostics.errorCount > 0 ? counted(diagnostics.errorCount, "error") : nil,
            diagnostics.warningCount > 0 ? counted(diagnostics.warningCount, "warning") : nil,
        ].compactMap { $0 }
        let counts = parts.isEmpty ? counted(diagnostics.all.count, "note") : parts.joined(separator: ", ")
        return "\(counts) in \(file)"
    }

    /// One message with its line, caret, hint and related places.
    package func render(_ diagnostic: Diagnostic) -> String {
        let severity = diagnostic.severity
        let place =
            diagnostic.line > 0
            ? "\(diagnostic.file):\(diagnostic.line):\(diagnostic.column):" : "\(diagnostic.file):"
        let word = paint("\(severity.rawValue):", Self.code(severity) + ";1")
        var text = "\(paint(place, "1")) \(word) \(clean(diagnostic.message))\n"
        if diagnostic.line > 0 {
            text += lines(diagnostic.excerpt, code: Self.code(severity))
        }
        if let hint = diagnostic.hint {
            text += "      \(paint("hint:", "32")) \(clean(hint))\n"
        }
        for related in diagnostic.related {
            text +=
                "\(related.file):\(related.line):\(related.column): \(paint("note:", "36")) \(clean(related.message))\n"
            text += lines(related.excerpt, code: "36")
        }
        return text
    }

    /// The line and, under it, the mark.
    private func lines(_ excerpt: Excerpt, code: String) -> String {
        var characters = excerpt.lineText.map { Self.isShown($0) ? $0 : " " }
        var first = min(max(0, excerpt.excerptColumn - 1), characters.count)
        var marked = max(1, min(excerpt.length, max(1, characters.count - first)))
        if characters.count > maximumWidth {
            (characters, first, marked) = cut(characters, around: first, marked)
        }
        // Tabs stay tabs in the line under it, so that the caret stands right whatever width a tab has.
        let margin = String(characters[..<first].map { $0 == "\t" ? "\t" : " " })
        let number = String(excerpt.line)
        let gutter = String(repeating: " ", count: max(0, 5 - number.count)) + number + " | "
        let blank = String(repeating: " ", count: max(5, number.count)) + " | "
        let caret = "^" + String(repeating: "~", count: marked - 1)
        return "\(gutter)\(String(characters))\n\(blank)\(margin)\(paint(caret, code + ";1"))\n"
    }

    /// Keeps a window of `maximumWidth` characters that holds the caret, with `…` where text was left out.
    private func cut(_ characters: [Character], around first: Int, _ marked: Int) -> ([Character], Int, Int) {
        let width = maximumWidth - 2
        var start = max(0, first - width / 3)
        start = max(0, min(start, characters.count - width))
        let end = min(characters.count, start + width)
        var window = Array(characters[start..<end])
        var caret = first - start
        let length = max(1, min(marked, end - first))
        if start > 0 {
            window.insert("…", at: 0)
            caret += 1
        }
        if end < characters.count { window.append("…") }
        return (window, caret, length)
    }

    private func paint(_ text: String, _ code: String) -> String {
        colour ? "\u{1B}[\(code)m\(text)\u{1B}[0m" : text
    }

    /// Control characters of a file must not reach a terminal.
    private func clean(_ text: String) -> String {
        String(text.map { Self.isShown($0) && $0 != "\t" ? $0 : " " })
    }

    private static func isShown(_ character: Character) -> Bool {
        guard let scalar = character.unicodeScalars.first else { return false }
        return scalar == "\t" || (scalar.value >= 0x20 && scalar.value != 0x7F && !(0x80...0x9F).contains(scalar.value))
    }

    private static func code(_ severity: Diagnostic.Severity) -> String {
        switch severity {
        case .error: "31"
        case .warning: "33"
        case .note: "36"
        }
    }
}
