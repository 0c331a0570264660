/// Numbers as text, in Ruby's forms, which is what users of Fluentd find in their indexes.
extension ByteBuffer {
    package mutating func appendDecimal(_ value: Int64) {
        if value < 0 { append(UInt8(ascii: "-")) }
        appendDecimal(value.magnitude)
    }

    package mutating func appendDecimal(_ value: UInt64) {
        reserve(20)
        var digits = 1
        var bound: UInt64 = 10
        while digits < 20, value >= bound {
            digits &+= 1
            bound = digits < 20 ? bound &* 10 : bound
        }
        var rest = value
        var place = count &+ digits
        for _ in 0..<digits {
            place &-= 1
            unsafe base[place] = UInt8(truncatingIfNeeded: rest % 10) &+ 0x30
            rest /= 10
        }
        advance(by: digits)
    }

    /// Exactly `width` digits, with leading zeros. `value` must fit.
    package mutating func appendDecimal(_ value: UInt32, width: Int) {
        reserve(width)
        var rest = value
        var place = count &+ width
        for _ in 0..<width {
            place &-= 1
            unsafe base[place] = UInt8(truncatingIfNeeded: rest % 10) &+ 0x30
            rest /= 10
        }
        advance(by: width)
    }

    /// A double as Ruby's `Float#to_s` writes it: the shortest digits that read back as the same value, with a fraction
    /// (`1.0`) from 1e-4 up to 1e15, or up to 1e16 where there are digits behind the point, and with an exponent of at
    /// least two digits (`1.0e-05`) outside. Not finite: null.
    package mutating func appendJSON(_ value: Double) {
        guard value.isFinite else {
            append("null")
            lossCount &+= 1
            return
        }
        if value == 0 {
            append("0.0")
            return
        }
        if value < 0 { append(UInt8(ascii: "-")) }
        var digits: [UInt8] = []
        var exponent = 0  // of ten, for 0.DIGITS
        var seenPoint = false
        var significant = false
        var text = value.magnitude.description.utf8.makeIterator()
        while let byte = text.next() {
            if byte == UInt8(ascii: "e") {
                var sign = 1
                var number = 0
                while let next = text.next() {
                    if next == UInt8(ascii: "-") {
                        sign = -1
                    } else if next != UInt8(ascii: "+") {
                        number = number * 10 + Int(next - 0x30)
                    }
                }
                exponent += sign * number
            } else if byte == UInt8(ascii: ".") {
                seenPoint = true
            } else if byte != 0x30 || significant {
                significant = true
                digits.append(byte)
                if !seenPoint { exponent += 1 }
            } else if seenPoint {
                exponent -= 1
            }
        }
        while digits.last == 0x30 { digits.removeLast() }
        if exponent > -4 && (exponent <= 15 || exponent == 16 && digits.count > 16) {
            if exponent <= 0 {
                append("0.")
                for _ in exponent..<0 { append(0x30) }
                append(digits)
            } else {
                for index in 0..<max(exponent, digits.count) {
                    if index == exponent { append(UInt8(ascii: ".")) }
                    append(index < digits.count ? digits[index] : 0x30)
                }
                if digits.count <= exponent { append(".0") }
            }
        } else {
            append(digits[0])
            append(UInt8(ascii: "."))
            append(digits.count > 1 ? Array(digits[1...]) : [0x30])
            append(UInt8(ascii: "e"))
            let power = exponent - 1
            append(power < 0 ? UInt8(ascii: "-") : UInt8(ascii: "+"))
            if power.magnitude < 10 { append(0x30) }
            appendDecimal(UInt64(power.magnitude))
        }
    }

    /// The text of a JSON number: integers as they are (of any size), others in the form above.
    ///
    /// Most decimal fractions in logs already have that form, and then no conversion is needed: no exponent, at most 15
    /// significant digits, no needless zero at the end, not below 1e-4.
    mutating func appendJSON(number: Slice, _ storage: borrowing ByteBuffer) {
        precondition(number.end <= storage.count, "slice outside the buffer")
        var point = -1
        var isPlain = true
        var leadingZeros = 0
        var significant = 0
        for offset in Int(number.offset)..<number.end {
            let byte = unsafe storage.base[offset]
            if byte == UInt8(ascii: ".") {
                point = offset
            } else if byte &- 0x30 < 10 {
                if significant > 0 || byte != 0x30 { significant &+= 1 } else if point >= 0 { leadingZeros &+= 1 }
            } else if byte != UInt8(ascii: "-") {
                isPlain = false  // an exponent
            }
        }
        if isPlain && point < 0 {
            append(number, of: storage)
            return
        }
        let last = unsafe storage.base[number.end - 1]
        let isShortest = last != 0x30 || number.end - point == 2
        if isPlain && significant > 0 && significant <= 15 && leadingZeros <= 3 && isShortest {
            append(number, of: storage)
        } else {
            appendJSON(storage.double(number: number))
        }
    }
}
