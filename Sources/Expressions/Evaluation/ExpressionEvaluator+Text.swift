internal import Events
internal import Grok
internal import Time

/// `to_s` and `inspect`.
extension ExpressionEvaluator {
    /// What `to_s` gives.
    mutating func text(of value: ExpressionValue) throws(ExpressionFailure) -> Slice {
        switch value {
        case .string(let slice), .symbol(let slice): return slice
        case .null: return .empty
        case .integer(let number):
            let start = storage.count
            Self.append(number, to: &storage)
            return try made(from: start)
        case .match(let match): return match.group(0) ?? .empty
        case .nested(let nested) where !isList(nested) && !isMap(nested): return .empty
        case .environment: return storage.append(copyOf: Array("ENV".utf8))
        case .range(let range):
            var parts = [range.from.isNull ? Slice.empty : try text(of: range.from)]
            parts.append(storage.append(copyOf: Array((range.isExclusive ? "..." : "..").utf8)))
            parts.append(range.to.isNull ? .empty : try text(of: range.to))
            return try joined(parts)
        default:
            var text = ByteBuffer()
            switch value {
            case .time(let time): Self.append(time, to: &text)
            case .regexp(let number): Self.append(program.regexps[number], to: &text)
            default: try inspect(value, to: &text)
            }
            return try string(text)
        }
    }

    /// Brings a text that was written aside into the storage.
    mutating func string(_ text: borrowing ByteBuffer) throws(ExpressionFailure) -> Slice {
        try checkRoom(text.count)
        let start = storage.count
        storage.append(text)
        return Slice(offset: start, length: text.count)
    }

    /// Appends what `inspect` gives. Written aside, because taking data apart appends to the storage.
    mutating func inspect(_ value: ExpressionValue, to text: inout ByteBuffer) throws(ExpressionFailure) {
        try step()
        try checkRoom(text.count)
        switch value {
        case .null: text.append("nil")
        case .bool(let value): text.append(value ? "true" : "false")
        case .integer(let number): Self.append(number, to: &text)
        case .float(let number): Self.append(number, to: &text)
        case .string(let slice): appendInspected(slice, to: &text)
        case .symbol(let slice):
            text.append(UInt8(ascii: ":"))
            text.append(slice, of: storage)
        case .array, .nested, .hash, .record: try inspectContainer(value, to: &text)
        case .environment: text.append("ENV")
        case .time(let time): Self.append(time, inspecting: true, to: &text)
        case .range(let range):
            if !range.from.isNull { try inspect(range.from, to: &text) }
            text.append(range.isExclusive ? "..." : "..")
            if !range.to.isNull { try inspect(range.to, to: &text) }
        case .match(let match):
            text.append("#<MatchData ")
            try inspect(match.group(0).map { .string($0) } ?? .null, to: &text)
            text.append(UInt8(ascii: ">"))
        case .regexp(let number):
            let regexp = program.regexps[number]
            text.append("/" + regexp.source + "/" + Self.letters(regexp.options))
        case .type(let type): text.append(type.rawValue)
        case .file(let path):
            text.append("#<File:")
            text.append(path, of: storage)
            text.append(UInt8(ascii: ">"))
        }
    }

    private mutating func inspectContainer(
        _ value: ExpressionValue, to text: inout ByteBuffer
    ) throws(ExpressionFailure) {
        if let items = try arrayItems(of: value) {
            text.append(UInt8(ascii: "["))
            for (index, item) in items.enumerated() {
                if index > 0 { text.append(", ") }
                try inspect(item, to: &text)
            }
            text.append(UInt8(ascii: "]"))
            return
        }
        text.append(UInt8(ascii: "{"))
        for (index, pair) in (try pairs(of: value) ?? []).enumerated() {
            if index > 0 { text.append(", ") }
            try inspect(pair.key, to: &text)
            text.append("=>")
            try inspect(pair.value, to: &text)
        }
        text.append(UInt8(ascii: "}"))
    }

    // MARK: - Numbers

    static func append(_ number: Int128, to text: inout ByteBuffer) {
        if let small = Int64(exactly: number) { text.appendDecimal(small) } else { text.append(number.description) }
    }

    static func append(_ number: Double, to text: inout ByteBuffer) {
        if number.isFinite {
            if number == 0, number.sign == .minus { text.append(UInt8(ascii: "-")) }
            text.appendJSON(number)
        } else {
            text.append(number.isNaN ? "NaN" : number < 0 ? "-Infinity" : "Infinity")
        }
    }

