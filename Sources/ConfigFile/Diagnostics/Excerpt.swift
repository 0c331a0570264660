/// A place as messages show it: line and column in characters, the line's text, and how far the mark reaches on it.
package struct Excerpt: Sendable, Hashable {
    /// The path as the user wrote it.
    package let file: String
    /// From 1; 0 when the message is about the file as a whole.
    package let line: Int
    /// From 1, in characters; 0 when the message is about the file as a whole.
    package let column: Int
    /// The line without its end and without its secrets; a part of it around the mark when it is longer than 8 KiB.
    package let lineText: String
    /// The column in `lineText`: another than `column` behind a hidden secret, and where the text begins in the middle
    /// of a very long line.
    let excerptColumn: Int
    /// Width of the marked text in characters, at least 1.
    package let length: Int

    /// Bytes kept on each side of the start of a mark.
    private static let reach = 4096

    init(wholeFile file: String) {
        self.file = file
        line = 0
        column = 0
        lineText = ""
        excerptColumn = 0
        length = 0
    }

    init(_ place: Place) {
        let file = place.file
        let index = file.lineIndex(at: place.start)
        var range = file.lineRange(index)
        if range.lowerBound == 0, Byte.hasMark(file.bytes) {
            range = min(Byte.markLength, range.upperBound)..<range.upperBound
        }
        self.file = file.path
        line = index + 1
        column = place.column
        // A mark ends with its line: a value over several lines is marked on the first.
        let end = min(place.end, range.upperBound)
        if range.count > 2 * Self.reach {
            range = max(range.lowerBound, place.start - Self.reach)..<min(range.upperBound, place.start + Self.reach)
        }
        lineText = Self.shown(file, range)
        let before = Self.shown(file, range.lowerBound..<max(range.lowerBound, min(place.start, range.upperBound)))
        let marked = Self.shown(file, range.lowerBound..<max(place.start, min(end, range.upperBound)))
        let hidden = file.secrets(in: place.start..<(place.start + 1)).first { $0.lowerBound < place.start }
        // A mark that begins in the middle of a secret begins with it.
        let start = hidden == nil ? before.count : max(before.count - SecretText.mask.count, 0)
        excerptColumn = start + 1
        length = place.start < end ? max(1, marked.count - start) : 1
    }

    /// The text of a range, secrets hidden; one that the range cuts is hidden as well.
    private static func shown(_ file: SourceFile, _ range: Range<Int>) -> String {
        var text = ""
        var position = range.lowerBound
        for secret in file.secrets(in: range) {
            if secret.lowerBound > position { text += file.text(position..<secret.lowerBound) }
            text += SecretText.mask
            position = min(secret.upperBound, range.upperBound)
        }
        return text + file.text(position..<max(position, range.upperBound))
    }
}
