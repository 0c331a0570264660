/// A shipped pattern that may stand in the place of another one.
struct SisterPattern: Sendable {
    enum Family: Sendable {
        case time, number, network, path, word, other
    }

    let name: String
    let family: Family
    /// A quick look at a text; the pattern itself decides.
    private let mayTake: @Sendable (_ text: [UInt8]) -> Bool

    func mayTake(_ text: [UInt8]) -> Bool { !text.isEmpty && text.count < 512 && mayTake(text) }

    /// The family of a pattern by its name; `other` for an operator's own.
    static func family(of name: String) -> Family {
        all.first { $0.name == name }?.family ?? more[name] ?? .other
    }

    /// The narrowest of each family first.
    static let all: [SisterPattern] =
        times.map { SisterPattern(name: $0, family: .time, mayTake: { $0.count >= 5 && $0.contains(where: isDigit) }) }
        + [
            SisterPattern(name: "POSINT", family: .number, mayTake: { $0.allSatisfy(isDigit) }),
            SisterPattern(name: "NONNEGINT", family: .number, mayTake: { $0.allSatisfy(isDigit) }),
            SisterPattern(name: "INT", family: .number, mayTake: { $0.allSatisfy { isDigit($0) || isSign($0) } }),
            SisterPattern(name: "NUMBER", family: .number, mayTake: { $0.contains(where: isDigit) }),
            SisterPattern(
                name: "BASE16NUM", family: .number,
                mayTake: { text in
                    text.starts(with: Array("0x".utf8)) || text.count >= 4 && text.contains(where: isDigit)
                }),
            SisterPattern(name: "UUID", family: .other, mayTake: { $0.count == 36 }),
            SisterPattern(name: "MAC", family: .network, mayTake: { $0.count == 17 || $0.count == 14 }),
            SisterPattern(name: "IPV4", family: .network, mayTake: isDotted),
            SisterPattern(name: "IP", family: .network, mayTake: { isDotted($0) || hasColons($0) }),
            SisterPattern(name: "IPV6", family: .network, mayTake: hasColons),
            SisterPattern(name: "HOSTNAME", family: .network, mayTake: { $0.contains(where: LineTokens.isLetter) }),
            SisterPattern(name: "IPORHOST", family: .network, mayTake: { _ in true }),
            SisterPattern(name: "HOSTPORT", family: .network, mayTake: { $0.contains(UInt8(ascii: ":")) }),
            SisterPattern(name: "EMAILADDRESS", family: .network, mayTake: { $0.contains(UInt8(ascii: "@")) }),
            SisterPattern(name: "URI", family: .path, mayTake: { $0.contains(UInt8(ascii: ":")) }),
            SisterPattern(name: "UNIXPATH", family: .path, mayTake: { $0.first == UInt8(ascii: "/") }),
            SisterPattern(name: "URIPATHPARAM", family: .path, mayTake: { $0.first == UInt8(ascii: "/") }),
            SisterPattern(name: "WINPATH", family: .path, mayTake: { $0.contains(UInt8(ascii: "\\")) }),
            SisterPattern(
                name: "QUOTEDSTRING", family: .other,
                mayTake: { text in text.count > 1 && text.first == text.last && "\"'`".utf8.contains(text[0]) }),
            SisterPattern(name: "LOGLEVEL", family: .word, mayTake: { $0.allSatisfy(LineTokens.isLetter) }),
            SisterPattern(name: "WORD", family: .word, mayTake: { $0.allSatisfy(LineTokens.isWord) }),
        ]

    private static let times = [
        "HTTPDATE", "TIMESTAMP_ISO8601", "SYSLOGTIMESTAMP", "DATESTAMP_RFC2822", "DATESTAMP_RFC822", "DATESTAMP_OTHER",
        "DATE_US", "DATE_EU", "DATESTAMP", "CISCOTIMESTAMP", "TIME", "DATESTAMP_EVENTLOG",
    ]

    /// Names that are not proposed themselves.
    private static let more: [String: Family] = [
        "DATE": .time, "YEAR": .time, "MONTH": .time, "MONTHNUM": .time, "MONTHDAY": .time, "HOUR": .time,
        "MINUTE": .time, "SECOND": .time, "BASE10NUM": .number, "BASE16FLOAT": .number, "HOST": .network,
        "SYSLOGHOST": .network, "URIPATH": .path, "PATH": .path, "URIPARAM": .path, "USERNAME": .word, "USER": .word,
        "PROG": .word,
        "HTTPDUSER": .word, "DAY": .word, "RUBY_LOGLEVEL": .word, "HAPROXYDATE": .time, "NOTSPACE": .word,
    ]

    @Sendable private static func isDigit(_ byte: UInt8) -> Bool { LineTokens.isDigit(byte) }

    private static func isSign(_ byte: UInt8) -> Bool { byte == UInt8(ascii: "-") || byte == UInt8(ascii: "+") }

    @Sendable private static func isDotted(_ text: [UInt8]) -> Bool { text.count { $0 == UInt8(ascii: ".") } == 3 }

    @Sendable private static func hasColons(_ text: [UInt8]) -> Bool { text.count { $0 == UInt8(ascii: ":") } >= 2 }
}
