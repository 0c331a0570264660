import Foundation
import Grok
import Testing

/// One point of the dialect: an expression, a line, and the text Ruby 3.1 matches in it.
struct DialectCase: Sendable, CustomTestStringConvertible {
    let expression: String
    let line: String
    let expected: String?

    init(_ expression: String, _ line: String, _ expected: String?) {
        self.expression = expression
        self.line = line
        self.expected = expected
    }

    var testDescription: String { "/\(expression)/ on \(line.debugDescription)" }
}

@Suite struct RubyPatternTests {
    @Test(
        "an expression matches what Ruby matches",
        arguments: [
            // Anchors and the dot
            DialectCase("^b$", "a\nb\nc", "b"), DialectCase("a.b", "a\nb", nil), DialectCase("(?m)a.b", "a\nb", "a\nb"),
            DialectCase("(?m:a.)b.", "a\nb\n", nil), DialectCase("\\Ab", "a\nb", nil), DialectCase("b\\Z", "b\n", "b"),
            DialectCase("b\\z", "b\n", nil), DialectCase("^*a", "a", "a"), DialectCase("a$", "a\r\n", nil),
            // Words: \w is ASCII, \b is Unicode
            DialectCase("\\bnaïve\\b", "naïve", "naïve"), DialectCase("\\b\\w+\\b", "naïve x", "x"),
            DialectCase("\\b.", "é", "é"), DialectCase("\\Bb", "éb", "b"), DialectCase("(?a)\\bb", "éb", "b"),
            DialectCase("\\ba", "\u{2160}a", nil), DialectCase("\\ba", "e\u{301}a", nil),
            DialectCase("\\b!", "é!", "!"),
            DialectCase("(?u)\\w+", "naïve", "naïve"), DialectCase("(?a)[[:alpha:]]+", "éa", "a"),
            // Classes
            DialectCase("\\h+", "xyzBEEFg", "BEEF"), DialectCase("[[:alpha:]]+", "1é日2", "é日"),
            DialectCase("[^[:space:]]+", "\u{A0}é", "é"), DialectCase("[a-z&&[^aeiou]]+", "aeixyz", "xyz"),
            DialectCase("[\\p{L}&&[^\\p{Lu}]]+", "Äöü", "öü"), DialectCase("[[:punct:]]+", "a$+!", "$+!"),
            DialectCase("\\p{^Alpha}+", "é12", "12"), DialectCase("[a[bc[d]]]+", "xdcba", "dcba"),
            DialectCase("[^a[bc]]+", "abcd", "d"), DialectCase("[]x]+", "a]x", "]x"),
            DialectCase("[\\]a-]+", "b-]a", "-]a"),
            DialectCase("[\\x41-\\x43]+", "xABC", "ABC"), DialectCase("[é-ü]+", "aéöz", "éö"),
            DialectCase("[^é]+", "éab", "ab"),
            DialectCase("(?i)[^a]+", "AaB", "B"), DialectCase("(?i)[a-c]+", "xAbC", "AbC"),
            // Quantifiers
            DialectCase("a{1,2}+a", "aaa", "aaa"), DialectCase("a{,2}", "aaa", "aa"), DialectCase("a{2}?b", "b", "b"),
            DialectCase("a{2,}?", "aaaa", "aa"), DialectCase("a{", "a{", "a{"), DialectCase("a{,}", "a{,}", "a{,}"),
            DialectCase("a++a", "aaa", nil), DialectCase(".?*x", "abx", "abx"), DialectCase("(?:a+)+b", "aab", "aab"),
            DialectCase("(?:a?)+", "aa", "aa"), DialectCase("{a}", "{a}", "{a}"),
            // Scopes
            DialectCase("a(?i)b|c", "aC", "aC"), DialectCase("a(?i)b|c", "C", nil),
            DialectCase("(a(?i)b)c", "aBC", nil),
            DialectCase("(?i)straße", "STRASSE", "STRASSE"), DialectCase("(?i)ss", "xß", "ß"),
            DialectCase("(?i)k", "\u{212A}", "\u{212A}"), DialectCase("(?x) a b # c", "ab", "ab"),
            DialectCase("(?-i:a)", "A", nil), DialectCase("a(?#no)b", "ab", "ab"),
            // Escapes
            DialectCase("\\u00e9\\u{1F600 61}", "é😀a", "é😀a"), DialectCase("\\x41\\101\\t", "AA\t", "AA\t"),
            DialectCase("\\xC3\\xA9", "é", "é"), DialectCase("\\Q\\y\\é\\/", "Qyé/", "Qyé/"),
            DialectCase("a\\Rb", "a\r\nb", "a\r\nb"),
            DialectCase("\\X", "e\u{301}x", "e\u{301}"), DialectCase("\\cA", "\u{1}", "\u{1}"),
            // Groups
            DialectCase("(a)\\1", "aa", "aa"), DialectCase("(?<q>['\"]).*\\k<q>", "'a\"'", "'a\"'"),
            DialectCase("(?<p>\\((?:[^()]|\\g<p>)*\\))", "x(a(b)c)", "(a(b)c)"),
            DialectCase("(?<d>\\d)-\\g<d>", "1-2", "1-2"),
            DialectCase("(?<a>x)?(?(<a>)y|z)", "z", "z"), DialectCase("(?>a|ab)c", "abc", nil),
            DialectCase("/\\*(?~\\*/)\\*/", "/* a **/ */", "/* a **/"), DialectCase("(?<=a|bc)d", "bcd", "d"),
            DialectCase("(?<!a)b", "ab", nil), DialectCase("id=\\K\\d", "id=5", "5"),
            DialectCase("(?'n'a)\\k'n'", "aa", "aa"),
            DialectCase("(?<n>a)(?<n>b)\\k<n>", "abb", "abb"), DialectCase("(?<=\\bfoo)x", "foox", "x"),
        ])
    func dialect(_ example: DialectCase) throws {
        #expect(try matched(example.expression, example.line) == example.expected)
        // The same in a subject beyond ASCII, whose variant of the program must agree.
        let far = example.line + "\n\n☃"
        if !example.expression.contains("\\z"), !example.expression.contains("\\Z") {
            var found = try matched(example.expression, far)
            // A negated class reads on to the end.
            if let text = found, text.hasSuffix("\n\n☃") { found = String(text.dropLast(3)) }
            #expect(found == example.expected)
        }
    }

