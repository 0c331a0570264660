internal import Grok

/// Bounds of a suggestion, so that any input ends soon and fits in memory.
package struct SuggestLimits: Sendable, Equatable {
    /// Lines that are looked at; of longer inputs an even sample is drawn.
    package var maximumLines = 10_000
    /// Bytes of one line that are looked at; a longer line is left out.
    package var maximumLineBytes = 16_384
    /// Bytes of input that are read.
    package var maximumInputBytes = 256 << 20
    /// Patterns that are proposed.
    package var maximumPatterns = 20
    /// Lines without a pattern that are shown.
    package var maximumShownLines = 5
    /// Different lines with the names of columns; the lines under others are taken for lines without such a header.
    package var maximumHeaders = 16

    package init() {}
}

/// The lines a suggestion is made from: an even sample of what was appended, in the order of the input, with all that
/// a machine put around the text (byte order mark, carriage return, colours), since the parser gets that, too.
///
/// Sampling is by a generator with a fixed seed: the same input gives the same lines.
package struct SampleLines: Sendable {
    package let limits: SuggestLimits
    /// The sample, without line feeds; valid UTF-8.
    private var kept: [(number: Int, text: [UInt8], header: Int)] = []
    /// Lines that were appended, those left out included.
    package private(set) var seenCount = 0
    /// Lines left out because they are longer than `maximumLineBytes`.
    package private(set) var tooLongCount = 0
    /// Lines without a visible character, left out.
    package private(set) var emptyCount = 0
    /// Lines in which bytes that are not UTF-8 were replaced by U+FFFD.
    package private(set) var repairedCount = 0
    /// Lines of a W3C or Zeek log that describe the others (`#Fields: …`), left out.
    package private(set) var directiveCount = 0
    /// What the `#Fields:` lines call the columns, each way once.
    package private(set) var headers: [[String]] = []
    /// The text is in UTF-16, which no parser reads.
    package private(set) var isWide = false
    /// The first line begins with a byte order mark.
    package private(set) var hasByteOrderMark = false
    package private(set) var hasCarriageReturns = false
    package private(set) var hasColours = false
    /// The header that holds for what follows; -1 when there is none.
    private var header = -1
    private var candidateCount = 0
    private var state: UInt64 = 0x5EED

    package init(limits: SuggestLimits = SuggestLimits()) { self.limits = limits }

    /// The lines of a text.
    package init(text: [UInt8], limits: SuggestLimits = SuggestLimits()) {
        self.init(limits: limits)
        for line in text.split(separator: 0x0A, omittingEmptySubsequences: false) { append(line) }
    }

    /// The sample in the order of the input.
    package var lines: [[UInt8]] { kept.sorted { $0.number < $1.number }.map(\.text) }

    /// Which of `headers` stands above each of `lines`; -1 above all of them.
    package var headersOfLines: [Int] { kept.sorted { $0.number < $1.number }.map(\.header) }

    /// Whether lines were passed over because there are more than `maximumLines`.
    package var isSampled: Bool { candidateCount > limits.maximumLines }

    private static let byteOrderMark: [UInt8] = [0xEF, 0xBB, 0xBF]

    /// Adds a line.
    package mutating func append(_ line: ArraySlice<UInt8>) {
        if seenCount == 0, directiveCount == 0 {
            if line.starts(with: Self.byteOrderMark) { hasByteOrderMark = true }
            if line.starts(with: [0xFF, 0xFE]) || line.starts(with: [0xFE, 0xFF]) { isWide = true }
        }
        guard line.contains(where: { $0 > 0x20 }), !line.elementsEqual(Self.byteOrderMark) else {
            if !line.isEmpty { emptyCount += 1 }
            return
        }
        if readDirective(line) { return }
        if line.last == 0x0D { hasCarriageReturns = true }
        if line.contains(0x1B) { hasColours = true }
        seenCount += 1
        guard line.count <= limits.maximumLineBytes else {
            tooLongCount += 1
            return
        }
        candidateCount += 1
        if kept.count < limits.maximumLines {
            kept.append((seenCount, repaired(line), header))
        } else {
            // Reservoir sampling (Vitter's algorithm R): each line stays with the same probability.
            let place = Int(next() % UInt64(candidateCount))
            if place < kept.count { kept[place] = (seenCount, repaired(line), header) }
        }
    }

    /// Takes in a line that describes the others. Sources: the W3C's Extended Log File Format, Zeek's manual.
    private mutating func readDirective(_ line: ArraySlice<UInt8>) -> Bool {
        var line = line
        if line.starts(with: Self.byteOrderMark) { line = line.dropFirst(3) }
        guard line.first == UInt8(ascii: "#") else { return false }
        let words = line.dropFirst().split(whereSeparator: { $0 <= 0x20 })
        guard let first = words.first, words.count >= 2 || directiveCount > 0 else { return false }
        let name = String(decoding: first.map { $0 | 0x20 }, as: UTF8.self)
        let known = [
            "fields:", "fields", "software:", "version:", "date:", "start-date:", "end-date:", "remark:", "types",
            "separator", "set_separator", "empty_field", "unset_field", "path", "open", "close",
        ]
        guard known.contains(name) else { return false }
        if name.hasPrefix("fields") {
            note(header: words.dropFirst().map { String(decoding: $0, as: UTF8.self) })
        }
        directiveCount += 1
        return true
    }

    private mutating func note(header names: [String]) {
        header = headers.firstIndex(of: names) ?? -1
        guard header < 0, headers.count < limits.maximumHeaders else { return }
        header = headers.count
        headers.append(names)
    }

    private mutating func repaired(_ line: ArraySlice<UInt8>) -> [UInt8] {
        let bytes = Array(line)
        guard SubjectText.classify(bytes.span) == .invalid else { return bytes }
        repairedCount += 1
        return SubjectText.repaired(bytes.span)
    }

    /// SplitMix64.
    private mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }
}
