internal import Events
internal import Glibc

/// Ruby's Integer and Float, nil, true, false and symbols.
extension ExpressionEvaluator {
    mutating func numberMethod(
        _ receiver: ExpressionValue, _ method: Method, _ arguments: Arguments
    ) throws(ExpressionFailure) -> ExpressionValue? {
        switch method {
        case .plus, .minus, .times_op, .divide, .modulo_op, .modulo, .div, .fdiv, .power, .pow, .remainder, .divmod:
            return try arithmetic(receiver, method, arguments[0])
        case .less, .less_equal, .greater, .greater_equal:
            guard isNumber(arguments[0]) else {
                throw .argument("comparison of \(described(receiver)) with \(described(arguments[0])) failed")
            }
            guard let order = try compare(receiver, arguments[0]) else { return .bool(false) }
            return .bool(Self.holds(method, order))
        case .compare: return try compare(receiver, arguments[0]).map { .integer(Int128($0)) } ?? .null
        case .between:
            guard try order(receiver, arguments[0]) >= 0 else { return .bool(false) }
            return .bool(try order(receiver, arguments[1]) <= 0)
        case .clamp:
            var (low, high) = (arguments[0], arguments[1])
            if case .range(let range) = low { (low, high) = (range.from, range.to) }
            if !low.isNull, try order(receiver, low) < 0 { return low }
            if !high.isNull, try order(receiver, high) > 0 { return high }
            return receiver
        case .to_s where arguments.count > 0:
            guard case .integer(let number) = receiver else { return nil }
            let base = try integer(arguments[0])
            guard (2...36).contains(base) else { throw .argument("invalid radix \(base)") }
            return try string(Swift.String(number, radix: base))
        default: break
        }
        switch receiver {
        case .integer(let number): return try integerMethod(number, method, arguments)
        case .float(let number): return try floatMethod(number, method, arguments)
        default: return nil
        }
    }

    func isNumber(_ value: ExpressionValue) -> Bool {
        switch value {
        case .integer, .float: true
        default: false
        }
    }

    // MARK: - Arithmetic

    mutating func arithmetic(
        _ left: ExpressionValue, _ method: Method, _ right: ExpressionValue
    ) throws(ExpressionFailure) -> ExpressionValue {
        if case .integer(let a) = left, case .integer(let b) = right, method != .fdiv {
            return try integerArithmetic(a, method, b)
        }
        func double(_ value: ExpressionValue) -> Double? {
            switch value {
            case .integer(let number): Double(number)
            case .float(let number): number
            default: nil
            }
        }
        guard let a = double(left), let b = double(right) else {
            throw .type("\(described(right)) can't be coerced into \(described(left))")
        }
        switch method {
        case .plus: return .float(a + b)
        case .minus: return .float(a - b)
        case .times_op: return .float(a * b)
        case .divide, .fdiv: return .float(a / b)
        case .modulo_op, .modulo: return .float(try modulo(a, b))
        case .remainder: return .float(a.truncatingRemainder(dividingBy: b))
        case .div:
            if b == 0 { throw ExpressionFailure("ZeroDivisionError", "divided by 0") }
            return try integer(rounded: (a / b).rounded(.down))
        case .divmod:
            if b == 0 { throw ExpressionFailure("ZeroDivisionError", "divided by 0") }
            return try list([try integer(rounded: (a / b).rounded(.down)), .float(try modulo(a, b))])
        default: return .float(Glibc.pow(a, b))
        }
    }

    private func modulo(_ a: Double, _ b: Double) throws(ExpressionFailure) -> Double {
        let rest = a.truncatingRemainder(dividingBy: b)
        return rest != 0 && (rest < 0) != (b < 0) ? rest + b : rest
    }

