/// What a damaged line was meant to be.
extension FileParser {
    /// A tag without its `<`: `source>`, `/source>`, `match a.**`. Reports it and acts as if the bracket stood there.
    mutating func repairTag() -> Bool {
        guard let first = current, first == Byte.slash || Byte.isName(first) else { return false }
        let line = content(from: position)
        let isEnd = first == Byte.slash
        var nameEnd = line.lowerBound + (isEnd ? 1 : 0)
        let nameStart = nameEnd
        while nameEnd < line.upperBound, Byte.isName(bytes[nameEnd]) { nameEnd += 1 }
        guard nameEnd > nameStart,
            nameEnd == line.upperBound || bytes[nameEnd] == Byte.greater || Byte.isBlank(bytes[nameEnd])
        else { return false }
        let name = file.text(nameStart..<nameEnd)
        let hasBracket = bytes[line.upperBound - 1] == Byte.greater
        var argumentStart = nameEnd
        while argumentStart < line.upperBound, Byte.isBlank(bytes[argumentStart]) { argumentStart += 1 }
        var argumentEnd = hasBracket ? line.upperBound - 1 : line.upperBound
        argumentEnd = max(argumentStart, argumentEnd)
        while argumentEnd > argumentStart, Byte.isBlank(bytes[argumentEnd - 1]) { argumentEnd -= 1 }
        let argument = file.text(argumentStart..<argumentEnd)
        if isEnd {
            guard argument.isEmpty, isOpen(name) || isAtRoot else { return false }
        } else {
            guard isTag(name, argument, hasBracket: hasBracket, from: line.upperBound) else { return false }
        }
        let place = Place(file, line.lowerBound, line.upperBound)
        let meant = isEnd ? "</\(name)>" : argument.isEmpty ? "<\(name)>" : "<\(name) \(argument)>"
        diagnostics.error(
            place, "a tag without its '<'\(hasBracket ? "" : " and '>'")", hint: "did you mean '\(meant)'?")
        position = lineEnd(position)
        if isEnd {
            close(name, place)
        } else {
            let argumentPlace =
                argument.isEmpty ? Place(file, nameEnd, nameEnd) : Place(file, argumentStart, argumentEnd)
            open(name, Place(file, nameStart, nameEnd), Argument(text: argument, place: argumentPlace), place)
        }
        return true
    }

    private func isTag(_ name: String, _ argument: String, hasBracket: Bool, from offset: Int) -> Bool {
        if isAtRoot {
            if hasBracket { return name != "include" }
            return SectionNames.top.contains(name)
        }
        let parent = session.open[session.open.count - 1].section.name
        if let allowed = SectionNames.allowed(in: parent), allowed.contains(name) { return true }
        // In a plugin's section a value may well end with '>': the end tag tells.
        guard hasBracket, !argument.contains("<") else { return false }
        return file.lastEndTags[name].map { $0 > offset } ?? false
    }

    private func isOpen(_ name: String) -> Bool {
        session.open[base...].contains { $0.section.name == name }
    }

    // MARK: - Second pass

    /// When the tags of a file do not match, a tag that stands as far left as an open section's tag ends that section.
    /// - Returns: whether the tag itself was the end tag, without its slash.
    func endsUnclosed(by name: String, _ argument: Argument, _ place: Place) -> Bool {
        let column = indentation(of: place.start)
        while session.open.count > max(base, 1) {
            let top = session.open[session.open.count - 1]
            guard top.section.place.file === file, column <= top.indentation else { return false }
            if top.section.name == name, argument.text.isEmpty, column == top.indentation,
                !isFollowedByContent(place.end)
            {
                session.hasTagErrors = true
                diagnostics.error(
                    place, "'<\(name)>' inside of '\(top.section.tag)'", hint: "did you mean '</\(name)>'?",
                    related: [.init(top.section.place, "the section begins here")])
                finishSection()
                return true
            }
            reportUnclosed(endedBy: place)
        }
        return false
    }

    /// Whether a parameter is the next thing in the file, not a tag or the end.
    private func isFollowedByContent(_ offset: Int) -> Bool {
        var index = lineEnd(offset)
        while index < bytes.count {
            if Byte.isSpace(bytes[index]) {
                index += 1
            } else if bytes[index] == Byte.hash {
                index = lineEnd(index)
            } else {
                return bytes[index] != Byte.less
            }
        }
        return false
    }

    /// A tag at the end of a value, where a line end was lost: `port 24224</source>`. Only when tags do not match.
    mutating func splitGluedTag(_ value: inout ValueScanner.Value) {
        guard session.isGuided, value.quoting == .unquoted, session.open.count > base, value.end > value.start,
            bytes[value.end - 1] == Byte.greater,
            let start = bytes[value.start..<value.end].lastIndex(of: Byte.less), start > value.start
        else { return }
        let isEnd = bytes[start + 1] == Byte.slash
        let nameStart = start + (isEnd ? 2 : 1)
        guard nameStart < value.end - 1, bytes[nameStart..<(value.end - 1)].allSatisfy(Byte.isName) else { return }
        let name = file.text(nameStart..<(value.end - 1))
        guard isEnd ? isOpen(name) : SectionNames.nested.contains(name) else { return }
        diagnostics.error(
            Place(file, start, value.end), "a \(isEnd ? "end tag" : "tag") inside of a value",
            hint: "put it on its own line")
        position = start
        var end = start
        while end > value.start, Byte.isBlank(bytes[end - 1]) { end -= 1 }
        value.end = end
        value.value = .text(file.text(value.start..<end))
    }
}
