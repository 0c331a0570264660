import Grok
import TestSupport

/// Near-misses drawn from all that the rules make.
enum NearMissSample {
    /// All of a source, by rule.
    ///
    /// - Parameter pairs: made of about so many of its pairs only, the same ones each time.
    static func all(_ source: NearMissSource, _ compiler: GrokCompiler, pairs: Int = .max) throws -> [NearMiss] {
        try LongTests.sample(source.pairs(compiler.library), count: pairs).flatMap {
            definition, expression, line -> [NearMiss] in
            guard let units = NearMissUnits(expression, line, compiler),
                definition == nil || units.units.count >= 5
            else { return [] }
            return NearMissRules(compiler, units, definition: definition)?.all() ?? []
        }
    }

    /// About as many of each rule, so that none outweighs the others.
    ///
    /// - Parameter seed: of the draw.
    static func draw(_ count: Int, of misses: [NearMiss], seed: UInt64) -> [NearMiss] {
        var generator = SeededGenerator(seed: seed)
        var byRule: [String: [NearMiss]] = [:]
        for miss in misses { byRule[miss.rule, default: []].append(miss) }
        var rules = byRule.keys.sorted().map { (byRule[$0] ?? []).shuffled(using: &generator) }
        var result: [NearMiss] = []
        while result.count < count, !rules.isEmpty {
            for index in rules.indices where result.count < count { rules[index].popLast().map { result.append($0) } }
            rules.removeAll { $0.isEmpty }
        }
        return result
    }
}
