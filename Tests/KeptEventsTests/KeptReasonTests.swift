import KeptEvents
import Testing

@Suite struct KeptReasonTests {
    /// Numbers are what differs between reasons alike.
    private static func constantPart(_ text: String) -> String { text.filter { !$0.isNumber } }

    private let kept = KeptCause(output: "es", status: 400, type: "mapping", reason: "line 7 is no date")

    @Test(
        "a person names a reason by the words of any of its events, or by its type",
        arguments: [
            ("line 7 is no date", true), ("line 12 is no date", true), ("mapping", true), ("line is", false),
            ("", false), ("400", false),
        ])
    func named(_ text: String, _ holds: Bool) {
        #expect(KeptReason(named: text, constantPart: Self.constantPart).holds(for: kept) == holds)
    }

    @Test("events without a reason are found by their type alone")
    func unsaid() {
        let silent = KeptCause(output: "es", type: "timeout", reason: "")
        #expect(!KeptReason(named: "7", constantPart: Self.constantPart).holds(for: silent))
        #expect(KeptReason(named: "timeout", constantPart: Self.constantPart).holds(for: silent))
    }

    @Test("a group of a survey is its status, its type and its words")
    func group() {
        func holds(_ status: Int, _ type: String, _ reason: String) -> Bool {
            KeptReason(status: status, type: type, reason: reason, constantPart: Self.constantPart).holds(for: kept)
        }
        #expect(holds(400, "mapping", "line 1 is no date"))
        #expect(!holds(403, "mapping", "line 7 is no date"))
        #expect(!holds(400, "timeout", "line 7 is no date"))
        #expect(!holds(400, "mapping", "line 7 is no number"))
    }
}
