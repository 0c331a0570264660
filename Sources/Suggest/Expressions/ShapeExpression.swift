import Grok

/// Writes the grok expression for a shape.
struct ShapeExpression {
    /// How closely a column is described.
    enum Strictness: CaseIterable {
        /// By the narrowest pattern that its meaning allows.
        case narrow
        /// Times and pairs as they are, everything else by what it does not contain.
        case loose
    }

    /// What the lines have besides, which the expression has to pass over.
    struct Surroundings {
        var hasByteOrderMark = false
        var hasCarriageReturns = false
        var hasColours = false

        var isClean: Bool { !hasCarriageReturns && !hasColours }
    }

    let strictness: Strictness
    let shape: LineShape
    let surroundings: Surroundings
    /// Names of the columns that a header line gives, by their place.
    let header: [String]
    var names: FieldNames
    var text = "^"
    /// The first captured point in time, and the formats that may read it.
    var time: TimeField?
    /// Fields that hold running text.
    var freeText: Set<String> = []
    var fieldCount = 0
    var context = Context()

    /// What came before, for the names of what comes.
    struct Context {
        var hasMethod = false
        var hasAddress = false
        var lastWord: String?
        var wasStatus = false
        var wasTime = false
        var isSentence = false
    }

    init(
        _ shape: LineShape, series: PatternSeries, strictness: Strictness, surroundings: Surroundings,
        header: [String] = []
    ) {
        self.shape = shape
        self.strictness = strictness
        self.surroundings = surroundings
        self.header = header
        names = FieldNames(series: series)
        write()
    }

