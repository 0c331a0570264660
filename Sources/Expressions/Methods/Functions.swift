internal import Events
internal import Glibc

/// What can be called on nothing: `format`, `Integer("5")`, `raise`.
extension ExpressionEvaluator {
    mutating func function(_ method: Method, _ arguments: Arguments) throws(ExpressionFailure) -> ExpressionValue {
        switch method {
        case .format, .sprintf: return try formatted(try text(arguments[0]), arguments.dropFirst().all)
        case .String: return .string(try text(of: arguments[0]))
        case .Array:
            if arguments[0].isNull { return try list([]) }
            return try list(try items(of: arguments[0]) ?? [arguments[0]])
        case .Hash:
            if arguments[0].isNull { return .hash(HashValue(pairs: [], places: [:], depth: 1)) }
            guard try pairs(of: arguments[0]) != nil else {
                throw .type("can't convert \(described(arguments[0])) into Hash")
            }
            return arguments[0]
        case .Integer, .Float:
            do throws(ExpressionFailure) {
                return method == .Integer ? try strictInteger(arguments) : try strictFloat(arguments[0])
            } catch {
                if error.isRescued, let raises = try option("exception", arguments), !raises.isTrue { return .null }
                throw error
            }
        case .raise:
            var message = "unhandled exception"
            for argument in arguments.all { if case .string(let slice) = argument { message = storage.text(slice) } }
            throw ExpressionFailure("RuntimeError", message)
        default: throw ExpressionFailure("NoMethodError", "undefined method `\(method.rawValue)'")
        }
    }

    /// `Integer("0x1f")`: all of the text, or an error.
    private mutating func strictInteger(_ arguments: Arguments) throws(ExpressionFailure) -> ExpressionValue {
        switch arguments[0] {
        case .integer: return arguments[0]
        case .float(let number): return try integer(rounded: number.rounded(.towardZero))
        case .time(let time): return .integer(Int128(time.time.seconds))
        case .null: throw .type("can't convert nil into Integer")
        case .string(let slice):
            var text = Array(storage.text(stripped(slice, front: true, back: true)).lowercased().utf8)
            var base = 10
            if arguments.count > 1, case .integer(let number) = arguments[1], (2...36).contains(number) {
                base = Int(number)
            }
            let isNegative = text.first == UInt8(ascii: "-")
            if isNegative || text.first == UInt8(ascii: "+") { text.removeFirst() }
            if text.count > 1, text[0] == 0x30 {
                switch text[1] {
                case UInt8(ascii: "x"): (base, text) = (16, Array(text[2...]))
                case UInt8(ascii: "b"): (base, text) = (2, Array(text[2...]))
                case UInt8(ascii: "o"): (base, text) = (8, Array(text[2...]))
                default: if base == 10 { base = 8 }
                }
            }
            let isPlain =
                text.first != UInt8(ascii: "_") && text.last != UInt8(ascii: "_")
                && !text.starts(with: Array("-".utf8)) && !text.starts(with: Array("+".utf8))
            let digits = String(decoding: text.filter { $0 != UInt8(ascii: "_") }, as: UTF8.self)
            guard isPlain, let value = Int128(digits, radix: base) else {
                throw .argument("invalid value for Integer()")
            }
            return .integer(isNegative ? -value : value)
        default: throw .type("can't convert \(described(arguments[0])) into Integer")
        }
    }

    private func strictFloat(_ value: ExpressionValue) throws(ExpressionFailure) -> ExpressionValue {
        switch value {
        case .float: return value
        case .integer(let number): return .float(Double(number))
        case .time(let time): return .float(Double(time.nanoseconds) / 1e9)
        case .string(let slice):
            let text = storage.text(stripped(slice, front: true, back: true)).filter { $0 != "_" }
            let isPlain = text.utf8.allSatisfy { $0 &- 0x30 < 10 || "+-.eE".utf8.contains($0) }
            guard isPlain, !text.hasPrefix("."), !text.hasSuffix("."), let number = Double(text) else {
                throw .argument("invalid value for Float()")
            }
            return .float(number)
        default: throw .type("can't convert \(described(value)) into Float")
        }
    }

