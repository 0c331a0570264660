internal import Words

/// Finds the secrets in the text of a configuration, line by line and without its grammar: the lines that messages show
/// are those in which something is wrong, so no quote, bracket or section may be trusted.
struct SecretScanner {
    private let bytes: [UInt8]
    private var found: [Range<Int>] = []
    /// A value that goes on in the lines below.
    private enum Open {
        case quote(UInt8)
        case brackets
        case headers
        /// The name stood alone on its line: `password \`.
        case nextLine
    }
    private var open: Open?
    /// The word of the line before, when it was the only one.
    private var loneWord: String?
    /// Whether the line before named hosts.
    private var wasHost = false
    private var depth = 0
    /// What names were found to be: few names stand on all lines of a file, and to compare one with all known is slow.
    private var kinds: [String: NameKind] = [:]
    private struct NameKind {
        var isHeaders, isSecret, isStructural, isHost: Bool
    }

    /// Lines that one value may have; a quote that is closed later than that is taken for one that lacks its partner.
    private static let maximumLines = 64

    private init(_ bytes: [UInt8]) { self.bytes = bytes }

    /// The ranges of secrets, in order and apart from one another.
    /// - Parameter known: some that are known already.
    static func secrets(in bytes: [UInt8], and known: [Range<Int>] = []) -> [Range<Int>] {
        var scanner = SecretScanner(bytes)
        scanner.found = known
        var start = 0
        while start < bytes.count {
            let end = scanner.lineEnd(from: start)
            scanner.line(start, end)
            start = end + 1
        }
        return joined(scanner.found)
    }

    private static func joined(_ ranges: [Range<Int>]) -> [Range<Int>] {
        var out: [Range<Int>] = []
        for range in ranges.sorted(by: { $0.lowerBound < $1.lowerBound }) where !range.isEmpty {
            if let last = out.last, range.lowerBound < last.upperBound {
                out[out.count - 1] = last.lowerBound..<max(last.upperBound, range.upperBound)
            } else {
                out.append(range)
            }
        }
        return out
    }

    // MARK: - Lines

    /// Where the line's newline is, or the text's end; `start` may lie behind that.
    private func lineEnd(from start: Int) -> Int {
        start < bytes.count ? bytes[start...].firstIndex(of: Byte.newline) ?? bytes.count : bytes.count
    }

    private mutating func line(_ start: Int, _ lineEnd: Int) {
        var end = lineEnd
        while end > start, Byte.isBlank(bytes[end - 1]) { end -= 1 }
        var position = start
        while position < end, Byte.isBlank(bytes[position]) { position += 1 }
        switch open {
        case .quote(let quote):
            let close = bytes[position..<end].firstIndex(of: quote)
            found.append(position..<(close ?? end))
            if close != nil { open = nil }
            return
        case .brackets:
            found.append(position..<end)
            balance(position, end)
            return
        case .headers:
            members(position, end)
            balance(position, end)
            return
        case .nextLine:
            open = nil
            // A line of one word that is no tag: what was meant to stand behind the name.
            if position < end, bytes[position] != Byte.less, bytes[position] != Byte.hash,
                !bytes[position..<end].contains(where: Byte.isBlank)
            {
                found.append(position..<end)
                return
            }
        case nil: break
        }
        name(position, end)
    }

