/// Marks that a person would take for one another: an opening bracket for another, a comma for a semicolon, but no brace for a
/// quote and no dollar for a colon.
enum MarkFamily: CaseIterable {
    case opening, closing, quotes, separators, signs

    /// Its marks, all ASCII.
    var marks: StaticString {
        switch self {
        case .opening: "([{<"
        case .closing: ")]}>"
        case .quotes: "\"'`"
        case .separators: ":;,=|-_./"
        case .signs: "#@&+~!*%$^?\\"
        }
    }

    /// The family of a character; nil: it is no mark.
    init?(_ scalar: UInt32) {
        guard let found = Self.allCases.first(where: { $0.contains(scalar) }) else { return nil }
        self = found
    }

    func contains(_ scalar: UInt32) -> Bool { "\(marks)".unicodeScalars.contains { $0.value == scalar } }

    /// Its marks as a class.
    var set: ScalarSet { ScalarSet("\(marks)".unicodeScalars.map { $0.value...$0.value }) }

    /// Whether a mark could be a slip of the pen for another.
    static func areAlike(_ one: UInt8, _ other: UInt8) -> Bool {
        MarkFamily(UInt32(one)).map { $0.contains(UInt32(other)) } ?? false
    }
}
