/// Patterns that take a text as a whole, the narrowest first.
struct RemedyForms {
    struct Form {
        /// A pattern's name, or a piece of expression.
        enum Source: Equatable {
            case pattern(String)
            case expression(String)
        }

        let source: Source
        let rank: RemedyCandidate.Rank
    }

    let compiler: GrokCompiler
    let search: ExplainSearch

    /// What takes `text` in the place of `name`; nil: in the place of a piece of expression.
    func forms(of text: [UInt8], insteadOf name: String?) -> [Form] {
        let family = name.map(SisterPattern.family(of:)) ?? .other
        var result = sisters(of: text, name, family)
        if let time = time(text), family == .time || family == .other, !result.contains(where: { isTime($0) }) {
            result.append(Form(source: .expression(time), rank: .exact))
        }
        if let shape = Self.numberShape(text) { result.append(Form(source: .expression(shape), rank: .shaped)) }
        if name == nil { result += Self.shapes(text).map { Form(source: .expression($0), rank: .shaped) } }
        let isOneWord = !text.contains(where: LineTokens.isBlank)
        for general in isOneWord ? ["NOTSPACE", "DATA"] : ["DATA"]
        where general != name && compiler.library.definition(of: general) != nil {
            result.append(Form(source: .pattern(general), rank: .general))
        }
        return result
    }

    private func isTime(_ form: Form) -> Bool {
        if case .pattern(let name) = form.source { return SisterPattern.family(of: name) == .time }
        return false
    }

    /// The patterns of the set that take exactly the text: of times the narrowest first; of others those first that take
    /// what the old one took as well.
    private func sisters(_ text: [UInt8], _ name: String?, _ family: SisterPattern.Family) -> [SisterPattern] {
        let sample = name.flatMap { compiler.library.definition(of: $0)?.sample }
        var wider: [SisterPattern] = []
        var others: [SisterPattern] = []
        for sister in SisterPattern.all where sister.name != name && sister.mayTake(text) {
            let isNear =
                sister.family == family || family == .other
                || (family != .time || sister.family == .number)
                    && sister.family != .word && !["HOSTNAME", "IPORHOST"].contains(sister.name)
            guard isNear, compiler.library.definition(of: sister.name) != nil, takes("%{\(sister.name)}", text) else {
                continue
            }
            if family != .time, sister.family == family, let sample, takes("%{\(sister.name)}", Array(sample.utf8)) {
                wider.append(sister)
            } else {
                others.append(sister)
            }
        }
        return wider + others.filter { $0.family == family } + others.filter { $0.family != family }
    }

    private func sisters(of text: [UInt8], _ name: String?, _ family: SisterPattern.Family) -> [Form] {
        sisters(text, name, family).prefix(3).map { Form(source: .pattern($0.name), rank: .exact) }
    }

    /// Whether an expression takes a text from its first to its last character.
    func takes(_ expression: String, _ text: [UInt8]) -> Bool { end(of: "\(expression)\\z", in: text[...]) != nil }

    /// Where an expression ends that begins where the text does.
    private func end(of expression: String, in text: ArraySlice<UInt8>) -> Int? {
        guard let reading = try? compiler.read("\\A(?:\(expression))", multiline: false),
            SubjectText.classify(Array(text).span) != .invalid
        else { return nil }
        return ExplainSearch(search, reading, line: Array(text)).match([reading.pattern.root])?.whole.upperBound
    }

    // MARK: - Dates and times

    private static let dates = [
        "\\d{4}[./-]%{MONTHNUM}[./-]%{MONTHDAY}", "%{DATE_US}", "%{DATE_EU}", "%{MONTHDAY}[ /-]%{MONTH}[ /-]%{YEAR}",
        "%{DAY},? %{MONTHDAY} %{MONTH} %{YEAR}", "%{DAY} %{MONTH} +%{MONTHDAY},? %{YEAR}",
        "%{MONTH} +%{MONTHDAY},? %{YEAR}", "%{MONTH} +%{MONTHDAY}", "\\d{8}",
    ]
    private static let clocks = [
        "%{TIME}", "%{HOUR}:%{MINUTE}", "%{HOUR}[.-]%{MINUTE}[.-]%{SECOND}",
        "%{HOUR}:%{MINUTE}(?::%{SECOND})? ?[AaPp][Mm]",
    ]
    private static let zone = "(?: ?(?:%{ISO8601_TIMEZONE}|[A-Z]{3,4}))?"

    /// A date, a time, or both with what stands between them.
    private func time(_ text: [UInt8]) -> String? {
        guard text.count >= 5, text.count <= 64, text.count(where: LineTokens.isDigit) >= 3 else { return nil }
        if let clock = clock(text[...]) { return clock }
        for date in Self.dates {
            guard let dateEnd = end(of: date, in: text[...]) else { continue }
            if dateEnd == text.count { return date }
            let between = text[dateEnd...].prefix { " T:,_-".utf8.contains($0) }
            guard (1...3).contains(between.count), let clock = clock(text[between.endIndex...]) else { continue }
            return date + RemedyText.escaped(String(decoding: between, as: UTF8.self)) + clock
        }
        return nil
    }

    private func clock(_ text: ArraySlice<UInt8>) -> String? {
        guard text.contains(where: { ":.-".utf8.contains($0) }) else { return nil }
        let whole = Array(text)
        for clock in Self.clocks {
            if takes(clock, whole) { return clock }
            if takes(clock + Self.zone, whole) { return clock + Self.zone }
        }
        return nil
    }

    // MARK: - Shapes

    /// A number with marks that no pattern of the set knows: `1,234`, `12,5`, `1_000`.
    private static func numberShape(_ text: [UInt8]) -> String? {
        let digits = text.drop { $0 == UInt8(ascii: "-") || $0 == UInt8(ascii: "+") }
        guard let first = digits.first, let last = digits.last, LineTokens.isDigit(first), LineTokens.isDigit(last)
        else {
            return nil
        }
        let marks = Set(digits.filter { !LineTokens.isDigit($0) })
        guard !marks.isEmpty, marks.allSatisfy({ ".,'_".utf8.contains($0) }) else { return nil }
        let sign = digits.count < text.count ? "[+-]?" : ""
        return "\(sign)\\d[\\d\(marks.sorted().map { String(UnicodeScalar($0)) }.joined())]*"
    }

    /// Classes that take the text, from its own kind of characters on.
    private static func shapes(_ text: [UInt8]) -> [String] {
        var result: [String] = []
        if text.allSatisfy(LineTokens.isDigit) { result.append("\\d+") }
        if text.allSatisfy({ LineTokens.isLetter($0) && $0 < 0x80 }) { result.append("[A-Za-z]+") }
        if text.allSatisfy({ LineTokens.isWord($0) && $0 < 0x80 }) { result.append("\\w+") }
        if text.allSatisfy({ LineTokens.isWord($0) && $0 < 0x80 || ".-".utf8.contains($0) }) {
            result.append("[\\w.-]+")
        }
        return Array(result.prefix(2))
    }
}
