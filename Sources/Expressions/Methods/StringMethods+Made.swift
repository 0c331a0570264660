internal import Events

/// Methods of Ruby's String that make a new string.
extension ExpressionEvaluator {
    enum LetterCase { case upper, lower, swapped, capitalized }

    mutating func madeString(
        _ slice: Slice, _ method: Method, _ arguments: Arguments
    ) throws(ExpressionFailure) -> ExpressionValue? {
        switch method {
        case .upcase: return try cased(slice, .upper)
        case .downcase: return try cased(slice, .lower)
        case .swapcase: return try cased(slice, .swapped)
        case .capitalize: return try cased(slice, .capitalized)
        case .plus, .concat:
            var slices = [slice]
            for other in arguments.all { slices.append(try text(other)) }
            return .string(try joined(slices))
        case .shift_left:
            if case .integer(let code) = arguments[0] {
                guard let scalar = UInt32(exactly: code).flatMap(UnicodeScalar.init) else {
                    throw ExpressionFailure("RangeError", "\(code) out of char range")
                }
                guard case .string(let other) = try string(String(scalar)) else { return nil }
                return .string(try joined([slice, other]))
            }
            return .string(try joined([slice, try text(arguments[0])]))
        case .prepend: return .string(try joined([try text(arguments[0]), slice]))
        case .replace: return .string(try text(arguments[0]))
        case .times_op:
            let count = try integer(arguments[0])
            guard count >= 0 else { throw .argument("negative argument") }
            let (bytes, overflow) = Int(slice.length).multipliedReportingOverflow(by: count)
            try checkRoom(overflow ? Int.max / 2 : bytes)
            if slice.length == 0 { return .string(slice) }
            let start = storage.count
            for _ in 0..<count { storage.append(slice: slice) }
            return .string(try made(from: start))
        case .modulo_op:
            return try formatted(slice, try arrayItems(of: arguments[0]) ?? [arguments[0]])
        case .center, .ljust, .rjust: return try padded(slice, method, arguments)
        case .reverse:
            let start = storage.count
            var offset = Int(slice.length)
            try checkRoom(offset)
            while offset > 0 {
                let from = previous(slice, offset)
                storage.append(slice: part(slice, from, offset))
                offset = from
            }
            return .string(try made(from: start))
        case .insert:
            let count = characterCount(slice)
            let number = try integer(arguments[0])
            let place = number < 0 ? count + number + 1 : number
            guard place >= 0, place <= count else {
                throw ExpressionFailure("IndexError", "index \(number) out of string")
            }
            let offset = offset(ofCharacter: place, in: slice)
            return .string(
                try joined([
                    part(slice, 0, offset), try text(arguments[1]), part(slice, offset, Int(slice.length)),
                ]))
        case .succ, .next: return try successor(slice)
        case .scrub, .encode, .force_encoding: return try encoded(slice, method, arguments)
        case .tr, .tr_s, .delete, .squeeze, .count: return try translated(slice, method, arguments)
        default: return nil
        }
    }

    // MARK: - Case

    mutating func cased(_ slice: Slice, _ form: LetterCase) throws(ExpressionFailure) -> ExpressionValue {
        try checkRoom(Int(slice.length))
        guard isASCII(slice) else {
            let text = storage.text(slice)
            switch form {
            case .upper: return try string(text.uppercased())
            case .lower: return try string(text.lowercased())
            case .capitalized: return try string(text.prefix(1).uppercased() + text.dropFirst().lowercased())
            case .swapped:
                return try string(
                    text.map { $0.isUppercase ? $0.lowercased() : $0.uppercased() }.joined())
            }
        }
        let start = storage.count
        for place in Int(slice.offset)..<slice.end {
            let byte = storage[place]
            guard (byte | 0x20) &- 0x61 < 26 else {
                storage.append(byte)
                continue
            }
            switch form {
            case .upper: storage.append(byte & 0xDF)
            case .lower: storage.append(byte | 0x20)
            case .swapped: storage.append(byte ^ 0x20)
            case .capitalized: storage.append(place == Int(slice.offset) ? byte & 0xDF : byte | 0x20)
            }
        }
        return .string(try made(from: start))
    }

    // MARK: - Width

