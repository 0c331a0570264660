import Grok

/// How explanations of near-misses fare.
struct NearMissScore {
    private(set) var count = 0
    private(set) var named = 0
    private(set) var fixed = 0
    private(set) var offered = 0
    private(set) var harmful: [String] = []
    private(set) var unnamed: [String] = []
    private(set) var unfixed: [String] = []

    mutating func add(_ miss: NearMiss, _ compiler: GrokCompiler) {
        count += 1
        let line = Array(miss.line.utf8)
        let title = "[\(miss.rule)] \(miss.expression)\n      \(miss.line.debugDescription)"
        guard let found = try? compiler.explain(miss.expression, line: line) else {
            unnamed.append(title + "\n      no explanation")
            return
        }
        let isNamed = found.places.contains { place in
            place.definition == miss.definition
                && miss.blamed.contains {
                    $0.overlaps(place.range) || $0.isEmpty && place.range.contains($0.lowerBound)
                }
        }
        if isNamed {
            named += 1
        } else {
            let names = found.places.map { String(decoding: Array($0.text.utf8)[$0.range], as: UTF8.self) }
            unnamed.append(title + "\n      wanted \(wanted(miss)), got \(names)")
        }
        if found.suggestions.isEmpty { unfixed.append(title) } else { fixed += 1 }
        for remedy in found.suggestions {
            offered += 1
            if let harm = harm(of: remedy, miss, line, compiler) {
                harmful.append(
                    title + "\n      fix \(remedy.expression)"
                        + (remedy.definition.map { " with \($0.name) \($0.expression)" } ?? "") + "\n      \(harm)")
            }
        }
    }

    private func wanted(_ miss: NearMiss) -> String {
        guard miss.definition == nil else { return "\(miss.blamed) of \(miss.definition ?? "")" }
        return miss.blamed.map { String(decoding: Array(miss.expression.utf8)[$0], as: UTF8.self) }.debugDescription
    }

    /// What is wrong with a proposed change; nil: nothing.
    private func harm(
        of remedy: GrokRemedy, _ miss: NearMiss, _ line: [UInt8], _ compiler: GrokCompiler
    ) -> String? {
        let changed = compiler.applying(remedy)
        guard let found = NearMissFields.of(remedy.expression, line: line, changed) else { return "it does not match" }
        for (name, value) in miss.others {
            guard let range = found[name] else { return "the field \(name) is lost" }
            let got = String(decoding: line[range], as: UTF8.self)
            if got != value { return "\(name) is '\(got)' instead of '\(value)'" }
        }
        if let pattern = try? changed.compile(remedy.expression) {
            let names = Set(pattern.fields.map(\.name))
            if let lost = miss.fields.first(where: { !names.contains($0) }) { return "it has no field \(lost)" }
        }
        // The text that was put in is what the element should take, whatever stands around it.
        for (name, range) in found
        where miss.others[name] == nil && String(decoding: line[range], as: UTF8.self) != miss.value {
            for edge in [range.lowerBound, range.upperBound] where splitsToken(line, edge) {
                return "\(name) is '\(String(decoding: line[range], as: UTF8.self))', which cuts a token"
            }
        }
        if let value = miss.value, value.utf8.count >= 2, value.contains(where: { $0.isLetter || $0.isNumber }) {
            let text = remedy.definition?.expression ?? remedy.expression
            let old =
                miss.definition.flatMap { compiler.library.definition(of: $0)?.expression } ?? miss.expression
            if text.contains(value), !old.contains(value) { return "'\(value)' of this line is written into it" }
        }
        return nil
    }

    /// Between two digits, two letters, or inside a number or a date.
    private func splitsToken(_ line: [UInt8], _ edge: Int) -> Bool {
        guard edge > 0, edge < line.count else { return false }
        func isDigit(_ byte: UInt8) -> Bool { (0x30...0x39).contains(byte) }
        func isLetter(_ byte: UInt8) -> Bool { byte > 0x7F || (0x61...0x7A).contains(byte | 0x20) }
        let (a, b) = (line[edge - 1], line[edge])
        return isDigit(a) && isDigit(b) || isLetter(a) && isLetter(b)
            || isDigit(a) && ".,".utf8.contains(b) && edge + 1 < line.count && isDigit(line[edge + 1])
            || isDigit(b) && ".,".utf8.contains(a) && edge > 1 && isDigit(line[edge - 2])
    }

    var namedShare: Double { count == 0 ? 0 : Double(named) / Double(count) }
    var fixedShare: Double { count == 0 ? 0 : Double(fixed) / Double(count) }

    var summary: String {
        func percent(_ part: Int) -> String {
            count == 0 ? "-" : "\((Double(part) / Double(count) * 1000).rounded() / 10)"
        }
        return
            "\(count) near-misses: right element \(named) (\(percent(named)) %), with a fix \(fixed) (\(percent(fixed)) %), "
            + "\(offered) fixes offered, \(harmful.count) harmful"
    }
}
