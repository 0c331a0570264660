import Pipeline
import TestSupport
import Testing

@Suite("Life cycle")
struct LifecycleTests {
    private typealias Progress = Lifecycle.OutputProgress

    private static func output(
        _ group: Int, empty: Bool = false, failing: Bool = false, kept: Bool = false
    ) -> Lifecycle.OutputProgress {
        Progress(group: group, isEmpty: empty, isFailing: failing, isKept: kept)
    }

    private func running(loops: Int = 1, groups: Int = 2, limit: Double = 30) -> Lifecycle {
        var cycle = Lifecycle(loops: loops, groups: groups, limitSeconds: limit)
        for _ in 0..<loops { _ = cycle.handle(.opened) }
        return cycle
    }

    private func draining(groups: Int = 2, limit: Double = 30) -> Lifecycle {
        var cycle = running(groups: groups, limit: limit)
        _ = cycle.handle(.stopSignal(atSeconds: 0))
        _ = cycle.handle(.quiet(atSeconds: 0))
        return cycle
    }

    @Test("it runs when every loop has opened, and not before", arguments: [1, 2, 4]) func start(_ loops: Int) {
        var cycle = Lifecycle(loops: loops, groups: 1, limitSeconds: 1)
        for _ in 1..<loops { #expect(cycle.handle(.opened) == []) }
        #expect(cycle.handle(.opened) == [.announceRunning])
        #expect(cycle.state == .running)
    }

    @Test("a loop that cannot open ends all of them in order, and the exit says why") func failedStart() {
        var cycle = Lifecycle(loops: 2, groups: 1, limitSeconds: 1)
        _ = cycle.handle(.opened)
        #expect(cycle.handle(.failed("port taken")) == [.stopReading])
        #expect(cycle.handle(.quiet(atSeconds: 0)) == [])
        #expect(cycle.handle(.quiet(atSeconds: 0)) == [.beginDrain])
        #expect(cycle.handle(.progress(atSeconds: 0, [Self.output(0, empty: true)])) == [.endOutputs])
        #expect(cycle.handle(.outputsEnded(lostEvents: 0)) == [.closeLoops])
        #expect(cycle.handle(.closed) == [])
        #expect(cycle.handle(.closed) == [.end(.failed("port taken"))])
    }

    @Test("nothing is drained before all loops have stopped reading", arguments: [1, 3]) func quiescing(_ loops: Int) {
        var cycle = running(loops: loops)
        #expect(cycle.handle(.stopSignal(atSeconds: 5)) == [.stopReading])
        for left in (1..<loops).reversed() {
            #expect(cycle.handle(.progress(atSeconds: 5, [Self.output(0, empty: true)])) == [])
            #expect(cycle.handle(.quiet(atSeconds: 5)) == [])
            #expect(cycle.state == .quiescing(waiting: left))
        }
        #expect(cycle.handle(.quiet(atSeconds: 5)) == [.beginDrain])
    }

    @Test("a group is left when it is empty, and the next one is still waited for") func groups() {
        var cycle = draining()
        let first = [Self.output(0), Self.output(1, empty: true)]
        #expect(cycle.handle(.progress(atSeconds: 1, first)) == [])
        #expect(cycle.state == .draining(group: 0))
        #expect(cycle.handle(.progress(atSeconds: 2, [Self.output(0, empty: true), Self.output(1)])) == [])
        #expect(cycle.state == .draining(group: 1))
        #expect(
            cycle.handle(.progress(atSeconds: 3, [Self.output(0, empty: true), Self.output(1, empty: true)])) == [
                .endOutputs
            ])
    }

    @Test("outputs without a buffer leave nothing to drain") func nothing() {
        var cycle = running(groups: 0)
        _ = cycle.handle(.stopSignal(atSeconds: 0))
        #expect(cycle.handle(.quiet(atSeconds: 0)) == [.endOutputs])
    }

