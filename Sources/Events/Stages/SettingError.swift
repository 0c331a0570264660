/// A parser that cannot be built from its options: which parameter, and what is wrong with it.
///
/// The caller knows where the parameter stands in the configuration file and points at it.
package struct SettingError: Error, Equatable, Sendable, CustomStringConvertible {
    /// The parameter's name in the configuration, such as `time_format`.
    package var parameter: String
    /// What happened and with which value, lower-case, in one sentence.
    package var message: String
    /// What to write instead, if that can be said.
    package var hint: String?
    /// Where in the parameter's value, counted in bytes from 0, if the place is known.
    package var offset: Int?

    package init(_ parameter: String, _ message: String, hint: String? = nil, offset: Int? = nil) {
        self.parameter = parameter
        self.message = message
        self.hint = hint
        self.offset = offset
    }

    package var description: String { hint.map { "\(parameter): \(message) (\($0))" } ?? "\(parameter): \(message)" }
}
