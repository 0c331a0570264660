extension Section {
    /// The tree as Fluentd prints it at start: `<ROOT>` and all in it, indented, secrets as `xxxxxx`.
    ///
    /// How a value is printed depends on how it was read (text in quotes, numbers as they stand), so dump after the
    /// readers have run. A value is hidden when it was read as a secret or when its name says that it is one
    /// (`SecretNames`), and so are the user part of URLs and header values wherever they stand.
    package func dump(_ diagnostics: Diagnostics) -> String {
        var text = ""
        write(into: &text, diagnostics, indentation: "")
        return text
    }

    private func write(into text: inout String, _ diagnostics: Diagnostics, indentation: String) {
        text += "\(indentation)\(Self.hidden(tag, place.file, diagnostics))\n"
        let inner = indentation + "  "
        var last: [String: Int] = [:]
        for (index, parameter) in parameters.enumerated() { last[parameter.key] = index }
        for (index, parameter) in parameters.enumerated() where last[parameter.key] == index {
            let key = Self.hidden(parameter.key, parameter.keyPlace.file, diagnostics)
            text += "\(inner)\(key) \(Self.shown(parameter, diagnostics))\n"
        }
        for section in sections { section.write(into: &text, diagnostics, indentation: inner) }
        text += "\(indentation)</\(name)>\n"
    }

    /// The parameters that count, in the order of the file, as they may be shown.
    package func shownParameters(_ diagnostics: Diagnostics) -> [(name: String, value: String)] {
        var last: [String: Int] = [:]
        for (index, parameter) in parameters.enumerated() { last[parameter.key] = index }
        return parameters.enumerated().compactMap { index, parameter in
            guard last[parameter.key] == index else { return nil }
            let name = Self.hidden(parameter.key, parameter.keyPlace.file, diagnostics)
            if diagnostics.readings[parameter.valuePlace] == .secret { return (name, SecretText.mask) }
            guard let text = parameter.text else { return (name, "") }
            return (
                name,
                Self.hidden(SecretText.masked(text, of: parameter.key), parameter.keyPlace.file, diagnostics)
            )
        }
    }

    private static func hidden(_ text: String, _ file: SourceFile, _ diagnostics: Diagnostics) -> String {
        SecretText.masked(diagnostics.hiddenTexts.hidden(in: file.knownSecrets.hidden(in: text)))
    }

    private static func shown(_ parameter: Parameter, _ diagnostics: Diagnostics) -> String {
        let kind = diagnostics.readings[parameter.valuePlace]
        if kind == .secret { return SecretText.mask }
        switch parameter.value {
        case .none: return ""
        case .useDefault: return "use_default"
        case .text(let text):
            let shown = hidden(SecretText.masked(text, of: parameter.key), parameter.keyPlace.file, diagnostics)
            if shown == SecretText.mask { return shown }
            // Only on one line: the log has a line an entry.
            return kind == .text || shown.utf8.contains(Byte.newline) ? "\"\(escaped(shown))\"" : shown
        }
    }

    private static func escaped(_ text: String) -> String {
        var out = ""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": out += "\\\""
            case "'": out += "\\'"
            case "\\": out += "\\\\"
            case "\r": out += "\\r"
            case "\n": out += "\\n"
            case "\t": out += "\\t"
            case "\u{0C}": out += "\\f"
            case "\u{08}": out += "\\b"
            default: out.unicodeScalars.append(scalar)
            }
        }
        return out
    }
}
