package import Events
package import Grok
package import Time

/// What the value of a time field is.
package enum TimeType: String, Sendable, CaseIterable {
    /// Text, read by `time_format` or leniently.
    case string
    /// Whole seconds since 1970.
    case unixtime
    /// Seconds since 1970 with a fraction.
    case float
    /// `time_format`, then each of `time_format_fallbacks`, until one fits.
    case mixed
}

/// The parameters that all parsers of Fluentd have (`lib/fluent/plugin/parser.rb`, `lib/fluent/time.rb`). nil: not given, so the parser's default applies.
package struct ParserOptions: Sendable {
    /// The field that holds the event's time. An empty name: none.
    package var timeKey: String?
    /// Whether the time field stays in the record.
    package var keepTimeKey = false
    package var timeType: TimeType?
    package var timeFormat: String?
    package var timeFormatFallbacks: [String] = []
    package var timezone: String?
    package var utc: Bool?
    package var localtime: Bool?
    /// Text that matches this regular expression becomes null.
    package var nullValuePattern: String?
    package var nullEmptyString = false
    /// `key:type[:option],…` or a JSON object of the same.
    package var types: String?
    /// How long expressions may try (`timeout`, `match_limit`); for parsers that have some.
    package var matchLimits = MatchLimits()

    package init() {}

    /// The options with a default time key.
    func with(defaultTimeKey: String?) -> ParserOptions {
        var options = self
        options.timeKey = timeKey ?? defaultTimeKey
        return options
    }

    /// How time fields are read.
    package func timeSource() throws(SettingError) -> TimeSource {
        switch timeType ?? .string {
        case .unixtime: return .unixtime
        case .float: return .float
        case .string:
            guard let timeFormat else { return .lenient }
            return try TimeSource(format: timeFormat)
        case .mixed:
            var sources: [TimeSource] = []
            if let timeFormat { sources.append(try TimeSource(format: timeFormat)) }
            for format in timeFormatFallbacks {
                sources.append(try TimeSource(format: format, parameter: "time_format_fallbacks"))
            }
            guard !sources.isEmpty else {
                throw SettingError(
                    "time_type", "time_type is mixed, but there is no time_format to try",
                    hint: "give time_format_fallbacks, for example unixtime,%Y-%m-%d %H:%M:%S")
            }
            return .mixed(sources)
        }
    }

    /// The zone of times that do not name theirs.
    package func zone() throws(SettingError) -> TimeZoneRule {
        if let utc, let localtime, utc == localtime {
            throw SettingError(
                "localtime", "localtime and utc are both \(utc ? "true" : "false"), but they are opposites",
                hint: "leave one of them out")
        }
        let isUTC = utc ?? localtime.map { !$0 } ?? false
        if (timeType ?? .string) == .string, timeFormat == nil, timezone != nil || isUTC {
            throw SettingError(
                timezone != nil ? "timezone" : utc != nil ? "utc" : "localtime",
                "specifying timezone requires time format", hint: "add time_format")
        }
        if let timezone { return try TimeZoneRule(timezone) }
        return isUTC ? .utc : .local
    }
}
