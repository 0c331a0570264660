package import Events

/// One line of comma-separated values. Source: RFC 4180; a quote inside a bare value is an error, as in Ruby's CSV.
///
/// Columns beyond the keys are dropped, missing and empty ones are null, a quoted empty one is "".
package final class CSVParser: TextParser {
    private let delimiter: UInt8
    private let columns: Columns

    init(keys: [[UInt8]], delimiter: UInt8, _ rules: FieldRules, _ faults: ConversionFaults) {
        self.delimiter = delimiter
        columns = Columns(keys, rules, faults)
    }

    package func beginBatch(storage: inout ByteBuffer) { columns.beginBatch(&storage) }

    package func parse(_ text: Slice, storage: inout ByteBuffer, rows: inout Rows) -> ParseResult {
        guard text.length > 0 else { return .malformed(reason: "the text is empty, which is no line of CSV") }
        let first = rows.fields.count
        columns.beginRecord(&storage)
        var place = Int(text.offset)
        var isFinished = false
        var column = 0
        while !isFinished {
            guard let value = Self.next(&place, text.end, delimiter, &storage, isLast: &isFinished) else {
                rows.fields.truncate(to: first)
                return .malformed(reason: "malformed CSV: a quote inside a value, or one that is never closed")
            }
            if column < columns.count {
                switch value {
                case .empty: columns.add(column, value: .null, &rows)
                case .text(let slice):
                    if !columns.add(column, slice, &storage, &rows) {
                        return columns.refuse(first, &rows)
                    }
                }
            }
            column += 1
        }
        while column < columns.count {
            columns.add(column, value: .null, &rows)
            column += 1
        }
        return .matched(time: columns.time)
    }

    private enum Cell {
        case empty
        case text(Slice)
    }

    /// The cell at `place`, which moves behind the delimiter. nil: not CSV.
    private static func next(
        _ place: inout Int, _ end: Int, _ delimiter: UInt8, _ storage: inout ByteBuffer, isLast: inout Bool
    ) -> Cell? {
        let start = place
        if start < end, storage[start] == 0x22 {
            guard let slice = quoted(&place, end, &storage) else { return nil }
            return close(&place, end, delimiter, storage, &isLast) ? .text(slice) : nil
        }
        while place < end, storage[place] != delimiter, !isLineEnd(storage[place]) {
            if storage[place] == 0x22 { return nil }
            place += 1
        }
        let slice = Slice(offset: start, length: place - start)
        guard close(&place, end, delimiter, storage, &isLast) else { return nil }
        return slice.length == 0 ? .empty : .text(slice)
    }

    private static func isLineEnd(_ byte: UInt8) -> Bool { byte == 0x0A || byte == 0x0D }

    /// Past the delimiter or the end of the line.
    private static func close(
        _ place: inout Int, _ end: Int, _ delimiter: UInt8, _ storage: borrowing ByteBuffer, _ isLast: inout Bool
    ) -> Bool {
        if place >= end || isLineEnd(storage[place]) {
            isLast = true
            return true
        }
        guard storage[place] == delimiter else { return false }
        place += 1
        return true
    }

    /// The inside of a quoted cell; copied only when it holds doubled quotes.
    private static func quoted(_ place: inout Int, _ end: Int, _ storage: inout ByteBuffer) -> Slice? {
        let start = place + 1
        var hasDoubled = false
        place = start
        while place < end {
            if storage[place] != 0x22 {
                place += 1
            } else if place + 1 < end, storage[place + 1] == 0x22 {
                hasDoubled = true
                place += 2
            } else {
                break
            }
        }
        guard place < end else { return nil }
        let close = place
        place += 1
        guard hasDoubled else { return Slice(offset: start, length: close - start) }
        let copy = storage.count
        var from = start
        while from < close {
            storage.append(storage[from])
            from += storage[from] == 0x22 ? 2 : 1
        }
        return Slice(offset: copy, length: storage.count - copy)
    }
}