    // MARK: - format

    /// `format` and `%`, by the documentation of Ruby's `Kernel#sprintf`.
    mutating func formatted(_ format: Slice, _ values: [ExpressionValue]) throws(ExpressionFailure) -> ExpressionValue {
        var out = ByteBuffer()
        var place = Int(format.offset)
        var used = 0
        let end = format.end
        while place < end {
            let byte = storage[place]
            place += 1
            guard byte == UInt8(ascii: "%"), place < end else {
                out.append(byte)
                continue
            }
            var field = FormatField()
            try read(&field, &place, end, values, &used)
            try checkRoom(out.count + field.width + (field.precision ?? 0))
            switch field.letter {
            case UInt8(ascii: "%"): out.append(field.letter)
            case UInt8(ascii: "}"): out.append(try text(of: field.value ?? .null), of: storage)
            default:
                if field.value == nil {
                    guard used < values.count else { throw .argument("too few arguments") }
                    field.value = values[used]
                    used += 1
                }
                try write(field, to: &out)
            }
        }
        return .string(try string(out))
    }

    private struct FormatField {
        var isLeft = false
        var hasZeros = false
        var hasPlus = false
        var hasBlank = false
        var isAlternate = false
        var width = 0
        var precision: Int?
        var letter: UInt8 = 0
        var value: ExpressionValue?
    }

    private mutating func read(
        _ field: inout FormatField, _ place: inout Int, _ end: Int, _ values: [ExpressionValue], _ used: inout Int
    ) throws(ExpressionFailure) {
        func number(_ place: inout Int) -> Int {
            var value = 0
            while place < end, storage[place] &- 0x30 < 10 {
                value = min(value * 10 + Int(storage[place] - 0x30), 1 << 30)
                place += 1
            }
            return value
        }
        while place < end {
            let byte = storage[place]
            switch byte {
            case UInt8(ascii: "-"): field.isLeft = true
            case UInt8(ascii: "0"): field.hasZeros = true
            case UInt8(ascii: "+"): field.hasPlus = true
            case UInt8(ascii: " "): field.hasBlank = true
            case UInt8(ascii: "#"): field.isAlternate = true
            case UInt8(ascii: "1")...UInt8(ascii: "9"):
                field.width = number(&place)
                continue
            case UInt8(ascii: "*"):
                guard used < values.count else { throw .argument("too few arguments") }
                let width = try integer(values[used])
                used += 1
                field.isLeft = field.isLeft || width < 0
                field.width = min(Int(clamping: width.magnitude), 1 << 30)
            case UInt8(ascii: "."):
                place += 1
                field.precision = number(&place)
                continue
            case UInt8(ascii: "<"), UInt8(ascii: "{"):
                let close = byte == UInt8(ascii: "<") ? UInt8(ascii: ">") : UInt8(ascii: "}")
                var last = place + 1
                while last < end, storage[last] != close { last += 1 }
                let name = Slice(offset: place + 1, length: last - place - 1)
                guard last < end, let hash = values.first else { throw .argument("malformed name in the format") }
                guard let value = try lookup(.symbol(name), in: hash) else {
                    throw ExpressionFailure("KeyError", "key<\(storage.text(name))> not found")
                }
                field.value = value
                place = last
                if close == UInt8(ascii: "}") {
                    field.letter = close
                    place += 1
                    return
                }
            default:
                field.letter = byte
                place += 1
                return
            }
            place += 1
        }
        throw .argument("incomplete format specifier; use %% (double %) instead")
    }

