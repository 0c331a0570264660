/// Writes the grok expression for a cluster of lines.
struct ExpressionBuilder {
    /// How closely a column is described.
    enum Strictness: CaseIterable {
        /// By the narrowest pattern that covers its kinds.
        case narrow
        /// Times, addresses and numbers as they are, everything else by what it does not contain.
        case loose
    }

    let strictness: Strictness
    let template: LineTemplate
    var names: FieldNames
    private(set) var text = "^"
    private(set) var fieldCount = 0
    private(set) var time: GrokSuggestion.TimeKey?

    init(_ template: LineTemplate, series: PatternSeries, strictness: Strictness) {
        self.template = template
        self.strictness = strictness
        names = FieldNames(series: series)
        write()
    }

    /// The expression for lines of nothing but pairs.
    init(
        _ pairs: [KeyValueLines.Pair], between separator: String, lineCount: Int, series: PatternSeries,
        strictness: Strictness
    ) {
        template = LineTemplate(
            columns: pairs.flatMap { [TemplateColumn(key: $0.key), $0.value] }, lineCount: lineCount)
        self.strictness = strictness
        names = FieldNames(series: series)
        for (index, pair) in pairs.enumerated() {
            if pair.isOptional { text += "(?:" }
            if index > 0 { text += separator }
            text += Self.escaped(pair.key + [UInt8(ascii: "=")])
            text += blanks(pair.value.minimumBlanks, pair.value.maximumBlanks, false)
            field(2 * index + 1)
            if pair.isOptional { text += ")?" }
        }
        text += strictness == .loose ? "\\s*$" : "$"
    }

    var columns: [TemplateColumn] { template.columns }

    private mutating func write() {
        for index in columns.indices {
            let column = columns[index]
            text += blanks(column.minimumBlanks, column.maximumBlanks, column.isTabbed)
            if column.isPunctuation || column.isKey {
                text += Self.escaped(column.text)
            } else if isLiteral(index) {
                text += Self.escaped(column.text)
            } else {
                field(index)
            }
        }
        if template.hasTail {
            let least = template.minimumTailBlanks == Int.max ? 0 : template.minimumTailBlanks
            let tail =
                blanks(least, template.maximumTailBlanks, false) + "%{GREEDYDATA:\(names.unique("message"))}"
            text += template.isTailOptional && least > 0 ? "(?:\(tail))?$" : tail
            fieldCount += 1
        } else {
            text += strictness == .loose ? "\\s*$" : "$"
        }
    }

    private func blanks(_ least: Int, _ most: Int, _ isTabbed: Bool) -> String {
        switch (least, most) {
        case (_, 0): ""
        case (1, 1): isTabbed ? "\\t" : " "
        case (0, _): isTabbed ? "\\s*" : " *"
        default: isTabbed ? "\\s+" : " +"
        }
    }

    /// A text as a regular expression that matches just it.
    static func escaped(_ text: some Sequence<UInt8>) -> String {
        var result: [UInt8] = []
        for byte in text {
            // The number sign would begin a comment in a configuration file when a blank stands before it.
            if [UInt8](#"\.[](){}^$*+?|#/"#.utf8).contains(byte), byte != UInt8(ascii: "/") {
                result.append(UInt8(ascii: "\\"))
            }
            result.append(byte)
        }
        return String(decoding: result, as: UTF8.self)
    }

    // MARK: - What is a field

    private func isAfterKey(_ index: Int) -> Bool { index > 0 && columns[index - 1].isKey }

    private func byte(_ index: Int) -> UInt8? { columns.indices.contains(index) ? columns[index].byte : nil }

    private func isBracketed(_ index: Int) -> Bool {
        guard let left = byte(index - 1), let right = byte(index + 1) else { return false }
        return left == UInt8(ascii: "[") && right == UInt8(ascii: "]")
            || left == UInt8(ascii: "(") && right == UInt8(ascii: ")")
            || left == UInt8(ascii: "<") && right == UInt8(ascii: ">")
    }

    /// A byte follows directly that ends the column.
    private func isDelimited(_ index: Int) -> Bool {
        index + 1 < columns.count && columns[index + 1].maximumBlanks == 0 && columns[index + 1].isPunctuation
    }

    /// Whether a column is text that belongs to the format: words that are the same everywhere.
    private func isLiteral(_ index: Int) -> Bool {
        let column = columns[index]
        guard column.isConstant else { return false }
        if column.kinds == TokenKinds(.dash) { return !isAfterKey(index) }
        if isAfterKey(index) { return false }
        guard TokenKinds([.word, .name, .opaque]).isSuperset(of: column.kinds) else {
            // A level in running text is a word like any other.
            return column.kinds == TokenKinds(.level) && index >= template.freeStart && index > 0
        }
        if index >= template.freeStart { return true }
        if isBracketed(index) { return false }
        let next = byte(index + 1)
        let isName =
            index + 1 < columns.count && columns[index + 1].maximumBlanks == 0
            && (next == UInt8(ascii: "[") || next == UInt8(ascii: ":"))
        if isName, index > 0 { return false }
        // Few lines: a name may be the same by chance, a word of the language is not.
        if template.lines.count >= 3 { return true }
        return !column.kinds.contains(.name) && column.text.allSatisfy { $0.isLowercase || $0 == UInt8(ascii: "/") }
            || column.kinds.contains(.opaque)
    }

