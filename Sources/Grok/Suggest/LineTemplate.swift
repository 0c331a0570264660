/// What a cluster of lines has in common: columns from the left, and perhaps a text at the end that varies.
struct LineTemplate: Sendable {
    /// Columns of a line with more tokens than are looked at; the rest is text.
    private static let maximumLongColumns = 40

    private(set) var columns: [TemplateColumn]
    /// A text follows the columns.
    private(set) var hasTail = false
    /// Some lines end before the text.
    private(set) var isTailOptional = false
    private(set) var minimumTailBlanks = Int.max
    private(set) var maximumTailBlanks = 0
    /// Which column begins the running text, where texts differ from line to line without a pattern.
    private(set) var freeStart: Int
    /// Which lines belong to it.
    private(set) var lines: [Int]
    /// Distinct lines, up to three.
    private(set) var distinctLines: [[UInt8]]

    init(_ tokens: [SampleToken], in line: [UInt8], number: Int) {
        columns = tokens.map { TemplateColumn($0, in: line) }
        freeStart = Self.freeStart(tokens, in: line)
        lines = [number]
        distinctLines = [line]
        if tokens.count >= LineTokenizer.maximumTokens { cut(at: min(freeStart, Self.maximumLongColumns)) }
    }

    /// A template of columns made elsewhere.
    init(columns: [TemplateColumn], lineCount: Int) {
        self.columns = columns
        freeStart = Int.max
        lines = Array(0..<lineCount)
        distinctLines = []
    }

    /// How a line can join a template.
    struct Fit {
        /// Which columns stand for which tokens; more than one is text between brackets.
        var pairs: [(columns: Range<Int>, tokens: Range<Int>)] = []
        /// How many pairs stay columns; the rest becomes the text at the end. Nil when all stay as they are.
        var tail: Int?
        /// The line has just the columns of the template, to its end.
        var isWhole = false
        /// How much they share: times, addresses, levels count most.
        var score = 0
    }

    /// Whether, and how, a line can join.
    ///
    /// - Parameter lenient: lines whose keys differ may join; what differs becomes the text at the end.
    func fit(_ tokens: [SampleToken], in line: [UInt8], lenient: Bool) -> Fit? {
        var fit = Fit()
        var open: [Int] = []
        var p = 0
        var q = 0
        while p < columns.count, q < tokens.count {
            let isUnderKey = p > 0 && columns[p - 1].isKey
            if Self.isCompatible(columns[p], tokens[q], in: line, isUnderKey: isUnderKey, isBracketed: !open.isEmpty) {
                if let byte = columns[p].byte {
                    if Self.closer(of: byte) != nil { open.append(fit.pairs.count) }
                    if [UInt8(ascii: "]"), UInt8(ascii: ")"), UInt8(ascii: "}"), UInt8(ascii: ">")].contains(byte) {
                        _ = open.popLast()
                    }
                }
                fit.pairs.append((p..<(p + 1), q..<(q + 1)))
                p += 1
                q += 1
                continue
            }
            // Brackets around different things: everything between them is one text.
            guard let pair = open.popLast() else { break }
            let left = fit.pairs[pair]
            guard let closeColumn = closing(left.columns.lowerBound),
                let closeToken = Self.closing(tokens, in: line, left.tokens.lowerBound)
            else { break }
            fit.pairs.removeSubrange((pair + 1)...)
            fit.pairs.append((left.columns.upperBound..<closeColumn, left.tokens.upperBound..<closeToken))
            open.append(pair)
            p = closeColumn
            q = closeToken
        }
        let lineFree = Self.freeStart(tokens, in: line)
        let isLineFree = lineFree <= q
        let isTemplateFree = freeStart <= p
        let free = min(
            Self.place(lineFree, in: fit.pairs.map(\.tokens)), Self.place(freeStart, in: fit.pairs.map(\.columns)))
        if p == columns.count, hasTail {
            fit.score = score(fit.pairs)
            return isLineFree || q == tokens.count || fit.score >= 5 ? fit : nil
        }
        if p == columns.count, q == tokens.count, isSameText(fit.pairs[min(free, fit.pairs.count)...], tokens, line) {
            fit.score = score(fit.pairs)
            fit.isWhole = true
            return fit
        }
        let tail = min(fit.pairs.count, free)
        fit.score = score(fit.pairs[..<tail])
        if !isLineFree, !isTemplateFree, !lenient {
            let isKeyMismatch = p < columns.count && columns[p].isKey || q < tokens.count && tokens[q].kind == .key
            if isKeyMismatch { return nil }
        }
        // A different structure, not a different text: only lines that begin alike for long belong together.
        guard fit.score >= (isLineFree && isTemplateFree ? 2 : 5) else { return nil }
        fit.tail = tail
        return fit
    }

    /// Which pair a column or token is in; beyond them all when it is in none.
    private static func place(_ index: Int, in ranges: [Range<Int>]) -> Int {
        index == Int.max ? Int.max : ranges.firstIndex { $0.upperBound > index } ?? ranges.count
    }

