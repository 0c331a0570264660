/// How much an operator must care, under Fluentd's names (`@log_level`, `-v`, `-q`).
///
/// The level says what to do, not how bad the programmer feels: `fatal` the daemon stops, `error` data or a stage is
/// in danger, `warn` it copes but somebody should look, `info` a fact of its life, `debug` and `trace` for whoever is
/// looking for a fault.
package enum LogLevel: UInt8, Comparable, CaseIterable, Sendable, CustomStringConvertible {
    case trace, debug, info, warn, error, fatal

    /// The level a configuration or a command line names, or nil when there is none of that name.
    package init?(_ name: String) {
        guard let level = LogLevel.allCases.first(where: { $0.description == name }) else { return nil }
        self = level
    }

    /// The name as it stands in the log: `warn`.
    package var description: String {
        switch self {
        case .trace: "trace"
        case .debug: "debug"
        case .info: "info"
        case .warn: "warn"
        case .error: "error"
        case .fatal: "fatal"
        }
    }

    /// This level moved by steps, kept within the range: `-v` is one step down, `-q` one step up.
    package func moved(by steps: Int) -> LogLevel {
        let last = LogLevel.allCases.count - 1
        let bounded = min(max(Int(rawValue) + min(max(steps, -last), last), 0), last)
        return LogLevel.allCases[bounded]
    }

    @inlinable
    package static func < (lhs: LogLevel, rhs: LogLevel) -> Bool { lhs.rawValue < rhs.rawValue }
}
