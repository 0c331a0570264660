import Testing
import Time

@testable import Pipeline

@Suite("Offsets of the slices of a buffer")
struct SliceOffsetsTests {
    private static let halfDay: Int64 = 12 * 3600

    /// When the offset changed, to the second.
    private func changes(_ rule: TimeZoneRule, _ range: Range<Int64>) -> [Int64] {
        var found: [Int64] = []
        for start in stride(from: range.lowerBound, to: range.upperBound, by: Int(Self.halfDay)) {
            var (before, after) = (start, start + Self.halfDay)
            guard rule.offset(at: before) != rule.offset(at: after) else { continue }
            while after - before > 1 {
                let middle = (before + after) / 2
                if rule.offset(at: middle) == rule.offset(at: start) { before = middle } else { after = middle }
            }
            found.append(after)
        }
        return found
    }

    @Test(
        "are those of the zone in each second around each change, whatever was asked for before",
        arguments: [
            // Changes at 00:01, of half an hour, of a quarter, of a day; what has none; what has the other sign.
            "America/St_Johns", "America/Moncton", "Australia/Lord_Howe", "Asia/Kathmandu", "Pacific/Apia",
            "Europe/Berlin", "Africa/Casablanca", "Asia/Gaza", "America/Caracas", "Asia/Tokyo", "Pacific/Kiritimati",
        ])
    func changes(_ name: String) throws {
        let rule = try TimeZoneRule(name)
        let changes = changes(rule, 94_694_400..<2_145_916_800)
        #expect(changes.isEmpty == (name == "Asia/Tokyo"))
        for change in changes {
            for order in [[-900, -1, 0, 1, 59, 899], [0, -1, 1], [899, 0, -1, -900], [-1, 0]] {
                let offsets = SliceOffsets(rule)
                for distance in order {
                    let second = change + Int64(distance)
                    #expect(offsets.offset(at: second) == rule.offset(at: second), "\(name), \(second)")
                }
            }
        }
    }

    @Test(
        "are those of the zone outside of the years for which one is kept",
        arguments: ["America/New_York", "-09:30", "+05:45", "Africa/Monrovia"])
    func extremes(_ name: String) throws {
        let rule = try TimeZoneRule(name)
        let offsets = SliceOffsets(rule)
        for second: Int64 in [.min / 2, -2_000_000_000, -1, 0, 63_593_000, 94_694_399, 94_694_400, 1 << 40, .max / 2] {
            #expect(offsets.offset(at: second) == rule.offset(at: second), "\(name), \(second)")
            // Once more: what is kept is told apart from what is not.
            #expect(offsets.offset(at: second) == rule.offset(at: second), "\(name), \(second)")
        }
    }
}
