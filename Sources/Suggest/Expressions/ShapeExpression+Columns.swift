import Grok

/// The expressions of columns.
extension ShapeExpression {
    mutating func write(
        _ column: ShapeColumn, _ index: Int, of columns: [ShapeColumn], header: String?, isFirst: Bool = false
    ) {
        let outer = text
        text = ""
        if !isFirst {
            text = blanks(
                column.minimumBlanks, column.maximumBlanks, isTabbed: column.isTabbed, isColoured: column.isColoured)
        }
        body(column, index, columns, header)
        text = outer + (column.isOptional ? "(?:\(text))?" : text)
    }

    private mutating func body(
        _ column: ShapeColumn, _ index: Int, _ columns: [ShapeColumn], _ header: String?
    ) {
        defer { context.wasTime = if case .timestamp = column.alignment { true } else { false } }
        switch column.alignment {
        case .end: break
        case .mark(let mark):
            if column.isDash, isMissing(index, columns) {
                fieldCount += 1
                text += "%{NOTSPACE:\(names.unique(header.map { FieldNames.field($0.utf8) } ?? "value"))}"
                return
            }
            text += Self.escaped(mark)
            if mark != [UInt8(ascii: ":")], mark != [UInt8(ascii: "#")], mark != [UInt8(ascii: "=")] {
                context.lastWord = nil
            }
        case .timestamp: text += timestamp(column.summary, header.map { FieldNames.field($0.utf8) })
        case .pair(let key):
            text += Self.escaped(key) + "="
            value(
                of: column.content, key: key, quoted: column.hasQuotes, bare: column.hasBareValues,
                isLast: index == columns.count - 1)
        case .numbered(let key):
            text += Self.escaped(key) + ":"
            value(of: column.content, key: key, quoted: false, bare: true, isLast: false)
        case .tag: tag(column, index, columns)
        case .group(let open):
            let close = LineTokenizer.closer(of: open)
            let isMissing = column.summary.kinds.contains(.dash)
            if isMissing { text += "(?:-|" }
            text += Self.escaped([open])
            inner(column, open, index, columns, header)
            text += Self.escaped([close])
            if isMissing { text += ")" }
        case .quoted(let quote): quoted(column, quote, header)
        case .value:
            if let literal = literal(column, index, columns) {
                text += literal
            } else {
                let name = names.unique(
                    header.map { FieldNames.field($0.utf8) } ?? self.name(column.summary, index, columns))
                let expression = pattern(column.summary, name, in: .blanks)
                // In a table any column may be without a value tomorrow.
                let hasMissing = header == nil || expression.hasPrefix("(?:-|") || expression.hasPrefix("%{NOTSPACE:")
                text += hasMissing ? expression : "(?:-|\(expression))"
            }
        }
    }

    // MARK: - Literals

    /// The words of a language that are the same everywhere stay words; all else may be different tomorrow.
    private mutating func literal(_ column: ShapeColumn, _ index: Int, _ columns: [ShapeColumn]) -> String? {
        guard header.isEmpty else { return nil }
        guard column.summary.kinds == TokenKinds(.word), let word = column.summary.constant,
            word.allSatisfy({ $0.isLetter }), !column.isOptional
        else { return nil }
        let text = String(decoding: word, as: UTF8.self)
        let isLowercase = word.allSatisfy { $0.isLowercase }
        let isTitle = word.dropFirst().allSatisfy { $0.isLowercase } && word.count > 1
        // What a word such as `user` names is a value, however often it is the same.
        if let last = context.lastWord, ColumnNames.names(last) { return nil }
        if context.isSentence, isLowercase || isTitle, shape.lines.count >= 3 || isLowercase {
            context.lastWord = text.lowercased()
            return text
        }
        guard isLowercase, word.count >= 2, !context.wasTime || shape.lines.count < 20,
            column.lineCount < 20
                || !isEnvelope(index, columns)
        else { return nil }
        context.lastWord = text
        return text
    }

