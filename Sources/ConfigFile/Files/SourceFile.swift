/// The text of one configuration file as it was read, with the lines indexed.
///
/// Every `Place` keeps its file alive, so that a message raised long after parsing can still show the line.
package final class SourceFile: Sendable {
    /// The path as the user wrote or included it; messages begin with it.
    package let path: String
    /// Valid UTF-8. A byte order mark stays in place and is skipped by the parser, so offsets are those of the file.
    package let bytes: [UInt8]
    /// Byte offset of the first byte of each line; never empty.
    let lineStarts: [Int]
    /// Where the last `</name>` of each name stands: tells a tag that lost its bracket from a value.
    let lastEndTags: [String: Int]
    /// Where secrets stand, in order: no message and no excerpt shows these bytes.
    let secrets: [Range<Int>]
    /// The secrets as text, without their quotes, and the words of those that have several.
    let knownSecrets: KnownSecrets

    /// Takes the bytes of a file. Bytes that are not UTF-8 must have been repaired by the caller (see `ConfigDocument`).
    /// - Parameter alsoSecret: where secrets stand beside those that are found by their names.
    package init(path: String, bytes: [UInt8], alsoSecret: [Range<Int>] = []) {
        self.path = path
        self.bytes = bytes
        var starts = [0]
        for index in bytes.indices where bytes[index] == Byte.newline {
            starts.append(index + 1)
        }
        self.lineStarts = starts
        self.lastEndTags = Self.endTags(bytes)
        self.secrets = SecretScanner.secrets(in: bytes, and: alsoSecret)
        self.knownSecrets = Self.texts(secrets, bytes)
    }

    /// The secrets that a range holds or cuts.
    func secrets(in range: Range<Int>) -> ArraySlice<Range<Int>> {
        var low = 0
        var high = secrets.count
        while low < high {
            let middle = (low + high) / 2
            if secrets[middle].upperBound <= range.lowerBound { low = middle + 1 } else { high = middle }
        }
        var end = low
        while end < secrets.count, secrets[end].lowerBound < range.upperBound { end += 1 }
        return secrets[low..<end]
    }

    private static func texts(_ secrets: [Range<Int>], _ bytes: [UInt8]) -> KnownSecrets {
        var texts = KnownSecrets()
        for range in secrets {
            var text = bytes[range]
            while let first = text.first, first == Byte.quote || first == Byte.apostrophe { text.removeFirst() }
            while let last = text.last, last == Byte.quote || last == Byte.apostrophe { text.removeLast() }
            texts.insert(text)
            // Where quotes or commas are missing a message may quote a part of it.
            for part in text.split(whereSeparator: { Byte.isSpace($0) || ",:;@/\"'{}[]".utf8.contains($0) })
            where part.count >= KnownSecrets.telling && part.count < text.count {
                if !isName(part, bytes) { texts.insert(part) }
            }
        }
        return texts
    }

    /// `Authorization` of `"Authorization":`, which other messages have to say; but not a password that holds such a word.
    private static func isName(_ part: ArraySlice<UInt8>, _ bytes: [UInt8]) -> Bool {
        let name = String(decoding: part, as: UTF8.self)
        if SecretNames.parameters.contains(name.lowercased()) { return true }
        var next = part.endIndex
        while next < bytes.count, bytes[next] == Byte.quote || bytes[next] == Byte.apostrophe { next += 1 }
        while next < bytes.count, Byte.isBlank(bytes[next]) { next += 1 }
        let isFollowed = next < bytes.count && (bytes[next] == UInt8(ascii: ":") || bytes[next] == UInt8(ascii: "="))
        return isFollowed && SecretNames.isSecret(name)
    }

    /// Convenience for text in memory.
    package convenience init(path: String, text: String) {
        self.init(path: path, bytes: Array(text.utf8))
    }

    private static func endTags(_ bytes: [UInt8]) -> [String: Int] {
        var found: [String: Int] = [:]
        var index = 0
        while index + 1 < bytes.count {
            if bytes[index] == Byte.less, bytes[index + 1] == Byte.slash {
                var end = index + 2
                while end < bytes.count, Byte.isName(bytes[end]) { end += 1 }
                if end < bytes.count, bytes[end] == Byte.greater {
                    found[String(decoding: bytes[(index + 2)..<end], as: UTF8.self)] = index
                }
                index = end
            } else {
                index += 1
            }
        }
        return found
    }

    /// The line that holds `offset`, counted from 0. An offset behind the end belongs to the last line.
    func lineIndex(at offset: Int) -> Int {
        var low = 0
        var high = lineStarts.count
        while high - low > 1 {
            let middle = (low + high) / 2
            if lineStarts[middle] <= offset { low = middle } else { high = middle }
        }
        return low
    }

    /// Byte range of a line without its line end (`\n` or `\r\n`).
    func lineRange(_ index: Int) -> Range<Int> {
        let start = lineStarts[index]
        var end = index + 1 < lineStarts.count ? lineStarts[index + 1] - 1 : bytes.count
        if end > start, bytes[end - 1] == Byte.carriageReturn { end -= 1 }
        return start..<max(start, end)
    }

    /// The bytes of a range as text.
    func text(_ range: Range<Int>) -> String {
        let bounds = range.clamped(to: 0..<bytes.count)
        return String(decoding: bytes[bounds], as: UTF8.self)
    }
}
