import Grok

/// Looks for candidates in the records that no other parser reads.
struct SuggestedWork {
    let records: SampleRecords
    let check: CandidateCheck
    let compiler: GrokCompiler
    let series: PatternSeries
    let surroundings: ShapeExpression.Surroundings
    let table: SampleTable?
    let isInner: Bool
    private(set) var candidates: [Candidate] = []

    init(
        records: SampleRecords, check: CandidateCheck, compiler: GrokCompiler, series: PatternSeries,
        surroundings: ShapeExpression.Surroundings, table: SampleTable?, isInner: Bool
    ) {
        self.records = records
        self.check = check
        self.compiler = compiler
        self.series = series
        self.surroundings = surroundings
        self.table = table
        self.isInner = isInner
    }

    mutating func find(in open: [Int]) {
        var open = open
        guard let table else {
            if !isInner { known(&open) }
            return shapes(open, header: [])
        }
        let wanted = Set(open)
        for part in table.parts { shapes(part.lines.filter(wanted.contains), header: part.header) }
        shapes(table.rest.filter(wanted.contains), header: [])
    }

    private func line(_ index: Int) -> [UInt8] { records.firstLines[index] }

    /// A record without what a machine put around it, as the known formats are tried on it.
    private func text(_ index: Int) -> [UInt8] {
        records.records[index].lineCount == 1 ? line(index) : SampleRecords.clean(records.records[index].raw)
    }

    // MARK: - Known formats

    /// Known formats; the records they take leave `open`.
    private mutating func known(_ open: inout [Int]) {
        let scratch = MatchScratch(limits: Self.matchLimits)
        let formats = KnownFormat.compiled(compiler, series, scratch, for: open.map(text))
        var own = Array(repeating: [Int](), count: formats.count)
        var rest: [Int] = []
        for index in open {
            let text = text(index)
            if let found = formats.firstIndex(where: { $0.matches(text) }) {
                own[found].append(index)
            } else {
                rest.append(index)
            }
        }
        // A special case of syslog is worth a pattern only when it is what the file is about.
        if let general = formats.firstIndex(where: { $0.format.title == "syslog" }) {
            for index in formats.indices where formats[index].format.isSpecialCase {
                let others = formats.indices.filter { $0 == general || formats[$0].format.isSpecialCase && $0 != index }
                let total = others.reduce(own[index].count) { $0 + own[$1].count }
                if own[index].count * 2 < total {
                    own[general] += own[index]
                    own[index] = []
                }
            }
            own[general].sort()
        }
        open = rest
        for index in formats.indices where !own[index].isEmpty {
            if let candidate = candidate(formats[index], own[index]) {
                candidates.append(candidate)
                if candidate.records.count < own[index].count {
                    open += Set(own[index]).subtracting(candidate.records)
                }
            } else {
                open += own[index]
            }
        }
        open.sort()
    }

    /// Less than the pipeline allows: an expression that needs more is none to propose.
    private static var matchLimits: MatchLimits {
        var limits = MatchLimits()
        limits.matchSteps = 200_000
        limits.timeoutNanoseconds = 5_000_000
        return limits
    }

    private func candidate(_ compiled: KnownFormat.Compiled, _ own: [Int]) -> Candidate? {
        let format = compiled.format
        var fields: [String: ValueSummary] = [:]
        var texts: [(line: Int, range: Range<Int>)] = []
        var subjects: [TokenizedLine] = []
        let names = compiled.matcher.set.members[0].pattern.fields.map(\.name)
        for index in own {
            let line = text(index)
            guard compiled.matches(line) else { continue }
            for (place, name) in names.enumerated() {
                let range = compiled.matcher.range(of: place)
                guard range.isSet, range.start < range.end else { continue }
                let found = Int(range.start)..<Int(range.end)
                fields[name, default: ValueSummary()].add(text: line[found], in: line)
                if name == format.pairs { texts.append((subjects.count, found)) }
            }
            subjects.append(TokenizedLine(bytes: line, tokens: []))
        }
        var expression = compiled.expression
        let ending = "%{GREEDYDATA:message}"
        if texts.count == own.count, expression.hasSuffix(ending),
            let delimited = DelimitedColumns(texts, subjects), delimited.cells.count >= 5
        {
            expression =
                expression.dropLast(ending.count)
                + ShapeExpression.columns(delimited, besides: names, series: series) + #"\s*$"#
        } else if texts.count * 2 >= own.count,
            let keyed = KeyedText(texts, subjects, valuesHaveBlanks: format.valuesHaveBlanks)
        {
            let lookups = ShapeExpression.lookups(keyed, besides: names, series: series)
            if expression.hasSuffix(ending) {
                expression = expression.dropLast(ending.count) + lookups + ending
            } else if format.pairs != "message" {
                expression = lookups + expression
            }
        }
        var free: Set<String> = ["message"]
        if names.contains("logmessage") { free.insert("logmessage") }
        expression = surrounded(expression)
        // The first point in time among the fields is the event's.
        let times = names.compactMap { name -> TimeField? in
            guard let summary = fields[name] else { return nil }
            return ShapeExpression.time(summary, name)
        }
        let found = check.timeKey(expression, times.first, of: own)
        guard !found.taken.isEmpty else { return nil }
        return Candidate(
            expression: expression, title: format.title, time: found.key, timeField: times.first, records: found.taken,
            freeText: free)
    }

