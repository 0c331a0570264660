internal import Grok

/// The argument of `<match>` and `<filter>`: which tags it is for. Source: `fluent/match.rb`, probed.
///
/// | written | matches |
/// | --- | --- |
/// | `a.*` | one part, possibly empty: `a.b`, not `a.b.c` |
/// | `a.**` | `a`, `a.b`, `a.b.c`; not `ab` |
/// | `**` | everything |
/// | `{a,b}.c` | alternatives, nested, with stars inside |
/// | `/re/` | the whole tag by a regular expression |
/// | `a b` | either |
package struct TagPattern: Sendable {
    private enum Alternative: Sendable {
        case glob(TagGlob)
        case regexp(Regex)
    }

    private let alternatives: [Alternative]
    package let text: String

    package struct SyntaxError: Error, Equatable {
        /// Bytes from the beginning of the argument.
        package var offset: Int
        package var message: String
    }

    /// A tag that keeps an expression busy for longer is none that it was written for.
    private static let limits: MatchLimits = {
        var limits = MatchLimits()
        limits.timeoutNanoseconds = 5_000_000
        return limits
    }()

    /// An empty argument matches every tag.
    package init(_ text: String) throws(SyntaxError) {
        self.text = text
        var alternatives: [Alternative] = []
        let bytes = Array(text.utf8)
        var start = 0
        while start < bytes.count {
            if bytes[start] == 0x20 || bytes[start] == 0x09 {
                start += 1
                continue
            }
            var end = start
            while end < bytes.count, bytes[end] != 0x20 && bytes[end] != 0x09 { end += 1 }
            let word = Array(bytes[start..<end])
            if word.count >= 2, word.first == UInt8(ascii: "/"), word.last == UInt8(ascii: "/") {
                do {
                    let body = String(decoding: word.dropFirst().dropLast(), as: UTF8.self)
                    alternatives.append(.regexp(try Regex("\\A(?:\(body))\\Z")))
                } catch {
                    throw SyntaxError(offset: start, message: "bad regular expression: \(error.message)")
                }
            } else {
                do throws(SyntaxError) {
                    for glob in try TagGlob.expand(word) { alternatives.append(.glob(glob)) }
                } catch {
                    throw SyntaxError(offset: start + error.offset, message: error.message)
                }
            }
            start = end
        }
        if alternatives.isEmpty { alternatives = try TagGlob.expand(Array("**".utf8)).map { .glob($0) } }
        self.alternatives = alternatives
    }

    package func matches(_ tag: [UInt8]) -> Bool {
        alternatives.contains { alternative in
            switch alternative {
            case .glob(let glob): glob.matches(tag)
            case .regexp(let regexp):
                regexp.match(
                    tag.span, as: SubjectText.classify(tag.span), MatchScratch(captures: 1, limits: Self.limits))
                    == .matched
            }
        }
    }
}

extension TagPattern {
    /// The pattern as it is written; an empty one means `**`.
    package var shown: String { text.isEmpty ? "**" : text }

    /// Tags that the pattern matches, one for each way it can be told from another pattern; those of `**` for an
    /// expression, whose tags nobody can list.
    var samples: [[UInt8]] {
        var samples: [[UInt8]] = []
        for alternative in alternatives {
            switch alternative {
            case .glob(let glob): samples += glob.samples
            case .regexp: samples += TagGlob(steps: [.any]).samples
            }
        }
        return samples
    }
}

/// One glob without alternatives.
struct TagGlob: Sendable, Equatable {
    enum Step: Sendable, Equatable {
        case byte(UInt8)
        /// `*`: any run without a dot.
        case part
        /// `**`: any run.
        case any
        /// The dot of `.**`: here a dot or the end must come.
        case boundary
        /// `**.`: the beginning, or anything up to a dot.
        case prefix

        fileprivate var isByte: Bool { if case .byte = self { true } else { false } }
    }

    let steps: [Step]
    /// How many globs one argument may expand to.
    static let maximumAlternatives = 1024

    func matches(_ tag: [UInt8]) -> Bool {
        // What stands before the first star leads to one place, or nowhere.
        var start = 0
        while start < steps.count, case .byte(let byte) = steps[start] {
            guard start < tag.count, tag[start] == byte else { return false }
            start += 1
        }
        if start == steps.count { return start == tag.count }
        // All places that can be reached after each step: no backtracking, O(steps × bytes).
        var places = [Bool](repeating: false, count: tag.count + 1)
        places[start] = true
        for step in steps[start...] {
            var next = [Bool](repeating: false, count: tag.count + 1)
            for place in 0...tag.count where places[place] {
                switch step {
                case .byte(let byte): if place < tag.count, tag[place] == byte { next[place + 1] = true }
                case .part:
                    var end = place
                    next[end] = true
                    while end < tag.count, tag[end] != UInt8(ascii: ".") {
                        end += 1
                        next[end] = true
                    }
                case .any: for end in place...tag.count { next[end] = true }
                case .boundary: if place == tag.count || tag[place] == UInt8(ascii: ".") { next[place] = true }
                case .prefix:
                    if place == 0 { next[0] = true }
                    for end in place..<tag.count where tag[end] == UInt8(ascii: ".") { next[end + 1] = true }
                }
            }
            places = next
        }
        return places[tag.count]
    }