    private mutating func integerArithmetic(
        _ a: Int128, _ method: Method, _ b: Int128
    ) throws(ExpressionFailure) -> ExpressionValue {
        let result: (partialValue: Int128, overflow: Bool)
        switch method {
        case .plus: result = a.addingReportingOverflow(b)
        case .minus: result = a.subtractingReportingOverflow(b)
        case .times_op: result = a.multipliedReportingOverflow(by: b)
        case .power, .pow: return try power(a, b)
        default:
            guard b != 0 else { throw ExpressionFailure("ZeroDivisionError", "divided by 0") }
            let (quotient, overflow) = a.dividedReportingOverflow(by: b)
            if overflow { throw tooLarge }
            let rest = a % b
            // Ruby rounds down, and the rest has the sign of the divisor.
            let isOff = rest != 0 && (rest < 0) != (b < 0)
            switch method {
            case .divide, .div: return .integer(isOff ? quotient - 1 : quotient)
            case .remainder: return .integer(rest)
            case .divmod:
                return try list([.integer(isOff ? quotient - 1 : quotient), .integer(isOff ? rest + b : rest)])
            default: return .integer(isOff ? rest + b : rest)
            }
        }
        if result.overflow { throw tooLarge }
        return .integer(result.partialValue)
    }

    private var tooLarge: ExpressionFailure {
        ExpressionFailure("RangeError", "the integer has more than 127 bits: make it a float with to_f")
    }

    private func power(_ base: Int128, _ exponent: Int128) throws(ExpressionFailure) -> ExpressionValue {
        if exponent < 0 { return .float(Glibc.pow(Double(base), Double(exponent))) }
        var result: Int128 = 1
        var factor = base
        var left = exponent
        while left > 0 {
            if left & 1 == 1 {
                let (product, overflow) = result.multipliedReportingOverflow(by: factor)
                if overflow { throw tooLarge }
                result = product
            }
            left >>= 1
            if left > 0 {
                let (square, overflow) = factor.multipliedReportingOverflow(by: factor)
                // Of 0, 1 and -1 any power is small; another's square that is too large makes the result so.
                if overflow { throw tooLarge }
                factor = square
            }
        }
        return .integer(result)
    }

    func integer(rounded number: Double) throws(ExpressionFailure) -> ExpressionValue {
        guard number.isFinite else {
            throw ExpressionFailure("FloatDomainError", number.isNaN ? "NaN" : number < 0 ? "-Infinity" : "Infinity")
        }
        guard number.magnitude < 1e38 else { throw tooLarge }
        return .integer(Int128(number))
    }

    // MARK: - Integers

