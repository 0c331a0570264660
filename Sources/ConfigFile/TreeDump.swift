extension Section {
    /// The tree as Fluentd prints it at start: `<ROOT>` and all in it, indented, secrets as `xxxxxx`.
    ///
    /// How a value is printed depends on how it was read (text in quotes, numbers as they stand), so dump after the
    /// readers have run. A value that nobody read is printed as it stands, unless its name says that it is a secret.
    package func dump(_ diagnostics: Diagnostics) -> String {
        var text = ""
        write(into: &text, diagnostics, indentation: "")
        return text
    }

    private func write(into text: inout String, _ diagnostics: Diagnostics, indentation: String) {
        text += "\(indentation)\(tag)\n"
        let inner = indentation + "  "
        var last: [String: Int] = [:]
        for (index, parameter) in parameters.enumerated() { last[parameter.key] = index }
        for (index, parameter) in parameters.enumerated() where last[parameter.key] == index {
            let kind = Self.isSecret(parameter.key) ? .secret : diagnostics.readings[parameter.valuePlace]
            text += "\(inner)\(parameter.key) \(Self.shown(parameter, kind))\n"
        }
        for section in sections { section.write(into: &text, diagnostics, indentation: inner) }
        text += "\(indentation)</\(name)>\n"
    }

    private static func shown(_ parameter: Parameter, _ kind: ReadingKind?) -> String {
        switch (parameter.value, kind) {
        case (_, .secret): return "xxxxxx"
        case (.none, _): return ""
        case (.useDefault, _): return "use_default"
        case (.text(let text), .text): return "\"\(escaped(text))\""
        case (.text(let text), _):
            // Only on one line: the log has a line an entry.
            return text.utf8.contains(Byte.newline) ? "\"\(escaped(text))\"" : text
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

    /// Names that hold secrets in the plugins there are, for values that nobody has read.
    private static func isSecret(_ key: String) -> Bool {
        let lower = key.lowercased()
        if ["shared_key", "api_key", "apikey", "token", "access_key", "secret", "secret_key"].contains(lower) {
            return true
        }
        return ["password", "passphrase", "_secret", "_token"].contains { lower.hasSuffix($0) }
    }
}