    /// An expression that passes over what a machine put around the text.
    private func surrounded(_ expression: String) -> String {
        var text = expression
        if surroundings.hasByteOrderMark {
            text = #"^\uFEFF?"# + text
        } else if text.hasPrefix("[") || text.hasPrefix("{") {
            // The configuration would read an array or an object.
            text = "^" + text
        }
        if surroundings.hasCarriageReturns {
            let ending = "%{GREEDYDATA:message}"
            text = text.hasSuffix(ending) ? text.dropLast(ending.count) + #"%{DATA:message}\r?$"# : text + #"\s*$"#
        }
        return text
    }

    // MARK: - Shapes

    private mutating func shapes(_ open: [Int], header: [String]) {
        guard !open.isEmpty else { return }
        // Lines that are not open have no tokens, and belong to no group.
        let wanted = Set(open)
        let lines = records.firstLines.enumerated().map { index, line in
            TokenizedLine(bytes: line, tokens: wanted.contains(index) ? tokens(of: line, header) : [])
        }
        var finder = ShapeFinder(lines, isTable: !header.isEmpty)
        finder.find(in: open)
        let isSparse = open.count > 20
        for shape in finder.shapes {
            if isSparse, shape.lines.count < 2, shape.score < 5 { continue }
            if let candidate = candidate(shape, header) ?? beginning(of: shape) { candidates.append(candidate) }
        }
    }

    private func tokens(of line: [UInt8], _ header: [String]) -> [SampleToken] {
        header.isEmpty ? LineTokenizer.tokens(of: line) : LineTokenizer.columns(of: line)
    }

    /// The narrowest expression that takes all records of a shape, or the one that takes most.
    private func candidate(_ shape: LineShape, _ header: [String]) -> Candidate? {
        var best: Candidate?
        for strictness in ShapeExpression.Strictness.allCases {
            let expression = ShapeExpression(
                shape, series: series, strictness: strictness, surroundings: surroundings, header: header)
            guard expression.fieldCount > 0 else { continue }
            let text = expression.finished
            let found = check.timeKey(text, expression.time, of: shape.lines)
            if found.taken.isEmpty || found.taken.count <= best?.records.count ?? 0 { continue }
            best = Candidate(
                expression: text, title: title(shape, header), time: found.key, timeField: expression.time,
                records: found.taken, freeText: expression.freeText)
            if found.taken.count == shape.lines.count { break }
        }
        return best
    }

    /// Where no expression follows all columns of a shape: as many of them as one does follow, and the rest as text.
    private func beginning(of shape: LineShape) -> Candidate? {
        for count in stride(from: shape.columns.count - 1, through: 1, by: -1) {
            let shorter = shape.beginning(count)
            guard shorter.score >= 2 else { return nil }
            if let found = candidate(shorter, []) { return found }
        }
        return nil
    }

    private func title(_ shape: LineShape, _ header: [String]) -> String? {
        if !header.isEmpty { return "table with a header of #Fields (W3C extended log, IIS, Zeek)" }
        switch shape.tail {
        case .keyed(let keyed) where shape.columns.isEmpty:
            return keyed.end == .blank ? "key=value pairs (logfmt), each looked for by its key" : "key=value pairs"
        case .delimited(let delimited) where shape.columns.isEmpty:
            switch delimited.separator {
            case 0x09: return "columns between tabs"
            case 0x2C: return "columns between commas (CSV)"
            case 0x3B: return "columns between semicolons"
            default: return "columns between bars"
            }
        case .none where shape.columns.allSatisfy({ if case .pair = $0.alignment { true } else { $0.isMark } }):
            return "key=value pairs (logfmt)"
        default: return nil
        }
    }
}
