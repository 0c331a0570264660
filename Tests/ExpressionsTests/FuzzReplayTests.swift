import Expressions
import TestSupport
import Testing

/// Expressions on the first line, a record behind it, as `Tests/Fuzz/Expressions` has them.
@Suite struct FuzzReplayTests {
    @Test("inputs that once failed do no harm", arguments: GoldenData.failCases("Expressions").map(\.bytes))
    func replays(_ input: [UInt8]) {
        let line = input.prefix { $0 != 0x0A }
        let source = String(decoding: line, as: UTF8.self)
        do {
            _ = try ExpressionTemplate(source)
        } catch {
            #expect(error.offset >= 0 && error.offset + error.length <= source.utf8.count)
        }
        var evaluation = Evaluation()
        evaluation.limits.steps = 20_000
        evaluation.limits.bytes = 1 << 20
        _ = try? evaluation.json(source, of: String(decoding: input.dropFirst(line.count + 1), as: UTF8.self))
    }
}
