import Grok

/// Finds the shapes of lines: reads all lines column by column from the left as long as they agree, and parts them where
/// they do not.
///
/// The columns before running text are the envelope. It ends with the last column that chance does not put into every
/// line (a time, a number, a bracket, a separator), so that words of a sentence are no columns.
struct ShapeFinder {
    /// How often lines are parted one after the other.
    private static let maximumDepth = 6
    /// Shapes that are looked for in all.
    private static let maximumShapes = 40

    let lines: [TokenizedLine]
    private let reader: LineGrowthReader
    private(set) var shapes: [LineShape] = []

    /// - Parameter isTable: the lines are rows whose columns a header names: none is missing in one of them, or a word of
    ///   a sentence.
    init(_ lines: [TokenizedLine], isTable: Bool = false) {
        self.lines = lines
        reader = LineGrowthReader(lines: lines, isTable: isTable)
    }

    mutating func find(in group: [Int]) {
        part(group, depth: 0)
        shapes.sort { ($1.lines.count, $0.lines.first ?? 0) < ($0.lines.count, $1.lines.first ?? 0) }
    }

    private mutating func part(_ group: [Int], depth: Int) {
        guard !group.isEmpty, depth < Self.maximumDepth, shapes.count < Self.maximumShapes else { return }
        if let delimited = delimited(group) {
            shapes.append(delimited)
            return
        }
        var growth = reader.grow(group)
        let rejected = growth.rejected
        defer { part(rejected, depth: depth + 1) }
        if let keyed = keyed(growth) {
            shapes.append(keyed)
            return
        }
        if reader.isTable, growth.isWhole {
            shapes.append(LineShape(lines: growth.live, columns: growth.columns, tail: .none))
            return
        }
        let kept = envelope(growth)
        let score = growth.columns[..<kept].reduce(0) { $0 + $1.weight }
        if growth.isWhole, kept == growth.columns.count {
            if isMeaningful(growth) {
                shapes.append(LineShape(lines: growth.live, columns: growth.columns, tail: .none))
            }
            return
        }
        if let groups = partition(growth, score: score) {
            for group in groups { part(group, depth: depth + 1) }
            return
        }
        guard score >= 2 else { return }
        if let groups = addressed(growth, kept) {
            for group in groups { part(group, depth: depth + 1) }
            return
        }
        growth.cut(to: kept)
        shapes.append(tailed(growth))
    }

    // MARK: - Where the envelope ends

    private func envelope(_ growth: LineGrowth) -> Int {
        let columns = growth.columns
        var prose = columns.count
        var hasAnchor = false
        for index in columns.indices {
            if columns[index].weight >= 2 { hasAnchor = true }
            guard hasAnchor, columns[index].isProse else { continue }
            // Two words in a row, or a last word that is followed by what differs.
            let next = index + 1 < columns.count ? columns[index + 1] : nil
            if let next {
                let isSentence =
                    next.isPlainWord || next.isProse || next.alignment == .value && next.weight == 0
                if isSentence, !(growth.isWhole && index + 2 == columns.count && growth.live.count >= 8) {
                    prose = index
                    break
                }
            } else if !growth.isWhole {
                prose = index
                break
            }
        }
        if growth.isWhole, prose == columns.count { return prose }
        var end = 0
        for index in columns[..<prose].indices {
            // Few first words of sentences, behind a column filled up with blanks, are no column.
            let isFirstWord =
                columns[index].alignment == .value && columns[index].isPadded
                && columns[index].summary.beginsSentences
            let isColumn = !isFirstWord && (columns[index].weight > 0 || columns[index].summary.isCategory)
            let isLast = index + 1 == columns.count || columns[index + 1].isPadded
            if isColumn && !(columns[index].weight == 0 && !isLast) || isFollowedByPadding(columns, index) {
                end = index + 1
            }
        }
        return end
    }

    private func isFollowedByPadding(_ columns: [ShapeColumn], _ index: Int) -> Bool {
        index + 1 < columns.count && columns[index + 1].minimumBlanks >= 2
    }

    private func isMeaningful(_ growth: LineGrowth) -> Bool {
        let columns = growth.columns
        guard columns.contains(where: { !$0.isMark }) else { return false }
        let weight = columns.reduce(0) { $0 + ($1.isMark ? 0 : $1.weight) }
        if weight >= (growth.live.count > 1 ? 1 : 2) { return true }
        // Words alone: a sentence that several lines share.
        let constant = columns.count { $0.summary.constant != nil && !$0.isMark }
        return growth.live.count >= 3 && constant > 0 && columns.contains { $0.summary.constant == nil }
    }

    // MARK: - Parting

