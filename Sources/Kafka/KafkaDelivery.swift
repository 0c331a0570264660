internal import Synchronization

/// The messages of one `KafkaProducer.deliver`, until each has its report.
final class KafkaDelivery: Sendable {
    private struct State {
        var reports: [KafkaProducer.Report?]
        var left: Int
        var partitionKeys: [Int: [UInt8]] = [:]
        var waiter: CheckedContinuation<Void, Never>?
    }

    fileprivate let id: UInt32
    private let state: Mutex<State>
    /// Where messages without a key begin; every so many of them go to one partition, so that they are sent together.
    private let start: Int
    private static let togetherMessages = 1000

    fileprivate init(_ id: UInt32, _ count: Int) {
        self.id = id
        start = Int.random(in: 0..<1 << 20)
        state = Mutex(State(reports: Array(repeating: nil, count: count), left: count))
    }

    /// What librdkafka calls one of its messages.
    func number(of message: Int) -> UInt { UInt(id) << 32 | UInt(message) }

    func set(partitionKey: [UInt8], for message: Int) { state.withLock { $0.partitionKeys[message] = partitionKey } }

    func choice(for message: Int) -> PartitionChoice {
        if let key = state.withLock({ $0.partitionKeys[message] }) { return .hash(key) }
        return .key(orElse: start + message / Self.togetherMessages)
    }

    func note(_ report: KafkaProducer.Report, for message: Int) {
        let waiter: CheckedContinuation<Void, Never>? = state.withLock { state in
            guard state.reports.indices.contains(message), state.reports[message] == nil else { return nil }
            state.reports[message] = report
            state.left -= 1
            guard state.left == 0 else { return nil }
            defer { state.waiter = nil }
            return state.waiter
        }
        waiter?.resume()
    }

    /// Waits for the last one. Once.
    func reports() async -> [KafkaProducer.Report] {
        await withCheckedContinuation { (continuation: CheckedContinuation<Void, Never>) in
            let isOver = state.withLock { state in
                if state.left == 0 { return true }
                state.waiter = continuation
                return false
            }
            if isOver { continuation.resume() }
        }
        return state.withLock { $0.reports.compactMap { $0 } }
    }
}

/// Where a producer's reports find the deliveries that they belong to.
final class ReportDesk: KafkaClientHandler {
    private struct State {
        var next: UInt32 = 1
        var deliveries: [UInt32: KafkaDelivery] = [:]
        var isBroken = false
    }

    private let state = Mutex(State())
    private let onFailure: @Sendable (KafkaErrorCode, String) -> Void
    private let onLog: @Sendable (Int32, String) -> Void

    init(
        onFailure: @escaping @Sendable (KafkaErrorCode, String) -> Void,
        onLog: @escaping @Sendable (Int32, String) -> Void
    ) {
        (self.onFailure, self.onLog) = (onFailure, onLog)
    }

    var isBroken: Bool { state.withLock { $0.isBroken } }

    func begin(_ count: Int) -> KafkaDelivery {
        state.withLock { state in
            // Numbers come again after four thousand million deliveries.
            while state.deliveries[state.next] != nil || state.next == 0 { state.next &+= 1 }
            let made = KafkaDelivery(state.next, count)
            state.deliveries[state.next] = made
            state.next &+= 1
            return made
        }
    }

    func end(_ delivery: KafkaDelivery) { state.withLock { $0.deliveries[delivery.id] = nil } }

    private func delivery(_ number: UInt) -> KafkaDelivery? {
        state.withLock { $0.deliveries[UInt32(truncatingIfNeeded: number >> 32)] }
    }

    func reported(_ number: UInt, _ code: KafkaErrorCode, mayBeStored: Bool) {
        let report = code == .none ? KafkaProducer.Report.stored : .failed(code, mayBeStored: mayBeStored)
        delivery(number)?.note(report, for: Int(number & 0xFFFF_FFFF))
    }

    func choice(for number: UInt) -> PartitionChoice {
        let message = Int(number & 0xFFFF_FFFF)
        return delivery(number)?.choice(for: message) ?? .key(orElse: message)
    }

    func failed(_ code: KafkaErrorCode, _ reason: String, isFatal: Bool) {
        if isFatal { state.withLock { $0.isBroken = true } }
        onFailure(code, reason)
    }

    func logged(level: Int32, _ text: String) { onLog(level, text) }
}