    /// Takes in a line that fits.
    mutating func add(_ fit: Fit, _ tokens: [SampleToken], in line: [UInt8], number: Int) {
        var merged: [TemplateColumn] = []
        let count = fit.tail ?? fit.pairs.count
        merged.reserveCapacity(count)
        for pair in fit.pairs[..<count] {
            if pair.columns.count == 1, pair.tokens.count == 1, !columns[pair.columns.lowerBound].kinds.contains(.text)
            {
                var column = columns[pair.columns.lowerBound]
                column.add(tokens[pair.tokens.lowerBound], in: line)
                merged.append(column)
            } else {
                let bytes = pair.columns.first.map { columns[$0].text } ?? []
                var column =
                    pair.columns.count == 1 && columns[pair.columns.lowerBound].kinds.contains(.text)
                    ? columns[pair.columns.lowerBound]
                    : TemplateColumn(text: bytes, blanks: pair.columns.first.map { columns[$0].maximumBlanks } ?? 0)
                column.addText(blanks: pair.tokens.first.map { tokens[$0].blanks } ?? 0)
                merged.append(column)
            }
        }
        let lineFree = Self.freeStart(tokens, in: line)
        freeStart = min(
            Self.place(lineFree, in: fit.pairs.map(\.tokens)), Self.place(freeStart, in: fit.pairs.map(\.columns)))
        if let tail = fit.tail, !hasTail || tail < columns.count {
            let next =
                tail < fit.pairs.count ? fit.pairs[tail].columns.lowerBound : fit.pairs.last?.columns.upperBound ?? 0
            if next < columns.count {
                noteTail(columns[next].minimumBlanks)
                noteTail(columns[next].maximumBlanks)
            } else {
                isTailOptional = true
            }
        }
        if fit.tail != nil { hasTail = true }
        columns = merged
        if hasTail {
            let next =
                count < fit.pairs.count ? fit.pairs[count].tokens.lowerBound : fit.pairs.last?.tokens.upperBound ?? 0
            if next < tokens.count { noteTail(tokens[next].blanks) } else { isTailOptional = true }
        }
        lines.append(number)
        if distinctLines.count < 3, !distinctLines.contains(line) { distinctLines.append(line) }
    }

    /// Makes a text at the end of everything from a column on.
    mutating func cut(at index: Int) {
        guard index < columns.count else { return }
        noteTail(columns[index].minimumBlanks)
        noteTail(columns[index].maximumBlanks)
        hasTail = true
        columns.removeSubrange(index...)
    }

    /// Decides what the running text is: one sentence with places that vary, when enough lines say so; else a text.
    mutating func settle() {
        guard !hasTail, freeStart < columns.count else { return }
        let head = columns[..<freeStart].indices.reduce(0) { $0 + Self.weight(columns, $1) }
        guard head >= 2 else { return }
        let varies = columns[freeStart...].contains { !$0.isConstant && !$0.isPunctuation && !$0.isKey }
        if distinctLines.count < 3 || !varies { cut(at: freeStart) }
    }

    /// How many keys there are.
    var keyCount: Int { columns.count { $0.isKey } }

    var hasTimestamp: Bool { columns.contains { $0.kinds == TokenKinds(.timestamp) } }

    /// Whether the columns say more than that there is a text.
    var isMeaningful: Bool {
        let hasDistinctive = columns.contains { column in
            !column.kinds.intersection(TokenKinds.distinctive).isEmpty || column.kinds == TokenKinds(.level)
        }
        if hasDistinctive { return columns.contains { !$0.isPunctuation && !$0.isKey } }
        // Words alone: a sentence that at least three lines share.
        let same = columns.count { $0.isConstant && $0.kinds == TokenKinds(.word) }
        return !hasTail && distinctLines.count >= 3 && same >= 1
            && columns.contains { !$0.isConstant && !$0.isPunctuation }
    }

    private mutating func noteTail(_ blanks: Int) {
        minimumTailBlanks = min(minimumTailBlanks, blanks)
        maximumTailBlanks = max(maximumTailBlanks, blanks)
    }

    // MARK: - What lines share

    private func score(_ pairs: some Sequence<(columns: Range<Int>, tokens: Range<Int>)>) -> Int {
        pairs.reduce(0) { $0 + Self.weight(columns, $1.columns.lowerBound) }
    }

    /// How much the columns say about the format.
    var score: Int { columns.indices.reduce(0) { $0 + Self.weight(columns, $1) } }

    private static func weight(_ columns: [TemplateColumn], _ index: Int) -> Int {
        guard index < columns.count else { return 0 }
        let kinds = columns[index].kinds
        if kinds == TokenKinds(.timestamp) { return 3 }
        if kinds == TokenKinds(.level) { return 2 }
        if !kinds.isEmpty, TokenKinds.addresses.isSuperset(of: kinds) { return 2 }
        if kinds == TokenKinds(.uuid) || kinds == TokenKinds(.method) { return 2 }
        if kinds == TokenKinds(.key) || TokenKinds.quotes.isSuperset(of: kinds) { return 1 }
        if index + 1 < columns.count, columns[index + 1].minimumBlanks == 0,
            [UInt8(ascii: ":"), UInt8(ascii: "]"), UInt8(ascii: "[")].contains(columns[index + 1].byte ?? 0),
            !kinds.contains(.punctuation)
        {
            return 1
        }
        return 0
    }

    /// Whether words of running text are mostly the same: then it is one sentence with places that vary.
    private func isSameText(
        _ pairs: ArraySlice<(columns: Range<Int>, tokens: Range<Int>)>, _ tokens: [SampleToken], _ line: [UInt8]
    ) -> Bool {
        var same = 0
        var different = 0
        for pair in pairs where pair.columns.count == 1 && pair.tokens.count == 1 {
            let column = columns[pair.columns.lowerBound]
            let token = tokens[pair.tokens.lowerBound]
            guard column.isConstant, column.kinds == TokenKinds(.word) || token.kind == .word else { continue }
            if line[token.start..<token.end].elementsEqual(column.text) { same += 1 } else { different += 1 }
        }
        return different == 0 || different <= max(1, same / 2) && same > 0
    }
}
