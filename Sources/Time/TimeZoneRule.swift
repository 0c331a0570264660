package import Events
internal import Glibc

/// Which offset from UTC applies when.
package struct TimeZoneRule: Sendable {
    enum Kind: Sendable {
        case fixed(seconds: Int)
        /// The process's own zone.
        case local
        case file(ZoneFile)
    }

    let kind: Kind

    package static let utc = TimeZoneRule(kind: .fixed(seconds: 0))
    package static let local = TimeZoneRule(kind: .local)

    /// A zone that is always the same number of seconds ahead of UTC.
    package static func fixed(seconds: Int) -> TimeZoneRule { TimeZoneRule(kind: .fixed(seconds: seconds)) }

    private init(kind: Kind) { self.kind = kind }

    /// The value of a `timezone` parameter: `+09:00`, `+0900`, `+09` or a name such as `Asia/Tokyo`.
    ///
    /// Abbreviations (`UTC`, `JST`) are refused as in Fluentd (`lib/fluent/timezone.rb`).
    package init(_ text: String) throws(SettingError) {
        if let seconds = Self.numericOffset(Array(text.utf8)) {
            self.init(kind: .fixed(seconds: seconds))
            return
        }
        let components = text.split(separator: "/", omittingEmptySubsequences: false)
        let isName =
            (2...3).contains(components.count)
            && components.allSatisfy { !$0.isEmpty && !$0.hasPrefix(".") && !$0.utf8.contains(0) }
        guard isName, let file = ZoneFile(name: text) else {
            throw SettingError(
                "timezone", "unsupported timezone '\(text)'",
                hint: "write an offset such as +09:00 or a zone name such as Asia/Tokyo or Etc/UTC")
        }
        self.init(kind: .file(file))
    }

    /// `+09:00`, `+0900`, `+09`.
    private static func numericOffset(_ text: [UInt8]) -> Int? {
        guard let sign = text.first, sign == UInt8(ascii: "+") || sign == UInt8(ascii: "-") else { return nil }
        var digits = Array(text.dropFirst())
        if digits.count == 5, digits[2] == UInt8(ascii: ":") { digits.remove(at: 2) }
        guard digits.count == 2 || digits.count == 4, digits.allSatisfy(isDigit) else { return nil }
        let numbers = digits.map { Int($0 - 0x30) }
        let hours = numbers[0] * 10 + numbers[1]
        let minutes = digits.count == 4 ? numbers[2] * 10 + numbers[3] : 0
        guard minutes < 60 else { return nil }
        let seconds = hours * 3600 + minutes * 60
        return sign == UInt8(ascii: "-") ? -seconds : seconds
    }

    /// Seconds ahead of UTC at a moment. O(log transitions).
    package func offset(at seconds: Int64) -> Int {
        switch kind {
        case .fixed(let offset): offset
        case .local: LocalZone.offset(at: seconds)
        case .file(let file): file.offset(at: seconds)
        }
    }

    /// `CET`, `JST`; empty for an offset that has no name, as in Ruby.
    package func abbreviation(at seconds: Int64) -> [UInt8] {
        switch kind {
        case .fixed(let offset): return offset == 0 ? Array("UTC".utf8) : []
        case .file(let file): return file.type(at: seconds).abbreviation
        case .local:
            var time = time_t(seconds)
            var parts = unsafe tm()
            guard unsafe localtime_r(&time, &parts) != nil, let name = unsafe parts.tm_zone else { return [] }
            return unsafe Array(String(cString: name).utf8)
        }
    }

    /// Seconds ahead of UTC when a clock in the zone shows `local` (seconds since 1970 if it were UTC).
    ///
    /// In the hour that comes twice the second is meant; a time in the hour that is left out is taken as if the clock had
    /// not been changed. Both as in Ruby's `Time.local`.
    package func offset(local: Int64) -> Int {
        if case .fixed(let offset) = kind { return offset }
        let before = offset(at: local - 86_400)
        let after = offset(at: local + 86_400)
        return before != after && offset(at: local - Int64(after)) == after ? after : before
    }
}

/// A zone with what was asked of it last: log lines follow each other within seconds. One for each reader, on one thread.
final class ZoneClock {
    let rule: TimeZoneRule
    /// Every change of an offset since 1972 fell on a full quarter of an hour.
    private var quarter = Int64.min
    private var quarterOffset = 0

    private let clock: @Sendable () -> EventTime

    init(_ rule: TimeZoneRule, clock: @escaping @Sendable () -> EventTime) {
        self.rule = rule
        self.clock = clock
    }

    func offset(local: Int64) -> Int {
        if case .fixed(let offset) = rule.kind { return offset }
        let asked = local >= 0 ? local / 900 : (local - 899) / 900
        if asked != quarter {
            quarterOffset = rule.offset(local: local)
            quarter = asked
        }
        return quarterOffset
    }

    /// What a clock shows now, in a given offset or in the zone.
    func now(_ offset: Int32?) -> CivilTime {
        let seconds = clock().seconds
        return CivilTime(seconds: seconds, offset: offset.map(Int.init) ?? rule.offset(at: seconds))
    }
}
