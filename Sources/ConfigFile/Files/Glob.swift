/// File name patterns of `@include`: `*`, `?`, `[a-z]`, `{a,b}`, `**/`, and `\` before a literal character.
///
/// Matches are sorted by bytes, as Fluentd includes them. Names with a leading dot need one in the pattern.
struct Glob {
    /// Paths that one pattern may bring; a configuration has no more files than this.
    static let maximumMatches = 1024
    /// Directories that `**/` goes down.
    private static let maximumDepth = 16

    /// The files that a pattern names, sorted. A path without pattern characters names itself when it exists.
    static func paths(_ pattern: String, in source: any FileSource) -> [String] {
        var found: Set<String> = []
        for alternative in expandBraces(Array(pattern.utf8)) {
            let isAbsolute = alternative.first == Byte.slash
            var parts: [[UInt8]] = []
            for part in alternative.split(separator: Byte.slash).map(Array.init) {
                // `**/**/` goes where `**/` goes, only more often.
                if part == Array("**".utf8), parts.last == part { continue }
                parts.append(part)
            }
            walk(parts[...], from: isAbsolute ? "/" : "", source, 0, &found)
        }
        return found.sorted { Array($0.utf8).lexicographicallyPrecedes(Array($1.utf8)) }
    }

    private static func walk(
        _ parts: ArraySlice<[UInt8]>, from base: String, _ source: any FileSource, _ depth: Int,
        _ found: inout Set<String>
    ) {
        guard found.count < maximumMatches else { return }
        guard let part = parts.first else {
            if !base.isEmpty { found.insert(base) }
            return
        }
        let rest = parts.dropFirst()
        func join(_ name: String) -> String { base.isEmpty || base == "/" ? base + name : base + "/" + name }
        if part == Array("**".utf8), !rest.isEmpty {
            walk(rest, from: base, source, depth, &found)
            guard depth < maximumDepth else { return }
            for name in source.entries(ofDirectory: base.isEmpty ? "." : base) ?? [] where !name.hasPrefix(".") {
                if source.entries(ofDirectory: join(name)) != nil {
                    walk(parts, from: join(name), source, depth + 1, &found)
                }
            }
            return
        }
        guard part.contains(where: { "*?[\\".utf8.contains($0) }) else {
            let path = join(String(decoding: part, as: UTF8.self))
            if source.exists(path) { walk(rest, from: path, source, depth, &found) }
            return
        }
        for name in source.entries(ofDirectory: base.isEmpty ? "." : base) ?? [] {
            if name.hasPrefix("."), part.first != UInt8(ascii: ".") { continue }
            if matches(part, Array(name.utf8)) { walk(rest, from: join(name), source, depth, &found) }
        }
    }

    /// Whether a name fits one part of a pattern. One remembered star is enough: a later star makes an earlier one final.
    static func matches(_ pattern: [UInt8], _ name: [UInt8]) -> Bool {
        var p = 0
        var n = 0
        var star: (pattern: Int, name: Int)?
        while n < name.count {
            if p < pattern.count, pattern[p] == UInt8(ascii: "*") {
                star = (p, n)
                p += 1
            } else if let next = step(pattern, p, name[n]) {
                p = next
                n += 1
            } else if let (patternStar, nameStar) = star {
                star = (patternStar, nameStar + 1)
                p = patternStar + 1
                n = nameStar + 1
            } else {
                return false
            }
        }
        return pattern[p...].allSatisfy { $0 == UInt8(ascii: "*") }
    }

    /// The pattern position behind the element at `p` when that element takes `byte`.
    private static func step(_ pattern: [UInt8], _ p: Int, _ byte: UInt8) -> Int? {
        guard p < pattern.count else { return nil }
        switch pattern[p] {
        case UInt8(ascii: "?"): return p + 1
        case Byte.backslash where p + 1 < pattern.count: return pattern[p + 1] == byte ? p + 2 : nil
        case Byte.openBracket:
            guard let close = pattern[(p + 1)...].firstIndex(of: Byte.closeBracket), close > p + 1 else {
                return byte == Byte.openBracket ? p + 1 : nil
            }
            var i = p + 1
            let isNegated = pattern[i] == UInt8(ascii: "^") || pattern[i] == UInt8(ascii: "!")
            if isNegated { i += 1 }
            var isMember = false
            while i < close {
                if i + 2 < close, pattern[i + 1] == UInt8(ascii: "-") {
                    if pattern[i] <= byte && byte <= pattern[i + 2] { isMember = true }
                    i += 3
                } else {
                    if pattern[i] == byte { isMember = true }
                    i += 1
                }
            }
            return isMember != isNegated ? close + 1 : nil
        default: return pattern[p] == byte ? p + 1 : nil
        }
    }

    /// `a{b,c}d` as `abd` and `acd`; unbalanced braces stand for themselves.
    private static func expandBraces(_ pattern: [UInt8]) -> [[UInt8]] {
        var done: [[UInt8]] = []
        var waiting = [pattern]
        while let next = waiting.popLast(), done.count + waiting.count < maximumMatches {
            guard let open = next.firstIndex(of: Byte.openBrace) else {
                done.append(next)
                continue
            }
            var depth = 0
            var cuts = [open]
            var close: Int?
            for i in open..<next.count {
                if next[i] == Byte.openBrace { depth += 1 }
                if next[i] == UInt8(ascii: ","), depth == 1 { cuts.append(i) }
                if next[i] == Byte.closeBrace {
                    depth -= 1
                    if depth == 0 {
                        close = i
                        break
                    }
                }
            }
            guard let close else {
                done.append(next)
                continue
            }
            cuts.append(close)
            for (start, end) in zip(cuts, cuts.dropFirst()) {
                waiting.append(Array(next[..<open] + next[(start + 1)..<end] + next[(close + 1)...]))
            }
        }
        return done
    }
}
