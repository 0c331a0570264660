import CommandLine
import Events

/// How often each value of a field occurs.
struct GrokValueCounts {
    /// Values beyond it are counted together.
    static let maximumValues = 100_000

    let field: String
    private let key: [UInt8]
    private var counts: [String: Int] = [:]
    private var others = 0
    private var without = 0
    private var unmatched = 0
    private var lines = 0

    init(field: String) {
        self.field = field
        key = Array(field.utf8)
    }

    /// Counts the value of a record's fields: text as it is, other values as JSON.
    mutating func add(_ rows: borrowing Rows, _ storage: borrowing ByteBuffer) {
        lines += 1
        for index in 0..<rows.fields.count {
            let entry = rows.fields[index]
            guard storage.array(entry.key) == key else { continue }
            var shown = ByteBuffer(capacity: 64)
            shown.appendText(entry.value, storage)
            let value = shown.text(Slice(offset: 0, length: shown.count))
            if counts[value] == nil, counts.count >= Self.maximumValues {
                others += 1
            } else {
                counts[value, default: 0] += 1
            }
            return
        }
        without += 1
    }

    mutating func addUnmatched() {
        lines += 1
        unmatched += 1
    }

    private var sorted: [(value: String, count: Int)] {
        counts.map { (value: $0.key, count: $0.value) }.sorted { ($1.count, $0.value) < ($0.count, $1.value) }
    }

    var text: String {
        var table = Table([("COUNT", .right), ("SHARE", .right), (field, .left)])
        func row(_ count: Int, _ name: String) {
            let thousandths = lines == 0 ? 0 : (count * 1000 + lines / 2) / lines
            table.append(["\(count)", "\(thousandths / 10).\(thousandths % 10) %", name])
        }
        for entry in sorted { row(entry.count, GrokPlaces.visible(Array(entry.value.utf8)[...])) }
        if others > 0 { row(others, "(more than \(Self.maximumValues) values: all others)") }
        if without > 0 { row(without, "(matched, without this field)") }
        if unmatched > 0 { row(unmatched, "(no match)") }
        return table.text()
    }

    var json: String {
        var out = ByteBuffer(capacity: 64 * 1024)
        for entry in sorted {
            out.append("{\"value\":")
            out.appendJSONString(entry.value)
            out.append(",\"count\":\(entry.count)}\n")
        }
        if others > 0 { out.append("{\"other_values\":true,\"count\":\(others)}\n") }
        if without > 0 { out.append("{\"value\":null,\"count\":\(without)}\n") }
        if unmatched > 0 { out.append("{\"matched\":false,\"count\":\(unmatched)}\n") }
        return out.text(Slice(offset: 0, length: out.count))
    }
}
