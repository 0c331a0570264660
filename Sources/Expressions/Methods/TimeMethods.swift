internal import Events
internal import Time

/// Ruby's Time and what DateTime and Date have in common with it.
extension ExpressionEvaluator {
    mutating func timeMethod(
        _ value: TimeValue, _ method: Method, _ arguments: Arguments
    ) throws(ExpressionFailure) -> ExpressionValue? {
        switch method {
        case .to_i, .tv_sec: return .integer(Int128(value.time.seconds))
        case .to_f: return .float(Double(value.time.seconds) + Double(value.time.nanoseconds) / 1e9)
        case .usec, .tv_usec: return .integer(Int128(value.time.nanoseconds / 1000))
        case .nsec, .tv_nsec: return .integer(Int128(value.time.nanoseconds))
        case .subsec: return .float(Double(value.time.nanoseconds) / 1e9)
        case .year: return .integer(Int128(value.civil.year))
        case .month, .mon: return .integer(Int128(value.civil.month))
        case .day, .mday: return .integer(Int128(value.civil.day))
        case .hour: return .integer(Int128(value.civil.hour))
        case .min, .minute: return .integer(Int128(value.civil.minute))
        case .sec, .second: return .integer(Int128(value.civil.second))
        case .wday: return .integer(Int128(value.civil.weekday))
        case .yday: return .integer(Int128(value.civil.dayOfYear))
        case .is_sunday: return .bool(value.civil.weekday == 0)
        case .is_monday: return .bool(value.civil.weekday == 1)
        case .is_saturday: return .bool(value.civil.weekday == 6)
        case .zone:
            if case .fixed = value.zone { return .null }
            return try string(value.zone.rule.abbreviation(at: value.time.seconds))
        case .utc_offset, .gmt_offset, .gmtoff: return .integer(Int128(value.offset))
        case .is_utc, .is_gmt: return .bool(value.zone == .utc)
        case .utc, .gmtime, .getutc, .getgm: return .time(moved(value, to: .utc))
        case .localtime, .getlocal, .new_offset:
            guard arguments.count > 0, !arguments[0].isNull else {
                return .time(moved(value, to: method == .new_offset ? .utc : .local))
            }
            return .time(moved(value, to: try zone(arguments[0])))
        case .to_time: return .time(TimeValue(time: value.time, zone: value.zone))
        case .to_datetime: return .time(TimeValue(time: value.time, zone: value.zone, kind: .dateTime))
        case .to_date: return .time(TimeValue(time: value.time, zone: value.zone, kind: .date))
        case .strftime: return .string(try formatted(value, try text(arguments[0])))
        case .iso8601, .xmlschema, .rfc3339:
            let digits = arguments.count > 0 ? try integer(arguments[0]) : 0
            guard (0...9).contains(digits) else { throw .argument("too many digits") }
            if value.kind == .date { return try strftime(value, "%Y-%m-%d") }
            let isUTC = value.zone == .utc && value.kind == .time
            return try strftime(value, "%Y-%m-%dT%H:%M:%S" + (digits > 0 ? ".%\(digits)N" : "") + (isUTC ? "Z" : "%:z"))
        case .rfc2822: return try strftime(value, "%a, %d %b %Y %H:%M:%S " + (value.zone == .utc ? "-0000" : "%z"))
        case .httpdate: return try strftime(moved(value, to: .utc), "%a, %d %b %Y %H:%M:%S GMT")
        case .ctime, .asctime: return try strftime(value, "%a %b %e %H:%M:%S %Y")
        case .plus, .minus: return try moved(value, method, arguments[0])
        case .less, .less_equal, .greater, .greater_equal:
            return .bool(Self.holds(method, try order(.time(value), arguments[0])))
        case .compare: return try compare(.time(value), arguments[0]).map { .integer(Int128($0)) } ?? .null
        case .between:
            guard try order(.time(value), arguments[0]) >= 0 else { return .bool(false) }
            return .bool(try order(.time(value), arguments[1]) <= 0)
        case .round, .floor, .ceil:
            let digits = arguments.count > 0 ? try integer(arguments[0]) : 0
            guard (0...9).contains(digits) else { throw .argument("too many digits") }
            var unit: Int128 = 1
            for _ in digits..<9 { unit *= 10 }
            let rest = ((value.nanoseconds % unit) + unit) % unit
            let isUp = method == .ceil ? rest > 0 : method == .round && rest * 2 >= unit
            let nanoseconds = value.nanoseconds - rest + (isUp ? unit : 0)
            return .time(TimeValue(time: TimeValue.time(nanoseconds: nanoseconds), zone: value.zone, kind: value.kind))
        default: return nil
        }
    }

