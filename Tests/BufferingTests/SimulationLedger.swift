import Events
import TestSupport

@testable import Buffering

/// What a simulation has to hold to, from its seed.
struct SimulationPlan {
    enum Strike: CaseIterable { case failure, kill, powerCut }
    enum Store: CaseIterable { case memory, process, power }

    var store: Store
    var settings = BufferSettings()
    let hasSecondary: Bool
    let losesAnswers: Bool
    /// Processes are killed, stopped and started.
    var ends: Bool
    var losesPower: Bool
    var faults: SimulatedDisk.Faults
    /// One thing that happens in one of the disk's calls.
    var strike: Strike?
    let steps: Int

    init(_ random: inout SeededGenerator) {
        store = [.memory, .process, .process, .power, .power, .power].randomElement(using: &random)!
        hasSecondary = Bool.random(using: &random)
        losesAnswers = Bool.random(using: &random)
        ends = Int.random(in: 0..<4, using: &random) > 0
        losesPower = ends && store == .power
        var faults = SimulatedDisk.Faults()
        if store != .memory, Bool.random(using: &random) {
            faults.writes = [0, 30, 200].randomElement(using: &random)!
            faults.syncs = [0, 100, 300].randomElement(using: &random)!
            faults.names = [0, 100].randomElement(using: &random)!
            faults.reads = [0, 0, 50].randomElement(using: &random)!
            // What cannot be read is given up and kept; that it is kept nobody promises where this fails besides.
            if faults.reads > 0 { (faults.syncs, faults.names) = (0, 0) }
        }
        self.faults = faults
        steps = Int.random(in: 20...80, using: &random)
        settings.overflowAction = [.block, .block, .throwException, .dropOldestChunk].randomElement(using: &random)!
        settings.totalLimitBytes = [1500, 6000, 1 << 20].randomElement(using: &random)!
        settings.chunkLimitBytes = [400, 2000, 8 << 20].randomElement(using: &random)!
        settings.chunkLimitRecords = [nil, 4].randomElement(using: &random)!
        settings.keys.usesTag = Bool.random(using: &random)
        if Int.random(in: 0..<3, using: &random) == 0 {
            settings.keys.timekeySeconds = 10
            settings.keys.timekeyWaitSeconds = 5
            settings.keys.zoneOffset = { _ in 0 }
        }
        settings.flushMode = BufferSettings.FlushMode.allCases.randomElement(using: &random)!
        settings.flushIntervalSeconds = 4
        settings.queuedChunksLimit = 5
        settings.flushThreadCount = 3
        settings.retry.maxTimes = [nil, 0, 2, 5].randomElement(using: &random)!
        settings.retry.randomize = false
    }

    /// Whether anything but the destination goes wrong.
    var isCalm: Bool { !ends && strike == nil && faults.writes + faults.syncs + faults.names + faults.reads == 0 }
}

/// Which events there are, what was said of them, and where they have come.
struct SimulationLedger {
    private var next = 0
    /// Kept promises must be: their sender forgets them.
    var acknowledged: Set<Int> = []
    var refused: Set<Int> = []
    /// How often the destination, or its secondary, has each.
    private(set) var stored: [Int: Int] = [:]
    /// In dead letters, or in a backup.
    private(set) var handedOn: Set<Int> = []
    /// Events that `drop_oldest_chunk` has dropped, as it says.
    var dropped = 0

    mutating func emit(_ count: Int) -> Range<Int> {
        next += count
        return (next - count)..<next
    }

    static func text(_ number: Int) -> String {
        #"{"n":\#(number),"m":"\#(String(repeating: "x", count: number * 7919 % 90))"}"#
    }

    /// nil: nothing of the kind was emitted.
    func number(of text: String) -> Int? {
        guard text.hasPrefix(#"{"n":"#), let number = Int(text.dropFirst(5).prefix { $0.isNumber }), number < next,
            text == Self.text(number)
        else { return nil }
        return number
    }

    mutating func store(_ numbers: some Sequence<Int>) { for number in numbers { stored[number, default: 0] += 1 } }
    mutating func handOn(_ numbers: some Sequence<Int>) { handedOn.formUnion(numbers) }

    func isStored(_ numbers: Range<Int>) -> Bool { numbers.allSatisfy { stored[$0] != nil } }
    func isStoredOrHandedOn(_ numbers: Range<Int>) -> Bool {
        numbers.allSatisfy { stored[$0] != nil || handedOn.contains($0) }
    }

    /// Memory is gone with its process.
    mutating func forgetPromises() { acknowledged = acknowledged.filter { stored[$0] != nil || handedOn.contains($0) } }

    /// What does not hold at the end.
    ///
    /// - Parameter aside: files that were moved aside, for people to look at.
    func problem(_ plan: SimulationPlan, isCalm: Bool, aside: [[UInt8]]) -> String? {
        var missing = acknowledged.filter { stored[$0] == nil && !handedOn.contains($0) }
        if plan.faults.reads > 0 || plan.strike == .failure {
            // What cannot be read is given up at last, and kept.
            let texts = aside.map { String(decoding: $0, as: UTF8.self) }
            missing = missing.filter { number in !texts.contains { $0.contains(Self.text(number)) } }
        }
        if missing.count > (plan.settings.overflowAction == .dropOldestChunk ? dropped : 0) {
            return "acknowledged and gone: \(missing.sorted())"
        }
        guard isCalm else { return nil }
        if let number = refused.filter({ stored[$0] != nil }).min() { return "refused, and stored: \(number)" }
        if plan.losesAnswers { return nil }
        let twice = stored.filter { $0.value > 1 }.keys.sorted()
        if !twice.isEmpty { return "stored twice: \(twice)" }
        return stored.keys.filter { handedOn.contains($0) }.min().map { "stored, and handed on: \($0)" }
    }
}
