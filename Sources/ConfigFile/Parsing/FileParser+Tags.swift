internal import Words

extension FileParser {
    // MARK: - Opening

    /// `<name argument>` at `position`.
    mutating func openTag() {
        let start = position
        position += 1
        skipBlanks()
        let nameStart = position
        let name = takeName()
        guard !name.isEmpty else {
            let line = content(from: start)
            session.hasTagErrors = true
            diagnostics.error(
                Place(file, start, line.upperBound), "expected a section name after '<'",
                hint: "names are made of letters, digits and '_': <source>")
            position = lineEnd(start)
            return
        }
        if nameStart != start + 1 {
            diagnostics.error(
                Place(file, start + 1, nameStart), "a blank between '<' and '\(name)'", hint: "remove the blank")
        }
        let nameEnd = position
        skipBlanks()
        let argument = takeArgument(after: nameEnd)
        var tagEnd = position
        if current == Byte.greater {
            position += 1
            tagEnd = position
            checkNothingFollows("the tag '<\(name)>'")
        } else {
            let end = argument.text.isEmpty ? nameEnd : argument.place.end
            diagnostics.error(
                Place(file, end, end), "the tag '<\(name)' has no '>'", hint: "write '\(Self.tag(name, argument))'")
            tagEnd = end
            position = lineEnd(position)
        }
        open(name, Place(file, nameStart, nameEnd), argument, Place(file, start, tagEnd))
    }

    private static func tag(_ name: String, _ argument: Argument) -> String {
        argument.text.isEmpty ? "<\(name)>" : "<\(name) \(argument.text)>"
    }

    /// The text up to the closing bracket, in quotes or as it stands.
    private mutating func takeArgument(after nameEnd: Int) -> Argument {
        if current == Byte.quote || current == Byte.apostrophe {
            let start = position
            var scanner = scanner()
            let literal = scanner.quoted(double: current == Byte.quote, limit: lineEnd(start))
            let wasClosed =
                literal.end > start + 1 && bytes[literal.end - 1] == bytes[start] && scanner.position == literal.end
            if wasClosed {
                position = literal.end
                skipBlanks()
                let text = if case .text(let text) = literal.value { text } else { "" }
                let stray = position
                while let byte = current, byte != Byte.greater, byte != Byte.newline { position += 1 }
                if current == Byte.greater, stray < position {
                    diagnostics.error(
                        Place(file, stray, position), "text after the closing quote",
                        hint: "quote the whole argument, or no part of it")
                }
                return Argument(text: Self.trimmed(text), place: Place(file, start, literal.end))
            }
        }
        let start = position
        let line = content(from: start)
        var end = start
        let lineStop = lineEnd(start)
        while end < lineStop, bytes[end] != Byte.greater { end += 1 }
        position = end
        if end == lineStop { end = line.upperBound }
        while end > start, Byte.isBlank(bytes[end - 1]) { end -= 1 }
        if end == start { return Argument(text: "", place: Place(file, nameEnd, nameEnd)) }
        return plainArgument(start..<end)
    }

    /// Without quotes: no code is evaluated, and a blank that is none would be part of a tag.
    private func plainArgument(_ range: Range<Int>) -> Argument {
        let place = Place(file, range.lowerBound, range.upperBound)
        var text = file.text(range)
        ValueScanner.warnOfCode(text, place, diagnostics)
        if let odd = Lookalike.first([.blank, .invisible, .quote], in: file, range) {
            reportLookalike(odd)
            text = String(
                String.UnicodeScalarView(
                    text.unicodeScalars.compactMap { scalar in
                        switch Lookalike.kind(scalar) {
                        case .blank: " "
                        case .invisible, .quote: nil
                        default: scalar
                        }
                    }))
            text = Self.trimmed(text)
        }
        return Argument(text: text, place: place)
    }

    private static func trimmed(_ text: String) -> String {
        var bytes = Array(text.utf8)[...]
        while let first = bytes.first, Byte.isSpace(first) { bytes.removeFirst() }
        while let last = bytes.last, Byte.isSpace(last) { bytes.removeLast() }
        return String(decoding: bytes, as: UTF8.self)
    }

    /// Puts a section on the open ones, its name corrected where the language knows better.
    func open(_ name: String, _ namePlace: Place, _ argument: Argument, _ place: Place) {
        if session.isGuided, endsUnclosed(by: name, argument, place) { return }
        let parent = session.open[session.open.count - 1].section
        session.open[session.open.count - 1].isInStrayParameters = false
        let writtenName = name
        var name = name
        if let allowed = SectionNames.allowed(in: parent.name), !allowed.contains(name) {
            let location = isAtRoot ? "at the top level" : "in \(parent.tag)"
            if let near = EditDistance.nearest(to: name, in: allowed) {
                diagnostics.error(namePlace, "unknown section <\(name)> \(location)", hint: "did you mean '<\(near)>'?")
                name = near
            } else {
                // As in Fluentd, at the top level as well.
                diagnostics.warning(
                    namePlace, "<\(name)> \(location) has no effect",
                    hint: "known are \(allowed.map { "<\($0)>" }.joined(separator: ", "))")
            }
        }
        if session.open.count > session.limits.maximumSectionDepth {
            diagnostics.error(
                place, "sections are nested more than \(session.limits.maximumSectionDepth) deep",
                hint: "the rest of the file was not read")
            session.isStopped = true
            return
        }
        session.open.append(
            OpenSection(
                section: Section(name: name, argument: argument, place: place), writtenName: writtenName,
                indentation: indentation(of: place.start)))
    }

