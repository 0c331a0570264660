/// Small changes of an expression, each tried on the whole line before it is proposed.
struct ExplainSuggestions {
    /// What may stand in the place of a pattern that is too narrow, the narrowest first.
    static let wider = [
        "INT", "NUMBER", "WORD", "LOGLEVEL", "IP", "IPORHOST", "HOSTPORT", "USERNAME", "UUID", "TIMESTAMP_ISO8601",
        "SYSLOGTIMESTAMP", "HTTPDATE", "TIME", "URIPATHPARAM", "URI", "NOTSPACE", "QUOTEDSTRING", "DATA", "GREEDYDATA",
    ]
    static let maximumSuggestions = 3

    private let compiler: GrokCompiler
    private let expression: [UInt8]
    private let multiline: Bool
    private let search: ExplainSearch
    private var line: [UInt8] { search.line }

    init(_ compiler: GrokCompiler, _ expression: String, _ multiline: Bool, _ search: ExplainSearch) {
        self.compiler = compiler
        self.expression = Array(expression.utf8)
        self.multiline = multiline
        self.search = search
    }

    /// Changes of the operator's element `element`, in whose place `text` stands; `innermost` is what failed in it.
    func suggestions(
        for element: ExplainElement, in elements: [ExplainElement], at index: Int, expansion: GrokExpansion, shift: Int,
        text: Range<Int>, dropped: Range<Int>?, innermost: ExplainElement, places: [GrokPlace]
    ) -> [GrokRemedy] {
        func range(_ element: ExplainElement) -> Range<Int> {
            expansion.local(
                (element.source.lowerBound + shift)..<(element.source.upperBound + shift), in: nil)
        }
        let own = range(element)
        let found = String(decoding: line[text], as: UTF8.self)
        var result: [GrokRemedy] = []
        func propose(_ replacement: String, at given: Range<Int>? = nil, _ advice: String) {
            guard result.count < Self.maximumSuggestions else { return }
            let place = given ?? own
            guard place.upperBound <= expression.count else { return }
            let changed =
                String(decoding: expression[..<place.lowerBound], as: UTF8.self) + replacement
                + String(decoding: expression[place.upperBound...], as: UTF8.self)
            if matches(changed) { result.append(GrokRemedy(advice: advice, expression: changed)) }
        }
        let written = String(decoding: expression[own.clamped(to: 0..<expression.count)], as: UTF8.self)
        if let dropped, let first = elements[dropped].first, let last = elements[dropped].last {
            let all = range(first).lowerBound..<range(last).upperBound
            guard all.upperBound <= expression.count else { return [] }
            let text = String(decoding: expression[all], as: UTF8.self)
            propose("(?:\(text))?", at: all, "make '\(text)' optional: the line has no such part")
            return result
        }
        switch element.kind {
        case .space:
            if found.isEmpty {
                let end = line[text.lowerBound...].firstIndex { $0 == 0x20 } ?? line.count
                let mark = String(decoding: line[text.lowerBound..<end], as: UTF8.self)
                if end < line.count, (1...2).contains(mark.utf8.count),
                    !mark.contains(where: { $0.isLetter || $0.isNumber })
                {
                    propose(Self.escaped(mark) + written, "write '\(mark)' before the space")
                }
                propose(written + "?", "make the space optional")
            } else if found.allSatisfy({ $0 == " " }) {
                propose(" +", "allow several spaces")
            } else if found.allSatisfy({ $0 == " " || $0 == "\t" }) {
                propose("\\s+", "allow any white space")
            } else {
                propose(Self.escaped(found), "write '\(found)' instead of the space")
            }
        case .literal:
            let single = element.nodes.count == 1
            if found.isEmpty {
                propose(single ? written + "?" : "(?:\(written))?", "make '\(element.literal)' optional")
            } else if found.lowercased() == element.literal.lowercased() {
                propose("(?i:\(written))", "let upper and lower case count the same")
            }
            if !found.isEmpty {
                propose(
                    Self.escaped(found), "write '\(found)' instead of '\(element.literal)'")
            }
        case .reference(let number):
            if found.isEmpty {
                propose("(?:\(written))?", "make \(written) optional: the line has nothing there")
            } else {
                if found == "-" { propose("(?:-|\(written))", "allow a '-' where there is no value") }
                let old = expansion.name(of: number)
                if found.lowercased() != found || found.uppercased() != found {
                    propose("(?i:\(written))", "let upper and lower case count the same")
                }
                // One with fields of its own cannot be replaced by one without.
                let fields = (try? compiler.compile("%{\(old):x}"))?.fields.count ?? 2
                let before = result.count
                for name in Self.wider where name != old && fields == 1 && result.count == before {
                    guard covers(name, found) else { continue }
                    propose(
                        Self.renamed(written, from: old, to: name),
                        "use \(name) instead of \(old), which takes '\(found)'")
                }
            }
        case .expression:
            if case .anchor(let anchor)? = element.nodes.first?.kind, element.nodes.count == 1 {
                if anchor == .lineEnd || anchor == .subjectEnd || anchor == .subjectEndOrLastNewline {
                    propose("%{GREEDYDATA:rest}" + written, "keep what follows in a field of its own")
                }
                propose("", "leave \(written) out: the line has more than the expression")
            } else if found.isEmpty {
                propose("(?:\(written))?", "make \(written) optional: the line has nothing there")
            } else {
                propose(Self.escaped(found), "write '\(found)' there")
                if !found.contains(" ") { propose("\\S+", "let any word stand there") }
            }
        }
        if places.count > 1, result.isEmpty, let definition = places.last?.definition, innermost.kind != element.kind {
            result.append(
                GrokRemedy(advice: "change only this in a definition of your own of \(definition)", expression: nil)
            )
        }
        return result
    }

    /// `%{INT:status:integer}` with another name; the type goes where the new pattern is no number.
    private static func renamed(_ written: String, from old: String, to name: String) -> String {
        guard written.hasPrefix("%{\(old)") else { return written }
        var rest = written.dropFirst(2 + old.count)
        if !["INT", "NUMBER"].contains(name) {
            for type in FieldType.names where rest.hasSuffix(":\(type)}") {
                rest = rest.dropLast(type.count + 2) + "}"
                break
            }
        }
        return "%{\(name)\(rest)"
    }

    private func covers(_ name: String, _ text: String) -> Bool {
        guard compiler.library.definition(of: name) != nil else { return false }
        return matches("\\A%{\(name):x}\\z", Array(text.utf8), multiline: false)
    }

    private func matches(_ changed: String) -> Bool { matches(changed, line, multiline: multiline) }

    private func matches(_ expression: String, _ line: [UInt8], multiline: Bool) -> Bool {
        guard let reading = try? compiler.read(expression, multiline: multiline),
            SubjectText.classify(line.span) != .invalid
        else { return false }
        return ExplainSearch(search, reading, line: line).match([reading.pattern.root]) != nil
    }

    private static func escaped(_ text: String) -> String {
        var result = ""
        for character in text {
            if character == "\t" {
                result += "\\t"
            } else if character.isASCII, !character.isLetter, !character.isNumber,
                !" _-,:;=/<>@#%&!'\"~`".contains(character)
            {
                result += "\\\(character)"
            } else {
                result.append(character)
            }
        }
        return result
    }
}
