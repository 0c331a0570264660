/// What the fields are called: by their key, by the word before them, by what they are.
extension ExpressionBuilder {
    mutating func name(_ index: Int) -> String {
        let column = columns[index]
        if index > 0, columns[index - 1].isKey { return names.unique(key: columns[index - 1].text.dropLast()) }
        if let name = nameByKind(index) { return names.unique(name) }
        if let word = wordBefore(index), let name = Self.name(after: word, isNumber: isNumber(column)) {
            return names.unique(key: Array(name.utf8))
        }
        return names.unique(nameByPlace(index, column))
    }

    /// A name for what cannot be anything else.
    private func nameByKind(_ index: Int) -> String? {
        let column = columns[index]
        let kinds = column.kinds.subtracting(TokenKinds.missing)
        if kinds == TokenKinds(.timestamp) {
            let form = TimestampForm.all[column.form]
            return form.isPartial ? (form.shape.contains("H") ? "timeofday" : "date") : "timestamp"
        }
        if kinds == TokenKinds(.level) || kinds.contains(.level) && column.facts.isUppercase { return "level" }
        if kinds == TokenKinds(.method) || kinds == TokenKinds(.quoted) && column.facts.isRequestLine {
            return "method"
        }
        if kinds == TokenKinds(.quoted), column.facts.hasAgent { return "agent" }
        if kinds == TokenKinds(.quoted), column.facts.isReferrer { return "referrer" }
        if TokenKinds.numbers.isSuperset(of: kinds), column.facts.isEpoch, index <= 1 { return "timestamp" }
        return nil
    }

    /// The constant word that stands directly before a column, a colon or a number sign between them left out.
    private func wordBefore(_ index: Int) -> String? {
        var place = index - 1
        while place >= 0, let byte = columns[place].byte,
            [UInt8(ascii: ":"), UInt8(ascii: "#"), UInt8(ascii: "("), UInt8(ascii: "="), UInt8(ascii: "*")].contains(
                byte)
        {
            place -= 1
        }
        guard place >= 0, columns[place].isConstant, columns[place].kinds == TokenKinds(.word) else { return nil }
        let text = columns[place].text
        guard text.count >= 2, text.allSatisfy({ $0.isLetter || $0 == 0x5F }) else { return nil }
        // A name that is a field itself tells nothing: it is a program or a component.
        if place == index - 1 || isLiteralWord(place) { return String(decoding: text.map { $0 | 0x20 }, as: UTF8.self) }
        return nil
    }

    private func isLiteralWord(_ index: Int) -> Bool { index >= template.freeStart || template.lines.count >= 3 }

    /// What the value behind a word of the language is; nil for a word that says nothing about it.
    ///
    /// Any word can tell what a number counts; only nouns that are known tell what a name is.
    private static func name(after word: String, isNumber: Bool) -> String? {
        if let name = wordNames[word] { return name }
        return isNumber ? (stopWords.contains(word) ? nil : word) : (nouns.contains(word) ? word : nil)
    }

    private func isNumber(_ column: TemplateColumn) -> Bool {
        TokenKinds([.integer, .decimal, .quantity, .dash]).isSuperset(of: column.kinds)
    }

    private static let nouns: Set<String> = [
        "account", "agent", "channel", "class", "cluster", "code", "command", "component", "container", "database",
        "device", "domain", "event", "file", "group", "host", "id", "image", "index", "interface", "job", "key", "link",
        "method", "mode", "model", "module", "name", "node", "order", "package", "partition", "path", "peer", "pod",
        "pool", "process", "program", "project", "protocol", "queue", "reason", "region", "request", "role", "schema",
        "server", "service", "session", "shard", "size", "source", "stage", "state", "status", "table", "task",
        "thread", "token", "topic", "type", "unit", "url", "user", "version", "volume", "worker", "zone",
    ]

    private static let wordNames = [
        "took": "duration", "elapsed": "duration", "users": "user", "username": "user", "thread": "thread",
        "client": "clientip", "returned": "status",
    ]