    private mutating func write(_ field: FormatField, to out: inout ByteBuffer) throws(ExpressionFailure) {
        let value = field.value ?? .null
        var sign = ""
        var body: String
        switch field.letter {
        case UInt8(ascii: "s"), UInt8(ascii: "p"):
            let slice =
                field.letter == UInt8(ascii: "s")
                ? try text(of: value) : try text(of: try call(value, .inspect, Arguments()))
            body = storage.text(slice)
            if let precision = field.precision {
                body = String(String.UnicodeScalarView(body.unicodeScalars.prefix(precision)))
            }
            return pad(field, "", body, zeros: false, to: &out)
        case UInt8(ascii: "c"):
            if case .integer = value {
                body = storage.text(try text(of: try call(value, .chr, Arguments())))
            } else {
                body = String(storage.text(try text(value)).unicodeScalars.prefix(1).map(Character.init))
            }
            return pad(field, "", body, zeros: false, to: &out)
        case UInt8(ascii: "d"), UInt8(ascii: "i"), UInt8(ascii: "u"), UInt8(ascii: "x"), UInt8(ascii: "X"),
            UInt8(ascii: "o"), UInt8(ascii: "b"), UInt8(ascii: "B"):
            var number: Int128
            switch value {
            case .float(let float):
                guard case .integer(let whole) = try integer(rounded: float.rounded(.down)) else { return }
                number = whole
            default:
                guard case .integer(let whole) = try strictInteger(Arguments(value)) else { return }
                number = whole
            }
            sign = number < 0 ? "-" : field.hasPlus ? "+" : field.hasBlank ? " " : ""
            let letter = field.letter | 0x20
            let base =
                letter == UInt8(ascii: "x")
                ? 16 : letter == UInt8(ascii: "o") ? 8 : letter == UInt8(ascii: "b") ? 2 : 10
            body = String(number.magnitude, radix: base, uppercase: field.letter == UInt8(ascii: "X"))
            if let precision = field.precision, body.utf8.count < precision {
                body = String(repeating: "0", count: precision - body.utf8.count) + body
            }
            if field.isAlternate, base != 10 {
                sign += base == 8 ? "0" : "0" + String(UnicodeScalar(field.letter))
            }
            return pad(field, sign, body, zeros: field.hasZeros && field.precision == nil, to: &out)
        case UInt8(ascii: "f"), UInt8(ascii: "e"), UInt8(ascii: "E"), UInt8(ascii: "g"), UInt8(ascii: "G"):
            guard case .float(let number) = try strictFloat(value) else { return }
            guard number.isFinite else {
                sign = number < 0 ? "-" : ""
                return pad(field, sign, number.isNaN ? "NaN" : "Inf", zeros: false, to: &out)
            }
            sign = number.sign == .minus ? "-" : field.hasPlus ? "+" : field.hasBlank ? " " : ""
            body = CFormat.text(number.magnitude, precision: min(field.precision ?? 6, 300), letter: field.letter)
            return pad(field, sign, body, zeros: field.hasZeros, to: &out)
        default:
            throw .argument("malformed format string - %\(String(UnicodeScalar(field.letter)))")
        }
    }

    private func pad(_ field: FormatField, _ sign: String, _ body: String, zeros: Bool, to out: inout ByteBuffer) {
        let missing = max(field.width - sign.utf8.count - body.unicodeScalars.count, 0)
        if !field.isLeft, !zeros { for _ in 0..<missing { out.append(0x20) } }
        out.append(sign)
        if !field.isLeft, zeros { for _ in 0..<missing { out.append(0x30) } }
        out.append(body)
        if field.isLeft { for _ in 0..<missing { out.append(0x20) } }
    }
}

/// Floats in the C library's forms, which are Ruby's too.
enum CFormat {
    static func text(_ number: Double, precision: Int, letter: UInt8) -> String {
        // 309 digits before the point, 300 behind it at most.
        var buffer = [CChar](repeating: 0, count: 640)
        let format = "%.\(precision)\(String(UnicodeScalar(letter)))"
        let length = unsafe withVaList([number]) { arguments in
            // Writes at most as much as the buffer holds, a null byte included.
            unsafe vsnprintf(&buffer, 640, format, arguments)
        }
        return String(decoding: buffer[..<max(0, min(Int(length), 639))].map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
}
