/// What Ruby's POSIX brackets and `\p{…}` names mean, in terms of PCRE2's properties.
///
/// Each definition was held against Ruby 3.1 over all scalar values: alphabetic and digit classes, space, punctuation,
/// graph, print and blank are equal member by member.
enum UnicodeClasses {
    /// What `\b` calls a word character in a UTF-8 string: letters, marks, decimal digits, connectors.
    static let word: ClassExpression = .union([
        .property("Alphabetic"), .property("M"), .property("Nd"), .property("Pc"),
    ])
    /// How PCRE2 is told about it.
    static let wordText = word.unicodeText(ignoringCase: false)

    /// The class behind `[[:name:]]`, or nil when there is no such name. `asciiOnly` is the state after `(?a)`.
    static func posix(_ name: String, asciiOnly: Bool) -> ClassExpression? {
        guard let unicode = unicode(name) else { return nil }
        guard asciiOnly else { return unicode }
        return .intersection([unicode, .scalars(.ascii)])
    }

    private static func unicode(_ name: String) -> ClassExpression? {
        switch name {
        case "alnum": return .union([.property("Alphabetic"), .property("Nd")])
        case "alpha": return .property("Alphabetic")
        case "blank": return .union([.property("Zs"), .scalars(ScalarSet([9...9]))])
        case "cntrl": return .property("Cc")
        case "digit": return .property("Nd")
        case "graph":
            return .complement(
                .union([.property("White_Space"), .property("Cc"), .property("Cn"), .property("Cs")]))
        case "lower": return .property("Lowercase")
        case "print":
            return .complement(
                .union([
                    .intersection([.property("White_Space"), .complement(.property("Zs"))]), .property("Cc"),
                    .property("Cn"), .property("Cs"),
                ]))
        case "punct":
            // The nine ASCII symbols count as punctuation since Onigmo 6.2.
            return .union([
                .property("P"),
                .scalars(
                    ScalarSet([
                        0x24...0x24, 0x2B...0x2B, 0x3C...0x3E, 0x5E...0x5E, 0x60...0x60, 0x7C...0x7C, 0x7E...0x7E,
                    ])),
            ])
        case "space": return .property("White_Space")
        case "upper": return .property("Uppercase")
        case "xdigit": return .scalars(.hexDigits)
        case "word": return word
        case "ascii": return .scalars(.ascii)
        default: return nil
        }
    }

    /// Names that Ruby spells out and PCRE2 10.42 does not know, squeezed (lower case, without space, `_`, `-`).
    private static let generalCategories = [
        "letter": "L", "mark": "M", "number": "N", "punctuation": "P", "symbol": "S", "separator": "Z", "other": "C",
        "uppercaseletter": "Lu", "lowercaseletter": "Ll", "titlecaseletter": "Lt", "modifierletter": "Lm",
        "otherletter": "Lo", "nonspacingmark": "Mn", "spacingmark": "Mc", "enclosingmark": "Me",
        "decimalnumber": "Nd", "letternumber": "Nl", "othernumber": "No", "connectorpunctuation": "Pc",
        "dashpunctuation": "Pd", "openpunctuation": "Ps", "closepunctuation": "Pe", "initialpunctuation": "Pi",
        "finalpunctuation": "Pf", "otherpunctuation": "Po", "mathsymbol": "Sm", "currencysymbol": "Sc",
        "modifiersymbol": "Sk", "othersymbol": "So", "spaceseparator": "Zs", "lineseparator": "Zl",
        "paragraphseparator": "Zp", "control": "Cc", "format": "Cf", "surrogate": "Cs", "privateuse": "Co",
        "unassigned": "Cn",
    ]

    /// The class behind `\p{name}`, or nil when neither Ruby's list nor PCRE2 knows the name.
    static func property(_ name: String) -> ClassExpression? {
        let squeezed = String(
            String.UnicodeScalarView(
                name.lowercased().unicodeScalars.filter { $0 != "_" && $0 != " " && $0 != "-" }))
        if let class_ = unicode(squeezed) { return class_ }
        switch squeezed {
        case "any": return .scalars(.all)
        case "assigned": return .complement(.property("Cn"))
        case "xposixpunct": return unicode("punct")
        default: break
        }
        // A script or a binary property may not be written with a type here: Ruby has no `Script=`.
        guard !squeezed.isEmpty, squeezed.utf8.allSatisfy({ (0x61...0x7A).contains($0) || (0x30...0x39).contains($0) })
        else { return nil }
        let known = generalCategories[squeezed] ?? squeezed
        return CompiledPattern.asciiMembers(ofProperty: known) == nil ? nil : .property(known)
    }
}