    private mutating func padded(
        _ slice: Slice, _ method: Method, _ arguments: Arguments
    ) throws(ExpressionFailure) -> ExpressionValue {
        let width = try integer(arguments[0])
        let blank = storage.append(copyOf: [0x20])
        let padding = arguments.count > 1 ? try text(arguments[1]) : blank
        guard padding.length > 0 else { throw .argument("zero width padding") }
        let missing = width - characterCount(slice)
        guard missing > 0 else { return .string(slice) }
        let (bytes, overflow) = missing.multipliedReportingOverflow(by: Int(padding.length))
        try checkRoom(overflow ? Int.max / 2 : bytes + Int(slice.length))
        let left = method == .rjust ? missing : method == .center ? missing / 2 : 0
        let start = storage.count
        appendPadding(padding, characters: left)
        storage.append(slice: slice)
        appendPadding(padding, characters: missing - left)
        return .string(try made(from: start))
    }

    private mutating func appendPadding(_ padding: Slice, characters: Int) {
        var offset = 0
        for _ in 0..<characters {
            let end = next(padding, offset)
            storage.append(slice: part(padding, offset, end))
            offset = end < Int(padding.length) ? end : 0
        }
    }

    /// `"az".succ` is `"ba"`: letters and digits count on, a carry makes the text longer.
    private mutating func successor(_ slice: Slice) throws(ExpressionFailure) -> ExpressionValue {
        var bytes = storage.array(slice)
        func isCounted(_ byte: UInt8) -> Bool { byte &- 0x30 < 10 || (byte | 0x20) &- 0x61 < 26 }
        guard let last = bytes.lastIndex(where: isCounted) else {
            if let end = bytes.indices.last { bytes[end] &+= 1 }
            return try string(bytes)
        }
        var place = last
        while true {
            switch bytes[place] {
            case UInt8(ascii: "9"): bytes[place] = UInt8(ascii: "0")
            case UInt8(ascii: "z"): bytes[place] = UInt8(ascii: "a")
            case UInt8(ascii: "Z"): bytes[place] = UInt8(ascii: "A")
            default:
                bytes[place] += 1
                return try string(bytes)
            }
            guard place > 0, let before = bytes[..<place].lastIndex(where: isCounted), before == place - 1 else {
                bytes.insert(bytes[place] == UInt8(ascii: "0") ? UInt8(ascii: "1") : bytes[place], at: place)
                return try string(bytes)
            }
            place = before
        }
    }

    // MARK: - Encodings

    /// Everything is UTF-8 here: `force_encoding` keeps the bytes, `scrub` and `encode` replace what is no UTF-8.
    private mutating func encoded(
        _ slice: Slice, _ method: Method, _ arguments: Arguments
    ) throws(ExpressionFailure) -> ExpressionValue {
        if method == .force_encoding { return .string(slice) }
        if method == .encode {
            for argument in arguments.all {
                guard case .string(let name) = argument else { continue }
                let known = ["UTF-8", "UTF8", "US-ASCII", "ASCII", "ASCII-8BIT", "BINARY"]
                if !known.contains(storage.text(name).uppercased()) {
                    throw ExpressionFailure(
                        "Encoding::ConverterNotFoundError", "strings stay UTF-8: there is no other encoding")
                }
            }
        }
        guard storage.kind(of: slice) == .invalid else { return .string(slice) }
        var replacement = storage.append(copyOf: Array("\u{FFFD}".utf8))
        if method == .scrub, arguments.count > 0 {
            replacement = try text(arguments[0])
        } else if method == .encode {
            guard let invalid = try option("invalid", arguments), !invalid.isNull else {
                throw ExpressionFailure("Encoding::InvalidByteSequenceError", "the text is no valid UTF-8")
            }
            if let other = try option("replace", arguments) { replacement = try text(other) }
        }
        let (bytes, overflow) = Int(slice.length).multipliedReportingOverflow(by: Int(replacement.length) + 1)
        try checkRoom(overflow ? Int.max / 2 : bytes)
        let start = storage.count
        var place = Int(slice.offset)
        while place < slice.end {
            let length = characterLength(at: place, slice.end)
            if length > 0 {
                storage.append(slice: Slice(offset: place, length: length))
                place += length
            } else {
                storage.append(slice: replacement)
                place += brokenLength(at: place, slice.end)
            }
        }
        return .string(try made(from: start))
    }

