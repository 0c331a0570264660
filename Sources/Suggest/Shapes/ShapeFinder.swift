/// Finds the shapes of lines: reads all lines column by column from the left as long as they agree, and parts them where
/// they do not.
///
/// The columns before running text are the envelope. It ends with the last column that chance does not put into every
/// line (a time, a number, a bracket, a separator), so that words of a sentence are no columns.
struct ShapeFinder {
    static let maximumColumns = 40
    /// How often lines are parted one after the other.
    private static let maximumDepth = 6
    /// Shapes that are looked for in all.
    private static let maximumShapes = 40

    let lines: [TokenizedLine]
    private(set) var shapes: [LineShape] = []

    init(_ lines: [TokenizedLine]) { self.lines = lines }

    mutating func find(in group: [Int]) {
        part(group, depth: 0)
        shapes.sort { ($1.lines.count, $0.lines.first ?? 0) < ($0.lines.count, $1.lines.first ?? 0) }
    }

    /// How far lines agree.
    private struct Growth {
        var columns: [ShapeColumn] = []
        var live: [Int]
        /// The next token of each live line.
        var cursor: [Int]
        var rejected: [Int] = []
        /// What stands where the lines part.
        var classes: [ShapeColumn.Alignment: [Int]] = [:]
        var isWhole = false
        /// For each column where its first token stands, to cut the columns again.
        var cursors: [[Int]] = []
    }

