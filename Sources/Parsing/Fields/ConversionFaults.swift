internal import Events
internal import Time

/// What the values of a parser's fields could not be turned into. One for each parser and thread; nothing is spent on
/// values that convert. Whoever owns the parser asks after each batch, and tells.
package final class ConversionFaults {
    /// All values of one field that failed for one type since the last time somebody asked.
    package struct Fault: Sendable {
        package var field: String
        /// As `types` names it.
        package var type: String
        package var count = 0
        /// The first one, shortened, and what became of it: `'fast' is no number: 0.0 is stored`.
        package var example = ""
    }

    /// How much of a value is quoted.
    private static let quotedBytes = 24

    private var faults: [Fault] = []
    package private(set) var isEmpty = true

    package init() {}

    /// What was noted, and forgets it.
    package func take() -> [Fault] {
        let taken = faults.filter { $0.count > 0 }
        for index in faults.indices {
            faults[index].count = 0
            faults[index].example = ""
        }
        isEmpty = true
        return taken
    }

    /// A place for the faults of a field, to hand to `note`.
    func place(field: [UInt8], type: String) -> Int {
        faults.append(Fault(field: String(decoding: field, as: UTF8.self), type: type))
        return faults.count - 1
    }

    @inline(never)
    func note(_ place: Int, _ value: Value, _ what: String, _ storage: borrowing ByteBuffer) {
        isEmpty = false
        faults[place].count += 1
        if faults[place].count > 1 { return }
        var shown = ByteBuffer()
        shown.appendText(value, storage)
        let length = min(shown.count, Self.quotedBytes)
        let text = shown.text(Slice(offset: 0, length: length))
        faults[place].example = "'\(text)\(length < shown.count ? "…" : "")' \(what)"
    }
}

/// Looks at event times that are read from numbers: a year, or milliseconds, read as seconds is a time like any other,
/// only absurdly far from now.
struct TimePlausibility {
    /// 1980 to 2100: what logs are from.
    private static var plausible: ClosedRange<Int64> { 315_532_800...4_102_444_800 }

    private let faults: ConversionFaults
    private let place: Int

    /// nil for times that are written as dates.
    init?(_ reader: TimeReader, key: [UInt8], _ faults: ConversionFaults) {
        guard reader.readsNumbers else { return nil }
        self.faults = faults
        place = faults.place(field: key, type: "time")
    }

    @inline(__always)
    static func isPlausible(_ time: EventTime) -> Bool { plausible.contains(time.seconds) }

    func note(_ time: EventTime, _ value: Value, _ storage: borrowing ByteBuffer) {
        let year = CivilTime(seconds: time.seconds).year
        faults.note(
            place, value,
            "read as seconds since 1970 is in the year \(year), which is stored as the event's time",
            storage)
    }
}