    /// A line that begins with a name. A slip of the pen may stand in front of it, in it (`api_ key`, and a line end as
    /// well) or behind it, so up to three words count as one.
    private mutating func name(_ start: Int, _ end: Int) {
        var words: [Range<Int>] = []
        var position = start
        while position < end, words.count < 3 {
            while position < end, !Byte.isName(bytes[position]) { position += 1 }
            let wordStart = position
            while position < end, Self.isWord(bytes[position]) { position += 1 }
            if wordStart < position { words.append(wordStart..<position) }
        }
        let (before, wasHost) = (loneWord, wasHost)
        loneWord = words.count == 1 ? text(words[0]) : nil
        guard let first = words.first else { return locators(start, end, isPattern: false, isHost: wasHost) }
        let name = text(first)
        let isPattern = kind(of: name).isStructural
        self.wasHost = kind(of: name).isHost
        locators(start, end, isPattern: isPattern, isHost: self.wasHost || wasHost)
        var joined = ""
        for word in words {
            joined += text(word)
            for candidate in [(before ?? "") + joined] + (isPattern ? [] : [joined])
            where candidate != name || !isPattern {
                let kind = kind(of: candidate)
                if kind.isHeaders { return headers(word.upperBound, end) }
                if kind.isSecret { return value(behind: word, end) }
            }
            if isPattern { return }
            // `private_key_path FILE` is whole, and no name in pieces.
            if SecretNames.isHarmless(name) { break }
        }
        laterNames(first.upperBound, end)
    }

    private mutating func kind(of name: String) -> NameKind {
        if let known = kinds[name] { return known }
        let kind = NameKind(
            isHeaders: SecretNames.isHeaders(name), isSecret: SecretNames.isSecret(name),
            isStructural: Self.isStructural(name), isHost: Self.isHost(name))
        kinds[name] = kind
        return kind
    }

    private mutating func headers(_ start: Int, _ end: Int) {
        members(start, end)
        depth = 0
        balance(start, end)
        open = depth > 0 && closes(from: end) ? .headers : nil
    }

    /// The value behind a name of a secret, and where it goes on.
    private mutating func value(behind name: Range<Int>, _ end: Int) {
        var start = name.upperBound
        if let parameter = SecretNames.glued(text(name)) {
            // `passwordabc`, but not `password_file`.
            let rest = name.lowerBound + parameter.utf8.count
            if bytes[rest] != UInt8(ascii: "_") && bytes[rest] != UInt8(ascii: "-") { start = rest }
        }
        if let next = behindVariable(name, end) {
            // The name of a variable is shown; what it may have in its place is not.
            guard ["||", ",", "?", "+", " or "].contains(where: { text(next..<end).holds($0) }) else {
                return laterNames(next, end)
            }
            start = next
            while start < end, "|,?+".utf8.contains(bytes[start]) || Byte.isBlank(bytes[start]) { start += 1 }
        }
        while start < end, Self.isSeparator(bytes[start]) { start += 1 }
        start = behindTag(start, end)
        guard start < end, bytes[start..<end] != [Byte.backslash] else {
            open = .nextLine
            return
        }
        if isShown(start..<end) { return }
        if let close = closeBeforeComment(start, end), isShown(start..<(close + 1)) {
            return laterNames(close + 1, end)
        }
        found.append(start..<end)
        let first = bytes[start]
        if first == Byte.quote || first == Byte.apostrophe, !bytes[(start + 1)..<end].contains(first),
            closes(from: end, quote: first)
        {
            open = .quote(first)
        } else if let quote = [Byte.quote, Byte.apostrophe].first(where: {
            isOdd($0, name.upperBound, end) && isOddNext($0, end)
        }) {
            // A line was broken inside of quotes, which end on the next one, with more behind them.
            open = .quote(quote)
        } else if first == Byte.openBrace || first == Byte.openBracket {
            depth = 0
            balance(start, end)
            if depth > 0, closes(from: end) { open = .brackets }
        }
    }

    /// Where an expression goes on behind `ENV['NAME']` or `ENV.fetch('NAME'`; nil: the name is none of a variable's.
    private func behindVariable(_ name: Range<Int>, _ end: Int) -> Int? {
        let next = name.upperBound + 1
        guard name.lowerBound > 0, next < end else { return nil }
        let quote = bytes[name.lowerBound - 1]
        guard quote == Byte.quote || quote == Byte.apostrophe, bytes[name.upperBound] == quote else { return nil }
        let front = bytes[..<(name.lowerBound - 1)]
        if front.suffix(4).elementsEqual("ENV[".utf8) { return bytes[next] == Byte.closeBracket ? next + 1 : nil }
        guard front.suffix(10).elementsEqual("ENV.fetch(".utf8) else { return nil }
        return bytes[next] == UInt8(ascii: ")") ? next + 1 : next
    }