    private mutating func integerMethod(
        _ number: Int128, _ method: Method, _ arguments: Arguments
    ) throws(ExpressionFailure) -> ExpressionValue? {
        switch method {
        case .to_i, .to_int, .ord, .identity: return .integer(number)
        case .to_f: return .float(Double(number))
        case .negate: return .integer(-number)
        case .abs, .magnitude: return .integer(number < 0 ? -number : number)
        case .floor, .ceil, .round, .truncate: return try rounded(number, method, arguments)
        case .is_zero: return .bool(number == 0)
        case .is_positive: return .bool(number > 0)
        case .is_negative: return .bool(number < 0)
        case .is_even: return .bool(number % 2 == 0)
        case .is_odd: return .bool(number % 2 != 0)
        case .is_nonzero: return number == 0 ? .null : .integer(number)
        case .is_integer, .is_finite: return .bool(true)
        case .is_nan: return nil
        case .is_infinite: return .null
        case .succ, .next: return .integer(number + 1)
        case .pred: return .integer(number - 1)
        case .chr:
            guard number >= 0, number < 0x110000, let scalar = UnicodeScalar(UInt32(number)) else {
                throw ExpressionFailure("RangeError", "\(number) out of char range")
            }
            return try string(Swift.String(scalar))
        case .digits:
            guard number >= 0 else { throw ExpressionFailure("Math::DomainError", "out of domain") }
            return try list(number.description.utf8.reversed().map { .integer(Int128($0 - 0x30)) })
        case .bit_length:
            return .integer(Int128(128 - (number < 0 ? ~number : number).leadingZeroBitCount))
        case .gcd, .lcm:
            var (a, b) = (number.magnitude, UInt128(try integer(arguments[0]).magnitude))
            let product = a.multipliedReportingOverflow(by: b)
            while b != 0 { (a, b) = (b, a % b) }
            if method == .gcd { return .integer(Int128(a)) }
            guard !product.overflow, let result = Int128(exactly: a == 0 ? 0 : product.partialValue / a) else {
                throw tooLarge
            }
            return .integer(result)
        case .bit_and, .bit_or, .bit_xor:
            guard case .integer(let other) = arguments[0] else {
                throw .type("\(described(arguments[0])) can't be coerced into Integer")
            }
            return .integer(method == .bit_and ? number & other : method == .bit_or ? number | other : number ^ other)
        case .invert_bits: return .integer(~number)
        case .shift_left, .shift_right:
            var places = try integer(arguments[0])
            if method == .shift_right { places = 0 &- places }
            if places <= 0 { return .integer(places <= -127 ? (number < 0 ? -1 : 0) : number >> Int128(-places)) }
            guard number == 0 || places < 127, (number << Int128(places)) >> Int128(places) == number else {
                throw tooLarge
            }
            return .integer(number << Int128(places))
        case .at_index:
            let place = try integer(arguments[0])
            return .integer(place < 0 ? 0 : place > 126 ? (number < 0 ? 1 : 0) : (number >> Int128(place)) & 1)
        case .times, .upto, .downto:
            let (from, to): (Int128, Int128)
            switch method {
            case .times: (from, to) = (0, number - 1)
            case .upto: (from, to) = (number, Int128(try integer(arguments[0])))
            default: (from, to) = (Int128(try integer(arguments[0])), number)
            }
            let range = try items(from: from, through: to)
            let values = method == .downto ? range.reversed() : range
            guard let block = arguments.block else { return try list(values) }
            for value in values { _ = try yield(block, value) }
            return .integer(number)
        default: return nil
        }
    }

    /// The integers of a range, which count as steps.
    mutating func items(from: Int128, through to: Int128) throws(ExpressionFailure) -> [ExpressionValue] {
        guard to >= from else { return [] }
        let count = to - from + 1
        try step(count > Int128(limits.steps) ? limits.steps + 1 : Int(count))
        return (0..<Int(count)).map { .integer(from + Int128($0)) }
    }

    private func rounded(
        _ number: Int128, _ method: Method, _ arguments: Arguments
    ) throws(ExpressionFailure) -> ExpressionValue {
        guard arguments.count > 0, case .integer(let places) = arguments[0], places < 0 else { return .integer(number) }
        guard places > -38 else { return .integer(0) }
        var unit: Int128 = 1
        for _ in 0..<Int(-places) { unit *= 10 }
        let rest = ((number % unit) + unit) % unit
        let down = number - rest
        switch method {
        case .floor: return .integer(down)
        case .ceil: return .integer(rest == 0 ? number : down + unit)
        case .truncate: return .integer(number < 0 && rest != 0 ? down + unit : down)
        default: return .integer(rest * 2 > unit || rest * 2 == unit && number > 0 ? down + unit : down)
        }
    }

    // MARK: - Floats

