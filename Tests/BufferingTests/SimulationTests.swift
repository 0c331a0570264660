import Foundation
import TestSupport
import Testing

@testable import Buffering

/// A buffer from its loops to its destination on a disk that fails (`Simulation`). `SLUICE_SIMULATION_SEEDS`: how many seeds
/// are tried; `SLUICE_SIMULATION_SEED`: this one alone.
@Suite("Buffer, simulated", .timeLimit(.minutes(60)))
struct SimulationTests {
    @Test("what was acknowledged arrives, whatever fails in between", arguments: 0..<Self.shares)
    func simulation(share: Int) {
        var total = Simulation.Tally()
        var failures = 0
        for seed in Self.seeds where seed % UInt64(Self.shares) == UInt64(share) {
            let simulation = Simulation(seed: seed, tell: Self.teller)
            do {
                try simulation.run()
            } catch {
                Issue.record("seed \(seed), \(simulation.plan.store): \(error)\n\(Self.again(seed))")
                // The first ones are enough to begin with.
                failures += 1
                if failures == 3 { return }
            }
            total += simulation.tally
        }
        if Self.tells { print("simulated:", total) }
    }

    @Test(
        "one call of the disk fails, or the process or the power ends in it: whichever call it is",
        arguments: [SimulationPlan.Store.process, .power], SimulationPlan.Strike.allCases)
    func everyCall(store: SimulationPlan.Store, strike: SimulationPlan.Strike) {
        if strike == .powerCut && store == .process { return }
        for seed in 0..<UInt64(LongTests.areOn ? 200 : 3) {
            func simulation(_ strike: (SimulationPlan.Strike, call: Int)?) -> Simulation {
                Simulation(seed: seed, strike: strike) { plan in
                    (plan.store, plan.ends, plan.losesPower) = (store, false, false)
                    plan.faults = SimulatedDisk.Faults()
                }
            }
            let whole = simulation(nil)
            do {
                try whole.run()
                for call in LongTests.sample(0..<whole.tally.calls, count: 30) { try simulation((strike, call)).run() }
            } catch {
                Issue.record("seed \(seed), \(store), \(strike): \(error)")
                return
            }
        }
    }

    private static let shares = 4
    private static let environment = ProcessInfo.processInfo.environment
    private static let tells = environment["SLUICE_SIMULATION_SEEDS"] != nil

    /// One seed tells what happens in it.
    private static var teller: (@Sendable (String) -> Void)? {
        guard environment["SLUICE_SIMULATION_SEED"] != nil else { return nil }
        return { (line: String) in print(line) }
    }

    private static var seeds: [UInt64] {
        if let seed = environment["SLUICE_SIMULATION_SEED"].flatMap(UInt64.init) { return [seed] }
        let count = environment["SLUICE_SIMULATION_SEEDS"].flatMap(UInt64.init) ?? (LongTests.areOn ? 50_000 : 600)
        return Array(0..<count)
    }

    private static func again(_ seed: UInt64) -> String {
        "SLUICE_SIMULATION_SEED=\(seed) swift test --filter SimulationTests"
    }
}
