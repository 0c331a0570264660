import Grok

/// A sample whose columns are named by lines in it (`#Fields: date time …`), one or several one after the other.
///
/// Sources: the W3C's Extended Log File Format, Zeek's manual.
struct SampleTable: Sendable {
    /// The names of columns, and the lines that have them.
    struct Part: Sendable {
        let header: [String]
        var lines: [Int]
    }

    /// By header, those with lines.
    let parts: [Part]
    /// Lines with another number of columns than any header: its names would be wrong for them.
    let rest: [Int]

    /// nil when no line names the columns.
    init?(_ sample: SampleLines) {
        guard !sample.headers.isEmpty else { return nil }
        let headers = sample.headers
        var parts = headers.map { Part(header: $0, lines: []) }
        var rest: [Int] = []
        for (index, pair) in zip(sample.lines, sample.headersOfLines).enumerated() {
            let line = SampleRecords.clean(pair.0)
            // Files that were put together do not always keep a header above its lines.
            let candidates = (pair.1 >= 0 ? [pair.1] : []) + headers.indices.reversed()
            if let fitting = candidates.first(where: { Self.fits(line, headers[$0].count) }) {
                parts[fitting].lines.append(index)
            } else {
                rest.append(index)
            }
        }
        self.parts = parts.filter { !$0.lines.isEmpty }
        self.rest = rest
    }

    /// Whether a line has so many columns, between tabs or between blanks.
    private static func fits(_ line: [UInt8], _ count: Int) -> Bool {
        if line.count(where: { $0 == 0x09 }) + 1 == count { return true }
        return line.split(whereSeparator: { $0.isBlank }).count == count
    }
}
