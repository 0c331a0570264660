import Grok
import TestSupport

/// Near-misses drawn from all that the rules make.
enum NearMissSample {
    /// - Parameters:
    ///   - own: the expressions of `NearMissPairs`; otherwise the shipped definitions with their sample lines.
    ///   - perRule: how many of each rule at most, so that none outweighs the others.
    ///   - seed: of the draw.
    static func sample(_ compiler: GrokCompiler, own: Bool, perRule: Int, seed: UInt64) -> [NearMiss] {
        var generator = SeededGenerator(seed: seed)
        var byRule: [String: [NearMiss]] = [:]
        for miss in all(compiler, own: own) { byRule[miss.rule, default: []].append(miss) }
        return byRule.keys.sorted().flatMap { rule -> [NearMiss] in
            let misses = byRule[rule] ?? []
            return Array(misses.shuffled(using: &generator).prefix(perRule))
        }
    }

    private static func all(_ compiler: GrokCompiler, own: Bool) -> [NearMiss] {
        guard !own else {
            return NearMissPairs.all.flatMap { pair in
                NearMissUnits(pair.expression, pair.line, compiler)
                    .flatMap { NearMissRules(compiler, $0, definition: nil) }?.all() ?? []
            }
        }
        // Lines of several elements; a definition of one has nothing to be right about.
        return compiler.library.names.sorted().flatMap { name -> [NearMiss] in
            guard let definition = compiler.library.definition(of: name), let sample = definition.sample,
                sample.contains(" "), let units = NearMissUnits(definition.expression, sample, compiler),
                units.units.count >= 5
            else { return [] }
            return NearMissRules(compiler, units, definition: name)?.all() ?? []
        }
    }
}
