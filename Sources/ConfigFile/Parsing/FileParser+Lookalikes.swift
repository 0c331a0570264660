internal import Words

/// Characters that only look like those of the language: each is named at its column and read as what was meant.
extension FileParser {
    func reportLookalike(_ odd: (scalar: Unicode.Scalar, place: Place)) {
        let name = Lookalike.name(odd.scalar)
        switch Lookalike.kind(odd.scalar) {
        case .blank: diagnostics.error(odd.place, "\(name), is no blank", hint: "write a blank in its place")
        case .invisible:
            diagnostics.error(odd.place, "\(name), stands here, where nothing can be seen", hint: "remove it")
        default:
            let meant = Lookalike.meant(odd.scalar) ?? "'"
            diagnostics.error(odd.place, "\(name), is not '\(meant)'", hint: "write \(meant)")
        }
    }

    /// In front of a line: over one character that is meant as a blank. A `＜` or `＃` is reported and its line left out.
    mutating func skipLookalike() -> Bool {
        guard
            let odd = Lookalike.first(
                [.blank, .invisible, .wide], in: file, position..<min(position + 3, bytes.count)),
            odd.place.start == position
        else { return false }
        switch Lookalike.kind(odd.scalar) {
        case .wide:
            guard ["<", "#"].contains(Lookalike.meant(odd.scalar)) else { return false }
            session.hasTagErrors = true
            reportLookalike(odd)
            position = lineEnd(position)
        default:
            let isFirst = position == 0 || bytes[position - 1] < 0x80
            if isFirst { reportLookalike(odd) }
            position = odd.place.end
        }
        return true
    }

    /// Between a key and its value.
    mutating func skipBlanksAndLookalikes(isReported: Bool) {
        while let byte = current {
            if Byte.isBlank(byte) {
                position += 1
            } else if byte > 0x7F,
                let odd = Lookalike.first([.blank, .invisible], in: file, position..<min(position + 3, bytes.count)),
                odd.place.start == position
            {
                if isReported { reportLookalike(odd) }
                position = odd.place.end
            } else {
                return
            }
        }
    }

    /// A key without quotes and where it ends: before a character that is meant as a blank. In `<record>` and the like
    /// keys are the user's own, and may be written in any letters.
    func plainKey(_ range: Range<Int>) -> (key: String, end: Int) {
        let key = file.text(range)
        guard let odd = Lookalike.first([.blank, .invisible, .wide], in: file, range) else {
            return (key, range.upperBound)
        }
        switch Lookalike.kind(odd.scalar) {
        case .blank: return (file.text(range.lowerBound..<odd.place.start), odd.place.start)
        case .invisible where odd.place.end == range.upperBound:
            return (file.text(range.lowerBound..<odd.place.start), odd.place.start)
        case .wide where session.open[session.open.count - 1].section.name == "record": return (key, range.upperBound)
        default:
            reportLookalike(odd)
            let scalars = key.unicodeScalars.flatMap { scalar -> [Unicode.Scalar] in
                if Lookalike.kind(scalar) == .invisible { return [] }
                return Lookalike.meant(scalar).map { Array($0.unicodeScalars) } ?? [scalar]
            }
            return (String(String.UnicodeScalarView(scalars)), range.upperBound)
        }
    }

    /// Quotes around a value that are none, and what stands unseen at its ends. In texts and patterns all of them may be
    /// meant: there it is a warning, and they stay.
    func checkLookalikes(in value: inout ValueScanner.Value, of key: String) {
        let range = value.start..<value.end
        guard value.quoting != .json, value.quoting != .absent,
            let odd = Lookalike.first([.blank, .invisible, .quote], in: file, range)
        else { return }
        let isText =
            session.open[session.open.count - 1].section.name == "record"
            || ["pattern", "expression", "format"].contains { key.holds($0) }
        let scalars = Array(file.text(range).unicodeScalars)
        let isQuote = Lookalike.kind(odd.scalar) == .quote
        let isWrapped =
            isQuote && odd.place.start == value.start && scalars.last.map { Lookalike.kind($0) == .quote } == true
        // Inside of a value, and in quotes, a quote or a wide blank is text like any other.
        if isQuote && !isWrapped || value.quoting != .unquoted && Lookalike.kind(odd.scalar) != .invisible { return }
        if isText || value.quoting != .unquoted
            || !isWrapped && odd.place.start > value.start && odd.place.end < value.end
        {
            diagnostics.warning(
                odd.place, "\(Lookalike.name(odd.scalar)), is part of the value",
                hint: isQuote ? "quotes are \" and '" : "write a blank, or remove it, unless it is meant")
            return
        }
        reportLookalike(odd)
        var kept = scalars[...]
        while let first = kept.first, Lookalike.kind(first) != nil { kept.removeFirst() }
        while let last = kept.last, Lookalike.kind(last) != nil { kept.removeLast() }
        let front = scalars[..<kept.startIndex].reduce(0) { $0 + UTF8.width($1) }
        value.value = .text(String(String.UnicodeScalarView(kept)))
        value.runs = [Parameter.Run(valueOffset: 0, fileOffset: value.start + front)]
    }
}