    /// A part of a tag that no pattern is likely to name.
    private static let unnamedPart = Array("~q".utf8)
    private static let maximumSampleParts = 6
    private static let maximumSamples = 512

    /// Tags that the glob matches, with stars that stand for nothing, for one part and for several.
    var samples: [[UInt8]] {
        var start: [UInt8] = []
        for case .byte(let byte) in steps.prefix(while: \.isByte) { start.append(byte) }
        if start.count == steps.count { return [start] }
        let part = Self.unnamedPart
        let runs = (1...Self.maximumSampleParts).map {
            Array([[UInt8]](repeating: part, count: $0).joined(separator: [0x2E]))
        }
        var tags = [start]
        for step in steps[start.count...] {
            let choices: [[UInt8]] =
                switch step {
                case .byte(let byte): [[byte]]
                case .part: [part, []]
                case .any: runs + [[]] + runs.map { [0x2E] + $0 }
                case .boundary: [[]]
                case .prefix: [[]] + runs.map { $0 + [0x2E] }
                }
            tags = Array(tags.lazy.flatMap { tag in choices.map { tag + $0 } }.prefix(Self.maximumSamples))
        }
        let matching = tags.filter(matches)
        // Empty parts are no tags that anybody sends; they only count when the pattern names nothing else.
        let usual = matching.filter { tag in
            !tag.split(separator: 0x2E, omittingEmptySubsequences: false).contains { $0.isEmpty }
        }
        return usual.isEmpty ? matching : usual
    }

    /// Writes braces out: `a.{b,c}` is `a.b` and `a.c`.
    static func expand(_ word: [UInt8]) throws(TagPattern.SyntaxError) -> [TagGlob] {
        var globs: [TagGlob] = []
        for text in try expandBraces(word, 0) { globs.append(TagGlob(steps: steps(of: text))) }
        return globs
    }

    private static func expandBraces(_ word: [UInt8], _ base: Int) throws(TagPattern.SyntaxError) -> [[UInt8]] {
        guard let open = firstOpenBrace(word) else { return [word] }
        var depth = 0
        var parts: [[UInt8]] = [[]]
        var index = open
        var close: Int?
        while index < word.count {
            let byte = word[index]
            if byte == UInt8(ascii: "\\"), index + 1 < word.count {
                parts[parts.count - 1] += [byte, word[index + 1]]
                index += 2
                continue
            }
            if byte == UInt8(ascii: "{") {
                depth += 1
                if depth > 1 { parts[parts.count - 1].append(byte) }
            } else if byte == UInt8(ascii: "}") {
                depth -= 1
                if depth == 0 {
                    close = index
                    break
                }
                parts[parts.count - 1].append(byte)
            } else if byte == UInt8(ascii: ","), depth == 1 {
                parts.append([])
            } else {
                parts[parts.count - 1].append(byte)
            }
            index += 1
        }
        guard let close else {
            throw TagPattern.SyntaxError(offset: base + open, message: "'{' is never closed in the tag pattern")
        }
        var result: [[UInt8]] = []
        for part in parts {
            let whole = Array(word[..<open]) + part + Array(word[(close + 1)...])
            result += try expandBraces(whole, base)
            if result.count > maximumAlternatives {
                throw TagPattern.SyntaxError(
                    offset: base + open, message: "the tag pattern has more than \(maximumAlternatives) alternatives")
            }
        }
        return result
    }

    private static func firstOpenBrace(_ word: [UInt8]) -> Int? {
        var index = 0
        while index < word.count {
            if word[index] == UInt8(ascii: "\\") {
                index += 2
                continue
            }
            if word[index] == UInt8(ascii: "{") { return index }
            index += 1
        }
        return nil
    }

    private static func steps(of text: [UInt8]) -> [Step] {
        var steps: [Step] = []
        var index = 0
        let star = UInt8(ascii: "*")
        let dot = UInt8(ascii: ".")
        func isDoubleStar(_ at: Int) -> Bool { at + 1 < text.count && text[at] == star && text[at + 1] == star }
        while index < text.count {
            let byte = text[index]
            if byte == UInt8(ascii: "\\"), index + 1 < text.count {
                steps.append(.byte(text[index + 1]))
                index += 2
            } else if byte == dot, isDoubleStar(index + 1) {
                steps.append(.boundary)
                index += 1
            } else if isDoubleStar(index) {
                if index + 2 < text.count, text[index + 2] == dot, !isDoubleStar(index + 3) {
                    steps.append(.prefix)
                    index += 3
                } else {
                    steps.append(.any)
                    index += 2
                }
            } else if byte == star {
                steps.append(.part)
                index += 1
            } else {
                steps.append(.byte(byte))
                index += 1
            }
        }
        return steps
    }
}