    /// How many bytes of a cut character one replacement stands for (Unicode 15, section 3.9, "maximal subpart").
    private func brokenLength(at place: Int, _ end: Int) -> Int {
        let lead = storage[place]
        let wanted = lead < 0xC2 ? 1 : lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : lead < 0xF5 ? 4 : 1
        var length = 1
        while length < wanted, place + length < end, storage[place + length] & 0xC0 == 0x80 {
            let second = storage[place + 1]
            if lead == 0xE0 && second < 0xA0 || lead == 0xED && second > 0x9F || lead == 0xF0 && second < 0x90
                || lead == 0xF4 && second > 0x8F
            {
                return 1
            }
            length += 1
        }
        return length
    }

    // MARK: - Sets of characters

    private mutating func translated(
        _ slice: Slice, _ method: Method, _ arguments: Arguments
    ) throws(ExpressionFailure) -> ExpressionValue {
        let count = arguments.count
        var sets: [CharacterSelection] = []
        for index in 0..<(method == .tr || method == .tr_s ? min(count, 1) : count) {
            sets.append(try CharacterSelection(storage.text(try text(arguments[index]))))
        }
        guard !sets.isEmpty || method == .squeeze else {
            throw .argument("wrong number of arguments (given 0, expected 1+)")
        }
        func isSelected(_ scalar: UnicodeScalar) -> Bool { sets.allSatisfy { $0.contains(scalar) } }
        try checkRoom(Int(slice.length))
        let text = storage.text(slice).unicodeScalars
        try step(Int(slice.length) / 8)
        if method == .count { return .integer(Int128(text.count(where: isSelected))) }
        let targets =
            method == .tr || method == .tr_s
            ? CharacterSelection.expanded(storage.text(try self.text(arguments[1]))) : []
        let start = storage.count
        var last: UnicodeScalar?
        for scalar in text {
            guard isSelected(scalar) else {
                storage.appendUTF8(scalar.value)
                last = nil
                continue
            }
            switch method {
            case .delete: break
            case .squeeze:
                if scalar != last { storage.appendUTF8(scalar.value) }
                last = scalar
            default:
                guard let final = targets.last else { continue }
                let place = sets[0].isNegated ? targets.count - 1 : sets[0].place(of: scalar) ?? 0
                let target = place < targets.count ? targets[place] : final
                if method == .tr || target != last { storage.appendUTF8(target.value) }
                last = target
            }
        }
        return .string(try made(from: start))
    }
}

/// `a-z`, `^0-9`, `\-` as `tr`, `delete`, `count` and `squeeze` take them.
struct CharacterSelection {
    let isNegated: Bool
    private let scalars: [UnicodeScalar]
    private let places: [UnicodeScalar: Int]

    /// Ranges of more characters than this are refused.
    private static let most = 70_000

    init(_ text: String) throws(ExpressionFailure) {
        isNegated = text.hasPrefix("^") && text.unicodeScalars.count > 1
        scalars = Self.expanded(isNegated ? String(text.dropFirst()) : text)
        var places: [UnicodeScalar: Int] = [:]
        for (index, scalar) in scalars.enumerated() where places[scalar] == nil { places[scalar] = index }
        self.places = places
    }

    func contains(_ scalar: UnicodeScalar) -> Bool { (places[scalar] != nil) != isNegated }

    func place(of scalar: UnicodeScalar) -> Int? { places[scalar] }

    /// All characters in order, ranges written out.
    static func expanded(_ text: String) -> [UnicodeScalar] {
        let scalars = Array(text.unicodeScalars)
        var out: [UnicodeScalar] = []
        var index = 0
        while index < scalars.count {
            if scalars[index] == "\\", index + 1 < scalars.count {
                out.append(scalars[index + 1])
                index += 2
            } else if index + 2 < scalars.count, scalars[index + 1] == "-",
                scalars[index].value <= scalars[index + 2].value,
                out.count + Int(scalars[index + 2].value - scalars[index].value) < most
            {
                out += (scalars[index].value...scalars[index + 2].value).compactMap(UnicodeScalar.init)
                index += 3
            } else {
                out.append(scalars[index])
                index += 1
            }
        }
        return out
    }
}
