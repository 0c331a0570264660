import Grok

/// One element of a line or of an expression changed so that they no longer fit.
struct NearMiss: Sendable {
    /// What was done: `thousands separator`.
    let rule: String
    /// The expression and the line that do not fit.
    let expression: String
    let line: String
    /// Where in the expression the element to blame is; several where a person would not prefer one.
    let blamed: [Range<Int>]
    /// The definition that `blamed` counts in; nil: the expression itself.
    let definition: String?
    /// The fields of all other elements, as the unbroken pair gives them.
    let others: [String: String]
    /// All fields that the unbroken expression has.
    let fields: Set<String>
    /// What stands in the line in the place of the element, when a value was changed.
    let value: String?
}

/// Makes near-misses by rule from a pair that fits.
struct NearMissRules {
    let compiler: GrokCompiler
    let pair: NearMissUnits
    /// The name whose definition the pair's expression is; nil: it is an operator's own.
    let definition: String?
    /// The whole pair, compiled once, and what it captures.
    private let matcher: GrokMatcher
    private let found: [String: Range<Int>]
    /// The expression without some of its elements, compiled once.
    let shortened = ShortenedExpressions()
    /// How each element is written but for the names of its fields.
    let shapes: [String]

    init?(_ compiler: GrokCompiler, _ pair: NearMissUnits, definition: String?) {
        self.compiler = compiler
        self.pair = pair
        self.definition = definition
        let expression =
            definition.map { "(?<whole.line>%{\($0)})" } ?? String(decoding: pair.expression, as: UTF8.self)
        guard let set = try? GrokSet([.init(expression)], compiler: compiler),
            let found = NearMissFields.of(String(decoding: pair.expression, as: UTF8.self), line: pair.line, compiler)
        else { return nil }
        matcher = GrokMatcher(set)
        self.found = found
        shapes = pair.units.map { unit in
            pair.source(unit).replacing(#/%\{(\w+)[^}]*\}/#) { "%{\($0.1)}" }.replacing(#/\(\?<[^>]*>/#, with: "(?<>")
        }
    }

    func all() -> [NearMiss] {
        var result: [NearMiss] = []
        for index in pair.units.indices { result += lineChanges(at: index) + expressionChanges(at: index) }
        return result
    }

    // MARK: - The line

    private func lineChanges(at index: Int) -> [NearMiss] {
        let unit = pair.units[index]
        guard let range = unit.text else { return anchorChanges(at: index) }
        let text = pair.text(unit)
        switch unit.kind {
        case .blank:
            return [
                ("two blanks", "\(text) "), ("tab for blank", "\t"), ("no blank", ""),
                ("comma before blank", ",\(text)"),
            ].compactMap {
                replaced(range, by: $0.1, $0.0, [index], orElse: $0.0 == "no blank" ? alike(index, range) : [])
            }
        case .literal:
            return literalChanges(text).compactMap { change in
                let isMissing = change.0 == "dropped literal"
                return replaced(
                    range, by: change.1, change.0, [index], orElse: isMissing ? alike(index, range) : [])
            }
        case .reference, .group, .characterClass, .escape:
            guard !text.isEmpty else { return [] }
            let next = range.upperBound < pair.line.count ? pair.line[range.upperBound] : 0x20
            let previous = range.lowerBound > 0 ? pair.line[range.lowerBound - 1] : 0x20
            let isBesideLetter = (0x61...0x7A).contains(next | 0x20) || (0x61...0x7A).contains(previous | 0x20)
            var result = valueChanges(text, pair.source(unit), isBesideLetter: isBesideLetter).compactMap {
                replaced(
                    range, by: $0.1, $0.0, [index], orElse: $0.0 == "two words" ? endOfLine(behind: index) : [],
                    isValue: true)
            }
            result += missing(index, range)
            return result
        case .anchor: return []
        }
    }

    private func literalChanges(_ text: String) -> [(String, String)] {
        let brackets = ["[": "(", "]": ")", "(": "[", ")": "]", "<": "[", ">": "]", "{": "(", "}": ")"]
        let separators = [
            ":": "=", "=": ":", "-": "_", "/": "|", ",": ";", ";": ",", "|": ";", "#": "@", "@": "#", ".": ",",
        ]
        var result = [("dropped literal", "")]
        if let other = brackets[text] { result.append(("other bracket", other)) }
        if let other = separators[text] { result.append(("other separator", other)) }
        let letters = text.filter(\.isLetter)
        if letters.count == text.count, text.count >= 2 {
            result.append(("other case", text == text.lowercased() ? text.uppercased() : text.lowercased()))
            if text.count >= 3 {
                let middle = text.index(text.startIndex, offsetBy: text.count / 2)
                result.append(("misspelt word", text[..<middle] + String(text[text.index(after: middle)...])))
            }
        }
        return result
    }

    private func valueChanges(_ text: String, _ source: String, isBesideLetter: Bool) -> [(String, String)] {
        var result = [("dash for none", "-"), ("quoted value", "\"\(text)\"")]
        let isNumber = text.allSatisfy { $0.isNumber || $0 == "." } && text.contains { $0.isNumber }
        if isNumber, Double(text) != nil {
            result += [
                ("thousands separator", "1,234"), ("decimal number", "12.5"), ("decimal comma", "12,5"),
            ]
            // `2h`, `0x00`: the letter beside it is the expression's.
            if !isBesideLetter {
                result += [
                    ("hexadecimal", "0x1f"), ("word for number", "many"), ("unit behind number", "\(text)ms"),
                ]
            }
            if source.contains("INT") || source.contains("NUMBER") { result.append(("negative number", "-\(text)")) }
        }
        if text.contains(":"), text.filter({ $0 == ":" }).count == 2, text.contains(where: \.isNumber) {
            result.append(("dots in the time", text.replacing(":", with: ".")))
            if let at = text.lastIndex(of: ":") { result.append(("no seconds", String(text[..<at]))) }
        }
        if text.split(separator: ".").count == 4, isNumber {
            result += [
                ("IPv6 for IPv4", "2001:db8::42"), ("bad octet", text + "99"),
                ("host for address", "web-1.example.org"),
            ]
        }
        if source.contains("DATE") || source.contains("TIMESTAMP") {
            result += [
                ("other date order", "24.11.2026 18:22:44"), ("other date order", "2026/11/24 18:22:44"),
                ("other date order", "24/Nov/2026:18:22:44 +0100"), ("other date order", "Nov 24 18:22:44"),
                ("other date order", "11/24/2026"), ("other date order", "24.11.2026"),
                ("other date order", "2026-11-24T18:22:44Z"),
            ].filter { $0.1 != text }
        }
        if source.contains("LEVEL") { result += [("unknown level", "VERBOSE"), ("level in odd case", "eRRoR")] }
        if text.allSatisfy({ $0.isLetter }) {
            result += [
                ("hyphen in word", "two-part"), ("dot in word", "two.part"), ("two words", "two words"),
                ("letter beyond ASCII", "zoë"),
            ]
            if text == text.lowercased() { result.append(("other case", text.uppercased())) }
            if text == text.uppercased() { result.append(("other case", text.lowercased())) }
        }
        return result
    }

    private func anchorChanges(at index: Int) -> [NearMiss] {
        guard pair.units[index].kind == .anchor else { return [] }
        let line = String(decoding: pair.line, as: UTF8.self)
        let isStart = index == 0
        let texts =
            isStart
            ? [("leading text", "web-1: \(line)"), ("leading blank", " \(line)")]
                + (line.hasPrefix("<") ? [] : [("priority before", "<13>\(line)")])
            : [("trailing text", "\(line) and more"), ("trailing blank", "\(line) "), ("carriage return", "\(line)\r")]
        // The last element may take part of what is behind it as well.
        return texts.compactMap { near($0.0, line: $0.1, [index], isValue: false) }
    }

    func replaced(
        _ range: Range<Int>, by text: String, _ rule: String, _ units: [Int],
        orElse others: @autoclosure () -> [Int] = [],
        isValue: Bool = false
    ) -> NearMiss? {
        let line = pair.line[..<range.lowerBound] + Array(text.utf8) + pair.line[range.upperBound...]
        return near(
            rule, line: String(decoding: line, as: UTF8.self), units, orElse: others, value: isValue ? text : nil,
            replacing: (range, text))
    }

    private func near(
        _ rule: String, line: String, _ units: [Int], orElse others: () -> [Int] = { [] }, isValue: Bool = false,
        value: String? = nil, replacing: (range: Range<Int>, text: String)? = nil
    ) -> NearMiss? {
        let expression = definition.map { "%{\($0)}" } ?? String(decoding: pair.expression, as: UTF8.self)
        let bytes = Array(line.utf8)
        if case .hit = matcher.match(bytes.span, as: SubjectText.classify(bytes.span)) { return nil }
        let blamed = (units + others()).map { pair.units[$0].range }
        return make(rule, expression, line, blamed, changed: units, value, replacing)
    }

    // MARK: - The expression

    private func expressionChanges(at index: Int) -> [NearMiss] {
        guard definition == nil else { return [] }
        let unit = pair.units[index]
        let source = pair.source(unit)
        var changes: [(String, String)] = []
        switch unit.kind {
        case .literal:
            let separators = [":": "=", "=": ":", ",": ";", ";": ",", "@": "#", "-": "_"]
            if let other = separators[source] { changes.append(("other separator in the expression", other)) }
            if source.count >= 2, source.allSatisfy(\.isLetter) {
                changes.append(
                    (
                        "other case in the expression",
                        source == source.lowercased() ? source.uppercased() : source.lowercased()
                    ))
            }
        case .blank: changes = [("extra blank in the expression", "  ")]
        case .reference:
            let narrower = [
                "%{IP:": "%{IPV6:", "%{NUMBER:": "%{POSINT:", "%{INT:": "%{WORD:", "%{WORD:": "%{INT:",
                "%{TIMESTAMP_ISO8601:": "%{HTTPDATE:", "%{HTTPDATE:": "%{TIMESTAMP_ISO8601:",
                "%{DATE_EU:": "%{DATE_US:", "%{DATE_US:": "%{DATE_EU:", "%{NOTSPACE:": "%{WORD:",
                "%{SYSLOGTIMESTAMP:": "%{TIMESTAMP_ISO8601:", "%{LOGLEVEL:": "%{INT:", "%{HOSTNAME:": "%{IP:",
                "%{USERNAME:": "%{INT:", "%{URIPATHPARAM:": "%{WORD:", "%{QUOTEDSTRING:": "%{WORD:",
                "%{EMAILADDRESS:": "%{IP:", "%{UUID:": "%{INT:", "%{MAC:": "%{IP:",
            ]
            for (old, new) in narrower where source.hasPrefix(old) {
                changes.append(("other pattern in the expression", new + source.dropFirst(old.count)))
            }
        default: break
        }
        var result = changes.compactMap { rule, text in
            changed(unit.range, to: text, rule, blamed: 0..<text.utf8.count, at: index)
        }
        result += brackets(index)
        return result
    }

    /// `[%{X:a}]` for `\[%{X:a}\]`.
    private func brackets(_ index: Int) -> [NearMiss] {
        let units = pair.units
        guard index + 2 < units.count, pair.source(units[index]) == "\\[", pair.source(units[index + 2]) == "\\]",
            units[index + 1].kind == .reference
        else { return [] }
        let range = units[index].range.lowerBound..<units[index + 2].range.upperBound
        let text = "[\(pair.source(units[index + 1]))]"
        return [
            changed(range, to: text, "brackets that are a class", blamed: 0..<text.utf8.count, at: index + 1)
        ].compactMap(\.self)
    }

    private func changed(
        _ range: Range<Int>, to text: String, _ rule: String, blamed: Range<Int>, at index: Int
    ) -> NearMiss? {
        let expression = String(
            decoding: pair.expression[..<range.lowerBound] + Array(text.utf8) + pair.expression[range.upperBound...],
            as: UTF8.self)
        // What does not compile is shown as an error, which is no near-miss.
        guard (try? compiler.compile(expression)) != nil,
            NearMissFields.of(expression, line: pair.line, compiler) == nil
        else { return nil }
        let place = (range.lowerBound + blamed.lowerBound)..<(range.lowerBound + blamed.upperBound)
        return make(
            rule, expression, String(decoding: pair.line, as: UTF8.self), [place], changed: [index],
            pair.units[index].kind == .reference ? pair.text(pair.units[index]) : nil)
    }

    // MARK: - What both share

    private func make(
        _ rule: String, _ expression: String, _ line: String, _ blamed: [Range<Int>], changed: [Int], _ value: String?,
        _ replacing: (range: Range<Int>, text: String)? = nil
    ) -> NearMiss? {
        var others = found.mapValues { String(decoding: pair.line[$0], as: UTF8.self) }
        for index in changed {
            // With whatever it captures inside.
            guard let text = pair.units[index].text else { continue }
            for (name, range) in found where range.lowerBound >= text.lowerBound && range.upperBound <= text.upperBound
            {
                others[name] = nil
            }
        }
        // A field around the element, as one that looks ahead to the end of the line, has what now stands in its place.
        if let replacing {
            for (name, range) in found
            where others[name] != nil && range.lowerBound <= replacing.range.lowerBound
                && range.upperBound >= replacing.range.upperBound && range != replacing.range
            {
                let text =
                    pair.line[range.lowerBound..<replacing.range.lowerBound] + Array(replacing.text.utf8)
                    + pair.line[replacing.range.upperBound..<range.upperBound]
                others[name] = String(decoding: text, as: UTF8.self)
            }
        }
        // Text in front of or behind the line may belong to the fields at its ends; a greedy one takes it.
        return NearMiss(
            rule: rule, expression: expression, line: line, blamed: blamed, definition: definition, others: others,
            fields: Set(found.keys), value: value)
    }
}
