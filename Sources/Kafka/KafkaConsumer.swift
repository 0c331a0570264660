internal import Dispatch
internal import Synchronization

/// Reads topics as a member of a group, or the partitions that are named.
///
/// A thread of its own fetches a few batches, hands them on and waits until they are `taken`; a consumer that waits for long
/// pauses its partitions and stays in its group. Where a group reads on is committed by what is `settled` and nothing
/// else: now and then, before partitions go to another member, and at the end.
package final class KafkaConsumer: Sendable {
    /// What is read.
    package enum Subscription: Sendable, Equatable {
        /// Topics of a group; a name that begins with `^` is a regular expression.
        case group(topics: [String])
        /// From these places on; nothing is committed.
        case places([KafkaPlace])
    }

    fileprivate enum Command: Sendable {
        case settled(topic: String, partition: Int32, assignment: Int, next: Int64)
    }

    private struct State {
        var commands: [Command] = []
        var isTaken = true
        var isReading = true
        var isClosing = false
    }

    private let state = Mutex(State())
    private let client: LibrdKafka
    private let group: GroupDesk
    private let wake = DispatchSemaphore(value: 0)
    private let onBatches: @Sendable ([KafkaBatch]) -> Void
    private let onEnded: @Sendable () -> Void
    private let thread = Mutex<ClientThread?>(nil)

    /// Properties of every consumer; a configuration may say otherwise.
    package static let defaults = [
        KafkaProperty("queued.max.messages.kbytes", "\(KafkaLimits.fetchedKilobytes)"),
        KafkaProperty("queued.min.messages", "\(KafkaLimits.fetchedMessages)"),
    ]
    /// What a consumer relies on.
    private static let fixed = [
        KafkaProperty("enable.auto.offset.store", "false"), KafkaProperty("enable.partition.eof", "false"),
    ]

    /// Joins, and begins to read.
    ///
    /// - Parameters:
    ///   - onBatches: called on the consumer's thread; the next call comes after `taken`.
    ///   - onEnded: called once on the consumer's thread, when all is over after `close`.
    package init(
        _ subscription: Subscription, _ properties: [KafkaProperty],
        onBatches: @escaping @Sendable ([KafkaBatch]) -> Void, onEnded: @escaping @Sendable () -> Void,
        onFailure: @escaping @Sendable (KafkaErrorCode, String) -> Void = { _, _ in },
        onLog: @escaping @Sendable (_ level: Int32, String) -> Void = { _, _ in }
    ) throws(KafkaSetupError) {
        group = GroupDesk(onFailure: onFailure, onLog: onLog)
        (self.onBatches, self.onEnded) = (onBatches, onEnded)
        client = try LibrdKafka(.consumer, Self.defaults + properties + Self.fixed, handler: group)
        let code: KafkaErrorCode
        switch subscription {
        case .group(let topics): code = client.subscribe(topics)
        case .places(let places):
            group.assigned(places)
            code = client.assign(places)
        }
        do throws(KafkaSetupError) {
            if code != .none { throw KafkaSetupError("the topics cannot be read: \(code)") }
            group.beforeRevocation = { [unowned self] in storeSettled() }
            let started = try ClientThread.start { self.run() }
            thread.withLock { $0 = started }
        } catch {
            client.destroy()
            throw error
        }
    }

    // MARK: - Told by whoever takes the batches, on any thread

    /// The last batches have been dealt with: the next may come.
    package func taken() {
        state.withLock { $0.isTaken = true }
        wake.signal()
    }

    /// A batch is safe.
    package func settled(_ topic: String, _ partition: Int32, assignment: Int, next: Int64) {
        let wasEmpty = state.withLock { state in
            defer {
                state.commands.append(
                    .settled(topic: topic, partition: partition, assignment: assignment, next: next))
            }
            return state.commands.isEmpty
        }
        if wasEmpty { wake.signal() }
    }

    /// Reads nothing more; what is settled afterwards is committed still.
    package func stopReading() {
        state.withLock { $0.isReading = false }
        wake.signal()
    }

    /// Commits what is settled, leaves the group and ends; `onEnded` says when. Does not wait.
    package func close() {
        state.withLock { $0.isClosing = true }
        wake.signal()
    }

    // MARK: - The thread

    /// How long batches may wait to be taken before partitions are paused, in milliseconds.
    private static let patienceMilliseconds = 200

    private func run() {
        var reader = BatchReader()
        var isPaused = false
        var waitedMilliseconds = 0
        while true {
            storeSettled()
            let (isTaken, isReading, isClosing) = state.withLock { ($0.isTaken, $0.isReading, $0.isClosing) }
            if isClosing { break }
            if isTaken, isReading {
                if isPaused {
                    isPaused = false
                    client.resume(group.places)
                }
                waitedMilliseconds = 0
                let batches = reader.read(client, group, waitingMilliseconds: 100)
                guard !batches.isEmpty else { continue }
                state.withLock { $0.isTaken = false }
                for batch in batches { group.began(batch) }
                onBatches(batches)
            } else if waitedMilliseconds < Self.patienceMilliseconds, isReading {
                if wake.wait(timeout: .now() + .milliseconds(20)) == .timedOut { waitedMilliseconds += 20 }
            } else {
                // Members that do not look at their queue are put out of the group.
                client.pause(group.places)
                isPaused = true
                reader.serve(client, group)
                _ = wake.wait(timeout: .now() + .milliseconds(20))
            }
        }
        end()
    }

    private func storeSettled() {
        let commands = state.withLock { state in
            defer { state.commands = [] }
            return state.commands
        }
        guard !commands.isEmpty else { return }
        var places: [GroupDesk.Key: KafkaPlace] = [:]
        for case .settled(let topic, let partition, let assignment, let next) in commands {
            if let offset = group.settled(topic, partition, assignment, next) {
                places[GroupDesk.Key(topic: topic, partition: partition)] = KafkaPlace(
                    topic: topic, partition: partition, offset: offset)
            }
        }
        // Of a partition that has gone meanwhile its new reader begins where the last commit was.
        if !places.isEmpty { _ = client.store(Array(places.values)) }
    }

    private func end() {
        storeSettled()
        client.beginClose()
        let deadline = DispatchTime.now() + KafkaLimits.endingSeconds
        while !client.isClosed, .now() < deadline { _ = client.next(milliseconds: 20) { _ in } }
        onEnded()
        client.destroy()
    }
}

