import Testing
import Words

@Suite struct EditDistanceTests {
    @Test(
        "the distance counts insertions, deletions, substitutions and swaps",
        arguments: [
            ("abc", "abc", 0), ("abc", "acb", 1), ("abc", "ab", 1), ("", "ab", 2), ("fitler", "filter", 1),
            ("ca", "abc", 3), ("kitten", "sitting", 3),
        ])
    func distance(_ a: String, _ b: String, _ expected: Int) {
        #expect(EditDistance.between(a, b, limit: 5) == expected)
        #expect(EditDistance.between(b, a, limit: 5) == expected)
        #expect(EditDistance.between(a, b, limit: expected) == expected)
        if expected > 0 { #expect(EditDistance.between(a, b, limit: expected - 1) == nil) }
    }

    @Test("the nearest word within the limit is chosen, and short words are not all alike")
    func nearest() {
        #expect(EditDistance.nearest(to: "sorce", in: ["store", "source", "score"]) == "source")
        #expect(EditDistance.nearest(to: "ab", in: ["xy", "id"]) == nil)
        #expect(EditDistance.nearest(to: "x", in: []) == nil)
        #expect(EditDistance.ranked(["aaa", "abx", "abc"], by: "abc", count: 2) == ["abc", "abx"])
    }
}
