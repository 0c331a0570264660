import Grok

/// How far lines agree, column by column.
struct LineGrowth {
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

    /// Gives back the columns from a place on.
    mutating func cut(to count: Int) {
        guard count < columns.count else { return }
        // An optional column that is not there holds the place of the next token.
        cursor = cursors[count].map { $0 < 0 ? -$0 - 1 : $0 }
        columns.removeSubrange(count...)
        cursors.removeSubrange(count...)
        isWhole = false
    }
}

/// Reads lines column by column from the left as long as they agree.
struct LineGrowthReader {
    static let maximumColumns = 40

    let lines: [TokenizedLine]
    /// The lines are rows of a table.
    let isTable: Bool

    func token(_ line: Int, _ cursor: Int) -> SampleToken? {
        cursor < lines[line].tokens.count ? lines[line].tokens[cursor] : nil
    }

    private func alignment(_ line: Int, _ cursor: Int) -> ShapeColumn.Alignment {
        guard let token = token(line, cursor) else { return .end }
        // Any column of a table may have no value in a row.
        if isTable, token.kind == .dash { return .value }
        return ShapeColumn.alignment(of: token, in: lines[line].bytes)
    }

    /// Reads lines as far as they agree.
    ///
    /// - Parameter start: the token of each line to begin with.
    func grow(_ group: [Int], from start: [Int]? = nil) -> LineGrowth {
        var growth = LineGrowth(live: group, cursor: start ?? Array(repeating: 0, count: group.count))
        while growth.columns.count < Self.maximumColumns {
            var classes = classes(growth)
            if classes.count > 1, let optional = optional(classes, growth) {
                add(optional.key, optional.places, &growth)
                continue
            }
            if classes.count > 1 { fold(&classes, growth) }
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

    private func rebuilt(_ growth: LineGrowth) -> [ShapeColumn] {
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

    private func classes(_ growth: LineGrowth) -> [ShapeColumn.Alignment: [Int]] {
        var classes: [ShapeColumn.Alignment: [Int]] = [:]
        for place in growth.live.indices {
            classes[alignment(growth.live[place], growth.cursor[place]), default: []].append(place)
        }
        return classes
    }

    /// Puts together what one column can hold.
    private func fold(_ classes: inout [ShapeColumn.Alignment: [Int]], _ growth: LineGrowth) {
        if isTable, classes[.end] == nil {
            classes = [.value: growth.live.indices.map { $0 }]
            return
        }
        // `localhost:80` beside `web.example:80`.
        let numbered = classes.keys.filter { if case .numbered = $0 { true } else { false } }
        if numbered.count > 1 || !numbered.isEmpty && classes[.value] != nil {
            for key in numbered { classes[.value, default: []] += classes.removeValue(forKey: key) ?? [] }
            classes[.value]?.sort()
        }
        // A missing value beside one that is there.
        let dash = Self.dash
        foldQueries(&classes, growth)
        if let places = classes[dash], classes.count == 2, let other = classes.keys.first(where: { $0 != dash }) {
            switch other {
            case .value, .group, .quoted, .timestamp:
                classes[dash] = nil
                classes[other] = ((classes[other] ?? []) + places).sorted()
            default: break
            }
        }
        // What some programs write for a missing value.
        let question = ShapeColumn.Alignment.mark([UInt8(ascii: "?")])
        if let places = classes[question], classes.count == 2, let values = classes[.value] {
            classes = [.value: (values + places).sorted()]
        }
        // The path of a server's root beside other paths.
        let root = ShapeColumn.Alignment.mark([UInt8(ascii: "/")])
        if let places = classes[root], classes[.value] != nil, isAligned(growth) {
            classes[root] = nil
            classes[.value] = ((classes[.value] ?? []) + places).sorted()
        }
        // Punctuation that differs is a text like any other: `->` beside `<-`.
        let marks = classes.keys.filter { if case .mark(let text) = $0 { text.count > 1 } else { false } }
        if marks.count > 1 {
            for key in marks { classes[.value, default: []] += classes.removeValue(forKey: key) ?? [] }
            classes[.value]?.sort()
        }
    }

    /// `q=1` beside `-` or `page=2`, in the midst of other columns: the query of a request, whose names are its values.
    private func foldQueries(_ classes: inout [ShapeColumn.Alignment: [Int]], _ growth: LineGrowth) {
        guard classes.count > 1, isAligned(growth) else { return }
        let isPlain = classes.allSatisfy { key, places in
            switch key {
            case Self.dash, .value: return true
            case .pair:
                return places.allSatisfy { place in
                    let token = token(growth.live[place], growth.cursor[place])
                    return token.map { $0.valueKind != .quoted && $0.valueKind != .timestamp } ?? false
                }
            default: return false
            }
        }
        func isPair(_ place: Int, _ cursor: Int) -> Bool {
            if case .pair = alignment(growth.live[place], cursor) { true } else { false }
        }
        // Pairs in a row are pairs.
        let hasOthers = growth.live.indices.contains { place in
            isPair(place, growth.cursor[place] + 1)
                || growth.cursor[place] > 0 && isPair(place, growth.cursor[place] - 1)
        }
        let hasPairs = classes.keys.contains { if case .pair = $0 { true } else { false } }
        guard isPlain, hasPairs, !hasOthers else { return }
        classes = [.value: growth.live.indices.map { $0 }]
    }

    private static let dash = ShapeColumn.Alignment.mark([UInt8(ascii: "-")])

    /// Whether all lines have equally many tokens left: then none of them lacks a column.
    private func isAligned(_ growth: LineGrowth) -> Bool {
        let left = growth.live.indices.map { lines[growth.live[$0]].tokens.count - growth.cursor[$0] }
        return left.min() == left.max()
    }

    private func add(_ alignment: ShapeColumn.Alignment, _ places: [Int], _ growth: inout LineGrowth) {
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
        _ classes: [ShapeColumn.Alignment: [Int]], _ growth: LineGrowth
    ) -> (key: ShapeColumn.Alignment, places: [Int])? {
        let total = growth.live.count
        // In running text nothing is optional: lines only differ.
        guard !isInProse(growth.columns), !isTable else { return nil }
        // A hyphen is a missing value where the lines have equally many columns.
        if classes[Self.dash] != nil, isAligned(growth) { return nil }
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
    private func isFirm(_ key: ShapeColumn.Alignment, _ places: [Int], _ growth: LineGrowth) -> Bool {
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
}
