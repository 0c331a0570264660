/// English names of months and days, as C's locale has them.
enum CalendarNames {
    static let months: [StaticString] = [
        "january", "february", "march", "april", "may", "june", "july", "august", "september", "october", "november",
        "december",
    ]
    static let days: [StaticString] = ["sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday"]

    /// 1 … 12 from a name's first three letters (see `TextCursor.threeLetters`).
    static func month(_ letters: UInt32) -> Int32? {
        switch letters {
        case 0x6A616E: 1
        case 0x666562: 2
        case 0x6D6172: 3
        case 0x617072: 4
        case 0x6D6179: 5
        case 0x6A756E: 6
        case 0x6A756C: 7
        case 0x617567: 8
        case 0x736570: 9
        case 0x6F6374: 10
        case 0x6E6F76: 11
        case 0x646563: 12
        default: nil
        }
    }

    /// 0 = Sunday.
    static func day(_ letters: UInt32) -> Int32? {
        switch letters {
        case 0x73756E: 0
        case 0x6D6F6E: 1
        case 0x747565: 2
        case 0x776564: 3
        case 0x746875: 4
        case 0x667269: 5
        case 0x736174: 6
        default: nil
        }
    }
}

extension TextCursor {
    /// A month's name, whole or its first three letters, in any case: 1 … 12.
    mutating func monthName(_ text: Span<UInt8>) -> Int32? {
        guard let letters = threeLetters(text), let month = CalendarNames.month(letters) else { return nil }
        let name = CalendarNames.months[Int(month) - 1]
        place += matches(text, name) ? name.utf8CodeUnitCount : 3
        return month
    }

    /// A day's name, whole or its first three letters, in any case: 0 = Sunday.
    mutating func dayName(_ text: Span<UInt8>) -> Int32? {
        guard let letters = threeLetters(text), let day = CalendarNames.day(letters) else { return nil }
        let name = CalendarNames.days[Int(day)]
        place += matches(text, name) ? name.utf8CodeUnitCount : 3
        return day
    }
}