    // MARK: - Ending

    /// `</name>` at `position`.
    mutating func endTag() {
        let start = position
        position += 2
        skipBlanks()
        let nameStart = position
        let name = takeName()
        let nameEnd = position
        if nameStart != start + 2, !name.isEmpty {
            diagnostics.error(
                Place(file, start + 2, nameStart), "a blank between '</' and '\(name)'", hint: "remove the blank")
        }
        skipBlanks()
        let expected = session.open.count > base ? session.open[session.open.count - 1].section.name : name
        if current == Byte.greater {
            position += 1
            let place = Place(file, start, position)
            checkNothingFollows("the end tag '</\(name)>'")
            close(name, place)
        } else {
            // `</sou rce>`: what stands before the bracket belongs to the tag. Otherwise the line goes on behind it.
            let line = content(from: position)
            let bracket = bytes[line].firstIndex(of: Byte.greater)
            let hint = "write '</\(name.isEmpty ? expected : name)>'"
            if let bracket, !bytes[line.lowerBound..<bracket].contains(Byte.less) {
                let place = Place(file, start, bracket + 1)
                // Where nothing is open, `close` has its own message.
                if session.open.count > base {
                    diagnostics.error(place, "an end tag holds a name and nothing else", hint: "write '</\(expected)>'")
                }
                position = bracket + 1
                checkNothingFollows("the end tag")
                close(session.open.count > base ? expected : name, place)
            } else {
                diagnostics.error(Place(file, nameEnd, nameEnd), "the end tag '</\(name)' has no '>'", hint: hint)
                close(name, Place(file, start, nameEnd))
            }
        }
    }

    /// Ends the section that an end tag means.
    func close(_ name: String, _ place: Place) {
        let top = session.open.count - 1
        guard top >= base else {
            session.hasTagErrors = true
            session.open[top].isInStrayParameters = false
            diagnostics.error(
                place, "the end tag '</\(name)>' has no opening tag",
                hint: base > 1 ? "a section ends in the file it began in" : "remove it, or write '<\(name)>' above")
            return
        }
        if session.open[top].section.name == name || session.open[top].writtenName == name {
            finishSection()
            return
        }
        if session.open[base...].contains(where: { $0.section.name == name }) {
            session.hasTagErrors = true
            while session.open[session.open.count - 1].section.name != name { reportUnclosed(endedBy: place) }
            finishSection()
            return
        }
        let section = session.open[top].section
        let isTypingError = EditDistance.between(name, section.name, limit: 2) != nil
        // A tag of another name at another depth ends nothing: its opening tag was lost.
        if !isTypingError, indentation(of: place.start) != session.open[top].indentation {
            session.hasTagErrors = true
            diagnostics.error(
                place, "the end tag '</\(name)>' has no opening tag",
                hint: "remove it, or write '<\(name)>' above",
                related: [.init(section.place, "the section open here is '\(section.tag)'")])
            return
        }
        diagnostics.error(
            place, "the end tag '</\(name)>' does not match '\(section.tag)'", hint: "write '</\(section.name)>'",
            related: [.init(section.place, "the section begins here")])
        finishSection()
    }

    /// The innermost section has no end tag: reports it at its opening tag and ends it.
    func reportUnclosed(endedBy place: Place?) {
        session.hasTagErrors = true
        let section = session.open[session.open.count - 1].section
        let related = place.map { [Diagnostic.Related($0, "it must end before this")] } ?? []
        diagnostics.error(
            section.place, "the section '\(section.tag)' is not closed", hint: "end it with '</\(section.name)>'",
            related: related)
        finishSection()
    }

    /// Moves the innermost section into the one around it.
    func finishSection() {
        let done = session.open.removeLast()
        session.open[session.open.count - 1].section.sections.append(done.section)
    }

    // MARK: - Small things

    /// After a tag only a comment may stand on its line. What does is reported and then read as a line of its own.
    private mutating func checkNothingFollows(_ what: String) {
        skipBlanks()
        guard let byte = current, byte != Byte.newline, byte != Byte.hash else { return }
        let rest = content(from: position)
        diagnostics.error(
            Place(file, rest.lowerBound, rest.upperBound), "text after \(what)", hint: "put it on its own line")
        // `<match /a>b/>`: not a line of its own, but the rest of an argument.
        if bytes[rest.upperBound - 1] == Byte.greater, bytes[rest.lowerBound] != Byte.less {
            position = lineEnd(position)
        }
    }

    mutating func skipBlanks() {
        while let byte = current, Byte.isBlank(byte) { position += 1 }
    }

    mutating func takeName() -> String {
        let start = position
        while let byte = current, Byte.isName(byte) { position += 1 }
        return file.text(start..<position)
    }
}