    private mutating func floatMethod(
        _ number: Double, _ method: Method, _ arguments: Arguments
    ) throws(ExpressionFailure) -> ExpressionValue? {
        switch method {
        case .to_f, .identity: return .float(number)
        case .to_i, .to_int: return try integer(rounded: number.rounded(.towardZero))
        case .negate: return .float(-number)
        case .abs, .magnitude: return .float(number.magnitude)
        case .round, .floor, .ceil, .truncate:
            let places = arguments.count > 0 && isNumber(arguments[0]) ? try integer(arguments[0]) : 0
            guard places > 0 else {
                let rule: FloatingPointRoundingRule =
                    switch method {
                    case .round: .toNearestOrAwayFromZero
                    case .floor: .down
                    case .ceil: .up
                    default: .towardZero
                    }
                let whole = try integer(rounded: number.rounded(rule))
                guard places < 0, case .integer(let value) = whole else { return whole }
                return try rounded(value, method, arguments)
            }
            return .float(Self.rounded(number, places, method))
        case .is_zero: return .bool(number == 0)
        case .is_positive: return .bool(number > 0)
        case .is_negative: return .bool(number < 0)
        case .is_nonzero: return number == 0 ? .null : .float(number)
        case .is_nan: return .bool(number.isNaN)
        case .is_finite: return .bool(number.isFinite)
        case .is_infinite: return number.isInfinite ? .integer(number < 0 ? -1 : 1) : .null
        case .is_integer: return .bool(false)
        default: return nil
        }
    }

    /// To some places behind the point, by the digits that name the number.
    static func rounded(_ number: Double, _ places: Int, _ method: Method) -> Double {
        guard number.isFinite, places < 17 else { return number }
        let factor = Glibc.pow(10, Double(places))
        let scaled = number * factor
        guard scaled.isFinite, scaled.magnitude < 9e15 else { return number }
        switch method {
        case .floor:
            let result = scaled.rounded(.down) / factor
            return (scaled.rounded(.down) + 1) / factor <= number ? (scaled.rounded(.down) + 1) / factor : result
        case .ceil:
            let result = scaled.rounded(.up) / factor
            return (scaled.rounded(.up) - 1) / factor >= number ? (scaled.rounded(.up) - 1) / factor : result
        case .truncate: return rounded(number, places, number < 0 ? .ceil : .floor)
        default:
            var nearest = scaled.rounded(.toNearestOrAwayFromZero)
            // The product may be rounded up to the half: then the number itself decides.
            if (nearest.magnitude - 0.5) / factor == number.magnitude {
                nearest = number < 0 ? -nearest.magnitude : nearest.magnitude
            }
            return nearest / factor
        }
    }

    // MARK: - nil, true, false, symbols

    mutating func nullMethod(_ method: Method, _ arguments: Arguments) throws(ExpressionFailure) -> ExpressionValue? {
        switch method {
        case .to_a: return try list([])
        case .to_h: return .hash(HashValue(pairs: [], places: [:], depth: 1))
        case .to_i: return .integer(0)
        case .to_f: return .float(0)
        case .bit_and: return .bool(false)
        case .bit_or: return .bool(arguments[0].isTrue)
        default: return nil
        }
    }

    mutating func boolMethod(
        _ value: Bool, _ method: Method, _ arguments: Arguments
    ) throws(ExpressionFailure) -> ExpressionValue? {
        switch method {
        case .bit_and: .bool(value && arguments[0].isTrue)
        case .bit_or: .bool(value || arguments[0].isTrue)
        case .bit_xor: .bool(value != arguments[0].isTrue)
        default: nil
        }
    }

    mutating func symbolMethod(
        _ slice: Slice, _ method: Method, _ arguments: Arguments
    ) throws(ExpressionFailure) -> ExpressionValue? {
        switch method {
        case .to_sym: return .symbol(slice)
        case .to_s, .name, .inspect, .to_json: return method == .to_s || method == .name ? .string(slice) : nil
        case .upcase, .downcase, .capitalize, .swapcase, .succ, .next:
            guard let value = try stringMethod(slice, method, arguments), case .string(let text) = value else {
                return nil
            }
            return .symbol(text)
        case .compare:
            guard case .symbol = arguments[0] else { return .null }
            return .integer(Int128(try order(.symbol(slice), arguments[0])))
        case .length, .size, .is_empty, .at_index, .start_with, .end_with, .match, .is_match, .match_op:
            return try stringMethod(slice, method, arguments)
        default: return nil
        }
    }
}
