import Grok
internal import Parsing

/// Records that need no grok: JSON, LTSV, and CSV or TSV with a line of names.
struct StructuredRecords {
    private let records: SampleRecords
    private let isInner: Bool
    private let isMarked: Bool
    private(set) var proposals: [GrokSuggestion.Proposal] = []
    /// What is left for grok.
    private(set) var rest: [Int] = []

    /// - Parameter isMarked: a byte order mark stands before the first record, which the JSON parser refuses.
    init(_ records: SampleRecords, isInner: Bool, isMarked: Bool) {
        self.records = records
        self.isInner = isInner
        self.isMarked = isMarked
    }

    mutating func find() {
        var json: [Int] = []
        var ltsv: [Int] = []
        for index in records.records.indices {
            let record = records.records[index]
            if record.lineCount == 1, !isMarked || index > 0, StructuredLine.isJSON(record.raw) {
                json.append(index)
            } else if record.lineCount == 1, StructuredLine.isLTSV(record.raw) {
                ltsv.append(index)
            } else {
                rest.append(index)
            }
        }
        add(GrokSuggestion.Proposal(parser: .json, title: "JSON, one object a line"), json) { try? .json($0) }
        add(GrokSuggestion.Proposal(parser: .ltsv, title: "LTSV, labelled values between tabs"), ltsv) {
            try? .ltsv($0)
        }
        rest.sort()
        if proposals.isEmpty, !isInner { table() }
    }

    /// Adds a proposal for the records that its parser takes, with the time options the section prints; the others go
    /// back to `rest`.
    private mutating func add(
        _ given: GrokSuggestion.Proposal, _ own: [Int], _ make: (ParserOptions) -> ParserRecipe?
    ) {
        guard !own.isEmpty else { return }
        var proposal = given
        // An empty name is no field: nothing is taken for the event's time.
        var untimed = ParserOptions()
        untimed.timeKey = ""
        var reading = StructuredReading(make(untimed))
        for index in own { reading.note(records.records[index].raw) }
        proposal.time = reading.time
        var best = StructuredReading(make(SectionCheck.options(proposal.time)))
        var taken = own.filter { best.takes(records.records[$0].raw) }
        if proposal.time != nil, taken.count * 20 < own.count * 19 {
            best = StructuredReading(make(ParserOptions()))
            let untimed = own.filter { best.takes(records.records[$0].raw) }
            if untimed.count > taken.count {
                proposal.time = nil
                taken = untimed
            }
        }
        rest += Set(own).subtracting(taken)
        guard let first = taken.first else { return }
        proposal.lineCount = taken.count
        proposal.recordCount = taken.count
        proposal.sample = records.records[first].raw
        proposal.extractedPerMille = 1000
        proposal.fields = reading.fields
        proposals.append(proposal)
    }

    // MARK: - Tables

    /// A first line of names, and lines with as many columns. Source: RFC 4180.
    private mutating func table() {
        guard records.firstLines.count >= 3, records.firstLine == nil else { return }
        for (separator, parser) in [(0x09 as UInt8, GrokSuggestion.Proposal.Parser.tsv), (0x2C, .csv), (0x3B, .csv)] {
            let names = cells(0, separator)
            guard names.count >= 3, names.allSatisfy(Self.isName), Set(names).count == names.count else { continue }
            var proposal = GrokSuggestion.Proposal(
                parser: parser, title: parser == .tsv ? "TSV with a line of names" : "CSV with a line of names")
            proposal.keys = names.map { String(decoding: $0, as: UTF8.self) }
            proposal.delimiter = separator
            let other = cells(1, separator)
            guard other.count == names.count, !other.allSatisfy(Self.isName) else { continue }
            let keys = proposal.keys
            let own = rest.filter { cells($0, separator).count == names.count }
            guard own.count * 10 >= rest.count * 9 else { continue }
            let taken = Set(own)
            rest.removeAll { taken.contains($0) }
            add(proposal, own) { options in
                parser == .tsv
                    ? try? .tsv(keys: keys, options)
                    : try? .csv(keys: keys, delimiter: String(Unicode.Scalar(separator)), options)
            }
            rest.sort()
            return
        }
    }

    private func cells(_ index: Int, _ separator: UInt8) -> [[UInt8]] {
        let line = records.firstLines[index]
        return DelimitedColumns.cut(line, 0..<line.count, separator).map { range in
            var cell = line[DelimitedColumns.trimmed(line, range)]
            if cell.count >= 2, cell.first == 0x22, cell.last == 0x22 { cell = cell.dropFirst().dropLast() }
            return Array(cell)
        }
    }

    /// A word with a letter first: the title of a column and not a value.
    private static func isName(_ text: [UInt8]) -> Bool {
        guard let first = text.first, first.isLetter || first == 0x5F, text.count <= 60 else { return false }
        return text.allSatisfy { $0.isWord || $0 == 0x20 || $0 == UInt8(ascii: "-") || $0 == UInt8(ascii: ".") }
            && TimestampScanner.find(in: text, at: 0) == nil
    }
}
