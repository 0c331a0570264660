import Grok

/// What a piece of a line is, by its bytes.
extension LineTokenizer {
    /// What a text without blanks is.
    static func kind(of text: ArraySlice<UInt8>) -> SampleToken.Kind {
        guard let first = text.first else { return .empty }
        if text.count == 1, first == UInt8(ascii: "-") { return .dash }
        if let number = numberKind(text) { return number }
        if isUUID(text) { return .uuid }
        if isLevel(text) { return .level }
        if methods.contains(where: { text.elementsEqual($0) }) { return .method }
        let allWord = text.allSatisfy { $0.isWord || $0 >= 0x80 }
        if allWord { return isHex(text) ? .hex : .word }
        if isMAC(text) { return .mac }
        if isIPv4(text) { return .ipv4 }
        if isIPv6(text) { return .ipv6 }
        if first == UInt8(ascii: "/") { return .path }
        if isURI(text) { return .uri }
        if isEmail(text) { return .email }
        let isName = text.allSatisfy {
            $0.isWord || $0 == UInt8(ascii: ".") || $0 == UInt8(ascii: "-") || $0 == UInt8(ascii: "$")
        }
        return isName && first.isWord ? .name : .opaque
    }

    private static let methods = ["GET", "POST", "PUT", "DELETE", "HEAD", "OPTIONS", "PATCH", "CONNECT", "TRACE"]
        .map { Array($0.utf8) }
    private static let levels: Set<String> = [
        "alert", "trace", "debug", "notice", "info", "information", "warn", "warning", "err", "error", "crit",
        "critical", "fatal", "severe", "emerg", "emergency",
    ]

    /// Whether a text is a level as `LOGLEVEL` has it: in lower case, capitals, or with a capital first.
    static func isLevel(_ text: ArraySlice<UInt8>) -> Bool {
        guard (3...11).contains(text.count), text.allSatisfy({ $0.isLetter }) else { return false }
        let rest = text.dropFirst()
        guard rest.allSatisfy({ $0.isLowercase }) || text.allSatisfy({ $0.isUppercase }) else { return false }
        return levels.contains(String(decoding: text.map { $0 | 0x20 }, as: UTF8.self))
    }

    private static func numberKind(_ text: ArraySlice<UInt8>) -> SampleToken.Kind? {
        var index = text.startIndex
        if text[index] == UInt8(ascii: "-") || text[index] == UInt8(ascii: "+") { index += 1 }
        let digits = index
        while index < text.endIndex, text[index].isDigit { index += 1 }
        guard index > digits else { return nil }
        if index == text.endIndex { return .integer }
        if text[index] == UInt8(ascii: "."), index + 1 < text.endIndex, text[index + 1].isDigit {
            index += 1
            while index < text.endIndex, text[index].isDigit { index += 1 }
            if index == text.endIndex { return .decimal }
        }
        let unit = text[index...]
        if units.contains(where: { unit.elementsEqual($0) }) { return .quantity }
        return nil
    }

    static let units = [
        "ms", "s", "us", "µs", "ns", "m", "min", "h", "sec", "%", "B", "KB", "kB", "MB", "GB", "KiB", "MiB", "GiB", "K",
        "M", "G", "k", "msec", "usec", "b",
    ].map { Array($0.utf8) }

    private static func isUUID(_ text: ArraySlice<UInt8>) -> Bool {
        guard text.count == 36 else { return false }
        return text.enumerated().allSatisfy { index, byte in
            [8, 13, 18, 23].contains(index) ? byte == UInt8(ascii: "-") : byte.isHexDigit
        }
    }

    private static func isHex(_ text: ArraySlice<UInt8>) -> Bool {
        if text.starts(with: [0x30, 0x78]) { return text.count > 2 && text.dropFirst(2).allSatisfy { $0.isHexDigit } }
        return text.count >= 8 && text.allSatisfy { $0.isHexDigit } && text.contains { $0.isDigit }
    }

    private static func isMAC(_ text: ArraySlice<UInt8>) -> Bool {
        guard text.count == 17 else { return false }
        return text.enumerated().allSatisfy { index, byte in
            index % 3 == 2 ? byte == UInt8(ascii: ":") : byte.isHexDigit
        }
    }

    private static func isIPv4(_ text: ArraySlice<UInt8>) -> Bool {
        guard text.count <= 15 else { return false }
        let parts = text.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
        return parts.count == 4
            && parts.allSatisfy { part in
                (1...3).contains(part.count) && part.allSatisfy { $0.isDigit }
                    && part.reduce(0) { $0 * 10 + Int($1 - 0x30) } <= 255
            }
    }

    private static func isIPv6(_ text: ArraySlice<UInt8>) -> Bool {
        guard (2...45).contains(text.count),
            text.allSatisfy({ $0.isHexDigit || $0 == UInt8(ascii: ":") || $0 == UInt8(ascii: ".") })
        else { return false }
        let groups = text.split(separator: UInt8(ascii: ":"), omittingEmptySubsequences: false)
        guard (3...8).contains(groups.count) else { return false }
        let inner = groups.dropFirst().dropLast().count { $0.isEmpty }
        let hasGap = inner == 1
        return groups.allSatisfy { $0.count <= 4 || isIPv4($0) } && (hasGap ? true : groups.count == 8 && inner == 0)
    }

    static func isURI(_ text: ArraySlice<UInt8>) -> Bool {
        guard let colon = text.firstIndex(of: UInt8(ascii: ":")), colon > text.startIndex,
            text[text.startIndex..<colon].allSatisfy({ $0.isWord || $0 == UInt8(ascii: "+") })
        else { return false }
        return text[colon...].starts(with: "://".utf8) && text.count > colon - text.startIndex + 3
    }

    private static func isEmail(_ text: ArraySlice<UInt8>) -> Bool {
        guard let at = text.firstIndex(of: UInt8(ascii: "@")), at > text.startIndex, at + 1 < text.endIndex,
            text.first?.isLetter == true
        else { return false }
        let name: (UInt8) -> Bool = {
            $0.isWord || $0 == UInt8(ascii: ".") || $0 == UInt8(ascii: "-") || $0 == UInt8(ascii: "+")
        }
        let domain = text[(at + 1)...]
        return text[..<at].allSatisfy(name) && domain.contains(UInt8(ascii: "."))
            && domain.allSatisfy { $0 != UInt8(ascii: "+") && $0 != 0x5F && name($0) }
    }
}