    private mutating func write() {
        if surroundings.hasByteOrderMark { text += #"\uFEFF?"# }
        var headerPlace = 0
        let messageStart = messageStart
        var outer = ""
        for (index, column) in shape.columns.enumerated() {
            let name = header.isEmpty ? nil : headerName(column, &headerPlace)
            if index == messageStart {
                outer = text + blanks(column.minimumBlanks, column.maximumBlanks, isColoured: column.isColoured)
                text = ""
            }
            write(column, index, of: shape.columns, header: name, isFirst: index == messageStart)
        }
        switch shape.tail {
        case .none where messageStart != nil:
            text = outer + "(?<\(message())>\(text))"
            finish()
        case .none: finish()
        case .text where messageStart != nil:
            let inner =
                text + blanks(shape.minimumTailBlanks, shape.maximumTailBlanks, isColoured: shape.isTailColoured)
            text = outer + "(?<\(message())>\(inner).*\(surroundings.isClean ? ")" : "?)")"
            if !surroundings.isClean { finish() }
        case .text: tail("%{GREEDYDATA:\(message())}")
        case .sentence(let columns): sentence(columns)
        case .keyed(let keyed): self.keyed(keyed)
        case .delimited(let delimited):
            if !shape.columns.isEmpty { text += blanks(shape.minimumTailBlanks, shape.maximumTailBlanks) }
            self.delimited(delimited)
            finish()
        }
    }

    /// Where the message begins, when it has columns of its own: behind the last part of the envelope (a level, a name
    /// with a colon, a bracket, a separator), where words follow.
    private var messageStart: Int? {
        guard header.isEmpty, !shape.isTailOptional else { return nil }
        switch shape.tail {
        case .none, .text: break
        default: return nil
        }
        let columns = shape.columns
        guard let anchor = columns.firstIndex(where: { $0.weight >= 2 }) else { return nil }
        let separators: [[UInt8]] = [[0x2D], [0x3A], [0x7C], Array("->".utf8), Array("--".utf8)]
        let words = columns.indices.filter {
            $0 > anchor && columns[$0].isPlainWord && !columns[$0].summary.isCategory
                || $0 > anchor && columns[$0].alignment == .tag
        }
        let firstWord = words.first { columns[$0].alignment != .tag } ?? columns.count
        let firstTag = columns.indices.first { index in
            guard columns[index].alignment == .tag, index <= firstWord else { return false }
            // Behind a quoted text it is a label, not what wrote the line.
            return !columns[..<index].contains { if case .quoted = $0.alignment { true } else { false } }
        }
        var head: Int?
        for index in columns.indices where index < firstWord && index <= firstTag ?? firstWord {
            let column = columns[index]
            switch column.alignment {
            case .tag where index == firstTag: head = index
            case .group where !column.isOptional: head = index
            case .mark(let text) where separators.contains(text) && (column.maximumBlanks > 0 || text == [0x3A]):
                head = index
            default: break
            }
        }
        if head == nil || head == 0 && columns[0].weight < 2, case .none = shape.tail,
            let level = columns.firstIndex(where: { $0.weight >= 2 }), let word = words.first(where: { $0 > level })
        {
            head = word - 1
        }
        guard let head, head > 0 || columns[0].weight >= 2, head + 1 < columns.count,
            !columns[head + 1].isOptional
        else { return nil }
        if case .text = shape.tail { return head + 1 }
        return words.count { $0 > head } >= 2 && columns.count - head > 3 ? head + 1 : nil
    }

    /// The expression. A field called `time` that is not read as the event's would still be taken for it, since that is
    /// the parser's default: it gets another name.
    var finished: String {
        guard time == nil else { return text }
        return text.replacing("<time>", with: "<time_text>").replacing(":time}", with: ":time_text}")
            .replacing(":time:", with: ":time_text:")
    }

    /// Lookups for the pairs of a text, with names that an expression does not have yet.
    static func lookups(_ keyed: KeyedText, besides taken: [String], series: PatternSeries) -> String {
        var writer = ShapeExpression(
            LineShape(lines: [], columns: [], tail: .none), series: series, strictness: .narrow,
            surroundings: Surroundings())
        writer.text = ""
        for name in taken { _ = writer.names.unique(key: Array(name.utf8)) }
        // Its time is another field's affair.
        writer.time = TimeField(name: "", formats: [], javaFormats: [])
        return writer.lookups(keyed).replacing("<time>", with: "<time_text>").replacing(":time}", with: ":time_text}")
            .replacing(":time:", with: ":time_text:")
    }

    /// Columns between separators, with names that an expression does not have yet.
    static func columns(_ delimited: DelimitedColumns, besides taken: [String], series: PatternSeries) -> String {
        var writer = ShapeExpression(
            LineShape(lines: [], columns: [], tail: .none), series: series, strictness: .narrow,
            surroundings: Surroundings())
        writer.text = ""
        for name in taken where name != "message" { _ = writer.names.unique(key: Array(name.utf8)) }
        writer.time = TimeField(name: "", formats: [], javaFormats: [])
        writer.delimited(delimited)
        return writer.text
    }

    /// What reads a captured field as a point in time; nil when it is none.
    static func time(_ summary: ValueSummary, _ name: String) -> TimeField? {
        var writer = ShapeExpression(
            LineShape(lines: [], columns: [], tail: .none), series: .legacy, strictness: .narrow,
            surroundings: Surroundings())
        if summary.isTime {
            _ = writer.timestamp(summary, name)
        } else if name.contains("time") || ["ts", "at", "when", "date"].contains(name), !summary.kinds.isEmpty,
            TokenKinds.numbers.isSuperset(of: summary.kinds)
        {
            _ = writer.pattern(summary, name, in: .blanks)
        }
        return writer.time
    }

    /// The end of a line whose last column is known.
    private mutating func finish() {
        if surroundings.hasColours { text += "(?:\(TerminalColour.expression))*" }
        text += #"\s*$"#
    }

    mutating func message() -> String {
        let name = names.unique("message")
        freeText.insert(name)
        fieldCount += 1
        return name
    }

    /// The text at the end, behind its blanks.
    private mutating func tail(_ expression: String) {
        var tail = blanks(shape.minimumTailBlanks, shape.maximumTailBlanks, isColoured: shape.isTailColoured)
        if surroundings.hasCarriageReturns || surroundings.hasColours {
            let colours = surroundings.hasColours ? "(?:\(TerminalColour.expression))*" : ""
            tail += expression.replacing(last: "GREEDYDATA", with: "DATA") + colours + #"\r?$"#
        } else {
            tail += expression
        }
        text += shape.isTailOptional ? "(?:\(tail))?$" : tail
    }

    private mutating func sentence(_ columns: [ShapeColumn]) {
        let outer = text
        text = ""
        let name = message()
        context.isSentence = true
        for (index, column) in columns.enumerated() {
            if index == 0 {
                var first = column
                first.isOptional = false
                write(first, 0, of: columns, header: nil, isFirst: true)
            } else {
                write(column, index, of: columns, header: nil)
            }
        }
        let inner = text
        text = outer + blanks(shape.minimumTailBlanks, shape.maximumTailBlanks, isColoured: shape.isTailColoured)
        text += "(?<\(name)>\(inner))"
        finish()
    }

    /// Blanks between columns.
    func blanks(_ least: Int, _ most: Int, isTabbed: Bool = false, isColoured: Bool = false) -> String {
        if isColoured { return #"(?:\s|\#(TerminalColour.expression))*"# }
        switch (least, most) {
        case (_, 0): return ""
        case (1, 1): return isTabbed ? #"\s"# : " "
        case (0, _): return #"\s*"#
        default: return #"\s+"#
        }
    }

    /// A text as a regular expression that matches just it.
    static func escaped(_ text: some Sequence<UInt8>) -> String {
        var result: [UInt8] = []
        for byte in text {
            // The number sign would begin a comment in a configuration file when a blank stands before it.
            if byte < 0x20 || byte == 0x7F {
                // A control character would end the line of the configuration, or act upon a terminal.
                let digits = Array("0123456789abcdef".utf8)
                result += [UInt8(ascii: "\\"), UInt8(ascii: "x"), digits[Int(byte >> 4)], digits[Int(byte & 15)]]
                continue
            }
            if [UInt8](#"\.[](){}^$*+?|#"#.utf8).contains(byte) { result.append(UInt8(ascii: "\\")) }
            result.append(byte)
        }
        return String(decoding: result, as: UTF8.self)
    }

    /// The name a header gives to a column; a time of two columns takes both.
    private func headerName(_ column: ShapeColumn, _ place: inout Int) -> String? {
        guard place < header.count else { return nil }
        defer { place += 1 }
        if case .timestamp(let shape) = column.alignment, shape.isWhole, shape.letters.contains(0x20),
            place + 1 < header.count
        {
            place += 1
            return nil
        }
        return header[place]
    }
}
