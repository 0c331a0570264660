internal import Words

/// Changes of blanks and of texts that stand for themselves.
struct TextChanges {
    let line: [UInt8]

    /// - Parameter next: the text that stands for itself behind the blank; empty: another element does.
    func ofSpace(_ written: String, _ found: String, _ place: Range<Int>, before next: String) -> [RemedyCandidate] {
        func exact(_ replacement: String, _ advice: String) -> RemedyCandidate {
            RemedyCandidate(rank: .exact, advice: advice, replacement: replacement)
        }
        if LineTokens.isSign(line, at: place.upperBound - (found.isEmpty ? 0 : 1)) { return [] }
        if found.isEmpty {
            let marks = line[place.lowerBound...].prefix { !LineTokens.isBlank($0) && !LineTokens.isWord($0) }
            let isLone = place.lowerBound == 0 || LineTokens.isBlank(line[place.lowerBound - 1])
            // A mark by itself stands in the place of a value.
            if isLone, !marks.isEmpty { return [] }
            let isWanted = !next.isEmpty && line[place.lowerBound...].starts(with: Array(next.utf8))
            if !isWanted, (1...2).contains(marks.count), place.lowerBound + marks.count < line.count,
                LineTokens.isBlank(line[place.lowerBound + marks.count])
            {
                // A quote or bracket is half of a pair, whose other half stands elsewhere.
                if marks.contains(where: MarkFamily.isOfPair) { return [] }
                let mark = String(decoding: marks, as: UTF8.self)
                return [exact("\(RemedyText.optional(mark))\(written)", "allow '\(mark)' before the space")]
            }
            // What separates may stand in the place of the blank: `interface-outside`.
            if !isWanted, let mark = marks.first,
                MarkFamily.separators.contains(mark) || MarkFamily.closing.contains(mark)
            {
                return []
            }
            let isOne = written == " "
            return [exact(isOne ? " ?" : " *", isOne ? "make the space optional" : "make the spaces optional")]
        }
        // A blank in a line of tabs is one of two words of a value.
        if written.contains("\\t") || written.contains("\t"), line.contains(0x09), !found.contains("\t") { return [] }
        if found.allSatisfy({ $0 == " " }) { return [exact(" +", "allow one or several spaces")] }
        if found.allSatisfy({ $0 == " " || $0 == "\t" }) { return [exact("\\s+", "allow any white space")] }
        let core = found.drop { $0 == " " }.reversed().drop { $0 == " " }.reversed()
        let mark = String(core)
        if mark.utf8.contains(where: MarkFamily.isOfPair) { return [] }
        if mark.utf8.allSatisfy({ !LineTokens.isWord($0) && !LineTokens.isBlank($0) }), mark.count <= 2 {
            // The blank is there, behind the mark.
            if found == mark, place.upperBound < line.count, LineTokens.isBlank(line[place.upperBound]) {
                return [exact("\(RemedyText.optional(mark))\(written)", "allow '\(mark)' before the space")]
            }
            if found == mark, let scalar = mark.unicodeScalars.first, mark.unicodeScalars.count == 1 {
                return [exact(RemedyText.either(" ", scalar), "allow '\(mark)' in the place of the space")]
            }
            // A mark by itself stands in the place of a value.
            if found.hasPrefix(" "), found.hasSuffix(" ") { return [] }
            let behind = found.hasSuffix(" ") ? " +" : " *"
            let before = found.hasPrefix(" ") ? " *" : ""
            return [exact("\(before)\(RemedyText.optional(mark))\(behind)", "allow '\(mark)' beside the space")]
        }
        guard found.hasPrefix(" "), found.hasSuffix(" ") else { return [] }
        return [
            RemedyCandidate(
                rank: .general, advice: "allow more words there", replacement: " (?:.*? )?")
        ]
    }

    func ofLiteral(
        _ element: ExplainElement, _ written: String, _ found: String, _ place: Range<Int>
    ) -> [RemedyCandidate] {
        let literal = element.literal
        func exact(_ replacement: String, _ advice: String) -> RemedyCandidate {
            RemedyCandidate(rank: .exact, advice: advice, replacement: replacement)
        }
        guard !found.isEmpty else {
            // The rest of it would go to what follows, or to what stands before.
            if LineTokens.isThereInPart(literal, line, at: place.lowerBound) { return [] }
            let replacement = element.nodes.count == 1 ? written + "?" : "(?:\(written))?"
            return [exact(replacement, "make '\(literal)' optional")]
        }
        if found.lowercased() == literal.lowercased() {
            return [exact("(?i:\(written))", "let upper and lower case count the same")]
        }
        var result: [RemedyCandidate] = []
        let bare = found.trimmingBlanks
        if bare == literal { result.append(exact("\\s*\(written)\\s*", "allow white space around '\(literal)'")) }
        if let one = literal.unicodeScalars.first, literal.unicodeScalars.count == 1,
            let other = found.unicodeScalars.first, found.unicodeScalars.count == 1, !Self.isWord(one),
            !Self.isWord(other)
        {
            result.append(
                exact(RemedyText.either(one, other), "allow '\(found)' in the place of '\(literal)'"))
        }
        let isMark = !literal.utf8.contains { LineTokens.isLetter($0) || LineTokens.isDigit($0) }
        if isMark {
            guard !found.utf8.contains(where: { LineTokens.isLetter($0) || LineTokens.isDigit($0) }) else {
                return result
            }
            // Only what could be a slip of the pen for it: `=>` for `=`, and no `/?` for a quote.
            let marks = found.utf8.filter { !LineTokens.isBlank($0) }
            guard
                found.contains(literal)
                    || marks.allSatisfy({ mark in
                        literal.utf8.contains { MarkFamily.areAlike($0, mark) }
                    })
            else { return result }
        } else {
            // Another word than the literal may be a value: only a slip is taken for one.
            let limit = max(1, literal.utf8.count / 3)
            guard EditDistance.between(literal, found, limit: limit) != nil, !found.contains(where: \.isNumber) else {
                return result
            }
        }
        if found.utf8.count <= 32, found == bare {
            result.append(
                exact("(?:\(written)|\(RemedyText.escaped(found)))", "allow '\(found)' in the place of '\(literal)'"))
        }
        return result
    }

    private static func isWord(_ scalar: Unicode.Scalar) -> Bool {
        scalar.value > 0x7F || LineTokens.isWord(UInt8(scalar.value)) || scalar == " "
    }
}
