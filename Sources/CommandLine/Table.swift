/// Rows in aligned columns, for commands that list things.
package struct Table: Sendable {
    package enum Alignment: Sendable { case left, right }

    private let alignments: [Alignment]
    private var rows: [[String]]

    /// A table with titles; numbers want `.right`.
    package init(_ columns: [(title: String, alignment: Alignment)]) {
        alignments = columns.map(\.alignment)
        rows = [columns.map(\.title)]
    }

    /// Adds a row; cells that are missing are empty, those too many are left out.
    package mutating func append(_ cells: [String]) {
        let padding = Array(repeating: "", count: max(alignments.count - cells.count, 0))
        rows.append(Array(cells.prefix(alignments.count)) + padding)
    }

    /// The lines, two blanks between the columns, none at the end of a line; the last column is cut with `…` when
    /// there is a width and it does not fit.
    package func text(width: Int? = nil) -> String {
        let widths = alignments.indices.map { column in rows.map { $0[column].count }.max() ?? 0 }
        return rows.map { row in
            var line = ""
            for (column, cell) in row.enumerated() {
                if column > 0 { line += "  " }
                let padding = String(repeating: " ", count: widths[column] - cell.count)
                line += alignments[column] == .left ? cell + padding : padding + cell
            }
            while line.last == " " { line.removeLast() }
            if let width, line.count > width, width > 0 { line = line.prefix(width - 1) + "…" }
            return line + "\n"
        }.joined()
    }
}
