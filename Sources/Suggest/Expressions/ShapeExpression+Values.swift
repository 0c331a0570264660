import Grok

/// The expressions of values, with the types their meaning has.
extension ShapeExpression {
    /// What surrounds a value, and so ends it.
    enum Place { case blanks, delimiters, pairs }

    /// The pattern for a value, with the type its meaning has.
    mutating func pattern(_ summary: ValueSummary, _ name: String, in place: Place) -> String {
        fieldCount += 1
        let missing = summary.kinds.intersection(TokenKinds.missing)
        let kinds = summary.kinds.subtracting(TokenKinds.missing)
        let anything =
            place == .blanks ? "%{NOTSPACE:\(name)}" : place == .pairs ? "(?<\(name)>[^\\s,;|]*)" : "%{DATA:\(name)}"
        if kinds.isEmpty { return missing.contains(.empty) && place == .blanks ? "(?<\(name)>\\S*)" : anything }
        var body = typed(summary, kinds, name, place) ?? anything
        if body == anything { return body }
        if missing.contains(.dash) { body = "(?:-|\(body))" }
        if missing.contains(.empty) { body = "(?:\(body))?" }
        return body
    }

    private mutating func typed(
        _ summary: ValueSummary, _ kinds: TokenKinds, _ name: String, _ place: Place
    ) -> String? {
        func within(_ allowed: [SampleToken.Kind]) -> Bool { TokenKinds(allowed).isSuperset(of: kinds) }
        // Behind a number in the midst of a text nothing may go on that would make it something else.
        let edge = place == .pairs ? #"(?![^\s,;|)\]}>])"# : ""
        if kinds == TokenKinds(.integer) {
            if isTime(name) || !isInSentence, setEpoch(summary, name) { return "%{INT:\(name)}\(edge)" }
            return "%{INT:\(name)\(summary.isPlainNumber ? ":integer" : "")}\(edge)"
        }
        if within([.integer, .decimal]) {
            if isTime(name) || !isInSentence, setEpoch(summary, name) { return "%{NUMBER:\(name)}\(edge)" }
            let isFloat = !summary.isVersion && summary.isPlainNumber && !name.contains("version")
            return "%{NUMBER:\(name)\(isFloat ? ":float" : "")}\(edge)"
        }
        guard strictness == .narrow else { return nil }
        if within([.ipv4, .ipv6]) { return "%{IP:\(name)}\(edge)" }
        if kinds.contains(.endpoint), within([.endpoint, .ipv4, .ipv6]), place != .pairs {
            return endpoint(summary, name)
        }
        if kinds == TokenKinds(.endpoint), place != .pairs,
            summary.hostKinds.isSubset(of: TokenKinds([.name, .word, .ipv4, .ipv6]))
        {
            return endpoint(summary, name)
        }
        if kinds == TokenKinds(.quantity), let unit = summary.unit, summary.hasOneUnit, place != .pairs {
            let number = summary.isWhole ? "%{INT:\(name):integer}" : "%{NUMBER:\(name):float}"
            return number + Self.escaped(unit)
        }
        if kinds == TokenKinds(.uuid) { return "%{UUID:\(name)}\(edge)" }
        if kinds == TokenKinds(.mac), place == .blanks { return "%{MAC:\(name)}" }
        if kinds == TokenKinds(.level), place != .pairs { return "%{LOGLEVEL:\(name)}" }
        if kinds == TokenKinds(.method) || within([.level, .word]) && summary.isUppercase && kinds.contains(.level),
            place != .pairs
        {
            return "%{WORD:\(name)}"
        }
        return nil
    }

    private mutating func endpoint(_ summary: ValueSummary, _ name: String) -> String {
        let isAddress = TokenKinds.addresses.isSuperset(of: summary.hostKinds)
        let host = isAddress ? #"\[?%{IP:\#(name)}\]?"# : "(?<\(name)>[^\\s:]+)"
        let hasBrackets = summary.distinct.contains { $0.first == UInt8(ascii: "[") }
        let address = isAddress && !hasBrackets ? "%{IP:\(name)}" : host
        let port = names.unique(summary.isSourceFile ? "line" : Self.portName(name))
        fieldCount += 1
        let expression = ":%{INT:\(port):integer}"
        return address + (summary.portCount == summary.count ? expression : "(?:\(expression))?")
    }

    static func portName(_ name: String) -> String {
        switch name {
        case "clientip", "source.ip", "source.address": "clientport"
        default: "port"
        }
    }

    private var isInSentence: Bool { context.isSentence }

    private func isTime(_ name: String) -> Bool {
        ["time", "ts", "timestamp", "@timestamp", "epoch", "date"].contains(name)
    }

    /// Makes seconds since 1970 the event's time.
    mutating func setEpoch(_ summary: ValueSummary, _ name: String) -> Bool {
        guard time == nil, summary.isEpochSeconds || summary.isEpochMilliseconds else { return false }
        let isMilliseconds = summary.isEpochMilliseconds
        let isDecimal = summary.kinds.contains(.decimal)
        time = TimeField(
            name: name, formats: [isMilliseconds ? "%Q" : isDecimal ? "%s.%N" : "%s"],
            javaFormats: [isMilliseconds ? "UNIX_MS" : "UNIX"])
        return true
    }
}
