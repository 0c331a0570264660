/// A captured text after its field's type was applied, for the command line and for tests.
///
/// The pipeline converts in place (room Parsing) by the same rules; times are left to it.
package enum CaptureValue: Sendable, Equatable {
    case string([UInt8])
    /// Decimal digits with an optional sign: integers have no size limit here.
    case integer(String)
    case float(Double)
    case bool(Bool)
    /// The text of a time, and the format to read it with.
    case time([UInt8], format: String?)
    case array([[UInt8]])

    /// Applies a type to the captured bytes.
    package init(_ bytes: [UInt8], as type: FieldType) {
        switch type {
        case .string: self = .string(bytes)
        case .integer: self = .integer(Self.leadingInteger(bytes))
        case .float: self = .float(Self.leadingFloat(bytes))
        case .bool:
            let lower = String(decoding: bytes, as: UTF8.self).lowercased()
            self = .bool(lower == "true" || lower == "yes" || lower == "1")
        case .time(let format): self = .time(bytes, format: format)
        case .array(let separator): self = .array(Self.parts(bytes, separator: Array(separator.utf8)))
        }
    }

    private static func skippingSpace(_ bytes: [UInt8]) -> Int {
        bytes.firstIndex { !($0 == 0x20 || (0x09...0x0D).contains($0)) } ?? bytes.count
    }

    /// Digits from `index` on; single underscores between digits are passed over, as Ruby does.
    private static func digits(_ bytes: [UInt8], _ index: inout Int) -> [UInt8] {
        var result: [UInt8] = []
        while index < bytes.count {
            if (0x30...0x39).contains(bytes[index]) {
                result.append(bytes[index])
            } else if bytes[index] != UInt8(ascii: "_") || result.isEmpty || index + 1 >= bytes.count
                || !(0x30...0x39).contains(bytes[index + 1])
            {
                break
            }
            index += 1
        }
        return result
    }

    private static func sign(_ bytes: [UInt8], _ index: inout Int) -> Bool {
        guard index < bytes.count, bytes[index] == UInt8(ascii: "-") || bytes[index] == UInt8(ascii: "+") else {
            return false
        }
        index += 1
        return bytes[index - 1] == UInt8(ascii: "-")
    }

    /// The number a text begins with, in canonical digits; `0` when it begins with none.
    package static func leadingInteger(_ bytes: [UInt8]) -> String {
        var index = skippingSpace(bytes)
        let negative = sign(bytes, &index)
        let significant = digits(bytes, &index).drop { $0 == 0x30 }
        if significant.isEmpty { return "0" }
        return (negative ? "-" : "") + String(decoding: significant, as: UTF8.self)
    }

    /// The decimal number a text begins with; 0 when it begins with none.
    package static func leadingFloat(_ bytes: [UInt8]) -> Double {
        var index = skippingSpace(bytes)
        let negative = sign(bytes, &index)
        var text = digits(bytes, &index)
        if index + 1 < bytes.count, bytes[index] == UInt8(ascii: "."), (0x30...0x39).contains(bytes[index + 1]) {
            var next = index + 1
            let fraction = digits(bytes, &next)
            if text.isEmpty { text = [0x30] }
            text += [UInt8(ascii: ".")] + fraction
            index = next
        }
        if !text.isEmpty, index < bytes.count, bytes[index] | 0x20 == UInt8(ascii: "e") {
            var next = index + 1
            let negativeExponent = sign(bytes, &next)
            let exponent = digits(bytes, &next)
            if !exponent.isEmpty { text += [UInt8(ascii: "e"), UInt8(ascii: negativeExponent ? "-" : "+")] + exponent }
        }
        let value = Double(String(decoding: text, as: UTF8.self)) ?? 0
        return negative ? -value : value
    }

    /// Splits at a separator; empty parts at the end are dropped, and an empty text has no parts.
    package static func parts(_ bytes: [UInt8], separator: [UInt8]) -> [[UInt8]] {
        if separator.isEmpty {
            return String(decoding: bytes, as: UTF8.self).unicodeScalars.map { Array(String($0).utf8) }
        }
        var result: [[UInt8]] = []
        var start = 0
        var index = 0
        while index + separator.count <= bytes.count {
            if bytes[index..<(index + separator.count)].elementsEqual(separator) {
                result.append(Array(bytes[start..<index]))
                index += separator.count
                start = index
            } else {
                index += 1
            }
        }
        result.append(Array(bytes[start...]))
        while result.last?.isEmpty == true { result.removeLast() }
        return result
    }
}