    /// Whether a hyphen is a missing value: at the beginning, beside another, and in a table. Between columns it separates.
    private func isMissing(_ index: Int, _ columns: [ShapeColumn]) -> Bool {
        if index == 0 || columns[index - 1].isDash || index + 1 < columns.count && columns[index + 1].isDash {
            return true
        }
        if !header.isEmpty { return true }
        if case .none = shape.tail, columns.count > 6 {
            return !columns.contains { $0.isPlainWord || $0.alignment == .tag }
        }
        return false
    }

    /// Whether a time or a level stands before the column, and a text behind all columns.
    private func isEnvelope(_ index: Int, _ columns: [ShapeColumn]) -> Bool {
        if case .none = shape.tail { return false }
        return columns[..<index].contains { $0.weight >= 2 }
    }

    // MARK: - Parts

    private mutating func tag(_ column: ShapeColumn, _ index: Int, _ columns: [ShapeColumn]) {
        guard case .value(let summary) = column.content else { return }
        let isClass = summary.isClass || summary.distinct.contains { $0.contains(UInt8(ascii: "$")) }
        let isNumbered = column.numberCount > 0
        // `information/Notification:`
        let hasLevel = summary.distinct.allSatisfy { text in
            text.firstIndex(of: UInt8(ascii: "/")).map { LineTokenizer.isLevel(text[..<$0]) } ?? false
        }
        if hasLevel, !summary.distinct.isEmpty {
            fieldCount += 1
            text += "%{LOGLEVEL:\(names.unique("level"))}/"
        }
        let name = names.unique(isNumbered || !isClass ? "program" : "class")
        fieldCount += 1
        text += "%{DATA:\(name)}"
        if isNumbered {
            let number = names.unique("pid")
            fieldCount += 1
            let expression = #"\[%{INT:\#(number):integer}\]"#
            text += column.numberCount == column.lineCount ? expression : "(?:\(expression))?"
        }
        var isFollowed = false
        if index + 1 < columns.count {
            isFollowed = columns[index + 1].minimumBlanks > 0 && !columns[index + 1].isOptional
        } else if case .none = shape.tail {
            isFollowed = false
        } else {
            isFollowed = shape.minimumTailBlanks > 0 && !shape.isTailOptional
        }
        text += isFollowed ? ":" : #":(?=\s|$)"#
    }

