internal import Words
internal import YAML

/// Values of a section, and what stands behind its name.
extension YAMLBuilder {
    /// Fluentd joins a list with commas, which no tag pattern takes for several: blanks are what is meant.
    func argument(_ entry: Entry) -> Argument {
        var texts: [String] = []
        var place = entry.place
        each(entry.value, entry.yaml) { value, yaml in
            place = yaml.place(of: value)
            for item in value.items ?? [value] {
                let parameter = parameter(entry.key, entry.place, item, yaml)
                if let text = parameter.text { texts.append(text) }
            }
        }
        return Argument(text: texts.joined(separator: entry.key == "$arg" ? ", " : " "), place: place)
    }

    func parameter(_ key: String, _ keyPlace: Place, _ node: YAMLNode, _ yaml: YAMLFile) -> Parameter {
        let place = yaml.place(of: node)
        guard case .scalar(let text, let isPlain) = node.content, node.tag != Self.jsonTag else {
            return Parameter(
                key: key, value: .text(node.json.text), keyPlace: keyPlace, valuePlace: place, quoting: .json)
        }
        let runs = YAMLRuns.runs(of: text, at: place)
        if node.tag == Self.textTag {
            return evaluated(
                key, keyPlace, text,
                Parameter(
                    key: key, value: .text(text), keyPlace: keyPlace, valuePlace: place, quoting: .double, runs: runs))
        }
        if let tag = node.tag, tag.hasPrefix("!"), tag != "!" {
            let known = [Self.textTag, Self.jsonTag, Self.includeTag]
            diagnostics.warning(
                place.firstLine, "the tag '\(tag)' means nothing here",
                hint: EditDistance.nearest(to: tag, in: known).map { "did you mean '\($0)'?" }
                    ?? "there are \(known.joined(separator: ", "))")
        }
        ValueScanner.warnOfCode(text, place.firstLine, diagnostics, inYAML: true)
        guard let value = node.parameterText else {
            return Parameter(key: key, value: .none, keyPlace: keyPlace, valuePlace: place, quoting: .absent)
        }
        return Parameter(
            key: key, value: .text(value), keyPlace: keyPlace, valuePlace: place,
            quoting: isPlain ? .single : .double, runs: runs)
    }

    /// `!fluent/s`: the inside of a text in double quotes of the classic format.
    private func evaluated(_ key: String, _ keyPlace: Place, _ text: String, _ written: Parameter) -> Parameter {
        let bytes = Array(text.utf8)
        var out: [UInt8] = []
        var value: Parameter.Value?
        let errors = diagnostics.errorCount
        var index = 0
        while index < bytes.count {
            if bytes[index] == Byte.hash, index + 1 < bytes.count, bytes[index + 1] == Byte.openBrace {
                let result = session.embedded.evaluate(bytes, from: index, diagnostics) { range in
                    written.place(ofOffset: range.lowerBound, length: max(range.count, 1))
                }
                switch result.value {
                case .text(let piece): out += Array(piece.utf8)
                case .none: value = Parameter.Value.none
                case .useDefault: if value == nil { value = .useDefault }
                }
                index = max(result.end, index + 2)
            } else if bytes[index] == Byte.backslash, index + 1 < bytes.count {
                switch bytes[index + 1] {
                case UInt8(ascii: "n"): out.append(Byte.newline)
                case UInt8(ascii: "t"): out.append(Byte.tab)
                case UInt8(ascii: "r"): out.append(Byte.carriageReturn)
                case let other: out.append(other)
                }
                index += 2
            } else {
                out.append(bytes[index])
                index += 1
            }
        }
        let result = String(decoding: out, as: UTF8.self)
        // What code gave stands in no file, so no mask covers it.
        if SecretNames.isSecret(key) { diagnostics.hide(result) }
        return written.with(value ?? .text(result), isBroken: diagnostics.errorCount > errors)
    }
}

/// Where the bytes of a scalar's text stand in the file.
enum YAMLRuns {
    /// How far a line may be from where the one before ended: indentation, and a word about the block.
    private static let reach = 1024

    /// Line by line: what is escaped or folded has the place of the line before.
    static func runs(of text: String, at place: Place) -> [Parameter.Run] {
        let bytes = place.file.bytes[place.start..<place.end]
        var runs: [Parameter.Run] = []
        var from = bytes.startIndex
        var offset = 0
        for line in Array(text.utf8).split(separator: Byte.newline, omittingEmptySubsequences: false) {
            if !line.isEmpty, let found = bytes[from...].prefix(line.count + reach).firstRange(of: line) {
                runs.append(Parameter.Run(valueOffset: offset, fileOffset: found.lowerBound))
                from = found.upperBound
            }
            offset += line.count + 1
        }
        return runs.isEmpty ? [Parameter.Run(valueOffset: 0, fileOffset: place.start)] : runs
    }
}