    private func moved(_ value: TimeValue, to zone: TimeValue.Zone) -> TimeValue {
        TimeValue(time: value.time, zone: zone, kind: value.kind)
    }

    private mutating func strftime(_ value: TimeValue, _ format: String) throws(ExpressionFailure) -> ExpressionValue {
        .string(try formatted(value, storage.append(copyOf: Array(format.utf8))))
    }

    private mutating func formatted(_ value: TimeValue, _ format: Slice) throws(ExpressionFailure) -> Slice {
        // A directive of few bytes can ask for 64.
        try checkRoom(Int(format.length) * 64)
        var text = ByteBuffer()
        if let problem = formatters.write(value, format, storage, to: &text) { throw .argument(problem) }
        return try string(text)
    }

    private mutating func moved(
        _ value: TimeValue, _ method: Method, _ other: ExpressionValue
    ) throws(ExpressionFailure) -> ExpressionValue {
        if method == .minus, case .time(let other) = other {
            return .float(Double(value.nanoseconds - other.nanoseconds) / 1e9)
        }
        // A DateTime counts in days.
        let unit: Int128 = value.kind == .time ? 1 : 86_400
        var distance: Int128
        switch other {
        case .integer(let seconds):
            guard seconds.magnitude < 1 << 40 else { throw ExpressionFailure("RangeError", "the time is out of range") }
            distance = seconds * unit * 1_000_000_000
        case .float(let seconds):
            guard let nanoseconds = TimeValue.nanoseconds(seconds * Double(unit)) else {
                throw ExpressionFailure("FloatDomainError", "no finite number of seconds")
            }
            distance = nanoseconds
        default: throw .type("can't convert \(described(other)) into an exact number")
        }
        if method == .minus { distance = -distance }
        return .time(
            TimeValue(
                time: TimeValue.time(nanoseconds: value.nanoseconds + distance), zone: value.zone, kind: value.kind))
    }

    /// `"+09:00"`, `"UTC"`, `"Z"`, seconds.
    func zone(_ value: ExpressionValue) throws(ExpressionFailure) -> TimeValue.Zone {
        if case .integer(let seconds) = value {
            guard seconds.magnitude < 86_400 else { throw .argument("utc_offset out of range") }
            return .fixed(seconds: Int32(seconds))
        }
        let name = storage.text(try text(value))
        if name == "UTC" || name == "Z" { return .utc }
        if name == "-00:00" { return .utc }
        guard name.hasPrefix("+") || name.hasPrefix("-"), let rule = try? TimeZoneRule(name) else {
            throw .argument("\"+HH:MM\", \"-HH:MM\", \"UTC\" expected for utc_offset")
        }
        return .fixed(seconds: Int32(rule.offset(at: 0)))
    }

    // MARK: - Making times

    mutating func timeClassMethod(
        _ type: RubyClass, _ method: Method, _ arguments: Arguments
    ) throws(ExpressionFailure) -> ExpressionValue? {
        let kind: TimeValue.Kind = type == .time ? .time : type == .date ? .date : .dateTime
        switch method {
        case .now, .today: return .time(TimeValue(time: clock(), kind: kind))
        case .new where arguments.count == 0: return .time(TimeValue(time: clock()))
        case .at: return try timeAt(arguments)
        case .parse, .iso8601, .xmlschema:
            let source: TimeSource = method == .parse ? .lenient : .iso8601
            return .time(try read(try text(arguments[0]), source, kind))
        case .strptime:
            let subject = try text(arguments[0])
            let format = storage.text(try text(arguments[1]))
            let source: TimeSource
            do throws(SettingError) {
                source = .format(try TimeFormat(format))
            } catch {
                throw .argument(error.message)
            }
            return .time(try read(subject, source, kind))
        case .utc, .gm, .local, .mktime, .new: return .time(try civil(method, arguments))
        default: return nil
        }
    }

