import Grok
import TestSupport
import Testing

/// Near-misses made by rule: the right element, a change that helps, none that does harm.
@Suite struct NearMissScoreTests {
    struct Draw: Sendable, CustomTestStringConvertible {
        let series: PatternSeries
        /// The pairs of `NearMissPairs`; otherwise the shipped definitions with their samples.
        let isOwn: Bool
        let perRule: Int
        let seed: UInt64
        var testDescription: String {
            "\(isOwn ? "public formats" : "shipped definitions, \(series.rawValue)"), seed \(seed)"
        }
    }

    @Test(
        "of near-misses made by rule",
        arguments: [
            Draw(series: .legacy, isOwn: true, perRule: LongTests.areOn ? 6 : 3, seed: 1),
            Draw(series: .legacy, isOwn: true, perRule: LongTests.areOn ? 6 : 3, seed: 2),
            Draw(series: .legacy, isOwn: false, perRule: LongTests.areOn ? 2 : 1, seed: 3),
            Draw(series: .ecsV1, isOwn: false, perRule: LongTests.areOn ? 2 : 1, seed: 4),
        ])
    func score(_ draw: Draw) throws {
        let compiler = GrokCompiler(library: try PatternLibrary(series: draw.series))
        let misses = NearMissSample.sample(compiler, own: draw.isOwn, perRule: draw.perRule, seed: draw.seed)
        #expect(misses.count >= (draw.isOwn ? 100 : 20))
        var score = NearMissScore()
        for miss in misses { score.add(miss, compiler) }
        print("\(draw.testDescription): \(score.summary)")
        // Some shipped definitions take any text in several places of a line, so that nobody can tell what is missing.
        #expect(score.namedShare >= (draw.isOwn ? 0.97 : 0.93), "\(score.unnamed.joined(separator: "\n"))")
        // A draw of some dozens has its luck: one standard deviation of a share of 85 %.
        let luck = draw.isOwn ? 0 : (0.85 * 0.15 / Double(misses.count)).squareRoot()
        #expect(score.fixedShare >= 0.85 - luck, "\(score.unfixed.joined(separator: "\n"))")
        let tolerated = draw.isOwn ? 0 : score.offered / 100
        #expect(score.harmful.count <= tolerated, "\(score.harmful.joined(separator: "\n"))")
    }
}
