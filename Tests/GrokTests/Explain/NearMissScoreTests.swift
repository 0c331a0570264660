import Foundation
import Grok
import TestSupport
import Testing

/// Near-misses made by rule: the right element, a change that helps, none that does harm.
///
/// A small draw of each source, made of some of its pairs; the long form draws some hundred of all. `SLUICE_NEAR_MISS_SEEDS="300 301"` draws with
/// these seeds, `SLUICE_NEAR_MISS_COUNT` as many near-misses each;
/// `SLUICE_NEAR_MISS_SHOW=1` lists those that are not named, not fixed, or harmed.
@Suite struct NearMissScoreTests {
    private static let environment = ProcessInfo.processInfo.environment
    static let seeds: [UInt64] =
        environment["SLUICE_NEAR_MISS_SEEDS"]?.split(separator: " ").compactMap { UInt64($0) } ?? [1]
    static let count =
        environment["SLUICE_NEAR_MISS_COUNT"].flatMap { Int($0) }
        ?? (LongTests.areOn || environment["SLUICE_NEAR_MISS_SEEDS"] != nil ? 300 : 20)

    @Test("of near-misses made by rule", arguments: seeds, NearMissSource.allCases)
    func score(_ seed: UInt64, _ source: NearMissSource) throws {
        let compiler = GrokCompiler(library: try PatternLibrary(series: source.series))
        // To make all of them takes longer than to explain some.
        let all = try NearMissSample.all(source, compiler, pairs: Self.count < 300 ? 30 : .max)
        let misses = NearMissSample.draw(Self.count, of: all, seed: seed)
        #expect(misses.count >= min(Self.count, 300))
        var score = NearMissScore()
        for miss in misses { score.add(miss, compiler) }
        print("seed \(seed), \(source.rawValue), of \(all.count): \(score.summary)")
        if ProcessInfo.processInfo.environment["SLUICE_NEAR_MISS_SHOW"] != nil {
            print(
                "UNNAMED\n" + score.unnamed.joined(separator: "\n") + "\nUNFIXED\n"
                    + score.unfixed.joined(separator: "\n"))
            print("HARMFUL\n" + score.harmful.joined(separator: "\n"))
        }
        // A small draw has its luck: two standard deviations of a share.
        func luck(_ share: Double) -> Double {
            misses.count < 300 ? 2 * (share * (1 - share) / Double(misses.count)).squareRoot() : 0
        }
        #expect(
            score.namedShare >= source.namedFloor - luck(source.namedFloor), "\(score.unnamed.joined(separator: "\n"))")
        #expect(score.fixedShare >= 0.85 - luck(0.85), "\(score.unfixed.joined(separator: "\n"))")
        #expect(score.harmful.isEmpty, "\(score.harmful.joined(separator: "\n"))")
    }
}
