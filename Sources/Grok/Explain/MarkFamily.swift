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

    /// The marks that stand between the values of a list and are no part of one.
    private static let listMarks = Array(",;|".utf8)

    static let listSet = ScalarSet(listMarks.map { UInt32($0)...UInt32($0) })

    /// Each bracket with the one that closes it.
    static let brackets = Array(zip("\(Self.opening.marks)".utf8, "\(Self.closing.marks)".utf8))

    /// The bracket that one closes; nil: it is no closing one.
    static func opening(of close: UInt8) -> UInt8? { brackets.first { $0.1 == close }?.0 }

    /// The family of a character; nil: it is no mark.
    init?(_ scalar: UInt32) {
        guard let found = Self.allCases.first(where: { $0.contains(scalar) }) else { return nil }
        self = found
    }

    func contains(_ scalar: UInt32) -> Bool { "\(marks)".unicodeScalars.contains { $0.value == scalar } }

    func contains(_ byte: UInt8) -> Bool { contains(UInt32(byte)) }

    /// Its marks as a class.
    var set: ScalarSet { ScalarSet("\(marks)".unicodeScalars.map { $0.value...$0.value }) }

    /// Whether a mark could be a slip of the pen for another.
    static func areAlike(_ one: UInt8, _ other: UInt8) -> Bool {
        MarkFamily(UInt32(one)).map { $0.contains(other) } ?? false
    }

    /// Whether a mark is a quote or a bracket: half of a pair.
    static func isOfPair(_ mark: UInt8) -> Bool {
        opening.contains(mark) || closing.contains(mark) || quotes.contains(mark)
    }

    /// Whether two marks of lists are different ones.
    static func areOtherListMarks(_ one: UInt8, _ other: UInt8) -> Bool {
        one != other && listMarks.contains(one) && listMarks.contains(other)
    }
}
