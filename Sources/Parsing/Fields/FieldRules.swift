internal import Events
internal import Grok
internal import Time

/// The common options after compilation: immutable, shared by the parsers of all threads.
struct FieldRules: Sendable {
    var timeKey: [UInt8]?
    var keepsTimeKey: Bool
    var timeSource: TimeSource
    var zone: TimeZoneRule
    var nullsEmpty: Bool
    var nullPattern: Regex?
    var types: [TypedKey]

    init(_ options: ParserOptions) throws(SettingError) {
        timeKey = options.timeKey.flatMap { $0.isEmpty ? nil : Array($0.utf8) }
        keepsTimeKey = options.keepTimeKey
        timeSource = try options.timeSource()
        zone = try options.zone()
        nullsEmpty = options.nullEmptyString
        nullPattern = nil
        if let pattern = options.nullValuePattern {
            nullPattern = try compileRegex(pattern, parameter: "null_value_pattern")
        }
        if let text = options.types { types = try TypedKey.list(text) } else { types = [] }
    }

    func type(of key: [UInt8]) -> ValueType? { types.first { $0.key == key }?.type }
}

/// Compiles a regular expression as configurations write it: `/…/imx`, or bare.
func compileRegex(
    _ text: String, parameter: String, options: RubyPattern.Options = []
) throws(SettingError) -> Regex {
    var expression = text
    var options = options
    var shift = 0
    if let literal = RubyPattern.split(literal: text) {
        // What Ruby does not know as an option it passes over, and so do we.
        expression = literal.expression
        options.formUnion(literal.options)
        shift = 1
    }
    do {
        return try Regex(expression, options: options)
    } catch {
        throw SettingError(
            parameter, "bad regular expression: \(error.message)", hint: error.hint, offset: error.offset + shift)
    }
}
