internal import Words
internal import YAML

/// A YAML file that was read: its nodes, and where their text stands in the file.
final class YAMLFile {
    let file: SourceFile
    /// nil: it holds nothing, or is no YAML, which was said.
    let root: YAMLNode?
    private let offsets: ScalarOffsets

    /// Reads the bytes of a file, which must be valid UTF-8; what is no YAML is reported.
    init(path: String, bytes: [UInt8], _ diagnostics: Diagnostics) {
        let offsets = ScalarOffsets(bytes)
        self.offsets = offsets
        do throws(YAMLError) {
            let root = try YAMLDocument.parse(bytes, takesAliases: true)
            var secrets: [Range<Int>] = []
            if let root { Self.addSecrets(of: root, isSecret: false, offsets, to: &secrets) }
            file = SourceFile(path: path, bytes: bytes, alsoSecret: secrets)
            self.root = root
        } catch {
            file = SourceFile(path: path, bytes: bytes)
            root = nil
            let place = Self.place(of: error, in: file)
            diagnostics.error(
                place, "no valid YAML: \(error.sentence)", hint: Self.hint(error.sentence, place, in: file))
        }
    }

    func place(of node: YAMLNode) -> Place {
        Place(file, offsets.byte(ofScalar: node.place.offset), offsets.byte(ofScalar: node.endOffset))
    }

    func place(ofKey entry: YAMLNode.Entry) -> Place {
        let start = offsets.byte(ofScalar: entry.keyPlace.offset)
        let isQuoted = start < file.bytes.count && [Byte.quote, Byte.apostrophe].contains(file.bytes[start])
        return Place(file, start, start + entry.key.utf8.count + (isQuoted ? 2 : 0))
    }

    /// The values of keys whose names say so, whatever form they are written in.
    private static func addSecrets(
        of node: YAMLNode, isSecret: Bool, _ offsets: ScalarOffsets, to secrets: inout [Range<Int>]
    ) {
        switch node.content {
        case .scalar(let text, _):
            // What is only a placeholder, or code, is no secret.
            if isSecret, !text.isEmpty, !text.hasPrefix("#{"), !text.hasPrefix("${") {
                let start = offsets.byte(ofScalar: node.place.offset)
                secrets.append(start..<max(start, offsets.byte(ofScalar: node.endOffset)))
            }
        case .sequence(let items):
            for item in items { addSecrets(of: item, isSecret: isSecret, offsets, to: &secrets) }
        case .mapping(let entries):
            for entry in entries {
                addSecrets(
                    of: entry.value, isSecret: isSecret || SecretNames.isSecret(entry.key), offsets, to: &secrets)
            }
        }
    }

    // MARK: - What is no YAML

    private static func place(of error: YAMLError, in file: SourceFile) -> Place {
        let line = min(max(error.line, 1), file.lineStarts.count) - 1
        let range = file.lineRange(line)
        let before = file.text(range).unicodeScalars.prefix(max(error.column - 1, 0))
        let start = min(range.lowerBound + before.reduce(0) { $0 + UTF8.width($1) }, range.upperBound)
        return Place(file, start, start + 1)
    }

    /// What is behind the parser's sentences in configurations: they speak of characters and tokens.
    private static func hint(_ sentence: String, _ place: Place, in file: SourceFile) -> String? {
        let line = file.text(file.lineRange(place.line - 1))
        func says(_ words: String) -> Bool { sentence.holds(words) }
        if line.utf8.contains(Byte.tab), says("cannot start any token") || says("tab") {
            return "YAML is indented with blanks: write blanks for the tab"
        }
        if says("alphabetic or numeric character") || says("is called '&") {
            return "'*' and '&' begin names in YAML: put a tag or pattern that begins with one in quotes, \"**\""
        }
        if says("cannot start any token") {
            return line.contains("@")
                ? "write '$type' for '@type', or put the text in quotes" : "put the text in quotes"
        }
        if says("mapping values are not allowed") {
            return "put a text with ': ' in quotes, and let the keys of one mapping begin in one column"
        }
        if says("expected key") || says("block end") || says("expected '-'") {
            return "let the keys of one mapping, and the '-' of one list, begin in one column"
        }
        if says("could not find expected ':'") { return "write 'key: value', with a blank behind the colon" }
        if says("a second time") { return "several sections of one name are a list: key: [{…}, {…}]" }
        return nil
    }
}

/// Bytes of a text by the numbers of its Unicode scalars.
private struct ScalarOffsets {
    /// The byte of each `step`th scalar; empty where all are ASCII.
    private var marks: [Int] = []
    private let bytes: [UInt8]
    private static let step = 64

    init(_ bytes: [UInt8]) {
        self.bytes = bytes
        guard !bytes.allSatisfy({ $0 < 0x80 }) else { return }
        var count = 0
        for (index, byte) in bytes.enumerated() where byte & 0xC0 != 0x80 {
            if count % Self.step == 0 { marks.append(index) }
            count += 1
        }
    }

    func byte(ofScalar number: Int) -> Int {
        if marks.isEmpty { return min(number, bytes.count) }
        let mark = number / Self.step
        guard mark < marks.count else { return bytes.count }
        var index = marks[mark]
        var left = number % Self.step
        while left > 0, index < bytes.count {
            index += 1
            while index < bytes.count, bytes[index] & 0xC0 == 0x80 { index += 1 }
            left -= 1
        }
        return index
    }
}