    /// Tags of YAML values are no secrets, and messages speak of them.
    private func behindTag(_ start: Int, _ end: Int) -> Int {
        guard start < end, bytes[start] == UInt8(ascii: "!") else { return start }
        for tag in ["!fluent/s ", "!fluent/json ", "!!str "] where bytes[start..<end].starts(with: tag.utf8) {
            return start + tag.utf8.count
        }
        return start
    }

    /// The quote that ends an expression whose first quote stands in front of `start`, where a comment is behind it.
    private func closeBeforeComment(_ start: Int, _ end: Int) -> Int? {
        guard start > 0, "\"'".utf8.contains(bytes[start - 1]) else { return nil }
        let close = ((start + 1)..<max(end, start + 1)).first {
            bytes[$0] == bytes[start - 1] && bytes[$0 - 1] == UInt8(ascii: "}")
        }
        guard let close, let next = bytes[(close + 1)..<end].firstIndex(where: { !Byte.isBlank($0) }), next > close + 1,
            bytes[next] == Byte.hash
        else { return nil }
        return close
    }

    private func isOdd(_ quote: UInt8, _ start: Int, _ end: Int) -> Bool {
        !bytes[start..<end].count { $0 == quote }.isMultiple(of: 2)
    }

    /// Whether the line after the one that ends here has an odd number of quotes, so that one of them belongs to another.
    private func isOddNext(_ quote: UInt8, _ end: Int) -> Bool {
        end + 1 < bytes.count && isOdd(quote, end + 1, lineEnd(from: end + 1))
    }

    /// A placeholder, or a variable without a default: no secret, and what there may be to say is about its text.
    private func isShown(_ range: Range<Int>) -> Bool {
        var range = range
        // The quote in front was passed over as what stands between a name and its value; its partner ends the value.
        if range.lowerBound > 0, range.count > 1, "\"'".utf8.contains(bytes[range.lowerBound - 1]),
            bytes[range.upperBound - 1] == bytes[range.lowerBound - 1]
        {
            range = range.lowerBound..<(range.upperBound - 1)
        }
        var text = self.text(range)
        for quote in ["\"", "'"] where text.hasPrefix(quote) && text.hasSuffix(quote) && text.utf8.count > 1 {
            text = String(text.dropFirst().dropLast())
        }
        guard text.hasSuffix("}"), text.dropLast().firstIndex(of: "}") == nil else { return false }
        if text.hasPrefix("${") { return true }
        return text.hasPrefix("#{") && !["||", ",", "?", "+", " or "].contains { text.holds($0) }
    }

    /// `user joe password abc`: a line end was lost, or a comment tells.
    private mutating func laterNames(_ start: Int, _ end: Int) {
        var position = start
        while position < end {
            guard Byte.isName(bytes[position]) else {
                position += 1
                continue
            }
            let nameStart = position
            while position < end, Self.isWord(bytes[position]) { position += 1 }
            let isFollowed = position + 1 < end && Self.isSeparator(bytes[position])
            guard isFollowed else { continue }
            let kind = kind(of: text(nameStart..<position))
            if kind.isHeaders { return headers(position, end) }
            if kind.isSecret { return value(behind: nameStart..<position, end) }
        }
    }

    /// `"Authorization": "Bearer abc", …`: of each sound member the value unless it is known to be harmless; all of a
    /// line in which a quote or a colon is missing.
    private mutating func members(_ start: Int, _ end: Int) {
        var position = start
        while position < end {
            while position < end, Byte.isBlank(bytes[position]) || "{},".utf8.contains(bytes[position]) {
                position += 1
            }
            let memberStart = position
            guard position < end, let name = quoted(&position, end) else {
                if memberStart < end { found.append(memberStart..<end) }
                return
            }
            while position < end, Byte.isBlank(bytes[position]) || bytes[position] == UInt8(ascii: ":") {
                position += 1
            }
            let valueStart = position
            guard position < end, quoted(&position, end) != nil else {
                if valueStart < end { found.append(memberStart..<end) }
                return
            }
            if SecretNames.isSecretHeader(name), !isShown(valueStart..<position) {
                found.append((valueStart + 1)..<(position - 1))
            }
        }
    }

