import Foundation
import TestSupport
import Testing

@testable import Pipeline

/// `SLUICE_SIMULATION_SEEDS`: how many seeds are tried; `SLUICE_SIMULATION_SEED`: this one alone.
@Suite("The daemon, simulated", .timeLimit(.minutes(60)))
struct DaemonSimulationTests {
    @Test("what a client has an ack for arrives, whole and under the ids it was given", arguments: 0..<Self.shares)
    func simulation(share: Int) throws {
        let plans = try SimulatedPlans()
        var total = DaemonSimulation.Tally()
        var failures = 0
        for seed in Self.seeds where seed % UInt64(Self.shares) == UInt64(share) {
            let simulation = DaemonSimulation(seed: seed, plans: plans, tell: Self.teller)
            do {
                try simulation.run()
            } catch {
                Issue.record("seed \(seed): \(error)\nSLUICE_SIMULATION_SEED=\(seed) swift test --filter Simulation")
                // The first ones are enough to begin with.
                failures += 1
                if failures == 3 { return }
            }
            total += simulation.tally
        }
        if Self.environment["SLUICE_SIMULATION_SEEDS"] != nil { print("simulated:", total) }
        if Self.environment["SLUICE_SIMULATION_SEED"] == nil { #expect(total.stored > 100 && total.reloads > 100) }
    }

    private static let shares = 4
    private static let environment = ProcessInfo.processInfo.environment

    /// One seed tells what happens in it.
    private static var teller: (@Sendable (String) -> Void)? {
        guard environment["SLUICE_SIMULATION_SEED"] != nil else { return nil }
        return { (line: String) in print(line) }
    }

    private static var seeds: [UInt64] {
        if let seed = environment["SLUICE_SIMULATION_SEED"].flatMap(UInt64.init) { return [seed] }
        let count = environment["SLUICE_SIMULATION_SEEDS"].flatMap(UInt64.init) ?? (LongTests.areOn ? 50_000 : 300)
        return Array(0..<count)
    }
}
