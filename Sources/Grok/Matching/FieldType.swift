/// What a captured text becomes, as written after the field name (`%{INT:status:integer}`).
package enum FieldType: Sendable, Equatable {
    case string
    /// The leading number of the text.
    case integer
    case float
    /// True for `true`, `yes` and `1` in any case.
    case bool
    /// A point in time by a format (or `unixtime`, `float`), optionally with `zone:` before it; nil guesses.
    case time(format: String?)
    /// Parts between separators; an empty separator splits into characters.
    case array(separator: String)

    /// The type's name without its argument, as the configuration writes it.
    package var name: String {
        switch self {
        case .string: "string"
        case .integer: "integer"
        case .float: "float"
        case .bool: "bool"
        case .time: "time"
        case .array: "array"
        }
    }

    /// The names an operator may write: Fluentd's, then those Logstash's users are used to.
    static let names = ["string", "integer", "float", "bool", "time", "array", "int", "long", "double", "boolean"]

    /// Reads `name` or `name:argument`; nil when it is no type. Only `time` and `array` take an argument.
    package init?(_ text: String) {
        let parts = text.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
        let argument = parts.count > 1 ? String(parts[1]) : nil
        switch parts.first.map(String.init) ?? "" {
        case "string" where argument == nil: self = .string
        case "integer" where argument == nil, "int" where argument == nil, "long" where argument == nil:
            self = .integer
        case "float" where argument == nil, "double" where argument == nil: self = .float
        case "bool" where argument == nil, "boolean" where argument == nil: self = .bool
        case "time" where argument != "": self = .time(format: argument)
        case "array" where argument != "": self = .array(separator: argument ?? ",")
        default: return nil
        }
    }
}
