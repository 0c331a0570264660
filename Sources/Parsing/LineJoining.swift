package import Events
internal import Grok

/// How an input that reads lines makes the texts that a parser gets.
package enum LineJoining: Sendable {
    /// Each line is one.
    case single
    /// Lines belong together until the parser knows what they are (`multiline` without `format_firstline`).
    case untilMatch
    /// Lines belong together until one begins the next text.
    case untilFirstLine(FirstLine)
}

/// The expression by which the first line of a text is known (`format_firstline`, `multiline_start_regexp`).
package struct FirstLine: Sendable {
    let regex: Regex
    let limits: MatchLimits

    package func makeMatcher() -> FirstLineMatcher { FirstLineMatcher(PatternMatcher(regex, limits: limits)) }
}

/// One for each thread.
package final class FirstLineMatcher {
    private let matcher: PatternMatcher

    init(_ matcher: PatternMatcher) { self.matcher = matcher }

    /// An expression that gives up matches nothing.
    package func matches(_ line: Slice, _ storage: inout ByteBuffer) -> Bool {
        var line = line
        return matcher.match(&line, &storage) == .matched
    }
}
