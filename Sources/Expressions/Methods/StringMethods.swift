internal import Events
internal import Glibc

/// Ruby's String: what gives a number, a truth, a symbol or a part of the string.
extension ExpressionEvaluator {
    mutating func stringMethod(
        _ slice: Slice, _ method: Method, _ arguments: Arguments
    ) throws(ExpressionFailure) -> ExpressionValue? {
        switch method {
        case .to_s, .to_str, .unicode_normalize, .b, .itself, .dup, .freeze, .identity: return .string(slice)
        case .to_sym, .intern: return .symbol(slice)
        case .to_i:
            let base = arguments.count > 0 ? try integer(arguments[0]) : 10
            guard (2...36).contains(base) || base == 0 else { throw .argument("invalid radix \(base)") }
            return .integer(try leadingInteger(slice, base: base == 0 ? 10 : base))
        case .hex: return .integer(try leadingInteger(slice, base: 16))
        case .oct: return .integer(try leadingInteger(slice, base: 8))
        case .to_f: return .float(leadingFloat(slice))
        case .length, .size: return .integer(Int128(characterCount(slice)))
        case .bytesize: return .integer(Int128(slice.length))
        case .is_empty: return .bool(slice.length == 0)
        case .ord:
            guard let first = String(decoding: storage.array(slice).prefix(4), as: UTF8.self).unicodeScalars.first
            else {
                throw .argument("empty string")
            }
            return .integer(Int128(first.value))
        case .is_ascii_only: return .bool(storage.kind(of: slice) == .ascii)
        case .is_ipv4, .is_ipv6:
            return .bool(Self.isAddress(storage.text(slice), method == .is_ipv4 ? AF_INET : AF_INET6))
        case .valid_encoding: return .bool(storage.kind(of: slice) != .invalid)
        case .encoding: return try string("UTF-8")
        case .include:
            let wanted = try text(arguments[0])
            return .bool(find(wanted, in: slice, from: 0) != nil)
        case .start_with:
            for wanted in arguments.all {
                if case .regexp(let number) = wanted {
                    if try match(number, slice, from: 0, keeping: true)?.offsets[0] == 0 { return .bool(true) }
                } else if hasPrefix(slice, try text(wanted)) {
                    return .bool(true)
                }
            }
            return .bool(false)
        case .end_with:
            for wanted in arguments.all where hasSuffix(slice, try text(wanted)) { return .bool(true) }
            return .bool(false)
        case .compare, .casecmp:
            guard case .string(let other) = arguments[0] else { return .null }
            if method == .compare { return .integer(Int128(try order(.string(slice), arguments[0]))) }
            return .integer(Int128(try order(try cased(slice, .lower), try cased(other, .lower))))
        case .is_casecmp:
            guard case .string(let other) = arguments[0] else { return .null }
            return .bool(try isEqual(try cased(slice, .lower), try cased(other, .lower)))
        case .less, .less_equal, .greater, .greater_equal:
            return .bool(Self.holds(method, try order(.string(slice), arguments[0])))
        case .between:
            guard try order(.string(slice), arguments[0]) >= 0 else { return .bool(false) }
            return .bool(try order(.string(slice), arguments[1]) <= 0)
        case .at_index, .slice, .byteslice: return try sliced(slice, arguments, bytes: method == .byteslice)
        case .getbyte:
            let place = try integer(arguments[0])
            let index = place < 0 ? Int(slice.length) + place : place
            return index >= 0 && index < Int(slice.length)
                ? .integer(Int128(storage[Int(slice.offset) + index])) : .null
        case .index, .rindex: return try place(slice, method, arguments)
        case .strip: return .string(stripped(slice, front: true, back: true))
        case .lstrip: return .string(stripped(slice, front: true, back: false))
        case .rstrip: return .string(stripped(slice, front: false, back: true))
        case .chomp: return .string(try chomped(slice, arguments))
        case .chop: return .string(part(slice, 0, previous(slice, Int(slice.length))))
        case .chr: return .string(part(slice, 0, slice.length == 0 ? 0 : next(slice, 0)))
        case .delete_prefix:
            let prefix = try text(arguments[0])
            return .string(hasPrefix(slice, prefix) ? part(slice, Int(prefix.length), Int(slice.length)) : slice)
        case .delete_suffix:
            let suffix = try text(arguments[0])
            return .string(
                hasSuffix(slice, suffix) ? part(slice, 0, Int(slice.length) - Int(suffix.length)) : slice)
        case .partition, .rpartition: return try partitioned(slice, method, arguments)
        case .to_json, .inspect: return nil
        case .dump: return try call(.string(slice), .inspect, Arguments())
        default: break
        }
        if let value = try madeString(slice, method, arguments) { return value }
        if let value = try patternMethod(slice, method, arguments) { return value }
        return try partsMethod(slice, method, arguments)
    }

    static func holds(_ method: Method, _ order: Int) -> Bool {
        switch method {
        case .less: order < 0
        case .less_equal: order <= 0
        case .greater: order > 0
        default: order >= 0
        }
    }

    // MARK: - Numbers