/// Fills batches from the consumer's queue.
private struct BatchReader {
    private var topics: [UInt: String] = [:]
    private static let keptTopics = 1000
    /// What came although everything was paused.
    private var late: [KafkaBatch] = []

    /// Waits for a first message and takes what is there, up to the limits of a batch.
    mutating func read(_ client: LibrdKafka, _ group: GroupDesk, waitingMilliseconds: Int32) -> [KafkaBatch] {
        var batches = late
        late = []
        var count = 0
        var bytes = 0
        while count < KafkaLimits.batchMessages, bytes < KafkaLimits.batchBytes {
            let step = client.next(milliseconds: batches.isEmpty ? waitingMilliseconds : 0) { message in
                bytes += message.byteCount
                add(message, group, to: &batches)
            }
            switch step {
            case .message: count += 1
            case .failure(let code, let text): group.failed(code, text, isFatal: code == .fatal)
            case .nothing: return batches
            }
        }
        return batches
    }

    /// Lets the group have its say while nothing is to be read.
    mutating func serve(_ client: LibrdKafka, _ group: GroupDesk) {
        var found: [KafkaBatch] = []
        if case .failure(let code, let text) = client.next(milliseconds: 0, { add($0, group, to: &found) }) {
            group.failed(code, text, isFatal: code == .fatal)
        }
        late += found
    }

    private mutating func add(
        _ message: borrowing LibrdKafka.IncomingMessage, _ group: GroupDesk, to batches: inout [KafkaBatch]
    ) {
        let topic: String
        if let known = topics[message.topicIdentity] {
            topic = known
        } else {
            if topics.count >= Self.keptTopics { topics.removeAll() }
            topic = message.topic
            topics[message.topicIdentity] = topic
        }
        let isNext = batches.last.map { $0.topic == topic && $0.partition == message.partition } ?? false
        if !isNext {
            batches.append(
                KafkaBatch(
                    topic: topic, partition: message.partition,
                    assignment: group.assignment(of: topic, message.partition)))
        }
        message.append(to: &batches[batches.count - 1])
    }
}

/// What a consumer knows of the partitions that it has.
final class GroupDesk: KafkaClientHandler {
    struct Key: Hashable {
        let topic: String
        let partition: Int32
    }

    private struct State {
        var assignments = 0
        var progress: [Key: PartitionProgress] = [:]
    }

    private let state = Mutex(State())
    private let onFailure: @Sendable (KafkaErrorCode, String) -> Void
    private let onLog: @Sendable (Int32, String) -> Void
    private let revocation = Mutex<(@Sendable () -> Void)?>(nil)

    init(
        onFailure: @escaping @Sendable (KafkaErrorCode, String) -> Void,
        onLog: @escaping @Sendable (Int32, String) -> Void
    ) {
        (self.onFailure, self.onLog) = (onFailure, onLog)
    }

    /// Stores what is safe, as long as the partitions are still this consumer's.
    var beforeRevocation: (@Sendable () -> Void)? {
        get { revocation.withLock { $0 } }
        set { revocation.withLock { $0 = newValue } }
    }

    var places: [KafkaPlace] {
        state.withLock { $0.progress.keys.map { KafkaPlace(topic: $0.topic, partition: $0.partition) } }
    }

    func assigned(_ places: [KafkaPlace]) {
        state.withLock { state in
            for place in places {
                state.assignments += 1
                state.progress[Key(topic: place.topic, partition: place.partition)] = PartitionProgress(
                    assignment: state.assignments)
            }
        }
    }

    func revoked(_ places: [KafkaPlace]) {
        beforeRevocation?()
        state.withLock { state in
            for place in places { state.progress[Key(topic: place.topic, partition: place.partition)] = nil }
        }
    }

    func assignment(of topic: String, _ partition: Int32) -> Int {
        state.withLock { $0.progress[Key(topic: topic, partition: partition)]?.assignment ?? 0 }
    }

    func began(_ batch: KafkaBatch) {
        let key = Key(topic: batch.topic, partition: batch.partition)
        state.withLock { state in
            guard state.progress[key]?.assignment == batch.assignment else { return }
            state.progress[key]?.began(batch.nextOffset)
        }
    }

    /// Where a partition may be read on, when that has moved and it is still the same assignment.
    func settled(_ topic: String, _ partition: Int32, _ assignment: Int, _ next: Int64) -> Int64? {
        let key = Key(topic: topic, partition: partition)
        return state.withLock { state in
            guard state.progress[key]?.assignment == assignment else { return nil }
            return state.progress[key]?.settled(next)
        }
    }

    func failed(_ code: KafkaErrorCode, _ reason: String, isFatal: Bool) { onFailure(code, reason) }

    func logged(level: Int32, _ text: String) { onLog(level, text) }
}