    // MARK: - Strings

    /// As `String#inspect`: quotes, backslashes, control characters and what is no UTF-8 are escaped.
    func appendInspected(_ slice: Slice, to text: inout ByteBuffer) {
        text.append(UInt8(ascii: "\""))
        var place = Int(slice.offset)
        while place < slice.end {
            let byte = storage[place]
            let length = characterLength(at: place, slice.end)
            switch byte {
            case UInt8(ascii: "\""), UInt8(ascii: "\\"):
                text.append(UInt8(ascii: "\\"))
                text.append(byte)
            case 0x0A: text.append("\\n")
            case 0x09: text.append("\\t")
            case 0x0D: text.append("\\r")
            case 0x1B: text.append("\\e")
            case 0x07: text.append("\\a")
            case 0x08: text.append("\\b")
            case 0x0B: text.append("\\v")
            case 0x0C: text.append("\\f")
            case UInt8(ascii: "#") where place + 1 < slice.end && "{$@".utf8.contains(storage[place + 1]):
                text.append("\\#")
            case ..<0x20, 0x7F:
                text.append(byte == 0x7F ? "\\x7F" : "\\u00")
                if byte != 0x7F { Self.appendHex(byte, to: &text) }
            default:
                if length > 0 {
                    text.append(Slice(offset: place, length: length), of: storage)
                } else {
                    text.append("\\x")
                    Self.appendHex(byte, to: &text)
                }
            }
            place += max(length, 1)
        }
        text.append(UInt8(ascii: "\""))
    }

    private static func appendHex(_ byte: UInt8, to text: inout ByteBuffer) {
        for digit in [byte >> 4, byte & 15] { text.append(digit < 10 ? digit + 0x30 : digit + 0x37) }
    }

    /// How many bytes the character at a place has; 0: no valid one begins there.
    func characterLength(at place: Int, _ end: Int) -> Int {
        let lead = storage[place]
        if lead < 0x80 { return 1 }
        let length = lead < 0xC2 ? 0 : lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : lead < 0xF5 ? 4 : 0
        guard length > 0, place + length <= end else { return 0 }
        let second = storage[place + 1]
        let lowest: UInt8 = lead == 0xE0 ? 0xA0 : lead == 0xF0 ? 0x90 : 0x80
        let highest: UInt8 = lead == 0xED ? 0x9F : lead == 0xF4 ? 0x8F : 0xBF
        guard second >= lowest, second <= highest else { return 0 }
        for trail in 2..<max(length, 2) where storage[place + trail] & 0xC0 != 0x80 { return 0 }
        return length
    }

    // MARK: - Times and patterns

    /// `2024-05-06 12:53:20 +0000`, in UTC `… UTC`; a DateTime as ISO 8601; inspected with its fraction.
    static func append(_ value: TimeValue, inspecting: Bool = false, to text: inout ByteBuffer) {
        let civil = value.civil
        text.appendDate(civil)
        if value.kind == .date { return }
        text.append(value.kind == .dateTime ? UInt8(ascii: "T") : 0x20)
        for (index, part) in [civil.hour, civil.minute, civil.second].enumerated() {
            if index > 0 { text.append(UInt8(ascii: ":")) }
            text.appendDecimal(UInt32(part), width: 2)
        }
        if inspecting, value.time.nanoseconds > 0 {
            text.append(UInt8(ascii: "."))
            var fraction = value.time.nanoseconds
            var width = 9
            while fraction % 10 == 0 {
                fraction /= 10
                width -= 1
            }
            text.appendDecimal(fraction, width: width)
        }
        if value.kind == .dateTime {
            text.appendZone(value.offset, colon: true)
        } else if value.zone == .utc {
            text.append(" UTC")
        } else {
            text.append(0x20)
            text.appendZone(value.offset, colon: false)
        }
    }

    /// `(?i-mx:abc)`
    private static func append(_ regexp: RegexpLiteral, to text: inout ByteBuffer) {
        let on = letters(regexp.options)
        let off = String("mix".filter { !on.contains($0) })
        text.append("(?" + on + (off.isEmpty ? "" : "-" + off) + ":" + regexp.source + ")")
    }

    private static func letters(_ options: RubyPattern.Options) -> String {
        (options.contains(.dotMatchesNewline) ? "m" : "") + (options.contains(.ignoringCase) ? "i" : "")
            + (options.contains(.extended) ? "x" : "")
    }
}
