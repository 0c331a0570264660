/// Which server gets the next message: pure, told the time by whoever asks.
///
/// Servers stand in a shuffled order that repeats, each as often as its weight asks. One that is away is passed over:
/// it has failed lately (until `recoverSeconds` are over), or its heartbeats say so. A standby takes part while others
/// are away. Source: Fluentd's `lib/fluent/plugin/out_forward/load_balancer.rb`; passing over what has failed is
/// Sluice's own.
package struct ServerRing: Sendable {
    package struct Server: Sendable {
        package var weight: Int
        package var isStandby: Bool
        /// nil: it has no heartbeats.
        package var detector: FailureDetector?

        package init(weight: Int, isStandby: Bool = false, detector: FailureDetector? = nil) {
            self.weight = weight
            self.isStandby = isStandby
            self.detector = detector
        }
    }

    private struct Entry {
        var server: Server
        /// Passed over until this moment, in seconds, while there is another; 0 when it works.
        var leftOutUntil = 0.0

        var isUp: Bool { server.detector?.isUp ?? true }
        func isAvailable(at now: Double) -> Bool { isUp && leftOutUntil <= now }
    }

    private var entries: [Entry]
    private let recoverSeconds: Double
    private let seed: UInt64
    private var order: [Int] = []
    private var next = 0
    /// What `order` was made for.
    private var taking: [Int]?

    /// - Parameter seed: of the order, which is the same whenever the same servers take part.
    package init(_ servers: [Server], recoverSeconds: Double, seed: UInt64) {
        entries = servers.map { Entry(server: $0) }
        self.recoverSeconds = recoverSeconds
        self.seed = seed
    }

    /// Servers that no heartbeat says are away.
    package var upCount: Int { entries.count(where: \.isUp) }

    /// The server for a message that those in `tried` did not take; nil when there is none.
    ///
    /// Once all that are available have been tried, those that only failed lately are asked again before giving up:
    /// sending is the one way to find out. What does not answer heartbeats gets nothing.
    package mutating func pick(at now: Double, excluding tried: Set<Int> = []) -> Int? {
        rebuild(at: now)
        for step in order.indices {
            let place = (next + step) % order.count
            let index = order[place]
            if !tried.contains(index), entries[index].isAvailable(at: now) {
                next = place + 1
                return index
            }
        }
        let rest = entries.indices.filter { !tried.contains($0) && entries[$0].isUp && entries[$0].server.weight > 0 }
        return rest.min { (entries[$0].leftOutUntil, $0) < (entries[$1].leftOutUntil, $1) }
    }

    /// A server did not take what was sent. Answers whether that is news.
    @discardableResult
    package mutating func failed(_ index: Int, at now: Double) -> Bool {
        let isNews = entries[index].leftOutUntil == 0
        entries[index].leftOutUntil = now + recoverSeconds
        return isNews
    }

    /// A server has taken what was sent. Answers whether that is news.
    @discardableResult
    package mutating func worked(_ index: Int) -> Bool {
        defer { entries[index].leftOutUntil = 0 }
        return entries[index].leftOutUntil != 0
    }

    package mutating func heartbeat(_ index: Int, at now: Double) -> FailureDetector.Change? {
        entries[index].server.detector?.heartbeat(at: now)
    }

    package mutating func tick(_ index: Int, at now: Double) -> FailureDetector.Change? {
        entries[index].server.detector?.tick(at: now)
    }

    /// The standbys that take part now.
    package mutating func standbys(at now: Double) -> [Int] {
        rebuild(at: now)
        return (taking ?? []).filter { entries[$0].server.isStandby }
    }

    // MARK: - The order

    private mutating func rebuild(at now: Double) {
        var part = entries.indices.filter { entries[$0].server.weight > 0 && !entries[$0].server.isStandby }
        var lost = part.reduce(0) { $0 + (entries[$1].isAvailable(at: now) ? 0 : entries[$1].server.weight) }
        // Where every server is a standby, they serve.
        let isAllStandby = part.isEmpty
        for index in entries.indices where lost > 0 || isAllStandby {
            let entry = entries[index]
            guard entry.server.isStandby, entry.server.weight > 0, entry.isAvailable(at: now) else { continue }
            part.append(index)
            lost -= entry.server.weight
        }
        if part == taking { return }
        taking = part
        let divisor = part.reduce(0) { Self.greatestCommonDivisor($0, entries[$1].server.weight) }
        order = part.flatMap { Array(repeating: $0, count: entries[$0].server.weight / max(divisor, 1)) }
        // A short order would send two in a row to the same ones again and again.
        let times = part.count * 6 / max(order.count, 1)
        if times > 1 { order = Array(repeating: order, count: times).flatMap { $0 } }
        var numbers = NumberSequence(state: seed)
        order.shuffle(using: &numbers)
        next = 0
    }

    private static func greatestCommonDivisor(_ a: Int, _ b: Int) -> Int {
        b == 0 ? a : greatestCommonDivisor(b, a % b)
    }
}

/// SplitMix64 (Steele, Lea and Flood, 2014): the same numbers for the same seed.
private struct NumberSequence: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}
