/// A range of bytes in a configuration file: where a key, a value or a tag stands, through all includes.
package struct Place: Sendable, Hashable {
    /// The file the bytes stand in.
    package let file: SourceFile
    /// Offset of the first byte.
    package let start: Int
    /// Offset behind the last byte; equal to `start` for a place between two characters.
    package let end: Int

    /// A range of bytes; bounds outside the file are brought inside.
    package init(_ file: SourceFile, _ start: Int, _ end: Int) {
        self.file = file
        self.start = min(max(0, start), file.bytes.count)
        self.end = min(max(self.start, end), file.bytes.count)
    }

    /// Line number, from 1.
    package var line: Int { file.lineIndex(at: start) + 1 }

    /// Column in characters, from 1. A byte order mark is not a character of the line.
    package var column: Int {
        var lineStart = file.lineRange(file.lineIndex(at: start)).lowerBound
        if lineStart == 0, Byte.hasMark(file.bytes) { lineStart = Byte.markLength }
        return lineStart < start ? file.text(lineStart..<start).count + 1 : 1
    }

    /// The text at this place.
    package var text: String { file.text(start..<end) }

    package static func == (a: Place, b: Place) -> Bool {
        a.start == b.start && a.end == b.end && (a.file === b.file || a.file.path == b.file.path)
    }

    package func hash(into hasher: inout Hasher) {
        hasher.combine(file.path)
        hasher.combine(start)
        hasher.combine(end)
    }
}

/// Bytes that the syntax gives a meaning, by name.
enum Byte {
    static let tab = UInt8(ascii: "\t")
    static let newline = UInt8(ascii: "\n")
    static let carriageReturn = UInt8(ascii: "\r")
    static let space = UInt8(ascii: " ")
    static let hash = UInt8(ascii: "#")
    static let quote = UInt8(ascii: "\"")
    static let apostrophe = UInt8(ascii: "'")
    static let backslash = UInt8(ascii: "\\")
    static let slash = UInt8(ascii: "/")
    static let less = UInt8(ascii: "<")
    static let greater = UInt8(ascii: ">")
    static let openBrace = UInt8(ascii: "{")
    static let closeBrace = UInt8(ascii: "}")
    static let openBracket = UInt8(ascii: "[")
    static let closeBracket = UInt8(ascii: "]")

    static func isBlank(_ byte: UInt8) -> Bool { byte == space || byte == tab || byte == carriageReturn }
    static func isSpace(_ byte: UInt8) -> Bool { isBlank(byte) || byte == newline }
    static func isDigit(_ byte: UInt8) -> Bool { byte >= 0x30 && byte <= 0x39 }
    static func isLetter(_ byte: UInt8) -> Bool { (byte | 0x20) >= 0x61 && (byte | 0x20) <= 0x7a }
    /// `[a-zA-Z0-9_]`, the alphabet of section names.
    static func isName(_ byte: UInt8) -> Bool { isLetter(byte) || isDigit(byte) || byte == UInt8(ascii: "_") }

    /// Bytes of a UTF-8 byte order mark.
    static let markLength = 3
    static func hasMark(_ bytes: [UInt8]) -> Bool {
        bytes.count >= markLength && bytes[0] == 0xEF && bytes[1] == 0xBB && bytes[2] == 0xBF
    }
}
