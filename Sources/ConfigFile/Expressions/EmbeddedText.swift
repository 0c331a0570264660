/// Code in a text that was read without double quotes, for the few readers that evaluate it all the same.
package enum EmbeddedText {
    /// The text with each `#{…}` replaced by what it gives; nil when some of it is not supported.
    package static func evaluated(
        _ text: String, environment: ConfigEnvironment, files: any FileSource, _ diagnostics: Diagnostics
    ) -> String? {
        let file = SourceFile(path: "", text: text)
        let code = EmbeddedCode(environment: environment, files: files)
        let problems = Diagnostics()
        var out: [UInt8] = []
        var position = 0
        while position < file.bytes.count {
            if file.bytes[position...].starts(with: "#{".utf8) {
                let result = code.evaluate(file, from: position, problems)
                if case .text(let value) = result.value { out += Array(value.utf8) }
                position = max(result.end, position + 1)
            } else {
                out.append(file.bytes[position])
                position += 1
            }
        }
        diagnostics.hide(problems.hiddenTexts)
        return problems.hasErrors ? nil : String(decoding: out, as: UTF8.self)
    }

    /// Says that code in a value without double quotes is not evaluated, where that was not said when it was read.
    package static func warn(_ parameter: Parameter, _ diagnostics: Diagnostics) {
        guard parameter.quoting == .unquoted, let text = parameter.text else { return }
        ValueScanner.warnOfCode(text, parameter.valuePlace, diagnostics)
    }
}
