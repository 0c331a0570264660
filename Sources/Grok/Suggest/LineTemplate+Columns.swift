/// Which tokens can share a column, which brackets belong together, where running text begins.
extension LineTemplate {
    /// Whether a token can stand in a column.
    static func isCompatible(
        _ column: TemplateColumn, _ token: SampleToken, in line: [UInt8], isUnderKey: Bool, isBracketed: Bool
    ) -> Bool {
        if column.kinds.contains(.punctuation) || token.kind == .punctuation {
            guard column.kinds.contains(.punctuation), token.kind == .punctuation, column.byte == line[token.start]
            else {
                return false
            }
            let closes = [UInt8(ascii: "]"), UInt8(ascii: ")"), UInt8(ascii: "}"), UInt8(ascii: "|")]
            return closes.contains(line[token.start]) || (column.maximumBlanks > 0) == (token.blanks > 0)
        }
        if column.isKey || token.kind == .key {
            return column.isKey && token.kind == .key && line[token.start..<token.end].elementsEqual(column.text)
                && (column.maximumBlanks > 0) == (token.blanks > 0)
        }
        if !isBracketed, (column.maximumBlanks > 0) != (token.blanks > 0), !isUnderKey { return false }
        if column.kinds.contains(.text) { return isUnderKey }
        if isUnderKey { return true }
        if TokenKinds.missing.isSuperset(of: column.kinds) || TokenKinds.missing.contains(token.kind) {
            return !column.kinds.contains(.timestamp) && token.kind != .timestamp
        }
        if column.kinds.contains(.timestamp) || token.kind == .timestamp {
            return column.kinds.contains(.timestamp) && token.kind == .timestamp
                && TimestampForm.all[column.form].expression == TimestampForm.all[token.form].expression
        }
        let kinds = column.kinds.subtracting(TokenKinds.missing)
        if kinds.contains(token.kind) { return true }
        func both(_ allowed: [SampleToken.Kind]) -> Bool {
            let set = TokenKinds(allowed)
            return set.isSuperset(of: kinds) && set.contains(token.kind)
        }
        if both([.integer, .decimal, .quantity]) || both([.integer, .hex]) { return true }
        if both([.ipv4, .ipv6, .name]) { return true }
        if both([.word, .name, .opaque, .hex, .path, .uri]) || both([.word, .name, .email]) { return true }
        if both([.integer, .decimal, .quantity, .name, .opaque]) {
            // Versions and the like: `2.36` beside `2.36-9+deb12u10`.
            return column.text.first?.isDigit == true && line[token.start].isDigit
        }
        if both([.level, .word]) || both([.method, .word]) {
            return isBracketed
                || column.facts.isUppercase && line[token.start..<token.end].allSatisfy { $0.isUppercase }
        }
        return isBracketed && both([.word, .name, .integer, .hex, .uuid, .opaque, .level, .ipv4, .ipv6])
    }

    /// The bracket that closes another.
    static func closer(of byte: UInt8) -> UInt8? {
        switch byte {
        case UInt8(ascii: "["): UInt8(ascii: "]")
        case UInt8(ascii: "("): UInt8(ascii: ")")
        case UInt8(ascii: "{"): UInt8(ascii: "}")
        default: nil
        }
    }

    /// The column of the bracket that closes the one in a column.
    func closing(_ index: Int) -> Int? {
        guard let open = columns[index].byte, let close = Self.closer(of: open) else { return nil }
        var depth = 0
        for next in index..<columns.count {
            if columns[next].byte == open { depth += 1 }
            if columns[next].byte == close { depth -= 1 }
            if depth == 0 { return next }
        }
        return nil
    }

    static func closing(_ tokens: [SampleToken], in line: [UInt8], _ index: Int) -> Int? {
        let open = line[tokens[index].start]
        guard let close = closer(of: open) else { return nil }
        var depth = 0
        for next in index..<tokens.count where tokens[next].kind == .punctuation {
            if line[tokens[next].start] == open { depth += 1 }
            if line[tokens[next].start] == close { depth -= 1 }
            if depth == 0 { return next }
        }
        return nil
    }

    /// The token with which running text begins: a plain word that another word follows, or that ends the line.
    static func freeStart(_ tokens: [SampleToken], in line: [UInt8]) -> Int {
        func isPlain(_ token: SampleToken) -> Bool {
            guard token.kind == .word || token.kind == .opaque || token.kind == .level else { return false }
            let text = line[token.start..<token.end]
            guard text.allSatisfy({ $0.isLetter || $0 >= 0x80 || $0 == UInt8(ascii: "'") }) else { return false }
            return !text.allSatisfy { $0.isUppercase } || text.count == 1
        }
        let wordLike = TokenKinds([.word, .name, .opaque, .level, .path, .method])
        for index in tokens.indices where isPlain(tokens[index]) {
            guard index + 1 < tokens.count else { return tokens[index].blanks > 0 || index == 0 ? index : Int.max }
            let next = tokens[index + 1]
            guard next.blanks > 0 else { continue }
            if wordLike.contains(next.kind) {
                guard index + 2 < tokens.count else { return index }
                let after = tokens[index + 2]
                let isDelimited =
                    after.blanks == 0 && after.kind == .punctuation
                    && [UInt8(ascii: ":"), UInt8(ascii: "["), UInt8(ascii: "]")].contains(line[after.start])
                if !isDelimited { return index }
            } else if next.kind != .punctuation, next.kind != .key, next.kind != .dash, next.kind != .timestamp,
                line[tokens[index].start].isUppercase
            {
                return index
            }
        }
        return Int.max
    }
}
