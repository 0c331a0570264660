/// One message about a configuration: what is wrong, where, and what to do.
package struct Diagnostic: Sendable, Hashable {
    /// An error keeps the configuration from being used, a warning and a note do not.
    package enum Severity: String, Sendable, Hashable {
        case error
        case warning
        case note
    }

    /// A second place that belongs to the message, such as the tag that an end tag does not match.
    package struct Related: Sendable, Hashable {
        package let file: String
        package let line: Int
        package let column: Int
        package let lineText: String
        /// The column in `lineText`: less than `column` where the text begins in the middle of a very long line.
        let excerptColumn: Int
        /// Width of the marked text in characters.
        package let length: Int
        package let message: String

        /// A sentence about a place.
        package init(_ place: Place, _ message: String) {
            let mark = Mark(place)
            self.file = place.file.path
            self.line = mark.line
            self.column = mark.column
            self.lineText = mark.lineText
            self.excerptColumn = mark.excerptColumn
            self.length = mark.length
            self.message = Diagnostic.shortened(message)
        }
    }

    package let severity: Severity
    /// The path as the user wrote it.
    package let file: String
    /// From 1; 0 when the message is about the file as a whole.
    package let line: Int
    /// From 1, in characters; 0 when the message is about the file as a whole.
    package let column: Int
    /// The line, without its end; a part of it around the mark when it is longer than 8 KiB.
    package let lineText: String
    /// The column in `lineText`: less than `column` where the text begins in the middle of a very long line.
    let excerptColumn: Int
    /// Width of the marked text in characters, at least 1.
    package let length: Int
    /// Lower-case, without a full stop.
    package let message: String
    /// What to do, if there is something to say.
    package let hint: String?
    /// Other places that belong to the message.
    package let related: [Related]

    /// A message about a place in a file.
    package init(
        _ severity: Severity, at place: Place, _ message: String, hint: String? = nil, related: [Related] = []
    ) {
        let mark = Mark(place)
        self.severity = severity
        self.file = place.file.path
        self.line = mark.line
        self.column = mark.column
        self.lineText = mark.lineText
        self.excerptColumn = mark.excerptColumn
        self.length = mark.length
        self.message = Self.shortened(message)
        self.hint = hint.map(Self.shortened)
        self.related = related
    }

    /// A message about a file as a whole, such as one that cannot be read.
    package init(_ severity: Severity, file: String, _ message: String, hint: String? = nil) {
        self.severity = severity
        self.file = file
        self.line = 0
        self.column = 0
        self.lineText = ""
        self.excerptColumn = 0
        self.length = 0
        self.message = Self.shortened(message)
        self.hint = hint
        self.related = []
    }

    /// Messages quote values, and a value can be a whole file: what is too long for a message is cut.
    fileprivate static func shortened(_ text: String) -> String {
        text.utf8.count > 600 ? String(text.prefix(500)) + "…" : text
    }
}

/// Where the caret goes: line and column in characters, and how far the mark reaches on that line.
private struct Mark {
    let line: Int
    let column: Int
    let lineText: String
    let excerptColumn: Int
    let length: Int

    /// Bytes kept on each side of the start of a mark.
    private static let reach = 4096

    init(_ place: Place) {
        let file = place.file
        let index = file.lineIndex(at: place.start)
        var range = file.lineRange(index)
        if range.lowerBound == 0, Byte.hasMark(file.bytes) {
            range = min(Byte.markLength, range.upperBound)..<range.upperBound
        }
        line = index + 1
        column = place.column
        // A mark ends with its line: a value over several lines is marked on the first.
        let end = min(place.end, range.upperBound)
        var excerpt = range
        if range.count > 2 * Self.reach {
            excerpt = max(range.lowerBound, place.start - Self.reach)..<min(range.upperBound, place.start + Self.reach)
        }
        lineText = file.text(excerpt)
        excerptColumn =
            excerpt.lowerBound == range.lowerBound ? column : file.text(excerpt.lowerBound..<place.start).count + 1
        length = place.start < end ? max(1, file.text(place.start..<min(end, excerpt.upperBound)).count) : 1
    }
}
