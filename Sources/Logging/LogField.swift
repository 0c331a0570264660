/// What a field may hold: enough to tell numbers from text in JSON, no more.
package enum LogValue: Sendable, Hashable {
    case text(String)
    case integer(Int64)
    case number(Double)
    case flag(Bool)

    /// Takes any describable value; integers, floating point and booleans keep their kind, all else becomes its text.
    package init(_ value: any CustomStringConvertible) {
        switch value {
        case let text as String: self = .text(text)
        case let flag as Bool: self = .flag(flag)
        case let number as Double: self = .number(number)
        case let number as Float: self = .number(Double(number))
        case let integer as any BinaryInteger:
            if let small = Int64(exactly: integer) { self = .integer(small) } else { self = .text(integer.description) }
        default: self = .text(value.description)
        }
    }
}

/// One `key=value` of a log line.
package struct LogField: Sendable, Hashable {
    package let name: String
    package let value: LogValue

    package init(_ name: String, _ value: any CustomStringConvertible) {
        self.name = name
        self.value = LogValue(value)
    }
}