    /// Groups of lines that have more in common with each other; nil when they share enough as they are.
    private func partition(_ growth: LineGrowth, score: Int) -> [[Int]]? {
        guard growth.classes.count > 1 else { return nil }
        let total = growth.live.count
        func lines(_ places: [Int]) -> [Int] { places.map { growth.live[$0] } }
        let ranked = growth.classes.sorted { ($1.value.count, $0.value[0]) < ($0.value.count, $1.value[0]) }
        if score < 2 {
            // Times of several forms and the like: each for itself, but not each word.
            return ranked.count > 1 ? ranked.prefix(12).map { lines($0.value) } : nil
        }
        // A structure that many lines have and others have not, at the end of the envelope.
        guard shapes.count < 4, total >= 4, envelope(growth) == growth.columns.count else { return nil }
        for (key, places) in ranked {
            switch key {
            case .group(let open) where open == UInt8(ascii: "["): break
            case .timestamp: break
            case .tag where places.count * 10 >= total * 6: break
            case .quoted where places.count * 3 >= total: break
            default: continue
            }
            guard places.count * 10 >= total, places.count < total else { continue }
            let rest = Set(growth.live.indices).subtracting(places).sorted()
            return [lines(places), lines(rest)]
        }
        return nil
    }

    /// Lines that go on with an address, and others, where running text begins: `[TRC] 10.0.0.1:4222 - cid:1 - …` beside
    /// `[INF] Server is ready`.
    private func addressed(_ growth: LineGrowth, _ kept: Int) -> [[Int]]? {
        guard shapes.count < 4, growth.live.count >= 6, kept < growth.columns.count,
            growth.columns[kept].alignment == .value
        else { return nil }
        let addresses: Set<SampleToken.Kind> = [.endpoint, .ipv4, .ipv6, .uuid]
        let places = growth.live.indices.filter { place in
            let cursor = growth.cursors[kept][place]
            guard cursor >= 0, let token = reader.token(growth.live[place], cursor) else { return false }
            return addresses.contains(token.kind)
        }
        let total = growth.live.count
        guard places.count >= 3, total - places.count >= 3, places.count * 10 >= total * 3 else { return nil }
        let rest = Set(growth.live.indices).subtracting(places).sorted()
        return [places, rest].map { $0.map { growth.live[$0] } }
    }

    // MARK: - What follows the envelope

    private func rest(_ growth: LineGrowth) -> [(line: Int, range: Range<Int>)] {
        growth.live.indices.map { place in
            let line = growth.live[place]
            let start = reader.token(line, growth.cursor[place])?.start ?? lines[line].bytes.count
            return (line, start..<lines[line].bytes.count)
        }
    }

    private func tailed(_ growth: LineGrowth) -> LineShape {
        var shape = LineShape(lines: growth.live, columns: growth.columns, tail: .text)
        var least = Int.max
        var texts: [(line: Int, range: Range<Int>)] = []
        let rests = rest(growth)
        for place in growth.live.indices {
            guard let token = reader.token(growth.live[place], growth.cursor[place]) else {
                shape.isTailOptional = true
                continue
            }
            least = min(least, token.blanks)
            shape.maximumTailBlanks = max(shape.maximumTailBlanks, token.blanks)
            shape.isTailColoured = shape.isTailColoured || token.isColoured
            texts.append(rests[place])
        }
        shape.minimumTailBlanks = least == Int.max ? 0 : least
        if !shape.isTailOptional, let delimited = DelimitedColumns(texts, lines) {
            shape.tail = .delimited(delimited)
        } else if let sentence = sentence(growth) {
            shape.tail = .sentence(sentence)
        } else if let keyed = KeyedText(texts, lines) {
            shape.tail = .keyed(keyed)
        }
        return shape
    }

    /// Texts that have the same words everywhere, with values between them.
    private func sentence(_ growth: LineGrowth) -> [ShapeColumn]? {
        guard growth.live.count >= 3 else { return nil }
        let own = reader.grow(growth.live, from: growth.cursor)
        guard own.isWhole, own.rejected.isEmpty, own.columns.count >= 2 else { return nil }
        let words = own.columns.filter { $0.isPlainWord }
        let same = words.count { $0.summary.constant != nil }
        let values = own.columns.contains { !$0.isMark && $0.summary.constant == nil }
        guard values, same * 2 >= words.count, words.count - same <= 2 else { return nil }
        return own.columns
    }

    private func delimited(_ group: [Int]) -> LineShape? {
        let texts = group.map { (line: $0, range: 0..<lines[$0].bytes.count) }
        guard let delimited = DelimitedColumns(texts, lines) else { return nil }
        // A file of bars has a time, a number or a word in its first column, not a sentence.
        if case .text = delimited.cells[0].content { return nil }
        return LineShape(lines: group, columns: [], tail: .delimited(delimited))
    }

    /// Lines of pairs whose keys differ.
    private func keyed(_ growth: LineGrowth) -> LineShape? {
        let pairs = growth.classes.keys.contains { if case .pair = $0 { true } else { false } }
        guard pairs, growth.columns.allSatisfy({ if case .pair = $0.alignment { true } else { $0.isMark } }) else {
            return nil
        }
        let texts = growth.live.map { (line: $0, range: 0..<lines[$0].bytes.count) }
        guard let keyed = KeyedText(texts, lines), keyed.isPure else { return nil }
        return LineShape(lines: growth.live, columns: [], tail: .keyed(keyed))
    }
}