    // MARK: - Fields

    private mutating func field(_ index: Int) {
        let column = columns[index]
        let kinds = column.kinds.subtracting(TokenKinds.missing)
        let name = self.name(index)
        fieldCount += 1
        var body: String
        if TokenKinds.quotes.intersection(kinds).isEmpty {
            body = value(index, kinds, name)
        } else if kinds == TokenKinds(.quoted), column.facts.isRequestLine, !isAfterKey(index) {
            let version = names.unique("httpversion")
            let request = names.unique("request")
            body = "\"%{WORD:\(name)} %{NOTSPACE:\(request)} HTTP/%{NUMBER:\(version)}\""
            fieldCount += 2
        } else {
            body = ""
            for kind in [SampleToken.Kind.quoted, .apostrophes] where kinds.contains(kind) {
                let quote = kind == .quoted ? "\"" : "'"
                if !body.isEmpty { body += "|" }
                body +=
                    column.facts.hasEscape
                    ? "\(quote)(?<\(name)>(?:[^\(quote)\\\\]|\\\\.)*)\(quote)" : "\(quote)%{DATA:\(name)}\(quote)"
            }
            let bare = kinds.subtracting(TokenKinds.quotes)
            if !bare.isEmpty {
                body += "|%{\(column.facts.hasBlank && bare.contains(.text) ? "DATA" : "NOTSPACE"):\(name)}"
            }
            if body.contains("|"), kinds != TokenKinds(.quoted), kinds != TokenKinds(.apostrophes) {
                body = "(?:\(body))"
            }
        }
        let missing = column.kinds.intersection(TokenKinds.missing)
        if missing.contains(.dash), kinds.isEmpty {
            body = "%{NOTSPACE:\(name)}"
        } else if missing.contains(.dash), !missing.contains(.empty) {
            body = "(?:-|\(body))"
        }
        if missing.contains(.empty) { body = kinds.isEmpty ? "%{DATA:\(name)}" : "(?:\(body))?" }
        text += body
    }

    /// The pattern for a column without quotes.
    private mutating func value(_ index: Int, _ kinds: TokenKinds, _ name: String) -> String {
        let column = columns[index]
        func within(_ allowed: [SampleToken.Kind]) -> Bool { TokenKinds(allowed).isSuperset(of: kinds) }
        if kinds == TokenKinds(.timestamp) {
            let form = TimestampForm.all[column.form]
            if time == nil, !form.isPartial, let format = form.format {
                time = GrokSuggestion.TimeKey(field: name, format: format.isEmpty ? nil : format)
            }
            return form.isReference
                ? form.expression.dropLast() + ":\(name)}" : "(?<\(name)>\(form.expression))"
        }
        if within([.ipv4, .ipv6]) { return "%{IP:\(name)}" }
        if kinds == TokenKinds(.integer) {
            return "%{INT:\(name)\(column.facts.isPlainNumber && !column.facts.isEpoch ? ":integer" : "")}"
        }
        if within([.integer, .decimal]) { return "%{NUMBER:\(name)\(column.facts.isEpoch ? "" : ":float")}" }
        if kinds == TokenKinds(.quantity), let unit = column.facts.unit {
            let number = column.facts.isWhole ? "%{INT:\(name):integer}" : "%{NUMBER:\(name):float}"
            return number + Self.escaped(unit)
        }
        if within([.quantity, .integer, .decimal]) { return "(?<\(name)>[+-]?\\d+(?:\\.\\d+)?[^\\s\\d,;]*)" }
        if kinds == TokenKinds(.uuid) { return "%{UUID:\(name)}" }
        if kinds == TokenKinds(.mac) { return "%{MAC:\(name)}" }
        if kinds == TokenKinds(.level) { return "%{LOGLEVEL:\(name)}" }
        let isAtEnd = index == columns.count - 1 && !template.hasTail
        if kinds.contains(.text) { return isAtEnd ? "%{GREEDYDATA:\(name)}" : "%{DATA:\(name)}" }
        let anything = isDelimited(index) && !column.facts.hasBlank ? "%{DATA:\(name)}" : "%{NOTSPACE:\(name)}"
        guard strictness == .narrow else { return anything }
        if within([.ipv4, .ipv6, .name]), !TokenKinds.addresses.intersection(kinds).isEmpty {
            return "%{IPORHOST:\(name)}"
        }
        if within([.hex, .integer]) { return "%{BASE16NUM:\(name)}" }
        if kinds == TokenKinds(.path) {
            return column.facts.hasQuery ? "%{URIPATHPARAM:\(name)}" : "%{URIPATH:\(name)}"
        }
        if kinds == TokenKinds(.uri) { return "%{URI:\(name)}" }
        if kinds == TokenKinds(.email) { return "%{EMAILADDRESS:\(name)}" }
        if column.facts.isWord { return "%{WORD:\(name)}" }
        if column.facts.isClass, within([.name]) { return "%{JAVACLASS:\(name)}" }
        if column.facts.isHostName, within([.name, .word]), name.hasPrefix("host") { return "%{HOSTNAME:\(name)}" }
        return anything
    }
}
