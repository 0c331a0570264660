import Events
import Grok
import Parsing
import Time

/// Writes results as JSON, one object a line.
struct GrokResultWriter {
    private let parser: GrokParser
    private let faults: ConversionFaults
    private let showsISOTimes: Bool
    private var fieldTimes: GrokTimes
    private var times = TimeWriter(.iso8601(fractionDigits: 9), offset: 0)

    /// - Parameter showsISOTimes: fields of type time as ISO 8601; otherwise seconds since 1970 with their fraction.
    init(_ parser: GrokParser, _ faults: ConversionFaults, showsISOTimes: Bool) {
        self.parser = parser
        self.faults = faults
        self.showsISOTimes = showsISOTimes
        fieldTimes = GrokTimes(parser)
    }

    /// `rows` holds the fields of this result alone.
    mutating func write(
        _ result: ParseResult, in text: Slice, _ rows: borrowing Rows, _ storage: inout ByteBuffer,
        showsLine: Bool = false, to out: inout ByteBuffer
    ) {
        switch result {
        case .matched(let time):
            guard let hit = parser.lastHit else { return writeMiss(text, storage, showsLine, to: &out) }
            let member = parser.matcher.set.members[hit]
            out.append("{\"matched\":true,\"pattern\":")
            out.append(String(member.index))
            if let name = member.name {
                out.append(",\"name\":")
                out.appendJSONString(name)
            }
            if let time {
                out.append(",\"time\":\"")
                times.write(time, to: &out)
                out.append("\"")
            }
            out.append(",\"captures\":")
            writeCaptures(text, rows, &storage, to: &out)
            writeFaults(to: &out)
            out.append("}\n")
        case .gaveUp: out.append("{\"matched\":false,\"gave_up\":true}\n")
        case .invalidTime(let reason): Self.write(error: reason, to: &out)
        case .noMatch, .malformed, .matchedMany, .parts: writeMiss(text, storage, showsLine, to: &out)
        }
    }

    private mutating func writeCaptures(
        _ text: Slice, _ rows: borrowing Rows, _ storage: inout ByteBuffer, to out: inout ByteBuffer
    ) {
        var opener = UInt8(ascii: "{")
        for index in 0..<rows.fields.count {
            let field = rows.fields[index]
            // Only times are whole numbers that may have lost a fraction.
            if field.value.kind == .int,
                let time = fieldTimes.time(of: storage.text(field.key), in: text, &storage),
                showsISOTimes || time.nanoseconds > 0
            {
                out.append(opener)
                out.appendJSONString(storage.text(field.key))
                out.append(":")
                write(time, to: &out)
            } else {
                out.appendJSONMember(opener, field, storage)
            }
            opener = UInt8(ascii: ",")
        }
        if opener == UInt8(ascii: "{") { out.append(opener) }
        out.append("}")
    }

    private mutating func write(_ time: EventTime, to out: inout ByteBuffer) {
        guard showsISOTimes else { return out.append(Self.decimal(time)) }
        out.append("\"")
        times.write(time, to: &out)
        out.append("\"")
    }

    /// Seconds since 1970 with as many digits of the fraction as there are.
    static func decimal(_ time: EventTime) -> String {
        var seconds = time.seconds
        var nanoseconds = Int(time.nanoseconds)
        let isNegative = seconds < 0 && nanoseconds > 0
        if isNegative {
            seconds = -(seconds + 1)
            nanoseconds = 1_000_000_000 - nanoseconds
        }
        let digits = String(nanoseconds)
        var fraction = String(repeating: "0", count: 9 - digits.count) + digits
        while fraction.last == "0" { fraction.removeLast() }
        return (isNegative ? "-" : "") + String(seconds) + (fraction.isEmpty ? "" : ".\(fraction)")
    }

    private func writeFaults(to out: inout ByteBuffer) {
        guard !faults.isEmpty else { return }
        var opener = ",\"unconverted\":["
        for fault in faults.take() {
            out.append(opener)
            out.appendJSONString("\(fault.field): \(fault.example)")
            opener = ","
        }
        out.append("]")
    }

    private func writeMiss(
        _ text: Slice, _ storage: borrowing ByteBuffer, _ showsLine: Bool, to out: inout ByteBuffer
    ) {
        out.append("{\"matched\":false")
        let line = storage.array(text)
        if showsLine {
            out.append(",\"line\":")
            out.appendJSONString(String(decoding: line, as: UTF8.self))
        }
        var opener = ",\"remarks\":["
        for remark in GrokRemarks.of(line) {
            out.append(opener)
            out.appendJSONString(remark)
            opener = ","
        }
        out.append(opener == "," ? "]}\n" : "}\n")
    }

    static func write(error: String, to out: inout ByteBuffer) {
        out.append("{\"matched\":false,\"error\":")
        out.appendJSONString(error)
        out.append("}\n")
    }
}