    private mutating func inner(
        _ column: ShapeColumn, _ open: UInt8, _ index: Int, _ columns: [ShapeColumn], _ header: String?
    ) {
        switch column.content {
        case .value(let summary):
            let name = names.unique(
                header.map { FieldNames.field($0.utf8) } ?? self.name(inBrackets: summary, open, column, index, columns)
            )
            let needsBlanks = summary.kinds != TokenKinds(.timestamp)
            text += needsBlanks && column.isPaddedInside ? #"\s*"# : ""
            text += summary.isTime ? timestamp(summary, name) : pattern(summary, name, in: .delimiters)
            text += needsBlanks && column.isPaddedInside ? #"\s*"# : ""
        case .columns(let inner):
            let outer = context
            for (place, one) in inner.enumerated() { write(one, place, of: inner, header: nil, isFirst: place == 0) }
            if column.isPaddedInside { text += #"\s*"# }
            context = outer
        case .text:
            if case .group(let byte) = column.alignment, byte == UInt8(ascii: "["), let place = callSite(column) {
                text += place
                return
            }
            let name = names.unique(textName(open, index, columns))
            fieldCount += 1
            text += "%{DATA:\(name)}"
        }
    }

    /// Brackets that end with a place: `[QuorumPeer[myid=1]/0:0:0:0:2181:FastLeaderElection@774]`.
    private mutating func callSite(_ column: ShapeColumn) -> String? {
        guard !column.summary.distinct.isEmpty,
            column.summary.distinct.allSatisfy({ text in
                guard let at = text.lastIndex(of: UInt8(ascii: "@")), at + 2 < text.count else { return false }
                return text[(at + 1)..<(text.count - 1)].allSatisfy { $0.isDigit }
                    && text[..<at].lastIndex(of: UInt8(ascii: ":")) != nil
            })
        else { return nil }
        let thread = names.unique("thread")
        let place = names.unique("class")
        let line = names.unique("line")
        fieldCount += 3
        return "%{DATA:\(thread)}:(?<\(place)>[^\\s:@\\]]+)@%{INT:\(line):integer}"
    }

    private mutating func quoted(_ column: ShapeColumn, _ quote: UInt8, _ header: String?) {
        let mark = String(Unicode.Scalar(quote))
        var body = ""
        if header == nil, isRequestLine(column) {
            let method = names.unique("method")
            let request = names.unique("request")
            let version = names.unique("httpversion")
            context.hasMethod = true
            fieldCount += 3
            body = "(?:%{WORD:\(method)} %{NOTSPACE:\(request)}(?: HTTP/%{NUMBER:\(version)})?|%{DATA})"
        } else {
            let name = names.unique(header.map { FieldNames.field($0.utf8) } ?? self.name(quoted: column))
            fieldCount += 1
            body =
                column.summary.hasEscape
                ? "(?<\(name)>(?:[^\(mark)\\\\]|\\\\.)*)" : "(?<\(name)>[^\(mark)]*)"
        }
        text += column.hasBareValues ? "(?:-|\(mark)\(body)\(mark))" : "\(mark)\(body)\(mark)"
    }

    private func isRequestLine(_ column: ShapeColumn) -> Bool {
        let requests = column.summary.distinct.count { text in
            let parts = text.dropFirst().dropLast().split(separator: 0x20)
            return parts.count == 3 && LineTokenizer.kind(of: parts[0]) == .method
                && parts[2].starts(with: "HTTP/".utf8)
        }
        return requests > 0 && requests * 10 >= column.summary.distinct.count * 8
    }

    /// A pair's value, with or without quotes.
    mutating func value(
        of content: ShapeColumn.Content, key: [UInt8], quoted: Bool, bare: Bool, isLast: Bool
    ) {
        let name = names.unique(key: key)
        context.lastWord = nil
        fieldCount += 1
        var summary = ValueSummary()
        if case .value(let own) = content { summary = own }
        if quoted {
            let inner = "\"(?<\(name)>(?:[^\"\\\\]|\\\\.)*)\""
            text += bare ? "(?:\(inner)|(?<\(name)>[^\\s,;|]*))" : inner
            return
        }
        fieldCount -= 1
        if summary.kinds.isEmpty {
            fieldCount += 1
            text += "(?<\(name)>[^\\s,;|]*)"
        } else if summary.isTime {
            text += timestamp(summary, name)
        } else {
            text += pattern(summary, name, in: .pairs)
        }
    }

    // MARK: - Times

    /// The expression for a captured time; the first point in time becomes the event's.
    mutating func timestamp(_ summary: ValueSummary, _ given: String?) -> String {
        let shapes = summary.shapes.sorted {
            String(decoding: $0.letters, as: UTF8.self) < String(decoding: $1.letters, as: UTF8.self)
        }
        guard let first = shapes.first else { return "%{NOTSPACE:\(names.unique("timestamp"))}" }
        let base = first.base
        let name = given ?? names.unique(base.isWhole ? "timestamp" : base.hasDate ? "date" : "timeofday")
        fieldCount += 1
        if time == nil, base.isWhole { setTime(name, shapes, summary) }
        let missing = summary.kinds.contains(.dash)
        var expression: String
        let references = Set(shapes.map(\.reference))
        if references.count == 1, let reference = references.first ?? nil {
            expression = "%{\(reference):\(name)}"
        } else if shapes.count == 1 {
            expression = "(?<\(name)>\(first.regularExpression))"
        } else {
            expression = "(?<\(name)>\(Self.union(shapes)))"
        }
        if missing { expression = "(?:-|\(expression))" }
        return expression
    }

    /// One regular expression for all shapes of a base.
    static func union(_ shapes: [TimestampShape]) -> String {
        var letters = shapes[0].base.letters
        if shapes.contains(where: { $0.letters.contains(UInt8(ascii: "u")) || $0.letters.contains(UInt8(ascii: "v")) })
        {
            letters = letters.map {
                $0 == UInt8(ascii: "M") ? UInt8(ascii: "u") : $0 == UInt8(ascii: "S") ? UInt8(ascii: "v") : $0
            }
        }
        if shapes.contains(where: { $0.letters.contains(UInt8(ascii: "n")) }) {
            letters = letters.map { $0 == UInt8(ascii: "m") ? UInt8(ascii: "n") : $0 }
        }
        let hasFraction = shapes.contains { $0.letters.contains(UInt8(ascii: "f")) }
        let hasZone = shapes.contains { $0.letters.contains(UInt8(ascii: "z")) }
        var expression = ""
        var isPending = hasFraction
        for (index, letter) in letters.enumerated() {
            expression += TimestampShape(letters: [letter]).regularExpression
            let isSeconds = letter == UInt8(ascii: "S") || letter == UInt8(ascii: "v")
            if isSeconds, isPending {
                expression += #"(?:[.,:]\d+)?"#
                isPending = false
            }
            let isTimeEnd = isSeconds || letter == UInt8(ascii: "M") && !letters[index...].contains(UInt8(ascii: "S"))
            if isTimeEnd, hasZone { expression += #"(?: ?(?:Z|[+-]\d{2}:?\d{2}))?"# }
        }
        return expression
    }

    private mutating func setTime(_ name: String, _ shapes: [TimestampShape], _ summary: ValueSummary) {
        let orders = TimestampShape.orders(shapes[0].letters, most: summary.most)
        var formats: [String] = []
        var java: [String] = []
        for order in orders {
            for shape in shapes {
                let format = shape.strptime(order)
                if !formats.contains(format) { formats.append(format) }
                let pattern = shape.java(order)
                if !java.contains(pattern) { java.append(pattern) }
            }
            // One order for all: the others are only tried where this one does not fit.
            if orders.count > 1 { break }
        }
        let base = shapes[0].base
        if shapes.allSatisfy({ $0.reference == "TIMESTAMP_ISO8601" }) { java = ["ISO8601"] + java }
        time = TimeField(
            name: name, formats: formats, javaFormats: java, hasYear: base.hasYear, isAmbiguous: orders.count > 1,
            isGuessable: base.hasYear && !base.letters.contains(UInt8(ascii: "q"))
                && !base.letters.contains(UInt8(ascii: "y")))
    }

    // MARK: - Values

    /// What surrounds a value, and so ends it.
    enum Place { case blanks, delimiters, pairs }

    /// The pattern for a value, with the type its meaning has.
    mutating func pattern(_ summary: ValueSummary, _ name: String, in place: Place) -> String {
        fieldCount += 1
        let missing = summary.kinds.intersection(TokenKinds.missing)
        let kinds = summary.kinds.subtracting(TokenKinds.missing)
        let anything =
            place == .blanks ? "%{NOTSPACE:\(name)}" : place == .pairs ? "(?<\(name)>[^\\s,;|]*)" : "%{DATA:\(name)}"
        if kinds.isEmpty { return missing.contains(.empty) && place == .blanks ? "(?<\(name)>\\S*)" : anything }
        var body = typed(summary, kinds, name, place) ?? anything
        if body == anything { return body }
        if missing.contains(.dash) { body = "(?:-|\(body))" }
        if missing.contains(.empty) { body = "(?:\(body))?" }
        return body
    }

    private mutating func typed(
        _ summary: ValueSummary, _ kinds: TokenKinds, _ name: String, _ place: Place
    ) -> String? {
        func within(_ allowed: [SampleToken.Kind]) -> Bool { TokenKinds(allowed).isSuperset(of: kinds) }
        // Behind a number in the midst of a text nothing may go on that would make it something else.
        let edge = place == .pairs ? #"(?![^\s,;|])"# : ""
        if kinds == TokenKinds(.integer) {
            if isTime(name) || !isInSentence, setEpoch(summary, name) { return "%{INT:\(name)}\(edge)" }
            return "%{INT:\(name)\(summary.isPlainNumber ? ":integer" : "")}\(edge)"
        }
        if within([.integer, .decimal]) {
            if isTime(name) || !isInSentence, setEpoch(summary, name) { return "%{NUMBER:\(name)}\(edge)" }
            let isFloat = !summary.isVersion && summary.isPlainNumber && !name.contains("version")
            return "%{NUMBER:\(name)\(isFloat ? ":float" : "")}\(edge)"
        }
        guard strictness == .narrow else { return nil }
        if within([.ipv4, .ipv6]) { return "%{IP:\(name)}\(edge)" }
        if kinds.contains(.endpoint), within([.endpoint, .ipv4, .ipv6]), place != .pairs {
            return endpoint(summary, name)
        }
        if kinds == TokenKinds(.endpoint), place != .pairs,
            summary.hostKinds.isSubset(of: TokenKinds([.name, .word, .ipv4, .ipv6]))
        {
            return endpoint(summary, name)
        }
        if kinds == TokenKinds(.quantity), let unit = summary.unit, summary.hasOneUnit, place != .pairs {
            let number = summary.isWhole ? "%{INT:\(name):integer}" : "%{NUMBER:\(name):float}"
            return number + Self.escaped(unit)
        }
        if kinds == TokenKinds(.uuid) { return "%{UUID:\(name)}\(edge)" }
        if kinds == TokenKinds(.mac), place == .blanks { return "%{MAC:\(name)}" }
        if kinds == TokenKinds(.level), place != .pairs { return "%{LOGLEVEL:\(name)}" }
        if kinds == TokenKinds(.method) || within([.level, .word]) && summary.isUppercase && kinds.contains(.level),
            place != .pairs
        {
            return "%{WORD:\(name)}"
        }
        return nil
    }

    private mutating func endpoint(_ summary: ValueSummary, _ name: String) -> String {
        let isFile = summary.distinct.allSatisfy { text in
            guard let dot = text.lastIndex(of: UInt8(ascii: ".")) else { return false }
            let rest = text[(dot + 1)...].prefix { $0.isLetter }
            return (1...5).contains(rest.count) && !summary.hostKinds.contains(.ipv4)
                && text[..<dot].allSatisfy { $0.isWord }
        }
        let isAddress = TokenKinds.addresses.isSuperset(of: summary.hostKinds)
        let host = isAddress ? #"\[?%{IP:\#(name)}\]?"# : "(?<\(name)>[^\\s:]+)"
        let hasBrackets = summary.distinct.contains { $0.first == UInt8(ascii: "[") }
        let address = isAddress && !hasBrackets ? "%{IP:\(name)}" : host
        let port = names.unique(isFile ? "line" : Self.portName(name))
        fieldCount += 1
        let expression = ":%{INT:\(port):integer}"
        return address + (summary.portCount == summary.count ? expression : "(?:\(expression))?")
    }

    static func portName(_ name: String) -> String {
        switch name {
        case "clientip", "source.ip", "source.address": "clientport"
        default: "port"
        }
    }

    private var isInSentence: Bool { context.isSentence }

    private func isTime(_ name: String) -> Bool {
        ["time", "ts", "timestamp", "@timestamp", "epoch", "date"].contains(name)
    }

    /// Makes seconds since 1970 the event's time.
    private mutating func setEpoch(_ summary: ValueSummary, _ name: String) -> Bool {
        guard time == nil, summary.isEpochSeconds || summary.isEpochMilliseconds else { return false }
        let isMilliseconds = summary.isEpochMilliseconds
        let isDecimal = summary.kinds.contains(.decimal)
        time = TimeField(
            name: name, formats: [isMilliseconds ? "%Q" : isDecimal ? "%s.%N" : "%s"],
            javaFormats: [isMilliseconds ? "UNIX_MS" : "UNIX"])
        return true
    }
}

extension ShapeColumn {
    /// Blanks between the brackets and what is in them, in some lines.
    var isPaddedInside: Bool {
        guard case .group = alignment else { return false }
        return summary.distinct.contains { text in
            text.count > 2 && (text[1].isBlank || text[text.count - 2].isBlank)
        }
    }
}