    @Test(
        "an output that fails is given up after a moment, once its events are written down",
        arguments: [
            (2.9, true, true, false), (3.0, true, true, true), (3.0, false, true, false), (3.0, true, false, false),
            (29.9, true, false, false), (30.0, true, false, true), (30.0, false, false, true),
        ])
    func failing(_ now: Double, _ isFailing: Bool, _ isKept: Bool, _ ends: Bool) {
        var cycle = draining(groups: 1)
        let actions = cycle.handle(.progress(atSeconds: now, [Self.output(0, failing: isFailing, kept: isKept)]))
        #expect(actions == (ends ? [.endOutputs] : []))
    }

    @Test(
        "a second signal within a second is the first one's; a later one ends the waiting",
        arguments: [(0.05, false), (0.999, false), (1.0, true), (7.0, true)])
    func secondSignal(_ after: Double, _ ends: Bool) {
        var cycle = draining()
        #expect(
            cycle.handle(.stopSignal(atSeconds: after))
                == (ends ? [.noteImpatience, .endOutputs] : [.noteRepeatedSignal]))
    }

    @Test("a signal while the outputs end changes nothing") func signalsAtTheEnd() {
        var cycle = draining()
        _ = cycle.handle(.stopSignal(atSeconds: 2))
        #expect(cycle.handle(.stopSignal(atSeconds: 4)) == [.noteImpatience])
        #expect(cycle.state == .ending)
    }

    @Test("the exit says how many events are lost, whenever they were") func lost() {
        var cycle = draining()
        cycle.noteLost(2)
        _ = cycle.handle(.stopSignal(atSeconds: 2))
        _ = cycle.handle(.outputsEnded(lostEvents: 3))
        #expect(cycle.handle(.closed) == [.end(.lost(events: 5))])
        #expect(cycle.handle(.stopSignal(atSeconds: 9)) == [])
    }

    @Test("one lost event is a loss, wherever it is counted", arguments: [true, false]) func lostOne(early: Bool) {
        var cycle = draining()
        if early { cycle.noteLost(1) }
        _ = cycle.handle(.stopSignal(atSeconds: 2))
        _ = cycle.handle(.outputsEnded(lostEvents: early ? 0 : 1))
        #expect(cycle.handle(.closed) == [.end(.lost(events: 1))])
    }

    /// Whatever comes in whatever order: it reads until told to stop, drains only when all are quiet, and ends once.
    @Test("random events never break the order") func random() {
        for seed in UInt64(0)..<2_000 {
            var random = SeededGenerator(seed: seed)
            let loops = Int.random(in: 1...3, using: &random)
            var cycle = Lifecycle(loops: loops, groups: Int.random(in: 0...3, using: &random), limitSeconds: 30)
            var happened: [Lifecycle.Action] = []
            var quiet = 0
            var now = 0.0
            for _ in 0..<60 {
                now += Double.random(in: 0...4, using: &random)
                let event: Lifecycle.Event
                switch Int.random(in: 0..<8, using: &random) {
                case 0, 1: event = .opened
                case 2: event = .stopSignal(atSeconds: now)
                case 3: event = Int.random(in: 0..<9, using: &random) == 0 ? .failed("x") : .opened
                case 4: event = .quiet(atSeconds: now)
                case 5: event = .outputsEnded(lostEvents: 0)
                case 6: event = .closed
                default:
                    event = .progress(
                        atSeconds: now,
                        (0..<3).map {
                            Self.output($0, empty: .random(using: &random), failing: .random(using: &random))
                        })
                }
                if case .quiescing = cycle.state, case .quiet = event { quiet += 1 }
                let actions = cycle.handle(event)
                if actions.contains(.beginDrain) || actions.contains(.endOutputs) {
                    #expect(quiet == loops, "seed \(seed)")
                }
                happened += actions
            }
            let order: [Lifecycle.Action] = [.stopReading, .beginDrain, .endOutputs, .closeLoops]
            let seen = happened.filter { order.contains($0) }
            #expect(seen == order.filter { seen.contains($0) }, "seed \(seed): each once, in order: \(seen)")
            #expect(happened.filter { if case .end = $0 { true } else { false } }.count <= 1, "seed \(seed)")
        }
    }
}
