/// A regular expression in Ruby's syntax, read and checked, ready to be written for PCRE2.
///
/// The dialect: `^` and `$` match at every line, `(?m)` lets the dot match newlines, `\w \d \s` are ASCII while `\b`,
/// POSIX brackets, `\p{…}` and `(?i)` are Unicode, `\h` is a hex digit, plain parentheses do not capture when a group
/// has a name. What has no counterpart in PCRE2 is refused with its place.
package struct RubyPattern: Sendable {
    /// Options given beside the expression, as in `/…/imx`.
    package struct Options: OptionSet, Sendable {
        package let rawValue: UInt8
        package init(rawValue: UInt8) { self.rawValue = rawValue }
        /// `i`
        package static let ignoringCase = Options(rawValue: 1)
        /// `m`: the dot matches newlines.
        package static let dotMatchesNewline = Options(rawValue: 2)
        /// `x`: white space and comments do not count.
        package static let extended = Options(rawValue: 4)
    }

    let root: PatternNode
    let groups: GroupNumbering
    /// True when the source has a character beyond ASCII, escapes aside.
    let containsNonASCII: Bool

    /// Reads an expression.
    ///
    /// - Throws: `PatternError` with the place in `source`.
    package init(_ source: String, options: Options = []) throws(PatternError) {
        try self.init(Array(source.utf8), options: options)
    }

    /// Reads an expression that is valid UTF-8.
    ///
    /// - Parameter definitions: those in it whose nodes may be another expression's, with that one's places.
    init(_ source: [UInt8], options: Options, definitions: DefinitionPlaces? = nil) throws(PatternError) {
        var parserOptions = RubyPatternParser.Options()
        parserOptions.ignoringCase = options.contains(.ignoringCase)
        parserOptions.dotMatchesNewline = options.contains(.dotMatchesNewline)
        parserOptions.extended = options.contains(.extended)
        var parser = RubyPatternParser(source, definitions: definitions)
        var tree = try parser.parse(parserOptions)
        if parserOptions.ignoringCase {
            tree = PatternNode(.scoped(ignoringCase: true, tree), offset: 0, length: source.count)
        }
        var numbering = GroupNumbering()
        root = try numbering.resolve(tree)
        groups = numbering
        containsNonASCII = source.contains { $0 > 0x7F }
    }

    /// Splits `/expression/options`; nil when the text is not written so.
    ///
    /// The options Ruby's `Regexp` knows are taken, others are an error of the caller's to report: `unknown` has them.
    package static func split(literal text: String) -> (expression: String, options: Options, unknown: String)? {
        guard text.utf8.first == UInt8(ascii: "/"), let slash = text.lastIndex(of: "/"), slash > text.startIndex else {
            return nil
        }
        var options: Options = []
        var unknown = ""
        for letter in text[text.index(after: slash)...] {
            switch letter {
            case "i": options.insert(.ignoringCase)
            case "m": options.insert(.dotMatchesNewline)
            case "x": options.insert(.extended)
            default: unknown.append(letter)
            }
        }
        return (String(text[text.index(after: text.startIndex)..<slash]), options, unknown)
    }

    /// - Parameter watched: with callouts, see `PatternEmitter`.
    func emitted(unicode: Bool, watched: Bool = false) throws(PatternError) -> PatternEmitter {
        var emitter = PatternEmitter(unicode: unicode, groups: groups, watched: watched)
        try emitter.emitWhole(root)
        return emitter
    }

    /// The PCRE2 text, for tests and for showing it; `unicode` picks the variant for subjects beyond ASCII.
    package func translated(unicode: Bool = false) throws(PatternError) -> String {
        String(decoding: try emitted(unicode: unicode).text, as: UTF8.self)
    }
}
