import Testing
import Words

@Suite("Text search")
struct TextSearchTests {
    @Test(
        "finds what stands in a text, wherever it stands, and nothing else",
        arguments: [
            ("password", "word", true), ("password", "pass", true), ("password", "password", true), ("aab", "ab", true),
            ("ababac", "abac", true), ("größe", "ö", true), ("", "", true), ("a", "", true), ("", "a", false),
            ("pass", "password", false), ("abab", "abb", false), ("e\u{301}", "é", false), ("Password", "pass", false),
        ])
    func holds(_ text: String, _ part: String, _ isThere: Bool) { #expect(text.holds(part) == isThere) }

    @Test("agrees with the standard library")
    func agrees() {
        let letters: [Character] = ["a", "b", "ß"]
        var texts = [""]
        for _ in 0..<4 { texts += texts.flatMap { text in letters.map { text + String($0) } } }
        let all = Array(Set(texts)).sorted()
        for text in all.prefix(60) {
            for part in all.prefix(60) {
                #expect(text.holds(part) == text.contains(part), "\(text) \(part)")
                if !part.isEmpty { #expect(text.place(of: part) == text.firstRange(of: part), "\(text) \(part)") }
            }
        }
    }
}
