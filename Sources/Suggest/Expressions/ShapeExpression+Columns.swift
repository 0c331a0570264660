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
