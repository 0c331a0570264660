package import Events

/// Labelled tab-separated values (ltsv.org): `label:value` pairs. What has no label is left out.
package final class LTSVParser: TextParser {
    private let delimiter: [UInt8]
    private let labelDelimiter: [UInt8]
    private let finisher: FieldFinisher

    init(delimiter: [UInt8], labelDelimiter: [UInt8], _ rules: FieldRules, _ faults: ConversionFaults) {
        self.delimiter = delimiter
        self.labelDelimiter = labelDelimiter
        finisher = FieldFinisher(rules, faults)
    }

    package func parse(_ text: Slice, storage: inout ByteBuffer, rows: inout Rows) -> ParseResult {
        let first = rows.fields.count
        var seen: UInt64 = 0
        var start = Int(text.offset)
        while start < text.end {
            let end = storage.firstPlace(of: delimiter, from: start, to: text.end) ?? text.end
            if let colon = storage.firstPlace(of: labelDelimiter, from: start, to: end) {
                let value = colon + labelDelimiter.count
                rows.set(
                    Slice(offset: start, length: colon - start),
                    .string(Slice(offset: value, length: end - value)), first: first, seen: &seen, storage)
            }
            start = end + delimiter.count
        }
        return finisher.finish(first: first, storage: &storage, rows: &rows)
    }
}

extension ByteBuffer {
    /// Where some bytes (at least one) first occur in a range.
    func firstPlace(of wanted: [UInt8], from start: Int, to end: Int) -> Int? {
        let bytes = span
        let first = wanted[0]
        var place = start
        while place + wanted.count <= end {
            if bytes[place] == first {
                var index = 1
                while index < wanted.count, bytes[place + index] == wanted[index] { index += 1 }
                if index == wanted.count { return place }
            }
            place += 1
        }
        return nil
    }
}