    private mutating func timeAt(_ arguments: Arguments) throws(ExpressionFailure) -> ExpressionValue {
        var nanoseconds: Int128
        var zone = TimeValue.Zone.local
        switch arguments[0] {
        case .integer(let seconds):
            guard seconds.magnitude < 1 << 60 else { throw ExpressionFailure("RangeError", "the time is out of range") }
            nanoseconds = seconds * 1_000_000_000
        case .float(let seconds):
            guard let value = TimeValue.nanoseconds(seconds) else {
                throw ExpressionFailure("FloatDomainError", "no finite number of seconds")
            }
            nanoseconds = value
        case .time(let time):
            nanoseconds = time.nanoseconds
            zone = time.zone
        default: throw .type("can't convert \(described(arguments[0])) into an exact number")
        }
        if arguments.count > 1, isNumber(arguments[1]) {
            var unit: Double = 1000
            if arguments.count > 2, case .symbol(let name) = arguments[2] {
                switch storage.text(name) {
                case "millisecond": unit = 1_000_000
                case "usec", "microsecond": unit = 1000
                case "nsec", "nanosecond": unit = 1
                default: throw .argument("unexpected unit")
                }
            }
            switch arguments[1] {
            case .integer(let number) where number.magnitude < 1 << 60: nanoseconds += number * Int128(unit)
            case .float(let number) where number.magnitude < 1e15: nanoseconds += Int128((number * unit).rounded())
            default: throw ExpressionFailure("RangeError", "the time is out of range")
            }
        }
        if let other = try option("in", arguments) { zone = try self.zone(other) }
        return .time(TimeValue(time: TimeValue.time(nanoseconds: nanoseconds), zone: zone))
    }

    private mutating func read(
        _ slice: Slice, _ source: TimeSource, _ kind: TimeValue.Kind
    ) throws(ExpressionFailure) -> TimeValue {
        // A text of kilobytes is no time.
        guard slice.length < 4096 else { throw .argument("string length (\(slice.length)) exceeds the limit 4096") }
        let zone = kind == .time ? TimeZoneRule.local : .utc
        guard let moment = TimeMoment.read(storage, slice, source, zone: zone, clock: clock) else {
            throw .argument("no time information in the text")
        }
        var found: TimeValue.Zone = kind == .time ? .local : .utc
        if let offset = moment.zoneOffset { found = offset == 0 ? .utc : .fixed(seconds: offset) }
        return TimeValue(time: moment.time, zone: found, kind: kind)
    }

    /// `Time.utc(2024, 5, 6, 7, 8, 9)`
    private mutating func civil(_ method: Method, _ arguments: Arguments) throws(ExpressionFailure) -> TimeValue {
        var parts = [1970, 1, 1, 0, 0, 0]
        var fraction: Int128 = 0
        for index in 0..<min(arguments.count, 6) {
            if index == 5, case .float(let seconds) = arguments[5], let value = TimeValue.nanoseconds(seconds) {
                parts[5] = Int(seconds)
                fraction = value % 1_000_000_000
            } else if case .string(let slice) = arguments[index] {
                parts[index] = Int(clamping: try leadingInteger(slice, base: 10))
            } else if !arguments[index].isNull, !(index == arguments.count - 1 && type(of: arguments[index]) == .hash) {
                parts[index] = try integer(arguments[index])
            }
        }
        guard (1...9999).contains(parts[0]), (1...12).contains(parts[1]), (1...31).contains(parts[2]),
            (0...24).contains(parts[3]), (0...59).contains(parts[4]), (0...60).contains(parts[5])
        else { throw .argument("argument out of range") }
        let local = CivilTime(
            year: parts[0], month: parts[1], day: parts[2], hour: parts[3], minute: parts[4], second: parts[5]
        ).seconds
        var zone: TimeValue.Zone = method == .utc || method == .gm ? .utc : .local
        if method == .new, arguments.count > 6 { zone = try self.zone(arguments[6]) }
        let seconds = Int128(local - Int64(zone.rule.offset(local: local)))
        return TimeValue(time: TimeValue.time(nanoseconds: seconds * 1_000_000_000 + fraction), zone: zone)
    }
}
