package import Events

/// How the text or number in a time field is to be read. Immutable and shared.
package indirect enum TimeSource: Sendable {
    /// No format given.
    case lenient
    /// `%iso8601`
    case iso8601
    case format(TimeFormat)
    /// Whole seconds since 1970; the rest of the text is passed over.
    case unixtime
    /// Seconds since 1970 with a fraction.
    case float
    /// The first of several that fits.
    case mixed([TimeSource])

    /// A `time_format`: strptime's directives, or one of the names Fluentd gives a meaning.
    package init(format: String, parameter: String = "time_format") throws(SettingError) {
        switch format {
        case "%iso8601": self = .iso8601
        case "unixtime": self = .unixtime
        case "float": self = .float
        default: self = .format(try TimeFormat(format, parameter: parameter))
        }
    }
}

/// Reads the values of a time field. One for each parser and thread: it remembers the last text, since log lines come in
/// runs with equal times, and the last offset of its zone.
package final class TimeReader {
    package enum Reading: Sendable, Equatable {
        case time(EventTime)
        /// Worded as Fluentd words it.
        case invalid(reason: String)
    }

    private let source: TimeSource
    private let clock: ZoneClock
    private var lastText = ByteBuffer(capacity: TimeReader.longestRememberedBytes)
    private var lastTime = EventTime(seconds: 0)
    static let longestRememberedBytes = 64

    /// `clock` fills in what a text leaves out: the year, the day.
    package init(
        _ source: TimeSource, zone: TimeZoneRule = .local, clock: @escaping @Sendable () -> EventTime = Clock.now
    ) {
        self.source = source
        self.clock = ZoneClock(zone, clock: clock)
    }

    /// Whether times are numbers of seconds (and not dates), so that any number is a time.
    package var readsNumbers: Bool {
        switch source {
        case .unixtime, .float: true
        default: false
        }
    }

    /// The time that a field's value holds.
    package func read(_ value: Value, _ storage: inout ByteBuffer) -> Reading {
        switch value.kind {
        case .string: return read(value.slice, storage)
        case .jsonString:
            let mark = storage.count
            let reading = read(storage.appendUnescaped(value.slice), storage)
            storage.truncate(to: mark)
            return reading
        case .int, .uint, .double, .number: return read(number: value, storage)
        case .null, .true, .false, .json, .msgpack:
            return .invalid(reason: "value must be a string or a number: \(Self.description(value, storage))")
        }
    }

    package func read(_ text: Slice, _ storage: borrowing ByteBuffer) -> Reading {
        if Int(text.length) == lastText.count, text.length > 0, lastText.holds(text, of: storage) {
            return .time(lastTime)
        }
        let span = storage.span
        let (time, isRelative) = Self.time(source, span, Int(text.offset), text.end, clock)
        guard let time else { return .invalid(reason: reason(text, storage)) }
        lastText.clear()
        if !isRelative, text.length <= Self.longestRememberedBytes { lastText.append(text, of: storage) }
        lastTime = time
        return .time(time)
    }

    private static func time(
        _ source: TimeSource, _ text: Span<UInt8>, _ start: Int, _ end: Int, _ clock: ZoneClock
    ) -> (EventTime?, isRelative: Bool) {
        let parts: TimeParts?
        switch source {
        case .lenient: parts = LenientTime.read(text, start, end)
        case .iso8601: parts = ISO8601Time.read(text, start, end)
        case .format(let format): parts = format.read(text, start, end)
        case .unixtime: return (EpochTime.seconds(text, start, end), false)
        case .float: return (EpochTime.float(text, start, end), false)
        case .mixed(let sources):
            for candidate in sources {
                if case .unixtime = candidate, !EpochTime.isNumber(text, start, end) { continue }
                if case .float = candidate, !EpochTime.isNumber(text, start, end) { continue }
                let (time, isRelative) = Self.time(candidate, text, start, end, clock)
                if time != nil { return (time, isRelative) }
            }
            return (nil, false)
        }
        guard let parts, !parts.isEmpty else { return (nil, false) }
        return (parts.time(clock), parts.isRelative)
    }

    // MARK: - Numbers

    private func read(number value: Value, _ storage: borrowing ByteBuffer) -> Reading {
        let sources: [TimeSource]
        if case .mixed(let several) = source { sources = several } else { sources = [source] }
        for candidate in sources {
            let isWhole: Bool
            switch candidate {
            case .unixtime: isWhole = true
            case .float: isWhole = false
            default: continue
            }
            guard let time = Self.time(number: value, storage) else {
                return .invalid(
                    reason:
                        "invalid time format: value = \(Self.text(value, storage)), error_class = FloatDomainError, "
                        + "error = Infinity")
            }
            return .time(isWhole ? EventTime(seconds: time.seconds) : time)
        }
        if case .mixed = source { return .invalid(reason: mixedReason(Self.description(value, storage))) }
        return .invalid(
            reason: "invalid time format: value = \(Self.text(value, storage)), error_class = TypeError, "
                + "error = no implicit conversion of \(value.kind == .int ? "Integer" : "Float") into String")
    }

    /// nil: not finite, as the text `1e400` is.
    private static func time(number value: Value, _ storage: borrowing ByteBuffer) -> EventTime? {
        if value.kind == .number {
            // The text is more exact than a double: 1500000000.123456789.
            let span = storage.span
            let isPlain = !(Int(value.slice.offset)..<value.slice.end).contains { span[$0] | 0x20 == UInt8(ascii: "e") }
            if isPlain { return EpochTime.float(span, Int(value.slice.offset), value.slice.end) }
        }
        return storage.eventTime(number: value)
    }

    // MARK: - Messages

    private func reason(_ text: Slice, _ storage: borrowing ByteBuffer) -> String {
        let value = storage.text(text)
        let error: String
        switch source {
        case .lenient:
            let isEmpty = LenientTime.read(storage.span, Int(text.offset), text.end) == nil
            error = isEmpty ? "no time information in \"\(value)\"" : "argument out of range"
        case .iso8601: error = "invalid xmlschema format: \"\(value)\""
        case .format(let format): error = "invalid date or strptime format - `\(value)' `\(format.text)'"
        case .unixtime, .float: error = "invalid value for a number of seconds: \"\(value)\""
        case .mixed: return mixedReason(value)
        }
        return "invalid time format: value = \(value), error_class = ArgumentError, error = \(error)"
    }

    private func mixedReason(_ value: String) -> String {
        "invalid time format: value = \(value), even though fallbacks: none of the given formats fits"
    }

    private static func text(_ value: Value, _ storage: borrowing ByteBuffer) -> String {
        var json = ByteBuffer()
        json.appendJSON(value, storage)
        return json.text(Slice(offset: 0, length: json.count))
    }

    private static func description(_ value: Value, _ storage: borrowing ByteBuffer) -> String {
        let text = text(value, storage)
        switch value.kind {
        case .null: return "(NilClass)"
        case .true: return "true(TrueClass)"
        case .false: return "false(FalseClass)"
        case .json, .msgpack: return text + (text.utf8.first == UInt8(ascii: "[") ? "(Array)" : "(Hash)")
        default: return text
        }
    }
}

extension ByteBuffer {
    /// Whether this buffer's bytes are those of a slice of another one, which has the same length.
    fileprivate func holds(_ slice: Slice, of other: borrowing ByteBuffer) -> Bool {
        let mine = span
        let theirs = other.span
        // What differs between two times of a log stands at the end.
        var index = mine.count
        while index > 0 {
            index -= 1
            if mine[index] != theirs[Int(slice.offset) + index] { return false }
        }
        return true
    }
}
