import CommandLine
import Events
import Grok
import Parsing
import Time

/// Results for reading: the line with each capture in its colour, and below it a row for each.
struct GrokPretty {
    private let style: Style

    init(_ terminal: Terminal) { style = Style(terminal) }

    /// `rows` holds the fields of this result alone.
    func write(
        _ text: Slice, _ result: ParseResult, _ parser: GrokParser, _ rows: borrowing Rows,
        _ storage: inout ByteBuffer, showsSection: Bool, faults: [ConversionFaults.Fault] = [], times: Bool = false,
        to out: inout ByteBuffer
    ) {
        let bytes = storage.array(text)
        switch result {
        case .matched(let time):
            guard let hit = parser.lastHit else { break }
            let member = parser.matcher.set.members[hit]
            out.append(coloured(bytes, parser.matcher, member.pattern) + "\n")
            if showsSection { out.append("  " + style.faint(Self.name(member.index, member.name)) + "\n") }
            out.append(fields(parser, member.pattern, rows, text, &storage, time, showsISOTimes: times))
            for fault in faults {
                let note = "\(fault.field): \(fault.example)"
                out.append("  " + style.failure("not converted") + "  \(GrokPlaces.visible(Array(note.utf8)[...]))\n")
            }
            return
        case .gaveUp(let reason):
            out.append(GrokPlaces.visible(bytes[...]) + "\n  " + style.failure("gave up") + ": \(reason)\n")
            return
        case .invalidTime(let reason):
            out.append(GrokPlaces.visible(bytes[...]) + "\n  " + style.failure("matches, but") + " \(reason)\n")
            return
        case .noMatch, .malformed, .matchedMany, .parts: break
        }
        out.append(GrokPlaces.visible(bytes[...]) + "\n  " + style.failure("no match") + "\n")
        for remark in GrokRemarks.of(bytes) { out.append("  note: \(remark)\n") }
    }

    private static func name(_ index: Int, _ name: String?) -> String {
        name.map { "pattern \(index) '\($0)'" } ?? "pattern \(index)"
    }

    /// The line; where captures overlap, the inner one's colour counts.
    private func coloured(_ bytes: [UInt8], _ matcher: GrokMatcher, _ pattern: GrokPattern) -> String {
        var owners = [Int?](repeating: nil, count: bytes.count)
        for index in pattern.fields.indices {
            let range = matcher.range(of: index)
            guard range.isSet, Int(range.end) <= bytes.count else { continue }
            for place in Int(range.start)..<Int(range.end) { owners[place] = index }
        }
        var text = ""
        var start = 0
        while start < bytes.count {
            var end = start + 1
            while end < bytes.count, owners[end] == owners[start] { end += 1 }
            let part = GrokPlaces.visible(bytes[start..<end])
            text += owners[start].map { style.capture(part, $0) } ?? part
            start = end
        }
        return text
    }

    private func fields(
        _ parser: GrokParser, _ pattern: GrokPattern, _ rows: borrowing Rows, _ text: Slice,
        _ storage: inout ByteBuffer, _ time: EventTime?, showsISOTimes: Bool
    ) -> String {
        var fieldTimes = GrokTimes(parser)
        var lines: [(name: String, value: String, colour: Int)] = []
        for index in 0..<rows.fields.count {
            let field = rows.fields[index]
            let name = storage.text(field.key)
            let colour = pattern.fields.firstIndex { $0.name == name } ?? 0
            let fieldTime = field.value.kind == .int ? fieldTimes.time(of: name, in: text, &storage) : nil
            if let fieldTime {
                let shown = showsISOTimes ? Self.iso(fieldTime) : GrokResultWriter.decimal(fieldTime)
                lines.append((name, shown + style.faint(" (time)"), colour))
            } else {
                lines.append((name, value(field.value, storage), colour))
            }
        }
        if let time {
            let colour = pattern.fields.firstIndex { $0.name == "time" } ?? 0
            lines.append(("time", Self.iso(time) + " (of the event)", colour))
        }
        guard !lines.isEmpty else { return "  " + style.faint("matches, without a field") + "\n" }
        let width = min(lines.map(\.name.count).max() ?? 0, 40)
        return lines.map { line in
            let padding = String(repeating: " ", count: max(width - line.name.count, 0))
            return "  \(style.capture(line.name, line.colour))\(padding)  \(line.value)\n"
        }.joined()
    }

    private static func iso(_ time: EventTime) -> String {
        var writer = TimeWriter(.iso8601(fractionDigits: 9), offset: 0)
        var out = ByteBuffer(capacity: 40)
        writer.write(time, to: &out)
        return out.text(Slice(offset: 0, length: out.count))
    }

    /// Text as it is; other values as JSON with their type.
    private func value(_ value: Value, _ storage: borrowing ByteBuffer) -> String {
        if value.kind == .string {
            if value.length == 0 { return style.faint("(empty)") }
            return GrokPlaces.visible(storage.array(value.slice)[...])
        }
        var out = ByteBuffer(capacity: 32)
        out.appendJSON(value, storage)
        let text = out.text(Slice(offset: 0, length: out.count))
        let type: String
        switch value.kind {
        case .int, .uint, .number: type = "number"
        case .double: type = "float"
        case .true, .false: type = "bool"
        case .msgpack, .json: type = "array"
        case .null: type = "no value"
        default: type = ""
        }
        return text + style.faint(" (\(type))")
    }

    /// The totals at the end.
    func summary(_ tally: GrokMatchRun.Tally, sections: Int, names: [(Int, String?)], milliseconds: Int64) -> String {
        let unmatched = tally.lines - tally.matched - tally.gaveUp - tally.invalidTimes
        var text = "\n\(count(tally.lines, "line")): \(style.success("\(tally.matched) matched"))"
        text += unmatched > 0 ? ", \(style.failure("\(unmatched) did not"))" : ""
        if tally.gaveUp > 0 { text += ", " + style.failure("\(tally.gaveUp) gave up") }
        if tally.invalidTimes > 0 { text += ", " + style.failure("\(tally.invalidTimes) with no valid time") }
        if milliseconds > 0 {
            text += " (\(tally.lines * 1000 / Int(milliseconds)) lines/s)"
        }
        text += "\n"
        if sections > 1 {
            for (index, name) in names {
                text += "  \(Self.name(index, name)): \(tally.perSection[index] ?? 0)\n"
            }
        }
        if unmatched > 0 { text += "see why: sluice grok explain -p EXPRESSION LINE\n" }
        return text
    }

    private func count(_ number: Int, _ noun: String) -> String { "\(number) \(noun)\(number == 1 ? "" : "s")" }
}