    private static let stopWords: Set<String> = [
        "a", "about", "after", "again", "all", "an", "and", "any", "are", "as", "at", "be", "been", "before", "by",
        "can", "did", "does", "done", "every", "for", "from", "has", "have", "in", "into", "is", "it", "its", "no",
        "not", "of", "off", "on", "only", "or", "out", "over", "per", "than", "that", "the", "then", "there", "this",
        "to", "under", "up", "via", "was", "were", "when", "while", "will", "with", "within",
    ]

    private func isByte(_ index: Int, _ scalar: Unicode.Scalar) -> Bool {
        columns.indices.contains(index) && columns[index].byte == UInt8(ascii: scalar)
    }

    private func nameByPlace(_ index: Int, _ column: TemplateColumn) -> String {
        let kinds = column.kinds.subtracting(TokenKinds.missing)
        func within(_ allowed: [SampleToken.Kind]) -> Bool {
            !kinds.isEmpty && TokenKinds(allowed).isSuperset(of: kinds)
        }
        if within([.ipv4, .ipv6]) || within([.ipv4, .ipv6, .name]) && !kinds.intersection(TokenKinds.addresses).isEmpty
        {
            return hasEarlierAddress(index) ? "ip" : "clientip"
        }
        if within([.integer]) {
            if index >= 2, isByte(index - 1, ":"), columns[index].maximumBlanks == 0 {
                let before = columns[index - 2].kinds
                if !before.intersection(TokenKinds([.ipv4, .ipv6, .name])).isEmpty {
                    return before.intersection(TokenKinds.addresses).isEmpty ? "line" : "clientport"
                }
            }
            if isByte(index - 1, "[") && isByte(index + 1, "]") || isByte(index - 1, "#"), index < template.freeStart {
                return "pid"
            }
            if column.facts.isStatus, hasEarlierMethod(index) { return "status" }
            if index > 0, columns[index - 1].facts.isStatus, hasEarlierMethod(index) { return "bytes" }
            return "number"
        }
        if within([.quantity, .integer, .decimal]), kinds.contains(.quantity) {
            return column.facts.unit.map { Self.sizeUnits.contains($0) } == true ? "size" : "duration"
        }
        if within([.integer, .decimal]) { return "number" }
        if within([.uuid]) { return "uuid" }
        if within([.mac]) { return "mac" }
        if within([.hex]) || within([.hex, .integer]) { return "id" }
        if within([.path]) { return column.facts.hasQuery ? "request" : "path" }
        if within([.uri]) { return "url" }
        if within([.email]) { return "email" }
        if within([.quoted, .apostrophes]) { return "text" }
        if isByte(index + 1, "["), columns[index + 1].maximumBlanks == 0 { return "program" }
        if isByte(index - 1, "["), isByte(index + 1, "]") { return index < template.freeStart ? "thread" : "text" }
        if isByte(index - 1, "("), isByte(index + 1, ")"), index < template.freeStart, within([.name, .word, .text]) {
            return "thread"
        }
        if column.facts.isClass, within([.name]) { return "class" }
        if isByte(index + 1, ":"), columns[index + 1].maximumBlanks == 0, index < template.freeStart {
            return "program"
        }
        if index == 1, columns[0].kinds == TokenKinds(.timestamp), within([.name, .word]), template.columns.count > 2 {
            return "host"
        }
        if within([.word]) { return "word" }
        return within([.name]) ? "name" : "value"
    }

    private static let sizeUnits = ["%", "B", "KB", "kB", "MB", "GB", "KiB", "MiB", "GiB", "K", "M", "G", "k", "b"]
        .map { Array($0.utf8) }

    private func hasEarlierAddress(_ index: Int) -> Bool {
        columns[..<index].contains { !$0.kinds.intersection(TokenKinds.addresses).isEmpty }
    }

    private func hasEarlierMethod(_ index: Int) -> Bool {
        columns[..<index].contains {
            $0.kinds.contains(.method) || $0.kinds.contains(.quoted) && $0.facts.isRequestLine
        }
    }
}
