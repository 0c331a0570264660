import TestSupport
import Testing

/// What `Tests/Fuzz/Containers` feeds on and has found.
@Suite struct FiltersFuzzReplayTests {
    @Test("container logs of any bytes are joined without losing a byte")
    func containers() {
        let inputs = (GoldenData.fuzzInputs("Containers/Corpus") + GoldenData.failCases("Containers")).map(\.bytes)
        #expect(inputs.count >= 3)
        for input in inputs {
            for count in stride(from: input.count, through: 0, by: -max(1, input.count / 64)) {
                #expect(ContainersExercise.fault(of: Array(input.prefix(count))) == nil)
            }
        }
    }
}
