import TestSupport
import Testing

@testable import Inputs

/// What `Tests/Fuzz` feeds on and has found.
@Suite struct InputsFuzzReplayTests {
    private static func inputs(_ target: String) -> [[UInt8]] {
        (GoldenData.fuzzInputs("\(target)/Corpus") + GoldenData.failCases(target)).map(\.bytes)
    }

    /// Each input, and what is left of it when its end or its beginning is cut off.
    private func faults(_ target: String, _ fault: ([UInt8]) -> String?) -> [String] {
        var faults: [String] = []
        for input in Self.inputs(target) {
            for count in stride(from: input.count, through: 0, by: -max(1, input.count / 64)) {
                if let found = fault(Array(input.prefix(count))) { faults.append("\(found): first \(count)") }
                if let found = fault(Array(input.prefix(2) + input.suffix(count))) {
                    faults.append("\(found): last \(count)")
                }
            }
        }
        return faults
    }

    @Test("requests of any bytes are read or refused with words")
    func http() {
        #expect(Self.inputs("HTTP").count >= 8)
        #expect(faults("HTTP", HTTPExercise.fault) == [])
    }

    @Test("a stream of messages is the same however it is cut, and every message is an event")
    func socket() {
        #expect(Self.inputs("Socket").count >= 6)
        #expect(faults("Socket", SocketExercise.fault) == [])
    }

    @Test("a pos_file is read in time that grows with its lines alone")
    func manyPositions() {
        let lines = 20_000
        let text = (0..<lines).map { "/var/log/\($0 % 2 == 0 ? "one" : "\($0)").log\t1\t\(String($0, radix: 16))\n" }
            .joined()
        let seconds = ThreadTime.seconds { #expect(PositionTable(text).entries.count == lines) }
        // Comparing each line with all before it takes a minute here.
        #expect(seconds < 20)
    }

    @Test("a pos_file of any bytes is read, and what was written is read again")
    func positions() {
        #expect(Self.inputs("Positions").count >= 3)
        #expect(faults("Positions", PositionsExercise.fault) == [])
    }
}