    /// The text between two quotes, behind the second of which a member, a value or the line can end.
    private func quoted(_ position: inout Int, _ end: Int) -> String? {
        guard bytes[position] == Byte.quote else { return nil }
        let start = position + 1
        var index = start
        while index < end, bytes[index] != Byte.quote { index += bytes[index] == Byte.backslash ? 2 : 1 }
        guard index < end else { return nil }
        if index + 1 < end, !Byte.isBlank(bytes[index + 1]), !":,}".utf8.contains(bytes[index + 1]) { return nil }
        position = index + 1
        return text(start..<index)
    }

    private mutating func balance(_ start: Int, _ end: Int) {
        for byte in bytes[start..<end] {
            if byte == Byte.openBrace || byte == Byte.openBracket { depth += 1 }
            if byte == Byte.closeBrace || byte == Byte.closeBracket { depth -= 1 }
        }
        if depth <= 0 { open = nil }
    }

    /// Whether a value that is open at the end of its line is closed before the next tag.
    private func closes(from end: Int, quote: UInt8? = nil) -> Bool {
        var depth = depth
        var position = end
        for _ in 0..<Self.maximumLines {
            guard position < bytes.count else { return false }
            var start = position + 1
            let next = lineEnd(from: start)
            while start < next, Byte.isBlank(bytes[start]) { start += 1 }
            if start < next, bytes[start] == Byte.less { return false }
            if let quote {
                if start < next, bytes[start..<next].contains(quote) { return true }
            } else if start < next {
                for byte in bytes[start..<next] {
                    if byte == Byte.openBrace || byte == Byte.openBracket { depth += 1 }
                    if byte == Byte.closeBrace || byte == Byte.closeBracket { depth -= 1 }
                }
                if depth <= 0 { return true }
            }
            position = next
        }
        return false
    }

    /// The user part of URLs, and what follows `Bearer`.
    private mutating func locators(_ start: Int, _ end: Int, isPattern: Bool, isHost: Bool) {
        found += SecretText.userParts(bytes, start..<end, isPattern: isPattern)
        if isHost { found += SecretText.userPartsOfHosts(bytes, start..<end) }
        if !isPattern { found += SecretText.bearers(bytes, start..<end) }
    }

    // MARK: - Words

    private func text(_ range: Range<Int>) -> String { String(decoding: bytes[range], as: UTF8.self) }

    private static func isWord(_ byte: UInt8) -> Bool { Byte.isName(byte) || byte == UInt8(ascii: "-") }

    /// What can stand between a name and its value, as it should be and as in other languages.
    private static func isSeparator(_ byte: UInt8) -> Bool {
        Byte.isBlank(byte) || byte == UInt8(ascii: "=") || byte == UInt8(ascii: ":") || byte == Byte.greater
            || byte == Byte.quote || byte == Byte.apostrophe || byte > 0x7F
    }

    /// Parameters whose values speak about names and texts, such as `password` in an expression.
    private static func isStructural(_ name: String) -> Bool {
        if ["pattern", "expression", "format", "regexp"].contains(where: { name.holds($0) }) {
            return true
        }
        return name.hasPrefix("exclude") || name.hasPrefix("remove_keys")
            || ["key", "key_name", "keys", "keep_keys", "types", "fields", "tag", "match", "filter", "buffer"].contains(
                name)
    }

    private static func isHost(_ name: String) -> Bool {
        let lower = name.lowercased()
        return ["host", "url", "uri", "endpoint", "proxy", "server", "hots"].contains {
            lower.holds($0)
        }
    }
}
