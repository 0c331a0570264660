import TestSupport
import Testing

/// What `Tests/Fuzz/Answers` feeds on and has found.
@Suite struct OutputsFuzzReplayTests {
    @Test("answers of any bytes mean what their status says")
    func answers() {
        let inputs = (GoldenData.fuzzInputs("Answers/Corpus") + GoldenData.failCases("Answers")).map(\.bytes)
        #expect(inputs.count >= 5)
        for input in inputs {
            for count in stride(from: input.count, through: 0, by: -max(1, input.count / 64)) {
                #expect(AnswersExercise.fault(of: Array(input.prefix(count))) == nil)
            }
        }
    }
}
