/// What a client calls itself, its tag, its words: shown to people, and never longer than a line can bear.
package enum StrangersText {
    /// The text of `bytes`, at most so many of them; invalid UTF-8 is repaired. Control characters are the log's to escape.
    package static func shown(_ bytes: [UInt8], maximumBytes: Int) -> String {
        guard bytes.count > maximumBytes else { return String(decoding: bytes, as: UTF8.self) }
        return String(decoding: bytes[..<maximumBytes], as: UTF8.self) + "… (\(bytes.count) bytes)"
    }
}
