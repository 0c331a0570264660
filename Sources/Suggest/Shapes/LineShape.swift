/// Lines of one build: columns from the left, and what follows them.
struct LineShape: Sendable {
    enum Tail: Sendable {
        /// The columns reach to the end.
        case none
        /// Running text.
        case text
        /// A text in which every line has the same words around its values.
        case sentence([ShapeColumn])
        /// A text with pairs in it, looked for by their keys.
        case keyed(KeyedText)
        case delimited(DelimitedColumns)
    }

    var lines: [Int]
    var columns: [ShapeColumn]
    var tail: Tail
    var minimumTailBlanks = 0
    var maximumTailBlanks = 0
    var isTailColoured = false
    /// Some lines end before the text.
    var isTailOptional = false

    /// How much the columns say about the format.
    var score: Int { columns.reduce(0) { $0 + $1.weight } }

    /// The first columns, and the rest of each line as text.
    func beginning(_ count: Int) -> LineShape {
        var shape = LineShape(lines: lines, columns: Array(columns.prefix(count)), tail: .text)
        shape.maximumTailBlanks = 2
        shape.isTailOptional = true
        return shape
    }
}
