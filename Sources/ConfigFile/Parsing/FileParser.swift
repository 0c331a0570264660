internal import Words

/// Parses one file into the innermost open section of its session, line by line.
///
/// Each line is a tag, an end tag, an include or a parameter. An error is reported and repaired as the user most
/// likely meant it, so that the lines after it are judged as if it had not happened.
struct FileParser {
    let file: SourceFile
    let session: ParseSession
    var position = 0
    /// Open sections that belong to including files: a file cannot end them.
    let base: Int

    var bytes: [UInt8] { file.bytes }
    var current: UInt8? { position < file.bytes.count ? file.bytes[position] : nil }
    var diagnostics: Diagnostics { session.diagnostics }
    var isAtRoot: Bool { session.open.count == 1 }

    /// Errors after which the rest of a file is not looked at: nobody reads more, and a broken binary stops early.
    static let maximumErrors = 1000

    init(file: SourceFile, session: ParseSession) {
        self.file = file
        self.session = session
        self.base = session.open.count
    }

    mutating func parse() {
        if Byte.hasMark(bytes) { position = Byte.markLength }
        while !session.isStopped {
            skipToContent()
            guard let byte = current else { break }
            if byte == Byte.less {
                if position + 1 < bytes.count, bytes[position + 1] == Byte.slash { endTag() } else { openTag() }
            } else if !repairTag() {
                statement()
            }
            if diagnostics.errorCount >= Self.maximumErrors { session.isStopped = true }
        }
        while session.open.count > base { reportUnclosed(endedBy: nil) }
    }

    // MARK: - Parameters and includes

    private mutating func statement() {
        let start = position
        let key: String
        let keyEnd: Int
        if isAtRoot, startsWith(word: "include") {
            key = "include"
            position += key.utf8.count
            keyEnd = position
        } else if current == Byte.quote || current == Byte.apostrophe {
            var scanner = scanner()
            let literal = scanner.quoted(double: current == Byte.quote, limit: lineEnd(start))
            position = scanner.position
            key = if case .text(let text) = literal.value { text } else { "" }
            keyEnd = literal.end
        } else {
            while let byte = current, !Byte.isSpace(byte) { position += 1 }
            (key, keyEnd) = plainKey(start..<position)
            position = keyEnd
        }
        skipBlanksAndLookalikes(isReported: true)
        let keyPlace = Place(file, start, keyEnd)
        let hasValue = current != nil && current != Byte.newline
        if key == "@include" || (key == "include" && isAtRoot) {
            include(key: key, at: keyPlace, hasPath: hasValue)
            return
        }
        let parameter: Parameter
        if hasValue {
            var scanner = scanner()
            scanner.leavesCode = session.open[session.open.count - 1].section.name == "record"
            var value = scanner.value()
            position = scanner.position
            splitGluedTag(&value)
            checkLookalikes(in: &value, of: key)
            parameter = Parameter(
                key: key, value: value.value, keyPlace: keyPlace, valuePlace: Place(file, value.start, value.end),
                quoting: value.quoting, runs: value.runs, oddities: value.oddities)
        } else {
            parameter = Parameter(
                key: key, value: .text(""), keyPlace: keyPlace, valuePlace: Place(file, keyEnd, keyEnd),
                quoting: .absent)
        }
        // What code gave stands in no file, so no mask covers it.
        if let text = parameter.text, parameter.quoting == .double, SecretNames.isSecret(key) { diagnostics.hide(text) }
        add(parameter)
    }

    private mutating func include(key: String, at keyPlace: Place, hasPath: Bool) {
        if key == "include" {
            diagnostics.warning(keyPlace, "'include' is deprecated", hint: "write '@include'")
        }
        guard hasPath else {
            diagnostics.error(keyPlace, "'\(key)' without a path", hint: "name a file: @include conf.d/*.conf")
            return
        }
        var scanner = scanner()
        let path = scanner.value(takesJSON: false)
        position = scanner.position
        if case .text(let text) = path.value, !text.isEmpty {
            session.include(text, at: Place(file, path.start, path.end))
        } else {
            diagnostics.error(Place(file, path.start, path.end), "'\(key)' with an empty path")
        }
    }

    private func add(_ parameter: Parameter) {
        let top = session.open.count - 1
        // Not the section as a whole: a copy held here would make each append copy all parameters.
        let name = session.open[top].section.name
        if isAtRoot {
            if session.open[top].isInStrayParameters { return }
            session.open[top].isInStrayParameters = true
            if let meant = Self.meantTag(parameter) {
                diagnostics.error(
                    parameter.keyPlace, "'\(parameter.key)' cannot stand outside of a section",
                    hint: "did you mean '\(meant)'?")
            } else {
                // Fluentd says that it is not used, and starts.
                diagnostics.warning(
                    parameter.keyPlace, "'\(parameter.key)' stands outside of any section and is not used",
                    hint: "only sections and @include stand at the top; a comment begins with '#'")
            }
            return
        }
        SectionNames.checkReserved(parameter, name, session.open[top].section.tag, diagnostics)
        session.open[top].section.parameters.append(parameter)
    }

    /// A line that was a tag or an include before a slip of the pen: with what such a line has behind its name.
    private static func meantTag(_ parameter: Parameter) -> String? {
        let hasValue = parameter.text?.isEmpty == false
        if hasValue, let near = EditDistance.nearest(to: parameter.key, in: ["@include", "include"]) { return near }
        let isNamed = ["filter", "match", "label"]
        let isTag = !hasValue || parameter.text?.hasSuffix(">") == true || isNamed.contains(parameter.key)
        guard isTag else { return nil }
        return EditDistance.nearest(to: parameter.key, in: SectionNames.top).map { "<\($0)>" }
    }

    // MARK: - Bytes

    func scanner() -> ValueScanner {
        ValueScanner(file: file, position: position, embedded: session.embedded, diagnostics: diagnostics)
    }

    /// Over blanks, empty lines and comments.
    private mutating func skipToContent() {
        while let byte = current {
            if Byte.isSpace(byte) || byte > 0x7F && skipLookalike() {
                if Byte.isSpace(byte) { position += 1 }
            } else if byte == Byte.hash {
                position = lineEnd(position)
            } else {
                return
            }
        }
    }

    func lineEnd(_ offset: Int) -> Int {
        bytes[min(offset, bytes.count)...].firstIndex(of: Byte.newline) ?? bytes.count
    }

    /// The line from `start` without a comment and trailing blanks.
    func content(from start: Int) -> Range<Int> {
        var end = lineEnd(start)
        for index in start..<end where bytes[index] == Byte.hash && (index == start || Byte.isBlank(bytes[index - 1])) {
            end = index
            break
        }
        while end > start, Byte.isBlank(bytes[end - 1]) { end -= 1 }
        return start..<end
    }

    /// Columns before `offset` on its line, a tab counting as one. A tag behind other text, where a line end was lost,
    /// counts as one step inside of the innermost section.
    func indentation(of offset: Int) -> Int {
        let lineStart = file.lineStarts[file.lineIndex(at: offset)]
        let isFirst = bytes[lineStart..<offset].allSatisfy { Byte.isBlank($0) || $0 > 0x7F }
        return isFirst ? offset - lineStart : session.open[session.open.count - 1].indentation + 1
    }

    private func startsWith(word: String) -> Bool {
        let end = position + word.utf8.count
        return bytes[position...].starts(with: word.utf8) && end < bytes.count && Byte.isSpace(bytes[end])
    }
}