    @Test(
        "what Ruby refuses is refused at its place",
        arguments: [
            ("a)", 1), ("(a", 0), ("x(?s)a", 1), ("*a", 0), ("a|*", 2), ("[z-a]", 1), ("a[]", 1), ("a[", 1), ("a\\", 1),
            ("[\\w-x]", 3), ("[a-\\w]", 1), ("[[:foo:]]", 1), ("(?<1a>x)", 3), ("(?<>x)", 3), ("\\p{Foo}", 0),
            ("a\\xZ", 1), ("\\x{42}", 0), ("\\u12", 0), ("\\xE9", 0), ("\\400", 0), ("a{3,1}", 1), ("a{100001}", 1),
            ("(?<=a+)b", 0), ("x(?<!(?<n>a))b", 1), ("(?<n>a)(b)\\1", 10), ("(?<a>x)\\k<b>", 7), ("\\g<zz>", 0),
            ("\\8", 0),
            ("(?P<n>a)", 0), ("a(?i)*b", 5), ("(?#x", 0), ("(a)(?(1)a|b|c)", 3), ("(?~|a)", 0),
            ("\\k<n>(?<n>a)", 0), ("(?<=a\\z)b", 0), ("(?<n>a)(?<n>\\g<n>)", 12),
            ("x(?<a>\\g<a>)", 1), ("(?<a>a|\\g<a>)", 0), ("(?<a>a?\\g<a>b)", 0), ("(?<a>\\g<b>)(?<b>\\g<a>)", 0),
            ("(a)\\g<0>", 3),
        ])
    func refusals(_ expression: String, _ offset: Int) {
        #expect {
            _ = try Regex(expression)
        } throws: { error in
            (error as? PatternError)?.offset == offset
        }
    }

    @Test("names of any kind and length come back as written, in order of their first appearance")
    func names() throws {
        let long = String(repeating: "n", count: 200)
        let regex = try Regex("(?<b.c>x)(?<@t>y)|(?<[a][b]>z)(?<a-b>q)(?<b.c>w)(?<\(long)>v)")
        #expect(regex.groups.map(\.name) == ["b.c", "@t", "[a][b]", "a-b", long])
        #expect(regex.groups.first?.numbers == [1, 5])
        #expect(try captures("(?<a>x)(?<a>y)?", "xy") == ["a": "y"])
        #expect(try captures("(?<a>x)(?<a>y)?", "x") == ["a": "x"])
        #expect(try captures("(x)(?<a>y)", "xy") == ["a": "y"])
        #expect(try captures("(?<n>[a-z][a-z])*+(?<x>X)|[a-c].", "abB") == [:])
        #expect(try captures("(?<d>\\d)-\\g<d>", "1-2") == ["d": "2"])
    }

    @Test(
        "a run before an atomic group that can be empty gives back",
        arguments: [
            "(?>(?:x|y)?)", "(?>(?:xz)?)", "(?>x*|y)", "(?>(?:x*|y))", "(?>(?:xz)*)", "(?>|x)", "(?:xz)?+",
            "(?:x*|y)?+", "(?<b>xz)?+", "(?<b>xz)*+", "(?<b>(?>(?:xz)?))", "q?(?>(?:xz)?)", "(?:(?>(?:xz)?)|q)",
            "(?i:(?>(?:xz)?))",
            "(?>(?:(?>x?)|y))", "(?:(?=q)q|x?|y)?+",
        ])
    func emptyAtomic(_ group: String) throws {
        for line in ["1234", "1234é"] {
            let found = try captures("(?<a>\\d+)\(group)(?<c>\\d\\d)", line)
            #expect(found?["a"] == "12" && found?["c"] == "34")
        }
        // What is taken is kept.
        #expect(try captures("(?<a>é)(?>(?:x|\(group))*)x", "éxx") == nil)
    }

    @Test(
        "no optimisation of PCRE2 changes what matches",
        arguments: [
            // An atomic group keeps its first alternative, also where that did not lead on from an earlier place.
            DialectCase("(?>\\w*|b*)\\w", "a1", nil), DialectCase("(?:(?>\\w+|x?))\\w", "a1", nil),
            DialectCase("-?(?>a*.|b*)\\w", "a1", nil), DialectCase("(a|(?>\\w*|b*))\\w", "b1", nil),
            DialectCase("(?>.+|)(?<!b)", "a1bb", nil), DialectCase("(?:\\w*|b*)?+\\w", "a1", nil),
            // It begins at every place.
            DialectCase("(?>b+?)ba", "bbba", "bba"), DialectCase("(?>x|b+?)ba", "bbba", "bba"),
            DialectCase("(?>[^a]+?){2}a", "bbba", "bba"), DialectCase("(?>b+?)b?a", "bbba", "bba"),
            // The character that is looked at may be the one that is needed.
            DialectCase("(?=a)b?+a", "ba", "a"), DialectCase("(?=ab).?a", "bab", "a"),
            DialectCase("(?=[a])b?a", "ba", "a"), DialectCase("(?:(?=a))[^a]?a", "ba", "a"),
            DialectCase("(?!b)(?=a)b?a", "ba", "a"),
        ])
    func optimisations(_ example: DialectCase) throws {
        #expect(try matched(example.expression, example.line) == example.expected)
    }

    @Test("options beside the expression hold for all of it")
    func options() throws {
        #expect(try matched("a.b|C", "A\nB", options: [.ignoringCase, .dotMatchesNewline]) == "A\nB")
        #expect(try matched("a b # c", "ab", options: .extended) == "ab")
        let split = RubyPattern.split(literal: "/a\\/b/imxq")
        #expect(split?.expression == "a\\/b")
        #expect(split?.options == [.ignoringCase, .dotMatchesNewline, .extended])
        #expect(split?.unknown == "q")
        #expect(RubyPattern.split(literal: "a/b") == nil)
    }

    @Test("an ASCII-only expression stays as simple as it was written")
    func translation() throws {
        #expect(try RubyPattern("\\b\\w+\\b").translated() == "\\b\\w+\\b")
        #expect(try RubyPattern("(?:a|b)+(?<n>[^\"]*)").translated() == "(?:a|b)+([^\\\"]*)")
        #expect(try RubyPattern("(?:[A-Z]+)+").translated() == "[A-Z]+")
        // Next to a word character the Unicode boundary is one look-around.
        #expect(try RubyPattern("\\b\\w+\\b").translated(unicode: true).components(separatedBy: "(?").count == 3)
    }

    @Test("an invalid subject never reaches the engine")
    func invalid() throws {
        let bytes: [UInt8] = [0x61, 0xFF]
        #expect(SubjectText.classify(bytes.span) == .invalid)
        let repaired = SubjectText.repaired(bytes.span)
        #expect(repaired == Array("a\u{FFFD}".utf8) && SubjectText.classify(repaired.span) == .utf8)
        let regex = try Regex("a")
        #expect(regex.match(bytes.span, as: .invalid, MatchScratch()) == .gaveUp(.invalidUTF8))
        let empty: [UInt8] = []
        #expect(regex.match(empty.span, as: .ascii, MatchScratch()) == .noMatch)
    }

    @Test("text is classified as the Unicode standard says, at every offset of a word")
    func classification() {
        let samples: [([UInt8], SubjectText)] = [
            ([], .ascii), ([0x7F], .ascii), ([0xC3, 0xA9], .utf8), ([0xC3], .invalid), ([0x80], .invalid),
            ([0xC0, 0x80], .invalid), ([0xE0, 0x80, 0x80], .invalid), ([0xED, 0xA0, 0x80], .invalid),
            ([0xEF, 0xBF, 0xBF], .utf8), ([0xF0, 0x9F, 0x98, 0x80], .utf8), ([0xF0, 0x80, 0x80, 0x80], .invalid),
            ([0xF4, 0x90, 0x80, 0x80], .invalid), ([0xF5, 0x80, 0x80, 0x80], .invalid), ([0xE2, 0x82], .invalid),
        ]
        for (bytes, expected) in samples {
            for padding in 0...70 {
                let text = Array(repeating: UInt8(ascii: "a"), count: padding) + bytes
                #expect(SubjectText.classify(text.span) == expected)
                if expected != .invalid || bytes.count == 1 {
                    let followed = text + Array("tail".utf8)
                    #expect(SubjectText.classify(followed.span) == expected)
                }
            }
        }
    }

    @Test("nesting is bounded, and what is within the bound compiles on half of a default stack")
    func nesting() throws {
        let deep = String(repeating: "(?:a|", count: 240) + "b" + String(repeating: ")", count: 240)
        let done = DispatchSemaphore(value: 0)
        let thread = Thread {
            #expect((try? matched(deep, "b")) == "b")
            #expect((try? matched(deep, "é b")) == "b")
            done.signal()
        }
        thread.stackSize = 4 << 20
        thread.start()
        done.wait()
        let tooDeep = String(repeating: "(", count: 300) + String(repeating: ")", count: 300)
        #expect(throws: PatternError.self) { _ = try Regex(tooDeep) }
        #expect(throws: PatternError.self) { _ = try Regex("a" + String(repeating: "??", count: 2_000)) }
    }

    @Test("bytes that every match contains are found")
    func literals() throws {
        func literal(_ expression: String) throws -> String? {
            try Regex(expression).requiredLiteral.map { String(decoding: $0.bytes, as: UTF8.self) }
        }
        #expect(try literal("\\d+ message='(?<m>.*)'") == " message='")
        #expect(try literal("(?<m>ab)+c") == "ab")
        #expect(try literal("(?:ab|cd)") == nil)
        #expect(try literal("(?i)abc") == nil)
        #expect(try literal("(?i)ab== (?-i:xy)") == "== xy")
        #expect(try literal("a?b") == nil)
        #expect(try literal("größe=") == "größe=")
        #expect(try literal("a(?!bc)d") == "ad")
    }
}