    /// `to_i`: digits at the beginning, with a sign and single underscores; 0 when there are none.
    func leadingInteger(_ slice: Slice, base: Int) throws(ExpressionFailure) -> Int128 {
        var place = Int(slice.offset)
        while place < slice.end, isSpace(storage[place]) { place += 1 }
        var isNegative = false
        if place < slice.end, storage[place] == UInt8(ascii: "-") || storage[place] == UInt8(ascii: "+") {
            isNegative = storage[place] == UInt8(ascii: "-")
            place += 1
        }
        if place + 1 < slice.end, storage[place] == 0x30 {
            let letter = storage[place + 1] | 0x20
            let prefix =
                letter == UInt8(ascii: "x") ? 16 : letter == UInt8(ascii: "b") ? 2 : letter == UInt8(ascii: "o") ? 8 : 0
            if prefix == base { place += 2 }
        }
        var value: Int128 = 0
        var isAfterDigit = false
        while place < slice.end {
            let byte = storage[place]
            if byte == UInt8(ascii: "_"), isAfterDigit {
                isAfterDigit = false
                place += 1
                continue
            }
            guard let digit = Self.digit(byte), digit < base else { break }
            let (product, tooLarge) = value.multipliedReportingOverflow(by: Int128(base))
            let (sum, overflow) = product.addingReportingOverflow(Int128(digit))
            if tooLarge || overflow { throw ExpressionFailure("RangeError", "the integer has more than 127 bits") }
            value = sum
            isAfterDigit = true
            place += 1
        }
        return isNegative ? -value : value
    }

    static func digit(_ byte: UInt8) -> Int? {
        if byte &- 0x30 < 10 { return Int(byte - 0x30) }
        let letter = byte | 0x20
        return letter &- 0x61 < 26 ? Int(letter - 0x61) + 10 : nil
    }

    /// `to_f`: the number at the beginning; 0.0 when there is none.
    func leadingFloat(_ slice: Slice) -> Double {
        var place = Int(slice.offset)
        while place < slice.end, isSpace(storage[place]) { place += 1 }
        var text: [UInt8] = []
        if place < slice.end, storage[place] == UInt8(ascii: "-") || storage[place] == UInt8(ascii: "+") {
            text.append(storage[place])
            place += 1
        }
        let start = text.count
        func digits(_ place: inout Int) -> Int {
            let before = text.count
            while place < slice.end,
                storage[place] &- 0x30 < 10
                    || storage[place] == UInt8(ascii: "_") && text.count > before
            {
                if storage[place] != UInt8(ascii: "_") { text.append(storage[place]) }
                place += 1
            }
            return text.count - before
        }
        guard digits(&place) > 0 else { return 0 }
        if place + 1 < slice.end, storage[place] == UInt8(ascii: "."), storage[place + 1] &- 0x30 < 10 {
            text.append(UInt8(ascii: "."))
            place += 1
            _ = digits(&place)
        }
        if place < slice.end, storage[place] | 0x20 == UInt8(ascii: "e") {
            let kept = text
            text.append(UInt8(ascii: "e"))
            place += 1
            if place < slice.end, storage[place] == UInt8(ascii: "-") || storage[place] == UInt8(ascii: "+") {
                text.append(storage[place])
                place += 1
            }
            if digits(&place) == 0 { text = kept }
        }
        return text.count > start ? Double(String(decoding: text, as: UTF8.self)) ?? 0 : 0
    }

    func isSpace(_ byte: UInt8) -> Bool { byte == 0x20 || byte &- 9 < 5 }

    // MARK: - Ends

    func hasPrefix(_ slice: Slice, _ prefix: Slice) -> Bool {
        slice.length >= prefix.length && storage.equal(part(slice, 0, Int(prefix.length)), prefix)
    }

    func hasSuffix(_ slice: Slice, _ suffix: Slice) -> Bool {
        let start = Int(slice.length) - Int(suffix.length)
        return start >= 0 && storage.equal(part(slice, start, Int(slice.length)), suffix)
    }

    /// Without white space and, at the back, null bytes.
    func stripped(_ slice: Slice, front: Bool, back: Bool) -> Slice {
        var start = Int(slice.offset)
        var end = slice.end
        while front, start < end, isSpace(storage[start]) || storage[start] == 0 { start += 1 }
        while back, start < end, isSpace(storage[end - 1]) || storage[end - 1] == 0 { end -= 1 }
        return Slice(offset: start, length: end - start)
    }

    private func chomped(_ slice: Slice, _ arguments: Arguments) throws(ExpressionFailure) -> Slice {
        if arguments.count > 0 {
            let suffix = try text(arguments[0])
            return suffix.length > 0 && hasSuffix(slice, suffix)
                ? part(slice, 0, Int(slice.length) - Int(suffix.length)) : slice
        }
        var end = slice.end
        if end > Int(slice.offset), storage[end - 1] == 0x0A { end -= 1 }
        if end > Int(slice.offset), storage[end - 1] == 0x0D { end -= 1 }
        return Slice(offset: Int(slice.offset), length: end - Int(slice.offset))
    }
}