    private mutating func part(_ group: [Int], depth: Int) {
        guard !group.isEmpty, depth < Self.maximumDepth, shapes.count < Self.maximumShapes else { return }
        if let delimited = delimited(group) {
            shapes.append(delimited)
            return
        }
        var growth = grow(group)
        let rejected = growth.rejected
        defer { part(rejected, depth: depth + 1) }
        if let keyed = keyed(growth) {
            shapes.append(keyed)
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
        cut(&growth, to: kept)
        shapes.append(tailed(growth))
    }

    // MARK: - Growing

    private func token(_ line: Int, _ cursor: Int) -> SampleToken? {
        cursor < lines[line].tokens.count ? lines[line].tokens[cursor] : nil
    }

    private func alignment(_ line: Int, _ cursor: Int) -> ShapeColumn.Alignment {
        token(line, cursor).map { ShapeColumn.alignment(of: $0, in: lines[line].bytes) } ?? .end
    }

    private func grow(_ group: [Int], from start: [Int]? = nil) -> Growth {
        var growth = Growth(live: group, cursor: start ?? Array(repeating: 0, count: group.count))
        while growth.columns.count < Self.maximumColumns {
            var classes = classes(growth)
            if classes.count > 1, let optional = optional(classes, growth) {
                add(optional.key, optional.places, &growth)
                continue
            }
            if classes.count > 1 { fold(&classes) }
            guard let top = classes.max(by: { ($0.value.count, "\($1.key)") < ($1.value.count, "\($0.key)") }) else {
                break
            }
            if classes.count == 1 {
                if top.key == .end {
                    growth.isWhole = true
                    break
                }
                add(top.key, growth.live.indices.map { $0 }, &growth)
                continue
            }
            // A few lines that are different everywhere.
            let others = growth.live.count - top.value.count
            if growth.live.count >= 20, others * 20 <= growth.live.count, isFirm(top.key, top.value, growth) {
                let kept = top.value
                let out = Set(growth.live.indices).subtracting(kept).sorted()
                growth.rejected += out.map { growth.live[$0] }
                growth.cursor = kept.map { growth.cursor[$0] }
                growth.cursors = growth.cursors.map { row in kept.map { row[$0] } }
                growth.live = kept.map { growth.live[$0] }
                // What the lost lines put into the columns goes with them.
                growth.columns = rebuilt(growth)
                continue
            }
            growth.classes = classes
            break
        }
        return growth
    }

    private func rebuilt(_ growth: Growth) -> [ShapeColumn] {
        growth.columns.enumerated().map { index, column in
            var new = column
            let own = growth.live.indices.compactMap { place -> (line: Int, token: SampleToken)? in
                let cursor = growth.cursors[index][place]
                guard cursor >= 0, let token = token(growth.live[place], cursor) else { return nil }
                return (growth.live[place], token)
            }
            new = ShapeColumn(column.alignment, own, lines, depth: 0)
            new.isOptional = own.count < growth.live.count
            return new
        }
    }

    private func classes(_ growth: Growth) -> [ShapeColumn.Alignment: [Int]] {
        var classes: [ShapeColumn.Alignment: [Int]] = [:]
        for place in growth.live.indices {
            classes[alignment(growth.live[place], growth.cursor[place]), default: []].append(place)
        }
        return classes
    }

    /// Puts together what one column can hold.
    private func fold(_ classes: inout [ShapeColumn.Alignment: [Int]]) {
        // `localhost:80` beside `web.example:80`.
        let numbered = classes.keys.filter { if case .numbered = $0 { true } else { false } }
        if numbered.count > 1 || !numbered.isEmpty && classes[.value] != nil {
            for key in numbered { classes[.value, default: []] += classes.removeValue(forKey: key) ?? [] }
            classes[.value]?.sort()
        }
        // A missing value beside one that is there.
        let dash = ShapeColumn.Alignment.mark([UInt8(ascii: "-")])
        if let places = classes[dash], classes.count == 2, let other = classes.keys.first(where: { $0 != dash }) {
            switch other {
            case .value, .group, .quoted, .timestamp:
                classes[dash] = nil
                classes[other] = ((classes[other] ?? []) + places).sorted()
            default: break
            }
        }
        // Punctuation that differs is a text like any other: `->` beside `<-`.
        let marks = classes.keys.filter { if case .mark(let text) = $0 { text.count > 1 } else { false } }
        if marks.count > 1 {
            for key in marks { classes[.value, default: []] += classes.removeValue(forKey: key) ?? [] }
            classes[.value]?.sort()
        }
    }

    private mutating func cut(_ growth: inout Growth, to count: Int) {
        guard count < growth.columns.count else { return }
        // An optional column that is not there holds the place of the next token.
        growth.cursor = growth.cursors[count].map { $0 < 0 ? -$0 - 1 : $0 }
        growth.columns.removeSubrange(count...)
        growth.cursors.removeSubrange(count...)
        growth.isWhole = false
    }

    private func add(_ alignment: ShapeColumn.Alignment, _ places: [Int], _ growth: inout Growth) {
        let own = places.compactMap { place in
            token(growth.live[place], growth.cursor[place]).map { (line: growth.live[place], token: $0) }
        }
        var column = ShapeColumn(alignment, own, lines, depth: 0)
        column.isOptional = places.count < growth.live.count
        var row = growth.cursor.map { -$0 - 1 }
        for place in places {
            row[place] = growth.cursor[place]
            growth.cursor[place] += 1
        }
        growth.cursors.append(row)
        growth.columns.append(column)
    }

    /// A class that some lines have and others skip: behind it both go on alike.
    private func optional(
        _ classes: [ShapeColumn.Alignment: [Int]], _ growth: Growth
    ) -> (key: ShapeColumn.Alignment, places: [Int])? {
        let total = growth.live.count
        // In running text nothing is optional: lines only differ.
        guard !isInProse(growth.columns) else { return nil }
        for (key, places) in classes.sorted(by: { $0.value.count > $1.value.count }) where key != .end {
            guard places.count * 50 >= total, places.count < total else { continue }
            var after: [ShapeColumn.Alignment: Int] = [:]
            for place in places { after[alignment(growth.live[place], growth.cursor[place] + 1), default: 0] += 1 }
            guard let next = after.max(by: { $0.value < $1.value }), next.key != key else { continue }
            // Two values in a row tell nothing; neither do two sentences of different length.
            if key == .value, next.key == .value || next.key == .end { continue }
            if next.key == .value, isSentenceMark(key) { continue }
            // A name with a colon is an envelope's last part, or the beginning of a sentence's.
            if key == .tag || next.key == .end && growth.columns.isEmpty { continue }
            let without = classes[next.key]?.count ?? 0
            guard without > 0, next.value == places.count, without + places.count == total else { continue }
            return (key, places)
        }
        return nil
    }

    private func isInProse(_ columns: [ShapeColumn]) -> Bool {
        // Behind a name with a colon follows what it says.
        if columns.contains(where: { $0.alignment == .tag }) { return true }
        guard let anchor = columns.firstIndex(where: { $0.weight >= 2 }) else { return false }
        return columns[anchor...].contains { $0.isProse || $0.isPlainWord && $0.summary.constant != nil }
    }

    private func isSentenceMark(_ key: ShapeColumn.Alignment) -> Bool {
        if case .mark = key { true } else { false }
    }

    /// Whether a class is no part of a sentence.
    private func isFirm(_ key: ShapeColumn.Alignment, _ places: [Int], _ growth: Growth) -> Bool {
        switch key {
        case .timestamp, .tag, .group, .quoted, .pair: return true
        case .mark(let text): return text.count > 1 || ![0x2C, 0x2E, 0x3B, 0x21, 0x3F].contains(text[0])
        case .value:
            var summary = ValueSummary()
            for place in places.prefix(200) {
                guard let token = token(growth.live[place], growth.cursor[place]) else { return false }
                summary.add(token, in: lines[growth.live[place]].bytes)
            }
            let firm: TokenKinds = TokenKinds([
                .integer, .decimal, .ipv4, .ipv6, .uuid, .mac, .level, .method, .hex, .quantity,
            ])
            return firm.isSuperset(of: summary.kinds)
        case .numbered, .end: return false
        }
    }

    // MARK: - Where the envelope ends

    private func envelope(_ growth: Growth) -> Int {
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
            let isColumn = columns[index].weight > 0 || columns[index].summary.isCategory
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

    private func isMeaningful(_ growth: Growth) -> Bool {
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
    private func partition(_ growth: Growth, score: Int) -> [[Int]]? {
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

    // MARK: - What follows the envelope

    private func rest(_ growth: Growth) -> [(line: Int, range: Range<Int>)] {
        growth.live.indices.map { place in
            let line = growth.live[place]
            let start = token(line, growth.cursor[place])?.start ?? lines[line].bytes.count
            return (line, start..<lines[line].bytes.count)
        }
    }

    private func tailed(_ growth: Growth) -> LineShape {
        var shape = LineShape(lines: growth.live, columns: growth.columns, tail: .text)
        var least = Int.max
        var texts: [(line: Int, range: Range<Int>)] = []
        let rests = rest(growth)
        for place in growth.live.indices {
            guard let token = token(growth.live[place], growth.cursor[place]) else {
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
    private func sentence(_ growth: Growth) -> [ShapeColumn]? {
        guard growth.live.count >= 3 else { return nil }
        let own = grow(growth.live, from: growth.cursor)
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
    private func keyed(_ growth: Growth) -> LineShape? {
        let pairs = growth.classes.keys.contains { if case .pair = $0 { true } else { false } }
        guard pairs, growth.columns.allSatisfy({ if case .pair = $0.alignment { true } else { $0.isMark } }) else {
            return nil
        }
        let texts = growth.live.map { (line: $0, range: 0..<lines[$0].bytes.count) }
        guard let keyed = KeyedText(texts, lines), keyed.isPure else { return nil }
        return LineShape(lines: growth.live, columns: [], tail: .keyed(keyed))
    }
}
