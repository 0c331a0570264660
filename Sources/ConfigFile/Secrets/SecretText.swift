/// Secrets in a text that somebody is about to print.
package enum SecretText {
    /// What stands in the place of a secret, whatever its length; Fluentd writes the same.
    package static let mask = "xxxxxx"

    /// A text with the user part of each URL and every bearer token hidden.
    package static func masked(_ text: String) -> String {
        guard text.utf8.contains(UInt8(ascii: "@")) || text.utf8.contains(Byte.space) else { return text }
        let bytes = Array(text.utf8)
        let whole = 0..<bytes.count
        return replacing(userParts(bytes, whole, isPattern: false) + bearers(bytes, whole), in: bytes)
    }

    /// The same for the value of a parameter or of a header: hidden as a whole when its name says so.
    package static func masked(_ value: String, of name: String) -> String {
        if SecretNames.isHeaders(name) { return maskedHeaders(value) }
        if SecretNames.isSecret(name) { return mask }
        if value.hasPrefix("{") || value.hasPrefix("["), let json = JSONValue(parsing: value) {
            let shown = masked(json, hidesAll: false)
            return shown == json ? value : shown.text
        }
        if SecretNames.isHost(name) {
            let bytes = Array(value.utf8)
            return replacing(userPartsOfHosts(bytes, 0..<bytes.count), in: bytes)
        }
        return masked(value)
    }

    private static func maskedHeaders(_ value: String) -> String {
        if let json = JSONValue(parsing: value) { return masked(json, hidesAll: true).text }
        return UnitText.list(value).map { item in
            guard let colon = item.firstIndex(of: ":"), SecretNames.isSecretHeader(String(item[..<colon])) else {
                return item
            }
            return item[...colon] + mask
        }.joined(separator: ",")
    }

    /// - Parameter hidesAll: in an object of headers, where only what is known to be harmless is shown.
    private static func masked(_ value: JSONValue, hidesAll: Bool) -> JSONValue {
        switch value {
        case .string(let text): .string(masked(text))
        case .array(let items): .array(items.map { masked($0, hidesAll: hidesAll) })
        case .object(let members):
            .object(
                members.map { member in
                    let isHidden =
                        SecretNames.isSecret(member.key) || hidesAll && SecretNames.isSecretHeader(member.key)
                    return .init(
                        key: member.key, value: isHidden ? .string(mask) : masked(member.value, hidesAll: hidesAll))
                })
        default: value
        }
    }

    /// `joe:pw` of `https://joe:pw@host`.
    ///
    /// A password may hold any character: the part reaches to the last `@` of the word before the next URL. In a pattern
    /// only what looks like a user and a password counts, so that `%{USER:u}@` stays.
    static func userParts(_ bytes: [UInt8], _ range: Range<Int>, isPattern: Bool) -> [Range<Int>] {
        var found: [Range<Int>] = []
        var word = range.lowerBound
        while word < range.upperBound {
            var end = word
            while end < range.upperBound, !Byte.isSpace(bytes[end]) { end += 1 }
            let starts = (word..<max(word, end - 2)).filter { bytes[$0..<($0 + 3)] == [0x3A, 0x2F, 0x2F] }.map {
                $0 + 3
            }
            for (index, from) in starts.enumerated() {
                let to = index + 1 < starts.count ? starts[index + 1] : end
                guard let at = bytes[from..<to].lastIndex(of: UInt8(ascii: "@")), at > from else { continue }
                let part = bytes[from..<at]
                if isPattern && part.contains(where: { "{}()[]\\".utf8.contains($0) }) { continue }
                // The advice that messages give.
                if part.elementsEqual("user:password".utf8) { continue }
                found.append(from..<at)
            }
            word = end + 1
        }
        return found
    }

    /// The same in a value that can only be hosts: everything up to the last `@` of each, with or without a sound scheme.
    static func userPartsOfHosts(_ bytes: [UInt8], _ range: Range<Int>) -> [Range<Int>] {
        var found: [Range<Int>] = []
        var start = range.lowerBound
        func scheme(_ offset: Int) -> Int? {
            var end = offset
            while end < range.upperBound, Byte.isLetter(bytes[end]) { end += 1 }
            return end > offset && bytes[end..<range.upperBound].starts(with: "://".utf8) ? end + 3 : nil
        }
        func firstScheme(_ from: Int, _ to: Int) -> Int? {
            (from..<to).lazy.compactMap { offset in
                offset == range.lowerBound || !Byte.isLetter(bytes[offset - 1]) ? scheme(offset) : nil
            }.first
        }
        while start < range.upperBound {
            // The next host begins behind a comma with a sound scheme; everything else may be part of a password.
            let end =
                (start..<range.upperBound).first { bytes[$0] == UInt8(ascii: ",") && scheme($0 + 1) != nil }
                ?? range.upperBound
            if let at = bytes[start..<end].lastIndex(of: UInt8(ascii: "@")) {
                // `hosts "https://`: the parameter's own name is no part of the value.
                let sound = firstScheme(start, at)
                var from = sound ?? start
                if sound == nil, start == range.lowerBound {
                    while from < at, Byte.isName(bytes[from]) { from += 1 }
                    if from < at, Byte.isSpace(bytes[from]) { from += 1 } else { from = start }
                }
                if from < at, !bytes[from..<at].elementsEqual("user:password".utf8) { found.append(from..<at) }
            } else if let part = wrongPort(bytes, (firstScheme(start, end) ?? start)..<end) {
                found.append(part)
            }
            start = end + 1
        }
        return found
    }

    /// `eve:abc` of `https://eve:abces.example`, where an `@` is missing: what stands for a port and is no number.
    private static func wrongPort(_ bytes: [UInt8], _ range: Range<Int>) -> Range<Int>? {
        let authority = bytes[range].prefix { $0 != Byte.slash && !Byte.isSpace($0) }
        guard authority.first != Byte.openBracket else { return nil }
        let parts = authority.split(separator: UInt8(ascii: ":"), omittingEmptySubsequences: true)
        guard let wrong = parts.dropFirst().first(where: { !$0.allSatisfy(Byte.isDigit) }) else { return nil }
        return wrong.startIndex..<authority.endIndex
    }

    /// What follows `Bearer`, and `Basic` where it can be nothing else.
    static func bearers(_ bytes: [UInt8], _ range: Range<Int>) -> [Range<Int>] {
        var found: [Range<Int>] = []
        for (scheme, isCommonWord) in [("bearer", false), ("basic", true), ("apikey", false)] {
            let name = Array(scheme.utf8)
            var position = range.lowerBound
            while position + name.count + 1 < range.upperBound {
                defer { position += 1 }
                guard bytes[position..<(position + name.count)].elementsEqual(name, by: { ($0 | 0x20) == $1 }),
                    bytes[position + name.count] == Byte.space
                else { continue }
                let start = position + name.count + 1
                var end = start
                while end < range.upperBound, isCredential(bytes[end]) { end += 1 }
                let token = bytes[start..<end]
                let isEncoded =
                    token.contains(UInt8(ascii: "="))
                    || token.contains(where: Byte.isDigit) && token.contains { (0x41...0x5A).contains($0) }
                if token.count >= 4, isEncoded || !isCommonWord { found.append(start..<end) }
            }
        }
        return found
    }

    /// RFC 6750's `b64token` (and RFC 7617's base64).
    private static func isCredential(_ byte: UInt8) -> Bool { Byte.isName(byte) || "-._~+/=".utf8.contains(byte) }

    static func replacing(_ ranges: [Range<Int>], in bytes: [UInt8]) -> String {
        var out: [UInt8] = []
        var position = 0
        for range in ranges.sorted(by: { $0.lowerBound < $1.lowerBound }) where range.lowerBound >= position {
            out += bytes[position..<range.lowerBound] + Array(mask.utf8)
            position = range.upperBound
        }
        return String(decoding: out + bytes[position...], as: UTF8.self)
    }
}
