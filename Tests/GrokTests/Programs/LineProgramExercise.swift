import Grok

/// Holds what an expression's own program finds against what PCRE2 finds. Fuzzed by `Tests/Fuzz/Programs`, and its findings
/// replayed here.
final class LineProgramExercise {
    /// Lines on which the program said something.
    private(set) var decided = 0
    /// Lines that it left to PCRE2.
    private(set) var unsure = 0
    private let own = MatchScratch()
    private let engines: MatchScratch

    init() {
        // The engine has all the steps it may want, so that it answers too.
        engines = MatchScratch()
    }

    /// How the two differ on a line; nil when they do not, or when only one of them knows.
    func difference(_ regex: Regex, _ line: [UInt8]) -> String? {
        let text = SubjectText.classify(line.span)
        guard text != .invalid else { return nil }
        // From the beginning, and from where a second search would go on.
        for start in [0, firstBoundary(line, from: line.count / 3)] {
            guard let found = regex.lineOutcome(line.span, as: text, from: start, own) else {
                unsure += 1
                continue
            }
            guard let expected = regex.engineOutcome(line.span, as: text, from: start, engines) else { continue }
            if case .gaveUp = expected { continue }
            decided += 1
            if found != expected { return "from \(start): \(found), PCRE2 says \(expected)" }
            guard found == .matched else { continue }
            for group in 0...regex.captureCount {
                let (a, b) = (
                    (own.start(of: group), own.end(of: group)), (engines.start(of: group), engines.end(of: group))
                )
                if a != b { return "from \(start): group \(group) at \(a), PCRE2 has it at \(b)" }
            }
        }
        return nil
    }

    private func firstBoundary(_ line: [UInt8], from place: Int) -> Int {
        var place = place
        while place < line.count, line[place] & 0xC0 == 0x80 { place += 1 }
        return place
    }

    /// An expression, a zero byte, a line: what is wrong with them; nil: nothing.
    func fault(of input: [UInt8], _ compiler: GrokCompiler) -> String? {
        let parts = input.split(separator: 0, maxSplits: 1, omittingEmptySubsequences: false)
        guard let expression = String(validating: parts[0], as: UTF8.self),
            let pattern = try? compiler.compile("(?<all>\(expression))")
        else { return nil }
        return difference(pattern.regex, parts.count > 1 ? Array(parts[1]) : []).map { "/\(expression)/ \($0)" }
    }
}

/// Expressions and lines drawn from the shipped definitions.
struct LineProgramDraws {
    let compiler: GrokCompiler
    let names: [String]
    let samples: [[UInt8]]

    init(_ series: PatternSeries) throws {
        let library = try PatternLibrary(series: series)
        compiler = GrokCompiler(library: library)
        names = library.names
        samples = library.names.compactMap { library.definition(of: $0)?.sample.map { Array($0.utf8) } }
    }

    private static let joints = [
        " ", "", ": ", " - ", "-", "/", "\\[", "\\] ", "\"", " +", " *", "\\s+", "=", "|", "?", ".*", ".*?", "\\b", "^",
        "$", "\\S*",
        "\\d{2,3}", "[^ ]+", "[a-z]*+", "(?:a|ab)", "(?:x|)", "(?<!\\w)", "(?=\\d)", "(?!-)", "\\w{1,4}?",
        "(?:[a-f0-9]{2}:?)+",
        "(?<n>a)?", "(?:(?<m>\\d)|(?<o>\\w))*", "(?>a*|b)", "(?i:get|Post)", "é", "[é-ü]?", "\\W", "\\B", "(?:\\d+,)*?",
        ".", "\\n?",
    ]

    /// Parts one after the other, some of them named, some repeated.
    func expression(_ generator: inout some RandomNumberGenerator) -> String {
        var text = ""
        for _ in 0..<Int.random(in: 1...5, using: &generator) {
            let name = names[Int.random(in: 0..<names.count, using: &generator)]
            switch Int.random(in: 0..<8, using: &generator) {
            case 0: text += "%{\(name)}"
            case 1: text += "(?:%{\(name):c})?"
            case 2: text += "(?:%{\(name)}|%{\(names[Int.random(in: 0..<names.count, using: &generator)]):d})"
            case 3: text += "(?:%{DATA:e}|%{\(name)})"
            default: text += "%{\(name):f\(Int.random(in: 0..<3, using: &generator))}"
            }
            for _ in 0..<Int.random(in: 0...2, using: &generator) {
                text += Self.joints[Int.random(in: 0..<Self.joints.count, using: &generator)]
            }
        }
        return text
    }

    /// A sample line, often with faults in it.
    func line(_ generator: inout some RandomNumberGenerator) -> [UInt8] {
        var line = samples[Int.random(in: 0..<samples.count, using: &generator)]
        let other = samples[Int.random(in: 0..<samples.count, using: &generator)]
        for _ in 0..<Int.random(in: 0...3, using: &generator) where !line.isEmpty {
            let place = Int.random(in: 0..<line.count, using: &generator)
            switch Int.random(in: 0..<7, using: &generator) {
            case 0: line.remove(at: place)
            case 1: line[place] = other[Int.random(in: 0..<other.count, using: &generator)]
            case 2: line.insert(contentsOf: "é".utf8, at: place)
            case 3: line.insert(0x0A, at: place)
            case 4: line.insert(contentsOf: other.prefix(40), at: place)
            case 5: line.removeSubrange(place...)
            default: line.insert(UInt8.random(in: 0x20...0x7E, using: &generator), at: place)
            }
        }
        return line
    }
}
